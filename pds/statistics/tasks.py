"""The node's part in the count as background work: a look at the rounds every so often, and the report it leads to.

The one place in the node from which the noise sampler is loaded, and only while this job runs.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from threading import Event
from typing import Final

from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from pds.node import Node
from pds.statistics.reading import NodeRecords, Passed
from trust.files import nothing_follows
from trust.registry import KeyUse, RegistrarUnknown
from web.database import Database
from web.jobs import service as jobs
from web.jobs.runner import Handler, JobRun
from web.jobs.service import JobCancelled, LeaseLost
from web.participants.service import current_registry

log = logging.getLogger(__name__)
LOOK: Final = "statistics.look"
_WHOLE: Final = 100
"""Progress is told as so many hundredths of the space of ids, which is the same for every node."""
_ONE_AT_A_TIME: Final = text("SELECT pg_advisory_xact_lock(7270307)")
_WAITING: Final = text("SELECT EXISTS (SELECT FROM job WHERE kind = :kind AND state IN ('queued', 'running'))")


def handlers(node: Node, after: Callable[[str], None] = nothing_follows) -> dict[str, Handler]:
    """Return the handlers for a worker's runner; `after` is told each step as it completes, for tests."""
    return {LOOK: lambda run: look(node, run, after)}


def keep_looking(node: Node, stopping: Event) -> None:
    """Order a look at the rounds whenever the node's polling interval has passed; a keeper of the worker."""
    while True:
        try:
            order_look(node.database, node.clock())
        except OperationalError as error:
            log.warning("database out of reach, trying again: %s", type(error.orig).__name__)
        if stopping.wait(node.settings.poll.total_seconds()):
            return


def order_look(database: Database, now: datetime) -> bool:
    """Order a look at the rounds unless one waits or runs; return whether it was ordered."""
    with database.session() as session:
        session.execute(_ONE_AT_A_TIME)
        if session.execute(_WAITING, {"kind": LOOK}).scalar_one():
            return False
        jobs.enqueue(session, LOOK, {}, now=now)
        session.commit()
    return True


def look(node: Node, run: JobRun, after: Callable[[str], None] = nothing_follows) -> None:
    """Look at every round once, report and take seats where that is wanted; what keeps it is noted with the round."""
    from aggregator.reporter.client import Identity, connect
    from aggregator.reporter.run import report_once
    from pds.statistics.keeping import NodeStore

    now = run.clock()
    with node.database.session() as session:
        try:
            registry = current_registry(session, node, now)
        except RegistrarUnknown:
            registry = None  # a node that stands alone reports to nobody
    if registry is not None:
        identity = Identity(node.node_id, node.keyring.signing_key(KeyUse.NODE.value))
        try:
            with connect(registry, identity) as servers:
                report_once(NodeStore(node), NodeRecords(node, _extend(run)), servers, now, after=after)
        except _Interrupted as interrupted:
            raise interrupted.reason from None
    with node.database.session() as session:
        run.finish(session)
        session.commit()


class _Interrupted(Exception):
    """The job was taken over or called off in the middle of a pass: no problem of any round, so it goes past them."""

    def __init__(self, reason: LeaseLost | JobCancelled) -> None:
        super().__init__(reason.code)
        self.reason = reason


def _extend(run: JobRun) -> Passed:
    """Return what extends the job's lease, page by page."""

    def passed(share: float) -> None:
        try:
            run.note_progress(int(share * _WHOLE), _WHOLE)
        except (LeaseLost, JobCancelled) as reason:
            raise _Interrupted(reason) from None

    return passed
