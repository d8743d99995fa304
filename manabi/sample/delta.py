"""The changes of the municipal roster since the bulk file: a move, a name, a new teacher, somebody taken off."""

from dataclasses import replace
from datetime import date
from pathlib import Path

from manabi.sample.cast import MOVER_SCENE
from manabi.sample.classes import class_id
from manabi.sample.days import DELTA_DAY, SCHOOL_YEAR, year_end
from manabi.sample.names import NameBook
from manabi.sample.oneroster import number_columns, write_package
from manabi.sample.people import Learner
from manabi.sample.registers import learner_id
from manabi.sample.roster import (
    Row,
    learner_row,
    staff_role,
    staff_row,
    student_enrollment,
    student_role,
    teacher_enrollment,
)
from manabi.sample.schools import Establisher, School
from manabi.sample.staff import StaffMember
from manabi.sample.world import World

MOVED_ON = date(2026, 11, 9)
"""The child of the cast is at the new school from this day; the last day at the old one is the Friday before."""

LAST_DAY = date(2026, 11, 6)


def write_delta(world: World, establisher: Establisher, path: Path) -> None:
    """Write the municipal delta zip."""
    files: dict[str, list[Row]] = {"users": [], "roles": [], "enrollments": []}
    _move(world, establisher, files)
    _rename(world, establisher, files)
    _replace_teacher(world, establisher, files)
    stamped = {name: [_stamp(row) for row in rows] for name, rows in files.items()}
    write_package(path, establisher, stamped, "delta")


def _stamp(row: Row) -> Row:
    return {"status": "active", "dateLastModified": f"{DELTA_DAY.isoformat()}T08:30:00.000Z"} | row


def _move(world: World, establisher: Establisher, files: dict[str, list[Row]]) -> None:
    mover = world.scene(MOVER_SCENE)[0]
    target = next(school for school in world.schools.elementary if school is not mover.now.school)
    number, public = number_columns(establisher.profile)
    home = class_id(target, SCHOOL_YEAR, mover.grade, 1)
    old = student_enrollment(establisher, mover)
    old |= {"endDate": LAST_DAY.isoformat(), number: str(mover.now.places[-1].number), public: "true"}
    new = old | {
        "sourcedId": f"{learner_id(establisher, mover)}-e2",
        "classSourcedId": home,
        "schoolSourcedId": target.sourced_id,
        "beginDate": MOVED_ON.isoformat(),
        "endDate": year_end(SCHOOL_YEAR).isoformat(),
        number: str(_next_number(world, target, mover)),
    }
    files["enrollments"] += [old, new]
    files["users"].append(
        learner_row(world, establisher, mover)
        | {"primaryOrgSourcedId": target.sourced_id, "metadata.jp.homeClass": home}
    )
    ended = student_role(establisher, mover, mover.now.school) | {"endDate": LAST_DAY.isoformat()}
    begun = student_role(establisher, mover, target) | {
        "sourcedId": f"{learner_id(establisher, mover)}-r2",
        "beginDate": MOVED_ON.isoformat(),
    }
    files["roles"] += [ended, begun]


def _next_number(world: World, school: School, mover: Learner) -> int:
    taken = [
        learner.now.places[-1].number
        for learner in world.learners
        if learner.now.school is school and learner.grade == mover.grade and learner.now.places[-1].class_number == 1
    ]
    return max(taken, default=0) + 1


def _rename(world: World, establisher: Establisher, files: dict[str, list[Row]]) -> None:
    """A girl of the cast whose mother remarried uses the stepfather's name at school no longer."""
    learner = next(learner for learner in world.learners if learner.name.preferred_family == "小川")
    plain = replace(
        learner.name, preferred_family="", preferred_given="", preferred_family_kana="", preferred_given_kana=""
    )
    files["users"].append(learner_row(world, establisher, replace(learner, name=plain)))


def _replace_teacher(world: World, establisher: Establisher, files: dict[str, list[Row]]) -> None:
    """A homeroom teacher of the last elementary school goes on leave; a new one takes the class over."""
    school = world.schools.elementary[-1]
    leaving = next(member for member in world.staff.members if member.school is school and member.class_)
    family = NameBook().known("東")
    newcomer = StaffMember(
        len(world.staff.members) + 1,
        replace(leaving.name, family=family.family, family_kana=family.kana),
        "teacher",
        establisher,
        school,
        leaving.class_,
        MOVED_ON,
    )
    files["users"].append(staff_row(world, newcomer))
    files["roles"].append(staff_role(newcomer))
    files["enrollments"] += [
        teacher_enrollment(leaving) | {"endDate": LAST_DAY.isoformat()},
        teacher_enrollment(newcomer) | {"beginDate": MOVED_ON.isoformat()},
    ]
    spare = next(member for member in world.staff.members if member.school is school and member.role == "teacher"
                 and not member.class_)  # fmt: skip
    files["roles"].append(staff_role(spare) | {"status": "tobedeleted"})
    files["users"].append(staff_row(world, spare) | {"status": "tobedeleted", "enabledUser": "false"})
