"""Cells of the published layouts: every type read, every fault named; bodies put together from them."""

import json
from pathlib import Path
from typing import Any

import pytest

from consent.vocabulary import Category
from pds.intake.findings import Findings
from pds.intake.layouts import all_layouts, layout_named, nearest_layout
from pds.intake.record_rows import GapInList, RowValues, build_body
from pds.records.bodies import body_form

FOLDER = Path("api_specs/layouts")
PUBLISHED = sorted(path.stem for path in FOLDER.glob("*.json") if not path.stem.endswith(".schema"))


def columns(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((FOLDER / f"{name}.json").read_text())["columns"]
    return found


def read(name: str, **cells: str) -> tuple[dict[str, Any] | None, list[tuple[str, str | None]]]:
    layout = layout_named(name)
    example = {column["name"]: column["example"] for column in columns(name)}
    example |= {key.replace("__", "."): value for key, value in cells.items()}
    findings = Findings()
    values = layout.read_row([example[column] for column in layout.header], "f.csv", 7, findings)
    named = None if values is None else {layout.header[place]: value for place, value in values.items()}
    return named, [(finding.code.removeprefix("intake."), finding.column) for finding in findings.kept()]


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_examples_of_every_layout_read_without_a_fault(name: str) -> None:
    values, faults = read(name)
    assert faults == []
    assert values is not None
    assert set(values) == {column["name"] for column in columns(name) if column["example"]}


def test_every_published_layout_is_known_by_its_header() -> None:
    assert sorted(layout.name for layout in all_layouts().values()) == PUBLISHED
    assert nearest_layout(["learner", "carer", "basis"]).name == "carer_authority"


@pytest.mark.parametrize(
    ("layout", "column", "cell", "code"),
    [
        ("register_guidance", "attendance.absent", "４", "not_a_number"),
        ("register_guidance", "attendance.absent", "-1", "not_a_number"),
        ("register_guidance", "attendance.absent", "4.0", "not_a_number"),
        ("register_guidance", "attendance.absent", "400", "out_of_range"),
        ("register_guidance", "attendance.absent", "1.2E+02", "mangled_number"),
        ("register_guidance", "subject.japanese.knowledge", "D", "not_a_code"),
        ("register_guidance", "behaviour.basic_habits", "○", "not_true_or_false"),
        ("register_guidance", "behaviour.basic_habits", "TRUE", "mangled_boolean"),
        ("register_guidance", "moral", "あ" * 601, "too_long"),
        ("register_guidance", "moral", "あ\x00", "control_character"),
        ("register_guidance", "integrated_study.viewpoints", ",".join("abcdefghi"), "too_many_items"),
        ("register_guidance", "integrated_study.viewpoints", "a,,b", "bad_pattern"),
        ("register_guidance", "school_code", "120299000018", "lost_letter"),
        ("register_guidance", "school_code", "'B120299000018", "mangled_quote"),
        ("register_guidance", "school_code", "東小学校", "school_code_form"),
        ("register_guidance", "school_year", "", "required"),
        ("register_guidance", "learner", "山田", "bad_pattern"),
        ("health_check", "height_cm", "138.45", "too_precise"),
        ("health_check", "height_cm", "138,4", "not_a_number"),
        ("health_check", "height_cm", "1384", "out_of_range"),
        ("health_check", "checked_on", "2026-02-30", "not_a_date"),
        ("health_check", "checked_on", "2026/4/21", "mangled_date"),
        ("health_check", "checked_on", "令和8年4月21日", "not_a_date"),
        ("health_check", "checked_on", "########", "mangled_hashes"),
        ("assessment", "curriculum", "8.2E+15", "mangled_number"),
        ("assessment", "curriculum", "8350223121300000,835022312130000", "bad_pattern"),
        ("portfolio", "file1", "../kawara.png", "bad_pattern"),
        ("school_list", "establisher", "9201", "board_code_form"),
        ("staff_roles", "organisation", "11000", "lost_zero"),
    ],
)
def test_a_cell_that_does_not_fit_is_refused_at_its_column(layout: str, column: str, cell: str, code: str) -> None:
    values, faults = read(layout, **{column.replace(".", "__"): cell})
    assert values is None
    assert faults == [(code, column)]


def test_a_row_of_another_width_is_refused_whole() -> None:
    layout, findings = layout_named("school_list"), Findings()
    assert layout.read_row(["B120299000018"], "f.csv", 2, findings) is None
    (finding,) = findings.kept()
    assert (finding.code, finding.params) == ("intake.cell_count", {"found": 1, "expected": 7})


def values_of(name: str, cells: dict[str, Any]) -> RowValues:
    layout = layout_named(name)
    return RowValues(2, {layout.index(column): value for column, value in cells.items()})


def test_an_item_is_made_when_the_first_of_its_cells_is_filled() -> None:
    row = values_of(
        "register_guidance",
        {"subject.music.rating": 3, "subject.science.knowledge": "A", "subject.science.rating": 2},
    )
    body = build_body(layout_named("register_guidance"), body_form(Category.GUIDANCE), [row])
    assert body == {
        "subjects": [
            {"subject": "music", "rating": 3},
            {"subject": "science", "viewpoints": {"knowledge": "A"}, "rating": 2},
        ]
    }


def test_an_item_within_an_item_has_the_constant_and_each_row_makes_an_outer_one() -> None:
    name = "report"
    rows = [
        values_of(name, {"term": "first_term", "subject.music.knowledge": "A", "subject.music.rating": 3}),
        values_of(name, {"term": "second_term", "subject.music.rating": 2, "behaviour.creativity": True}),
    ]
    assert build_body(layout_named(name), body_form(Category.REPORT), rows) == {
        "terms": [
            {"term": "first_term", "subjects": [{"subject": "music", "viewpoints": {"knowledge": "A"}, "rating": 3}]},
            {
                "term": "second_term",
                "subjects": [{"subject": "music", "rating": 2}],
                "behaviour": [{"item": "creativity", "marked": True}],
            },
        ]
    }


def test_a_required_list_with_nothing_in_it_is_an_empty_list() -> None:
    body = build_body(layout_named("register_enrolment"), body_form(Category.ENROLMENT), [RowValues(2, {})])
    assert body == {"guardians": [], "years": []}


def test_positions_are_filled_without_a_gap() -> None:
    row = values_of("register_enrolment", {"guardian2.name": "山田"})
    with pytest.raises(GapInList):
        build_body(layout_named("register_enrolment"), body_form(Category.ENROLMENT), [row])


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_pointer_leads_to_a_place_of_the_schema(name: str) -> None:
    layout = layout_named(name)
    if layout.category is None:
        assert all(column.path is None for column in layout.columns)
        return
    schema = body_form(layout.category).schema
    for column in layout.columns:
        here = schema
        for part in column.path or ():
            here = here["items"] if part == "-" or isinstance(part, int) else here["properties"][part]
        assert "type" in here, column.name
        if column.path is not None:
            shown = layout.column_at([part for part in column.path if part != "-"])
            assert shown is not None
