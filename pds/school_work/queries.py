"""What staff pages read across rooms: schools, classes, who sits in them today, and who works there. Read only.

Enrolments of the viewer's own organisations are visible once the context names the person; names of children only
after the context names the children as well.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, distinct, func, select
from sqlalchemy.orm import Session

from consent.offices import Colleague, Place, Room
from consent.placement import RoleHeld
from consent.vocabulary import StaffRole as Role
from pds.organisations.models import Enrolment, Organisation, SchoolClass
from pds.people.models import Staff, StaffRole


@dataclass(frozen=True, slots=True)
class ClassLine:
    """A class with its school, and how many children sit in it today."""

    class_id: UUID
    name: str
    grades: tuple[str, ...]
    special_needs: bool
    organisation_name: str
    room: Room
    pupils: int

    @property
    def organisation(self) -> UUID:
        """The school."""
        return self.room.place.organisation


@dataclass(frozen=True, slots=True)
class Seat:
    """A child's place in a class with the attendance number (出席番号)."""

    learner: UUID
    number: int | None


@dataclass(frozen=True, slots=True)
class SchoolLine:
    """A school, or a board itself, as a list shows it."""

    name: str
    kind: str
    place: Place

    @property
    def organisation(self) -> UUID:
        """The school or board."""
        return self.place.organisation


@dataclass(frozen=True, slots=True)
class StaffLine:
    """A member of staff with roles, as a list shows them."""

    staff: UUID
    name: str
    reading: str
    roles: tuple[RoleHeld, ...]


def classes_of(
    session: Session, organisations: Iterable[UUID], school_year: int, day: date, *, only: Iterable[UUID] | None = None
) -> list[ClassLine]:
    """Return the classes of some schools in one school year, or of these the ones in `only`."""
    wanted = _classes(day).where(
        SchoolClass.organisation_id.in_(list(organisations)), SchoolClass.school_year == school_year
    )
    if only is not None:
        wanted = wanted.where(SchoolClass.class_id.in_(list(only)))
    return [_class_line(row) for row in session.execute(wanted)]


def find_class(session: Session, class_id: UUID, day: date) -> ClassLine | None:
    """Return one class of any school and year."""
    row = session.execute(_classes(day).where(SchoolClass.class_id == class_id)).first()
    return None if row is None else _class_line(row)


def seats_of(session: Session, class_id: UUID, day: date) -> list[Seat]:
    """Return who sits in a class on a day, by attendance number; those without one come last."""
    rows = session.execute(
        select(Enrolment.learner_id, Enrolment.number)
        .where(Enrolment.class_id == class_id, *_seated(day))
        .order_by(Enrolment.number.nulls_last(), Enrolment.learner_id)
    )
    return [Seat(row.learner_id, row.number) for row in rows]


def schools_of(session: Session, boards: Iterable[UUID], day: date) -> list[SchoolLine]:
    """Return boards with the schools under them that are open on a day: each board first, then its schools by code."""
    wanted = list(boards)
    rows = session.execute(
        select(Organisation)
        .where(
            Organisation.withdrawn.is_(False),
            Organisation.organisation_id.in_(wanted) | Organisation.parent_id.in_(wanted),
            Organisation.valid_to.is_(None) | (Organisation.valid_to >= day),
        )
        .order_by(Organisation.kind == "school", Organisation.code)
    ).scalars()
    return [SchoolLine(row.name, row.kind, Place(row.organisation_id, row.parent_id)) for row in rows]


def sizes_of(session: Session, schools: Iterable[UUID], school_year: int, day: date) -> dict[UUID, tuple[int, int]]:
    """Return how many classes of a school year each school has, and how many children sit in them on a day."""
    classes = (
        select(SchoolClass.organisation_id, SchoolClass.class_id)
        .where(
            SchoolClass.organisation_id.in_(list(schools)),
            SchoolClass.school_year == school_year,
            SchoolClass.withdrawn.is_(False),
        )
        .subquery()
    )
    rows = session.execute(
        select(
            classes.c.organisation_id,
            func.count(distinct(classes.c.class_id)),
            func.count(distinct(Enrolment.learner_id)),
        )
        .outerjoin(Enrolment, and_(Enrolment.class_id == classes.c.class_id, *_seated(day)))
        .group_by(classes.c.organisation_id)
    )
    return {school: (rooms, pupils) for school, rooms, pupils in rows}


def staff_of(session: Session, organisation: UUID, day: date) -> list[tuple[StaffLine, Colleague]]:
    """Return who holds a role at an organisation on a day or takes one up later, by name as it is read."""
    here = (
        select(StaffRole.staff_id)
        .where(
            StaffRole.organisation_id == organisation,
            StaffRole.withdrawn.is_(False),
            StaffRole.valid_to.is_(None) | (StaffRole.valid_to >= day),
        )
        .scalar_subquery()
    )
    return [
        (replace(line, roles=tuple(role for role in line.roles if _here(role, organisation, day))), colleague)
        for line, colleague in _staff(session, Staff.staff_id.in_(here))
    ]


def find_colleague(session: Session, staff: UUID) -> tuple[StaffLine, Colleague] | None:
    """Return a member of staff with every office anywhere, as the rules judge them."""
    return next(iter(_staff(session, Staff.staff_id == staff)), None)


def _staff(session: Session, wanted: ColumnElement[bool]) -> list[tuple[StaffLine, Colleague]]:
    rows = session.execute(
        select(Staff, StaffRole, Organisation.parent_id)
        .outerjoin(StaffRole, and_(StaffRole.staff_id == Staff.staff_id, StaffRole.withdrawn.is_(False)))
        .outerjoin(Organisation, Organisation.organisation_id == StaffRole.organisation_id)
        .where(wanted, Staff.withdrawn.is_(False))
        .order_by(Staff.reading, Staff.staff_id, StaffRole.valid_from)
    )
    found: dict[UUID, tuple[StaffLine, Colleague]] = {}
    for person, role, board in rows:
        line, colleague = found.get(person.staff_id) or (
            StaffLine(person.staff_id, person.name, person.reading, ()),
            Colleague(person.staff_id, ()),
        )
        held = () if role is None else (_role(role),)
        found[person.staff_id] = (
            replace(line, roles=line.roles + held),
            replace(colleague, offices=colleague.offices + tuple((office, board) for office in held)),
        )
    return list(found.values())


def _here(role: RoleHeld, organisation: UUID, day: date) -> bool:
    return role.organisation == organisation and (role.valid_to is None or day <= role.valid_to)


def _classes(day: date) -> Select[SchoolClass, str, UUID | None, int]:
    pupils = (
        select(func.count())
        .select_from(Enrolment)
        .where(Enrolment.class_id == SchoolClass.class_id, *_seated(day))
        .correlate(SchoolClass)
        .scalar_subquery()
        .label("pupils")
    )
    return (
        select(SchoolClass, Organisation.name.label("organisation_name"), Organisation.parent_id, pupils)
        .join(
            Organisation,
            and_(Organisation.organisation_id == SchoolClass.organisation_id, Organisation.withdrawn.is_(False)),
        )
        .where(SchoolClass.withdrawn.is_(False))
        .order_by(Organisation.code, SchoolClass.name)
    )


def _seated(day: date) -> tuple[ColumnElement[bool], ...]:
    return (Enrolment.withdrawn.is_(False), Enrolment.begin <= day, Enrolment.end >= day)


def _class_line(row: Row[SchoolClass, str, UUID | None, int]) -> ClassLine:
    found = row[0]
    place = Place(found.organisation_id, row.parent_id, found.class_id)
    return ClassLine(
        found.class_id, found.name, tuple(found.grades), found.special_needs, row.organisation_name,
        Room(place, found.school_year), row.pupils,
    )  # fmt: skip


def _role(row: StaffRole) -> RoleHeld:
    classes = frozenset({row.class_id} if row.class_id else ())
    return RoleHeld(Role(row.role), row.organisation_id, classes, row.valid_from, row.valid_to)
