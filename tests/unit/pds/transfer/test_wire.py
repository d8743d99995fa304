"""Answers of another node are held to sizes and types before anything in them is believed."""

import json
from typing import Any
from uuid import uuid4

import pytest

from pds.transfer.wire import MOST_DOCUMENTS, WireFault, read_error, read_lodging, read_page, read_tokens

DOCUMENT: dict[str, Any] = {"doc": str(uuid4()), "version": 1, "sha256": "ab" * 32, "token": "a.b.c"}


def raw(value: object) -> bytes:
    return json.dumps(value).encode()


def test_a_page_is_read_with_its_place_to_go_on_from() -> None:
    page = read_page(raw({"documents": [DOCUMENT], "next": "abc", "withheld": [{"category": "report"}]}))
    assert str(page.documents[0].doc) == DOCUMENT["doc"]
    assert page.next == "abc"
    assert page.withheld == ({"category": "report"},)


@pytest.mark.parametrize(
    "page",
    [
        [], "x", None, {}, {"documents": None}, {"documents": [DOCUMENT] * (MOST_DOCUMENTS + 1)}, {"documents": [1]},
        {"documents": [DOCUMENT | {"doc": "x"}]}, {"documents": [DOCUMENT | {"doc": None}]},
        {"documents": [DOCUMENT | {"version": "1"}]}, {"documents": [DOCUMENT | {"version": True}]},
        {"documents": [DOCUMENT | {"version": -1}]}, {"documents": [DOCUMENT | {"token": ""}]},
        {"documents": [DOCUMENT | {"sha256": 1}]}, {"documents": [], "next": 1}, {"documents": [], "next": ""},
        {"documents": [], "next": "x" * 600}, {"documents": [], "withheld": {}}, {"documents": [], "withheld": [1]},
    ],
)  # fmt: skip
def test_a_page_of_another_shape_is_a_fault(page: object) -> None:
    with pytest.raises(WireFault):
        read_page(raw(page))


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_json_is_a_fault_and_has_no_code(body: bytes) -> None:
    with pytest.raises(WireFault):
        read_page(body)
    assert read_error(body) == ""


def test_tokens_name_the_grant_they_rest_on() -> None:
    grant = uuid4()
    details = [{"type": "manabi_records", "identifier": str(grant)}]
    tokens = read_tokens(
        raw({"access_token": "a", "token_type": "DPoP", "expires_in": 300, "authorization_details": details})
    )
    assert tokens.grant == grant
    assert tokens.refresh is None


@pytest.mark.parametrize(
    "change", [{"token_type": "Bearer"}, {"expires_in": "300"}, {"access_token": ""}, {"refresh_token": 1},
               {"authorization_details": {}}]
)  # fmt: skip
def test_tokens_that_are_not_bound_or_not_formed_are_a_fault(change: dict[str, Any]) -> None:
    good = {"access_token": "a", "token_type": "DPoP", "expires_in": 300}
    read_tokens(raw(good))
    with pytest.raises(WireFault):
        read_tokens(raw(good | change))


def test_a_lodging_needs_its_id_and_its_end() -> None:
    assert read_lodging(raw({"auth_req_id": "x", "expires_in": 9})).interval == 300
    with pytest.raises(WireFault):
        read_lodging(raw({"expires_in": 9}))


def test_the_code_of_a_refusal_is_oauths_or_ours() -> None:
    assert read_error(raw({"error": "access_denied"})) == "access_denied"
    assert read_error(raw({"code": "transfer.access_refused"})) == "transfer.access_refused"
    assert read_error(raw({"error": 5})) == ""
