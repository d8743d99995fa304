"""Rounds of one reference date together: no two opened totals differ by one node unless the ledger was charged for it.

Within a round the three levels are charged apart from each other. So, for every node, what was opened about its
children over all rounds may cost no more than what the ledger charged them for.
"""

from itertools import combinations

import pytest

from aggregator.plans.model import Level
from aggregator.protocol.shares import Side
from aggregator.protocol.simulation.faults import Faults, Outcome, units_by_node
from aggregator.protocol.simulation.rounds import World
from aggregator.protocol.simulation.servers import ServerParty
from aggregator.protocol.simulation.transcript import Kind, Phase
from aggregator.protocol.statements import RoundKind
from aggregator.protocol.totals import Withheld
from tests.privacy.protocol.worlds import Town, make_world, nation, small_plan

LATE: Faults[Town] = Faults(late=frozenset({"b.node"}), dropped=frozenset({"e.node", "f.node"}))


def charged(world: World[Town]) -> int:
    """Return what the ledger charged every child of the school year, whether or not it was in a round."""
    by_server = {side: sum(one.units for one in world.ledger if one.server == side) for side in Side}
    assert len(set(by_server.values())) == 1, "both servers charge the same"
    return by_server[Side.LEADER]


def overspent(world: World[Town]) -> set[str]:
    """Return the nodes about whose children more was opened than was charged."""
    spent = units_by_node(world.plan, world.outcomes)
    return {node for node, units in spent.items() if units > charged(world)}


class Forgetful(World[Town]):
    """A world whose servers do not look at earlier rounds."""

    def _announce(self, round_id: str, kind: RoundKind) -> dict[Side, ServerParty]:
        servers = super()._announce(round_id, kind)
        for server in servers.values():
            server._counted = frozenset()
        return servers


def close_pairs(world: World[Town]) -> list[tuple[Outcome, Outcome]]:
    """Return pairs of rounds of which two opened totals of a level share a node."""
    found = []
    for one, other in combinations(world.outcomes, 2):
        for level in Level:
            mine, theirs = (
                [set(spec.nodes) for spec, values in each.totals.items() if opened(values) and spec.level is level]
                for each in (one, other)
            )
            if any(a & b for a in mine for b in theirs):
                found.append((one, other))
    return found


def opened(values: object) -> bool:
    return values not in (Withheld.SPLIT, Withheld.BELOW_FLOOR)


@pytest.fixture
def world() -> World[Town]:
    return make_world(nation(), small_plan(), repeatable=False)


def test_a_supplement_holds_new_nodes_alone_and_costs_nobody_twice(world: World[Town]) -> None:
    main, late = world.run("r1", RoundKind.MAIN, LATE), world.run("r2", RoundKind.SUPPLEMENT, Faults())
    assert main.closing.nodes.isdisjoint(late.closing.nodes)
    assert late.closing.nodes == {"b.node", "e.node", "f.node"}
    assert [(one.units, one.reason) for one in world.ledger if one.round_id == "r2"] == [(0, "disjoint")] * 2
    assert close_pairs(world) == []
    assert overspent(world) == set()
    refusals = {line.about: line.body for line in world.transcript.of(Kind.REFUSAL) if line.round_id == "r2"}
    assert set(refusals) == {f"{node} 1" for node in main.closing.nodes}
    assert set(refusals.values()) == {b"already_counted"}


def test_the_test_catches_a_supplement_that_forgets_who_was_counted() -> None:
    world = make_world(nation(), small_plan(), repeatable=False, kind=Forgetful)
    world.run("r1", RoundKind.MAIN, LATE)
    world.run("r2", RoundKind.SUPPLEMENT, Faults())
    assert close_pairs(world) != []
    assert overspent(world) >= {"a.node", "corp.node"}


def test_the_floor_of_a_supplement_is_its_own(world: World[Town]) -> None:
    world.run("r1", RoundKind.MAIN, LATE)
    late = world.run("r2", RoundKind.SUPPLEMENT, Faults())
    assert {(spec.level, spec.area): spec.withheld for spec in late.specs} == {
        (Level.NATION, "JP"): None, (Level.PREFECTURE, "13"): None,
        (Level.PREFECTURE, "14"): Withheld.BELOW_FLOOR,
        (Level.ESTABLISHER, "131024"): None, (Level.ESTABLISHER, "131041"): None,
        (Level.ESTABLISHER, "141003"): Withheld.SPLIT,
    }  # fmt: skip


def test_a_repeat_is_charged_again_to_everybody(world: World[Town]) -> None:
    world.run("r1", RoundKind.MAIN, LATE)
    world.run("r2", RoundKind.REPEAT, Faults())
    assert close_pairs(world) != []
    assert [one.units for one in world.ledger] == [world.plan.total_units] * 4
    assert overspent(world) == set()


def test_a_repeat_draws_the_nodes_own_noise_anew(world: World[Town]) -> None:
    first, second = world.run("r1", RoundKind.MAIN, Faults()), world.run("r2", RoundKind.REPEAT, Faults())
    totals = [
        {spec: each for spec, each in one.totals.items() if spec.level is Level.ESTABLISHER} for one in (first, second)
    ]
    assert totals[0] != totals[1]


def test_a_mended_submission_keeps_the_nodes_own_noise(world: World[Town]) -> None:
    """Otherwise two submissions of a round would together say more than was charged."""
    faults: Faults[Town] = Faults(mended={"a.node": nation()["a.node"]})
    world.run("r1", RoundKind.MAIN, faults)
    drawn = [one for one in world.transcript.of(Kind.DRAWN) if one.sender == "a.node" and "cells" in one.about]
    assert len(drawn) == 1


def test_within_a_round_every_level_is_charged_apart(world: World[Town]) -> None:
    world.run("r1", RoundKind.MAIN, Faults())
    spent = units_by_node(world.plan, world.outcomes)
    assert spent["a.node"] == world.plan.total_units == charged(world)
    assert spent["g.node"] == world.plan.units[Level.NATION] + world.plan.units[Level.ESTABLISHER]
    assert spent["d.node"] == world.plan.units[Level.NATION] + world.plan.units[Level.PREFECTURE]


def test_nothing_is_opened_before_both_servers_have_spent(world: World[Town]) -> None:
    world.run("r1", RoundKind.MAIN, Faults(crashes=frozenset({("leader", "spent"), ("helper", "spent")})))
    assert [one.server for one in world.ledger] == [Side.HELPER, Side.LEADER]
    phases = [line.phase for line in world.transcript.lines if line.kind is not Kind.DRAWN]
    assert phases == sorted(phases, key=list(Phase).index)
    assert all(line.phase is Phase.OPENED for line in world.transcript.of(Kind.TOTAL))


def test_a_late_node_is_refused_by_the_leader_and_not_on_the_list_of_either(world: World[Town]) -> None:
    main = world.run("r1", RoundKind.MAIN, LATE)
    assert "b.node" not in main.closing.nodes
    [refusal] = world.transcript.of(Kind.REFUSAL)
    assert (refusal.sender, refusal.body) == (Side.LEADER, b"round_closed")
