"""Who appears in the sample: children, the people who care for them, and their schooling."""

import uuid
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from hashlib import blake2b
from typing import Literal

from manabi.sample.schools import School

Sex = Literal["male", "female"]


@dataclass(frozen=True, slots=True)
class Name:
    """A registered name with its readings, and the name in daily use (通称) where it differs."""

    family: str
    given: str
    family_kana: str
    given_kana: str
    middle: str = ""
    middle_kana: str = ""
    preferred_family: str = ""
    preferred_given: str = ""
    preferred_family_kana: str = ""
    preferred_given_kana: str = ""

    @property
    def full(self) -> str:
        """The registered name on one line."""
        return " ".join(part for part in (self.family, self.middle, self.given) if part)

    @property
    def full_kana(self) -> str:
        """The reading on one line."""
        return " ".join(part for part in (self.family_kana, self.middle_kana, self.given_kana) if part)

    @property
    def preferred(self) -> str:
        """The name in daily use on one line, empty where it is the registered one."""
        return f"{self.preferred_family} {self.preferred_given}" if self.preferred_family else ""


@dataclass(frozen=True, slots=True)
class Carer:
    """An adult with a tie to one or more children. `number` is unique among carers."""

    number: int
    name: Name
    address: str


@dataclass(frozen=True, slots=True)
class Tie:
    """What one carer is to one child; the words are those of the layout `carer_authority`."""

    carer: Carer
    relationship: str
    basis: str
    valid_from: date
    state: str = "active"
    valid_to: date | None = None
    court_order: str = ""
    evidence: str = "family_register"
    contact_block: bool = False


class Start(StrEnum):
    """How a stay at a school began."""

    ENTRY = "entry"
    TRANSFER = "transfer"
    MERGER = "merger"
    OUTSIDE = "outside"


@dataclass(slots=True)
class Place:
    """One school year of a stay: grade, class and number, from the first to the last day."""

    school_year: int
    grade: int
    begin: date
    end: date
    class_number: int = 0
    number: int = 0


@dataclass(slots=True)
class Stay:
    """A child's time at one school. `left_on` is None while it lasts; `graduated` says how it ended."""

    school: School
    begin: date
    start: Start
    places: list[Place]
    left_on: date | None = None
    graduated: bool = False
    from_school: str = ""
    from_address: str = ""
    reason: str = ""


class Absence(StrEnum):
    """What keeps a child away from school for long, where anything does."""

    NONE = "none"
    SCHOOL_REFUSAL = "school_refusal"
    ILLNESS = "illness"
    OTHER = "other"


@dataclass(slots=True)
class Learner:
    """A child. `grade` counts from 1 (小1) to 12 (高3) in the running school year.

    `long_absence` names the reason and the grades in which it happened. `address` is empty where it must not be told.
    """

    number: int
    name: Name
    sex: Sex
    birth: date
    grade: int
    address: str
    prior_history: str
    ties: tuple[Tie, ...]
    stays: list[Stay] = field(default_factory=list)
    long_absence: Absence = Absence.NONE
    absent_grades: frozenset[int] = frozenset()

    @property
    def now(self) -> Stay:
        """The stay that lasts."""
        return self.stays[-1]


def master_id(seed: int, kind: str, number: int) -> str:
    """Return a person's `userMasterIdentifier`, a version 4 UUID; the same in the files of every establisher."""
    digest = blake2b(f"{seed}/{kind}/{number}".encode(), digest_size=16).digest()
    return str(uuid.UUID(bytes=digest, version=4))
