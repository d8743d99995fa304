"""What one child adds to a count, and the areas a node reports for: the only things about children a reporter sees.

A fact names nobody. It is refused, never mended: a value that is clipped or rounded here would hide a fault in what
turns records into facts, and the protection of every child rests on the bounds that the plan states.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from aggregator.plans.cells import base_cells
from aggregator.plans.model import Plan
from aggregator.reporter.errors import FactRefused

Codes = tuple[str, ...]
"""One code per base dimension, in the order of the plan."""

MOST_AREAS: Final = 256
MOST_PREFECTURES: Final = 47
"""What a submission's header has room for; written here too, since the web process reads facts and loads no vectors."""
_CODE: Final = 80


@dataclass(frozen=True, slots=True)
class ChildFact:
    """One child's part: the establisher's area and the prefecture it counts in, and what it adds to which base cells.

    A child that counts nowhere has no cells; whether it is handed over or left out makes no difference.
    """

    establisher: str
    prefecture: str
    cells: tuple[tuple[Codes, int], ...]


@dataclass(frozen=True, slots=True)
class Areas:
    """The areas of a node, each sorted by code: all of them are reported, whether a child counts in them or not."""

    establishers: tuple[str, ...]
    prefectures: tuple[str, ...]

    @classmethod
    def of(cls, establishers: Iterable[str], prefectures: Iterable[str]) -> "Areas":
        """Return areas in the order in which they are reported; raises FactRefused for what is no list of areas."""
        found = cls(tuple(sorted(set(establishers))), tuple(sorted(set(prefectures))))
        for place, codes, most in (
            ("establishers", found.establishers, MOST_AREAS), ("prefectures", found.prefectures, MOST_PREFECTURES),
        ):  # fmt: skip
            if not 0 < len(codes) <= most:
                raise FactRefused(place=place, reason="none, or too many")
            if not all(isinstance(code, str) and 0 < len(code) <= _CODE for code in codes):
                raise FactRefused(place=place, reason="not a code")
        return found


class Gate:
    """Lets the facts of one plan through, one by one, and says to which base cells they go."""

    def __init__(self, plan: Plan, areas: Areas) -> None:
        self._index = {cell.codes: number for number, cell in enumerate(base_cells(plan))}
        self._bounds = plan.bounds
        self._establishers = frozenset(areas.establishers)
        self._prefectures = frozenset(areas.prefectures)

    def admit(self, fact: ChildFact) -> tuple[tuple[int, int], ...]:
        """Return the base cells of a fact by their number, each with its value; raises FactRefused.

        Together with the one fact per child this is where the contribution of one child is bounded: at most
        ``cells_per_child`` different cells, in each an ordinary whole number from 0 to ``per_cell``.
        """
        if fact.establisher not in self._establishers:
            raise FactRefused(place="establisher", reason="not an area of this node")
        if fact.prefecture not in self._prefectures:
            raise FactRefused(place="prefecture", reason="not an area of this node")
        if len(fact.cells) > self._bounds.cells_per_child:
            raise FactRefused(place="cells", reason="more than the plan allows one child")
        found: dict[int, int] = {}
        for number, (codes, value) in enumerate(fact.cells):
            index = self._index.get(codes) if type(codes) is tuple else None
            if index is None:
                raise FactRefused(place=f"cells[{number}]", reason="no cell of the plan")
            if index in found:
                raise FactRefused(place=f"cells[{number}]", reason="the same cell twice")
            if type(value) is not int:  # bool and the integers of numpy are not: nothing here may wrap around or round
                raise FactRefused(place=f"cells[{number}]", reason="not a whole number")
            if value < 0:
                raise FactRefused(place=f"cells[{number}]", reason="below zero")
            if value > self._bounds.per_cell:
                raise FactRefused(place=f"cells[{number}]", reason="more than the plan allows in one cell")
            found[index] = value
        return tuple(found.items())
