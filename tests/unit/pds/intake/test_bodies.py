"""The rules that a record schema cannot say, evaluated from their data."""

from typing import Any

import pytest

from consent.vocabulary import Category
from pds.records.bodies import body_form, published_categories
from tests.factories import bodies

GOOD = {
    Category.ENROLMENT: bodies.enrolment(),
    Category.GUIDANCE: bodies.guidance(),
    Category.HEALTH_CHECK: bodies.health_check(),
    Category.ATTENDANCE_DAILY: bodies.attendance_daily(),
    Category.REPORT: bodies.report(),
    Category.ASSESSMENT: bodies.assessment(),
    Category.PORTFOLIO: bodies.portfolio(),
}


def faults(category: Category, body: dict[str, Any]) -> list[str]:
    return [fault.rule for fault in body_form(category).faults(body)]


def test_every_published_form_has_a_complete_body_here() -> None:
    assert published_categories() == set(GOOD)


@pytest.mark.parametrize("category", list(GOOD))
def test_a_complete_body_has_no_fault(category: Category) -> None:
    assert body_form(category).faults(GOOD[category]) == []


def attendance(**days: int | None) -> dict[str, Any]:
    good = bodies.guidance()["attendance"]
    return bodies.guidance(attendance=good | days)


@pytest.mark.parametrize(
    ("body", "broken"),
    [
        (attendance(required=201, present=197), ["attendance_required"]),
        (attendance(present=199), ["attendance_present"]),
        (attendance(treated_as_attended=199), ["attendance_treated"]),
        (bodies.guidance(behaviour=[{"item": "basic_habits", "marked": True}] * 2), ["behaviour_once"]),
    ],
)
def test_numbers_of_a_year_add_up(body: dict[str, Any], broken: list[str]) -> None:
    assert faults(Category.GUIDANCE, body) == broken


def test_dates_lie_in_their_school_year_to_its_last_day() -> None:
    for day, broken in (("2026-04-01", []), ("2027-03-31", []), ("2026-03-31", ["checked_in_school_year"])):
        assert faults(Category.HEALTH_CHECK, bodies.health_check(checked_on=day)) == broken


def test_every_item_of_a_list_is_looked_at() -> None:
    body = bodies.attendance_daily()
    body["exceptions"].append({"date": "2027-04-01", "mark": "late"})
    assert faults(Category.ATTENDANCE_DAILY, body) == ["date_in_school_year"]
    body["exceptions"][-1]["date"] = body["exceptions"][0]["date"]
    assert faults(Category.ATTENDANCE_DAILY, body) == ["date_once"]


def test_a_rule_with_an_absent_or_empty_operand_holds() -> None:
    leaving = {"kind": "transfer", "left_on": "2026-06-01", "day_before_acceptance": None}
    assert "left_before_acceptance" not in faults(Category.ENROLMENT, bodies.enrolment(leaving=leaving))
    leaving["day_before_acceptance"] = "2026-05-31"
    assert "left_before_acceptance" in faults(Category.ENROLMENT, bodies.enrolment(leaving=leaving))


def test_a_missing_property_is_named() -> None:
    body = bodies.guidance()
    del body["attendance"]["absent"]
    (fault,) = [fault for fault in body_form(Category.GUIDANCE).faults(body) if fault.missing]
    assert (fault.path, fault.missing) == (("attendance",), "absent")


def test_operands_of_one_list_are_compared_item_by_item_and_the_fault_names_the_item() -> None:
    body = bodies.report()
    body["terms"][1]["attendance"]["present"] += 1
    (fault,) = body_form(Category.REPORT).faults(body)
    assert (fault.rule, fault.path) == ("attendance_present", ("terms", 1, "attendance", "present"))
    body = bodies.assessment()
    body["tests"][1]["correct"] = body["tests"][1]["items"] + 1
    (fault,) = body_form(Category.ASSESSMENT).faults(body)
    assert (fault.rule, fault.path) == ("correct_of_items", ("tests", 1, "correct"))


def test_of_several_paths_no_combination_stands_twice() -> None:
    body = bodies.assessment()
    body["tests"].append(body["tests"][0] | {"subject": "science"})
    assert faults(Category.ASSESSMENT, body) == []
    body["tests"].append(body["tests"][0] | {"correct": 1})
    assert faults(Category.ASSESSMENT, body) == ["test_once"]
