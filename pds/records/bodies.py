"""Record bodies: their published JSON Schemas, and the rules that a schema cannot say, both as data."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.resources import files
from typing import Any

import jsonschema_rs

from consent.age import school_year_begin, school_year_end
from consent.vocabulary import Category, Text

Body = dict[str, Any]
Place = tuple[str | int, ...]
"""Where a value stands in a body: names, and positions in lists."""
_Path = tuple[tuple[str, bool], ...]
_SUFFIX = ".schema.json"


@dataclass(frozen=True, slots=True)
class BodyFault:
    """Where a body does not hold. `rule` names the broken rule, or the schema keyword; `missing` an absent property."""

    path: tuple[str | int, ...]
    rule: str
    message: Text | None = None
    missing: str | None = None


@dataclass(frozen=True, slots=True)
class _Rule:
    rule: str
    message: Text
    broken_at: Callable[[Body], Place | None]
    """Return the first place where a body breaks the rule, None where it holds."""


@dataclass(frozen=True, slots=True)
class BodyForm:
    """The form of one category's bodies."""

    category: Category
    schema_id: str
    schema: dict[str, Any]
    validator: jsonschema_rs.Draft202012Validator
    rules: tuple[_Rule, ...]

    def faults(self, body: Body) -> list[BodyFault]:
        """Return everything that is wrong with a body; an empty list is the ordinary case and fast."""
        broken = ((rule, rule.broken_at(body)) for rule in self.rules)
        found = [BodyFault(place, rule.rule, rule.message) for rule, place in broken if place is not None]
        if not self.validator.is_valid(body):
            for error in self.validator.iter_errors(body):
                missing = getattr(error.kind, "property", None)
                keyword = str(error.schema_path[-1]) if error.schema_path else "schema"
                found.append(BodyFault(tuple(error.instance_path), keyword, None, missing))
        return found


@lru_cache(maxsize=8)
def body_form(category: Category) -> BodyForm:
    """Return the published form of a category's bodies."""
    schema = json.loads((files("api_specs") / "records" / f"{category.value}.schema.json").read_text("utf-8"))
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    rules = tuple(_compile_rule(rule) for rule in schema.get("x-rules", []))
    return BodyForm(category, schema["$id"], schema, validator, rules)


@lru_cache(maxsize=1)
def published_categories() -> frozenset[Category]:
    """Return the categories whose bodies have a published form here."""
    names = (file.name for file in (files("api_specs") / "records").iterdir())
    return frozenset(Category(name.removesuffix(_SUFFIX)) for name in names if name.endswith(_SUFFIX))


def _compile_rule(rule: dict[str, Any]) -> _Rule:
    message = Text(rule["message"]["ja"], rule["message"]["plain"], rule["message"]["en"])
    for name, compile_operation in _OPERATIONS.items():
        if name in rule:
            return _Rule(rule["id"], message, compile_operation(rule[name]))
    raise ValueError(f"rule {rule['id']} has no known operation")


def _equals(operands: Sequence[Any]) -> Callable[[Body], Place | None]:
    paths = [_path(operands[0]), *map(_path, operands[1]["difference"])]

    def broken_at(body: Body) -> Place | None:
        for place, (total, whole, part) in _together(body, paths):
            if not (total is None or whole is None or part is None or total == whole - part):
                return place
        return None

    return broken_at


def _at_most(operands: Sequence[Any]) -> Callable[[Body], Place | None]:
    paths = [_path(operand) for operand in operands]

    def broken_at(body: Body) -> Place | None:
        for place, (low, high) in _together(body, paths):
            if not (low is None or high is None or low <= high):  # dates are ISO text, which sorts as dates do
                return place
        return None

    return broken_at


def _unique(operands: Sequence[Any]) -> Callable[[Body], Place | None]:
    paths = [_path(operand) for operand in operands]

    def broken_at(body: Body) -> Place | None:
        seen = set()
        for place, values in _together(body, paths):
            if None in values:
                continue
            if values in seen:
                return place
            seen.add(values)
        return None

    return broken_at


def _within_school_year(operands: Sequence[Any]) -> Callable[[Body], Place | None]:
    days, year = map(_path, operands)

    def broken_at(body: Body) -> Place | None:
        school_year = _value(body, year)
        if not isinstance(school_year, int) or not date.min.year < school_year < date.max.year:
            return None
        first, last = school_year_begin(school_year).isoformat(), school_year_end(school_year).isoformat()
        for place, (day,) in _together(body, [days]):
            if not (day is None or first <= day <= last):
                return place
        return None

    return broken_at


_OPERATIONS: dict[str, Callable[[Sequence[Any]], Callable[[Body], Place | None]]] = {
    "equals": _equals,
    "at_most": _at_most,
    "unique": _unique,
    "within_school_year": _within_school_year,
}


def _path(text: str) -> _Path:
    """Return a path as names, each with whether it stands for every item of a list (`name[]`)."""
    return tuple((part.removesuffix("[]"), part.endswith("[]")) for part in text.split("."))


def _together(node: Any, paths: Sequence[_Path], above: Place = ()) -> Iterator[tuple[Place, tuple[Any, ...]]]:
    """Yield the operands of a rule with the place of the first: once, or per item of the list they all begin in."""
    name, every = paths[0][0]
    if every:
        for position, item in enumerate(_named(node, name) or ()):
            yield from _together(item, [path[1:] for path in paths], (*above, name, position))
    else:
        place = (*above, *(part for part, _ in paths[0]))
        yield place, tuple(_value(node, path) for path in paths)


def _value(node: Any, path: _Path) -> Any:
    for name, _ in path:
        node = _named(node, name)
    return node


def _named(node: Any, name: str) -> Any:
    return node.get(name) if isinstance(node, dict) else None
