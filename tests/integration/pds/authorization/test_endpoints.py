"""Metadata, keys, and whatever else is thrown at the endpoints: OAuth's own form always, a fault of ours never."""

from typing import Any
from unittest import mock

import pytest
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata  # type: ignore[import-untyped]
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc.jwk import KeySet
from sqlalchemy.exc import OperationalError

from tests.integration.pds.authorization.asker import ISSUER, Asker, asked, error_of, new_ticket

PATHS = ("/oauth/token", "/oauth/bc-authorize", "/oauth/introspect", "/oauth/revoke")


def test_the_metadata_name_the_issuer_and_every_endpoint(app: Flask) -> None:
    client = app.test_client()
    found = client.get("/.well-known/oauth-authorization-server", base_url="http://inside:1").get_json()
    assert found["issuer"] == ISSUER
    for name, value in found.items():
        if name.endswith("_endpoint"):
            assert client.post(value.removeprefix(ISSUER)).status_code == 400, name
    metadata = AuthorizationServerMetadata(found)
    for check in ("issuer", "token_endpoint", "jwks_uri", "grant_types_supported", "revocation_endpoint",
                  "introspection_endpoint", "token_endpoint_auth_methods_supported",
                  "token_endpoint_auth_signing_alg_values_supported", "scopes_supported"):  # fmt: skip
        getattr(metadata, f"validate_{check}")()
    assert "authorization_endpoint" not in found
    assert set(found["authorization_details_types_supported"]) == {"manabi_records", "manabi_dossier"}


def test_the_key_set_holds_public_keys_alone(app: Flask) -> None:
    found = app.test_client().get("/oauth/jwks").get_json()
    (key,) = KeySet.import_key_set(found).keys
    assert not key.is_private
    assert set(found["keys"][0]) <= {"kty", "crv", "x", "kid", "alg", "use"}


def test_the_endpoints_read_and_set_no_cookie(asker: Asker) -> None:
    client = asker.app.test_client()
    client.set_cookie("__Host-node", "x" * 43, domain="localhost", secure=True)
    for path in PATHS:
        answer = client.post(
            path, data={"token": "x"}, headers={"Origin": "https://evil.example", "Accept": "text/html"}
        )
        assert error_of(answer) in ("invalid_client", "invalid_dpop_proof", "unsupported_grant_type")
        assert "Set-Cookie" not in answer.headers
        assert answer.mimetype == "application/json"
        assert client.get(path).status_code == 405


def test_grants_that_do_not_exist_are_refused(asker: Asker) -> None:
    for name in ("authorization_code", "password", "implicit", "", "urn:ietf:params:oauth:grant-type:jwt-bearer", "鍵"):
        answer = asker.post("/oauth/token", {"grant_type": name}, proven=True)
        assert error_of(answer) == "unsupported_grant_type", name


def test_a_database_out_of_reach_is_said_in_oauths_form(asker: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    down = OperationalError("x", {}, Exception("gone"))
    with mock.patch("pds.authorization.server.current_registry", side_effect=down):
        answer = asker.lodge(new_ticket())
    assert (answer.status_code, error_of(answer)) == (503, "temporarily_unavailable")


def test_a_fault_of_ours_tells_nothing_of_the_inside(asker: Asker) -> None:
    with mock.patch("pds.authorization.server.current_registry", side_effect=RuntimeError("secret of the inside")):
        answer = asker.lodge(new_ticket())
    assert (answer.status_code, error_of(answer)) == (500, "server_error")
    assert b"inside" not in answer.data


TEXT = st.text(max_size=60)
NAMES = st.sampled_from(
    ("grant_type", "refresh_token", "auth_req_id", "authorization_details", "login_hint", "scope", "token", "client_id",
     "binding_message", "client_assertion", "client_assertion_type", "token_type_hint", "requested_expiry")
)  # fmt: skip
VALUES = TEXT | st.sampled_from(
    ("refresh_token", "client_credentials", "urn:openid:params:grant-type:ciba", "manabi_records", "\x00", "[]", "[{}]",
     "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "a.b.c", "e30.e30.e30", '[{"type":"manabi_dossier"}]')
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=8,
)


@settings(
    max_examples=120, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    path=st.sampled_from(PATHS),
    form=st.dictionaries(NAMES | TEXT.filter(bool), VALUES, max_size=6),
    authenticated=st.booleans(),
    proof=st.none() | st.binary(max_size=40) | st.just(b""),
    key=st.none() | st.binary(max_size=140),
)
def test_nothing_that_is_sent_is_answered_with_a_fault(
    path: str, form: dict[str, str], authenticated: bool, proof: bytes | None, key: bytes | None, asker: Asker
) -> None:
    headers = {
        name: value.translate(None, b"\r\n\x00").decode("latin-1")
        for name, value in (("DPoP", proof), ("Idempotency-Key", key))
        if value is not None
    }
    answer = asker.post(path, form, proven=proof is None, headers=headers, authenticated=authenticated)
    assert answer.status_code < 500, answer.data
    body = answer.get_json()
    assert answer.mimetype == "application/json"
    assert answer.status_code < 400 or (body["error"].isascii() and body.get("error_description", "").isascii())


@settings(
    max_examples=120, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(name=st.sampled_from(sorted(asked())), value=JSON)
def test_no_value_in_the_details_is_answered_with_a_fault(name: str, value: Any, asker: Asker) -> None:
    answer = asker.lodge(new_ticket(), details=[asked(**{name: value})])
    assert answer.status_code in (200, 400), answer.data
    if answer.status_code == 400:
        assert answer.get_json()["error"] == "invalid_authorization_details"
