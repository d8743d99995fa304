"""A worker process: threads that run jobs and keep other things in order, beside a listener of the doorbell."""

import logging
import threading
from collections.abc import Callable, Mapping

from celery import Celery, signals

from web.jobs.doorbell import LOOK
from web.jobs.runner import Runner

log = logging.getLogger(__name__)

_LISTEN_AGAIN_SECONDS = 1.0

Keeper = Callable[[threading.Event], None]
"""Keeps something in order, again and again, until the event is set."""


def run(app: Celery, queue: str, runner: Runner, keepers: Mapping[str, Keeper]) -> None:
    """Run jobs and keepers until told to stop; each keeper has a thread of its own, under its name."""
    stopping = threading.Event()
    threads = [
        threading.Thread(target=runner.run_forever, name="jobs"),
        *(threading.Thread(target=keep, name=name, args=(stopping,)) for name, keep in keepers.items()),
    ]

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
            _listen(app, queue)
            stopping.wait(_LISTEN_AGAIN_SECONDS)
    finally:
        stop()
        for thread in threads:
            thread.join()


def _listen(app: Celery, queue: str) -> None:
    """Hear the doorbell until told to stop, or until the broker fails: half-written messages end Celery's consumer."""
    try:
        app.worker_main(
            ["worker", "--pool=solo", "--loglevel=WARNING", f"--queues={queue}", "--without-gossip",
             "--without-mingle", "--without-heartbeat", f"--hostname={queue}@localhost"]
        )  # fmt: skip
    except Exception as error:  # noqa: BLE001 — whatever ails the broker, the work goes on by the sweep
        log.warning("the doorbell cannot be heard, listening again: %s", type(error).__name__)
