"""The row of an incoming case in the hands of a job: found, locked, moved on, its secrets opened."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from pds.transfer.models import IncomingTransfer
from pds.transfer.states import ConsentState, IncomingState, Lane, StatutoryState
from web.jobs import service as jobs
from web.jobs.runner import JobRun

GRANTED: Final = (ConsentState.GRANTED, ConsentState.GRANTED_IN_PART)
_SETTLED: Final = (ConsentState.NONE, ConsentState.REFUSED, ConsentState.EXPIRED, ConsentState.ENDED)
_LONGEST_PAUSE: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class CaseKey:
    """Whose case which one is."""

    learner: UUID
    transfer: UUID

    @classmethod
    def of(cls, arguments: dict[str, Any]) -> "CaseKey":
        """Read a job's arguments."""
        return cls(UUID(arguments["learner"]), UUID(arguments["transfer"]))

    def to_arguments(self) -> dict[str, Any]:
        """Return them as arguments of a job."""
        return {"learner": str(self.learner), "transfer": str(self.transfer)}


def find(session: Session, key: CaseKey, *, lock: bool = False) -> IncomingTransfer | None:
    """Return a case; with `lock` nobody else moves it until the transaction ends."""
    return session.get(
        IncomingTransfer, (key.learner, key.transfer), populate_existing=True, with_for_update=lock or None
    )


def find_by_reference(session: Session, sender: str, reference: str) -> IncomingTransfer | None:
    """Return the case that another node's message names, locked; a node names only cases that it sends for."""
    return session.scalars(
        select(IncomingTransfer)
        .where(IncomingTransfer.case_reference == reference, IncomingTransfer.sender_id == sender)
        .with_for_update(),
        execution_options={"populate_existing": True},
    ).first()


def find_by_grant(session: Session, sender: str, grant: UUID) -> IncomingTransfer | None:
    """Return the case that holds a grant of another node, locked."""
    return session.scalars(
        select(IncomingTransfer)
        .where(IncomingTransfer.grant_id == grant, IncomingTransfer.sender_id == sender)
        .with_for_update(),
        execution_options={"populate_existing": True},
    ).first()


def settle_state(case: IncomingTransfer, now: datetime) -> None:
    """Close a case whose two lanes have come to an end; one that gets more opens again."""
    if case.state == IncomingState.CANCELLED:
        return
    consent_over = case.consent_state in _SETTLED or (
        case.consent_state in GRANTED and bool((case.granted or {}).get("received_at"))
    )
    over = consent_over and case.statutory_state == StatutoryState.RECEIVED
    if over:
        case.state, case.closed_at = IncomingState.DONE, now
    elif case.consent_state in GRANTED or case.statutory_state != StatutoryState.WAITING:
        case.state, case.closed_at = IncomingState.OPEN, None


def set_problems(case: IncomingTransfer, lane: Lane, problems: list[dict[str, Any]]) -> None:
    """Put down what is wrong in one lane, the other one's left as they are."""
    kept = [one for one in case.problems or [] if one.get("lane") != lane.value]
    case.problems = [*kept, *({**one, "lane": lane.value} for one in problems)] or None


def problems_of(case: IncomingTransfer, lane: Lane) -> list[dict[str, Any]]:
    """Return what is wrong in one lane, without naming the lane."""
    found = (one for one in case.problems or [] if one.get("lane") == lane.value)
    return [{name: value for name, value in one.items() if name != "lane"} for one in found]


def try_later(run: JobRun, session: Session, *, at_least: timedelta = timedelta()) -> None:
    """Order the same work again after a pause that grows with every try, and end this job."""
    tries = int(run.lease.arguments.get("tries", 0)) + 1
    pause = max(min(timedelta(seconds=2 ** min(tries, 20)), _LONGEST_PAUSE), at_least)
    now = run.clock()
    arguments = {**run.lease.arguments, "tries": tries}
    jobs.enqueue(session, run.lease.kind, arguments, now=now, due_at=now + pause)
    run.finish(session)


def end_job(run: JobRun) -> None:
    """End a job that has nothing to do."""
    with run.database.session() as session:
        run.finish(session)
        session.commit()


def is_open(case: IncomingTransfer | None) -> bool:
    """Whether a case is there and not called off."""
    return case is not None and case.state != IncomingState.CANCELLED
