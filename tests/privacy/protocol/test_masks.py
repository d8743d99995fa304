"""A mask hides one vector and never a second; a resend is the same bytes, a mending a new seed."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from aggregator.protocol.shares import MaskReused, Side, require_fresh, split
from aggregator.protocol.simulation.faults import Faults
from aggregator.protocol.simulation.rounds import World
from aggregator.protocol.simulation.transcript import Kind, Transcript, reused_masks
from aggregator.protocol.statements import RoundKind
from tests.privacy.protocol.comparing import leader_words
from tests.privacy.protocol.worlds import KeyedDice, Town, make_world, nation, small_plan

CORRECTED = nation()["a.node"].with_child("131016", "13", 0)


class StuckDice(KeyedDice):
    """Dice of a node whose random source came up broken: the same bytes each time."""

    def random(self, party: str, purpose: str) -> Callable[[int], bytes]:
        return bytes if "seed" in purpose and party in ("a.node", "b.node") else super().random(party, purpose)


def played(faults: Faults[Town], *, stuck: bool = False) -> World[Town]:
    world = make_world(nation(), small_plan(), repeatable=False)
    if stuck:
        for node in world.nodes.values():
            node._dice = StuckDice("stuck")
    world.run("r1", RoundKind.MAIN, faults)
    return world


def envelopes(transcript: Transcript) -> dict[tuple[str, frozenset[str]], set[bytes]]:
    found = defaultdict(set)
    for line in transcript.of(Kind.ENVELOPE):
        found[line.about, line.seen_by].add(line.body)
    return found


@pytest.mark.parametrize("party", ["leader", "helper", "a.node"])
def test_what_is_sent_again_is_the_same_bytes(party: str) -> None:
    """With real envelopes, which are never the same twice unless they are kept."""
    steps = ("sent-leader", "sent-helper") if party == "a.node" else ("share-checked", "share-kept", "sums-kept")
    faults: Faults[Town] = Faults(resend=frozenset(nation()), crashes=frozenset((party, step) for step in steps))
    transcript = played(faults).transcript
    assert all(len(bodies) == 1 for bodies in envelopes(transcript).values())
    assert len(list(transcript.of(Kind.SUMS))) == 2
    receipts = defaultdict(set)
    for line in transcript.of(Kind.RECEIPT):
        receipts[line.sender, line.about].add(line.body)
    assert all(len(bodies) == 1 for bodies in receipts.values())


def test_a_mended_submission_has_a_new_mask() -> None:
    transcript = played(Faults(mended={"a.node": CORRECTED})).transcript
    seeds = [line for line in transcript.of(Kind.SHARE) if line.sender is Side.HELPER and "a.node" in line.about]
    assert len({line.about for line in seeds}) == len({line.body for line in seeds}) == 2
    assert reused_masks(transcript, Side.HELPER) == ()
    one, two = (
        leader_words(line)
        for line in transcript.of(Kind.SHARE)
        if line.sender is Side.LEADER and "a.node" in line.about
    )
    difference = (two - one).view(np.int64)
    assert (np.abs(difference) > 2**40).any(), "the leader cannot see what was mended"


def test_a_planted_reuse_is_found_in_the_transcript_and_refused_by_the_helper() -> None:
    with pytest.raises(MaskReused):
        played(Faults(), stuck=True)
    world = make_world(nation(), small_plan(), repeatable=False)
    world.nodes["a.node"]._dice = StuckDice("stuck")
    world.run("r1", RoundKind.MAIN, Faults(mended={"a.node": CORRECTED}))
    assert reused_masks(world.transcript, Side.HELPER) == ("r1 a.node 1", "r1 a.node 2")


def test_even_a_reused_seed_does_not_show_what_was_mended() -> None:
    """The mask is bound to the sequence as well: a second lock behind the first."""
    first, second = (split([7] * 8, seed=bytes(32), context=context).leader for context in (b"1", b"2"))
    assert first != second


def test_fresh_seeds_pass() -> None:
    require_fresh([bytes([at]) * 32 for at in range(9)])


def test_a_stopped_node_makes_a_new_seed_for_what_it_had_not_kept() -> None:
    world = make_world(nation(), small_plan(), repeatable=False)
    world.run("r1", RoundKind.MAIN, replace(Faults(), crashes=frozenset({("a.node", "node-made")})))
    thrown = [line.body for line in world.transcript.of(Kind.DRAWN) if "seed" in line.about and line.sender == "a.node"]
    assert len(thrown) == len(set(thrown)) == 2
