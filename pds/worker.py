"""The node's worker: hears the doorbell, runs due jobs, keeps the access log signed, forgets used tokens."""

import logging
import threading

from celery import Celery, signals
from sqlalchemy.exc import OperationalError

from pds.access_log.sequencer import Sequencer
from pds.authorization import tokens
from pds.doorbell import QUEUE, make_doorbell_app
from pds.node import Node
from pds.records import retention
from pds.sharing import grants
from web.jobs.doorbell import LOOK
from web.jobs.runner import Handler, Runner
from web.replay import service as replay

log = logging.getLogger(__name__)

_FORGET_SECONDS = 60.0
_LISTEN_AGAIN_SECONDS = 1.0


def run_worker(node: Node, handlers: dict[str, Handler]) -> None:
    """Run until told to stop. Whatever a killed worker left is taken over when its lease lapses."""
    with node.database.session() as session:
        returned = retention.replay_journal(session, node)
        revived = grants.replay_journal(session, node, node.clock())
        session.commit()
    if returned:
        log.warning("%s erased people had come back with the database and were removed again", returned)
    if revived:
        log.warning("%s grants stood open that the journal says were withdrawn; they are ended now", revived)
    runner = Runner(node.database, handlers, node.clock, sweep=node.settings.sweep, lease=node.settings.lease)
    stopping = threading.Event()
    threads = [
        threading.Thread(target=runner.run_forever, name="jobs"),
        threading.Thread(target=_keep_sequencing, args=(node, stopping), name="sequencer"),
        threading.Thread(target=_keep_forgetting, args=(node, stopping), name="replay"),
    ]
    app = make_doorbell_app(node)

    @app.task(name=LOOK)
    def look() -> None:
        runner.ring()

    def stop(**_: object) -> None:
        stopping.set()
        runner.stop()

    signals.worker_shutting_down.connect(stop, weak=False)
    for thread in threads:
        thread.start()
    try:
        while not stopping.is_set():
            _listen(app)
            stopping.wait(_LISTEN_AGAIN_SECONDS)
    finally:
        stop()
        for thread in threads:
            thread.join()


def _listen(app: Celery) -> None:
    """Hear the doorbell until told to stop, or until the broker fails: half-written messages end Celery's consumer."""
    try:
        app.worker_main(
            ["worker", "--pool=solo", "--loglevel=WARNING", f"--queues={QUEUE}", "--without-gossip",
             "--without-mingle", "--without-heartbeat", "--hostname=pds@localhost"]
        )  # fmt: skip
    except Exception as error:  # noqa: BLE001 — whatever ails the broker, the work goes on by the sweep
        log.warning("the doorbell cannot be heard, listening again: %s", type(error).__name__)


def _keep_sequencing(node: Node, stopping: threading.Event) -> None:
    sequencer = Sequencer(node)
    while not stopping.wait(node.settings.sequencer.total_seconds()):
        try:
            while sequencer.run_once(node.clock()):
                pass
        except OperationalError as error:
            log.warning("database out of reach, trying again: %s", type(error.orig).__name__)


def _keep_forgetting(node: Node, stopping: threading.Event) -> None:
    """Remove used token ids and tokens that have expired; the store stays as small as what is in use."""
    while True:
        try:
            with node.database.session() as session:
                replay.sweep(session, node.clock())
                tokens.sweep(session, now=node.clock())
                session.commit()
        except OperationalError as error:
            log.warning("database out of reach, trying again: %s", type(error.orig).__name__)
        if stopping.wait(_FORGET_SECONDS):
            return
