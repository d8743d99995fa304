"""May this person read this record now? The question, the rule, and whose log tells of it.

``decide`` is total: every question has an answer, and the answer is a value. What depends on the asker alone is judged
before anything that depends on the child, so that no refusal tells whether an unknown child exists.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from consent.age import japan_day
from consent.authority import Care, carers_who_read, refusal_to_carer
from consent.placement import Placement, RoleHeld
from consent.policy.model import Edition, Policy
from consent.verdict import Allowed, DenialCode, Denied, public_code
from consent.visibility import RELATION_OF_ROLE, has_in_care
from consent.vocabulary import ActorKind, Category, Relation

__all__ = [
    "Actor",
    "Allowed",
    "Care",
    "Child",
    "DenialCode",
    "Denied",
    "Placement",
    "Read",
    "RoleHeld",
    "decide",
    "public_code",
    "viewer_classes",
]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks. ``person`` is None only for jobs and for a caller who has not signed in."""

    kind: ActorKind
    person: UUID | None
    roles: tuple[RoleHeld, ...] = ()


@dataclass(frozen=True, slots=True)
class Child:
    """What the rules need to know of the child. Of ``care``, the entries of the asking carer suffice."""

    learner: UUID
    birth_date: date
    care: tuple[Care, ...] = ()
    placements: tuple[Placement, ...] = ()


@dataclass(frozen=True, slots=True)
class Read:
    """The question: ``child`` is None where no such child is known here; ``at`` is an aware instant (ValueError)."""

    actor: Actor
    child: Child | None
    category: Category
    at: datetime

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError(f"Read.at must carry a time zone, got {self.at.isoformat()}")


def decide(read: Read, policy: Policy) -> Allowed | Denied:
    """Answer one read under the rules in force at its instant. Never raises; what no rule opens is denied."""
    if read.actor.kind is ActorKind.JOB:
        return Denied(DenialCode.NO_RULE)
    if read.actor.kind is ActorKind.UNKNOWN or read.actor.person is None:
        return Denied(DenialCode.SIGN_IN_NEEDED)
    day = japan_day(read.at)
    edition = policy.on(day)
    if edition is None:
        return Denied(DenialCode.NO_RULE)
    if read.actor.kind is ActorKind.STAFF:
        return _decide_for_staff(read, day, edition)
    relation = Relation.SELF if read.actor.kind is ActorKind.LEARNER else Relation.CARER
    opening = edition.openings.get((read.category, relation))
    if opening is None:
        return Denied(DenialCode.NO_RULE)
    if read.child is None:
        return Denied(DenialCode.UNKNOWN_CHILD)
    refused = _refusal_to_family(relation, read.actor.person, read.child, read.at, edition)
    return opening.allowed if refused is None else Denied(refused)


def viewer_classes(child: Child, all_care: Iterable[Care], at: datetime, policy: Policy) -> tuple[str, ...]:
    """Whose chains an entry about ``child`` joins: the child's always, and that of each carer who may read at ``at``.

    ``all_care`` are the entries of every carer of the child. A carer whom nothing is open to joins none: neither a
    blocked, suspended or mere contact person, nor anyone once the child is of age.
    """
    edition = policy.at(at)
    if edition is None or not any(relation is Relation.CARER for _, relation in edition.openings):
        return ("child",)
    return ("child", *(f"carer:{carer}" for carer in carers_who_read(all_care, child.birth_date, at, edition)))


def _refusal_to_family(
    relation: Relation, person: UUID, child: Child, at: datetime, edition: Edition
) -> DenialCode | None:
    """The learner reads their own record at any age; a carer by the rules of authority."""
    if relation is Relation.SELF:
        return None if child.learner == person else DenialCode.NOT_YOUR_RECORD
    return refusal_to_carer(person, child.care, child.birth_date, at, edition)


def _decide_for_staff(read: Read, day: date, edition: Edition) -> Allowed | Denied:
    """Roles in force, then what those roles may ever see, then whether this child is in their care."""
    roles = [role for role in read.actor.roles if role.in_force_on(day)]
    if not roles:
        return Denied(DenialCode.ROLE_ENDED)
    openings = [(edition.openings.get((read.category, RELATION_OF_ROLE[role.role])), role) for role in roles]
    open_to = [(opening, role) for opening, role in openings if opening is not None]
    if not open_to:
        return Denied(DenialCode.ROLE_NOT_FOR_CATEGORY)
    if read.child is None:
        return Denied(DenialCode.UNKNOWN_CHILD)
    reaching = [o for o, role in open_to if has_in_care(role, read.child.placements, o, day, edition)]
    if not reaching:
        return Denied(DenialCode.NOT_IN_YOUR_CARE)
    return min(reaching, key=lambda opening: opening.rank).allowed
