"""Proofs between the servers: for this call, this body, this moment, and from nobody else."""

from datetime import UTC, datetime, timedelta

import pytest

from aggregator.rounds.errors import PeerUnproven
from aggregator.rounds.proofs import FRESH, check_answer, check_call, claimed_caller, prove_answer, prove_call
from trust.keys import Key
from trust.participants import KeyUse, ParticipantKey
from trust.signing import SigningKey

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
LEADER, HELPER, OTHER = (SigningKey.generate() for _ in range(3))
NUMBER = "0123456789abcdef" * 2


def listed(key: SigningKey) -> Key:
    """A key as the registry lists it."""
    return ParticipantKey.of(KeyUse.NODE, key.jose_key(), NOW).key


def call(key: SigningKey = LEADER, path: str = "/peer/v1/close", body: bytes = b"{}", number: str = NUMBER) -> str:
    return prove_call(key, "leader.demo", "helper.demo", path, body, number, NOW)


def check(proof: str, *, path: str = "/peer/v1/close", body: bytes = b"{}", now: datetime = NOW) -> None:
    found = check_call(proof, [listed(LEADER)], "helper.demo", path, body, now)
    assert (found.caller, found.number) == ("leader.demo", NUMBER)
    assert found.until > now


def test_a_call_is_believed_as_it_was_made() -> None:
    assert claimed_caller(call()) == "leader.demo"
    check(call())
    check(call(), now=NOW + FRESH)
    check(call(), now=NOW - FRESH)


@pytest.mark.parametrize(
    ("proof", "changes"),
    [
        (call(OTHER), {}),
        (call(), {"path": "/peer/v1/open"}),
        (call(), {"body": b"{ }"}),
        (call(), {"now": NOW + FRESH + timedelta(seconds=1)}),
        (call(), {"now": NOW - FRESH - timedelta(seconds=1)}),
        (call(number="short"), {}),
        (prove_answer(LEADER, "leader.demo", call(), b"{}"), {}),
        ("nothing", {}),
    ],
)
def test_anything_else_is_no_proof(proof: str, changes: dict[str, object]) -> None:
    with pytest.raises(PeerUnproven):
        check(proof, **changes)  # type: ignore[arg-type]


def test_an_answer_belongs_to_one_call_and_one_body() -> None:
    keys = [listed(HELPER)]
    proof = prove_answer(HELPER, "helper.demo", call(), b"sums")
    check_answer(proof, keys, "helper.demo", call(), b"sums")
    for server, asked, body in (
        ("leader.demo", call(), b"sums"),
        ("helper.demo", call(body=b"other"), b"sums"),
        ("helper.demo", call(), b"other"),
    ):
        with pytest.raises(PeerUnproven):
            check_answer(proof, keys, server, asked, body)
    with pytest.raises(PeerUnproven):
        check_answer(prove_answer(OTHER, "helper.demo", call(), b"sums"), keys, "helper.demo", call(), b"sums")
