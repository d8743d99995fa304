"""Access tokens at a resource (RFC 9449 section 7): refused by name, with a challenge, and never with a 500."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from werkzeug.test import TestResponse

from tests.integration.pds.authorization.asker import Asker, error_of, new_key, new_ticket
from tests.integration.pds.authorization.conftest import Family
from tests.integration.web.conftest import TickingClock
from trust.proof import make_dpop

Redeem = Callable[..., tuple[dict[str, Any], UUID]]


def refused(answer: TestResponse, error: str | None) -> None:
    challenge = answer.headers["WWW-Authenticate"]
    assert answer.status_code == 401
    assert challenge.startswith("DPoP ")
    assert 'algs="ES256 PS256' in challenge
    assert (f'error="{error}"' in challenge) if error else ("error=" not in challenge)
    assert answer.get_json()["code"] == "authorization.token_refused"


def test_a_token_says_who_calls_and_what_it_rests_on(asker: Asker, family: Family, tokens: Redeem) -> None:
    got, grant_id = tokens()
    answer = asker.present(got["access_token"])
    assert answer.get_json() == {
        "client": "b.node", "kind": "grant", "learner": str(family.learner), "id": str(grant_id),
    }  # fmt: skip


def test_a_token_for_a_dossier_leads_to_that_dossier_alone(asker: Asker, family: Family, stranger: Asker) -> None:
    lodged = family.open(asker.lodge(new_ticket()).get_json()["auth_req_id"])
    ready, reviewing = family.dossier(lodged), "00000000-0000-0000-0000-000000000000"
    got = asker.dossier_token(ready).get_json()
    assert got["authorization_details"] == [{"type": "manabi_dossier", "identifier": str(ready)}]
    assert "refresh_token" not in got
    assert asker.present(got["access_token"]).get_json()["id"] == str(ready)
    not_theirs, not_there = stranger.dossier_token(ready), stranger.dossier_token(reviewing)
    assert error_of(not_theirs) == "invalid_grant"
    assert not_theirs.get_json() == not_there.get_json()
    for other in ("x", "", "' OR 1=1", "00000000-0000-0000-0000-00000000000G"):
        assert error_of(asker.dossier_token(other)) == "invalid_authorization_details"


def test_a_dossier_under_review_gives_no_token(asker: Asker, family: Family) -> None:
    lodged = family.open(asker.lodge(new_ticket()).get_json()["auth_req_id"])
    assert error_of(asker.dossier_token(family.dossier(lodged, "reviewing"))) == "invalid_grant"


def test_a_stolen_token_serves_no_other_key(asker: Asker, clock: TickingClock, tokens: Redeem) -> None:
    got, _ = tokens()
    thief = Asker(asker.app, clock, asker.client_id, asker.key)
    refused(thief.present(got["access_token"]), "invalid_token")
    assert error_of(thief.refresh(got["refresh_token"])) == "invalid_grant"


def test_a_refresh_token_serves_no_other_client(asker: Asker, stranger: Asker, tokens: Redeem) -> None:
    got, _ = tokens()
    stranger.proof_key = asker.proof_key
    assert error_of(stranger.refresh(got["refresh_token"])) == "invalid_grant"


def test_a_proof_is_good_once(asker: Asker, tokens: Redeem) -> None:
    got, _ = tokens()
    proof = asker.proof("GET", "/protected", got["access_token"])
    assert asker.present(got["access_token"], DPoP=proof).status_code == 200
    refused(asker.present(got["access_token"], DPoP=proof), "invalid_dpop_proof")


def test_a_proof_at_the_token_endpoint_is_good_once(asker: Asker, tokens: Redeem) -> None:
    got, _ = tokens()
    proof = {"DPoP": asker.proof("POST", "/oauth/token")}
    form = {"grant_type": "refresh_token", "refresh_token": got["refresh_token"]}
    assert asker.post("/oauth/token", form, headers=proof).status_code == 200
    assert error_of(asker.post("/oauth/token", form, headers=proof)) == "invalid_dpop_proof"


def test_a_proof_must_fit_address_method_token_and_time(asker: Asker, clock: TickingClock, tokens: Redeem) -> None:
    got, _ = tokens()
    token = got["access_token"]
    good = asker.proof("GET", "/protected", token)
    wrong = {
        "address": asker.proof("GET", "/other", token),
        "method": asker.proof("POST", "/protected", token),
        "token": asker.proof("GET", "/protected", "another"),
        "no token": asker.proof("GET", "/protected"),
        "two": f"{good}, {good}",
        "nothing": "",
        "text": "proof",
        "assertion": asker.assertion(),
    }
    for case, proof in wrong.items():
        refused(asker.present(token, DPoP=proof), "invalid_dpop_proof")
        assert asker.present(token, DPoP=proof).get_json()["title"], case
    clock.pass_time(seconds=121)
    refused(asker.present(token, DPoP=good), "invalid_dpop_proof")
    query = asker.app.test_client().get(
        "/protected?after=x",
        headers={"Authorization": f"DPoP {token}", "DPoP": asker.proof("GET", "/protected", token)},
    )
    assert query.status_code == 200  # the query is no part of htu


def test_other_schemes_and_other_things_are_no_access_token(asker: Asker, tokens: Redeem) -> None:
    got, _ = tokens()
    refused(asker.present(got["access_token"], scheme="Bearer"), "invalid_token")
    refused(asker.present(got["access_token"], scheme="Basic"), None)
    refused(asker.app.test_client().get("/protected"), None)
    refused(asker.present(got["refresh_token"]), "invalid_token")
    refused(asker.present("never was"), "invalid_token")
    refused(asker.present("x" * 300), "invalid_token")
    answer = asker.app.test_client().get(f"/protected?access_token={got['access_token']}")
    refused(answer, None)


def test_giving_back_the_refresh_token_ends_every_token_of_the_redemption(asker: Asker, tokens: Redeem) -> None:
    got, _ = tokens()
    fresh = asker.refresh(got["refresh_token"]).get_json()["access_token"]
    assert asker.revoke(got["refresh_token"]).status_code == 200
    for token in (got["access_token"], fresh):
        refused(asker.present(token), "invalid_token")
        assert asker.introspect(token) == {"active": False}
    assert error_of(asker.refresh(got["refresh_token"])) == "invalid_grant"


def test_giving_back_an_access_token_ends_that_one_alone(asker: Asker, tokens: Redeem) -> None:
    got, _ = tokens()
    fresh = asker.refresh(got["refresh_token"]).get_json()["access_token"]
    assert asker.revoke(got["access_token"]).status_code == 200
    refused(asker.present(got["access_token"]), "invalid_token")
    assert asker.present(fresh).status_code == 200
    assert asker.refresh(got["refresh_token"]).status_code == 200


def test_only_the_own_tokens_can_be_described_or_given_back(asker: Asker, stranger: Asker, tokens: Redeem) -> None:
    got, grant_id = tokens()
    for token in (got["access_token"], got["refresh_token"]):
        assert stranger.introspect(token) == {"active": False}
        assert stranger.revoke(token).data == stranger.revoke("never was").data
        described = asker.introspect(token)
        assert described["active"] is True
        assert described["client_id"] == "b.node"
        assert described["cnf"] == {"jkt": asker.proof_key.thumbprint()}
        assert described["authorization_details"][0]["identifier"] == str(grant_id)
        assert "sub" not in described
    assert asker.present(got["access_token"]).status_code == 200


def test_no_table_holds_a_token_in_the_clear(asker: Asker, family: Family, tokens: Redeem) -> None:
    from sqlalchemy import text

    got, _ = tokens()
    stored = family.world.session.execute(text("SELECT string_agg(t::text, ' ') FROM oauth_token t")).scalar_one()
    assert got["access_token"] not in stored
    assert got["refresh_token"] not in stored


def test_tokens_that_are_over_are_swept_by_background_work(
    asker: Asker, family: Family, clock: TickingClock, tokens: Redeem
) -> None:
    from pds.authorization.tokens import sweep

    tokens()
    assert sweep(family.world.session, now=clock()) == 0
    clock.pass_time(days=2)
    assert sweep(family.world.session, now=clock()) == 1  # the refresh token lives as long as its grant
    family.world.session.rollback()


def test_a_key_of_another_kind_may_be_bound_too(asker: Asker, family: Family) -> None:
    from joserfc.jwk import OKPKey

    asker.proof_key = OKPKey.generate_key("Ed25519", auto_kid=True)
    auth_req_id = asker.lodge(new_ticket()).get_json()["auth_req_id"]
    family.grant(auth_req_id)
    got = asker.poll(auth_req_id).get_json()
    assert asker.present(got["access_token"]).status_code == 200
    other = make_dpop(new_key(), "GET", "http://localhost:8400/protected", now=asker.clock())
    refused(asker.present(got["access_token"], DPoP=other), "invalid_dpop_proof")
