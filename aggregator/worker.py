"""The worker of a server of the national count: hears the doorbell, runs the steps of rounds, forgets used tokens."""

import logging
import threading

from sqlalchemy.exc import OperationalError

from aggregator.doorbell import QUEUE, make_doorbell_app
from aggregator.server import Aggregator
from web.jobs import worker
from web.jobs.runner import Handler, Runner
from web.replay import service as replay

log = logging.getLogger(__name__)

_FORGET_SECONDS = 60.0


def run_worker(aggregator: Aggregator, handlers: dict[str, Handler]) -> None:
    """Run until told to stop. Whatever a killed worker left is taken over when its lease lapses."""
    settings = aggregator.settings
    runner = Runner(aggregator.database, handlers, aggregator.clock, sweep=settings.sweep, lease=settings.lease)
    keepers: dict[str, worker.Keeper] = {"replay": lambda stopping: _keep_forgetting(aggregator, stopping)}
    worker.run(make_doorbell_app(aggregator), QUEUE, runner, keepers)


def _keep_forgetting(aggregator: Aggregator, stopping: threading.Event) -> None:
    """Remove used token ids that have expired."""
    while True:
        try:
            with aggregator.database.session() as session:
                replay.sweep(session, aggregator.clock())
                session.commit()
        except OperationalError as error:
            log.warning("database out of reach, trying again: %s", type(error.orig).__name__)
        if stopping.wait(_FORGET_SECONDS):
            return
