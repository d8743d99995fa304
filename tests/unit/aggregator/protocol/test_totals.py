from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.plans.model import Level
from aggregator.protocol.messages import SubmissionHeader
from aggregator.protocol.ring import VectorBroken
from aggregator.protocol.shares import Side, split, words
from aggregator.protocol.sums import halves, in_range, opened, total, with_noise, with_seats
from aggregator.protocol.totals import TotalSpec, Withheld, fits, specs
from tests.unit.aggregator.protocol.making import PLAN, Sent, submission

SENT = [
    submission("n01.node", areas=("131016",), prefectures=("13",), fill=1),
    submission("n02.node", areas=("131024",), prefectures=("13",), fill=1000),
    submission("n03.node", areas=("131032", "141003"), prefectures=("13", "14"), fill=10**6),
    submission("n04.node", areas=("141003",), prefectures=("14",), fill=10**9),
]


def by_area(headers: list[SubmissionHeader]) -> dict[tuple[Level, str], TotalSpec]:
    return {(one.level, one.area): one for one in specs(PLAN, headers)}


FOUND = by_area([one.header for one in SENT])


def added(spec: TotalSpec, sent: list[Sent]) -> list[int]:
    mine, theirs = (total(PLAN, spec, [(one.header, one.words(side)) for one in sent]) for side in Side)
    return opened(mine, theirs)


def test_totals_are_of_the_nodes_that_report_in_them() -> None:
    nodes = {place: one.nodes for place, one in FOUND.items()}
    assert nodes == {
        (Level.NATION, "JP"): ("n01.node", "n02.node", "n03.node", "n04.node"),
        (Level.PREFECTURE, "13"): ("n01.node", "n02.node", "n03.node"),
        (Level.PREFECTURE, "14"): ("n03.node", "n04.node"),
        (Level.ESTABLISHER, "131016"): ("n01.node",),
        (Level.ESTABLISHER, "131024"): ("n02.node",),
        (Level.ESTABLISHER, "131032"): ("n03.node",),
        (Level.ESTABLISHER, "141003"): ("n03.node", "n04.node"),
    }
    assert list(nodes) == sorted(nodes, key=lambda one: (list(Level).index(one[0]), one[1]))


def test_a_total_above_the_node_below_the_floor_stays_shut() -> None:
    assert FOUND[Level.PREFECTURE, "14"].withheld is Withheld.BELOW_FLOOR
    assert FOUND[Level.PREFECTURE, "13"].withheld is FOUND[Level.NATION, "JP"].withheld is None


def test_an_area_in_several_nodes_is_split_and_one_in_a_single_node_is_not() -> None:
    assert FOUND[Level.ESTABLISHER, "141003"].withheld is Withheld.SPLIT
    assert FOUND[Level.ESTABLISHER, "131016"].withheld is None


def test_an_area_that_an_earlier_round_reported_is_split_in_a_supplement() -> None:
    [spec] = [one for one in specs(PLAN, [SENT[0].header], {"131016"}) if one.level is Level.ESTABLISHER]
    assert spec.withheld is Withheld.SPLIT


@settings(max_examples=40, deadline=None)
@given(st.permutations(SENT))
def test_the_order_of_the_headers_does_not_matter(sent: list[Sent]) -> None:
    assert by_area([one.header for one in sent]) == FOUND


def test_a_header_counts_the_cells_of_its_strata() -> None:
    assert all(fits(PLAN, one.header) for one in SENT)
    assert not fits(PLAN, replace(SENT[0].header, cells=28))


def test_a_nation_is_the_sum_of_all_prefectures_of_all_nodes() -> None:
    exact = [
        SENT[0].values[2:], SENT[1].values[2:], SENT[2].values[4:31], SENT[2].values[31:], SENT[3].values[2:],
    ]  # fmt: skip
    assert added(FOUND[Level.NATION, "JP"], SENT) == [sum(one[at] for one in exact) for at in range(27)]


def test_a_prefecture_is_the_sum_of_its_nodes_part_there() -> None:
    exact = [SENT[0].values[2:], SENT[1].values[2:], SENT[2].values[4:31]]
    assert added(FOUND[Level.PREFECTURE, "13"], SENT) == [sum(one[at] for one in exact) for at in range(27)]


def test_an_establisher_is_its_nodes_own_noisy_figure() -> None:
    assert added(FOUND[Level.ESTABLISHER, "131024"], SENT) == list(SENT[1].values[:2])


def test_a_half_is_never_of_fewer_nodes_than_it_says() -> None:
    with pytest.raises(VectorBroken):
        added(FOUND[Level.NATION, "JP"], SENT[1:])
    with pytest.raises(VectorBroken):
        added(FOUND[Level.NATION, "JP"], [*SENT, SENT[0]])


def test_a_vector_of_another_length_is_not_added() -> None:
    with pytest.raises(VectorBroken):
        halves(PLAN, list(FOUND.values()), [(SENT[0].header, SENT[0].words(Side.LEADER)[:-1])])


def test_noise_is_added_to_a_half_before_it_is_put_together() -> None:
    spec, values = FOUND[Level.ESTABLISHER, "131016"], SENT[0].values
    mine, theirs = (total(PLAN, spec, [(SENT[0].header, SENT[0].words(side))]) for side in Side)
    assert opened(with_noise(mine, [5, -7]), with_noise(theirs, [1, 1])) == [values[0] + 6, values[1] - 6]


def test_seats_noise_is_added_share_by_share() -> None:
    spec, values = FOUND[Level.ESTABLISHER, "131016"], SENT[0].values
    mine, theirs = (total(PLAN, spec, [(SENT[0].header, SENT[0].words(side))]) for side in Side)
    seats = [split([at, -at], seed=bytes([at] * 32), context=b"seat") for at in (3, 4)]
    noised = opened(
        with_seats(mine, [words(one.leader, Side.LEADER, b"seat", 2) for one in seats]),
        with_seats(theirs, [words(one.helper, Side.HELPER, b"seat", 2) for one in seats]),
    )
    assert noised == [values[0] + 7, values[1] - 7]


def test_a_total_that_cannot_be_true_is_out_of_range() -> None:
    spec = FOUND[Level.ESTABLISHER, "131016"]
    assert in_range(PLAN, spec, [0, -(2**40)])
    assert not in_range(PLAN, spec, [0, 2**62])
    assert not in_range(PLAN, spec, [-(2**62), 0])
