"""What a plan counts of one child: each school's days once, the newest version, in the plan's own cells."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from pds.organisations.registry import OrganisationKind
from pds.statistics.areas import all_areas, areas_of
from pds.statistics.facts import (
    Counted,
    PlanNotUnderstood,
    RecordUnreadable,
    SchoolPart,
    belongs,
    fact_of,
    read_part,
    require_known,
    sum_up,
)
from pds.statistics.queries import SchoolRow
from tests.factories import bodies
from tests.factories.plans import make_plan

PLAN = make_plan()
AT = datetime(2026, 3, 25, tzinfo=UTC)
HERE, THERE = "B120299000018", "B113299900011"


def part(school: str = HERE, days: int = 10, *, own: bool = True, later: int = 0, version: int = 1) -> SchoolPart:
    return SchoolPart(school, "P5", days, own, AT + timedelta(days=later), version)


def counted(days: int, grade: str = "P5", sex: str = "female") -> Counted:
    return Counted(grade, sex, (SchoolPart(HERE, grade, days, True, AT, 1),))


def test_days_of_all_schools_of_the_year_add_up() -> None:
    found = sum_up(HERE, "female", [part(), part(THERE, 21, own=False)])
    assert found is not None
    assert (found.days, found.grade, found.sex) == (31, "P5", "female")


def test_each_school_counts_once_by_its_newest_version() -> None:
    older, newer = part(THERE, 21, own=False, version=2), part(THERE, 5, own=False, later=1)
    for order in ([part(), older, newer], [newer, part(), older]):
        found = sum_up(HERE, "male", order)
        assert found is not None
        assert found.days == 15


def test_the_nodes_own_record_counts_before_a_newer_copy() -> None:
    found = sum_up(HERE, "male", [part(days=3), part(days=200, own=False, later=9)])
    assert found is not None
    assert found.days == 3


def test_without_the_present_schools_record_nothing_is_counted() -> None:
    assert sum_up(HERE, "male", [part(THERE, 50, own=False)]) is None
    assert sum_up(HERE, "male", []) is None


def test_what_rosters_call_other_the_register_calls_unspecified() -> None:
    found = sum_up(HERE, "other", [part()])
    assert found is not None
    assert found.sex == "unspecified"


@pytest.mark.parametrize(("days", "cells"), [(29, 0), (30, 1), (366, 1), (0, 0)])
def test_at_least_so_many_days_is_one_in_one_cell(days: int, cells: int) -> None:
    fact = fact_of(PLAN, counted(days), establisher="209201", prefecture="20")
    assert len(fact.cells) == cells
    assert all(each == (("P5", "female"), 1) for each in fact.cells)


@pytest.mark.parametrize(("grade", "sex", "asked"), [("P5", "male", True), ("H1", "male", False), ("P5", "x", False)])
def test_only_the_plans_population_belongs(grade: str, sex: str, asked: bool) -> None:
    assert belongs(PLAN, counted(1, grade, sex)) is asked


@pytest.mark.parametrize("absent", [-1, 367, 3.0, True, "3", None])
def test_days_that_cannot_be_are_refused_by_the_records_name(absent: Any) -> None:
    body = bodies.guidance(2025, "P5", 0)
    body["attendance"]["absent"] = absent
    with pytest.raises(RecordUnreadable) as refused:
        read_part(PLAN, body, name="r", school=HERE, own=True, issued_at=AT, version=1)
    assert refused.value.params["record"] == "r"
    assert str(absent) not in str(refused.value.params["reason"])


@pytest.mark.parametrize("body", [{}, {"grade": "P5"}, {"grade": "P5", "attendance": None, "school_year": 2025}, []])
def test_a_body_that_is_no_guidance_record_is_refused(body: Any) -> None:
    with pytest.raises(RecordUnreadable):
        read_part(PLAN, body, name="r", school=HERE, own=True, issued_at=AT, version=1)


def test_a_record_of_another_year_is_refused() -> None:
    with pytest.raises(RecordUnreadable):
        read_part(PLAN, bodies.guidance(2024), name="r", school=HERE, own=True, issued_at=AT, version=1)


@pytest.mark.parametrize(("kind", "days"), [("yearly_absence", 28), ("yearly_non_attendance", 30)])
def test_the_plan_says_which_days_count(kind: str, days: int) -> None:
    plan, body = make_plan(fact__kind=kind), bodies.guidance(2025, "P5", 28)
    assert body["attendance"]["suspended"] == 2
    found = read_part(plan, body, name="r", school=HERE, own=True, issued_at=AT, version=1)
    assert found.days == days


def test_a_plan_that_asks_for_something_unknown_is_not_followed() -> None:
    require_known(PLAN)

    class Odd:
        fact = type("Fact", (), {"kind": "minutes"})
        base_dimensions = PLAN.base_dimensions

    with pytest.raises(PlanNotUnderstood):
        require_known(Odd())  # type: ignore[arg-type]


def test_boards_are_areas_and_all_others_one_stratum_of_the_node_in_each_prefecture() -> None:
    rows = [
        SchoolRow(UUID(int=1), HERE, OrganisationKind.BOARD, "209201"),
        SchoolRow(UUID(int=2), THERE, OrganisationKind.BOARD, "132012"),
        SchoolRow(UUID(int=3), "C120399900015", OrganisationKind.ESTABLISHER, "209999"),
        SchoolRow(UUID(int=4), "C113399900015", None, None),
        SchoolRow(UUID(int=5), HERE, OrganisationKind.BOARD, "not a code"),
    ]
    found = all_areas(areas_of("a.node", rows))
    assert found.establishers == ("132012", "13x-a.node", "209201", "20x-a.node")
    assert found.prefectures == ("13", "20")
