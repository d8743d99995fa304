"""The way of a move as schools know it: each step with its day, who took it, and the document that goes with it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from consent.age import japan_day
from pds.look_back.words import Part, Sentence
from pds.transfer.incoming_views import IncomingView
from pds.transfer.outgoing import OutgoingView
from pds.transfer.states import CLOSED_INCOMING, CLOSED_OUTGOING, StatutoryState
from trust.errors import N_

State = Literal["completed", "reached", "coming"]


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `name` is a message id; a completed step may lack its day where the other school has not told it."""

    name: str
    state: State
    day: date | None = None
    who: Part | None = None
    document: Part | None = None
    note: Part | None = None


@dataclass(frozen=True, slots=True)
class _Stage:
    """A step before it is known which one the case stands at."""

    name: str
    done: bool
    at: date | datetime | None
    who: Part | None = None
    document: Part | None = None
    note: Part | None = None


def outgoing_steps(case: OutgoingView) -> tuple[Step, ...]:
    """Return the way of a leaving child: 届出, 在学証明, 転入学通知, 受入日, 送付, 受領."""
    row = case.row
    recipient = row.recipient_name
    sheet = Sentence(N_("Its original is now marked as sent.")) if case.health_sheet_sent else None
    return _place(
        (
            _Stage(N_("Notice of the family"), True, row.started_at, case.started_by),
            _Stage(
                N_("Certificate of enrolment"), True, row.started_at, row.school_name,
                Sentence(N_("Certificates and transfer ticket")),
            ),
            _Stage(
                N_("Notice of the new school"), row.requested_at is not None, row.requested_at, recipient,
                Sentence(N_("Request with the ticket")),
            ),
            _Stage(N_("Day of acceptance"), row.requested_at is not None, case.accepted_on, recipient),
            _Stage(
                N_("Sending of the documents"), row.sent_at is not None, row.sent_at,
                row.school_name if row.sent_at else None,
                Sentence(N_("Copy of the register, health sheet")), sheet,
            ),
            _Stage(
                N_("Acknowledgement"), row.acknowledged_at is not None and not case.problems, row.acknowledged_at,
                recipient if row.acknowledged_at else None, Sentence(N_("Signed receipt")),
            ),
        ),
        over=row.state in CLOSED_OUTGOING,
    )  # fmt: skip


def incoming_steps(case: IncomingView) -> tuple[Step, ...]:
    """Return the way of a coming child: decision, request, the old school and the family, receiving, receipt."""
    row = case.row
    came = row.statutory is StatutoryState.RECEIVED
    return _place(
        (
            _Stage(
                N_("Enrolment decision"), True, row.decided_at, Sentence(N_("Board of education")),
                Sentence(N_("Transfer ticket")),
            ),
            _Stage(N_("Request to the old school"), row.asked_at is not None, row.asked_at, row.school_name),
            _Stage(
                N_("The old school prepares, the family looks"), row.received_at is not None or came, None, case.sender
            ),
            _Stage(
                N_("Arrival of the documents"), came, row.received_at, row.school_name if came else None,
                Sentence(N_("Copy of the register, health sheet")),
            ),
            _Stage(
                N_("Acknowledgement"), came, row.received_at if came else None, None, Sentence(N_("Signed receipt"))
            ),
        ),
        over=row.state in CLOSED_INCOMING,
    )  # fmt: skip


def _place(stages: Sequence[_Stage], *, over: bool) -> tuple[Step, ...]:
    """Say of each stage whether it is done, stands open now, or comes later; in a closed case none stands open."""
    here = None if over else next((index for index, stage in enumerate(stages) if not stage.done), None)
    return tuple(_steps(stages, here))


def _steps(stages: Sequence[_Stage], here: int | None) -> Iterable[Step]:
    for index, stage in enumerate(stages):
        state: State = "completed" if stage.done else "reached" if index == here else "coming"
        day = japan_day(stage.at) if isinstance(stage.at, datetime) else stage.at
        yield Step(stage.name, state, day, stage.who, stage.document, stage.note)
