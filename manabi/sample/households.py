"""Fills the municipality: the cast first, then drawn households until the wished number of learners is reached."""

from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import accumulate
from random import Random

from manabi.sample.arrangements import WEIGHTS, Arrangement, Bond, Home, Registry, arrange
from manabi.sample.cast import CAST, Part, Scene
from manabi.sample.names import Family, NameBook
from manabi.sample.paths import Way, first_year_of, plan_stays
from manabi.sample.people import Absence, Carer, Learner, Name, Sex
from manabi.sample.schools import Schools
from manabi.sample.tables import table

_SIBLINGS = (0.45, 0.87, 1.0)
_KINDS = tuple(WEIGHTS)
_KIND_WEIGHTS = tuple(accumulate(WEIGHTS.values()))
_GRADES = tuple(range(1, 13))
_GRADE_WEIGHTS = tuple(accumulate([1.0] * 9 + [0.15] * 3))
_REFUSAL_BEGINS = (2, 3, 4, 5, 5, 6, 7, 7, 7, 8, 8, 9)
_BORN_APART = timedelta(days=310)


@dataclass(frozen=True, slots=True)
class Population:
    """Everybody outside the schools' staff; `scenes` gives the numbers of the learners of each scene of the cast."""

    learners: list[Learner]
    carers: list[Carer]
    scenes: tuple[tuple[int, ...], ...]


def populate(learners: int, seed: int, schools: Schools) -> Population:
    """Draw the population of a sample; the same seed and schools give the same people."""
    rng = Random(f"{seed}/households")  # noqa: S311 - made-up people, not secrets
    settlers = _Settlers(rng, schools, learners)
    scenes = tuple(settlers.settle_scene(scene) for scene in CAST)
    while len(settlers.learners) < learners:
        settlers.settle_drawn(learners - len(settlers.learners))
    return Population(settlers.learners, settlers.registry.carers, scenes)


class _Settlers:
    def __init__(self, rng: Random, schools: Schools, target: int) -> None:
        self.rng = rng
        self.schools = schools
        self.learners: list[Learner] = []
        self.book = NameBook()
        self.registry = Registry(self.book, schools.municipality)
        self._private_left = min(600, max(1, target * 3 // 100))
        self._senior_left = min(900, max(3, target * 4 // 100))

    def settle_scene(self, scene: Scene) -> tuple[int, ...]:
        zone = scene.zone % len(self.schools.elementary)
        return self._settle(self.book.known(scene.family), scene.arrangement, scene.children, zone)

    def settle_drawn(self, most: int) -> None:
        rng = self.rng
        count = min(most, bisect(_SIBLINGS, rng.random()) + 1)
        grades: set[int] = set()
        while len(grades) < count:
            grade = _GRADES[bisect(_GRADE_WEIGHTS, rng.random() * _GRADE_WEIGHTS[-1])]
            if grade < 10:
                grades.add(grade)
            elif grade not in grades and self._senior_left > 0:
                self._senior_left -= 1
                grades.add(grade)
        zone = int(rng.random() * len(self.schools.elementary))
        north = zone == 0 and rng.random() < 0.5
        parts = tuple(self._draw_part(grade, north) for grade in sorted(grades, reverse=True))
        kind = _KINDS[bisect(_KIND_WEIGHTS, rng.random() * _KIND_WEIGHTS[-1])]
        self._settle(self.book.draw(rng), kind, parts, zone)

    def _draw_part(self, grade: int, north: bool) -> Part:
        rng = self.rng
        sex: Sex = "male" if rng.random() < 0.512 else "female"
        private = 7 <= grade <= 9 and self._private_left > 0 and rng.random() < 0.09
        self._private_left -= private
        arrived = 2 + int(rng.random() * (grade - 1)) if grade > 1 and rng.random() < 0.09 else 0
        switched = 0
        if not arrived and len(self.schools.elementary) > 1 and grade > 1 and rng.random() < 0.05:
            switched = 2 + int(rng.random() * (min(grade, 6) - 1))
        absence, absent_grades = self._draw_absence(grade)
        return Part(
            grade, sex, north=north, private=private, arrived=min(arrived, 9), switched=switched,
            mid_year=rng.random() < 0.35, absence=absence, absent_grades=absent_grades,
        )  # fmt: skip

    def _draw_absence(self, grade: int) -> tuple[Absence, tuple[int, ...]]:
        drawn = self.rng.random()
        if drawn >= 0.115:
            return Absence.NONE, ()
        start = _REFUSAL_BEGINS[int(self.rng.random() * len(_REFUSAL_BEGINS))]
        if drawn < 0.105:
            return Absence.SCHOOL_REFUSAL, tuple(range(start, start + 1 + int(self.rng.random() * 3)))
        start = 1 + int(self.rng.random() * grade)
        return (Absence.ILLNESS if drawn < 0.111 else Absence.OTHER), (start,)

    def _settle(
        self, family: Family, kind: Arrangement, parts: Sequence[Part], zone: int
    ) -> tuple[int, ...]:  # fmt: skip
        address = self._address()
        bonds = arrange(kind, Home(self.rng, family, address, self.registry))
        births: list[date] = []
        numbers = []
        for part in parts:
            birth = part.birth or self._birth(part.grade, births)
            births.append(birth)
            told = "" if kind is Arrangement.BLOCKED else address
            learner = self._learner(part, family, birth, bonds, zone, told)
            self.learners.append(learner)
            numbers.append(learner.number)
        return tuple(numbers)

    def _learner(
        self, part: Part, family: Family, birth: date, bonds: tuple[Bond, ...], zone: int, address: str
    ) -> Learner:
        places = table("places")
        outside = places["outside_junior_schools"] if part.arrived > 6 else places["outside_schools"]
        name, address_of_school = outside[int(self.rng.random() * len(outside))]
        north = part.north if part.north is not None else False
        way = Way(zone, north and zone == 0, part.private, part.arrived, part.switched, part.mid_year,
                  (name, address_of_school))  # fmt: skip
        return Learner(
            len(self.learners) + 1,
            self._name(part, family),
            part.sex,
            birth,
            part.grade,
            address,
            places["kindergartens"][int(self.rng.random() * len(places["kindergartens"]))],
            tuple(bond.to(birth) for bond in bonds),
            plan_stays(way, part.grade, self.schools),
            part.absence,
            frozenset(part.absent_grades),
        )

    def _name(self, part: Part, family: Family) -> Name:
        name = family.child(self.rng, part.sex)
        if part.given:
            name = Name(family.family, part.given[0], family.kana, part.given[1])
        if part.preferred:
            daily, kana = part.preferred
            name = replace(name, preferred_family=daily, preferred_given=name.given,
                           preferred_family_kana=kana, preferred_given_kana=name.given_kana)  # fmt: skip
        return name

    def _birth(self, grade: int, siblings: Sequence[date]) -> date:
        begin = date(first_year_of(grade) - 7, 4, 2)
        days = (date(begin.year + 1, 4, 1) - begin).days + 1
        birth = begin
        for _ in range(40):
            birth = begin + timedelta(days=int(self.rng.random() * days))
            if all(abs(birth - sibling) >= _BORN_APART for sibling in siblings):
                break
        return birth

    def _address(self) -> str:
        places, rng = table("places"), self.rng
        town = places["towns"][int(rng.random() * len(places["towns"]))]
        block, number, house = (int(rng.random() * most) + 1 for most in (6, 30, 20))
        return f"{self.schools.municipality}{town}{block}丁目{number}番{house}号"
