"""What the workbench shows for one question: the cells of one area, or one cell of all areas, in the plan's order.

Two shapes, because a chart compares along one axis: an area by its cells (grade by grade, the sexes side by side), or
areas by one cell, which is also what the tile map draws. The question is first brought into one of the two; its
address is then the permanent link of the page.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from aggregator.plans.model import Level, Table
from aggregator.query.areas import NATION
from aggregator.query.release import Area, Edition, Figure
from aggregator.query.selection import Selection

PAGE_SIZE = 50
"""Establishers are many: so many of them stand on one page."""


@dataclass(frozen=True, slots=True)
class Row:
    """One figure with the area it is of."""

    area: Area
    figure: Figure


@dataclass(frozen=True, slots=True)
class Bench:
    """A settled question with its rows on this page. `spread` is the smallest and largest half-width among them."""

    selection: Selection
    by_area: bool
    rows: tuple[Row, ...]
    page: int
    pages: int
    areas: int
    spread: tuple[int, int] | None
    usable: int
    too_noisy: int
    withheld: int
    reporting: int

    @property
    def edition(self) -> Edition:
        """The release that is shown."""
        return self.selection.edition

    @property
    def map_rows(self) -> tuple[Row, ...]:
        """What the tile map draws: every prefecture of one cell, nothing for other questions."""
        return self.rows if self.by_area and self.selection.level is Level.PREFECTURE else ()


def settle(selection: Selection) -> Selection:
    """Return the question in one of the two shapes: the nation is one area, and many areas are shown by one cell."""
    if selection.level is Level.NATION:
        return replace(selection, areas=(), prefecture=None, search="")
    if len(selection.areas) == 1:
        return replace(selection, prefecture=None, search="")
    default = dict(zip(selection.table.dimensions, leading_cell(selection), strict=True))
    codes = {name: (selection.codes.get(name) or (default[name],))[:1] for name in selection.table.dimensions}
    return replace(selection, codes=codes)


def leading_cell(selection: Selection) -> tuple[str, ...]:
    """Return the cell of the table with the largest sum of published values: the one that is shown unasked."""
    sums: dict[tuple[str, ...], int] = {}
    for cells in selection.edition.figures[selection.level, selection.table.id].values():
        for one in cells:
            sums[one.cell] = sums.get(one.cell, 0) + (one.value or 0)
    return max(sums, key=lambda cell: sums[cell])


def lay_out(settled: Selection, page: int = 1) -> Bench:
    """Return the rows of a settled question; a page beyond the last one is the last one."""
    areas = settled.kept_areas()
    by_area = settled.level is not Level.NATION and len(settled.areas) != 1
    pages = max(1, -(-len(areas) // PAGE_SIZE)) if by_area and settled.level is Level.ESTABLISHER else 1
    at = min(max(page, 1), pages)
    shown = areas[(at - 1) * PAGE_SIZE : at * PAGE_SIZE] if pages > 1 else areas
    known = {area.code: area for area in shown}
    rows = tuple(Row(known[one.area], one) for one in settled.figures(shown))
    widths = [row.figure.half_width for row in rows if row.figure.half_width is not None]
    return Bench(
        selection=settled,
        by_area=by_area,
        rows=rows,
        page=at,
        pages=pages,
        areas=len(areas),
        spread=(min(widths), max(widths)) if widths else None,
        usable=sum(row.figure.usable for row in rows),
        too_noisy=sum(row.figure.too_noisy for row in rows),
        withheld=sum(row.figure.withheld is not None for row in rows),
        reporting=_reporting(settled, shown),
    )


def address(selection: Selection, page: int = 1) -> str:
    """Return the permanent address of the workbench with a question."""
    pairs = selection.to_query() + ([("page", str(page))] if page > 1 else [])
    return f"/workbench?{urlencode(pairs)}"


def of_level(selection: Selection, level: Level) -> Selection:
    """Return the plainest question to another level of the same release."""
    table = selection.edition.tables[level][0]
    return settle(Selection(selection.edition, level, table))


def of_table(selection: Selection, table: Table) -> Selection:
    """Return the question for the same areas to another table of the level."""
    return settle(replace(selection, table=table, codes={}))


def of_area(selection: Selection, area: str) -> Selection:
    """Return the question for all cells of one area."""
    return replace(selection, areas=(area,), prefecture=None, search="", codes={})


def of_all_areas(selection: Selection) -> Selection:
    """Return the question for all areas, by the cell that was asked for or the leading one."""
    return settle(replace(selection, areas=(), prefecture=None, search=""))


def _reporting(settled: Selection, shown: Sequence[Area]) -> int:
    """Return how many nodes stand behind what is shown: of one area its own, of many those of the whole round."""
    if settled.level is Level.NATION:
        return next((area.nodes for area in shown if area.code == NATION), settled.edition.reporting)
    return shown[0].nodes if len(settled.areas) == 1 and shown else settled.edition.reporting
