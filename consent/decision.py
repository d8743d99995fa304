"""May this person read this record now? The question, the rule, and whose log tells of it.

``decide`` is total: every question has an answer, and the answer is a value. First comes what is wrong with the asker,
whatever is asked for; then whether the child is theirs to ask about at all; only then the category. So nobody learns
from a refusal whether a child, or a record of a child, exists that is not in their care.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from consent.age import japan_day
from consent.authority import carers_who_read, refusal_to_carer
from consent.parties import Actor, Care, Child
from consent.placement import Placement, RoleHeld, placement_state
from consent.policy.model import Edition, Opening, Policy
from consent.verdict import Allowed, DenialCode, Denied, public_code
from consent.visibility import RELATION_OF_ROLE, has_in_care
from consent.vocabulary import ActorKind, Category, PlacementState, Relation

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
    "own_chain",
    "public_code",
    "viewer_classes",
]


@dataclass(frozen=True, slots=True)
class Read:
    """The question: ``child`` is None where no such child is known here; ``at`` is an aware instant (ValueError).

    ``original_sent`` says that the record is an original which has gone to the next school: what stays is the learner's
    copy, which no school uses (学校保健安全法施行規則8条).
    """

    actor: Actor
    child: Child | None
    category: Category
    at: datetime
    original_sent: bool = False

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError(f"Read.at must carry a time zone, got {self.at.isoformat()}")


def decide(read: Read, policy: Policy) -> Allowed | Denied:
    """Answer one read under the rules in force at its instant. Never raises; what no rule opens is denied.

    For an unknown child (``read.child`` is None) the category makes no difference to the answer.
    """
    if read.actor.kind in (ActorKind.JOB, ActorKind.ORGANISATION):  # organisations read by grant or dossier alone
        return Denied(DenialCode.NO_RULE)
    if read.actor.kind is ActorKind.UNKNOWN or read.actor.person is None:
        return Denied(DenialCode.SIGN_IN_NEEDED)
    day = japan_day(read.at)
    edition = policy.on(day)
    if edition is None:
        return Denied(DenialCode.NO_RULE)
    if read.actor.kind is ActorKind.STAFF:
        return _decide_for_staff(read, day, edition)
    if read.child is None:
        return Denied(DenialCode.UNKNOWN_CHILD)
    relation = Relation.SELF if read.actor.kind is ActorKind.LEARNER else Relation.CARER
    refused = _refusal_to_family(relation, read.actor.person, read.child, read.at, edition)
    if refused is not None:
        return Denied(refused)
    opening = edition.openings.get((read.category, relation))
    return Denied(DenialCode.NO_RULE) if opening is None else opening.allowed


def viewer_classes(child: Child, at: datetime, policy: Policy) -> tuple[str, ...]:
    """Whose chains an entry about ``child`` joins: the child's always, and that of each carer who may read at ``at``.

    ``child.care`` must hold the entries of every carer of the child. A carer to whom nothing is open joins none:
    neither a blocked, suspended or mere contact person, nor anyone once the child is of age.
    """
    edition = policy.at(at)
    if edition is None or Relation.CARER not in edition.opened_to:
        return ("child",)
    return ("child", *(f"carer:{carer}" for carer in carers_who_read(child.care, child.birth_date, at, edition)))


def own_chain(actor: Actor, child: Child | None, at: datetime, policy: Policy) -> str | Denied:
    """Return the chain of the access log that ``actor`` may read of ``child``: the own one, if there is one.

    The child reads theirs at any age; a carer theirs while anything of the child is open to them. Staff read records,
    never who else did. A refusal says no more than the refusal of a read would.
    """
    if child is not None and actor.kind is ActorKind.LEARNER and actor.person == child.learner:
        return "child"
    if child is not None and actor.kind is ActorKind.CARER:
        chain = f"carer:{actor.person}"
        if chain in viewer_classes(child, at, policy):
            return chain
    verdict = decide(Read(actor, child, Category.ENROLMENT, at), policy)
    return verdict if isinstance(verdict, Denied) else Denied(DenialCode.ROLE_NOT_FOR_CATEGORY)


def _refusal_to_family(
    relation: Relation, person: UUID, child: Child, at: datetime, edition: Edition
) -> DenialCode | None:
    """The learner reads their own record at any age; a carer by the rules of authority."""
    if relation is Relation.SELF:
        return None if child.learner == person else DenialCode.NOT_YOUR_RECORD
    return refusal_to_carer(person, child.care, child.birth_date, at, edition)


def _decide_for_staff(read: Read, day: date, edition: Edition) -> Allowed | Denied:
    """A role in force that sees anything at all, then whether this child is in its care, then the category."""
    roles = [role for role in read.actor.roles if role.in_force_on(day)]
    if not roles:
        return Denied(DenialCode.ROLE_ENDED)
    if edition.opened_to.isdisjoint(RELATION_OF_ROLE[role.role] for role in roles):
        return Denied(DenialCode.ROLE_NOT_FOR_CATEGORY)
    if read.child is None:
        return Denied(DenialCode.UNKNOWN_CHILD)
    reaching = _reaching(roles, read.child, read.category, day, edition)
    if reaching and read.original_sent:
        return Denied(DenialCode.ORIGINAL_SENT)
    if reaching:
        return min(reaching, key=lambda opening: opening.rank).allowed
    if not _in_care_at_all(roles, read.child, day, edition):
        return Denied(DenialCode.NOT_IN_YOUR_CARE)
    left = any(
        (read.category, RELATION_OF_ROLE[role.role]) in edition.openings
        and placement_state(read.child.placements, role.organisation, day) is PlacementState.FORMER
        for role in roles
    )
    return Denied(DenialCode.LEFT_SCHOOL if left else DenialCode.ROLE_NOT_FOR_CATEGORY)


def _in_care_at_all(roles: Iterable[RoleHeld], child: Child, day: date, edition: Edition) -> bool:
    """Whether anything of the child is open to one of the roles."""
    return any(
        has_in_care(role, child.placements, opening, day, edition)
        for role in roles
        for relation in (RELATION_OF_ROLE[role.role],)
        for opening in edition.openings.values()
        if opening.relation is relation
    )


def _reaching(
    roles: Iterable[RoleHeld], child: Child, category: Category, day: date, edition: Edition
) -> list[Opening]:
    """The openings of ``category`` through which one of the roles has the child in care."""
    asked = [(edition.openings.get((category, RELATION_OF_ROLE[role.role])), role) for role in roles]
    return [
        opening
        for opening, role in asked
        if opening is not None and has_in_care(role, child.placements, opening, day, edition)
    ]
