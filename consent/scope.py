"""What a request asks for and a grant opens: categories with their school years, and the terms around them.

Scopes and terms form a meet semilattice: ``meet`` is what two agree on, ``within`` its order. Both sides of an
agreement therefore only ever take away, and the order in which they do so does not matter.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Self

from consent.vocabulary import Category, Frequency, Member, Mode

FIRST_SCHOOL_YEAR, LAST_SCHOOL_YEAR = 1947, 2200
"""School years a scope may name; 1947 is the first under the School Education Act."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Categories with the school years each is opened for; in normal form, so that equal scopes are equal values.

    ``entries`` are sorted by category; years ascend; no category is without a year. Build one with ``of``.
    """

    entries: tuple[tuple[Category, tuple[int, ...]], ...] = ()

    @classmethod
    def of(cls, mapping: Mapping[Category, Iterable[int]]) -> Self:
        """Return the normal form. Raises ValueError for a school year out of range."""
        named = {category: tuple(sorted(set(years))) for category, years in mapping.items()}
        for category, years in named.items():
            if years and not FIRST_SCHOOL_YEAR <= years[0] <= years[-1] <= LAST_SCHOOL_YEAR:
                raise ValueError(f"{category}: school years lie between {FIRST_SCHOOL_YEAR} and {LAST_SCHOOL_YEAR}")
        return cls(tuple(sorted((category, years) for category, years in named.items() if years)))

    @classmethod
    def from_wire(cls, items: object) -> Self:
        """Read the wire form. Raises ValueError, which names the place of what is wrong."""
        if not isinstance(items, Sequence) or isinstance(items, str | bytes):
            raise ValueError("categories: expected a list")
        named: dict[Category, tuple[int, ...]] = {}
        for index, item in enumerate(items):
            category, years = _read_item(f"categories[{index}]", item)
            if category in named:
                raise ValueError(f"categories[{index}].category: {category} stands twice")
            named[category] = years
        return cls.of(named)

    def to_wire(self) -> list[dict[str, object]]:
        """Return the scope as it travels in requests, tokens and receipts."""
        return [{"category": category.value, "school_years": list(years)} for category, years in self.entries]

    @property
    def categories(self) -> tuple[Category, ...]:
        """The categories opened, in the order of their names."""
        return tuple(category for category, _ in self.entries)

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all is opened."""
        return not self.entries

    def years(self, category: Category) -> tuple[int, ...]:
        """The school years opened of a category, empty where it is not."""
        return next((years for named, years in self.entries if named is category), ())

    def covers(self, category: Category, school_year: int) -> bool:
        """Whether a category is opened for a school year."""
        return school_year in self.years(category)

    def within(self, other: "Scope") -> bool:
        """Whether everything opened here is opened by ``other``."""
        return all(set(years) <= set(other.years(category)) for category, years in self.entries)

    def meet(self, other: "Scope") -> "Scope":
        """Return what both open."""
        return Scope.of({category: set(years) & set(other.years(category)) for category, years in self.entries})

    def without(self, category: Category) -> "Scope":
        """Return the scope with a category struck."""
        return Scope(tuple(entry for entry in self.entries if entry[0] is not category))

    def without_years(self, category: Category, school_years: Iterable[int]) -> "Scope":
        """Return the scope with some years of a category struck."""
        struck = frozenset(school_years)
        return Scope.of({named: set(years) - (struck if named is category else set()) for named, years in self.entries})


@dataclass(frozen=True, slots=True)
class Terms:
    """A scope and the conditions it is opened under.

    ``until`` is an aware instant, exclusive: an end given as a date includes that whole Japanese day. ``erase_on`` is
    the last day on which a stored copy may exist; None leaves it to the recipient's own retention rule.
    """

    scope: Scope
    mode: Mode
    until: datetime
    erase_on: date | None
    frequency: Frequency

    def __post_init__(self) -> None:
        if self.until.tzinfo is None:
            raise ValueError(f"Terms.until must carry a time zone, got {self.until.isoformat()}")

    @classmethod
    def from_wire(cls, parts: object) -> Self:
        """Read the wire form; other members beside its five are left to the caller.

        Raises ValueError, which names the place of what is wrong.
        """
        if not isinstance(parts, Mapping):
            raise ValueError("terms: expected an object")
        for name in _MEMBERS:
            if name not in parts:
                raise ValueError(f"{name}: is missing")
        return cls(
            scope=Scope.from_wire(parts["categories"]),
            mode=_read_member("mode", parts["mode"], Mode),
            until=_read_instant("until", parts["until"]),
            erase_on=None if parts["erase_on"] is None else _read_day("erase_on", parts["erase_on"]),
            frequency=_read_member("frequency", parts["frequency"], Frequency),
        )

    def to_wire(self) -> dict[str, object]:
        """Return the terms as they travel in requests, tokens and receipts; ``until`` in UTC."""
        return {
            "categories": self.scope.to_wire(),
            "mode": self.mode.value,
            "until": self.until.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "erase_on": None if self.erase_on is None else self.erase_on.isoformat(),
            "frequency": self.frequency.value,
        }

    def within(self, other: "Terms") -> bool:
        """Whether these terms open no more, in no respect, than ``other``."""
        return (
            self.scope.within(other.scope)
            and _MODES.index(self.mode) <= _MODES.index(other.mode)
            and self.until <= other.until
            and (self.erase_on or date.max) <= (other.erase_on or date.max)
            and _FREQUENCIES.index(self.frequency) <= _FREQUENCIES.index(other.frequency)
        )

    def meet(self, other: "Terms") -> "Terms":
        """Return the narrower of the two in every respect."""
        ends = [day for day in (self.erase_on, other.erase_on) if day is not None]
        return Terms(
            scope=self.scope.meet(other.scope),
            mode=min(self.mode, other.mode, key=_MODES.index),
            until=min(self.until, other.until),
            erase_on=min(ends, default=None),
            frequency=min(self.frequency, other.frequency, key=_FREQUENCIES.index),
        )


_MODES = (Mode.VIEW, Mode.STORE)
_FREQUENCIES = (Frequency.ONCE, Frequency.REPEATED)
_MEMBERS = ("categories", "mode", "until", "erase_on", "frequency")


def _read_item(place: str, item: object) -> tuple[Category, tuple[int, ...]]:
    if not isinstance(item, Mapping) or set(item) != {"category", "school_years"}:
        raise ValueError(f"{place}: expected category and school_years, and nothing else")
    try:
        category = Category(item["category"])
    except ValueError:
        raise ValueError(f"{place}.category: unknown category") from None
    years = item["school_years"]
    if not isinstance(years, Sequence) or isinstance(years, str | bytes) or not years:
        raise ValueError(f"{place}.school_years: expected a list with at least one year")
    for position, year in enumerate(years):
        if type(year) is not int or not FIRST_SCHOOL_YEAR <= year <= LAST_SCHOOL_YEAR:
            raise ValueError(f"{place}.school_years[{position}]: expected a school year such as 2026")
    if len(set(years)) < len(years):
        raise ValueError(f"{place}.school_years: a year stands twice")
    return category, tuple(years)


def _read_member(place: str, value: object, enum: type[Member]) -> Member:
    try:
        return enum(str(value))
    except ValueError:
        raise ValueError(f"{place}: expected one of {', '.join(member.value for member in enum)}") from None


def _read_instant(place: str, value: object) -> datetime:
    try:
        instant = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise ValueError(f"{place}: expected an instant with its offset, such as 2027-03-31T15:00:00Z")
    return instant


def _read_day(place: str, value: object) -> date:
    try:
        return date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise ValueError(f"{place}: expected a date written YYYY-MM-DD") from None
