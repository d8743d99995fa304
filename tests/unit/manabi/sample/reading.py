"""Reads a written sample back: CSV rows, record bodies by the layouts' pointers, OneRoster members, rules as data.

Written from `api_specs/README.md` alone, as an outside reader would.
"""

import csv
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from tests.unit.api_specs.contracts import layout

Rows = list[dict[str, str]]


@dataclass(frozen=True)
class Sample:
    folder: Path
    order: dict[str, Any]

    def files(self, kind: str) -> list[Path]:
        return [self.folder / file["file"] for file in self.order["files"] if file["kind"] == kind]

    def rows(self, kind: str) -> Rows:
        return [row for path in self.files(kind) for row in csv_rows(path.read_bytes())]

    def bodies(self, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Record bodies of a layout, each with the learner's id."""
        sheet = layout(kind)
        grouped: dict[tuple[str, ...], Rows] = {}
        for row in self.rows(kind):
            grouped.setdefault(tuple(row[name] for name in sheet["record_key"]), []).append(row)
        for rows in grouped.values():
            yield rows[0]["learner"], body_of(sheet, rows)

    def bulk(self, establisher: str) -> dict[str, Rows]:
        return roster(self._roster_path(establisher, "bulk"))

    def delta(self, establisher: str) -> dict[str, Rows]:
        return roster(self._roster_path(establisher, "delta"))

    def _roster_path(self, establisher: str, kind: str) -> Path:
        (path,) = (path for path in self.files("oneroster") if path.parent.name == establisher and kind in path.name)
        return path


def csv_rows(content: bytes) -> Rows:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8"), newline=""), strict=True))


def roster(path: Path) -> dict[str, Rows]:
    with zipfile.ZipFile(path) as package:
        return {name.removesuffix(".csv"): csv_rows(package.read(name)) for name in package.namelist()}


def body_of(sheet: dict[str, Any], rows: Rows) -> dict[str, Any]:
    body: dict[str, Any] = {name: [] for name in LISTS[sheet["record"]]}
    for row in rows:
        fresh: dict[str, Any] = {}
        for column in sheet["columns"]:
            cell = row[column["name"]]
            if column["pointer"] and cell:
                _place(body, column, _value(column, cell), fresh)
    return body


LISTS = {
    "enrolment": ("guardians", "years"),
    "guidance": ("subjects",),
    "health_check": (),
    "attendance_daily": ("exceptions",),
}


def _value(column: dict[str, Any], cell: str) -> Any:
    match column["type"]:
        case "integer":
            return int(cell)
        case "decimal":
            return float(cell)
        case "boolean":
            return {"true": True, "false": False}[cell]
        case "list":
            return cell.split(",")
    return cell


def _place(body: dict[str, Any], column: dict[str, Any], value: Any, fresh: dict[str, Any]) -> None:
    target: Any = body
    tokens = column["pointer"].split("/")[1:]
    for position, token in enumerate(tokens[:-1]):
        following = tokens[position + 1]
        if token == "-":
            target = _item(target, column.get("item"), fresh, "/".join(tokens[:position]))
        elif token.isdigit():
            if int(token) == len(target):
                target.append({})
            target = target[int(token)]
        else:
            target = target.setdefault(token, [] if following == "-" or following.isdigit() else {})
    assert target.setdefault(tokens[-1], value) == value, f"{column['name']} differs between rows"


def _item(items: list[dict[str, Any]], constant: dict[str, str] | None, fresh: dict[str, Any], path: str) -> Any:
    if constant is None:
        if path not in fresh:
            fresh[path] = {}
            items.append(fresh[path])
        return fresh[path]
    for item in items:
        if constant.items() <= item.items():
            return item
    items.append(dict(constant))
    return items[-1]


def broken_rules(schema: dict[str, Any], body: dict[str, Any]) -> list[str]:
    """The ids of the schema's `x-rules` that a body breaks."""
    return [rule["id"] for rule in schema["x-rules"] if not _holds(rule, body)]


def _holds(rule: dict[str, Any], body: dict[str, Any]) -> bool:
    if "equals" in rule:
        left, right = rule["equals"]
        whole, part = (_one(body, path) for path in right["difference"])
        values = (_one(body, left), whole, part)
        return None in values or values[0] == values[1] - values[2]
    if "at_most" in rule:
        less, more = (_one(body, path) for path in rule["at_most"])
        return less is None or more is None or bool(less <= more)
    if "unique" in rule:
        found = _all(body, rule["unique"][0])
        return len(set(found)) == len(found)
    days, (year,) = (_all(body, path) for path in rule["within_school_year"])
    return all(date(year, 4, 1) <= date.fromisoformat(day) <= date(year + 1, 3, 31) for day in days)


def _all(body: Any, path: str) -> list[Any]:
    found = [body]
    for token in path.split("."):
        found = [item.get(token.removesuffix("[]")) for item in found]
        found = [item for item in found if item is not None]
        if token.endswith("[]"):
            found = [item for items in found for item in items]
    return found


def _one(body: Any, path: str) -> Any:
    return next(iter(_all(body, path)), None)
