"""The traps of the OAuth library, each closed, each by its name."""

from base64 import urlsafe_b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from sqlalchemy import text

from pds.authorization.errors import InsecureTransportAllowed
from pds.authorization.feature import authorization_feature
from pds.node import Node
from tests.integration.pds.authorization.asker import (
    ASSERTION_TYPE,
    ISSUER,
    SCHOOL,
    Asker,
    error_of,
    new_key,
    new_ticket,
)
from tests.integration.pds.authorization.conftest import Family, Registrar, participant
from tests.integration.web.conftest import TickingClock
from trust.proof import make_dpop

Redeem = Callable[..., tuple[dict[str, Any], UUID]]


def assertion_of(asker: Asker, algorithm: str = "ES256", key: Any = None, **claims: Any) -> str:
    """An assertion as a library would sign it, with any claim changed; None leaves one out."""
    issued = int(asker.clock().timestamp())
    stated = {
        "iss": asker.client_id,
        "sub": asker.client_id,
        "aud": ISSUER,
        "jti": uuid4().hex,
        "iat": issued,
        "exp": issued + 60,
        **claims,
    }
    signing = key or asker.key
    return jwt.encode(
        {"alg": algorithm, "kid": signing.kid}, {name: value for name, value in stated.items() if value is not None},
        signing, algorithms=[algorithm],
    )  # fmt: skip


def with_assertion(asker: Asker, assertion: str) -> str:
    """What the server says to a request for nothing in particular: the error that comes after a good assertion."""
    form = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion, "token": "none"}
    answer = asker.post("/oauth/introspect", form, authenticated=False)
    return "accepted" if answer.status_code == 200 else error_of(answer)


def test_trap_1_private_key_jwt_is_the_method_that_works(asker: Asker) -> None:
    assert with_assertion(asker, asker.assertion()) == "accepted"


def test_trap_2_only_the_algorithms_of_fapi_are_taken(asker: Asker, registrar: Registrar) -> None:
    rsa = RSAKey.generate_key(2048, auto_kid=True)
    cases: list[tuple[str, Any, str]] = [
        ("ES256", ECKey.generate_key("P-256", auto_kid=True), "accepted"),
        ("PS256", rsa, "accepted"),
        ("RS256", rsa, "invalid_client"),
        ("Ed25519", OKPKey.generate_key("Ed25519", auto_kid=True), "accepted"),
    ]
    for algorithm, key, outcome in cases:
        registrar.participants["b.node"] = participant(2, "b.node", key, SCHOOL)
        registrar.publish(asker.clock())
        asker.clock.pass_time(seconds=1)  # a process looks once a second which registry is in force
        assert with_assertion(asker, assertion_of(asker, algorithm, key)) == outcome, algorithm


def test_trap_3_the_audience_is_the_issuer_as_one_string(asker: Asker) -> None:
    for audience in ([ISSUER], [ISSUER, "https://other.example"], ISSUER + "/oauth/token", ISSUER + "/", "", None):
        assert with_assertion(asker, assertion_of(asker, aud=audience)) == "invalid_client", audience


def test_trap_4_an_assertion_for_ten_years_is_refused(asker: Asker) -> None:
    far = int((asker.clock() + timedelta(days=3650)).timestamp())
    assert with_assertion(asker, assertion_of(asker, exp=far)) == "invalid_client"
    assert with_assertion(asker, assertion_of(asker, exp=far, iat=None)) == "invalid_client"


def test_trap_4_the_replay_store_keeps_nothing_longer_than_an_assertion_can_live(asker: Asker, node: Node) -> None:
    asker.lodge(new_ticket())
    asker.poll("x" * 43)
    with node.database.session() as session:
        latest = session.execute(text("SELECT max(expires_at) FROM replay")).scalar_one()
    assert latest <= asker.clock() + timedelta(seconds=360)


def test_trap_4_an_assertion_is_good_once(asker: Asker) -> None:
    assertion = asker.assertion()
    assert with_assertion(asker, assertion) == "accepted"
    assert with_assertion(asker, assertion) == "invalid_client"


def test_trap_5_an_access_token_lives_five_minutes(asker: Asker, clock: TickingClock, tokens: Redeem) -> None:
    got, _ = tokens()
    assert got["expires_in"] == 300
    clock.pass_time(seconds=299)
    assert asker.present(got["access_token"]).status_code == 200
    clock.pass_time(seconds=1)
    assert asker.present(got["access_token"]).status_code == 401


def test_trap_6_of_twenty_parallel_redemptions_one_succeeds(asker: Asker, family: Family, node: Node) -> None:
    auth_req_id = asker.lodge(new_ticket()).get_json()["auth_req_id"]
    family.grant(auth_req_id)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: asker.poll(auth_req_id), range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 19
    assert {error_of(answer) for answer in answers if answer.status_code != 200} == {"slow_down"}
    with node.database.session() as session:
        kept = session.execute(text("SELECT count(*) FROM oauth_token WHERE kind = 'refresh'")).scalar_one()
    assert kept == 1


def test_trap_7_no_endpoint_takes_a_secret_or_nothing(asker: Asker) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": "x", "token": "x"}
    ways: list[tuple[dict[str, str], dict[str, str]]] = [
        ({}, {}),
        ({}, {"Authorization": "Basic Yi5ub2RlOnNlY3JldA=="}),
        ({"client_id": asker.client_id, "client_secret": "secret"}, {}),
        ({"client_id": asker.client_id}, {}),
    ]
    for path in ("/oauth/token", "/oauth/bc-authorize", "/oauth/introspect", "/oauth/revoke"):
        for more, headers in ways:
            answer = asker.post(path, {**form, **more}, proven=True, headers=headers, authenticated=False)
            assert error_of(answer) == "invalid_client", (path, more, headers)


def test_trap_8_a_proof_is_for_the_public_address_whatever_the_host_header_says(
    asker: Asker, app: Flask, tokens: Redeem
) -> None:
    got, _ = tokens()
    token = got["access_token"]
    for address, expected in ((ISSUER, 200), ("http://inside:8000", 401)):
        proof = make_dpop(asker.proof_key, "GET", address + "/protected", now=asker.clock(), access_token=token)
        answer = app.test_client().get(
            "/protected",
            base_url="http://inside:8000",
            headers={"Authorization": f"DPoP {token}", "DPoP": proof, "X-Forwarded-Host": "inside"},
        )
        assert answer.status_code == expected


def test_trap_8_the_endpoints_answer_behind_a_proxy_that_speaks_plain_http(asker: Asker, app: Flask) -> None:
    form = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": asker.assertion(), "token": "x"}
    assert app.test_client().post("/oauth/introspect", base_url="http://inside:8000", data=form).status_code == 200


def test_trap_9_a_node_does_not_start_where_the_library_may_talk_plain_http(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    with pytest.raises(InsecureTransportAllowed):
        authorization_feature(node)


def test_a_key_that_left_the_registry_opens_nothing_a_second_later(
    asker: Asker, registrar: Registrar, tokens: Redeem
) -> None:
    got, _ = tokens()
    registrar.participants["b.node"] = participant(2, "b.node", new_key(), SCHOOL)
    registrar.publish(asker.clock())
    asker.clock.pass_time(seconds=1)
    assert error_of(asker.refresh(got["refresh_token"])) == "invalid_client"
    assert asker.present(got["access_token"]).status_code == 200  # the key changed, the participant is still one
    del registrar.participants["b.node"]
    registrar.participants["d.node"] = participant(4, "d.node", new_key(), None)
    registrar.publish(asker.clock())
    asker.clock.pass_time(seconds=1)
    assert asker.present(got["access_token"]).status_code == 401


def test_claims_of_the_wrong_type_or_party_are_refused_by_name(asker: Asker) -> None:
    cases: list[dict[str, Any]] = [
        {"iss": "c.node"}, {"sub": "c.node"}, {"iss": ["b.node"]}, {"sub": ["b.node"]}, {"jti": None}, {"jti": 7},
        {"jti": "x" * 300}, {"jti": "a\x00b"}, {"exp": None}, {"exp": "soon"}, {"exp": True}, {"exp": 1e400},
        {"iat": 4102444800},
    ]  # fmt: skip
    for claims in cases:
        assert with_assertion(asker, assertion_of(asker, **claims)) == "invalid_client", claims


def test_an_assertion_of_a_participant_nobody_knows_reads_like_one_of_a_wrong_key(asker: Asker) -> None:
    nobody = Asker(asker.app, asker.clock, "nobody.node", new_key())
    wrong = Asker(asker.app, asker.clock, asker.client_id, new_key())
    unknown = nobody.post("/oauth/introspect", {"token": "x"}).get_json()
    assert unknown == wrong.post("/oauth/introspect", {"token": "x"}).get_json()
    assert unknown["error"] == "invalid_client"


def test_an_assertion_without_a_real_signature_is_refused(asker: Asker) -> None:
    _, body, _ = assertion_of(asker).split(".")
    head = urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    assert with_assertion(asker, f"{head}.{body}.") == "invalid_client"
    secret = OctKey.generate_key(256, auto_kid=True)
    assert with_assertion(asker, assertion_of(asker, "HS256", secret)) == "invalid_client"
