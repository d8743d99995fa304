"""From record bodies back to rows of the published layouts: the way a register file is read in, the other way round.

What a layout has no column for does not fit into its rows; the JSON export holds everything.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from consent.vocabulary import Category
from pds.intake.layouts import Column, Layout, all_layouts

_EACH: Final = "-"


def layout_for(category: Category) -> Layout | None:
    """Return the published layout whose rows make records of a category."""
    return next((layout for layout in all_layouts().values() if layout.category is category), None)


def to_csv(layout: Layout, records: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    """Return a file of a layout with the rows of some records, each with the child's sourcedId."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(layout.header)
    for learner, body in records:
        writer.writerows(rows_of(layout, learner, body))
    return out.getvalue()


def rows_of(layout: Layout, learner: str, body: Mapping[str, Any]) -> Iterator[list[str]]:
    """Yield the rows that one record body makes: one, or one per item of the list that the layout repeats."""
    listed = _repeated(layout)
    count = 1 if listed is None else len(_at(body, listed) or ())
    for number in range(count):
        yield [_cell(column, learner, body, listed, number) for column in layout.columns]


def _repeated(layout: Layout) -> tuple[str | int, ...] | None:
    """Return where the list stands of which each item is a row of its own."""
    if not layout.repeats:
        return None
    paths = (column.path for column in layout.columns if column.path is not None and _EACH in column.path)
    return min((path[: path.index(_EACH)] for path in paths), key=len)


def _cell(
    column: Column, learner: str, body: Mapping[str, Any], listed: tuple[str | int, ...] | None, number: int
) -> str:
    if column.name == "learner":
        return learner
    if column.path is None:
        return ""
    here: Any = body
    for place, part in enumerate(column.path):
        if here is None:
            return ""
        if part == _EACH:
            here = here[number] if column.path[:place] == listed else _named(here, column.item)
        else:
            here = _step(here, part)
    return _written(here)


def _at(body: Any, path: Sequence[str | int]) -> Any:
    for part in path:
        body = None if body is None else _step(body, part)
    return body


def _step(here: Any, part: str | int) -> Any:
    if isinstance(part, int):
        return here[part] if isinstance(here, list) and part < len(here) else None
    return here.get(part) if isinstance(here, Mapping) else None


def _named(items: Any, item: tuple[str, str] | None) -> Any:
    if item is None or not isinstance(items, list):
        return None
    return next((one for one in items if one.get(item[0]) == item[1]), None)


def _written(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list():
            return ",".join(str(one) for one in value)
        case _:
            return str(value)
