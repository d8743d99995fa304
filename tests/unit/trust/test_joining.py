import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.trust.forging import EC, ED, RSA, forge
from trust.envelopes import SealingKey
from trust.framing import from_text
from trust.joining import AHEAD, LIFETIME, JoinRefused, JoinRequest, open_join_request, write_join_request
from trust.participants import KeyUse, Participant, ParticipantKey, ParticipantKind
from trust.signing import SigningKey

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
NODE = Participant(
    0, "mirai.node", "みらい市教育委員会", ParticipantKind.NODE, "https://mirai.example", "教育総務課",
    (ParticipantKey.of(KeyUse.NODE, ED, NOW), ParticipantKey.of(KeyUse.CLIENT, EC, NOW)),
)  # fmt: skip
SYSTEM = Participant(
    0, "vendor", "校務システム株式会社", ParticipantKind.SYSTEM, None, "サポート窓口",
    (ParticipantKey.of(KeyUse.CLIENT, RSA, NOW),),
)  # fmt: skip
SERVER = Participant(
    0, "leader", "全国集計センター", ParticipantKind.AGGREGATOR, "https://leader.example", "集計課",
    (ParticipantKey.of(KeyUse.NODE, ED, NOW), ParticipantKey.to_seal(SealingKey.generate().public(), NOW)),
)  # fmt: skip
TOKEN = write_join_request(ED, NODE, now=NOW)
HEADER = {"alg": "Ed25519", "kid": ED.thumbprint(), "typ": "manabi-join+jws"}


def opened(token: str, *, held: Participant | None = None, now: datetime = NOW) -> JoinRequest:
    return open_join_request(token, now=now, find=lambda _: held)


def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(from_text(TOKEN.split(".")[1]))
    return found


def test_what_was_asked_is_what_is_read() -> None:
    assert opened(TOKEN) == JoinRequest(NODE, NOW, ED.thumbprint())


def test_a_system_signs_with_its_client_key() -> None:
    assert opened(write_join_request(RSA, SYSTEM, now=NOW)).participant == SYSTEM


def test_an_aggregator_signs_with_its_node_key() -> None:
    assert opened(write_join_request(ED, SERVER, now=NOW)).participant == SERVER


def test_a_newcomer_proves_that_it_holds_the_key_it_brings() -> None:
    with pytest.raises(JoinRefused, match="not known"):
        write_join_request(EC, NODE, now=NOW)
    with pytest.raises(JoinRefused, match="signature"):
        opened(forge(SigningKey.generate().jose_key(), HEADER, document()))


def test_a_change_is_signed_with_a_key_that_the_registry_holds() -> None:
    stranger = SigningKey.generate()
    keys = (ParticipantKey.of(KeyUse.NODE, stranger.jose_key(), NOW), NODE.keys[1])
    token = write_join_request(stranger, replace(NODE, keys=keys), now=NOW)
    with pytest.raises(JoinRefused, match="its key is not known"):
        opened(token, held=replace(NODE, number=7))
    assert opened(TOKEN, held=replace(NODE, number=7)).participant == NODE


def test_a_key_that_has_ended_signs_no_change() -> None:
    held = replace(NODE, number=7, keys=(replace(NODE.keys[0], valid_to=NOW + timedelta(days=1)), NODE.keys[1]))
    assert opened(TOKEN, held=held)
    with pytest.raises(JoinRefused, match="its key is not known"):
        opened(TOKEN, held=held, now=NOW + timedelta(days=1))


def test_a_request_has_no_number_of_its_own() -> None:
    wire = document()
    wire["participant"]["number"] = 1
    with pytest.raises(JoinRefused, match="number"):
        opened(forge(ED, HEADER, wire))


def test_a_system_does_not_become_a_node() -> None:
    with pytest.raises(JoinRefused, match="does not become"):
        opened(TOKEN, held=replace(SYSTEM, number=7, keys=(replace(NODE.keys[0], use=KeyUse.CLIENT),)))
    with pytest.raises(JoinRefused, match="aggregator does not become a node"):
        opened(TOKEN, held=replace(SERVER, number=7))


@pytest.mark.parametrize(
    ("at", "refused"),
    [
        (NOW - AHEAD, "key is not known"),  # its key does not count yet
        (NOW + LIFETIME - timedelta(seconds=1), None),
        (NOW + LIFETIME, "too old"),
    ],
)
def test_a_request_is_admitted_while_it_is_fresh(at: datetime, refused: str | None) -> None:
    if refused is None:
        assert opened(TOKEN, now=at)
    else:
        with pytest.raises(JoinRefused, match=refused):
            opened(TOKEN, now=at)


def test_a_request_from_the_future_is_refused() -> None:
    early = replace(NODE, keys=tuple(replace(key, valid_from=NOW - 2 * AHEAD) for key in NODE.keys))
    token = write_join_request(ED, early, now=NOW)
    assert opened(token, now=NOW - AHEAD)
    with pytest.raises(JoinRefused, match="in the future"):
        opened(token, now=NOW - AHEAD - timedelta(seconds=1))


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"}, {"alg": "HS256"}, {"alg": "ES256"}, {"typ": "JWT"}, {"typ": "manabi-registry+jws"},
        {"kid": "unknown"}, {"kid": 5}, {"crit": ["x"], "x": 1},
    ],
)  # fmt: skip
def test_another_header_is_refused(header: dict[str, object]) -> None:
    with pytest.raises(JoinRefused):
        opened(forge(ED, {**HEADER, **header}, document()))


CHANGES: list[Callable[[dict[str, Any]], None]] = [
    lambda wire: wire.update(format="manabi-join/2"),
    lambda wire: wire.update(made_at="2026-11-20"),
    lambda wire: wire.update(by="山田花子"),
    lambda wire: wire.pop("made_at") and None,
    lambda wire: wire.update(participant=[]),
    lambda wire: wire["participant"].update(officer="山田花子"),
    lambda wire: wire["participant"].update(keys=[]),
]


@pytest.mark.parametrize("change", CHANGES)
def test_another_document_is_refused(change: Callable[[dict[str, Any]], None]) -> None:
    wire = document()
    change(wire)
    with pytest.raises(JoinRefused):
        opened(forge(ED, HEADER, wire))


def test_the_forgery_above_is_accepted_unchanged() -> None:
    assert opened(forge(ED, HEADER, document())).participant == NODE


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(sorted(document()["participant"])), JSON)
def test_whatever_a_signed_request_says_it_is_read_or_refused(member: str, value: object) -> None:
    wire = document()
    wire["participant"][member] = value
    with suppress(JoinRefused):
        opened(forge(ED, HEADER, wire))


@given(st.text(max_size=200))
def test_no_text_does_anything_but_be_refused(text: str) -> None:
    with pytest.raises(JoinRefused):
        opened(text)
