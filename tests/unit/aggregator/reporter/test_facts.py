"""What the reporter refuses: every fact that a plan does not allow, before anything is added up."""

from typing import Any

import numpy as np
import pytest

from aggregator.protocol.messages import MOST_AREAS, MOST_PREFECTURES
from aggregator.reporter import facts
from aggregator.reporter.errors import FactRefused
from aggregator.reporter.facts import Areas, ChildFact, Gate
from tests.factories.plans import make_plan

PLAN = make_plan()
AREAS = Areas.of({"209201"}, {"20"})
CELL = ("P5", "female")


def admit(*cells: Any, establisher: str = "209201", prefecture: str = "20") -> tuple[tuple[int, int], ...]:
    return Gate(PLAN, AREAS).admit(ChildFact(establisher, prefecture, cells))


def test_a_child_goes_to_its_one_cell() -> None:
    assert admit((CELL, 1)) == ((4 * 3 + 1, 1),)
    assert admit() == ()
    assert admit((CELL, 0)) == ((4 * 3 + 1, 0),)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (-1, "below zero"), (2, "more than the plan allows in one cell"),
        (2**70, "more than the plan allows in one cell"),
        (1.0, "not a whole number"), (float("nan"), "not a whole number"), (True, "not a whole number"),
        (np.int64(1), "not a whole number"), (np.uint64(1), "not a whole number"), ("1", "not a whole number"),
        (None, "not a whole number"),
    ],
)  # fmt: skip
def test_a_value_that_is_no_small_whole_number_is_refused(value: Any, reason: str) -> None:
    with pytest.raises(FactRefused) as refused:
        admit((CELL, value))
    assert refused.value.params == {"place": "cells[0]", "reason": reason}


@pytest.mark.parametrize(
    "codes", [("P5",), ("P5", "female", "x"), ("H1", "female"), ("female", "P5"), (), ["P5", "female"], "P5", None]
)
def test_unknown_codes_are_refused(codes: Any) -> None:
    with pytest.raises(FactRefused, match="no cell of the plan"):
        admit((codes, 1))


def test_more_cells_than_one_child_may_have_are_refused() -> None:
    with pytest.raises(FactRefused, match="more than the plan allows one child"):
        admit((CELL, 1), (("P6", "female"), 1))


def test_the_same_cell_twice_is_no_way_around_the_bound() -> None:
    wide = make_plan(bounds__cells_per_child=2)
    with pytest.raises(FactRefused, match="twice"):
        Gate(wide, AREAS).admit(ChildFact("209201", "20", ((CELL, 1), (CELL, 1))))


def test_an_area_that_the_node_does_not_report_is_refused() -> None:
    with pytest.raises(FactRefused, match="not an area"):
        admit((CELL, 1), establisher="132012")
    with pytest.raises(FactRefused, match="not an area"):
        admit((CELL, 1), prefecture="13")


def test_areas_are_sorted_and_there_is_at_least_one() -> None:
    assert Areas.of({"b", "a"}, ["20", "13", "20"]) == Areas(("a", "b"), ("13", "20"))
    too_many = {str(number) for number in range(257)}
    for establishers, prefectures in ((set[str](), {"20"}), ({"a"}, set[str]()), (too_many, {"20"})):
        with pytest.raises(FactRefused):
            Areas.of(establishers, prefectures)


def test_a_header_has_room_for_as_many_areas_as_a_node_may_have() -> None:
    assert (facts.MOST_AREAS, facts.MOST_PREFECTURES) == (MOST_AREAS, MOST_PREFECTURES)


def test_a_refusal_never_says_what_stood_there() -> None:
    with pytest.raises(FactRefused) as refused:
        admit((CELL, 1234567))
    assert "1234567" not in f"{refused.value} {refused.value.args} {refused.value.params}"
