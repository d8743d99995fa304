"""The CSV layouts agree with the record schemas, the vocabulary of the rules and what is written about them."""

import re
from datetime import date
from importlib.resources import files
from typing import Any

import jsonschema_rs
import pytest

from consent.vocabulary import Basis, CarerState, StaffRole
from tests.unit.api_specs.contracts import LAYOUTS, RECORDS, at, contract, layout, record, subschemas, types


@pytest.fixture(params=LAYOUTS)
def sheet(request: pytest.FixtureRequest) -> Any:
    return layout(request.param)


def column(sheet: Any, name: str) -> Any:
    return next(column for column in sheet["columns"] if column["name"] == name)


def test_a_layout_is_written_as_its_schema_says(sheet: Any) -> None:
    jsonschema_rs.Draft202012Validator(contract("layouts/layout.schema.json")).validate(sheet)


def test_every_layout_file_is_known_and_described() -> None:
    found = {path.name for path in files("api_specs").joinpath("layouts").iterdir()}
    assert found == {f"{name}.json" for name in LAYOUTS} | {"layout.schema.json"}
    readme = files("api_specs").joinpath("README.md").read_text(encoding="utf-8")
    assert [name for name in LAYOUTS if f"| `{name}` |" not in readme] == []


def test_no_column_stands_twice_and_keys_are_columns(sheet: Any) -> None:
    names = [column["name"] for column in sheet["columns"]]
    assert len(set(names)) == len(names)
    assert set(sheet["row_key"]) <= set(names)
    assert set(sheet["record_key"] or ()) <= set(names)


def test_no_two_layouts_share_a_header() -> None:
    headers = [tuple(column["name"] for column in layout(name)["columns"]) for name in LAYOUTS]
    assert len(set(headers)) == len(headers)


def test_a_pointer_leads_to_a_field_of_the_same_kind(sheet: Any) -> None:
    if sheet["record"] is None:
        assert all(column["pointer"] is None for column in sheet["columns"])
        return
    body = record(sheet["record"])
    assert sheet["record_schema"] == body["$id"]
    kinds = {"string": "string", "date": "string", "code": "string", "integer": "integer", "decimal": "number",
             "boolean": "boolean", "list": "array"}  # fmt: skip
    for one in sheet["columns"]:
        if one["pointer"] is None:
            assert one["name"] == "learner"
            continue
        target = at(body, one["pointer"])
        assert kinds[one["type"]] in types(target), one["name"]
        assert one.get("codes", []) == [code for code in target.get("enum", []) if code is not None], one["name"]
        if one["type"] == "string":
            assert one["max_length"] == target["maxLength"], one["name"]
        if one["type"] in ("integer", "decimal"):
            assert (one["minimum"], one["maximum"]) == (target["minimum"], target["maximum"]), one["name"]
        for key, constant in one.get("item", {}).items():
            item = at(body, one["pointer"][: one["pointer"].rindex("/-") + 2])
            assert constant in item["properties"][key]["enum"], one["name"]


@pytest.mark.parametrize("name", RECORDS)
def test_every_field_of_a_record_can_be_filled_from_a_layout(name: str) -> None:
    reached: set[str] = set()
    constants: set[str] = set()
    for sheet in map(layout, LAYOUTS):
        if sheet["record"] == name:
            for one in sheet["columns"]:
                if one["pointer"]:
                    reached.add(re.sub(r"/[0-9]+", "/-", one["pointer"]))
                    constants |= {one["pointer"].rpartition("/-")[0] + f"/-/{key}" for key in one.get("item", {})}
    leaves = {
        path
        for path, inner in subschemas(record(name))
        if (not types(inner) & {"object", "array"} or inner.get("items", {}).get("type") == "string")
        and not inner.get("x-computed")
    }
    leaves = {path for path in leaves if path.removesuffix("/-") not in reached}
    assert leaves - reached - constants == set()


def test_every_example_is_a_cell_the_column_takes(sheet: Any) -> None:
    for one in sheet["columns"]:
        example = one["example"]
        if not example:
            assert not one["required"], one["name"]
        elif one["type"] == "code":
            assert example in one["codes"], one["name"]
        elif one["type"] == "date":
            date.fromisoformat(example)
        elif one["type"] in ("integer", "decimal"):
            assert one["minimum"] <= float(example) <= one["maximum"], one["name"]
        elif one["type"] == "boolean":
            assert example in ("true", "false"), one["name"]
        elif one["type"] == "string":
            assert len(example) <= one["max_length"], one["name"]
            assert re.search(one.get("pattern", ""), example), one["name"]


def test_the_carer_layout_speaks_the_words_of_the_rules() -> None:
    sheet = layout("carer_authority")
    assert column(sheet, "basis")["codes"] == list(Basis)
    assert column(sheet, "state")["codes"] == list(CarerState)


def test_the_staff_layout_names_the_roles_oneroster_has_no_word_for() -> None:
    told_by_oneroster = {StaffRole.TEACHER, StaffRole.PRINCIPAL}
    assert set(column(layout("staff_roles"), "role")["codes"]) == set(StaffRole) - told_by_oneroster
