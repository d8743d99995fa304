"""What estimation starts from: the opened totals, as the tree of nation, prefectures, establishers that they form."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aggregator.estimation.groups import CountRefused
from aggregator.plans.cells import level_cells
from aggregator.plans.model import Level, Plan
from aggregator.privacy.distribution import Noise

Area = tuple[Level, str]


@dataclass(frozen=True, slots=True)
class Opened:
    """A total that was opened: its cells in the level's order, each with the same noise."""

    level: Level
    area: str
    values: tuple[int, ...]
    noise: Noise


@dataclass(frozen=True, slots=True)
class Prefecture:
    """One prefecture: its total if it was opened, its opened establishers, and whether none of them is withheld."""

    code: str
    opened: Opened | None
    establishers: tuple[Opened, ...]
    whole: bool


@dataclass(frozen=True, slots=True)
class Tree:
    """The opened totals as a tree, prefectures and establishers by code."""

    nation: Opened | None
    prefectures: tuple[Prefecture, ...]

    @property
    def establisher_noise(self) -> Noise | None:
        """The noise that every node added, or None where no establisher was opened."""
        return next((each.noise for one in self.prefectures for each in one.establishers), None)


def tree_of(plan: Plan, opened: Iterable[Opened], withheld: Mapping[Area, str]) -> Tree:
    """Return the tree of a round's totals; raises CountRefused for what does not belong together.

    An establisher's area lies in the prefecture that its code begins with.
    """
    found = {(one.level, one.area): one for one in opened}
    for at, one in found.items():
        _check(plan, one, at in withheld)
    inside: dict[str, list[Opened]] = defaultdict(list)
    for (level, area), one in sorted(found.items()):
        if level is Level.ESTABLISHER:
            inside[area[:2]].append(one)
    shut = {area[:2] for level, area in withheld if level is Level.ESTABLISHER}
    named = {area for level, area in (*found, *withheld) if level is Level.PREFECTURE}
    nation = next((one for (level, _), one in found.items() if level is Level.NATION), None)
    tree = Tree(
        nation,
        tuple(
            Prefecture(code, found.get((Level.PREFECTURE, code)), tuple(inside[code]), code not in shut)
            for code in sorted(named | shut | set(inside))
        ),
    )
    if len({each.noise for one in tree.prefectures for each in one.establishers}) > 1:
        raise CountRefused("all nodes add the same noise")
    return tree


def _check(plan: Plan, one: Opened, withheld: bool) -> None:
    if withheld:
        raise CountRefused("a total is either opened or withheld")
    if len(one.values) != len(level_cells(plan, one.level)):
        raise CountRefused("a total has one value per cell of its level")
    if any(type(value) is not int for value in one.values):
        raise CountRefused("opened values are plain integers")
