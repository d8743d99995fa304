"""The whole sample in memory: schools, families, classes and staff, all drawn from one seed."""

from dataclasses import dataclass
from typing import Final

from manabi.sample.classes import ClassTable, form_classes
from manabi.sample.households import populate
from manabi.sample.people import Carer, Learner
from manabi.sample.schools import Schools, found_schools
from manabi.sample.staff import Staff, appoint_staff
from manabi.sample.tables import table

LEARNERS_PER_PAIR_OF_SCHOOLS = 900
MUNICIPALITIES: Final = tuple(table("places")["municipalities"])
"""Names of the municipalities there are word lists for, the usual one first."""


@dataclass(frozen=True, slots=True)
class World:
    """Everybody and everything the files are written from."""

    seed: int
    schools: Schools
    learners: list[Learner]
    carers: list[Carer]
    scenes: tuple[tuple[int, ...], ...]
    classes: ClassTable
    staff: Staff

    def scene(self, position: int) -> list[Learner]:
        """Return the learners of one scene of the cast."""
        return [self.learners[number - 1] for number in self.scenes[position]]


def usual_schools(learners: int) -> int:
    """Return how many schools per stage a municipality of so many learners would have."""
    return max(2, round(learners / LEARNERS_PER_PAIR_OF_SCHOOLS))


def make_world(learners: int, seed: int, schools_per_stage: int, municipality: str = MUNICIPALITIES[0]) -> World:
    """Draw a whole municipality; the same numbers and name always give the same world."""
    schools = found_schools(schools_per_stage, municipality)
    population = populate(learners, seed, schools)
    classes = form_classes(population.learners, seed)
    staff = appoint_staff(schools, classes, seed)
    return World(seed, schools, population.learners, population.carers, population.scenes, classes, staff)
