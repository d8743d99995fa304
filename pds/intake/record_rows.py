"""From rows of a register to record bodies: values to their places, then the published form, faults back to columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from pds.intake import cell_problems
from pds.intake.findings import Findings, Problem, Severity
from pds.intake.layouts import Layout
from pds.records.bodies import Body, BodyFault, BodyForm

RULE_CODE = "intake.rule."
"""Findings whose code begins so are rules of a record schema; their sentence is the schema's own message."""


@dataclass(frozen=True, slots=True)
class RowValues:
    """One row that reads well: its number, and the typed values of its filled cells by position."""

    row: int
    values: dict[int, Any]


class GapInList(Exception):
    """A position of a list is filled although one before it is not; carries the column's position."""

    def __init__(self, place: int) -> None:
        super().__init__(place)
        self.place = place


def build_body(layout: Layout, form: BodyForm, rows: Sequence[RowValues]) -> Body:
    """Return the body that the rows of one record make. Raises `GapInList`.

    Cells of an item without constant make one new item per row; everything else is taken from the first row.
    """
    body: Body = {}
    for number, row in enumerate(rows):
        named: dict[tuple[Any, ...], Body] = {}
        for place, value in row.values.items():
            column = layout.columns[place]
            path = column.path
            if path is None or (number and "-" not in path):
                continue
            _put(body, path, value.isoformat() if isinstance(value, date) else value, column.item, named, place)
    for name in form.schema["required"]:
        if name not in body and form.schema["properties"][name].get("type") == "array":
            body[name] = []
    return body


def check_body(
    layout: Layout, form: BodyForm, body: Body, file: str, rows: Sequence[RowValues], findings: Findings
) -> bool:
    """Add what is wrong with a body, each fault at the column it comes from; return whether it is good."""
    faults = form.faults(body)
    for fault in faults:
        _report(layout, form, fault, file, rows, findings)
    return not faults


def find_disagreement(layout: Layout, rows: Sequence[RowValues]) -> tuple[int, str] | None:
    """Return row and column where rows of one record differ in what they must share, or None."""
    first = rows[0]
    for place, column in enumerate(layout.columns):
        if column.path is not None and "-" in column.path:
            continue
        if place in layout.row_key and place not in layout.record_key:
            continue
        for row in rows[1:]:
            if row.values.get(place) != first.values.get(place):
                return row.row, column.name
    return None


def _put(
    body: Body,
    path: tuple[str | int, ...],
    value: Any,
    item: tuple[str, str] | None,
    named: dict[tuple[Any, ...], Body],
    place: int,
) -> None:
    here: Any = body
    last = len(path) - 1 - path[::-1].index("-") if item is not None else None
    for position, part in enumerate(path[:-1]):
        following = path[position + 1]
        if part == "-":
            constant = item if position == last else None
            key = (path[:position], constant)
            found = named.get(key)
            if found is None:
                found = {} if constant is None else {constant[0]: constant[1]}
                named[key] = found
                here.append(found)
            here = found
        elif isinstance(part, int):
            if part > len(here):
                raise GapInList(place)
            if part == len(here):
                here.append({})
            here = here[part]
        else:
            if part not in here:
                here[part] = [] if isinstance(following, int) or following == "-" else {}
            here = here[part]
    here[path[-1]] = value


def _report(
    layout: Layout, form: BodyForm, fault: BodyFault, file: str, rows: Sequence[RowValues], findings: Findings
) -> None:
    source = _row_of(fault, rows)
    row = source.row
    if fault.message is not None:
        column = layout.column_at(fault.path)
        value = "" if column is None else str(source.values.get(layout.index(column), ""))
        findings.add(rule_problem(form, fault.rule), file, row, column, value)
        return
    path = (*fault.path, fault.missing) if fault.missing is not None else fault.path
    column = layout.column_at(path) or layout.column_at(path[:1])
    label = _label(form.schema, path)
    if fault.missing is not None:
        findings.add(cell_problems.BODY_REQUIRED, file, row, column, field=label)
    else:
        findings.add(cell_problems.BODY_INVALID, file, row, column, field=label, keyword=fault.rule)


def rule_problem(form: BodyForm, rule: str) -> Problem:
    """Return a rule of a schema as a kind of finding."""
    return Problem(f"{RULE_CODE}{form.category.value}.{rule}", Severity.ERROR, "", "")


def _row_of(fault: BodyFault, rows: Sequence[RowValues]) -> RowValues:
    """Return the row an item of a repeated list came from; the first row for everything else."""
    if len(rows) > 1 and len(fault.path) > 1 and isinstance(fault.path[1], int) and fault.path[1] < len(rows):
        return rows[fault.path[1]]
    return rows[0]


def _label(schema: dict[str, Any], path: Sequence[str | int]) -> str:
    """Return the Japanese name of the property at a path, the deepest one that has a name."""
    label, here = "", schema
    for part in path:
        here = here.get("items", {}) if isinstance(part, int) else here.get("properties", {}).get(part, {})
        label = here.get("title", label)
    return label or "/".join(str(part) for part in path)
