"""The node's worker: hears the doorbell, runs due jobs, keeps the access log signed, forgets used tokens."""

import logging
import threading

from sqlalchemy.exc import OperationalError

from pds.access_log.sequencer import Sequencer
from pds.authorization import tokens
from pds.doorbell import QUEUE, make_doorbell_app
from pds.node import Node
from pds.records import retention
from pds.sharing import grants
from pds.statistics import tasks as statistics
from web.jobs import worker
from web.jobs.runner import Handler, Runner
from web.replay import service as replay

log = logging.getLogger(__name__)

_FORGET_SECONDS = 60.0


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
    keepers: dict[str, worker.Keeper] = {
        "sequencer": lambda stopping: _keep_sequencing(node, stopping),
        "replay": lambda stopping: _keep_forgetting(node, stopping),
        "statistics": lambda stopping: statistics.keep_looking(node, stopping),
    }
    worker.run(make_doorbell_app(node), QUEUE, runner, keepers)


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
