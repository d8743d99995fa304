"""The people who work at the schools, the boards and the node, now and in the years before."""

from dataclasses import dataclass
from datetime import date
from random import Random

from manabi.sample.classes import ClassTable, class_id
from manabi.sample.days import SCHOOL_YEAR
from manabi.sample.names import NameBook
from manabi.sample.people import Name
from manabi.sample.schools import Establisher, School, Schools

PRINCIPAL_TERM = 3
SPARE_TEACHERS = 4


@dataclass(frozen=True, slots=True)
class StaffMember:
    """Somebody in office now. `school` is None at a board; `class_` is the class a homeroom teacher leads."""

    number: int
    name: Name
    role: str
    establisher: Establisher
    school: School | None
    class_: tuple[int, int] | None
    since: date

    @property
    def sourced_id(self) -> str:
        """The id in OneRoster files."""
        return f"{self.establisher.prefix}-t-{self.number:05d}"

    @property
    def class_id(self) -> str:
        """The `sourcedId` of the class led, or nothing."""
        return class_id(self.school, SCHOOL_YEAR, *self.class_) if self.school and self.class_ else ""


@dataclass(frozen=True, slots=True)
class Faculty:
    """The teachers of one school over the years; the present ones come first."""

    principals: tuple[Name, ...]
    teachers: tuple[Name, ...]

    def principal(self, year: int) -> Name:
        """Who led the school in a year."""
        return self.principals[min((SCHOOL_YEAR - year) // PRINCIPAL_TERM, len(self.principals) - 1)]

    def homeroom(self, year: int, ordinal: int) -> Name:
        """Who led the class at a position among the classes of a year."""
        return self.teachers[(ordinal + (SCHOOL_YEAR - year) * 3) % len(self.teachers)]


@dataclass(frozen=True, slots=True)
class Staff:
    """Everybody in office, and the faculties by the school's index."""

    members: list[StaffMember]
    faculties: dict[int, Faculty]


def appoint_staff(schools: Schools, classes: ClassTable, seed: int) -> Staff:
    """Appoint everybody the sample needs; names come from the seed and the school alone."""
    book = NameBook()
    members: list[StaffMember] = []
    faculties: dict[int, Faculty] = {}

    def appoint(name: Name, role: str, where: Establisher | School, class_: tuple[int, int] | None = None) -> None:
        school = where if isinstance(where, School) else None
        establisher = where.establisher if isinstance(where, School) else where
        since = date(SCHOOL_YEAR - len(members) % 4, 4, 1) if role != "teacher" else date(SCHOOL_YEAR, 4, 1)
        members.append(StaffMember(len(members) + 1, name, role, establisher, school, class_, since))

    for school in schools.every:
        rng = Random(f"{seed}/staff/{school.code}")  # noqa: S311 - made-up people, not secrets

        def draw(rng: Random = rng) -> Name:
            return book.japanese(rng).adult(rng, "male" if rng.random() < 0.45 else "female")

        most = max((year.total for (index, _), year in classes.items() if index == school.index), default=0)
        faculty = Faculty(tuple(draw() for _ in range(5)), tuple(draw() for _ in range(most + SPARE_TEACHERS)))
        faculties[school.index] = faculty
        if school.closed_on:
            continue
        appoint(faculty.principal(SCHOOL_YEAR), "principal", school)
        appoint(draw(), "clerk", school)
        appoint(draw(), "nurse_teacher", school)
        now = classes.get((school.index, SCHOOL_YEAR))
        for grade, count in sorted(now.counts.items()) if now else ():
            for number in range(1, count + 1):
                teacher = faculty.homeroom(SCHOOL_YEAR, now.ordinal(grade, number)) if now else draw()
                appoint(teacher, "teacher", school, (grade, number))
        appoint(draw(), "teacher", school)
    rng = Random(f"{seed}/staff/boards")  # noqa: S311 - made-up people, not secrets
    for establisher in schools.establishers:
        roles = {"municipal": ("board_officer", "board_officer", "operator"), "prefectural": ("board_officer",)}
        for role in roles.get(establisher.key, ()):
            appoint(book.japanese(rng).adult(rng, "female" if rng.random() < 0.5 else "male"), role, establisher)
    return Staff(members, faculties)
