"""The roster of the year before, as a delta: whoever was enrolled at its end is counted for it, wherever they are now.

A bulk set shows the running year alone. A system that was in use before kept last year's homerooms as well, and a count
of last year asks who was enrolled on its last day.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from manabi.sample.classes import class_id, class_title
from manabi.sample.days import SCHOOL_YEAR, year_begin, year_end
from manabi.sample.oneroster import number_columns, write_package
from manabi.sample.people import Learner, Place
from manabi.sample.registers import learner_id
from manabi.sample.roster import Roll, Row, call_roll
from manabi.sample.schools import Establisher, School, grade_code
from manabi.sample.world import World

YEAR: Final = SCHOOL_YEAR - 1
LAST_DAY: Final = year_end(YEAR)


def write_last_year(world: World, establisher: Establisher, path: Path) -> bool:
    """Write last year's homerooms and who was in them when the year ended; False, writing nothing, where nobody was."""
    roll = call_roll(world, establisher)
    enrolments = list(_enrolments(roll))
    if not enrolments:
        return False
    files = {
        "academicSessions": [_session(establisher)],
        "courses": list(_courses(world, establisher)),
        "classes": list(_classes(world, establisher)),
        "enrollments": enrolments,
    }
    stamp = {"status": "active", "dateLastModified": f"{LAST_DAY.isoformat()}T08:30:00.000Z"}
    write_package(path, establisher, {name: [stamp | row for row in rows] for name, rows in files.items()}, "delta")
    return True


def _session(establisher: Establisher) -> Row:
    return {
        "sourcedId": _session_id(establisher),
        "title": f"{YEAR}年度",
        "type": "schoolYear",
        "startDate": year_begin(YEAR).isoformat(),
        "endDate": LAST_DAY.isoformat(),
        "schoolYear": str(YEAR),
    }


def _courses(world: World, establisher: Establisher) -> Iterator[Row]:
    for grade in sorted({grade for school in _schools(world, establisher) for grade in _counts(world, school)}):
        yield {
            "sourcedId": _course_id(establisher, grade),
            "schoolYearSourcedId": _session_id(establisher),
            "title": f"学級（{grade_code(grade)}）",
            "grades": grade_code(grade),
            "orgSourcedId": establisher.sourced_id,
        }


def _classes(world: World, establisher: Establisher) -> Iterator[Row]:
    for school in _schools(world, establisher):
        for grade, count in sorted(_counts(world, school).items()):
            for number in range(1, count + 1):
                yield {
                    "sourcedId": class_id(school, YEAR, grade, number),
                    "title": class_title(grade, number),
                    "grades": grade_code(grade),
                    "courseSourcedId": _course_id(establisher, grade),
                    "classCode": f"{grade_code(grade)}-{number}",
                    "classType": "homeroom",
                    "schoolSourcedId": school.sourced_id,
                    "termSourcedIds": _session_id(establisher),
                    "metadata.jp.specialNeeds": "false",
                }


def _enrolments(roll: Roll) -> Iterator[Row]:
    number, public = number_columns(roll.establisher.profile)
    for learner in sorted((*roll.present, *roll.former), key=lambda one: one.number):
        found = _place(roll.establisher, learner)
        if found is not None:
            school, place = found
            hidden = any(tie.contact_block for tie in learner.ties)
            yield {
                "sourcedId": f"{learner_id(roll.establisher, learner)}-e0",
                "classSourcedId": class_id(school, YEAR, place.grade, place.class_number),
                "schoolSourcedId": school.sourced_id,
                "userSourcedId": learner_id(roll.establisher, learner),
                "role": "student",
                "primary": "false",
                "beginDate": place.begin.isoformat(),
                "endDate": LAST_DAY.isoformat(),
                number: str(place.number),
                public: "false" if hidden else "true",
            }


def _place(establisher: Establisher, learner: Learner) -> tuple[School, Place] | None:
    """Return where a child was when last year ended, if it was at a school of this establisher.

    A child that finished school in March belongs to it until the year's last day.
    """
    at_the_end = [(stay, place) for stay in learner.stays for place in stay.places if place.school_year == YEAR]
    if not at_the_end:
        return None
    stay, place = at_the_end[-1]
    stayed = stay.graduated or stay.left_on is None or stay.left_on >= LAST_DAY
    return (stay.school, place) if stayed and stay.school.establisher is establisher else None


def _schools(world: World, establisher: Establisher) -> list[School]:
    return [school for school in world.schools.every if school.establisher is establisher]


def _counts(world: World, school: School) -> dict[int, int]:
    year = world.classes.get((school.index, YEAR))
    return {} if year is None else year.counts


def _session_id(establisher: Establisher) -> str:
    return f"{establisher.prefix}-y-{YEAR}"


def _course_id(establisher: Establisher, grade: int) -> str:
    return f"{establisher.prefix}-co-{YEAR}-{grade_code(grade)}"
