"""The files of a OneRoster set as their published facts describe them: headers checked, cells typed, Japan's rules."""

import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

from pds.intake import cell_problems, file_problems, roster_problems
from pds.intake.findings import Findings, Problem
from pds.intake.forbidden import is_forbidden
from pds.intake.spreadsheet import mangled

_HALF_WIDTH: Final = re.compile(r"[\uff61-\uff9f]")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\ufffe\uffff]")
_DATE: Final = re.compile(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
_INSTANT: Final = re.compile(
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$"
)
_YEAR: Final = re.compile(r"^[0-9]{4}$")
_INDIVIDUAL: Final = re.compile(r"個人番号|マイナンバー|mynumber|my_number|individual_?number", re.IGNORECASE)
_LONGEST: Final = 2000
_METADATA: Final = "metadata."
_NAMES: Final = re.compile(r"name$|Name$|^title$")
DROPPED_IN_1_2_1: Final = {"users": ("resourceSourcedIds",)}
"""Columns that the newer model no longer has; a header without them is right as well."""

_LEAVE_BY_ID: Final = frozenset({"users", "demographics", "orgs"})

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Profile:
    """A Japan profile: the metadata columns it adds, by file."""

    name: str
    title: str
    metadata: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Binding:
    """The facts of the CSV binding that code needs in one place."""

    manifest_columns: list[str]
    manifest_version: str
    file_rows: tuple[str, ...]
    optional_rows: tuple[str, ...]
    versions: tuple[str, ...]


@lru_cache(maxsize=1)
def _facts() -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((files("api_specs") / "oneroster" / "fields.json").read_text("utf-8"))
    return facts


@lru_cache(maxsize=1)
def binding() -> Binding:
    """Return the facts of the manifest and of the versions that are read."""
    facts = _facts()
    manifest = facts["manifest"]
    versions = [version for profile in facts["profiles"].values() for version in profile["oneroster_version"]]
    return Binding(
        manifest["columns"], manifest["manifest_version"], tuple(manifest["file_rows"]),
        tuple(manifest["optional_rows"]), tuple(versions),
    )  # fmt: skip


def profile_of_version(version: str) -> Profile | None:
    """Return the Japan profile that an oneroster.version stands for."""
    for name, profile in _facts()["profiles"].items():
        if version in profile["oneroster_version"]:
            return Profile(name, profile["title"], {file: tuple(cols) for file, cols in profile["metadata"].items()})
    return None


def kept_files() -> tuple[str, ...]:
    """Return the names of the files whose form is known; the others of the standard are not read."""
    return tuple(_facts()["files"])


def columns_of(file: str) -> list[str]:
    """Return the standard columns of a file, in order."""
    return [column["name"] for column in _facts()["files"][file]["columns"]]


@dataclass(frozen=True, slots=True)
class FileForm:
    """One file of one set: which column is where, and how each is read."""

    file: str
    member: str
    names: tuple[str, ...]
    readers: tuple[Callable[[str], Any], ...]
    required: tuple[int, ...]
    marks: tuple[int, ...]
    """Positions of status and dateLastModified."""
    delta: bool

    def read_row(self, cells: Sequence[str], row: int, findings: Findings) -> Values | None:
        """Return the typed values of a row by column name, blank cells left out; None with findings added.

        A row that takes a person or an organisation off needs no more than its sourcedId.
        """
        if len(cells) != len(self.names):
            findings.add(file_problems.CELL_COUNT, self.member, row, found=len(cells), expected=len(self.names))
            return None
        values: Values = {}
        good = True
        for place, cell in enumerate(cells):
            if not cell:
                continue
            value = self.readers[place](cell)
            if type(value) is tuple and value and isinstance(value[0], Problem):
                shown = "" if value[0] is cell_problems.INDIVIDUAL_NUMBER else cell
                findings.add(value[0], self.member, row, self.names[place], shown, **value[1])
                good = False
            else:
                values[self.names[place]] = value
        leaves = self.delta and self.file in _LEAVE_BY_ID and values.get("status") == "tobedeleted"
        for place in self.required[:1] if leaves else self.required:
            if not cells[place]:
                findings.add(cell_problems.REQUIRED, self.member, row, self.names[place])
                good = False
        for place in self.marks:
            if bool(cells[place]) is not self.delta:
                problem = cell_problems.DELTA_BLANK if self.delta else cell_problems.BULK_FILLED
                findings.add(problem, self.member, row, self.names[place], cells[place])
                good = False
        return values if good else None


def open_form(
    file: str, header: Sequence[str], profile: Profile, version: str, *, delta: bool, findings: Findings
) -> FileForm | None:
    """Hold a header against the standard and the profile; None, with findings added, where it does not fit."""
    member = f"{file}.csv"
    before = findings.errors
    standard = columns_of(file)
    if version == "1.2.1":
        dropped = DROPPED_IN_1_2_1.get(file, ())
        standard = [name for name in standard if name not in dropped or name in header]
    _check_standard(member, header, standard, findings)
    _check_metadata(file, member, [name for name in header if name.startswith(_METADATA)], profile, findings)
    if findings.errors > before:
        return None
    facts = {column["name"]: column for column in _facts()["files"][file]["columns"]}
    japan_required = _facts()["japan"].get(file, {}).get("required", [])
    required = [
        place
        for place, name in enumerate(header)
        if facts.get(name, {}).get("required") == "always" or name in japan_required
    ]
    marks = [place for place, name in enumerate(header) if facts.get(name, {}).get("required") == "delta"]
    readers = tuple(_reader(file, name, facts.get(name)) for name in header)
    return FileForm(file, member, tuple(header), readers, tuple(required), tuple(marks), delta)


def _check_standard(member: str, header: Sequence[str], standard: Sequence[str], findings: Findings) -> None:
    missing = [name for name in standard if name not in header]
    for name in missing:
        findings.add(file_problems.HEADER_MISSING, member, 1, name, expected=name)
    for place, name in enumerate(header):
        if name in header[:place]:
            findings.add(file_problems.HEADER_TWICE, member, 1, name, name)
        elif name not in standard and not name.startswith(_METADATA):
            findings.add(file_problems.HEADER_EXTRA, member, 1, name, name)
    if missing or list(header[: len(standard)]) == list(standard):
        return
    for place, name in enumerate(standard):
        if place >= len(header) or header[place] != name:
            found = header[place] if place < len(header) else ""
            findings.add(file_problems.HEADER_ORDER, member, 1, found, found, position=place + 1, expected=name)
            return


def _check_metadata(file: str, member: str, extra: Sequence[str], profile: Profile, findings: Findings) -> None:
    known = {name.lower(): name for name in profile.metadata.get(file, ())}
    for name in extra:
        spelt = known.get(name.lower())
        if is_forbidden(name):
            findings.add(file_problems.FORBIDDEN_COLUMN, member, 1, name)
        elif spelt is None:
            findings.add(file_problems.METADATA_UNUSED, member, 1, name, name)
        elif spelt != name:
            findings.add(file_problems.METADATA_SPELLING, member, 1, name, name, expected=spelt)
    for name in _facts()["japan"].get(file, {}).get("required", []):
        if name.startswith(_METADATA) and name.lower() not in {given.lower() for given in extra}:
            findings.add(file_problems.METADATA_MISSING, member, 1, name, expected=name)


def _reader(file: str, name: str, facts: Mapping[str, Any] | None) -> Callable[[str], Any]:
    if facts is None:
        return _METADATA_READERS.get(name.lower(), _read_name if _NAMES.search(name) else _read_text)
    if name == "userIds":
        return _read_user_ids
    kind = facts["type"]
    if kind == "list":
        if name == "grades":
            return _list_of(_code_reader(_facts()["japan"]["grades"], extensible=True))
        return _list_of(_read_sourced_id) if "references" in facts else _list_of(_read_text)
    if kind == "code":
        codes = facts["codes"]
        if file == "enrollments" and name == "role":
            codes = list(dict.fromkeys([*codes, *_facts()["japan"]["enrollments"]["role"]]))
        return _code_reader(codes, extensible=name != "status")
    if kind == "string":
        return _read_name if _NAMES.search(name) and name != "username" else _read_text
    return _TYPE_READERS[kind]


def _read_text(cell: str) -> Any:
    if len(cell) > _LONGEST:
        return cell_problems.TOO_LONG, {"found": len(cell), "most": _LONGEST}
    if _CONTROL.search(cell):
        return file_problems.CONTROL_CHARACTER, {}
    return cell


def _read_name(cell: str) -> Any:
    if _HALF_WIDTH.search(cell):
        return cell_problems.HALF_WIDTH_KANA, {"whole": unicodedata.normalize("NFKC", cell)}
    return _read_text(cell)


def _read_sourced_id(cell: str) -> Any:
    if _sourced_id_pattern().fullmatch(cell):
        return cell
    return mangled(cell, kind="code") or (cell_problems.BAD_SOURCED_ID, {})


@lru_cache(maxsize=1)
def _sourced_id_pattern() -> re.Pattern[str]:
    return re.compile(_facts()["limits"]["sourced_id_pattern"])


def _read_date(cell: str) -> Any:
    if _DATE.match(cell):
        try:
            return date.fromisoformat(cell)
        except ValueError:
            return cell_problems.NOT_A_DATE, {}
    return mangled(cell, kind="date") or (cell_problems.NOT_A_DATE, {})


def _read_instant(cell: str) -> Any:
    return cell if _INSTANT.match(cell) else (cell_problems.NOT_A_TIME, {})


def _read_year(cell: str) -> Any:
    return int(cell) if _YEAR.match(cell) else (mangled(cell, kind="number") or (cell_problems.NOT_A_NUMBER, {}))


def _read_boolean(cell: str) -> Any:
    if cell in ("true", "false"):
        return cell == "true"
    return mangled(cell, kind="boolean") or (cell_problems.NOT_TRUE_OR_FALSE, {})


def _read_attendance_number(cell: str) -> Any:
    if cell.isascii() and cell.isdigit() and len(cell) <= 3 and int(cell) > 0:
        return int(cell)
    return mangled(cell, kind="number") or (roster_problems.ATTENDANCE_NUMBER, {})


def _read_user_ids(cell: str) -> Any:
    pattern = re.compile(_facts()["limits"]["user_ids_item_pattern"])
    for item in cell.split(","):
        if not pattern.fullmatch(item.strip()):
            return cell_problems.BAD_USER_ID, {}
        if _INDIVIDUAL.search(item):
            return cell_problems.INDIVIDUAL_NUMBER, {}
    return cell


def _code_reader(codes: Sequence[str], *, extensible: bool) -> Callable[[str], Any]:
    known = frozenset(codes)
    prefix = _facts()["limits"]["extension_prefix"]
    expected = ", ".join(codes)

    def read(cell: str) -> Any:
        if cell in known or (extensible and cell.startswith(prefix)):
            return cell
        return mangled(cell, kind="code") or (cell_problems.NOT_A_CODE, {"expected": expected})

    return read


def _list_of(read_item: Callable[[str], Any]) -> Callable[[str], Any]:
    def read(cell: str) -> Any:
        items = []
        for part in cell.split(","):
            item = read_item(part.strip())
            if type(item) is tuple:
                return item
            items.append(item)
        return items

    return read


_TYPE_READERS: Final[dict[str, Callable[[str], Any]]] = {
    "sourcedId": _read_sourced_id,
    "datetime": _read_instant,
    "date": _read_date,
    "year": _read_year,
    "boolean": _read_boolean,
}
_METADATA_READERS: Final[dict[str, Callable[[str], Any]]] = {
    "metadata.jp.shussekino": _read_attendance_number,
    "metadata.jp.publicflg": _read_boolean,
    "metadata.jp.specialneeds": _read_boolean,
}
