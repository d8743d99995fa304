"""A hundred made-up municipalities over all prefectures, and their children as far as a national count asks.

Nobody here has a name or a record: a child is a grade, a sex and a year's days of absence, drawn from a seed, so that
a municipality of forty thousand children costs no disk and can be drawn again, child by child, whenever it is counted.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Final

from manabi.sample.tables import table

GRADES: Final = ("P1", "P2", "P3", "P4", "P5", "P6", "J1", "J2", "J3")
SEXES: Final = ("male", "female")
LONG_ABSENCE: Final = 30
"""Days of absence in a school year from which the yearly survey speaks of a long absence."""

_SHARES: Final = {1: (1.0,), 2: (0.6, 0.4), 3: (0.45, 0.32, 0.23)}
"""How a prefecture's children spread over its municipalities, the largest first."""
_SAMPLED: Final = 0.13
"""The share of the country's children that these municipalities stand for: about 1.2 million."""
_SCHOOL_DAYS: Final = 200
_FIRST_NUMBER: Final = 9301
_CITY: Final = 4000
"""Children from which a municipality is a city: a population of about 50,000."""


@dataclass(frozen=True, slots=True)
class Municipality:
    """One municipality's board: its six-digit code (the prefecture's two first), name, and children of P1 to J3."""

    code: str
    name: str
    prefecture: str
    learners: int

    @property
    def board(self) -> str:
        """The name of its board of education."""
        return f"{self.name}教育委員会"


@dataclass(frozen=True, slots=True)
class CountedChild:
    """What a count asks of one child: grade, sex, and the days of absence of the year."""

    grade: str
    sex: str
    absent: int


@cache
def municipalities() -> tuple[Municipality, ...]:
    """Return all of them, by code. Their numbers begin at 9301, which no real board bears."""
    found: list[Municipality] = []
    for prefecture, words in table("municipalities")["prefectures"].items():
        names = words["municipalities"]
        for at, (name, share) in enumerate(zip(names, _SHARES[len(names)], strict=True)):
            learners = round(words["children_thousands"] * 1000 * _SAMPLED * share)
            named = f"{name}{'市' if learners >= _CITY else '町'}"
            found.append(Municipality(f"{prefecture}{_FIRST_NUMBER + at}", named, prefecture, learners))
    return tuple(found)


def children(of: Municipality, seed: int) -> Iterator[CountedChild]:
    """Draw a municipality's children one by one; the same seed always gives the same children."""
    rng = Random(f"{seed}:{of.code}")  # noqa: S311 — made-up children, drawn again the same every time
    local = rng.uniform(0.8, 1.2)
    for number in range(of.learners):
        grade, sex = GRADES[number % len(GRADES)], SEXES[rng.random() < 0.488]
        if rng.random() < _per_mille()[grade] * local / 1000:
            absent = LONG_ABSENCE + int(rng.random() ** 2 * (_SCHOOL_DAYS - LONG_ABSENCE))
        else:
            absent = int(rng.random() ** 2 * LONG_ABSENCE)
        yield CountedChild(grade, sex, absent)


@cache
def _per_mille() -> dict[str, int]:
    shares: dict[str, int] = table("municipalities")["long_absence_per_mille"]
    return shares
