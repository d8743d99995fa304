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
_Path = tuple[tuple[str, bool], ...]


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
    path: tuple[str | int, ...]
    message: Text
    holds: Callable[[Body], bool]


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
        found = [BodyFault(rule.path, rule.rule, rule.message) for rule in self.rules if not rule.holds(body)]
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


def _compile_rule(rule: dict[str, Any]) -> _Rule:
    message = Text(rule["message"]["ja"], rule["message"]["plain"], rule["message"]["en"])
    for name, compile_operation in _OPERATIONS.items():
        if name in rule:
            path = tuple(part.removesuffix("[]") for part in str(rule[name][0]).split("."))
            return _Rule(rule["id"], path, message, compile_operation(rule[name]))
    raise ValueError(f"rule {rule['id']} has no known operation")


def _equals(operands: Sequence[Any]) -> Callable[[Body], bool]:
    total, (whole, part) = _path(operands[0]), map(_path, operands[1]["difference"])

    def holds(body: Body) -> bool:
        a, b, c = _value(body, total), _value(body, whole), _value(body, part)
        return a is None or b is None or c is None or bool(a == b - c)

    return holds


def _at_most(operands: Sequence[Any]) -> Callable[[Body], bool]:
    low, high = map(_path, operands)

    def holds(body: Body) -> bool:
        a, b = _value(body, low), _value(body, high)
        return a is None or b is None or bool(a <= b)  # dates are ISO text, which sorts as dates do

    return holds


def _unique(operands: Sequence[Any]) -> Callable[[Body], bool]:
    path = _path(operands[0])

    def holds(body: Body) -> bool:
        values = [value for value in _values(body, path) if value is not None]
        return len(values) == len(set(values))

    return holds


def _within_school_year(operands: Sequence[Any]) -> Callable[[Body], bool]:
    dates, year = map(_path, operands)

    def holds(body: Body) -> bool:
        school_year = _value(body, year)
        if not isinstance(school_year, int) or not date.min.year < school_year < date.max.year:
            return True
        first, last = school_year_begin(school_year).isoformat(), school_year_end(school_year).isoformat()
        return all(first <= value <= last for value in _values(body, dates) if value is not None)

    return holds


_OPERATIONS: dict[str, Callable[[Sequence[Any]], Callable[[Body], bool]]] = {
    "equals": _equals,
    "at_most": _at_most,
    "unique": _unique,
    "within_school_year": _within_school_year,
}


def _path(text: str) -> tuple[tuple[str, bool], ...]:
    """Return a path as names, each with whether it stands for every item of a list (`name[]`)."""
    return tuple((part.removesuffix("[]"), part.endswith("[]")) for part in text.split("."))


def _value(body: Body, path: _Path) -> Any:
    return next(_values(body, path), None)


def _values(node: Any, path: _Path) -> Iterator[Any]:
    for depth, (name, every) in enumerate(path):
        if not isinstance(node, dict):
            return
        node = node.get(name)
        if node is None:
            return
        if every:
            for item in node:
                yield from _values(item, path[depth + 1 :])
            return
    yield node
