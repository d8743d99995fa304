"""Which totals a closed round has, of which nodes each is made, and which of them stay shut.

Everything here follows from the plan and the signed headers on the list, so both servers, and any auditor, come to the
same totals. A *participation floor* guards trust: a total above the node that fewer nodes share than the plan asks for
stays shut. An establisher's area that more than one node reports is *split*: it stays shut at its own level, because
its figure would no longer lie inside one node; its children count in prefecture and nation.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from aggregator.plans.model import Level, Plan
from aggregator.protocol.layout import parts
from aggregator.protocol.messages import SubmissionHeader

NATION: Final = "JP"


class Withheld(StrEnum):
    """Why a total is not published. The first two are known before opening; the spend stays spent in any case."""

    BELOW_FLOOR = "below_floor"
    SPLIT = "split"
    INCONSISTENT = "inconsistent"
    """After opening: out of any possible range, or contradicted by the noisy figures of its establishers."""


@dataclass(frozen=True, slots=True)
class TotalSpec:
    """One total: its level and area, the nodes in it in ascending order, and why it stays shut, if it does."""

    level: Level
    area: str
    nodes: tuple[str, ...]
    withheld: Withheld | None = None


def specs(
    plan: Plan, headers: Iterable[SubmissionHeader], earlier_areas: Collection[str] = ()
) -> tuple[TotalSpec, ...]:
    """Return the totals of a list: nation, then prefectures, then establishers, each by ascending code.

    ``earlier_areas`` are establishers that an earlier round of the reference date reported: in a supplement, where
    only other nodes take part, such an area turns out to be split.
    """
    nodes: dict[tuple[Level, str], list[str]] = defaultdict(list)
    for header in sorted(headers, key=lambda one: one.node):
        nodes[Level.NATION, NATION].append(header.node)
        for code in header.prefectures:
            nodes[Level.PREFECTURE, code].append(header.node)
        for code in header.areas:
            nodes[Level.ESTABLISHER, code].append(header.node)
    order = list(Level)
    return tuple(
        TotalSpec(level, area, tuple(each), _withheld(plan, level, area in earlier_areas, len(each)))
        for (level, area), each in sorted(nodes.items(), key=lambda one: (order.index(one[0][0]), one[0][1]))
    )


def fits(plan: Plan, header: SubmissionHeader) -> bool:
    """Return whether a header counts as many cells as its strata have under the plan."""
    return header.cells == parts(plan, header.areas, header.prefectures).length


def _withheld(plan: Plan, level: Level, reported_before: bool, nodes: int) -> Withheld | None:
    if level is Level.ESTABLISHER:
        return Withheld.SPLIT if reported_before or nodes > 1 else None
    return Withheld.BELOW_FLOOR if nodes < plan.floor else None
