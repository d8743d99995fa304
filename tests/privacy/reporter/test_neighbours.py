"""One child more or less moves a submission by no more than the plan says: measured on the submission itself."""

import itertools
from collections.abc import Iterable, Sequence
from fractions import Fraction
from random import Random

import pytest

from aggregator.plans.cells import base_cells, project
from aggregator.plans.model import Level, Plan
from aggregator.plans.sensitivity import sensitivity_squared
from aggregator.protocol.layout import parts
from aggregator.protocol.messages import SubmissionHeader
from aggregator.protocol.ring import signed
from aggregator.protocol.shares import Side, envelope_context, words
from aggregator.protocol.wire import named_in
from aggregator.reporter.facts import Areas, ChildFact
from aggregator.reporter.report import Prepared, Sender, build
from tests.factories.plans import make_plan
from trust.envelopes import SealingKey, open_envelope
from trust.signing import SigningKey

AREAS = Areas.of({"132012", "209201"}, {"13", "20"})
LEADER, HELPER, NODE = SealingKey.generate(), SealingKey.generate(), SigningKey.generate()
SEED = bytes(range(32))


def same(_: Fraction, n: int) -> list[int]:
    return [number - 2 for number in range(n)]


def prepare(plan: Plan, facts: Iterable[ChildFact]) -> Prepared:
    sender = Sender("11111111-2222-3333-4444-555555555555", "test.node", 1, NODE, LEADER.public(), HELPER.public())
    return build(plan, facts, AREAS, sender=sender, noise=same, kept=None, random=lambda _: SEED)


def halves(prepared: Prepared) -> tuple[list[int], list[int]]:
    header = named_in(SubmissionHeader, prepared.header)
    found = []
    for side, key in ((Side.LEADER, LEADER), (Side.HELPER, HELPER)):
        share = open_envelope(key, prepared.envelope(side), context=envelope_context(header.context, side))
        found.append(signed(words(share, side, header.context, header.cells)))
    return found[0], found[1]


def vector(plan: Plan, facts: Iterable[ChildFact]) -> list[int]:
    return [one + other for one, other in zip(*halves(prepare(plan, facts)), strict=True)]


def children(plan: Plan, number: int, random: Random) -> list[ChildFact]:
    cells = [cell.codes for cell in base_cells(plan)]
    return [
        ChildFact(
            random.choice(AREAS.establishers), random.choice(AREAS.prefectures),
            tuple(
                (codes, random.randint(0, plan.bounds.per_cell))
                for codes in random.sample(cells, plan.bounds.cells_per_child)
            ),
        )
        for _ in range(number)
    ]  # fmt: skip


@pytest.mark.parametrize(("cells", "per_cell"), [(1, 1), (2, 1), (1, 3), (3, 2)])
def test_the_measured_distance_of_neighbours_is_the_computed_one(cells: int, per_cell: int) -> None:
    """Every child in turn is taken out of the same node, with the same randomness; the largest move is the bound."""
    plan = make_plan(bounds__cells_per_child=cells, bounds__per_cell=per_cell)
    random = Random(5)
    grades = [cell.codes for cell in base_cells(plan)]
    # The child that moves most: all its cells in one coarse cell, each as full as it may be.
    worst = ChildFact("209201", "20", tuple((codes, per_cell) for codes in grades[:cells]))
    facts = [*children(plan, 12, random), worst]
    whole, layout = vector(plan, facts), parts(plan, AREAS.establishers, AREAS.prefectures)
    measured = dict.fromkeys(Level, 0)
    for left_out in range(len(facts)):
        without = vector(plan, facts[:left_out] + facts[left_out + 1 :])
        moved = [one - other for one, other in zip(whole, without, strict=True)]
        own = [
            value for part in layout.parts if part.level is Level.ESTABLISHER for value in moved[part.start : part.stop]
        ]
        exact = [moved[part.start : part.stop] for part in layout.parts if part.level is Level.PREFECTURE]
        nation = [sum(each) for each in zip(*exact, strict=True)]
        measured[Level.ESTABLISHER] = max(measured[Level.ESTABLISHER], _squared(own))
        prefectures = [value for each in exact for value in project(plan, Level.PREFECTURE, each)]
        measured[Level.PREFECTURE] = max(measured[Level.PREFECTURE], _squared(prefectures))
        measured[Level.NATION] = max(measured[Level.NATION], _squared(project(plan, Level.NATION, nation)))
    assert measured[Level.ESTABLISHER] == sensitivity_squared(plan, Level.ESTABLISHER)
    for level in (Level.PREFECTURE, Level.NATION):
        # In a full cross table the cells of one child are different cells, so the bound is reached with one cell alone.
        assert measured[level] == cells * per_cell**2 <= sensitivity_squared(plan, level)


def test_neighbours_differ_in_values_alone() -> None:
    """No key, length, order or header member depends on anybody: an empty node looks like a full one from outside."""
    plan = make_plan()
    full, empty = (
        named_in(SubmissionHeader, prepare(plan, facts).header) for facts in (children(plan, 50, Random(1)), [])
    )
    assert (full.areas, full.prefectures, full.cells, full.context) == (
        empty.areas, empty.prefectures, empty.cells, empty.context,
    )  # fmt: skip


def test_the_order_of_children_says_nothing() -> None:
    plan = make_plan()
    facts = children(plan, 20, Random(2))
    assert vector(plan, facts) == vector(plan, facts[::-1])


def test_taint_what_leaves_for_establishers_depends_on_the_noisy_figure_alone() -> None:
    """Another truth with the noise that leads to the same figure gives the very same words to both servers."""
    plan = make_plan()
    one = ChildFact("209201", "20", ((("P5", "female"), 1),))
    truths: Sequence[list[ChildFact]] = ([], [one], [one] * 9)
    seen = set()
    for facts in truths:

        def draw(_: Fraction, n: int, facts: list[ChildFact] = facts) -> list[int]:
            drawn = [10] * n
            drawn[2] -= len(facts)  # the elementary cell of the second establisher
            return drawn

        sender = Sender("11111111-2222-3333-4444-555555555555", "test.node", 1, NODE, LEADER.public(), HELPER.public())
        prepared = build(plan, facts, AREAS, sender=sender, noise=draw, kept=None, random=lambda _: SEED)
        seen.add(tuple(itertools.chain(*(half[:4] for half in halves(prepared)))))
    assert len(seen) == 1


def _squared(values: Iterable[int]) -> int:
    return sum(value * value for value in values)
