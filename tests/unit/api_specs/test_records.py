"""The record schemas are strict, bounded, labelled for a page in three languages, and hold nothing they must not."""

import json
import re
from typing import Any

import jsonschema_rs
import pytest

from tests.unit.api_specs.contracts import LOCALES, RECORDS, record, subschemas, types, without_readings

KANJI = re.compile(r"[\u3400-\u9fff々〆]")


@pytest.fixture(params=RECORDS)
def schema(request: pytest.FixtureRequest) -> Any:
    return record(request.param)


def test_a_schema_is_valid_json_schema_2020_12(schema: Any) -> None:
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema_rs.meta.validate(schema)
    assert re.fullmatch(r"urn:manabi:schema:[a-z_]+:[1-9][0-9]*", schema["$id"])


def test_no_object_takes_an_unknown_property(schema: Any) -> None:
    objects = [(path, inner) for path, inner in subschemas(schema) if "object" in types(inner)]
    assert objects
    assert [path for path, inner in objects if inner.get("additionalProperties") is not False] == []


def test_every_value_has_a_bound(schema: Any) -> None:
    unbounded = []
    for path, inner in subschemas(schema):
        kinds = types(inner)
        if "string" in kinds and "enum" not in inner and "maxLength" not in inner:
            unbounded.append(path)
        if "array" in kinds and "maxItems" not in inner:
            unbounded.append(path)
        if kinds & {"integer", "number"} and not {"minimum", "maximum"} <= inner.keys():
            unbounded.append(path)
    assert unbounded == []


def test_every_property_has_a_label_in_three_languages_and_a_place_on_the_page(schema: Any) -> None:
    for path, inner in subschemas(schema):
        properties = inner.get("properties", {})
        for name, field in properties.items():
            assert all(field["x-label"][locale] for locale in LOCALES), f"{path}/{name}"
            assert field["title"] == without_readings(field["x-label"]["ja"]), f"{path}/{name}"
        orders = [field["x-order"] for field in properties.values()]
        assert len(set(orders)) == len(orders), path


def test_every_code_has_a_label(schema: Any) -> None:
    for path, inner in subschemas(schema):
        if "enum" in inner:
            codes = [code for code in inner["enum"] if code is not None]
            assert list(inner["x-codes"]) == codes, path
            assert all(inner["x-codes"][code][locale] for code in codes for locale in LOCALES), path


def test_every_kanji_of_a_label_has_a_reading(schema: Any) -> None:
    bare = []
    for path, inner in subschemas(schema):
        labels = [inner.get("x-label", {}), *inner.get("x-codes", {}).values()]
        for text in (label[locale] for label in labels if label for locale in ("ja", "plain")):
            if KANJI.search(re.sub(r"(｜[^《]+|[\u3400-\u9fff々〆]+)《[ぁ-んー]+》", "", text)):
                bare.append((path, text))
    assert bare == []


def test_a_rule_names_fields_that_exist(schema: Any) -> None:
    known = {path.replace("/-", "[]").replace("/", ".").lstrip(".") for path, _ in subschemas(schema)}
    for rule in schema["x-rules"]:
        (operation,) = rule.keys() - {"id", "message"}
        assert operation in {"equals", "at_most", "unique", "within_school_year"}
        operands = [part for part in rule[operation] if isinstance(part, str)]
        operands += [name for part in rule[operation] if isinstance(part, dict) for name in part["difference"]]
        assert set(operands) <= known, rule["id"]
        assert all(rule["message"][locale] for locale in LOCALES)


@pytest.mark.parametrize(
    "word", ["虐待", "いじめ", "要対協", "個人番号", "マイナンバー", "my_number", "abuse", "bullying"]
)
def test_no_schema_has_a_place_for_what_must_not_be_kept(schema: Any, word: str) -> None:
    assert word not in json.dumps(schema, ensure_ascii=False)


def guidance(grade: str, **subject: object) -> dict[str, object]:
    return {
        "school": {"code": "B120299000018", "name": "みらい市立東小学校"},
        "school_year": 2025,
        "grade": grade,
        "subjects": [{"subject": "japanese", **subject}],
        "attendance": {"days_of_school": 200, "suspended": 0, "required": 200, "absent": 1, "present": 199,
                       "treated_as_attended": 0},
    }  # fmt: skip


@pytest.mark.parametrize(("grade", "rating"), [("P2", None), ("P3", 3), ("P6", 1), ("J1", 5), ("H3", 1), ("J2", None)])
def test_a_rating_on_the_scale_of_the_grade_is_taken(grade: str, rating: int | None) -> None:
    assert jsonschema_rs.Draft202012Validator(record("guidance")).is_valid(guidance(grade, rating=rating))


@pytest.mark.parametrize(("grade", "rating"), [("P1", 3), ("P2", 1), ("P3", 4), ("P6", 5), ("J1", 6), ("H1", 0)])
def test_a_rating_off_the_scale_of_the_grade_is_refused(grade: str, rating: int) -> None:
    assert not jsonschema_rs.Draft202012Validator(record("guidance")).is_valid(guidance(grade, rating=rating))


def test_there_are_ten_items_of_behaviour_and_three_viewpoints() -> None:
    properties = record("guidance")["properties"]
    assert len(properties["behaviour"]["items"]["properties"]["item"]["enum"]) == 10
    viewpoints = properties["subjects"]["items"]["properties"]["viewpoints"]["properties"]
    assert list(viewpoints) == ["knowledge", "thinking", "attitude"]
    assert all(viewpoint["enum"] == ["A", "B", "C", None] for viewpoint in viewpoints.values())
