"""Authorization details: read strictly, said back as granted, with one source for every list of values."""

import json
import re
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any
from uuid import UUID

import pytest

from consent.scope import Scope, Terms
from consent.vocabulary import Category, Frequency, Mode, Move, PurposeCode
from pds.authorization.details import granted_records, read_dossier, read_records
from pds.authorization.errors import DetailsRefused, RequestRefused, describe

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
ASKED: dict[str, Any] = {
    "type": "manabi_records", "move": "transfer", "purpose": "transfer_of_school", "recipient": "B120299000027",
    "categories": [{"category": "report", "school_years": [2025, 2024]}], "mode": "store",
    "until": "2027-04-01T00:00:00+09:00", "frequency": "repeated",
}  # fmt: skip


def schema() -> Any:
    return json.loads(files("api_specs").joinpath("authorization/manabi_records.schema.json").read_text())


def test_the_schema_lists_the_values_of_the_vocabulary() -> None:
    properties = schema()["properties"]
    for name, values in (("move", Move), ("purpose", PurposeCode), ("mode", Mode), ("frequency", Frequency)):
        assert properties[name]["enum"] == [value.value for value in values], name
    pattern = properties["categories"]["items"]["properties"]["category"]["pattern"]
    assert all(re.fullmatch(pattern, category) for category in Category)


def test_what_is_read_is_what_was_sent() -> None:
    asked = read_records(json.dumps([ASKED]), now=NOW)
    assert asked.terms.scope == Scope.of({Category.REPORT: [2024, 2025]})
    assert asked.terms.until == datetime(2027, 3, 31, 15, tzinfo=UTC)
    assert asked.terms.erase_on is None
    assert asked.case is None
    assert asked.wire == ASKED


def test_granted_details_say_what_was_kept_and_nothing_else_of_it() -> None:
    terms = Terms(
        Scope.of({Category.REPORT: [2025]}), Mode.VIEW, datetime(2026, 12, 1, tzinfo=UTC), None, Frequency.ONCE
    )
    grant = UUID(int=7)
    (granted,) = granted_records(ASKED, grant, terms.to_wire())
    assert granted["identifier"] == str(grant)
    assert Terms.from_wire(granted) == terms
    assert {name: granted[name] for name in ("type", "move", "purpose", "recipient")} == {
        name: ASKED[name] for name in ("type", "move", "purpose", "recipient")
    }


@pytest.mark.parametrize("text", [None, "", "[]", "{}", '[{"type":"manabi_records"}]', "[" * 20_000, "\ud800"])
def test_a_dossier_is_named_by_one_object_alone(text: str | None) -> None:
    with pytest.raises(DetailsRefused):
        read_dossier(text)


def test_a_description_holds_only_what_oauth_lets_it_hold() -> None:
    refused = RequestRefused('a "quoted" \\ 日本 text\n', reason="some.reason")
    assert refused.get_body() == [
        ("error", "invalid_request"),
        ("error_description", "a 'quoted' ' '' text'"),
        ("code", "some.reason"),
    ]
    assert len(describe("x" * 1000)) == 300
