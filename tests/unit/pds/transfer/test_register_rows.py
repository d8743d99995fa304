"""What goes out as rows comes in again as the same body: every published layout, there and back."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest

from consent.vocabulary import Category
from pds.intake.findings import Findings
from pds.intake.layouts import Layout
from pds.intake.record_rows import RowValues, build_body
from pds.records.bodies import body_form
from pds.transfer.register_rows import layout_for, to_csv
from tests.factories import bodies

BODIES: dict[Category, Callable[[], dict[str, Any]]] = {
    Category.ENROLMENT: bodies.enrolment, Category.GUIDANCE: bodies.guidance,
    Category.HEALTH_CHECK: bodies.health_check, Category.ATTENDANCE_DAILY: bodies.attendance_daily,
    Category.REPORT: bodies.report, Category.ASSESSMENT: bodies.assessment,
}  # fmt: skip


def read_back(layout: Layout, category: Category, text: str) -> dict[str, Any]:
    findings = Findings()
    header, *rows = csv.reader(io.StringIO(text))
    assert tuple(header) == layout.header
    values = [layout.read_row(cells, "x.csv", number, findings) for number, cells in enumerate(rows, start=2)]
    assert not findings.errors, findings.kept()
    read = [RowValues(number, found) for number, found in enumerate(values, start=2) if found is not None]
    return build_body(layout, body_form(category), read)


def bare(value: Any) -> Any:
    """A body without what says nothing: a cell cannot tell null, an absent value and a mark not set apart."""
    if isinstance(value, dict):
        kept = {name: bare(part) for name, part in value.items()}
        return {name: part for name, part in kept.items() if part not in (None, "", [], {})}
    if isinstance(value, list):
        return [bare(one) for one in value]
    return value


@pytest.mark.parametrize("category", BODIES)
def test_a_body_goes_out_as_rows_and_comes_in_again(category: Category) -> None:
    layout = layout_for(category)
    assert layout is not None
    body = BODIES[category]()
    text = to_csv(layout, [("s-1", body)])
    assert text.splitlines()[1].split(",")[layout.index("learner")] == "s-1"
    assert bare(read_back(layout, category, text)) == bare(body)


def test_a_category_without_a_layout_has_none() -> None:
    assert layout_for(Category.WELLBEING) is None
