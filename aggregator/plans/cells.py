"""The cells of a plan: the finest ones, those of each level's tables, and which of the former make up the latter.

Everything here follows from the plan alone. No cell comes or goes with the data: an empty school and an absent category
have their cells like any other, so that the shape of a table tells nothing about anybody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, overload

from aggregator.plans.model import Level, Plan

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    _Values = list[int] | NDArray[np.uint64]


class ForeignCodes(ValueError):
    """Codes that are not those of a base cell of the plan."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A finest cell: one code per base dimension, in plan order."""

    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LevelCell:
    """A cell of one table: one code per dimension of the table, in the table's order."""

    table: str
    codes: tuple[str, ...]


@cache
def base_cells(plan: Plan) -> tuple[Cell, ...]:
    """Return the finest cells: the cross product of the base dimensions, the last running fastest."""
    return tuple(Cell(codes) for codes in product(*(one.codes for one in plan.base_dimensions)))


@cache
def level_cells(plan: Plan, level: Level) -> tuple[LevelCell, ...]:
    """Return the cells of a level, table after table, in the order in which vectors carry them."""
    return tuple(
        LevelCell(table.id, codes)
        for table in plan.tables[level]
        for codes in product(*(plan.dimension(name).codes for name in table.dimensions))
    )


@cache
def members(plan: Plan, level: Level) -> tuple[tuple[int, ...], ...]:
    """Return for each cell of a level the indices of the base cells that it sums up."""
    cells = base_cells(plan)
    at = {one.id: index for index, one in enumerate(plan.base_dimensions)}
    found: list[tuple[int, ...]] = []
    for table in plan.tables[level]:
        dimensions = [plan.dimension(name) for name in table.dimensions]
        for codes in product(*(one.codes for one in dimensions)):
            wanted = [
                (at[one.of or one.id], one.groups[code] if one.of else (code,))
                for one, code in zip(dimensions, codes, strict=True)
            ]
            found.append(
                tuple(
                    index
                    for index, cell in enumerate(cells)
                    if all(cell.codes[place] in any_ for place, any_ in wanted)
                )
            )
    return tuple(found)


def _lies_in(cell: Cell, wanted: Sequence[tuple[int, tuple[str, ...]]]) -> bool:
    return all(cell.codes[place] in codes for place, codes in wanted)


@cache
def _positions(plan: Plan) -> dict[tuple[str, ...], int]:
    return {cell.codes: index for index, cell in enumerate(base_cells(plan))}


def base_index(plan: Plan, codes: Sequence[str]) -> int:
    """Return the index of the base cell with these codes, in plan order; raises ForeignCodes."""
    try:
        return _positions(plan)[tuple(codes)]
    except (KeyError, TypeError) as error:
        raise ForeignCodes("not a cell of this plan") from error


@overload
def project(plan: Plan, level: Level, base_values: list[int]) -> list[int]: ...
@overload
def project(plan: Plan, level: Level, base_values: "NDArray[np.uint64]") -> "NDArray[np.uint64]": ...
def project(
    plan: Plan, level: Level, base_values: "list[int] | NDArray[np.uint64]"
) -> "list[int] | NDArray[np.uint64]":
    """Return a level's cells from base cells: sums, of integers or in the ring of 2^64. Raises ValueError for a length.

    An array may carry further axes before the last; the last one is that of the cells.
    """
    length = len(base_values) if isinstance(base_values, list) else base_values.shape[-1]
    if length != len(base_cells(plan)):
        raise ValueError(f"{length} values for {len(base_cells(plan))} cells")
    if isinstance(base_values, list):
        return [sum(base_values[index] for index in group) for group in members(plan, level)]
    import numpy as np

    groups = [base_values[..., list(group)].sum(axis=-1, dtype=np.uint64) for group in members(plan, level)]
    return np.stack(groups, axis=-1)
