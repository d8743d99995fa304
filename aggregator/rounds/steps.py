"""The steps of a round by the names under which their jobs stand in the database, and how a step that fails goes on.

Whatever keeps a step from being done may pass: the helper may be away, or hold another registry for a while. So a step
is tried again, with growing pauses up to an hour, for as long as it takes; the round says meanwhile what the matter is.
Every step can be done again from what is stored, at any point: what it sent before, it sends again as the same bytes.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, TypeVar
from uuid import UUID

from sqlalchemy.orm import Session

from aggregator.protocol.shares import Side
from aggregator.rounds.models import CollectionRound
from aggregator.rounds.peer import OutOfReach, PeerRefused
from aggregator.server import Aggregator
from trust.errors import ManabiError
from trust.forms import FormFault
from web.jobs import service as jobs
from web.jobs.runner import JobRun
from web.jobs.service import JobCancelled, LeaseLost

PLAN: Final = "count.plan"
ANNOUNCE: Final = "count.announce"
CLOSE: Final = "count.close"
DRAW: Final = "count.draw"
SEAT: Final = "count.seat"
OPEN: Final = "count.open"
SUMS: Final = "count.sums"
RELEASE: Final = "count.release"
TELL: Final = "count.tell"
FORGET: Final = "count.forget"

STEPS: Final = (
    "plan-sent", "commitment-got", "opening-made", "opening-signed", "announced",
    "holdings-got", "list-fixed", "list-signed", "closed",
    "draw-made", "draw-signed", "draw-kept", "attempt-over", "attempt-compared", "attempt-kept",
    "seating-made", "seating-signed", "seating-kept",
    "sums-made", "sums-stored", "halves-got", "opened",
    "release-made", "released", "helper-told", "shares-ended",
)  # fmt: skip
"""Every step that a worker tells of as it completes one; at each of them it may be stopped without harm."""

After = Callable[[str], None]
_Peer = TypeVar("_Peer")
_LONGEST_PAUSE: Final = timedelta(hours=1)


class NotYet(Exception):
    """What a step waits for is not there yet; nothing is wrong. ``due_at`` says when to look again, if known."""

    def __init__(self, due_at: datetime | None = None) -> None:
        super().__init__("not yet")
        self.due_at = due_at


def side_of(aggregator: Aggregator) -> Side:
    """Return which half this server holds."""
    return Side(aggregator.role.value)


def do(aggregator: Aggregator, run: JobRun, prepare: Callable[[], _Peer], act: Callable[[_Peer], None]) -> None:
    """Do one step for a job: finish it, or have it tried again. Steps commit their own changes as they go."""
    problem: dict[str, object] | None = None
    due_at: datetime | None = None
    try:
        act(prepare())
    except (LeaseLost, JobCancelled):
        raise
    except NotYet as waiting:
        due_at = waiting.due_at or aggregator.clock() + aggregator.settings.poll
    except OutOfReach as error:
        problem = {"code": "out_of_reach", "reason": error.reason}
    except PeerRefused as error:
        problem = {"code": "refused_by_helper", "reason": f"{error.status} {error.code}".strip()}
    except FormFault as fault:
        problem = {"code": "not_understood", "reason": str(fault)}
    except ManabiError as error:
        problem = {"code": error.code, "reason": str(error.params.get("reason", ""))}
    now = aggregator.clock()
    arguments = run.lease.arguments
    with run.database.session() as session:
        _note(session, arguments, problem)
        if problem is not None:
            tries = int(arguments.get("tries", 0)) + 1
            due_at = now + pause_after(tries)
            arguments = {**arguments, "tries": tries}
        if due_at is not None:
            jobs.enqueue(session, run.lease.kind, arguments, now=now, due_at=due_at)
        run.finish(session)
        session.commit()


def pause_after(tries: int) -> timedelta:
    """Return how long to wait after some failed tries: 2 s, 4 s, … one hour at most."""
    return min(timedelta(seconds=2 ** min(tries, 20)), _LONGEST_PAUSE)


def _note(session: Session, arguments: dict[str, object], problem: dict[str, object] | None) -> None:
    """Say in the round what the matter is, or that nothing is any more."""
    name = arguments.get("round")
    row = session.get(CollectionRound, UUID(str(name)), with_for_update=True) if name is not None else None
    if row is not None and row.problem != problem:
        row.problem = problem
