"""Puts the children of each school and year into classes, numbered in the order of their names' readings."""

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

from manabi.sample.people import Learner, Place
from manabi.sample.schools import School, grade_code

CLASS_SIZE = 35


@dataclass(frozen=True, slots=True)
class SchoolYear:
    """The classes of one school in one year: for each grade how many; `ordinal` counts them through the school."""

    counts: dict[int, int]

    def ordinal(self, grade: int, number: int) -> int:
        """Return the position of a class among all of the school's classes of the year."""
        return sum(count for other, count in self.counts.items() if other < grade) + number - 1

    @property
    def total(self) -> int:
        """How many classes there are."""
        return sum(self.counts.values())


ClassTable = dict[tuple[int, int], SchoolYear]
"""By the school's index and the school year."""


def form_classes(learners: Iterable[Learner], seed: int) -> ClassTable:
    """Give every place of every stay its class and number, and return the classes there are."""
    cohorts: dict[tuple[int, int, int], list[tuple[bool, str, str, int, Place]]] = {}
    for learner in learners:
        name = learner.name
        for stay in learner.stays:
            for place in stay.places:
                late = (place.begin.month, place.begin.day) != (4, 1)
                entry = (late, name.family_kana, name.given_kana, learner.number, place)
                cohorts.setdefault((stay.school.index, place.school_year, place.grade), []).append(entry)
    counts: dict[tuple[int, int], dict[int, int]] = {}
    for (school, year, grade), members in sorted(cohorts.items(), key=lambda item: item[0]):
        counts.setdefault((school, year), {})[grade] = _divide(members, f"{seed}/classes/{school}/{year}/{grade}")
    return {key: SchoolYear(found) for key, found in counts.items()}


def _divide(members: list[tuple[bool, str, str, int, Place]], label: str) -> int:
    members.sort(key=lambda entry: entry[:4])
    classes = -(-len(members) // CLASS_SIZE)
    drawn = [position % classes + 1 for position in range(len(members))]
    Random(label).shuffle(drawn)  # noqa: S311 - made-up people, not secrets
    numbers = [0] * (classes + 1)
    for (*_, place), class_number in zip(members, drawn, strict=True):
        numbers[class_number] += 1
        place.class_number, place.number = class_number, numbers[class_number]
    return classes


def class_id(school: School, year: int, grade: int, number: int) -> str:
    """Return the `sourcedId` of a class."""
    return f"{school.establisher.prefix}-cl-{year}-{school.index:03d}-{grade_code(grade)}-{number}"


def class_title(grade: int, number: int) -> str:
    """Return a class's full name, such as 3年1組."""
    return f"{grade_code(grade)[1]}年{number}組"
