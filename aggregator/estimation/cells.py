"""Which cells of a plan belong together: one establisher cell, the finer cells that make it up, the same at the nation.

Cells are compared by the base cells they sum up, never by their names, so tables may call them as they like. A group
takes one table per level. A cell that several coarser tables would sum up belongs to the first of them in plan order;
the figures of the others stand as they were measured.
"""

from dataclasses import dataclass
from functools import cache

from aggregator.plans.cells import LevelCell, level_cells, members
from aggregator.plans.model import Level, Plan


@dataclass(frozen=True, slots=True)
class CellGroup:
    """Places of cells in their level's order: those of nation and prefecture in pairs, empty where there are none."""

    nation: tuple[int, ...]
    prefecture: tuple[int, ...]
    establisher: int | None

    @property
    def cells(self) -> int:
        """How many cells of a finer level the group has; 1 where it has none."""
        return max(len(self.nation), len(self.prefecture), 1)


@cache
def cell_groups(plan: Plan) -> tuple[CellGroup, ...]:
    """Return the groups of a plan; every cell of every level is in exactly one."""
    groups: list[CellGroup] = []
    free = {level: dict.fromkeys(range(len(members(plan, level)))) for level in Level}

    def take(level: Level, places: tuple[int, ...]) -> tuple[int, ...]:
        for place in places:
            del free[level][place]
        return places

    for place, counted in enumerate(members(plan, Level.ESTABLISHER)):
        below = take(Level.PREFECTURE, _tiling(plan, Level.PREFECTURE, frozenset(counted), free[Level.PREFECTURE]))
        if below:
            groups.append(CellGroup(take(Level.NATION, _same(plan, below, free[Level.NATION])), below, place))
        else:
            nation = take(Level.NATION, _equal(plan, frozenset(counted), free[Level.NATION]))
            groups.append(CellGroup(nation, (), place))
    for place in tuple(free[Level.PREFECTURE]):
        nation = take(Level.NATION, _same(plan, (place,), free[Level.NATION]))
        groups.append(CellGroup(nation, (place,), None))
    groups.extend(CellGroup((place,), (), None) for place in free[Level.NATION])
    return tuple(groups)


@cache
def summed_cells(plan: Plan, level: Level) -> tuple[tuple[int, LevelCell], ...]:
    """Return the establishers' cells that a level above counts in parts, with their places: it can add them up.

    Their sums are published too: they cost nothing, and what is asked first is how many there are in all. None where
    the level has a table under the same name, or at the establishers themselves.
    """
    if level is Level.ESTABLISHER:
        return ()
    own = {table.id for table in plan.tables[level]}
    cells = level_cells(plan, Level.ESTABLISHER)
    return tuple(
        (group.establisher, cells[group.establisher])
        for group in cell_groups(plan)
        if group.establisher is not None
        and len(group.nation if level is Level.NATION else group.prefecture) > 1
        and cells[group.establisher].table not in own
    )


def _tiling(plan: Plan, level: Level, counted: frozenset[int], free: dict[int, None]) -> tuple[int, ...]:
    """Return the free cells of the first table of a level that sum up to exactly these base cells."""
    cells, sums = level_cells(plan, level), members(plan, level)
    for table in plan.tables[level]:
        places = tuple(at for at in free if cells[at].table == table.id and counted.issuperset(sums[at]))
        covered = [one for at in places for one in sums[at]]
        if len(covered) == len(counted) and frozenset(covered) == counted:
            return places
    return ()


def _same(plan: Plan, below: tuple[int, ...], free: dict[int, None]) -> tuple[int, ...]:
    """Return the nation's cells that count the same as these prefecture cells, in their order, or none at all."""
    sums, above = members(plan, Level.PREFECTURE), members(plan, Level.NATION)
    cells = level_cells(plan, Level.NATION)
    for table in plan.tables[Level.NATION]:
        at = {frozenset(above[place]): place for place in free if cells[place].table == table.id}
        found = [at.get(frozenset(sums[place])) for place in below]
        if None not in found:
            return tuple(place for place in found if place is not None)
    return ()


def _equal(plan: Plan, counted: frozenset[int], free: dict[int, None]) -> tuple[int, ...]:
    above = members(plan, Level.NATION)
    return next(((place,) for place in free if frozenset(above[place]) == counted), ())
