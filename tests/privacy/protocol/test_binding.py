"""The seats follow from the list: any change of the list changes the seed, and nobody can see the seed beforehand."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.plans.model import Level
from aggregator.protocol.committee import draw, require_draw, seed_of, total_seed
from aggregator.protocol.shares import Side
from aggregator.protocol.statements import Closing, CommitteeDraw, Entry, Opening, RoundKind, commitment
from aggregator.protocol.wire import StatementRefused

NONCES = {Side.LEADER: b"l" * 32, Side.HELPER: b"h" * 32}
ROSTER = tuple(f"n{at:03}.node" for at in range(200))
OPENING = Opening(
    "r1", b"p" * 32, RoundKind.MAIN, "leader.demo", "helper.demo", datetime(2026, 4, 15, tzinfo=UTC),
    datetime(2027, 3, 31, tzinfo=UTC), commitment("r1", Side.LEADER, NONCES[Side.LEADER]),
    commitment("r1", Side.HELPER, NONCES[Side.HELPER]), ROSTER,
)  # fmt: skip

digests = st.binary(min_size=32, max_size=32)
lists = st.dictionaries(st.sampled_from(ROSTER), st.tuples(st.integers(1, 9), digests), max_size=12).map(
    lambda found: tuple(Entry(node, *found[node]) for node in sorted(found))
)


def closing(entries: tuple[Entry, ...]) -> Closing:
    return Closing("r1", OPENING.digest, entries)


def drawn(listed: Closing) -> CommitteeDraw:
    return CommitteeDraw("r1", listed.digest, NONCES[Side.LEADER], NONCES[Side.HELPER])


@settings(max_examples=40, deadline=None)
@given(lists, lists)
def test_different_lists_have_different_seeds(one: tuple[Entry, ...], other: tuple[Entry, ...]) -> None:
    seeds = [seed_of(drawn(closing(each))) for each in (one, other)]
    assert (seeds[0] == seeds[1]) is (one == other)


@settings(max_examples=40, deadline=None)
@given(lists.filter(bool), st.data())
def test_any_single_change_of_a_list_changes_the_seats(entries: tuple[Entry, ...], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(entries) - 1))
    changed = data.draw(
        st.sampled_from(
            [
                entries[:at] + entries[at + 1 :],
                (*entries[:at], replace(entries[at], sequence=entries[at].sequence + 1), *entries[at + 1 :]),
                (*entries[:at], replace(entries[at], digest=bytes(32)), *entries[at + 1 :]),
            ]
        )
    )
    if changed == entries:
        return
    seats = [
        draw(total_seed(seed_of(drawn(closing(each))), Level.NATION, "JP"), ROSTER, 60) for each in (entries, changed)
    ]
    assert seats[0] != seats[1]  # two of 200!/140! orders agree with probability below 1e-130


@pytest.mark.parametrize("side", list(Side))
def test_a_server_cannot_reveal_another_nonce_than_it_committed_to(side: Side) -> None:
    listed = closing(())
    good = drawn(listed)
    require_draw(good, OPENING, listed)
    leads = side is Side.LEADER
    bad = replace(good, leader_nonce=b"x" * 32) if leads else replace(good, helper_nonce=b"x" * 32)
    with pytest.raises(StatementRefused, match=side.value):
        require_draw(bad, OPENING, listed)


def test_a_draw_for_another_list_is_refused() -> None:
    other = closing((Entry("n001.node", 1, bytes(32)),))
    with pytest.raises(StatementRefused, match="another list"):
        require_draw(drawn(other), OPENING, closing(()))
    with pytest.raises(StatementRefused, match="another list"):
        require_draw(drawn(closing(())), OPENING, replace(closing(()), opening=bytes(32)))


def test_a_commitment_of_one_server_does_not_stand_for_the_other_or_another_round() -> None:
    found = {commitment(name, side, b"n" * 32) for name in ("r1", "r2") for side in Side}
    assert len(found) == 4
    with pytest.raises(ValueError, match="32 bytes"):
        commitment("r1", Side.LEADER, b"short")


@settings(max_examples=5, deadline=None)
@given(digests)
def test_totals_have_committees_of_their_own(seed: bytes) -> None:
    areas = [(Level.NATION, "JP"), *((Level.PREFECTURE, f"{at:02}") for at in range(1, 48))]
    seats = {draw(total_seed(seed, level, area), ROSTER, 60) for level, area in areas}
    assert len(seats) == 48


def test_every_node_is_as_likely_to_sit_as_any_other() -> None:
    """Chi-square over 200 nodes, 6,000 drawings of 20 seats, fixed seeds: P(chi-square_199 > 320) < 1e-7.

    Drawing without replacement makes the counts less spread than the chi-square supposes, so the bound is on the safe
    side.
    """
    counts = dict.fromkeys(ROSTER, 0)
    for at in range(6000 // 20):
        for node in draw(total_seed(at.to_bytes(32, "big"), Level.NATION, "JP"), ROSTER, 20):
            counts[node] += 1
    expected = 6000 / 200
    assert sum((count - expected) ** 2 / expected for count in counts.values()) < 320
