"""What the first page of staff shows, made from values."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from consent.offices import Place, Room
from consent.placement import RoleHeld
from consent.vocabulary import StaffRole, Text
from pds.intake.models import RunState
from pds.intake.service import RunView
from pds.look_back.words import Part
from pds.people.service import Office
from pds.school_work.home import find_needs, group_classes, held_on, name_grades, size_schools
from pds.school_work.queries import ClassLine, SchoolLine
from web.ruby import strip_readings

TODAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
EAST, WEST = UUID(int=1), UUID(int=2)


def office(role: StaffRole = StaffRole.TEACHER, school: UUID = EAST, **days: Any) -> tuple[Office, RoleHeld]:
    name = {EAST: "東小学校", WEST: "西中学校"}[school]
    begin, end = days.get("begin", date(2026, 4, 1)), days.get("end", date(2027, 3, 31))
    return Office(role, school, name), RoleHeld(role, school, frozenset(), begin, end)


def held(*offices: tuple[Office, RoleHeld]) -> Any:
    return held_on([one for one, _ in offices], [role for _, role in offices], TODAY)


def test_only_offices_of_today_are_held() -> None:
    past, coming = office(end=TODAY - timedelta(days=1)), office(StaffRole.CLERK, begin=TODAY + timedelta(days=1))
    assert held(past, coming) == ()
    (found,) = held(past, office(end=TODAY))
    assert (found.organisation_name, found.until, found.soon) == ("東小学校", TODAY, True)


def test_several_classes_of_a_school_are_one_office_until_the_last_of_them() -> None:
    (found,) = held(office(end=date(2026, 12, 1)), office(end=date(2027, 3, 31)))
    assert (found.until, found.soon) == (date(2027, 3, 31), False)
    (without_end,) = held(office(end=None), office())
    assert without_end.until is None
    assert len(held(office(), office(school=WEST), office(StaffRole.CLERK))) == 3


def line(name: str, *grades: str, school: str = "東小学校", special: bool = False, pupils: int = 30) -> ClassLine:
    return ClassLine(uuid4(), name, grades, special, school, Room(Place(EAST, None), 2026), pupils)


def test_classes_stand_by_school_grade_and_name_those_of_special_needs_last() -> None:
    lines = [
        line("1年2組", "P1"), line("なかよし", "P1", "P3", special=True), line("6年1組", "P6"), line("1年1組", "P1"),
        line("組", pupils=0),
    ]  # fmt: skip
    (school,) = group_classes(lines)
    assert [row.name for row in school.rows] == ["1年1組", "1年2組", "6年1組", "組", "なかよし"]
    assert school.pupils == 120
    two = group_classes([line("1年1組", "P1", school="西"), line("1年1組", "P1", school="東")])
    assert len(two) == 2


def test_grades_are_named_in_order() -> None:
    assert [bare(part) for part in name_grades(["P3", "P1"]).parts] == ["小学1年", "小学3年"]


def bare(part: Part) -> str:
    assert isinstance(part, Text)
    return strip_readings(part.ja)


def run(state: RunState, *, failed: bool = False, age: timedelta = timedelta(0)) -> RunView:
    return RunView(
        uuid4(),
        state,
        failed,
        "名簿.zip",
        1,
        None,
        None,
        NOW - age,
        None,
        None,
        None,
        None,
        None,
        None,
        None,
        None,
        None,
    )


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (run(RunState.CHECKED), "waits to be applied"),
        (run(RunState.REFUSED), "has errors"),
        (run(RunState.APPLYING, failed=True), "stopped"),
        (run(RunState.REFUSED, age=timedelta(days=3)), None),
        (run(RunState.CHECKING), None),
        (run(RunState.APPLIED), None),
        (run(RunState.UNDONE), None),
        (run(RunState.CLOSED), None),
    ],
)
def test_a_file_needs_somebody_while_it_waits_for_a_decision(seen: RunView, words: str | None) -> None:
    needs = find_needs((), [seen], (), 0, NOW)
    assert [words in need.sentence.msgid for need in needs if words] == ([True] if words else [])
    assert all(need.address == f"/staff/imports/{seen.run_id}/" for need in needs)


def test_lights_come_first_and_ending_offices_last() -> None:
    ending = held(office(end=TODAY + timedelta(days=30)), office(StaffRole.CLERK, end=TODAY + timedelta(days=31)))
    needs = find_needs(ending, [run(RunState.CHECKED)], (), 2, NOW)
    assert [need.address.split("/")[2] if need.address else "" for need in needs] == ["node", "imports", ""]
    assert needs[0].sentence.count == 2
    assert find_needs(held(office()), (), (), 0, NOW) == ()


def test_schools_without_a_roster_come_first_and_the_board_is_none() -> None:
    lines = [SchoolLine(name, kind, Place(UUID(int=number), None)) for number, (name, kind) in enumerate(
        [("教育委員会", "board"), ("東", "school"), ("西", "school")])]  # fmt: skip
    found = size_schools(lines, {UUID(int=1): (12, 300)})
    assert [(one.name, one.classes, one.pupils) for one in found] == [("西", 0, 0), ("東", 12, 300)]
