"""Reads the published contracts for the tests of this folder."""

import json
import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

RECORDS = ("enrolment", "guidance", "health_check", "attendance_daily", "report", "assessment", "portfolio")
LAYOUTS = (
    "register_enrolment", "register_guidance", "attendance_exceptions", "carer_authority", "health_check",
    "staff_roles", "school_list", "report", "assessment", "portfolio",
)  # fmt: skip
LOCALES = ("ja", "plain", "en")


def contract(path: str) -> Any:
    return json.loads(files("api_specs").joinpath(path).read_text(encoding="utf-8"))


def record(name: str) -> Any:
    return contract(f"records/{name}.schema.json")


def layout(name: str) -> Any:
    return contract(f"layouts/{name}.json")


def without_readings(text: str) -> str:
    return re.sub(r"《[^》]*》", "", text).replace("｜", "")


def subschemas(schema: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every schema of a value, with its JSON Pointer (`-` for an item of a list); conditions are left aside."""
    yield path, schema
    for name, inner in schema.get("properties", {}).items():
        yield from subschemas(inner, f"{path}/{name}")
    if "items" in schema:
        yield from subschemas(schema["items"], f"{path}/-")


def types(schema: Any) -> set[str]:
    found = schema.get("type", [])
    return {found} if isinstance(found, str) else set(found)


def at(schema: Any, pointer: str) -> Any:
    """The schema a layout's pointer leads to; KeyError if it leads nowhere."""
    for token in pointer.split("/")[1:]:
        schema = schema["items"] if token == "-" or token.isdigit() else schema["properties"][token]
    return schema
