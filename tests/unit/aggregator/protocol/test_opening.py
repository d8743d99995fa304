"""Putting halves together, and holding a total against the noisy figures of its establishers."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from aggregator.plans.cells import project
from aggregator.plans.model import Level
from aggregator.protocol.consistency import agrees, comparable
from aggregator.protocol.opening import open_totals, require_sums
from aggregator.protocol.ring import to_words
from aggregator.protocol.seating import settle, sigma_squared_of
from aggregator.protocol.shares import Side
from aggregator.protocol.statements import Closing, OneSum, ServerSums
from aggregator.protocol.totals import TotalSpec, Withheld, specs
from aggregator.protocol.wire import StatementRefused
from tests.unit.aggregator.protocol.making import OPENING, PLAN, header

HEADERS = [
    header("n01.node", ("131016",), ("13",)), header("n02.node", ("131024",), ("13",)),
    header("n03.node", ("131032",), ("13",)), header("n04.node", ("141003",), ("14",)),
    header("n05.node", ("142018",), ("14",)), header("n06.node", ("142018", "142034"), ("14",)),
]  # fmt: skip
SPECS = specs(PLAN, HEADERS)
BY_PLACE = {(one.level, one.area): one for one in SPECS}
KANTO = BY_PLACE[Level.PREFECTURE, "13"]
CLOSING = Closing("r1", OPENING.digest, ())
SETTLED = settle(PLAN, OPENING, CLOSING, SPECS, bytes(32), {})
ERROR = float(18 * 2 * sigma_squared_of(PLAN, Level.PREFECTURE) + 3 * sigma_squared_of(PLAN, Level.ESTABLISHER)) ** 0.5
"""Of the elementary stage: 6 grades of 3 sexes, noise of both servers, three establishers."""


def sums(side: Side, values: Mapping[TotalSpec, Sequence[int]]) -> ServerSums:
    assert SETTLED is not None
    made = [OneSum.of(one.level, one.area, to_words(list(values[one]))) for one in SPECS if one.withheld is None]
    return ServerSums("r1", side, SETTLED.digest, tuple(made))


def truth(each: int = 10) -> dict[TotalSpec, list[int]]:
    """Every node has as many children in every base cell."""
    return {one: [each * len(one.nodes) * count for count in project(PLAN, one.level, [1] * 27)] for one in SPECS}


def opened(values: Mapping[TotalSpec, Sequence[int]]) -> dict[TotalSpec, list[int] | Withheld]:
    nothing = {one: [0] * len(each) for one, each in values.items()}
    assert SETTLED is not None
    return open_totals(PLAN, OPENING, SPECS, SETTLED, sums(Side.LEADER, values), sums(Side.HELPER, nothing))


def moved(by: float) -> dict[TotalSpec, list[int]]:
    values = truth()
    values[KANTO][0] += int(by)
    return values


def test_totals_are_opened_and_those_that_stay_shut_are_named() -> None:
    found = opened(truth())
    assert found[KANTO] == [30] * 27
    assert found[BY_PLACE[Level.ESTABLISHER, "142018"]] is Withheld.SPLIT
    assert {one.area for one, each in found.items() if isinstance(each, Withheld)} == {"142018"}


def test_a_total_within_six_standard_errors_is_kept_and_one_beyond_is_withheld() -> None:
    assert opened(moved(6 * ERROR - 1))[KANTO] != Withheld.INCONSISTENT
    assert opened(moved(6 * ERROR + 1))[KANTO] is Withheld.INCONSISTENT
    assert opened(moved(-6 * ERROR - 1))[KANTO] is Withheld.INCONSISTENT


def test_a_total_that_cannot_be_true_is_withheld_even_where_nothing_compares() -> None:
    values = truth()
    values[BY_PLACE[Level.PREFECTURE, "14"]][3] = 2**39
    assert opened(values)[BY_PLACE[Level.PREFECTURE, "14"]] == values[BY_PLACE[Level.PREFECTURE, "14"]]
    values[BY_PLACE[Level.ESTABLISHER, "131016"]][0] = -(2**40)
    assert opened(values)[KANTO] is Withheld.INCONSISTENT


def test_a_total_with_a_split_establisher_is_not_compared() -> None:
    assert comparable(BY_PLACE[Level.PREFECTURE, "14"], SPECS) == ()
    assert comparable(BY_PLACE[Level.NATION, "JP"], SPECS) == ()
    assert [one.area for one in comparable(KANTO, SPECS)] == ["131016", "131024", "131032"]
    assert comparable(BY_PLACE[Level.ESTABLISHER, "131016"], SPECS) == ()


def test_a_split_establisher_is_missed_even_where_its_nodes_report_others_too() -> None:
    both = [header("n01.node", ("131016", "131024"), ("13",)), header("n02.node", ("131024", "131032"), ("13",))]
    found = specs(PLAN, both)
    assert comparable(next(one for one in found if one.level is Level.PREFECTURE), found) == ()


def test_a_nation_without_split_establishers_is_compared_with_all_of_them() -> None:
    whole = specs(PLAN, HEADERS[:5])
    assert len(comparable(whole[0], whole)) == 5


def test_both_stages_are_compared() -> None:
    below = {area: [180, 90] for area in ("131016", "131024", "131032")}
    variance = 2 * sigma_squared_of(PLAN, Level.PREFECTURE)
    own = sigma_squared_of(PLAN, Level.ESTABLISHER)
    good = [30] * 27
    assert agrees(PLAN, KANTO, good, below, variance=variance, establisher_variance=own)
    for at in (0, 26):
        bad = [*good[:at], 2000, *good[at + 1 :]]
        assert not agrees(PLAN, KANTO, bad, below, variance=variance, establisher_variance=own)


@pytest.mark.parametrize(
    "change",
    [
        {"round_id": "r2"}, {"side": Side.HELPER}, {"seating": bytes(32)}, {"sums": ()},
        {"sums": (OneSum(Level.NATION, "JP", bytes(216)),)},
    ],
)  # fmt: skip
def test_halves_of_anything_else_are_refused(change: dict[str, object]) -> None:
    assert SETTLED is not None
    good = sums(Side.LEADER, truth())
    require_sums(good, Side.LEADER, SETTLED)
    with pytest.raises(StatementRefused, match="halves of"):
        require_sums(replace(good, **change), Side.LEADER, SETTLED)  # type: ignore[arg-type]
