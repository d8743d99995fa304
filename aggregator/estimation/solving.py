"""One pass over groups of the same form: estimates, whole numbers from the top downwards, intervals."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from aggregator.estimation import projection
from aggregator.estimation.cells import CellGroup
from aggregator.estimation.groups import (
    CountRefused,
    Estimates,
    Integers,
    Intervals,
    Measurements,
    estimate,
    intervals,
    rounded,
)
from aggregator.estimation.opened import Opened, Prefecture, Tree
from aggregator.estimation.tree import Branch, Shape
from aggregator.plans.model import Level
from aggregator.privacy.distribution import Interval


@dataclass(frozen=True, slots=True)
class Solved:
    """One cell of one area: the rounded estimate, the value that adds up, the interval around the former.

    Where ``summed``, it is all cells of a group added up, and ``place`` is that of the establishers' cell that counts
    the same; otherwise the place of the cell at its own level.
    """

    level: Level
    area: str
    place: int
    estimated: int
    value: int
    interval: Interval
    summed: bool = False


def solve(tree: Tree, groups: Sequence[CellGroup]) -> Iterator[Solved]:
    """Return every measured cell of some groups of one form (see ``form_of``). Raises CountRefused."""
    nation, prefectures = _measured(tree, groups[0])
    shape = Shape(
        groups[0].cells,
        None if nation is None else nation.noise,
        tuple(
            Branch(None if one.opened is None else one.opened.noise, len(one.establishers), one.whole)
            for one in prefectures
        ),
        tree.establisher_noise,
    )
    found = estimate(shape, _measurements(shape, groups, nation, prefectures))
    values = _add_up(shape, found)
    within = intervals(shape)
    yield from _at_nation(groups, nation, found, values, within)
    for p, one in enumerate(prefectures):
        yield from _in_prefecture(groups, one, p, found, values, within)


def form_of(group: CellGroup) -> tuple[int, bool, bool, bool]:
    """Return what groups must have in common to be solved together: their size, and the levels they are counted at."""
    return group.cells, bool(group.nation), bool(group.prefecture), group.establisher is not None


@dataclass(frozen=True, slots=True)
class _Values:
    """Whole numbers that add up, in the form of the estimates (groups by cells, groups by establishers)."""

    nation: Integers | None
    prefectures: tuple[Integers | None, ...]
    establishers: tuple[Integers, ...]


def _measured(tree: Tree, like: CellGroup) -> tuple[Opened | None, tuple[Prefecture, ...]]:
    """Return the part of the tree at which groups like this one are counted."""
    return tree.nation if like.nation else None, tuple(
        Prefecture(
            one.code,
            one.opened if like.prefecture else None,
            one.establishers if like.establisher is not None else (),
            one.whole,
        )
        for one in tree.prefectures
    )


def _measurements(
    shape: Shape, groups: Sequence[CellGroup], nation: Opened | None, prefectures: Sequence[Prefecture]
) -> Measurements:
    cells = np.zeros((len(groups), len(prefectures), shape.cells), dtype=np.int64)
    try:
        for p, one in enumerate(prefectures):
            if one.opened is not None:
                cells[:, p, :] = [[one.opened.values[at] for at in group.prefecture] for group in groups]
        return Measurements(
            None
            if nation is None
            else np.array([[nation.values[at] for at in group.nation] for group in groups], dtype=np.int64),
            cells,
            tuple(
                np.array(
                    [[each.values[_coarse(group)] for each in one.establishers] for group in groups], dtype=np.int64
                ).reshape(len(groups), len(one.establishers))
                for one in prefectures
            ),
        )
    except OverflowError as error:
        raise CountRefused("a measurement is larger than any count") from error


def _add_up(shape: Shape, found: Estimates) -> _Values:
    """Fix the nation, then its prefectures below it, then their establishers below them."""
    nation = None if found.nation is None else projection.roots(found.nation)
    targets = [one for one in found.prefectures if one is not None]
    fixed: list[Integers] = []
    if nation is None:
        fixed = [projection.roots(one) for one in targets]
    elif targets:
        stacked = np.stack(targets, axis=2)
        rows = stacked.reshape(-1, len(targets))
        whole = len(targets) == len(shape.branches)
        values = projection.below(nation.reshape(-1), rows, whole=whole).reshape(stacked.shape)
        fixed = [values[:, :, at] for at in range(len(targets))]
    remaining = iter(fixed)
    prefectures = tuple(None if one is None else next(remaining) for one in found.prefectures)
    establishers = tuple(
        projection.below(one.sum(axis=1), parts, whole=branch.whole)
        if one is not None and branch.establishers
        else projection.roots(parts)
        for one, parts, branch in zip(prefectures, found.establishers, shape.branches, strict=True)
    )
    return _Values(nation, prefectures, establishers)


def _at_nation(
    groups: Sequence[CellGroup], nation: Opened | None, found: Estimates, values: _Values, within: Intervals
) -> Iterator[Solved]:
    if nation is None or found.nation is None or values.nation is None or within.nation is None:
        return
    estimated, fixed = rounded(found.nation).tolist(), values.nation.tolist()
    for g, group in enumerate(groups):
        for c, place in enumerate(group.nation):
            yield Solved(nation.level, nation.area, place, estimated[g][c], fixed[g][c], within.nation)
    yield from _summed(groups, nation, found.nation, values.nation, within.nation_sum)


def _in_prefecture(
    groups: Sequence[CellGroup], one: Prefecture, p: int, found: Estimates, values: _Values, within: Intervals
) -> Iterator[Solved]:
    cells, whole, width = found.prefectures[p], values.prefectures[p], within.cells[p]
    if one.opened is not None and cells is not None and whole is not None and width is not None:
        estimated, fixed = rounded(cells).tolist(), whole.tolist()
        for g, group in enumerate(groups):
            for c, place in enumerate(group.prefecture):
                yield Solved(one.opened.level, one.code, place, estimated[g][c], fixed[g][c], width)
        yield from _summed(groups, one.opened, cells, whole, within.cell_sums[p])
    inner = within.establishers[p]
    if inner is not None:
        estimated, fixed = rounded(found.establishers[p]).tolist(), values.establishers[p].tolist()
        for g, group in enumerate(groups):
            for e, each in enumerate(one.establishers):
                yield Solved(each.level, each.area, _coarse(group), estimated[g][e], fixed[g][e], inner)


def _summed(
    groups: Sequence[CellGroup], one: Opened, cells: Integers, whole: Integers, width: Interval | None
) -> Iterator[Solved]:
    """Add up the cells of each group that the establishers count as one."""
    if width is None:
        return
    estimated, fixed = rounded(cells.sum(axis=1)).tolist(), whole.sum(axis=1).tolist()
    for g, group in enumerate(groups):
        if group.cells > 1 and group.establisher is not None:
            yield Solved(one.level, one.area, group.establisher, estimated[g], fixed[g], width, summed=True)


def _coarse(group: CellGroup) -> int:
    if group.establisher is None:
        raise LookupError("the group is not counted by establisher")
    return group.establisher
