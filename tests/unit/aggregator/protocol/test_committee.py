"""Drawing, redrawing, settling: who sits, who is replaced, and when the servers add the noise instead."""

from collections.abc import Mapping
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.plans.model import Level
from aggregator.protocol import seating
from aggregator.protocol.committee import CommitteeIncomplete, called, draw, order, total_seed
from aggregator.protocol.seating import Answers, answered, calls, committee_of, settle, silences, variance_of
from aggregator.protocol.statements import Closing, NoiseFrom, Seating
from aggregator.protocol.totals import TotalSpec, Withheld
from aggregator.protocol.wire import StatementRefused
from tests.factories.plans import make_plan
from tests.unit.aggregator.protocol.making import OPENING, PLAN

ROSTER = OPENING.roster
SEED = bytes(range(32))
SPEC = TotalSpec(Level.NATION, "JP", ("n01.node",))
SHUT = TotalSpec(Level.PREFECTURE, "47", ("n01.node",), Withheld.BELOW_FLOOR)
WITHIN = TotalSpec(Level.ESTABLISHER, "131016", ("n01.node",))
BY_COMMITTEE = make_plan(
    noise={"source": "committee", "colluding": {"parts": 1, "of": 10}},
    budget__share={"parts": 1, "of": 1},
    budget__units={"nation": 9_000_000_000, "prefecture": 3_000_000_000, "establisher": 2_900_000_000},
)
CLOSING = Closing("r1", OPENING.digest, ())
SEATS = 20
"""sigma^2 = 1 / (2 * 0.009) = 55.6, so 24 seats of at least 9/4 are possible, and 20 waste the least on colluders."""


def own_order() -> tuple[str, ...]:
    return order(total_seed(SEED, Level.NATION, "JP"), ROSTER)


def held(*nodes: str) -> dict[str, bytes]:
    return {node: node.encode().ljust(32, b"-") for node in nodes}


def settled(answers: Answers) -> Seating | None:
    specs = [SPEC, SHUT, WITHIN]
    return settle(BY_COMMITTEE, OPENING, CLOSING, specs, SEED, {(SPEC.level, SPEC.area): answers})


def test_the_committee_of_this_plan_has_the_expected_size() -> None:
    drawn = committee_of(BY_COMMITTEE, Level.NATION, ROSTER)
    assert drawn is not None
    assert (drawn.seats, drawn.tolerated) == (SEATS, 2)
    assert drawn.seat_sigma_squared >= Fraction(9, 4)


@settings(max_examples=40, deadline=None)
@given(st.permutations(ROSTER), st.integers(1, 30))
def test_seats_follow_from_the_seed_and_not_from_the_order_of_the_roster(roster: list[str], seats: int) -> None:
    assert draw(SEED, roster, seats) == draw(SEED, ROSTER, seats)


@settings(max_examples=40, deadline=None)
@given(st.sets(st.sampled_from(ROSTER), max_size=10))
def test_the_silent_are_replaced_by_the_next_in_order_and_the_others_stay(silent: set[str]) -> None:
    before, after = set(draw(SEED, ROSTER, 12)), set(draw(SEED, ROSTER, 12, 1, silent))
    assert before - silent <= after
    assert after.isdisjoint(silent)
    assert len(after) == 12


def test_a_third_redrawing_a_roster_too_small_and_no_seats_are_no_committee() -> None:
    for attempt, seats, silent in ((3, 5, ()), (0, 31, ()), (1, 30, ROSTER[:1]), (0, 0, ())):
        with pytest.raises(CommitteeIncomplete):
            draw(SEED, ROSTER, seats, attempt, silent)


def test_each_attempt_calls_only_whom_it_needs() -> None:
    first = draw(SEED, ROSTER, 5)
    attempts = called(SEED, ROSTER, 5, [first[:2], ()])
    assert attempts[0] == first
    assert attempts[1] == tuple(order(SEED, ROSTER)[5:7])
    assert attempts[2] == ()


def test_nobody_is_silent_who_was_not_called() -> None:
    with pytest.raises(StatementRefused, match="not called"):
        called(SEED, ROSTER, 5, [("stranger.node",)])


def test_a_seat_answers_only_if_both_servers_hold_the_same() -> None:
    mine = held("a", "b", "c")
    theirs = held("a", "b") | {"b": bytes(32)}
    assert set(answered(mine, theirs)) == {"a"}


def test_a_full_committee_is_settled_at_once() -> None:
    everybody = own_order()[:SEATS]
    assert calls(BY_COMMITTEE, OPENING, SEED, SPEC, []) == everybody
    found = settled([held(*everybody)])
    assert isinstance(found, Seating)
    assert [(one.level, one.noise, len(one.members)) for one in found.totals] == [
        (Level.NATION, NoiseFrom.COMMITTEE, SEATS), (Level.ESTABLISHER, NoiseFrom.NODE, 0),
    ]  # fmt: skip
    assert calls(BY_COMMITTEE, OPENING, SEED, SPEC, [held(*everybody)]) == ()


def test_a_total_that_stays_shut_has_no_seats() -> None:
    assert calls(BY_COMMITTEE, OPENING, SEED, SHUT, []) == ()
    assert silences(BY_COMMITTEE, OPENING, SEED, SHUT, [{}]) == ()


@pytest.mark.parametrize("redrawings", [1, 2])
def test_silent_seats_are_redrawn_at_most_twice(redrawings: int) -> None:
    names = own_order()
    answers: list[Mapping[str, bytes]] = [held(*names[1:SEATS])]
    waiting = names[SEATS]
    for _ in range(redrawings - 1):
        assert settled(answers) is None
        answers.append({})
        waiting = names[SEATS + 1]
    assert calls(BY_COMMITTEE, OPENING, SEED, SPEC, answers) == (waiting,)
    answers.append(held(waiting))
    found = settled(answers)
    assert isinstance(found, Seating)
    members = found.totals[0].members
    assert {one.node for one in members} == {*names[1:SEATS], waiting}
    assert {one.node: one.sequence for one in members}[waiting] == redrawings
    assert silences(BY_COMMITTEE, OPENING, SEED, SPEC, answers)[0] == names[:1]


def test_after_two_redrawings_the_servers_add_the_noise_and_it_is_said() -> None:
    names = own_order()
    answers = [held(*names[1:SEATS]), {}, {}]
    found = settled(answers)
    assert isinstance(found, Seating)
    assert (found.totals[0].noise, found.totals[0].members) == (NoiseFrom.FALLBACK, ())
    assert calls(BY_COMMITTEE, OPENING, SEED, SPEC, answers) == ()


def test_more_silent_seats_than_nodes_left_are_a_fallback_too() -> None:
    names = own_order()
    found = settled([held(*names[11:SEATS])])
    assert isinstance(found, Seating)
    assert found.totals[0].noise is NoiseFrom.FALLBACK


def test_a_late_answer_does_not_make_a_seat() -> None:
    names = own_order()
    found = settled([held(*names[1:SEATS]), held(names[0], names[SEATS])])
    assert isinstance(found, Seating)
    assert names[0] not in {one.node for one in found.totals[0].members}


def test_a_plan_whose_servers_add_the_noise_asks_no_seats() -> None:
    assert calls(PLAN, OPENING, SEED, SPEC, []) == ()
    found = settle(PLAN, OPENING, CLOSING, [SPEC, WITHIN], SEED, {})
    assert found is not None
    assert [one.noise for one in found.totals] == [NoiseFrom.SERVERS, NoiseFrom.NODE]


def test_the_helper_refuses_another_seating_than_its_own() -> None:
    one, other = settled([held(*own_order()[:SEATS])]), settled([{}, {}, {}])
    assert isinstance(one, Seating)
    assert isinstance(other, Seating)
    seating.require_seating(one, one)
    with pytest.raises(StatementRefused, match="another seating"):
        seating.require_seating(other, one)
    with pytest.raises(StatementRefused, match="another seating"):
        seating.require_seating(one, None)


def test_the_variance_of_a_total_is_that_of_the_noise_it_got() -> None:
    own = seating.sigma_squared_of(BY_COMMITTEE, Level.NATION)
    of = {source: variance_of(BY_COMMITTEE, Level.NATION, source, ROSTER) for source in NoiseFrom}
    assert (of[NoiseFrom.NODE], of[NoiseFrom.SERVERS], of[NoiseFrom.FALLBACK]) == (own, 2 * own, 2 * own)
    assert float(of[NoiseFrom.COMMITTEE] / own) == pytest.approx(20 / 18, rel=1e-5)
