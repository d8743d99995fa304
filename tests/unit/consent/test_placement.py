"""Roles and placements end on their last day, and a placement never outlives its school year."""

from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.placement import Placement, left_on, placement_state
from consent.vocabulary import PlacementState
from tests.unit.consent.people import EAST, TODAY, WEST, placement, role

days = st.dates(date(2024, 1, 1), date(2029, 12, 31))
placements = st.builds(
    placement,
    school=st.sampled_from([EAST, WEST]),
    school_year=st.integers(2024, 2028),
    begin=days,
    end=st.none() | days,
)


def test_a_role_holds_on_its_first_and_its_last_day() -> None:
    office = role(valid_from=date(2026, 4, 1), valid_to=date(2027, 3, 31))
    held = [
        office.in_force_on(day) for day in (date(2026, 3, 31), date(2026, 4, 1), date(2027, 3, 31), date(2027, 4, 1))
    ]
    assert held == [False, True, True, False]


def test_a_role_without_an_end_goes_on() -> None:
    assert role(valid_to=None).in_force_on(date(2050, 1, 1))


def test_a_placement_without_an_end_ends_with_its_school_year() -> None:
    place = placement(school_year=2026)
    assert place.last_day == date(2027, 3, 31)
    assert place.current_on(date(2027, 3, 31))
    assert not place.current_on(date(2027, 4, 1))


def test_a_placement_includes_the_day_entered_as_its_end() -> None:
    place = placement(end=date(2026, 6, 30))
    assert place.current_on(date(2026, 6, 30))
    assert not place.current_on(date(2026, 7, 1))


@given(placements, days)
def test_a_placement_is_current_from_its_first_to_its_last_day(place: Placement, day: date) -> None:
    assert place.current_on(day) == (place.begin <= day <= place.last_day)


@pytest.mark.parametrize(
    ("places", "state"),
    [
        ((), PlacementState.NONE),
        ((placement(WEST),), PlacementState.NONE),
        ((placement(begin=TODAY + timedelta(days=1)),), PlacementState.EXPECTED),
        ((placement(begin=TODAY),), PlacementState.ENROLLED),
        ((placement(end=TODAY),), PlacementState.ENROLLED),
        ((placement(end=TODAY - timedelta(days=1)),), PlacementState.FORMER),
        ((placement(school_year=2025), placement(begin=TODAY + timedelta(days=1))), PlacementState.FORMER),
        ((placement(begin=TODAY + timedelta(days=1)), placement(school_year=2025)), PlacementState.FORMER),
        ((placement(school_year=2025), placement()), PlacementState.ENROLLED),
    ],
)
def test_a_child_is_expected_enrolled_or_former(places: tuple[Placement, ...], state: PlacementState) -> None:
    assert placement_state(places, EAST, TODAY) is state


def test_a_place_that_was_never_taken_up_leaves_no_former_pupil() -> None:
    cancelled = placement(begin=date(2026, 4, 1), end=date(2026, 3, 31))
    assert placement_state([cancelled], EAST, TODAY) is PlacementState.NONE
    assert left_on([cancelled], EAST, TODAY) is None


def test_the_day_of_leaving_is_the_last_day_at_that_school() -> None:
    places = [placement(school_year=2024), placement(school_year=2025, end=date(2025, 10, 1)), placement(WEST)]
    assert left_on(places, EAST, TODAY) == date(2025, 10, 1)
    assert left_on(places, WEST, TODAY) is None


@given(st.lists(placements, max_size=5), days, st.randoms(use_true_random=False))
def test_the_order_of_placements_does_not_matter(places: list[Placement], day: date, order: Random) -> None:
    shuffled = order.sample(places, len(places))
    assert placement_state(shuffled, EAST, day) is placement_state(places, EAST, day)
    assert left_on(shuffled, EAST, day) == left_on(places, EAST, day)


@given(st.lists(placements, max_size=5), days)
def test_only_former_and_enrolled_pupils_have_been_at_the_school(places: list[Placement], day: date) -> None:
    if left_on(places, EAST, day) is not None:
        assert placement_state(places, EAST, day) in (PlacementState.FORMER, PlacementState.ENROLLED)
