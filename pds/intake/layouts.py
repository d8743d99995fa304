"""The published CSV layouts, compiled from their data: cells are typed, rows become record bodies."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

from consent.vocabulary import Category
from pds.intake import cell_problems, file_problems
from pds.intake.findings import Findings, Problem
from pds.intake.spreadsheet import mangled, mangled_board_code, mangled_school_code

_INTEGER: Final = re.compile(r"^(0|[1-9][0-9]{0,8})$")
_DECIMAL: Final = re.compile(r"^(0|[1-9][0-9]{0,8})(\.[0-9]+)?$")
_DATE: Final = re.compile(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
_FORBIDDEN_TEXT: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")

Fault = tuple[Problem, dict[str, str | int]]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a layout: `path` is where its value lands in the body, `item` the list item it belongs to."""

    name: str
    kind: str
    required: bool
    path: tuple[str | int, ...] | None
    item: tuple[str, str] | None
    read: Callable[[str], Any]
    """Return the typed value, or a `Fault`."""


@dataclass(frozen=True, slots=True)
class Layout:
    """One published layout."""

    name: str
    category: Category | None
    schema_id: str | None
    columns: tuple[Column, ...]
    row_key: tuple[int, ...]
    record_key: tuple[int, ...]
    required: tuple[int, ...]
    repeats: bool
    """Whether several rows make one record."""

    @property
    def header(self) -> tuple[str, ...]:
        """The first row of a file in this layout."""
        return tuple(column.name for column in self.columns)

    def index(self, name: str) -> int:
        """Return the position of a column."""
        return self.header.index(name)

    def read_row(self, cells: Sequence[str], file: str, row: int, findings: Findings) -> dict[int, Any] | None:
        """Return the typed values of the filled cells by position, or None with findings added."""
        if len(cells) != len(self.columns):
            findings.add(file_problems.CELL_COUNT, file, row, found=len(cells), expected=len(self.columns))
            return None
        values: dict[int, Any] = {}
        good = True
        for place, cell in enumerate(cells):
            if not cell:
                continue
            value = self.columns[place].read(cell)
            if type(value) is tuple:
                problem, params = value
                findings.add(problem, file, row, self.columns[place].name, cell, **params)
                good = False
            else:
                values[place] = value
        for place in self.required:
            if not cells[place]:
                findings.add(cell_problems.REQUIRED, file, row, self.columns[place].name)
                good = False
        return values if good else None

    def column_at(self, path: Sequence[str | int]) -> str | None:
        """Return the name of the column whose value stands at a path of the body, or of the first one below it."""
        wanted = [part for part in path if isinstance(part, str)]
        for column in self.columns:
            if column.path is not None:
                names = [part for part in column.path if isinstance(part, str) and part != "-"]
                indexes = [part for part in column.path if isinstance(part, int)]
                asked = [part for part in path if isinstance(part, int)]
                if names[: len(wanted)] == wanted and (not indexes or not asked or indexes == asked):
                    return column.name
        return None


@lru_cache(maxsize=1)
def all_layouts() -> dict[tuple[str, ...], Layout]:
    """Return every published layout by its header."""
    folder = files("api_specs") / "layouts"
    found: dict[tuple[str, ...], Layout] = {}
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".json") and not file.name.endswith(".schema.json"):
            layout = _compile(json.loads(file.read_text("utf-8")))
            found[layout.header] = layout
    return found


def layout_named(name: str) -> Layout:
    """Return a layout by its name."""
    return next(layout for layout in all_layouts().values() if layout.name == name)


def nearest_layout(header: Sequence[str]) -> Layout:
    """Return the layout that shares most columns with a header, to tell somebody what may have been meant."""
    return max(all_layouts().values(), key=lambda layout: len(set(layout.header) & set(header)))


def _compile(data: dict[str, Any]) -> Layout:
    columns = tuple(_compile_column(column) for column in data["columns"])
    names = [column.name for column in columns]
    row_key = tuple(names.index(name) for name in data["row_key"])
    record_key = tuple(names.index(name) for name in data["record_key"] or ())
    return Layout(
        name=data["layout"],
        category=None if data["record"] is None else Category(data["record"]),
        schema_id=data["record_schema"],
        columns=columns,
        row_key=row_key,
        record_key=record_key,
        required=tuple(place for place, column in enumerate(columns) if column.required),
        repeats=bool(record_key) and record_key != row_key,
    )


def _compile_column(data: dict[str, Any]) -> Column:
    item = None
    if "item" in data:
        ((name, value),) = data["item"].items()
        item = (name, value)
    return Column(
        data["name"],
        data["type"],
        data["required"],
        _compile_pointer(data["pointer"]),
        item,
        _READERS[data["type"]](data),
    )


def _compile_pointer(pointer: str | None) -> tuple[str | int, ...] | None:
    if pointer is None:
        return None
    parts = pointer.removeprefix("/").split("/")
    return tuple(int(part) if part.isdigit() else part.replace("~1", "/").replace("~0", "~") for part in parts)


def _string_reader(data: dict[str, Any]) -> Callable[[str], Any]:
    most = data["max_length"]
    pattern = re.compile(data["pattern"]) if "pattern" in data else None
    diagnose = _code_diagnosis(data)

    def read(cell: str) -> Any:
        if _FORBIDDEN_TEXT.search(cell):
            return file_problems.CONTROL_CHARACTER, {}
        if pattern is not None and not pattern.fullmatch(cell):
            return diagnose(cell) or (cell_problems.BAD_PATTERN, {"example": data["example"]})
        if len(cell) > most:
            return cell_problems.TOO_LONG, {"found": len(cell), "most": most}
        return cell

    return read


def _code_diagnosis(data: dict[str, Any]) -> Callable[[str], Fault | None]:
    name = data["name"]
    if name in ("school_code", "code", "successor_code"):
        return lambda cell: mangled_school_code(cell) or (cell_problems.SCHOOL_CODE_FORM, {})
    if name == "establisher":
        return lambda cell: mangled_board_code(cell) or (cell_problems.BOARD_CODE_FORM, {})
    if name == "organisation":
        return lambda cell: mangled_school_code(cell) or mangled_board_code(cell)
    return lambda cell: mangled(cell, kind="code")


def _date_reader(_: dict[str, Any]) -> Callable[[str], Any]:
    def read(cell: str) -> Any:
        if _DATE.match(cell):
            try:
                return date.fromisoformat(cell)
            except ValueError:
                return cell_problems.NOT_A_DATE, {}
        return mangled(cell, kind="date") or (cell_problems.NOT_A_DATE, {})

    return read


def _integer_reader(data: dict[str, Any]) -> Callable[[str], Any]:
    least, most = data["minimum"], data["maximum"]

    def read(cell: str) -> Any:
        if not _INTEGER.match(cell):
            return mangled(cell, kind="number") or (cell_problems.NOT_A_NUMBER, {})
        value = int(cell)
        return value if least <= value <= most else (cell_problems.OUT_OF_RANGE, {"least": least, "most": most})

    return read


def _decimal_reader(data: dict[str, Any]) -> Callable[[str], Any]:
    least, most, digits = data["minimum"], data["maximum"], data.get("fraction_digits", 9)

    def read(cell: str) -> Any:
        if not _DECIMAL.match(cell):
            return mangled(cell, kind="number") or (cell_problems.NOT_A_NUMBER, {})
        if len(cell.partition(".")[2]) > digits:
            return cell_problems.TOO_PRECISE, {"most": digits}
        value = float(cell)
        return value if least <= value <= most else (cell_problems.OUT_OF_RANGE, {"least": least, "most": most})

    return read


def _code_reader(data: dict[str, Any]) -> Callable[[str], Any]:
    codes = frozenset(data["codes"])
    expected = ", ".join(data["codes"])

    def read(cell: str) -> Any:
        if cell in codes:
            return cell
        return mangled(cell, kind="code") or (cell_problems.NOT_A_CODE, {"expected": expected})

    return read


def _boolean_reader(_: dict[str, Any]) -> Callable[[str], Any]:
    def read(cell: str) -> Any:
        if cell == "true":
            return True
        if cell == "false":
            return False
        return mangled(cell, kind="boolean") or (cell_problems.NOT_TRUE_OR_FALSE, {})

    return read


def _list_reader(data: dict[str, Any]) -> Callable[[str], Any]:
    most_items, most = data.get("max_items", 20), data.get("max_length", 200)
    pattern = re.compile(data["pattern"]) if "pattern" in data else None

    def read(cell: str) -> Any:
        items = [item.strip() for item in cell.split(",")]
        if len(items) > most_items:
            return cell_problems.TOO_MANY_ITEMS, {"most": most_items}
        for item in items:
            if not item or _FORBIDDEN_TEXT.search(item):
                return cell_problems.BAD_PATTERN, {"example": data["example"]}
            if len(item) > most:
                return cell_problems.TOO_LONG, {"found": len(item), "most": most}
            if pattern is not None and not pattern.fullmatch(item):
                return mangled(item, kind="code") or (cell_problems.BAD_PATTERN, {"example": data["example"]})
        return items

    return read


_READERS: Final[dict[str, Callable[[dict[str, Any]], Callable[[str], Any]]]] = {
    "string": _string_reader,
    "date": _date_reader,
    "integer": _integer_reader,
    "decimal": _decimal_reader,
    "code": _code_reader,
    "boolean": _boolean_reader,
    "list": _list_reader,
}
