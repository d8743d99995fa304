"""Where each figure of a node stands in its vector. It follows from plan and strata alone, never from the records.

First, for each establisher area (sorted by code), the **noisy** cells of the establisher tables: these lie wholly
inside the node, which adds their noise itself. Then, for each prefecture (sorted) in which the node has schools, the
**exact** base cells, from which every prefectural and national cell is a sum.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aggregator.plans.cells import base_cells, level_cells
from aggregator.plans.model import Level, Plan
from aggregator.protocol.ring import MOST_WORD, to_words

MOST_CHILDREN: Final = 2**24
"""More children than Japan has: whatever one node reports in one cell is at most this many times ``per_cell``."""
MOST_NOISE: Final = 2**39
"""A node's own noise above this size has a probability that no account can hold; it is refused as a fault."""


@dataclass(frozen=True, slots=True)
class Part:
    """One stretch of the vector: the cells of an establisher, or the base cells of a prefecture."""

    level: Level
    area: str
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Layout:
    """The parts of a vector in order. ``length`` counts its words."""

    parts: tuple[Part, ...]

    @property
    def length(self) -> int:
        """Return how many words the vector has."""
        return self.parts[-1].stop if self.parts else 0

    def slice_of(self, level: Level, area: str) -> slice:
        """Return where an area's words stand; raises KeyError if the node does not report it."""
        for one in self.parts:
            if (one.level, one.area) == (level, area):
                return slice(one.start, one.stop)
        raise KeyError((level, area))


def parts(plan: Plan, areas: Sequence[str], prefectures: Sequence[str]) -> Layout:
    """Return the layout of a node's vector for its establisher areas and prefectures."""
    found: list[Part] = []
    stop = 0
    for level, codes, width in (
        (Level.ESTABLISHER, areas, width_of(plan, Level.ESTABLISHER)),
        (Level.PREFECTURE, prefectures, len(base_cells(plan))),
    ):
        for code in sorted(codes):
            found.append(Part(level, code, stop, stop + width))
            stop += width
    return Layout(tuple(found))


def width_of(plan: Plan, level: Level) -> int:
    """Return how many cells an area of this level publishes."""
    return len(level_cells(plan, level))


def most_exact(plan: Plan) -> int:
    """Return the largest exact figure a node may report in one base cell."""
    return min(MOST_CHILDREN * plan.bounds.per_cell, MOST_WORD)


def require_bounds(plan: Plan, layout: Layout, values: Sequence[int]) -> None:
    """Refuse a vector with a figure outside the plan's bounds; raises ValueRefused. Run before splitting, in the node.

    Exact cells lie between nothing and ``most_exact``; a noisy cell may lie below zero, by no more than ``MOST_NOISE``.
    """
    most = most_exact(plan)
    if len(values) != layout.length:
        raise ValueError(f"{len(values)} figures for {layout.length} places")
    for one in layout.parts:
        exact = one.level is Level.PREFECTURE
        to_words(
            values[one.start : one.stop], least=0 if exact else -MOST_NOISE, most=most if exact else most + MOST_NOISE
        )
