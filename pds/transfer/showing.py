"""Cases as a clerk reads them: in the list, what each needs or waits for; on its page, what can be done with it now."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from consent.age import japan_day
from consent.vocabulary import Duty, Frequency
from pds.look_back.words import Part, Sentence
from pds.people.details import Name
from pds.transfer.columns import name_documents, tell_hindrance, tell_problems
from pds.transfer.incoming_views import IncomingRow, IncomingView
from pds.transfer.outgoing import OutgoingRow, OutgoingView
from pds.transfer.states import CLOSED_INCOMING, CLOSED_OUTGOING, ConsentState, IncomingState, OutgoingState
from pds.transfer.states import StatutoryState as Statutory
from pds.transfer.worklist import CaseRow, Side, Standing
from trust.errors import N_

_GRANTED: Final = (ConsentState.GRANTED, ConsentState.GRANTED_IN_PART)
_NAMELESS: Final = Name("", "—")
_OUTGOING: Final = {
    OutgoingState.PREPARED: (Standing.WAITING, N_("The ticket is with the family. The new school has not asked yet.")),
    OutgoingState.REQUESTED: (Standing.WAITING, N_("The new school has asked. The family has its time to look.")),
    OutgoingState.SENDING: (Standing.WAITING, N_("The new school fetches the documents.")),
    OutgoingState.DONE: (Standing.DONE, N_("The new school has received everything.")),
    OutgoingState.REJECTED: (
        Standing.UNTOUCHED,
        N_("The new school could not accept something. Look, and send it again."),
    ),
    OutgoingState.CANCELLED: (Standing.DONE, N_("Cancelled.")),
}
_INCOMING: Final = {
    IncomingState.DECIDED: (Standing.UNTOUCHED, N_("Choose what to ask the old school for.")),
    IncomingState.LODGING: (Standing.WAITING, N_("The request is on its way to the old school.")),
    IncomingState.PENDING: (Standing.WAITING, N_("The request is in progress at the old school.")),
    IncomingState.DONE: (Standing.DONE, N_("Everything that was to come is here.")),
    IncomingState.CANCELLED: (Standing.DONE, N_("Cancelled.")),
}


@dataclass(frozen=True, slots=True)
class CasePage:
    """What every page of a case shows at its head, and which buttons it has."""

    row: CaseRow
    problems: tuple[Part, ...] = ()
    hindrance: Part | None = None
    may_ask: bool = False
    may_read: bool = False
    may_pull: bool = False
    may_send_again: bool = False
    may_reissue: bool = False
    may_cancel: bool = False


def outgoing_row(case: OutgoingRow, now: datetime) -> CaseRow:
    """Return a leaving child's row; a ticket that ran out unused needs the clerk."""
    standing, need = _OUTGOING[case.state]
    if case.state is OutgoingState.PREPARED and (case.ticket_until is None or case.ticket_until <= now):
        standing, need = Standing.UNTOUCHED, N_("The ticket has run out. Issue a new one, or cancel the move.")
    since: datetime | None
    due: datetime | None
    match case.state:
        case OutgoingState.REQUESTED:
            since, due = case.requested_at, case.review_until
        case OutgoingState.SENDING:
            since, due = case.sent_at, None
        case OutgoingState.PREPARED:
            since, due = case.started_at, case.ticket_until
        case _:
            since, due = case.closed_at or case.acknowledged_at, None
    return CaseRow(
        Side.OUTGOING, case.learner, case.transfer, case.name or _NAMELESS, case.school_name, case.recipient_name,
        standing, Sentence(need), japan_day(since or case.started_at), _day(due),
    )  # fmt: skip


def incoming_row(case: IncomingRow) -> CaseRow:
    """Return a coming child's row. What the law sends and what the family decides are told apart where one waits."""
    standing, need = _INCOMING.get(case.state) or (Standing.WAITING, _what_waits(case))
    if case.state is IncomingState.DONE and case.consent is ConsentState.ENDED:
        need = N_("What the family had allowed has ended and is erased here. What came by law stays.")
    since: datetime | None
    due: date | None
    match case.state:
        case IncomingState.DECIDED:
            since, due = case.decided_at, case.accepted_on
        case IncomingState.LODGING | IncomingState.PENDING:
            since, due = case.asked_at, _day(case.expires_at)
        case IncomingState.OPEN:
            since, due = case.received_at or case.asked_at, _day(case.expires_at)
        case _:
            since, due = case.closed_at, None
    return CaseRow(
        Side.INCOMING, case.learner, case.transfer, case.name or _NAMELESS, case.school_name, None,
        standing, Sentence(need), japan_day(since or case.decided_at), due,
    )  # fmt: skip


def outgoing_page(case: OutgoingView, duties: Collection[Duty], now: datetime) -> CasePage:
    """Return the head of a leaving child's page."""
    mine = Duty.SEND_TRANSFER in duties and case.row.state not in CLOSED_OUTGOING
    return CasePage(
        outgoing_row(case.row, now),
        tell_problems(case.problems, name_documents(case.manifest)),
        may_send_again=mine and case.row.state is OutgoingState.REJECTED,
        may_reissue=mine and case.row.state is OutgoingState.PREPARED,
        may_cancel=mine,
    )


def incoming_page(case: IncomingView, duties: Collection[Duty]) -> CasePage:
    """Return the head of a coming child's page. Only the board calls it off, since the place in the class goes too."""
    state = case.row.state
    receives = Duty.RECEIVE_TRANSFER in duties
    return CasePage(
        incoming_row(case.row),
        tell_problems(case.problems, name_documents(case.announced)),
        tell_hindrance(case.problems),
        may_ask=receives and state is IncomingState.DECIDED,
        may_read=receives and any(one.erased_at is None for one in case.received),
        may_pull=receives and case.row.consent in _GRANTED and _again(case),
        may_cancel=Duty.DECIDE_ENROLMENT in duties and state not in CLOSED_INCOMING,
    )


def _again(case: IncomingView) -> bool:
    return case.granted is not None and case.granted.frequency is Frequency.REPEATED


def _what_waits(case: IncomingRow) -> str:
    """Say of a case of which something came, what is still to come."""
    match case.statutory, case.consent:
        case Statutory.REJECTED, _:
            return N_("Something was not in order. The old school was told and sends it again.")
        case Statutory.RECEIVED, ConsentState.PENDING:
            return N_("What the law sends is here. The rest is in progress.")
        case Statutory.RECEIVED, _:
            return N_("What the law sends is here. What was allowed is being fetched.")
        case _:
            return N_("Part of it is here. What the law sends is still to come.")


def _day(at: datetime | date | None) -> date | None:
    return japan_day(at) if isinstance(at, datetime) else at


def address_of(side: Side, learner: UUID, transfer: UUID) -> str:
    """Return where a case is opened."""
    return f"/staff/transfers/{side}/{learner}/{transfer}/"
