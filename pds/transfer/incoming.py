"""The new school's case: the board's enrolment decision opens it, the school asks the old one, or calls it off."""

import secrets
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from consent.age import school_year_end, school_year_of
from consent.offices import Place, may_do
from consent.scope import Terms
from consent.verdict import DenialCode, Denied
from consent.vocabulary import Duty, Move, PurposeCode
from pds.access_log.entries import Act
from pds.node import Node
from pds.organisations.registry import WantedEnrolment, put_enrolments
from pds.people import registry as people_registry
from pds.people import service as people
from pds.people.details import Name
from pds.people.identity import LEARNERS, Named
from pds.people.registry import WantedLearner
from pds.rows import derive_id
from pds.sharing.enforcement import Asking, Refused
from pds.transfer import queries
from pds.transfer.errors import ChildTwice, DecisionRefused, NotNow
from pds.transfer.incoming_access import find_case, note_refusal
from pds.transfer.models import IncomingTransfer
from pds.transfer.noting import note_staff
from pds.transfer.others import registry_in_force, sender_of_ticket
from pds.transfer.sealed import seal_secret
from pds.transfer.states import CLOSED_INCOMING, ConsentState, IncomingState, Lane, StatutoryState
from trust.ticket import read_ticket
from web.database import bind_context
from web.jobs import service as jobs

LODGE: Final = "transfer.lodge"
PULL: Final = "transfer.pull"
CLOSE: Final = "transfer.close_incoming"
PURPOSE_OF_MOVE: Final = {
    Move.TRANSFER: PurposeCode.TRANSFER_OF_SCHOOL,
    Move.PROMOTION: PurposeCode.PROMOTION,
    Move.ADMISSION: PurposeCode.ADMISSION,
    Move.APPLICATION: PurposeCode.APPLICATION,
    Move.NONE: PurposeCode.SUPPORT,
}


@dataclass(frozen=True, slots=True)
class Decision:
    """The board's enrolment decision (編入学・転入学の決定) with the ticket that the family brought.

    `readings` are those of family and given name; `source_id` is the child's sourcedId in the school's roster, where
    it has one already.
    """

    school: UUID
    class_id: UUID
    family_name: str
    given_name: str
    readings: tuple[str, str]
    birth_date: date
    sex: str
    accepted_on: date
    ticket_text: str
    source_id: str | None = None
    move: Move = Move.TRANSFER


def decide(session: Session, node: Node, asking: Asking, decision: Decision, now: datetime) -> UUID | Refused:
    """Record an enrolment decision: the child (new, or known by `source_id`), the place, the case; return its id.

    Raises `TicketMalformed`, `SenderUnknown`, `OwnTicket`, `RegistryMissing`, `DecisionRefused` or `ChildTwice`.
    """
    school = queries.find_school(session, decision.school)
    place = Place(decision.school, None) if school is None else school.place
    verdict = may_do(asking.viewer.actor, Duty.DECIDE_ENROLMENT, now, node.policy, where=[place])
    if isinstance(verdict, Denied) or school is None:
        denied = verdict if isinstance(verdict, Denied) else Denied(DenialCode.NOT_IN_YOUR_CARE)
        return note_refusal(session, node, asking, denied, None, Act.ENROLMENT_DECIDED)
    sender = sender_of_ticket(registry_in_force(session, node, now), node, decision.ticket_text)
    room = queries.find_room(session, decision.class_id)
    if (
        room is None
        or room.organisation != school.organisation
        or room.school_year != school_year_of(decision.accepted_on)
    ):
        raise DecisionRefused(reason="class")
    transfer = uuid4()
    learner = _settle_learner(session, node, asking, decision, transfer, now)
    _refuse_second(session, learner)
    _enrol(session, node, decision, learner, transfer, school.board or school.organisation)
    session.add(
        IncomingTransfer(
            learner_id=learner, transfer_id=transfer, organisation_id=school.organisation, class_id=room.class_id,
            move=decision.move.value, state=IncomingState.DECIDED, consent_state=ConsentState.NONE,
            statutory_state=StatutoryState.WAITING, accepted_on=decision.accepted_on,
            decided_by=asking.viewer.person, decided_at=now, case_reference=secrets.token_urlsafe(15),
            sender_id=sender.id,
            ticket=seal_secret(node, learner, transfer, "ticket", read_ticket(decision.ticket_text).text), asked=None,
            asked_by=None, asked_at=None, auth_request=None, auth_expires_at=None, dpop_key=None, refresh_token=None,
            granted=None, grant_id=None, dossier_id=None, manifest=None, withheld=None, consent_cursor=None,
            statutory_cursor=None, received_at=None, closed_at=None, problems=None,
        )
    )  # fmt: skip
    session.flush()
    child = people.find_child(session, node, learner)
    note_staff(session, node, asking, verdict, child, Act.ENROLMENT_DECIDED, under=transfer)
    return transfer


def ask(
    session: Session, node: Node, asking: Asking, learner: UUID, transfer: UUID, terms: Terms, now: datetime
) -> Refused | None:
    """Order the request to the old school, under these terms. A case asks once; the family may grant less.

    Raises `NotNow` where it has asked already or is closed.
    """
    approached = find_case(session, node, asking, learner, transfer, Act.RECORDS_ASKED)
    if isinstance(approached, Refused):
        return approached
    case, child, verdict = approached
    if case.state != IncomingState.DECIDED or terms.scope.is_empty or terms.until <= now:
        raise NotNow
    case.state, case.consent_state = IncomingState.LODGING, ConsentState.PENDING
    case.asked = terms.to_wire()
    case.asked_by, case.asked_at = asking.viewer.person, now
    note_staff(session, node, asking, verdict, child, Act.RECORDS_ASKED, under=transfer)
    jobs.enqueue(session, LODGE, case_arguments(case), now=now, created_by=asking.viewer.person)
    return None


def pull_again(
    session: Session, node: Node, asking: Asking, learner: UUID, transfer: UUID, now: datetime
) -> Refused | None:
    """Order another pull under a grant: only what changed since the last one comes."""
    approached = find_case(session, node, asking, learner, transfer, Act.RECORDS_ASKED)
    if isinstance(approached, Refused):
        return approached
    case, child, verdict = approached
    if case.consent_state not in (ConsentState.GRANTED, ConsentState.GRANTED_IN_PART):
        raise NotNow
    note_staff(session, node, asking, verdict, child, Act.RECORDS_ASKED, under=case.grant_id)
    arguments = {**case_arguments(case), "lane": Lane.CONSENT.value}
    jobs.enqueue(session, PULL, arguments, now=now, created_by=asking.viewer.person)
    return None


def cancel(
    session: Session, node: Node, asking: Asking, learner: UUID, transfer: UUID, now: datetime
) -> Refused | None:
    """Call a case off: nothing more is fetched, what came is erased, the place in the class taken back.

    The old school is told with the erasure, if it was asked. Raises `NotNow` for a closed case.
    """
    approached = find_case(session, node, asking, learner, transfer, Act.ENROLMENT_DECIDED, Duty.DECIDE_ENROLMENT)
    if isinstance(approached, Refused):
        return approached
    case, child, verdict = approached
    if case.state in CLOSED_INCOMING:
        raise NotNow
    case.state, case.closed_at = IncomingState.CANCELLED, now
    note_staff(session, node, asking, verdict, child, Act.ENROLMENT_DECIDED, under=transfer)
    jobs.enqueue(session, CLOSE, case_arguments(case), now=now, created_by=asking.viewer.person)
    return None


def case_arguments(case: IncomingTransfer) -> dict[str, Any]:
    """Return the arguments by which a job finds a case."""
    return {"learner": str(case.learner_id), "transfer": str(case.transfer_id)}


def _settle_learner(
    session: Session, node: Node, asking: Asking, decision: Decision, transfer: UUID, now: datetime
) -> UUID:
    """Return the child: the one known by the roster's identifier, whose birth date must agree, or a new one."""
    known = None if not decision.source_id else queries.learner_of_identifier(session, node, decision.source_id)
    if known is not None:
        bind_context(session, learners=[known], person=asking.viewer.person)
        child = people.find_child(session, node, known)
        if child is None:
            raise DecisionRefused(reason="identifier")
        if child.details.birth_date != decision.birth_date:
            raise DecisionRefused(reason="birth date")
        return known
    source_id = decision.source_id or f"transfer-{transfer}"
    id_key = node.keyring.node_key("intake-ids") + transfer.bytes
    learner = derive_id(id_key, LEARNERS.kind.value, source_id)
    bind_context(session, learners=[learner], person=asking.viewer.person)
    name = Name(decision.family_name, decision.given_name, *decision.readings)
    wanted = WantedLearner(Named(source_id, ""), name, decision.birth_date, decision.sex)
    put = people_registry.put_learners(session, node, id_key, [wanted], now=now, write=True)
    if put.results[0].person != learner:
        raise DecisionRefused(reason="identifier")
    return learner


def _refuse_second(session: Session, learner: UUID) -> None:
    open_one = session.scalar(
        select(IncomingTransfer.transfer_id).where(
            IncomingTransfer.learner_id == learner, IncomingTransfer.state.not_in(list(CLOSED_INCOMING))
        )
    )
    if open_one is not None:
        raise ChildTwice


def _enrol(session: Session, node: Node, decision: Decision, learner: UUID, transfer: UUID, establisher: UUID) -> None:
    """Give the child its place in the class from the day of acceptance, unless the roster has done so already."""
    child = people.find_child(session, node, learner)
    if child is not None and any(
        place.class_id == decision.class_id and place.current_on(decision.accepted_on)
        for place in child.facts.placements
    ):
        return
    year = school_year_of(decision.accepted_on)
    place = WantedEnrolment(
        learner, f"transfer-{transfer}", establisher, decision.class_id, decision.school, year, None,
        decision.accepted_on, school_year_end(year),
    )  # fmt: skip
    put_enrolments(session, node.keyring.node_key("intake-ids"), [place], write=True)


def take_back_place(session: Session, node: Node, case: IncomingTransfer) -> None:
    """Withdraw the place that the decision had given; one that came by the roster stays. For jobs."""
    school = queries.find_school(session, case.organisation_id)
    if school is None or case.class_id is None:
        return
    year = school_year_of(case.accepted_on)
    place = WantedEnrolment(
        case.learner_id, f"transfer-{case.transfer_id}", school.board or school.organisation, case.class_id,
        school.organisation, year, None, case.accepted_on, school_year_end(year), withdrawn=True,
    )  # fmt: skip
    put_enrolments(session, node.keyring.node_key("intake-ids"), [place], write=True)
