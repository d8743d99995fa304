"""manifest.csv of a OneRoster set: the profile, and for every file whether it is absent, complete or holds changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from pds.intake import file_problems
from pds.intake.findings import Findings
from pds.intake.oneroster.forms import Profile, binding, profile_of_version
from pds.intake.sheets import Sheet

MANIFEST = "manifest.csv"


class Mode(StrEnum):
    """How a file of the set is meant: not there, complete, or changes only."""

    ABSENT = "absent"
    BULK = "bulk"
    DELTA = "delta"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the manifest promises."""

    version: str
    profile: Profile
    modes: Mapping[str, Mode]


def read_manifest(sheet: Sheet, members: set[str], findings: Findings) -> Manifest | None:
    """Read the manifest and hold it against the members of the zip; None, with findings added, where it will not do."""
    rules = binding()
    name = sheet.name
    if sheet.header != rules.manifest_columns:
        found = ",".join(sheet.header)
        findings.add(
            file_problems.HEADER_ORDER, name, 1, None, found, position=1, expected=",".join(rules.manifest_columns)
        )
        return None
    said: dict[str, tuple[int, str]] = {}
    for row, cells in sheet.rows():
        if len(cells) != len(rules.manifest_columns):
            findings.add(file_problems.CELL_COUNT, name, row, found=len(cells), expected=len(rules.manifest_columns))
        elif cells[0] in said:
            findings.add(file_problems.MANIFEST_ROW_TWICE, name, row, "propertyName", cells[0])
        else:
            said[cells[0]] = (row, cells[1])
    _check_versions(said, name, findings)
    version = said.get("oneroster.version", (0, ""))[1]
    profile = profile_of_version(version)
    modes = _read_modes(said, name, findings)
    _check_members(modes, members, findings)
    known = {
        "manifest.version",
        "oneroster.version",
        *rules.optional_rows,
        *(f"file.{file}" for file in rules.file_rows),
    }
    for property_name, (row, _) in said.items():
        if property_name not in known:
            findings.add(file_problems.MANIFEST_ROW_UNKNOWN, name, row, "propertyName", property_name)
    return None if profile is None or findings.errors else Manifest(version, profile, modes)


def _check_versions(said: Mapping[str, tuple[int, str]], name: str, findings: Findings) -> None:
    rules = binding()
    for wanted in ("manifest.version", "oneroster.version"):
        if wanted not in said:
            findings.add(file_problems.MANIFEST_ROW_MISSING, name, None, "propertyName", expected=wanted)
    row, version = said.get("manifest.version", (0, rules.manifest_version))
    if version != rules.manifest_version:
        findings.add(file_problems.MANIFEST_VERSION, name, row, "value", version, expected=rules.manifest_version)
    row, version = said.get("oneroster.version", (0, ""))
    if row and profile_of_version(version) is None:
        findings.add(file_problems.PROFILE_UNKNOWN, name, row, "value", version, expected=", ".join(rules.versions))


def _read_modes(said: Mapping[str, tuple[int, str]], name: str, findings: Findings) -> dict[str, Mode]:
    modes: dict[str, Mode] = {}
    for file in binding().file_rows:
        row, value = said.get(f"file.{file}", (None, None))
        if value is None:
            findings.add(file_problems.MANIFEST_ROW_MISSING, name, None, "propertyName", expected=f"file.{file}")
        elif value not in list(Mode):
            findings.add(file_problems.MANIFEST_VALUE, name, row, "value", value)
        else:
            modes[file] = Mode(value)
    return modes


def _check_members(modes: Mapping[str, Mode], members: set[str], findings: Findings) -> None:
    for file, mode in modes.items():
        member = f"{file}.csv"
        if mode is Mode.ABSENT and member in members:
            findings.add(file_problems.FILE_NOT_NAMED, member)
        if mode is not Mode.ABSENT and member not in members:
            findings.add(file_problems.FILE_MISSING, MANIFEST, None, "propertyName", f"file.{file}", expected=member)
    for member in sorted(members - {MANIFEST} - {f"{file}.csv" for file in binding().file_rows}):
        findings.add(file_problems.FILE_UNKNOWN, member)
