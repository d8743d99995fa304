"""May this person read this record now? The question, and the two kinds of answer.

A verdict is a value, never an exception: a denial is written to the access log like an allowance.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from consent.authority import Care
from consent.placement import Placement, RoleHeld
from consent.vocabulary import ActorKind, Category, Relation

__all__ = ["Actor", "Allowed", "Care", "Child", "DenialCode", "Denied", "Placement", "Read", "RoleHeld"]


class DenialCode(StrEnum):
    """Why a read was refused. Each code has a sentence that says what to do next (``consent.wording``)."""

    SIGN_IN_NEEDED = "sign_in_needed"
    NO_RULE = "no_rule"
    ROLE_ENDED = "role_ended"
    ROLE_NOT_FOR_CATEGORY = "role_not_for_category"
    CONTACT_ONLY = "contact_only"
    CARER_SUSPENDED = "carer_suspended"
    AUTHORITY_LOST = "authority_lost"
    CARE_ENDED = "care_ended"
    OF_AGE = "of_age"
    # The reason stays inside the log; the person asking is shown NOTHING_HERE for each of these.
    UNKNOWN_CHILD = "unknown_child"
    NOT_YOUR_RECORD = "not_your_record"
    NOT_YOUR_CHILD = "not_your_child"
    NOT_IN_YOUR_CARE = "not_in_your_care"
    CONTACT_BLOCKED = "contact_blocked"
    NOTHING_HERE = "nothing_here"


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
    """The question: ``child`` is None where no such child is known here; ``at`` is an aware instant."""

    actor: Actor
    child: Child | None
    category: Category
    at: datetime

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError(f"Read.at must carry a time zone, got {self.at.isoformat()}")


@dataclass(frozen=True, slots=True)
class Allowed:
    """Yes: as whom, under which rule and article, and which fields stay closed even so."""

    relation: Relation
    rule: str
    citation: str
    withheld_fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Denied:
    """No, and the reason for the log. What the person is shown is ``public_code`` of it."""

    code: DenialCode
