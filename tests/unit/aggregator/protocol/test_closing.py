from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.protocol.closing import Held, close, held_of, holdings, newest_common, require_agreement
from aggregator.protocol.shares import Side
from aggregator.protocol.statements import MOST_COMPARED, Earlier, Entry, RoundKind
from aggregator.protocol.wire import StatementRefused
from tests.unit.aggregator.protocol.making import OPENING

A, B, C = (bytes([at]) * 32 for at in (1, 2, 3))
SUPPLEMENT = replace(OPENING, kind=RoundKind.SUPPLEMENT, earlier=(Earlier("r0", A),))
held = st.dictionaries(
    st.sampled_from(["a", "b", "c"]), st.dictionaries(st.integers(1, 4), st.sampled_from([A, B, C]), max_size=4)
)


@settings(max_examples=40, deadline=None)
@given(held, held)
def test_the_list_holds_the_newest_that_both_hold(leader: Held, helper: Held) -> None:
    found = newest_common(leader, helper)
    assert [one.node for one in found] == sorted({one.node for one in found})
    for node in {"a", "b", "c"}:
        common = [at for at, one in leader.get(node, {}).items() if helper.get(node, {}).get(at) == one]
        listed = [one for one in found if one.node == node]
        assert [one.sequence for one in listed] == ([max(common)] if common else [])
        assert all(leader[node][one.sequence] == helper[node][one.sequence] == one.digest for one in listed)


@settings(max_examples=40, deadline=None)
@given(held, held)
def test_both_servers_come_to_the_same_list(leader: Held, helper: Held) -> None:
    assert newest_common(leader, helper) == newest_common(helper, leader)


def test_a_node_that_reached_one_server_only_is_not_on_the_list() -> None:
    assert newest_common({"a": {1: A}}, {"b": {1: B}}) == ()


def test_where_a_mending_reached_one_server_only_the_one_before_counts() -> None:
    assert newest_common({"a": {1: A, 2: B}}, {"a": {1: A}}) == (Entry("a", 1, A),)


def test_two_headers_under_one_sequence_are_not_common() -> None:
    assert newest_common({"a": {1: A}}, {"a": {1: B}}) == ()


def test_holdings_are_stated_in_one_order_and_read_back() -> None:
    mine: Held = {"b": {2: B, 1: A}, "a": {1: C}}
    stated = holdings("r1", Side.HELPER, mine)
    assert stated.entries == (Entry("a", 1, C), Entry("b", 1, A), Entry("b", 2, B))
    assert held_of(stated.entries) == mine


def test_only_the_newest_submissions_of_a_node_are_compared() -> None:
    stated = holdings("r1", Side.HELPER, {"a": dict.fromkeys(range(1, 100), A)})
    assert [one.sequence for one in stated.entries] == list(range(100 - MOST_COMPARED, 100))


def test_a_supplement_leaves_out_who_was_counted() -> None:
    both: Held = {"a": {1: A}, "b": {1: B}}
    assert close(SUPPLEMENT, both, both, ["a"]).nodes == {"b"}
    assert close(OPENING, both, both, ["a"]).nodes == {"a", "b"}


def test_the_helper_agrees_to_what_it_holds() -> None:
    both: Held = {"a": {1: A, 2: B}}
    require_agreement(close(OPENING, both, both), OPENING, both)
    require_agreement(close(OPENING, {"a": {1: A}}, both), OPENING, both)


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ((Entry("a", 1, B),), "not held here"),
        ((Entry("a", 2, A),), "not held here"),
        ((Entry("b", 1, A),), "not held here"),
    ],
)
def test_the_helper_refuses_what_it_does_not_hold(entries: tuple[Entry, ...], reason: str) -> None:
    listed = replace(close(OPENING, {}, {}), entries=entries)
    with pytest.raises(StatementRefused, match=reason):
        require_agreement(listed, OPENING, {"a": {1: A}})


def test_the_helper_refuses_a_list_of_another_round_and_a_node_counted_before() -> None:
    both: Held = {"a": {1: A}}
    with pytest.raises(StatementRefused, match="another round"):
        require_agreement(replace(close(OPENING, both, both), opening=A), OPENING, both)
    with pytest.raises(StatementRefused, match="earlier round in a supplement"):
        require_agreement(close(SUPPLEMENT, both, both), SUPPLEMENT, both, ["a"])
