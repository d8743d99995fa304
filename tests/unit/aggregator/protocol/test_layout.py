import pytest

from aggregator.plans.model import Level
from aggregator.protocol.layout import MOST_CHILDREN, MOST_NOISE, most_exact, parts, require_bounds, width_of
from aggregator.protocol.ring import ValueRefused
from tests.unit.aggregator.protocol.making import PLAN

LAYOUT = parts(PLAN, ["131024", "131016"], ["14", "13"])


def vector(**places: int) -> list[int]:
    values = [0] * LAYOUT.length
    for place, value in places.items():
        values[int(place[1:])] = value
    return values


def test_establishers_come_first_then_prefectures_each_by_code() -> None:
    assert [(one.level, one.area, one.start, one.stop) for one in LAYOUT.parts] == [
        (Level.ESTABLISHER, "131016", 0, 2), (Level.ESTABLISHER, "131024", 2, 4),
        (Level.PREFECTURE, "13", 4, 31), (Level.PREFECTURE, "14", 31, 58),
    ]  # fmt: skip
    assert (LAYOUT.length, width_of(PLAN, Level.ESTABLISHER), width_of(PLAN, Level.NATION)) == (58, 2, 27)


def test_places_are_found_by_area() -> None:
    assert LAYOUT.slice_of(Level.PREFECTURE, "14") == slice(31, 58)
    with pytest.raises(KeyError):
        LAYOUT.slice_of(Level.PREFECTURE, "47")


def test_nothing_reported_has_no_length() -> None:
    assert parts(PLAN, [], []).length == 0


def test_exact_cells_lie_between_nothing_and_the_plans_bound() -> None:
    assert most_exact(PLAN) == MOST_CHILDREN
    require_bounds(PLAN, LAYOUT, vector(p4=most_exact(PLAN), p0=-MOST_NOISE, p1=MOST_NOISE))
    for wrong in (vector(p4=-1), vector(p57=-1), vector(p4=most_exact(PLAN) + 1)):
        with pytest.raises(ValueRefused, match="bound"):
            require_bounds(PLAN, LAYOUT, wrong)


def test_noisy_cells_may_lie_below_nothing_but_not_without_end() -> None:
    for wrong in (vector(p0=-MOST_NOISE - 1), vector(p3=MOST_NOISE + most_exact(PLAN) + 1)):
        with pytest.raises(ValueRefused, match="bound"):
            require_bounds(PLAN, LAYOUT, wrong)


def test_a_vector_of_another_length_is_a_fault_of_the_caller() -> None:
    with pytest.raises(ValueError, match="57 figures for 58 places"):
        require_bounds(PLAN, LAYOUT, vector()[1:])
