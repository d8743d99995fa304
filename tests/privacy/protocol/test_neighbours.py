"""Same randomness, one child more or less: what each party sees is compared line by line, over whole transcripts.

The pattern is that of re:cord-play (PETS 2026): fix every throw of the dice, change one child, and nothing may differ
but what the proof allows. Deterministic, so there is no false alarm. Fixed besides the dice: all keys; the envelopes,
which are sealed without fresh randomness here (HPKE is tested where it lives); and the seed of the committees, which is
a hash of the list: it is uniform and independent of every figure, so both runs may have the same one (that it changes
with the list is tested in test_binding).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256

import numpy as np
import pytest

from aggregator.plans.cells import members, project
from aggregator.plans.model import Level, Plan
from aggregator.plans.sensitivity import sensitivity_squared
from aggregator.protocol.committee import draw, total_seed
from aggregator.protocol.layout import parts
from aggregator.protocol.ring import Words
from aggregator.protocol.shares import Shares, Side, split
from aggregator.protocol.simulation.faults import Faults, Outcome
from aggregator.protocol.simulation.rounds import World
from aggregator.protocol.simulation.transcript import Kind, Line, Phase, reused_masks
from aggregator.protocol.statements import RoundKind
from aggregator.protocol.totals import NATION, TotalSpec, Withheld
from aggregator.reporter import report
from tests.privacy.protocol.comparing import differing, halves, hidden, leader_words, stripped
from tests.privacy.protocol.worlds import Town, make_world, nation, small_plan

pytestmark = pytest.mark.usefixtures("sealing")

COIN = bytes(range(32))
OTHERS = 12
QUIET = frozenset(f"z{at:02}.node" for at in range(OTHERS))
TOLERATED = 2
BEFORE_OPENING = {Phase.OPENING, Phase.COLLECTING, Phase.CLOSING, Phase.DRAWING, Phase.SEATING}


@dataclass(frozen=True)
class Child:
    """A child of a town: where it counts, and in which base cell."""

    node: str
    establisher: str
    prefecture: str
    cell: int


CHILDREN = [
    pytest.param(Child("a.node", "131016", "13", 2), id="usual"),
    pytest.param(Child("corp.node", "14x-corp.node", "14", 1), id="second-prefecture"),
    pytest.param(Child("d.node", "141003", "14", 0), id="split-area"),
    pytest.param(Child("g.node", "472018", "47", 3), id="below-floor"),
    pytest.param(Child("c.node", "131032", "13", 0), id="empty-node"),
]
A = Child("a.node", "131016", "13", 2)

CRASHES = [
    *((side, step) for side in ("leader", "helper") for step in ("share-checked", "share-kept", "spent", "draw-kept")),
    *((side, step) for side in ("leader", "helper") for step in ("noise-drawn", "sums-kept")),
    ("leader", "list-kept"), ("helper", "list-agreed"),
    *(("a.node", step) for step in ("node-made", "node-kept", "sent-leader", "sent-helper")),
    *((node, step) for node in ("a.node", "b.node") for step in ("seat-made", "seat-kept")),
]  # fmt: skip


@dataclass(frozen=True)
class Trouble:
    """Faults, in which sequences of its node the child is, and which of them is on the list in the end."""

    faults: Callable[[Child, bool], Faults[Town]]
    holds: frozenset[int] = frozenset({1})
    listed: int | None = 1


def corrected(child: Child, has: bool) -> Town:
    """Return a town in which another child than the one in question was corrected."""
    town = nation()[child.node].with_child(child.establisher, child.prefecture, 1)
    return town.with_child(child.establisher, child.prefecture, child.cell) if has else town


def corrected_at_one(side: Side, child: Child, has: bool) -> Faults[Town]:
    return Faults(mended_at_one={child.node: (corrected(child, has), side)})


def stopped_at(party: str, step: str, _child: Child, _has: bool) -> Faults[Town]:
    return Faults(crashes=frozenset({(party, step)}))


BOTH, SECOND = frozenset({1, 2}), frozenset({2})
TROUBLES = {
    "none": Trouble(lambda child, has: Faults()),
    "resend": Trouble(lambda child, has: Faults(resend=frozenset({child.node}))),
    "dropped-other": Trouble(lambda child, has: Faults(dropped=frozenset({"b.node"}))),
    "one-sided-leader": Trouble(lambda child, has: Faults(one_sided={child.node: Side.LEADER}), listed=None),
    "one-sided-helper": Trouble(lambda child, has: Faults(one_sided={child.node: Side.HELPER}), listed=None),
    "late": Trouble(lambda child, has: Faults(late=frozenset({child.node})), listed=None),
    "mended": Trouble(lambda child, has: Faults(mended={child.node: corrected(child, has)}), BOTH, 2),
    "mended-in": Trouble(lambda child, has: Faults(mended={child.node: corrected(child, has)}), SECOND, 2),
    "mended-out": Trouble(lambda child, has: Faults(mended={child.node: corrected(child, False)}), listed=2),
    **{
        f"mended-at-{side}-{name}": Trouble(partial(corrected_at_one, side), holds, 1)
        for side in Side
        for name, holds in (("alone", BOTH), ("alone-in", SECOND))
    },
    "silent-once": Trouble(lambda child, has: Faults(silent=lambda attempt, node: not attempt and node == "z03.node")),
    "silent-for-good": Trouble(lambda child, has: Faults(silent=lambda attempt, node: node.startswith("z0"))),
    "replayed": Trouble(lambda child, has: Faults(replay=(("b.node", child.node),))),
    **{
        f"crash {party} {step}": Trouble(partial(stopped_at, party, step))
        for party, step in CRASHES
    },
}  # fmt: skip
BY_COMMITTEE = {"none", "silent-once", "silent-for-good", "crash a.node seat-made", "crash b.node seat-kept"}
"""What a committee changes; the other faults are played with it by the long proof."""


def run(plan: Plan, child: Child, has: bool, trouble: Trouble) -> tuple[World[Town], Outcome]:
    facts, faults = nation(), trouble.faults(child, has)
    if has and 1 in trouble.holds:
        facts[child.node] = facts[child.node].with_child(child.establisher, child.prefecture, child.cell)
    world = make_world(facts, plan, coin=lambda _draw: COIN, others=OTHERS)
    return world, world.run("r1", RoundKind.MAIN, replace(faults, dropped=faults.dropped | QUIET))


def contribution(plan: Plan, child: Child) -> Words:
    """Return by how much the child moves its node's vector: once in its establisher, once in its prefecture."""
    town = nation()[child.node]
    layout = parts(plan, town.areas.establishers, town.areas.prefectures)
    found = np.zeros(layout.length, dtype=np.uint64)
    found[layout.slice_of(Level.PREFECTURE, child.prefecture).start + child.cell] = 1
    start = layout.slice_of(Level.ESTABLISHER, child.establisher).start
    for at, group in enumerate(members(plan, Level.ESTABLISHER)):
        found[start + at] = 1 if child.cell in group else 0
    return found


def part_of(plan: Plan, spec: TotalSpec, child: Child) -> Words:
    """Return by how much the child moves a total, zeros where it is in none of its nodes' cells."""
    base = np.zeros(4, dtype=np.uint64)
    base[child.cell] = 1
    own = {Level.NATION: NATION, Level.PREFECTURE: child.prefecture, Level.ESTABLISHER: child.establisher}
    moved = project(plan, spec.level, base)
    return moved if spec.area == own[spec.level] else np.zeros_like(moved)


def colluders(plan: Plan, child: Child) -> tuple[str, ...]:
    """Return as many members of the nation's committee as the plan tolerates, none of them the child's own node."""
    if plan.noise.value == "servers":
        return ()
    roster = sorted([*nation(), *QUIET])
    seated = draw(total_seed(COIN, Level.NATION, NATION), roster, len(roster))
    return tuple(node for node in seated if node != child.node)[:TOLERATED]


def check_before_opening(
    server: Side, first: tuple[Line, ...], second: tuple[Line, ...], holding: set[str], moved: Words
) -> None:
    """Hold every line that differs before anything is opened against what is allowed.

    ``holding`` names the vectors, as transcripts do, in which the child is and which reached the leader.
    """
    told = set()
    for one, other in differing(first, second):
        about_seat = " seat " in one.about
        match one.kind:
            case Kind.STATEMENT | Kind.HEADER | Kind.RECEIPT:
                assert stripped(one) == stripped(other)
            case Kind.ENVELOPE:
                assert about_seat or (server is Side.LEADER and one.about in holding)
            case Kind.SHARE if about_seat:
                assert server is Side.LEADER, "a seat's mask is bound to the list; its seed is not"
            case Kind.SHARE:
                assert server is Side.LEADER
                assert np.array_equal(leader_words(other) - leader_words(one), moved)
                told.add(one.about)
            case _:
                pytest.fail(f"{one.kind} of {one.sender} differs before opening")
    assert told == (holding if server is Side.LEADER else set())


def compare(plan: Plan, child: Child, trouble: Trouble) -> None:
    (world, outcome), (other_world, other) = (run(plan, child, has, trouble) for has in (False, True))
    listed = {one.node: one.sequence for one in outcome.closing.entries}
    assert listed.get(child.node) == trouble.listed
    reached = {one.about for one in world.transcript.of(Kind.SHARE) if one.sender is Side.LEADER}
    holding = reached & {f"{child.node} {sequence}" for sequence in trouble.holds}
    for server in Side:
        for members_ in ((), colluders(plan, child)):
            first, second = (
                tuple(line for line in each.transcript.view(server, *members_) if line.phase in BEFORE_OPENING)
                for each in (world, other_world)
            )
            check_before_opening(server, first, second, holding, contribution(plan, child))
    check_seats(world, other_world)
    check_opened(plan, world, outcome, other_world, other, child, counted=trouble.listed in trouble.holds)
    assert reused_masks(other_world.transcript, Side.HELPER) == ()


def check_seats(world: World[Town], other: World[Town]) -> None:
    """What the seats' shares hide is the same noise in both runs: only its masks are bound to the list."""
    for about in {line.about for line in world.transcript.of(Kind.HEADER) if " seat " in line.about}:
        assert np.array_equal(hidden(world.transcript, about), hidden(other.transcript, about))


def check_opened(
    plan: Plan, world: World[Town], first: Outcome, other_world: World[Town], second: Outcome, child: Child,
    *, counted: bool,
) -> None:  # fmt: skip
    assert first.specs == second.specs
    moved = dict.fromkeys(Level, 0)
    by_committee = any(one.noise.value == "committee" for one in first.seating.totals)
    sums = {
        side: [
            halves(line)
            for each in (world, other_world)
            for line in each.transcript.of(Kind.SUMS)
            if line.sender == side
        ]
        for side in Side
    }
    for spec in first.specs:
        before, after = first.totals[spec], second.totals[spec]
        if isinstance(before, Withheld) or isinstance(after, Withheld):
            assert before == after
            continue
        difference = np.array(after) - np.array(before)
        expected = part_of(plan, spec, child) if counted else np.zeros_like(difference)
        assert np.array_equal(difference, expected.view(np.int64))
        moved[spec.level] += int(difference @ difference)
        if not by_committee:
            place = (spec.level.value, spec.area)
            assert np.array_equal(sums[Side.HELPER][0][place], sums[Side.HELPER][1][place])
            assert np.array_equal(sums[Side.LEADER][1][place] - sums[Side.LEADER][0][place], expected)
    for level in Level:
        assert moved[level] <= sensitivity_squared(plan, level)


@pytest.mark.parametrize("noise", ["servers", "committee"])
@pytest.mark.parametrize("child", CHILDREN)
def test_one_child_moves_only_its_nodes_masked_words_and_the_totals_it_is_in(noise: str, child: Child) -> None:
    compare(small_plan(noise), child, TROUBLES["none"])


@pytest.mark.parametrize("trouble", sorted(TROUBLES))
def test_no_fault_shows_more_of_a_child(trouble: str) -> None:
    compare(small_plan("servers"), A, TROUBLES[trouble])


@pytest.mark.parametrize("trouble", sorted(BY_COMMITTEE))
def test_no_fault_of_a_committee_shows_more_of_a_child(trouble: str) -> None:
    compare(small_plan("committee"), A, TROUBLES[trouble])


@pytest.mark.long
@pytest.mark.parametrize("trouble", sorted(TROUBLES.keys() - BY_COMMITTEE))
def test_no_fault_beside_a_committee_shows_more_of_a_child(trouble: str) -> None:
    compare(small_plan("committee"), A, TROUBLES[trouble])


def test_the_comparison_catches_a_mask_that_depends_on_the_records(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted leak: a seed that is a hash of the vector shows the helper whether the vector changed."""

    def leaking(values: Sequence[int], *, seed: bytes, context: bytes) -> Shares:
        return split(values, seed=sha256(repr(values).encode()).digest(), context=context)

    monkeypatch.setattr(report, "split", leaking)
    with pytest.raises(AssertionError):
        compare(small_plan("servers"), A, TROUBLES["none"])
