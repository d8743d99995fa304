"""What an office is entrusted with besides reading records: class lists, sign-in codes, school files, the node's state.

Which role does what, and how far it reaches, is policy data (``consent/policy/offices.json``). What is fixed here: a
role counts only while it is held; a code is for somebody to whom something is open, never for oneself, and never for a
colleague who also acts where the asker's office does not reach, since whoever holds a code can become that colleague.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from consent.age import japan_day, school_year_of
from consent.authority import refusal_to_carer
from consent.decision import Actor, Child
from consent.placement import RoleHeld
from consent.policy.model import Edition, Entrusted, Policy
from consent.verdict import Allowed, DenialCode, Denied
from consent.vocabulary import ActorKind, Duty, Reach, StaffRole


@dataclass(frozen=True, slots=True)
class Place:
    """Where an act of office takes effect: a school or board, the board it belongs to, one class where there is one."""

    organisation: UUID
    board: UUID | None
    class_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Room:
    """A class of one school year."""

    place: Place
    school_year: int


@dataclass(frozen=True, slots=True)
class Colleague:
    """A member of staff for whom a code is asked, with every office and the board each one's organisation is under."""

    person: UUID
    offices: tuple[tuple[RoleHeld, UUID | None], ...]


def may_do(actor: Actor, duty: Duty, at: datetime, policy: Policy, *, where: Iterable[Place] = ()) -> Allowed | Denied:
    """Whether one of the offices held at ``at`` has this duty, in all of the places ``where`` it takes effect.

    Without places the question is whether the duty is theirs at all. Never raises; what no rule entrusts is denied.
    """
    held = _entrusted(actor, duty, at, policy)
    if isinstance(held, Denied):
        return held
    reaching = [_first(held, place) for place in where]
    if None in reaching:
        return Denied(DenialCode.NOT_IN_YOUR_CARE)
    return next((rule.allowed for rule in reaching if rule is not None), held[0][0].allowed)


def may_see_class(actor: Actor, room: Room | None, duty: Duty, at: datetime, policy: Policy) -> Allowed | Denied:
    """Whether the names of a class may be listed, for daily work or to issue codes; a class of this school year alone.

    An unknown class (``room`` is None) and one of an earlier year are answered like another school's.
    """
    held = may_do(actor, duty, at, policy)
    if isinstance(held, Denied):
        return held
    if room is None or room.school_year != school_year_of(japan_day(at)):
        return Denied(DenialCode.NOT_IN_YOUR_CARE)
    return may_do(actor, duty, at, policy, where=[room.place])


def may_issue_family_code(
    actor: Actor, child: Child | None, person: UUID, at: datetime, policy: Policy
) -> Allowed | Denied:
    """Whether ``person``, the child or one of its carers, may get a code from ``actor`` for a child enrolled today.

    ``child.care`` must hold the entries of ``person``. A carer to whom nothing of the child is open gets none.
    """
    verdict = may_help_family(actor, child, at, policy)
    edition = policy.at(at)
    if isinstance(verdict, Denied) or child is None or edition is None:
        return verdict
    if person == child.learner or refusal_to_carer(person, child.care, child.birth_date, at, edition) is None:
        return verdict
    return Denied(DenialCode.CODE_OPENS_NOTHING)


def may_help_family(actor: Actor, child: Child | None, at: datetime, policy: Policy) -> Allowed | Denied:
    """Whether codes for this child's family are the asker's to issue: the child sits in reach of the office today."""
    held = _entrusted(actor, Duty.ISSUE_FAMILY_CODE, at, policy)
    if isinstance(held, Denied):
        return held
    if child is None:
        return Denied(DenialCode.UNKNOWN_CHILD)
    day = japan_day(at)
    places = (Place(p.organisation, p.board, p.class_id) for p in child.placements if p.current_on(day))
    reaching = (_first(held, place) for place in places)
    return next((rule.allowed for rule in reaching if rule is not None), Denied(DenialCode.NOT_IN_YOUR_CARE))


def may_issue_staff_code(actor: Actor, colleague: Colleague | None, at: datetime, policy: Policy) -> Allowed | Denied:
    """Whether a colleague may get a code from ``actor``: every office not yet over must be in reach."""
    held = _entrusted(actor, Duty.ISSUE_STAFF_CODE, at, policy)
    if isinstance(held, Denied):
        return held
    if colleague is None:
        return Denied(DenialCode.NOT_IN_YOUR_CARE)
    if colleague.person == actor.person:
        return Denied(DenialCode.NOT_FOR_ONESELF)
    day = japan_day(at)
    offices = [(role, board) for role, board in colleague.offices if role.valid_to is None or day <= role.valid_to]
    reaching = [_first(held, Place(role.organisation, board), role.role) for role, board in offices]
    found = [rule for rule in reaching if rule is not None]
    if not found:
        return Denied(DenialCode.NOT_IN_YOUR_CARE)
    if len(found) < len(reaching):
        return Denied(DenialCode.OFFICE_ELSEWHERE)
    return found[0].allowed


def may_handle(actor: Actor, duty: Duty, child: Child | None, at: datetime, policy: Policy) -> Allowed | Denied:
    """Whether the case of one child is the asker's to handle: the child sits, or sat, in reach of the office.

    The schools that have the child on their roll from today on, or ever had, count: a case outlives the last school
    day. Nobody handles the case of a child of whom they are entered as a carer of any kind: staff who are relatives act
    as relatives alone. ``child.care`` must hold the entries of the asker.
    """
    held = _entrusted(actor, duty, at, policy)
    if isinstance(held, Denied):
        return held
    if child is None:
        return Denied(DenialCode.UNKNOWN_CHILD)
    places = (Place(p.organisation, p.board, p.class_id) for p in child.placements)
    reaching = next((rule for rule in (_first(held, place) for place in places) if rule is not None), None)
    if reaching is None:
        return Denied(DenialCode.NOT_IN_YOUR_CARE)
    if any(entry.carer_id == actor.person for entry in child.care):
        return Denied(DenialCode.RELATIVE_OF_CHILD)
    return reaching.allowed


def may_check_decision(
    actor: Actor, entered_by: UUID, child: Child | None, at: datetime, policy: Policy
) -> Allowed | Denied:
    """Whether ``actor`` may check what a colleague entered for a family: two officers are two people."""
    verdict = may_handle(actor, Duty.CHECK_FAMILY_DECISION, child, at, policy)
    if isinstance(verdict, Allowed) and actor.person == entered_by:
        return Denied(DenialCode.SECOND_PERSON_NEEDED)
    return verdict


def duties_of(actor: Actor, at: datetime, policy: Policy) -> frozenset[Duty]:
    """The duties of the offices held at ``at``: what a page offers."""
    return frozenset(duty for duty in Duty if isinstance(may_do(actor, duty, at, policy), Allowed))


Held = list[tuple[Entrusted, RoleHeld]]

_WITHOUT_PERSON = (ActorKind.JOB, ActorKind.ORGANISATION)


def _entrusted(actor: Actor, duty: Duty, at: datetime, policy: Policy) -> Held | Denied:
    """The rules under which the asker has a duty now, in the policy's order, or why there is none."""
    if actor.kind is ActorKind.UNKNOWN or (actor.kind not in _WITHOUT_PERSON and actor.person is None):
        return Denied(DenialCode.SIGN_IN_NEEDED)
    day = japan_day(at)
    edition: Edition | None = policy.on(day)
    if edition is None:
        return Denied(DenialCode.NO_RULE)
    if actor.kind is not ActorKind.STAFF:
        return Denied(DenialCode.ROLE_NOT_FOR_DUTY)
    roles = [role for role in actor.roles if role.in_force_on(day)]
    if not roles:
        return Denied(DenialCode.ROLE_ENDED)
    asked = [(edition.offices.get((duty, role.role)), role) for role in roles]
    held = [(rule, role) for rule, role in asked if rule is not None]
    return sorted(held, key=lambda entry: entry[0].rank) if held else Denied(DenialCode.ROLE_NOT_FOR_DUTY)


def _first(held: Held, place: Place, to: StaffRole | None = None) -> Entrusted | None:
    """The first rule that reaches a place and, for a staff code, a holder of the role ``to``."""
    return next(
        (rule for rule, role in held if _reaches(rule, role, place) and (to is None or to in rule.to_roles)), None
    )


def _reaches(rule: Entrusted, role: RoleHeld, place: Place) -> bool:
    match rule.reach:
        case Reach.CLASS:
            return place.organisation == role.organisation and place.class_id in role.class_ids
        case Reach.SCHOOL:
            return place.organisation == role.organisation
        case Reach.NODE:
            return True
        case _:  # Reach.BOARD
            return role.organisation in (place.organisation, place.board)
