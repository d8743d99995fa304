"""The policy of a node as values: what is in force when, and the source of every rule.

``Policy`` holds every dated edition; a decision asks for the one in force at the instant of the question. Nothing here
decides: that is ``consent.authority``, ``consent.visibility`` and ``consent.decision``.
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from consent.age import BandStart, japan_day
from consent.verdict import Allowed, DenialCode
from consent.vocabulary import (
    ActClass,
    Basis,
    CarerState,
    Category,
    DecidesAs,
    Duty,
    HandlingClass,
    Lane,
    Move,
    PlacementState,
    PurposeCode,
    Reach,
    Relation,
    RetentionStart,
    StaffRole,
    Text,
)


class CitationKind(StrEnum):
    """What sort of source a rule rests on."""

    LAW = "law"
    ORDINANCE = "ordinance"  # 政令・省令
    GUIDELINE = "guideline"
    CASE = "case"
    SERVICE = "service"  # this service's own rule, at least as strict as the law


@dataclass(frozen=True, slots=True)
class Citation:
    """A source: the article in Japanese as it is cited, and in English."""

    key: str
    kind: CitationKind
    ja: str
    en: str


@dataclass(frozen=True, slots=True)
class Ages:
    """The ages that change rights (民法4条) and the bands of the child's own say."""

    adult_age: int
    bands: tuple[BandStart, ...]
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class BasisRule:
    """What a basis of care may do: read the child's record, and decide in each class of act.

    ``refused_as`` is the denial of a basis that may not read, None for one that may.
    """

    basis: Basis
    refused_as: DenialCode | None
    decides: Mapping[ActClass, DecidesAs]
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class StateRule:
    """What a state of care leaves of the basis. ``refused_as`` is None where the view is kept."""

    state: CarerState
    refused_as: DenialCode | None
    decides: bool
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class Opening:
    """One rule that opens a category to a relation. ``when`` is empty for the learner and for carers.

    ``allowed`` is the verdict given under this rule; it is always the same one.
    """

    rule: str
    category: Category
    relation: Relation
    when: frozenset[PlacementState]
    rank: int
    citations: tuple[Citation, ...]
    allowed: Allowed


@dataclass(frozen=True, slots=True)
class WithheldField:
    """A field that stays closed to some relations: they learn that it exists and how to ask for it."""

    category: Category
    field: str
    withheld_from: frozenset[Relation]
    label: Text
    notice: Text
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class Retention:
    """How long the school keeps its record, in whole years from a starting day, with what families should know."""

    years: int
    counted_from: RetentionStart
    note: Text
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class CategoryRule:
    """What a category is in law: how carefully handled, by whom, on what basis, for how long."""

    category: Category
    handling_class: HandlingClass
    handling_citations: tuple[Citation, ...]
    content: Text
    controller: Text
    legal_basis: tuple[Citation, ...]
    retention: Retention


@dataclass(frozen=True, slots=True)
class Entrusted:
    """One rule that entrusts a role with a duty. ``to_roles`` says whom staff codes may be issued to.

    ``allowed`` is the verdict given under this rule; it is always the same one.
    """

    rule: str
    duty: Duty
    role: StaffRole
    reach: Reach
    to_roles: frozenset[StaffRole]
    rank: int
    citations: tuple[Citation, ...]
    allowed: Allowed


@dataclass(frozen=True, slots=True)
class LaneRule:
    """On what ground a category moves with a move. ``incoming_only``: schools receive it and never send it.

    ``allowed`` is the verdict for the next school under a statutory lane; it is always the same one.
    """

    rule: str
    category: Category
    move: Move
    lane: Lane
    incoming_only: bool
    citations: tuple[Citation, ...]
    allowed: Allowed


@dataclass(frozen=True, slots=True)
class Review:
    """How many school days a family may look at what the law sends before it goes."""

    school_days: int
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class Closure:
    """Days without school that return every year, as (month, day), both included; they may pass New Year."""

    begin: tuple[int, int]
    end: tuple[int, int]
    name: Text

    def holds_on(self, day: date) -> bool:
        """Whether ``day`` lies in it."""
        on = (day.month, day.day)
        if self.begin <= self.end:
            return self.begin <= on <= self.end
        return on >= self.begin or on <= self.end


@dataclass(frozen=True, slots=True)
class SchoolCalendar:
    """On which days schools are closed: days of the week (Monday is 0), national holidays by name, closed periods."""

    weekend: frozenset[int]
    holidays: Mapping[date, Text]
    closures: tuple[Closure, ...]
    citations: tuple[Citation, ...]

    def is_open(self, day: date) -> bool:
        """Whether ``day`` is a school day."""
        return (
            day.weekday() not in self.weekend
            and day not in self.holidays
            and not any(closure.holds_on(day) for closure in self.closures)
        )


@dataclass(frozen=True, slots=True)
class PurposeRule:
    """What a purpose means in a sentence for families, the moves it goes with, and its term in the W3C DPV."""

    purpose: PurposeCode
    sentence: Text
    moves: frozenset[Move]
    dpv: str
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class ActRule:
    """How weighty it is to open a category in the consent lane."""

    category: Category
    act: ActClass
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class Edition:
    """All rules in force from ``begin`` to ``end``, both days included (None: until a later version is issued).

    ``opened_to`` are the relations that see anything at all.
    """

    begin: date
    end: date | None
    ages: Ages
    bases: Mapping[Basis, BasisRule]
    states: Mapping[CarerState, StateRule]
    categories: Mapping[Category, CategoryRule]
    openings: Mapping[tuple[Category, Relation], Opening]
    opened_to: frozenset[Relation]
    withheld: tuple[WithheldField, ...]
    offices: Mapping[tuple[Duty, StaffRole], Entrusted]
    lanes: Mapping[tuple[Category, Move], LaneRule]
    review: Review
    purposes: Mapping[PurposeCode, PurposeRule]
    calendar: SchoolCalendar
    acts: Mapping[Category, ActRule]


@dataclass(frozen=True, slots=True)
class Policy:
    """Every edition of a node's policy in order of time, without overlap, and every source they cite."""

    editions: tuple[Edition, ...]
    citations: Mapping[str, Citation]

    def on(self, day: date) -> Edition | None:
        """The edition in force on a Japanese day, None where no rule covers it."""
        if self.editions[-1].begin <= day:  # nearly every question is about now
            latest = self.editions[-1]
        else:
            index = bisect_right(self.editions, day, key=lambda edition: edition.begin)
            if index == 0:
                return None
            latest = self.editions[index - 1]
        return latest if latest.end is None or day <= latest.end else None

    def at(self, instant: datetime) -> Edition | None:
        """The edition in force at an aware instant."""
        return self.on(japan_day(instant))
