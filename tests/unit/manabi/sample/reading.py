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
        return [row for path in self.files(kind) for row in csv_rows(csv_of(path, kind))]

    def attached(self) -> Iterator[tuple[dict[str, str], bytes]]:
        """Every row of a portfolio that names a file, with the content of the file."""
        for path in self.files("portfolio"):
            with zipfile.ZipFile(path) as package:
                for row in csv_rows(package.read("portfolio.csv")):
                    if row["file1"]:
                        yield row, package.read(row["file1"])

    def bodies(self, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Record bodies of a layout, each with the learner's id."""
        sheet = layout(kind)
        grouped: dict[tuple[str, ...], Rows] = {}
        for row in self.rows(kind):
            grouped.setdefault(tuple(row[name] for name in sheet["record_key"]), []).append(row)
        for rows in grouped.values():
            body = body_of(sheet, rows)
            _stand_in_for_files(body)
            yield rows[0]["learner"], body

    def bulk(self, establisher: str) -> dict[str, Rows]:
        return roster(self._roster_path(establisher, "bulk"))

    def delta(self, establisher: str) -> dict[str, Rows]:
        return roster(self._roster_path(establisher, "delta"))

    def _roster_path(self, establisher: str, kind: str) -> Path:
        (path,) = (path for path in self.files("oneroster") if path.parent.name == establisher and kind in path.name)
        return path


def csv_of(path: Path, kind: str) -> bytes:
    """The CSV of a layout: the file itself, or the index of a zip."""
    if path.suffix != ".zip":
        return path.read_bytes()
    with zipfile.ZipFile(path) as package:
        return package.read(f"{kind}.csv")


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


def _stand_in_for_files(body: dict[str, Any]) -> None:
    """Fill what intake takes from the files themselves with anything that is allowed."""
    files = [file for entry in body.get("entries", ()) for file in entry.get("files", ())]
    for number, file in enumerate(files, start=1):
        file |= {"no": number, "media_type": "image/png", "size": 1, "sha256": "0" * 64}


LISTS = {
    "enrolment": ("guardians", "years"),
    "guidance": ("subjects",),
    "health_check": (),
    "attendance_daily": ("exceptions",),
    "report": ("terms",),
    "assessment": ("tests",),
    "portfolio": ("entries",),
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
    last = len(tokens) - 1 - tokens[::-1].index("-") if "-" in tokens else -1
    for position, token in enumerate(tokens[:-1]):
        following = tokens[position + 1]
        if token == "-":
            constant = column.get("item") if position == last else None
            target = _item(target, constant, fresh, "/".join(tokens[:position]))
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
        found = zip(*(_all(body, path) for path in (left, *right["difference"])), strict=True)
        return all(None in values or values[0] == values[1] - values[2] for values in found)
    if "at_most" in rule:
        found = zip(*(_all(body, path) for path in rule["at_most"]), strict=True)
        return all(None in values or values[0] <= values[1] for values in found)
    if "unique" in rule:
        once = list(zip(*(_all(body, path) for path in rule["unique"]), strict=True))
        return len(set(once)) == len(once)
    days, (year,) = (_all(body, path) for path in rule["within_school_year"])
    return all(date(year, 4, 1) <= date.fromisoformat(day) <= date(year + 1, 3, 31) for day in days if day)


def _all(body: Any, path: str) -> list[Any]:
    """The values at a path, one per item of a list on the way; None where nothing stands."""
    found = [body]
    for token in path.split("."):
        found = [None if item is None else item.get(token.removesuffix("[]")) for item in found]
        if token.endswith("[]"):
            found = [item for items in found for item in items or ()]
    return found
