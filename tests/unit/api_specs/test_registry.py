"""The published form of registry and join request is the form that is written and read."""

import copy
import json
from importlib.resources import files
from typing import Any

import jsonschema_rs
import pytest

from tests.unit.trust import test_joining
from tests.unit.trust.forging import ED, RSA
from tests.unit.trust.test_registry import CHANGES, document, opened, sign
from trust.framing import from_text
from trust.joining import write_join_request
from trust.registry import RegistryRefused

BEYOND_A_SCHEMA = {
    "an expiry before the issue", "an instant that does not exist", "a participant without a name",
    "a name with a control character", "the same number twice", "the same id twice", "the same issuer twice",
    "an issuer that ends in a slash", "an issuer with a bad port", "a node without an issuer",
    "a system with an issuer", "a system that stands for a school", "a node without its client key",
    "a node without its node key", "a key that ends before it begins", "the same key of two participants",
    "the same key twice", "the same code twice", "a school that follows itself", "schools that follow each other",
    "an aggregator without an issuer", "an aggregator that stands for a school",
    "an aggregator without its sealing key", "an aggregator without its node key",
    "an aggregator that would be a client", "a node that opens envelopes", "a sealing key under a false name",
    "a sealing key of small order",
    "a school's key under a false name", "a school's key twice",
}  # fmt: skip
"""What the reader refuses and a JSON Schema cannot say, or says less simply: it compares places with each other."""


def schema(name: str) -> jsonschema_rs.Validator:
    found: dict[str, Any] = json.loads((files("api_specs") / "registry" / f"{name}.schema.json").read_text("utf-8"))
    jsonschema_rs.meta.validate(found)
    return jsonschema_rs.validator_for(found)


REGISTRY, JOIN = schema("registry"), schema("join")


def test_what_is_written_has_the_published_form() -> None:
    REGISTRY.validate(document())
    JOIN.validate(test_joining.document())
    system = write_join_request(RSA, test_joining.SYSTEM, now=test_joining.NOW)
    JOIN.validate(json.loads(from_text(system.split(".")[1])))
    server = write_join_request(ED, test_joining.SERVER, now=test_joining.NOW)
    JOIN.validate(json.loads(from_text(server.split(".")[1])))


@pytest.mark.parametrize("case", CHANGES)
def test_schema_and_reader_refuse_the_same(case: str) -> None:
    wire = copy.deepcopy(document())
    CHANGES[case][0](wire)
    with pytest.raises(RegistryRefused):
        opened(sign(wire))
    assert REGISTRY.is_valid(wire) is (case in BEYOND_A_SCHEMA)


def test_a_request_carries_no_number_and_no_person() -> None:
    for name in ("number", "officer"):
        wire = test_joining.document()
        wire["participant"][name] = 1
        assert not JOIN.is_valid(wire)
