"""Whose an incoming case is: every act on one, and every look at one, begins here and leaves an entry if refused."""

from uuid import UUID

from sqlalchemy.orm import Session

from consent.offices import Place, may_do
from consent.verdict import Allowed, DenialCode, Denied
from consent.vocabulary import Duty
from pds.access_log.entries import Act
from pds.node import Node
from pds.people import service as people
from pds.people.service import KnownChild
from pds.sharing.enforcement import Asking, Refused
from pds.transfer import queries
from pds.transfer.errors import CaseUnknown
from pds.transfer.models import IncomingTransfer
from pds.transfer.noting import note_staff
from web.database import bind_context


def approach(
    session: Session, node: Node, asking: Asking, learner: UUID, transfer: UUID
) -> tuple[KnownChild, Allowed, str] | Refused:
    """Decide whether what came in a case is the asker's to take over; return child, verdict and the school's code."""
    approached = find_case(session, node, asking, learner, transfer, Act.RECEIVED_READ)
    if isinstance(approached, Refused):
        return approached
    case, child, verdict = approached
    school = queries.find_school(session, case.organisation_id)
    if school is None:
        raise CaseUnknown
    return child, verdict, school.code


def find_case(
    session: Session,
    node: Node,
    asking: Asking,
    learner: UUID,
    transfer: UUID,
    act: Act,
    duty: Duty | None = Duty.RECEIVE_TRANSFER,
) -> tuple[IncomingTransfer, KnownChild, Allowed] | Refused:
    """Find a case and decide whether it is the asker's; with a duty, for changing it, its row is locked.

    Without one, the board that decides on enrolments may look as well as the school that receives.
    """
    bind_context(session, learners=[learner], person=asking.viewer.person)
    child = people.find_child(session, node, learner)
    case = session.get(
        IncomingTransfer, (learner, transfer), populate_existing=True, with_for_update=duty is not None or None
    )
    if case is None or child is None:
        return note_refusal(session, node, asking, Denied(DenialCode.UNKNOWN_CHILD), child, act)
    verdict = may_see(session, node, asking, case.organisation_id, duty)
    if isinstance(verdict, Denied):
        return note_refusal(session, node, asking, verdict, child, act, transfer)
    return case, child, verdict


def may_see(
    session: Session, node: Node, asking: Asking, organisation: UUID, duty: Duty | None = None
) -> Allowed | Denied:
    """Decide whether a school's cases are the asker's; without a duty, by either of the two that may look."""
    school = queries.find_school(session, organisation)
    place = Place(organisation, None) if school is None else school.place
    verdict: Allowed | Denied = Denied(DenialCode.ROLE_NOT_FOR_DUTY)
    for one in (Duty.RECEIVE_TRANSFER, Duty.DECIDE_ENROLMENT) if duty is None else (duty,):
        verdict = may_do(asking.viewer.actor, one, asking.now, node.policy, where=[place])
        if isinstance(verdict, Allowed):
            break
    return verdict


def note_refusal(
    session: Session,
    node: Node,
    asking: Asking,
    denied: Denied,
    child: KnownChild | None,
    act: Act,
    under: UUID | None = None,
) -> Refused:
    """Log a refusal and return what the person is told."""
    refused = note_staff(session, node, asking, denied, child, act, under=under)
    assert refused is not None  # noqa: S101  a denial is always a refusal
    return refused
