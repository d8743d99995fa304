"""Figures of a release: they add up at every level, say what they are, and never speak of what is withheld."""

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.estimation.figures import Figure, contradicted, decimal, figures, too_noisy
from aggregator.estimation.groups import MOST_COUNT, CountRefused
from aggregator.estimation.opened import Opened
from aggregator.plans.cells import level_cells, members
from aggregator.plans.model import Level
from aggregator.privacy.distribution import Noise, half_width
from tests.unit.aggregator.estimation.plans import COARSE, FINE, NOISES, PLAN, opened_totals, plan_of

COUNTS = {"01": 3, "13": 1, "47": 5}
STAGES = members(PLAN, Level.ESTABLISHER)


def by_area(found: tuple[Figure, ...], level: Level) -> dict[str, list[Figure]]:
    areas: dict[str, list[Figure]] = {}
    for one in found:
        if one.level is level:
            areas.setdefault(one.area, []).append(one)
    return areas


def values(figures_of_area: list[Figure]) -> list[int]:
    """The values that were measured at the area's own level, without what they sum up to."""
    own = "stage" if figures_of_area[0].level is Level.ESTABLISHER else "grade_sex"
    return [one.value for one in figures_of_area if one.value is not None and one.cell.table == own]


def sums(figures_of_area: list[Figure]) -> list[Figure]:
    return [one for one in figures_of_area if one.cell.table == "stage"]


@settings(max_examples=25, deadline=None)
@given(
    st.dictionaries(st.sampled_from(["01", "02", "13", "47"]), st.integers(1, 4), min_size=1),
    st.integers(0, 2**32),
    st.integers(0, 200),
)
def test_figures_add_up_exactly_at_every_level(counts: Mapping[str, int], seed: int, spread: int) -> None:
    found = figures(PLAN, opened_totals(PLAN, counts, Random(seed), spread), {})
    nation = values(by_area(found, Level.NATION)["JP"])
    prefectures = {area: values(each) for area, each in by_area(found, Level.PREFECTURE).items()}
    assert [sum(column) for column in zip(*prefectures.values(), strict=True)] == nation
    establishers = {area: values(each) for area, each in by_area(found, Level.ESTABLISHER).items()}
    for area, cells in prefectures.items():
        inside = [each for code, each in establishers.items() if code.startswith(area)]
        assert [sum(column) for column in zip(*inside, strict=True)] == [sum(cells[at] for at in g) for g in STAGES]
    assert all(one.value is not None and one.value >= 0 for one in found)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 200), st.data())
def test_with_areas_withheld_nothing_published_exceeds_what_it_is_part_of(
    seed: int, spread: int, data: st.DataObject
) -> None:
    opened = opened_totals(PLAN, COUNTS, Random(seed), spread)
    shut = data.draw(st.sets(st.sampled_from([(one.level, one.area) for one in opened]), max_size=6))
    withheld = dict.fromkeys(shut, "below_floor")
    found = figures(PLAN, [one for one in opened if (one.level, one.area) not in shut], withheld)
    nation = values(by_area(found, Level.NATION)["JP"])
    prefectures = {area: values(each) for area, each in by_area(found, Level.PREFECTURE).items()}
    shown = [each for each in prefectures.values() if each]
    summed = [sum(column) for column in zip(*shown, strict=True)]
    complete = len(shown) == len(prefectures)
    if nation and shown:
        assert summed == nation if complete else all(s <= n for s, n in zip(summed, nation, strict=True))
    establishers = by_area(found, Level.ESTABLISHER)
    for area, cells in prefectures.items():
        inside = [values(each) for code, each in establishers.items() if code.startswith(area)]
        if not cells or not any(inside):
            continue
        parts = [sum(column) for column in zip(*(each for each in inside if each), strict=True)]
        stages = [sum(cells[at] for at in group) for group in STAGES]
        assert parts == stages if all(inside) else all(p <= s for p, s in zip(parts, stages, strict=True))
    for one in found:
        assert ((one.level, one.area) in shut) == (one.status == "withheld:below_floor") == (one.value is None)


def test_what_cells_sum_up_to_is_published_with_an_interval_of_its_own() -> None:
    """Narrower than the sum of the cells' intervals, and no wider than the measurements alone would give."""
    found = figures(PLAN, opened_totals(PLAN, COUNTS, Random(4), 20), {})
    for level, area in ((Level.NATION, "JP"), (Level.PREFECTURE, "01")):
        cells = by_area(found, level)[area]
        for stage, places in zip(sums(cells), STAGES, strict=True):
            parts = [cells[place] for place in places]
            assert stage.value == sum(one.value or 0 for one in parts)
            assert stage.measured == sum(one.measured or 0 for one in parts)
            assert stage.sigma_squared == decimal(len(parts) * NOISES[level].variance)
            assert stage.coverage is not None
            assert stage.half_width is not None
            assert 0.95 <= float(stage.coverage) < 0.97
            assert stage.half_width < sum(one.half_width or 0 for one in parts)
            assert stage.half_width <= half_width(Noise(NOISES[level].sigma_squared, 2 * len(parts))).half_width + 1


def test_sums_are_withheld_with_the_total_they_are_of() -> None:
    opened = [one for one in opened_totals(PLAN, COUNTS, Random(4), 20) if one.area != "13"]
    found = figures(PLAN, opened, {(Level.PREFECTURE, "13"): "below_floor"})
    shut = by_area(found, Level.PREFECTURE)["13"]
    assert [one.cell.codes for one in sums(shut)] == [("elementary",), ("junior_high",)]
    assert {one.status for one in shut} == {"withheld:below_floor"}


def test_figures_come_by_level_area_and_cell_whatever_order_totals_came_in() -> None:
    opened = opened_totals(PLAN, COUNTS, Random(4), 20)
    found = figures(PLAN, opened, {})
    assert found == figures(PLAN, reversed(opened), {})
    levels = list(Level)
    keys = [(levels.index(one.level), one.area) for one in found]
    assert keys == sorted(keys)
    assert [one.cell for one in found[:6]] == list(level_cells(PLAN, Level.NATION))


def test_a_figure_carries_its_measurement_its_interval_and_its_noise() -> None:
    opened = opened_totals(PLAN, COUNTS, Random(4), 20)
    one = by_area(figures(PLAN, opened, {}), Level.PREFECTURE)["01"][0]
    total = next(each for each in opened if each.area == "01")
    assert one.measured == total.values[0]
    assert one.sigma_squared == "556"
    assert one.low is not None
    assert one.high is not None
    assert one.half_width is not None
    assert one.coverage is not None
    assert one.high - one.low <= 2 * one.half_width
    assert 0.95 <= float(one.coverage) < 0.97


def test_intervals_are_cut_at_zero() -> None:
    opened = [Opened(Level.PREFECTURE, "01", (-900,) * 6, NOISES[Level.PREFECTURE])]
    for one in figures(PLAN, opened, {}):
        measured = {"grade_sex": (-900,), "stage": (-3600, -1800)}[one.cell.table]
        assert (one.low, one.high, one.value) == (0, 0, 0)
        assert one.measured in measured
        assert one.status == "too_noisy"


def test_a_figure_is_too_noisy_when_half_its_interval_is_more_than_thirty_percent_of_it() -> None:
    assert too_noisy(99, 30)
    assert not too_noisy(100, 30)
    assert too_noisy(0, 1)
    assert not too_noisy(0, 0)


def test_tables_that_do_not_meet_are_published_as_measured() -> None:
    plan = plan_of({Level.NATION: (COARSE,), Level.PREFECTURE: (), Level.ESTABLISHER: (FINE,)})
    opened = [
        Opened(Level.NATION, "JP", (50, 60), NOISES[Level.NATION]),
        Opened(Level.ESTABLISHER, "010001", (1, 2, 3, 4, 5, -6), NOISES[Level.ESTABLISHER]),
    ]
    found = figures(plan, opened, {})
    assert [one.value for one in found] == [50, 60, 1, 2, 3, 4, 5, 0]


def test_an_honest_round_contradicts_nothing() -> None:
    assert contradicted(PLAN, opened_totals(PLAN, COUNTS, Random(1), 0), {}) == frozenset()


@pytest.mark.parametrize(("level", "area"), [(Level.NATION, "JP"), (Level.PREFECTURE, "47")])
def test_a_total_seven_standard_errors_from_its_establishers_is_named(level: Level, area: str) -> None:
    opened = opened_totals(PLAN, COUNTS, Random(1), 0)
    inside = sum(COUNTS.values()) if level is Level.NATION else COUNTS[area]
    error = float(4 * NOISES[level].variance + inside * NOISES[Level.ESTABLISHER].variance) ** 0.5
    for errors, named in ((5.9, frozenset()), (6.1, frozenset({(level, area)}))):
        moved = [
            replace(one, values=(one.values[0] + round(errors * error), *one.values[1:])) if one.area == area else one
            for one in opened
        ]
        assert contradicted(PLAN, moved, {}) == named


def test_a_total_with_a_split_establisher_has_nothing_to_be_held_against() -> None:
    counts = {"01": 1, "47": 2}
    full = opened_totals(PLAN, counts, Random(1), 0)
    moved = [replace(one, values=(900, *one.values[1:])) if one.area == "470000" else one for one in full]
    assert contradicted(PLAN, moved, {}) == {(Level.PREFECTURE, "47"), (Level.NATION, "JP")}
    opened = [one for one in full if one.area != "470000"]
    withheld = {(Level.ESTABLISHER, "470000"): "split"}
    assert contradicted(PLAN, opened, withheld) == frozenset()


@pytest.mark.parametrize(
    "wrong",
    [
        Opened(Level.NATION, "JP", (1, 2), NOISES[Level.NATION]),
        Opened(Level.NATION, "JP", (1.0,) * 6, NOISES[Level.NATION]),  # type: ignore[arg-type]
        Opened(Level.NATION, "JP", (True,) * 6, NOISES[Level.NATION]),
        Opened(Level.NATION, "JP", (MOST_COUNT,) * 6, NOISES[Level.NATION]),
        Opened(Level.NATION, "JP", (10**30,) * 6, NOISES[Level.NATION]),
        Opened(Level.ESTABLISHER, "010001", (10**30,) * 2, NOISES[Level.ESTABLISHER]),
        Opened(Level.ESTABLISHER, "010001", (1, 2), Noise(Fraction(5))),
    ],
)
def test_what_does_not_belong_to_the_round_is_refused(wrong: Opened) -> None:
    beside = Opened(Level.ESTABLISHER, "010002", (1, 2), NOISES[Level.ESTABLISHER])
    with pytest.raises(CountRefused):
        figures(PLAN, [wrong, beside], {})


def test_a_total_is_either_opened_or_withheld() -> None:
    opened = opened_totals(PLAN, COUNTS, Random(1), 0)
    with pytest.raises(CountRefused):
        figures(PLAN, opened, {(Level.NATION, "JP"): "below_floor"})


def test_variances_are_printed_in_full() -> None:
    assert decimal(Fraction(222_622_087, 10**6)) == "222.622087"
    assert decimal(Fraction(200)) == "200"
    assert decimal(Fraction(1, 2)) == "0.5"
    with pytest.raises(ValueError, match="millionth"):
        decimal(Fraction(1, 3))
