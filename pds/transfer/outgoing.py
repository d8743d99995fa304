"""The old school's case: a ticket for the family, then what the new school asks, gets and acknowledges."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from consent.age import japan_day
from consent.offices import Place, may_do
from consent.verdict import Allowed, DenialCode, Denied
from consent.vocabulary import Duty, Move
from pds.access_log.entries import Act
from pds.node import Node
from pds.people import service as people
from pds.people.details import Name
from pds.people.service import KnownChild
from pds.sharing import tickets
from pds.sharing.enforcement import Asking, Refused
from pds.sharing.queries import sent_originals
from pds.transfer import queries
from pds.transfer.errors import ChildTwice, NotNow, RegistryMissing
from pds.transfer.models import OutgoingTransfer
from pds.transfer.noting import note_staff
from pds.transfer.others import registry_in_force
from pds.transfer.sealed import open_secret, seal_secret
from pds.transfer.states import CLOSED_OUTGOING, OutgoingState
from trust.ticket import Ticket
from web.database import bind_context
from web.jobs import service as jobs

SEND_DOSSIER: Final = "transfer.send_dossier"
CALL_BACK: Final = "transfer.call_back"
_REASON: Final = "reason"


@dataclass(frozen=True, slots=True)
class Started:
    """A case that was begun, with the ticket: in the clear here and nowhere else."""

    transfer_id: UUID
    ticket: Ticket


@dataclass(frozen=True, slots=True)
class OutgoingRow:
    """A case as a work list shows it."""

    learner: UUID
    transfer: UUID
    name: Name | None
    school: UUID
    school_name: str
    move: Move
    state: OutgoingState
    left_on: date
    started_at: datetime
    ticket_until: datetime | None
    recipient_name: str | None
    requested_at: datetime | None
    review_until: datetime | None
    sent_at: datetime | None
    acknowledged_at: datetime | None
    closed_at: datetime | None
    has_problems: bool


@dataclass(frozen=True, slots=True)
class OutgoingView:
    """A case with everything its school may know of it. `problems` are what the new school could not accept.

    `manifest` is what was fixed when the review ended; `accepted_on` the day the new school named.
    """

    row: OutgoingRow
    child: KnownChild
    reason: str
    started_by: str
    accepted_on: date | None
    dossier_state: str | None
    manifest: tuple[dict[str, Any], ...]
    problems: tuple[dict[str, Any], ...]
    health_sheet_sent: bool


def start(
    session: Session,
    node: Node,
    asking: Asking,
    learner: UUID,
    *,
    move: Move,
    left_on: date,
    reason: str,
    now: datetime,
) -> Started | Refused:
    """Open a case for a child of the asker's school and issue its ticket.

    Raises `ChildTwice`, `RegistryMissing`, or `TicketInUse` where a request is open already.
    """
    bind_context(session, learners=[learner], person=asking.viewer.person)
    child = people.find_child(session, node, learner)
    found = _school_of(node, asking, child, now)
    if isinstance(found, Denied) or child is None:
        denied = found if isinstance(found, Denied) else Denied(DenialCode.UNKNOWN_CHILD)
        return _refused(session, node, asking, denied, child)
    school, verdict = found
    open_one = session.scalar(
        select(OutgoingTransfer.transfer_id).where(
            OutgoingTransfer.learner_id == learner, OutgoingTransfer.state.not_in(list(CLOSED_OUTGOING))
        )
    )
    if open_one is not None:
        raise ChildTwice
    transfer = uuid4()
    ticket = _issue(session, node, asking, learner, school, now)
    session.add(
        OutgoingTransfer(
            learner_id=learner, transfer_id=transfer, organisation_id=school, move=move.value,
            state=OutgoingState.PREPARED, left_on=left_on, accepted_on=None,
            reason=seal_secret(node, learner, transfer, _REASON, reason), started_by=asking.viewer.person,
            started_at=now, request_id=None, dossier_id=None, recipient_code=None, recipient_name=None,
            requested_at=None, sent_at=None, acknowledged_at=None, closed_at=None, problems=None,
        )
    )  # fmt: skip
    session.flush()
    note_staff(session, node, asking, verdict, child, Act.TICKET_ISSUED, under=transfer)
    return Started(transfer, ticket)


def reissue_ticket(
    session: Session, node: Node, asking: Asking, learner: UUID, transfer: UUID, now: datetime
) -> Ticket | Refused:
    """Issue another ticket for a case that nobody has asked for; the one before ends. Raises `NotNow`."""
    approached = _approach(session, node, asking, learner, transfer, Act.TICKET_ISSUED)
    if isinstance(approached, Refused):
        return approached
    case, child, verdict = approached
    if case.state != OutgoingState.PREPARED:
        raise NotNow
    ticket = _issue(session, node, asking, learner, case.organisation_id, now)
    note_staff(session, node, asking, verdict, child, Act.TICKET_ISSUED, under=transfer)
    return ticket


def send_again(
    session: Session, node: Node, asking: Asking, learner: UUID, transfer: UUID, now: datetime
) -> Refused | None:
    """Order the documents to be announced anew after the new school could not accept them. Raises `NotNow`."""
    approached = _approach(session, node, asking, learner, transfer, Act.DOSSIER_READY)
    if isinstance(approached, Refused):
        return approached
    case, child, verdict = approached
    if case.state != OutgoingState.REJECTED or case.dossier_id is None:
        raise NotNow
    note_staff(session, node, asking, verdict, child, Act.DOSSIER_READY, under=case.dossier_id)
    case.state, case.problems = OutgoingState.SENDING, None
    arguments = {"learner": str(learner), "dossier": str(case.dossier_id), "again": True}
    jobs.enqueue(session, SEND_DOSSIER, arguments, now=now, created_by=asking.viewer.person)
    return None


def cancel(
    session: Session, node: Node, asking: Asking, learner: UUID, transfer: UUID, now: datetime
) -> Refused | None:
    """Call a case off: the ticket ends, and what has not been acknowledged is called back. Raises `NotNow`."""
    approached = _approach(session, node, asking, learner, transfer, Act.DOSSIER_CANCELLED)
    if isinstance(approached, Refused):
        return approached
    case, child, verdict = approached
    if case.state in CLOSED_OUTGOING:
        raise NotNow
    tickets.end(session, learner, now=now)
    case.state, case.closed_at = OutgoingState.CANCELLED, now
    note_staff(session, node, asking, verdict, child, Act.DOSSIER_CANCELLED, under=case.dossier_id or transfer)
    if case.request_id is not None:
        arguments = {"learner": str(learner), "request": str(case.request_id)}
        jobs.enqueue(session, CALL_BACK, arguments, now=now, created_by=asking.viewer.person)
    return None


def list_cases(session: Session, node: Node, asking: Asking) -> tuple[OutgoingRow, ...]:
    """Return the cases of the schools that an office of the asker reaches, the newest first."""
    bind_context(session, person=asking.viewer.person)
    cases = session.scalars(select(OutgoingTransfer).order_by(OutgoingTransfer.started_at.desc()).limit(500)).all()
    mine = [case for case in cases if isinstance(_may(session, node, asking, case.organisation_id), Allowed)]
    learners = {case.learner_id for case in mine}
    bind_context(session, learners=list(learners), person=asking.viewer.person)
    details = people.learner_details(session, node, learners)
    names = queries.school_names(session, {case.organisation_id for case in mine})
    return tuple(
        _row(session, case, None if case.learner_id not in details else details[case.learner_id].name, names)
        for case in mine
    )


def look(session: Session, node: Node, asking: Asking, learner: UUID, transfer: UUID) -> OutgoingView | Refused:
    """Return a case; refused looks are entries of the child's log."""
    approached = _approach(session, node, asking, learner, transfer, Act.SHARING_READ, lock=False)
    if isinstance(approached, Refused):
        return approached
    case, child, verdict = approached
    note_staff(session, node, asking, verdict, child, Act.SHARING_READ, under=transfer)
    dossier = queries.dossier_of(session, case.learner_id, case.request_id)
    return OutgoingView(
        _row(session, case, child.details.name, queries.school_names(session, {case.organisation_id})),
        child,
        open_secret(node, learner, transfer, _REASON, case.reason),
        people.staff_name(session, case.started_by) or "",
        case.accepted_on,
        None if dossier is None else dossier.state,
        () if dossier is None else dossier.manifest,
        tuple(case.problems or ()),
        bool(sent_originals(session, learner)),
    )


def _issue(session: Session, node: Node, asking: Asking, learner: UUID, school: UUID, now: datetime) -> Ticket:
    own = registry_in_force(session, node, now).by_id(node.node_id)
    if own is None:
        raise RegistryMissing
    return tickets.issue(session, node, learner, school, by=asking.viewer.person, number=own.number, now=now)


def _school_of(node: Node, asking: Asking, child: KnownChild | None, now: datetime) -> tuple[UUID, Allowed] | Denied:
    """Return the child's school of today that the asker's office reaches."""
    verdict = may_do(asking.viewer.actor, Duty.SEND_TRANSFER, now, node.policy)
    if isinstance(verdict, Denied):
        return verdict
    if child is None:
        return Denied(DenialCode.UNKNOWN_CHILD)
    today = japan_day(now)
    for placed in child.facts.placements:
        if placed.current_on(today):
            where = [Place(placed.organisation, placed.board)]
            reaching = may_do(asking.viewer.actor, Duty.SEND_TRANSFER, now, node.policy, where=where)
            if isinstance(reaching, Allowed):
                return placed.organisation, reaching
    return Denied(DenialCode.NOT_IN_YOUR_CARE)


def _approach(
    session: Session, node: Node, asking: Asking, learner: UUID, transfer: UUID, act: Act, *, lock: bool = True
) -> tuple[OutgoingTransfer, KnownChild, Allowed] | Refused:
    bind_context(session, learners=[learner], person=asking.viewer.person)
    child = people.find_child(session, node, learner)
    case = session.get(OutgoingTransfer, (learner, transfer), populate_existing=True, with_for_update=lock or None)
    if case is None or child is None:
        return _refused(session, node, asking, Denied(DenialCode.UNKNOWN_CHILD), child, act)
    verdict = _may(session, node, asking, case.organisation_id)
    if isinstance(verdict, Denied):
        return _refused(session, node, asking, verdict, child, act)
    return case, child, verdict


def _may(session: Session, node: Node, asking: Asking, organisation: UUID) -> Allowed | Denied:
    school = queries.find_school(session, organisation)
    place = Place(organisation, None) if school is None else school.place
    return may_do(asking.viewer.actor, Duty.SEND_TRANSFER, asking.now, node.policy, where=[place])


def _refused(
    session: Session,
    node: Node,
    asking: Asking,
    denied: Denied,
    child: KnownChild | None,
    act: Act = Act.TICKET_ISSUED,
) -> Refused:
    refused = note_staff(session, node, asking, denied, child, act)
    assert refused is not None  # noqa: S101  a denial is always a refusal
    return refused


def _row(session: Session, case: OutgoingTransfer, name: Name | None, names: dict[UUID, str]) -> OutgoingRow:
    dossier = queries.dossier_of(session, case.learner_id, case.request_id)
    return OutgoingRow(
        case.learner_id, case.transfer_id, name, case.organisation_id, names.get(case.organisation_id, ""),
        Move(case.move), OutgoingState(case.state), case.left_on, case.started_at,
        queries.ticket_until(session, case.learner_id), case.recipient_name, case.requested_at,
        None if dossier is None else dossier.review_until, case.sent_at, case.acknowledged_at, case.closed_at,
        bool(case.problems),
    )  # fmt: skip
