"""CIBA from lodging to tokens (OpenID CIBA Core, mode poll), with partial grants, denial, pacing and expiry."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from pds.node import Node
from pds.sharing.models import ShareGrant
from tests.integration.pds.authorization.asker import AFTER_INTERVAL, Asker, asked, error_of, new_ticket
from tests.integration.pds.authorization.conftest import Family
from tests.integration.web.conftest import TickingClock
from trust.journal import DecisionKind

Redeem = Callable[..., tuple[dict[str, Any], UUID]]


def test_a_lodged_request_stays_pending_for_thirty_days_and_then_lapses(asker: Asker, clock: TickingClock) -> None:
    answer = asker.lodge(new_ticket())
    assert answer.status_code == 200, answer.get_json()
    assert answer.get_json()["expires_in"] == 30 * 24 * 3600
    assert answer.get_json()["interval"] == 300
    auth_req_id = answer.get_json()["auth_req_id"]
    assert error_of(asker.poll(auth_req_id)) == "authorization_pending"
    clock.pass_time(days=29, hours=23)
    assert error_of(asker.poll(auth_req_id)) == "authorization_pending"
    clock.pass_time(hours=1)
    assert error_of(asker.poll(auth_req_id)) == "expired_token"


def test_a_partial_grant_comes_back_as_the_details_that_were_granted(asker: Asker, family: Family) -> None:
    auth_req_id = asker.lodge(new_ticket()).get_json()["auth_req_id"]
    kept = [{"category": "report", "school_years": [2025]}]
    grant_id = family.grant(auth_req_id, categories=kept, until="2026-12-31T15:00:00+00:00")
    answer = asker.poll(auth_req_id)
    body = answer.get_json()
    assert answer.status_code == 200, body
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    assert (body["token_type"], body["expires_in"], body["grant_id"]) == ("DPoP", 300, str(grant_id))
    (details,) = body["authorization_details"]
    assert details["categories"] == kept
    assert details["until"] == "2026-12-31T15:00:00Z"
    assert details["recipient"] == asked()["recipient"]
    assert len(body["refresh_token"]) >= 43


def test_a_refusal_by_the_family_is_access_denied(asker: Asker, family: Family, clock: TickingClock) -> None:
    auth_req_id = asker.lodge(new_ticket()).get_json()["auth_req_id"]
    lodged = family.open(auth_req_id)
    assert error_of(asker.poll(auth_req_id)) == "authorization_pending"
    family.settle(lodged.request_id, "seen")
    clock.instant += AFTER_INTERVAL
    assert error_of(asker.poll(auth_req_id)) == "authorization_pending"  # that it was seen is never told
    family.settle(lodged.request_id, "refused")
    clock.instant += AFTER_INTERVAL
    assert error_of(asker.poll(auth_req_id)) == "access_denied"


def test_asking_sooner_than_the_interval_is_told_to_slow_down(asker: Asker, clock: TickingClock) -> None:
    auth_req_id = asker.lodge(new_ticket()).get_json()["auth_req_id"]
    asker.poll(auth_req_id)
    clock.pass_time(seconds=200)
    assert error_of(asker.poll(auth_req_id)) == "slow_down"
    clock.pass_time(seconds=99.5)  # a client's timer is not exact, and slowing down does not start the wait anew
    assert error_of(asker.poll(auth_req_id)) == "authorization_pending"


def test_a_grant_that_was_withdrawn_before_it_was_fetched_is_access_denied(asker: Asker, family: Family) -> None:
    auth_req_id = asker.lodge(new_ticket()).get_json()["auth_req_id"]
    family.end_grant(family.grant(auth_req_id))
    assert error_of(asker.poll(auth_req_id)) == "access_denied"


def test_another_clients_request_id_is_as_unknown_as_one_that_never_was(
    asker: Asker, stranger: Asker, family: Family
) -> None:
    auth_req_id = asker.lodge(new_ticket()).get_json()["auth_req_id"]
    family.grant(auth_req_id)
    theirs, nobodys = stranger.poll(auth_req_id), stranger.poll("A" * 43)
    assert error_of(theirs) == "invalid_grant"
    assert theirs.get_json() == nobodys.get_json()


def test_tokens_lost_on_the_way_are_delivered_again_to_the_same_key_alone(
    asker: Asker, family: Family, clock: TickingClock
) -> None:
    auth_req_id = asker.lodge(new_ticket()).get_json()["auth_req_id"]
    family.grant(auth_req_id)
    lost = asker.poll(auth_req_id).get_json()
    clock.instant += AFTER_INTERVAL
    again = asker.poll(auth_req_id).get_json()
    assert again["refresh_token"] != lost["refresh_token"]
    assert error_of(asker.refresh(lost["refresh_token"])) == "invalid_grant"
    assert asker.refresh(again["refresh_token"]).status_code == 200
    clock.instant += AFTER_INTERVAL
    thief = Asker(asker.app, clock, asker.client_id, asker.key)
    assert error_of(thief.poll(auth_req_id)) == "invalid_grant"


def test_a_request_whose_tokens_were_given_back_is_not_redeemed_again(
    asker: Asker, family: Family, clock: TickingClock
) -> None:
    auth_req_id = asker.lodge(new_ticket()).get_json()["auth_req_id"]
    family.grant(auth_req_id)
    assert asker.revoke(asker.poll(auth_req_id).get_json()["refresh_token"]).status_code == 200
    clock.instant += AFTER_INTERVAL
    assert error_of(asker.poll(auth_req_id)) == "invalid_grant"


def test_a_refresh_serves_while_the_grant_can_still_open_something(
    asker: Asker, family: Family, tokens: Redeem
) -> None:
    got, grant_id = tokens()
    for state in ("active", "paused", "suspended_for_safety"):
        family.end_grant(grant_id, state)
        answer = asker.refresh(got["refresh_token"])
        assert answer.status_code == 200, state
        assert "refresh_token" not in answer.get_json()  # not rotated
        assert answer.get_json()["access_token"] != got["access_token"]


def test_a_refresh_brings_the_details_as_they_are_now(asker: Asker, family: Family, tokens: Redeem) -> None:
    got, grant_id = tokens()
    narrowed = [{"category": "report", "school_years": [2024]}]
    row = family.world.session.get_one(ShareGrant, (family.learner, grant_id))
    row.terms = family.terms(categories=narrowed).to_wire()
    family.world.session.commit()
    (details,) = asker.refresh(got["refresh_token"]).get_json()["authorization_details"]
    assert details["categories"] == narrowed
    assert details["identifier"] == str(grant_id)


def test_no_token_comes_from_a_grant_that_is_over(asker: Asker, family: Family, tokens: Redeem) -> None:
    got, grant_id = tokens()
    for state in ("revoked", "expired", "superseded"):
        family.end_grant(grant_id, state)
        assert error_of(asker.refresh(got["refresh_token"])) == "invalid_grant", state
        assert asker.introspect(got["access_token"]) == {"active": False}, state


def test_what_the_journal_says_was_withdrawn_is_over_whatever_the_row_says(
    asker: Asker, clock: TickingClock, tokens: Redeem, node: Node
) -> None:
    got, grant_id = tokens()
    node.keyring.journal.append(DecisionKind.REVOKED, None, by="family", now=clock(), detail={"grant": str(grant_id)})
    assert error_of(asker.refresh(got["refresh_token"])) == "invalid_grant"


def test_a_refresh_token_ends_at_the_very_instant_the_grant_does(
    asker: Asker, clock: TickingClock, tokens: Redeem
) -> None:
    got, _ = tokens(until="2026-11-21T15:00:00+00:00")
    clock.instant = clock.instant.replace(day=21, hour=14, minute=59, second=59)
    assert asker.refresh(got["refresh_token"]).status_code == 200
    clock.instant += timedelta(seconds=1)
    assert error_of(asker.refresh(got["refresh_token"])) == "invalid_grant"
