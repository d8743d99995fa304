"""The shipped policy files keep to their published JSON Schemas, and the schemas speak the same vocabulary."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

import api_specs
from consent.policy.loader import FILES, SHIPPED
from consent.policy.sections import NEVER_OPENED
from consent.verdict import DenialCode
from consent.vocabulary import (
    ActClass,
    AgeBand,
    Basis,
    CarerState,
    Category,
    DecidesAs,
    Duty,
    Lane,
    Move,
    PurposeCode,
    Reach,
    Relation,
    StaffRole,
)
from consent.wording import LABELLED

SCHEMAS = Path(api_specs.__file__).parent / "policy"
NAMES = sorted(path.name.removesuffix(".schema.json") for path in SCHEMAS.glob("*.schema.json"))


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def shipped(name: str) -> Any:
    return read(SHIPPED / f"{name}.json")


def schema(name: str) -> Any:
    return read(SCHEMAS / f"{name}.schema.json")


def accepts(name: str, value: Any) -> bool:
    return jsonschema_rs.validator_for(schema(name), validate_formats=True).is_valid(value)


def test_every_shipped_file_has_a_schema_and_the_other_way_round() -> None:
    assert sorted(path.stem for path in SHIPPED.glob("*.json")) == NAMES
    assert {name.removesuffix(".json") for name in FILES} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_file_keeps_to_the_schema_it_names(name: str) -> None:
    assert shipped(name)["$schema"] == schema(name)["$id"]
    assert accepts(name, shipped(name))


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_valid_itself(name: str) -> None:
    jsonschema_rs.meta.validate(schema(name))


def rules(name: str) -> Any:
    return schema(name)["properties"]["versions"]["items"]["properties"]["rules"]["properties"]


def test_the_schemas_know_exactly_the_vocabulary() -> None:
    assert set(rules("authority")["bases"]["properties"]) == set(Basis)
    assert set(rules("authority")["states"]["properties"]) == set(CarerState)
    assert set(rules("ages")["bands"]["properties"]) == set(AgeBand) - {AgeBand.ADULT}
    assert set(rules("categories")) == set(Category)
    basis = schema("authority")["$defs"]["basis"]["properties"]
    assert set(basis["refused_as"]["enum"]) == set(DenialCode)
    assert set(basis["decides"]["properties"]) == set(ActClass)
    assert {how for act in basis["decides"]["properties"].values() for how in act["enum"]} == set(DecidesAs)
    opening = schema("visibility")["$defs"]["opening"]["properties"]
    assert set(opening["category"]["enum"]) == set(Category)
    assert set(opening["relation"]["enum"]) == set(Relation) - NEVER_OPENED
    entrusted = schema("offices")["$defs"]["entrusted"]["properties"]
    assert set(entrusted["duty"]["enum"]) == set(Duty)
    assert set(entrusted["role"]["enum"]) == set(StaffRole)
    assert set(entrusted["reach"]["enum"]) == set(Reach)
    assert set(entrusted["to_roles"]["items"]["enum"]) == set(StaffRole) - {StaffRole.OPERATOR}
    lane = schema("lanes")["$defs"]["lane"]["properties"]
    assert set(lane["category"]["enum"]) == set(Category)
    assert set(lane["moves"]["items"]["enum"]) == set(Move)
    assert set(lane["lane"]["enum"]) == set(Lane)
    assert set(rules("purposes")) == set(PurposeCode)
    assert set(schema("purposes")["$defs"]["purpose"]["properties"]["moves"]["items"]["enum"]) == set(Move)
    assert set(rules("acts")["acts"]["items"]["properties"]["category"]["enum"]) == set(Category)
    assert set(schema("acts")["$defs"]["act"]["enum"]) == set(ActClass)
    assert set(schema("denials")["properties"]["denials"]["properties"]) == set(DenialCode)
    labels = schema("labels")["properties"]["labels"]["properties"]
    assert {name: set(part["properties"]) for name, part in labels.items()} == {
        name: {member.value for member in enum} for name, enum in LABELLED.items()
    }


def opening(**changes: Any) -> Any:
    policy = shipped("visibility")
    policy["versions"][0]["rules"]["openings"][2] |= changes
    return policy


@pytest.mark.parametrize(
    "changes",
    [
        {"category": "grades"},
        {"relation": "operator"},
        {"citations": []},
        {"when": []},
        {"when": ["expected"]},
        {"relation": "class_teacher", "when": ["former"]},
        {"relation": "carer"},
        {"note": "x"},
    ],
    ids=str,
)
def test_the_schema_refuses_what_the_node_refuses(changes: dict[str, Any]) -> None:
    assert accepts("visibility", opening())
    assert not accepts("visibility", opening(**changes))


def test_a_basis_that_does_not_read_must_say_how_it_is_refused() -> None:
    policy = shipped("authority")
    contact = policy["versions"][0]["rules"]["bases"]["contact"]
    del contact["refused_as"]
    assert not accepts("authority", policy)
    contact |= {"reads": True, "refused_as": "contact_only"}
    assert not accepts("authority", policy)


@pytest.mark.parametrize(
    "changes",
    [
        {"category": "grades"},
        {"moves": []},
        {"moves": ["none"]},
        {"moves": ["transfer", "transfer"]},
        {"lane": "veto"},
        {"incoming_only": "yes"},
        {"citations": []},
        {"note": "x"},
    ],
    ids=str,
)
def test_the_schema_refuses_a_lane_that_the_node_refuses(changes: dict[str, Any]) -> None:
    policy = shipped("lanes")
    policy["versions"][0]["rules"]["lanes"][0] |= changes
    assert not accepts("lanes", policy)


@pytest.mark.parametrize("days", [-1, 31, "5"])
def test_the_schema_refuses_a_review_that_the_node_refuses(days: object) -> None:
    policy = shipped("lanes")
    policy["versions"][0]["rules"]["review"]["school_days"] = days
    assert not accepts("lanes", policy)


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("school_days", {"weekend": ["sun"]}),
        ("school_days", {"closed": [{"from": "7/21", "to": "08-31", "name": {"ja": "a", "plain": "a", "en": "a"}}]}),
        ("school_days", {"holidays": [{"day": "2026-02-30", "name": {"ja": "a", "plain": "a", "en": "a"}}]}),
        ("purposes", {"marketing": {}}),
        ("acts", {"acts": [{"category": "care_plan", "act": "weighty", "citations": ["civil-code-820"]}]}),
        ("acts", {"otherwise": {"act": "important", "citations": []}}),
    ],
)
def test_the_schemas_of_moving_refuse_what_the_node_refuses(file: str, change: dict[str, Any]) -> None:
    policy = shipped(file)
    policy["versions"][0]["rules"] |= change
    assert not accepts(file, policy)
