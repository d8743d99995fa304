"""Packs an establisher's roster as a OneRoster 1.2 bulk or delta zip in its Japan profile."""

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from manabi.sample.roster import (
    Row,
    call_roll,
    class_rows,
    course_rows,
    demographic_rows,
    enrollment_rows,
    org_rows,
    role_rows,
    session_rows,
    user_rows,
)
from manabi.sample.schools import Establisher
from manabi.sample.tables import published
from manabi.sample.world import World

_ZIP_TIME = (2026, 11, 1, 0, 0, 0)


def facts() -> Mapping[str, Any]:
    """Return the published facts of the OneRoster binding."""
    found: Mapping[str, Any] = published("oneroster/fields.json")
    return found


def header(file: str, profile: str) -> list[str]:
    """Return a file's columns in a profile: the binding's own, then the profile's metadata."""
    columns = [column["name"] for column in facts()["files"][file]["columns"]]
    return columns + list(facts()["profiles"][profile]["metadata"].get(file, ()))


def number_columns(profile: str) -> tuple[str, str]:
    """Return the profile's columns for 出席番号 and publication in enrollments.csv."""
    number, public = facts()["profiles"][profile]["metadata"]["enrollments"]
    return number, public


def write_bulk(world: World, establisher: Establisher, path: Path) -> None:
    """Write the whole roster of an establisher, file by file, row by row."""
    roll = call_roll(world, establisher)
    files: dict[str, Iterable[Row]] = {
        "academicSessions": session_rows(roll),
        "orgs": org_rows(world, roll),
        "courses": course_rows(world, roll),
        "classes": class_rows(world, roll),
        "users": user_rows(world, roll),
        "roles": role_rows(roll),
        "enrollments": enrollment_rows(roll, *number_columns(establisher.profile)),
        "demographics": demographic_rows(roll),
    }
    write_package(path, establisher, files, "bulk")


def write_package(path: Path, establisher: Establisher, files: Mapping[str, Iterable[Row]], kind: str) -> None:
    """Write a zip with its manifest; `kind` is `bulk` or `delta`. The bytes depend on the rows alone."""
    with zipfile.ZipFile(path, "w") as package:
        _member(package, "manifest.csv", ["propertyName", "value"], _manifest(establisher, files, kind))
        for name, rows in files.items():
            _member(package, f"{name}.csv", header(name, establisher.profile), rows)


def _manifest(establisher: Establisher, files: Iterable[str], kind: str) -> list[Row]:
    manifest, present = facts()["manifest"], set(files)
    pairs = [
        ("manifest.version", manifest["manifest_version"]),
        ("oneroster.version", facts()["profiles"][establisher.profile]["oneroster_version"][0]),
        *((f"file.{name}", kind if name in present else "absent") for name in manifest["file_rows"]),
        ("source.systemName", establisher.system),
        ("source.systemCode", f"sample-{establisher.key}"),
    ]
    return [{"propertyName": name, "value": value} for name, value in pairs]


def _member(package: zipfile.ZipFile, name: str, columns: list[str], rows: Iterable[Row]) -> None:
    entry = zipfile.ZipInfo(name, _ZIP_TIME)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    with package.open(entry, "w", force_zip64=True) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(columns)
        for row in rows:
            writer.writerow([row.get(column, "") for column in columns])
        text.flush()
        text.detach()
