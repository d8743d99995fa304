"""The hundred municipalities of the national count, and their children."""

import json
from collections import Counter
from importlib.resources import files

from manabi.sample.municipalities import GRADES, LONG_ABSENCE, SEXES, children, municipalities
from pds.organisations.codes import is_board_code

ALL = municipalities()


def test_there_are_a_hundred_under_codes_and_names_of_their_own() -> None:
    assert len(ALL) == len({one.code for one in ALL}) == len({one.name for one in ALL}) == 100
    assert all(is_board_code(one.code) and one.code.startswith(one.prefecture) for one in ALL)


def test_none_is_a_municipality_that_the_sample_has_records_of() -> None:
    places = json.loads((files("manabi.sample.data") / "places.json").read_text("utf-8"))["municipalities"].values()
    taken = {code for one in places for code in (one["municipal_board"], one["prefectural_board"])}
    assert taken.isdisjoint(one.code for one in ALL)
    assert {one["municipality"] for one in places}.isdisjoint(one.name for one in ALL)


def test_every_prefecture_has_some_and_just_one_has_a_single_one() -> None:
    found = Counter(one.prefecture for one in ALL)
    assert sorted(found) == [f"{number:02}" for number in range(1, 48)]
    assert [prefecture for prefecture, count in found.items() if count < 2] == ["31"]


def test_they_are_as_large_as_towns_and_cities_are() -> None:
    sizes = sorted(one.learners for one in ALL)
    assert 1_000_000 < sum(sizes) < 1_400_000
    assert sizes[0] > 1_000
    assert sizes[-1] < 60_000
    assert all(one.name.endswith("市" if one.learners >= 4000 else "町") for one in ALL)


def test_the_same_seed_draws_the_same_children_and_another_one_others() -> None:
    smallest = min(ALL, key=lambda one: one.learners)
    drawn = list(children(smallest, 1))
    assert drawn == list(children(smallest, 1))
    assert drawn != list(children(smallest, 2))
    assert len(drawn) == smallest.learners


def test_a_child_is_a_grade_a_sex_and_days_of_absence() -> None:
    """The share of long absences lies within 20 per cent (the municipality's own leaning) of the published size."""
    drawn = list(children(max(ALL, key=lambda one: one.learners), 2026))
    assert {one.grade for one in drawn} == set(GRADES)
    assert {one.sex for one in drawn} == set(SEXES)
    assert all(0 <= one.absent < 200 for one in drawn)
    long = Counter(one.grade for one in drawn if one.absent >= LONG_ABSENCE)
    assert long["J3"] > long["P6"] > long["P1"] > 0
    assert 0.035 < sum(long.values()) / len(drawn) < 0.07
