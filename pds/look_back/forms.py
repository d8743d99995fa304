"""The published schemas of records, read as forms: what a field is called, where it stands, what its codes mean.

Labels come from `api_specs/records/*.schema.json` (`x-label`, `x-order`, `x-codes`, `x-unit`), never from here.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from consent.vocabulary import Text

LONG_TEXT = 400
"""From this greatest length on, a text field holds paragraphs and stands under a heading of its own."""


@dataclass(frozen=True, slots=True)
class Field:
    """One property of a form. `fields` are those of an object, or of each item where `many` is true."""

    name: str
    label: Text
    codes: Mapping[str, Text]
    unit: Text | None
    is_date: bool
    is_long: bool
    many: bool
    fields: tuple["Field", ...]

    def inner(self, name: str) -> "Field":
        """Return a field of this one by its name; KeyError where there is none."""
        for inner in self.fields:
            if inner.name == name:
                return inner
        raise KeyError(name)


@lru_cache(maxsize=32)
def find_form(schema: str) -> Field:
    """Return the form that a record's schema names; KeyError for a schema this node does not publish."""
    return _forms()[schema]


@lru_cache(maxsize=1)
def _forms() -> Mapping[str, Field]:
    folder = files("api_specs") / "records"
    schemas = [json.loads(item.read_text("utf-8")) for item in folder.iterdir() if item.name.endswith(".schema.json")]
    return {schema["$id"]: _read_field("", schema) for schema in schemas}


def _read_field(name: str, spec: Mapping[str, Any]) -> Field:
    many = "array" in _types(spec)
    holder = spec.get("items", {}) if many else spec
    unit = spec.get("x-unit")
    return Field(
        name=name,
        label=_text(spec.get("x-label") or {"ja": name, "plain": name, "en": name}),
        codes={code: _text(label) for code, label in spec.get("x-codes", {}).items()},
        unit=None if unit is None else _text(unit),
        is_date=spec.get("format") == "date",
        is_long=spec.get("maxLength", 0) >= LONG_TEXT,
        many=many,
        fields=tuple(_read_fields(holder)),
    )


def _read_fields(spec: Mapping[str, Any]) -> Iterator[Field]:
    ordered = sorted(spec.get("properties", {}).items(), key=lambda item: item[1].get("x-order", 0))
    for name, inner in ordered:
        yield _read_field(name, inner)


def _types(spec: Mapping[str, Any]) -> tuple[str, ...]:
    kind = spec.get("type", "object")
    return (kind,) if isinstance(kind, str) else tuple(kind)


def _text(label: Mapping[str, str]) -> Text:
    return Text(label["ja"], label["plain"], label["en"])
