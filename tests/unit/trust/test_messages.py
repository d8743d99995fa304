import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.trust.forging import EC, ED, PRIVATE, PUBLIC, RSA, b64, forge, public_jwk
from trust.framing import from_text
from trust.keys import Key, read_jwk, write_jwk
from trust.messages import LIFETIME, MAX_MESSAGE, Message, MessageRefused, make_message, open_message, peek_issuer
from trust.signing import SigningKey

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
SENDER, RECEIVER = "mirai.node", "asahi.node"
EVENT = "urn:manabi:event:grant_ended"
BODY: dict[str, object] = {"grant": "9d1c", "reason": "withdrawn", "nested": {"list": [1, None, "京"]}}
GONE = object()


def stamp(at: datetime) -> int:
    return int(at.timestamp())


def forged(
    header: Mapping[str, object] | None = None, claims: Mapping[str, object] | None = None, key: Key = ED
) -> str:
    head: dict[str, object] = {"typ": "secevent+jwt", "alg": "Ed25519", "kid": PUBLIC["OKP"].kid, **(header or {})}
    body: dict[str, object] = {
        "iss": SENDER, "aud": RECEIVER, "jti": "m-1", "iat": stamp(NOW), "events": {EVENT: BODY}, **(claims or {}),
    }  # fmt: skip
    return forge(key, *({name: value for name, value in one.items() if value is not GONE} for one in (head, body)))


def opened(token: str, now: datetime = NOW) -> Message:
    return open_message(token, keys=tuple(PUBLIC.values()), audience=RECEIVER, now=now)


@pytest.mark.parametrize("kind", sorted(PRIVATE))
def test_what_was_sent_is_what_arrives(kind: str) -> None:
    key = PRIVATE[kind]
    token = make_message(key, SENDER, RECEIVER, "grant_ended", BODY, now=NOW, jti="m-1")
    assert opened(token) == Message("m-1", SENDER, "grant_ended", BODY, NOW)
    assert peek_issuer(token) == SENDER


def test_a_key_of_the_keyring_signs_messages() -> None:
    key = SigningKey.generate()
    token = make_message(key, SENDER, RECEIVER, "grant_ended", BODY, now=NOW, jti="m-1")
    public = read_jwk(key.public().jwk())
    assert open_message(token, keys=[public], audience=RECEIVER, now=NOW).body == BODY


def test_a_message_is_a_security_event_token() -> None:
    token = make_message(ED, SENDER, RECEIVER, "grant_ended", BODY, now=NOW, jti="m-1")
    header, payload = (json.loads(from_text(part)) for part in token.split(".")[:2])
    assert header == {"alg": "Ed25519", "kid": ED.thumbprint(), "typ": "secevent+jwt"}
    assert payload == {"iss": SENDER, "aud": RECEIVER, "jti": "m-1", "iat": stamp(NOW), "events": {EVENT: BODY}}


def test_the_forgery_below_is_accepted_where_nothing_is_wrong() -> None:
    assert opened(forged()).kind == "grant_ended"


REFUSED_HEADERS: dict[str, dict[str, object]] = {
    "typ is missing": {"typ": GONE},
    "typ is JWT": {"typ": "JWT"},
    "typ is of a proof": {"typ": "dpop+jwt"},
    "alg is missing": {"alg": GONE},
    "alg is none": {"alg": "none"},
    "alg is HS256": {"alg": "HS256"},
    "alg is of another kind of key": {"alg": "ES256"},
    "kid is missing": {"kid": GONE},
    "kid is unknown": {"kid": "unknown"},
    "kid is of another key": {"kid": PUBLIC["EC"].kid},
    "kid is a list": {"kid": [PUBLIC["OKP"].kid]},
    "its own key with an unknown name": {"kid": "mine", "jwk": public_jwk(ED)},
    "critical extension": {"crit": ["x"], "x": 1},
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED_HEADERS)
def test_a_message_with_another_header_is_refused(case: str) -> None:
    with pytest.raises(MessageRefused):
        opened(forged(REFUSED_HEADERS[case]))


def test_rs256_is_refused() -> None:
    with pytest.raises(MessageRefused, match="algorithm"):
        opened(forged({"alg": "RS256", "kid": PUBLIC["RSA"].kid}, key=RSA))


def test_a_message_of_another_key_under_a_known_name_is_refused() -> None:
    with pytest.raises(MessageRefused, match="signature"):
        opened(forged({"alg": "ES256", "kid": PUBLIC["EC"].kid}, key=type(EC).generate_key("P-256")))


REFUSED_CLAIMS: dict[str, dict[str, object]] = {
    "iss is missing": {"iss": GONE},
    "iss is a list": {"iss": [SENDER]},
    "aud is missing": {"aud": GONE},
    "aud is a list": {"aud": [RECEIVER]},
    "aud is somebody else": {"aud": "kita.node"},
    "jti is missing": {"jti": GONE},
    "jti is a number": {"jti": 5},
    "jti holds a NUL": {"jti": "\x00"},
    "iat is missing": {"iat": GONE},
    "iat is a text": {"iat": "now"},
    "iat is 61 seconds ahead": {"iat": stamp(NOW) + 61},
    "iat is too old": {"iat": stamp(NOW - LIFETIME)},
    "events is missing": {"events": GONE},
    "events is empty": {"events": {}},
    "events is a list": {"events": [EVENT]},
    "there are two events": {"events": {EVENT: {}, "urn:manabi:event:dossier_ready": {}}},
    "the event is of somebody else": {"events": {"https://schemas.openid.net/secevent/x": {}}},
    "the kind is empty": {"events": {"urn:manabi:event:": {}}},
    "the kind is no name": {"events": {"urn:manabi:event:../x": {}}},
    "the kind is too long": {"events": {"urn:manabi:event:" + "a" * 65: {}}},
    "the body is a list": {"events": {EVENT: []}},
    "the body is null": {"events": {EVENT: None}},
    "the body holds a NUL": {"events": {EVENT: {"a": ["\x00"]}}},
    "the body holds half a character": {"events": {EVENT: {"a": "\ud800"}}},
    "the body names half a character": {"events": {EVENT: {"\udfff": 1}}},
    "the body is nested without end": {"events": {EVENT: {"a": [[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]}}},
    "the body holds what is no number": {"events": {EVENT: {"a": float("nan")}}},
}


@pytest.mark.parametrize("case", REFUSED_CLAIMS)
def test_a_message_with_another_claim_is_refused(case: str) -> None:
    with pytest.raises(MessageRefused):
        opened(forged(claims=REFUSED_CLAIMS[case]))


def test_a_message_may_arrive_late_but_not_after_its_id_may_be_forgotten() -> None:
    token = forged()
    assert opened(token, NOW + LIFETIME - timedelta(seconds=1))
    with pytest.raises(MessageRefused, match="too old"):
        opened(token, NOW + LIFETIME)


def test_a_message_that_is_too_large_is_neither_made_nor_opened() -> None:
    fitting = {"a": "x" * (MAX_MESSAGE * 3 // 4 - 400)}
    assert opened(make_message(ED, SENDER, RECEIVER, "k", fitting, now=NOW, jti="1")).body == fitting
    with pytest.raises(MessageRefused, match="too long"):
        make_message(ED, SENDER, RECEIVER, "k", {"a": "x" * (MAX_MESSAGE * 3 // 4)}, now=NOW, jti="1")
    with pytest.raises(MessageRefused, match="too long"):
        make_message(ED, SENDER, RECEIVER, "k", {"a": "x" * (2 * MAX_MESSAGE)}, now=NOW, jti="1")
    with pytest.raises(MessageRefused, match="too long"):
        opened("x" * (MAX_MESSAGE + 1))


@pytest.mark.parametrize("kind", ["", "a" * 65, "Grant", "grant-ended", "a b"])
def test_a_kind_that_is_no_name_is_a_fault_of_the_caller(kind: str) -> None:
    with pytest.raises(ValueError, match="kind"):
        make_message(ED, SENDER, RECEIVER, kind, {}, now=NOW, jti="1")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.dictionaries(st.sampled_from(["alg", "typ", "kid", "crit", "jwk"]), JSON, max_size=3),
    st.dictionaries(st.sampled_from(["iss", "aud", "jti", "iat", "events"]), JSON, max_size=4),
)
def test_whatever_a_signed_message_says_it_is_read_or_refused(
    header: dict[str, object], claims: dict[str, object]
) -> None:
    token = forged(header, claims)
    with suppress(MessageRefused):
        opened(token)
    with suppress(MessageRefused):
        peek_issuer(token)


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: f"{b64(raw)}.{b64(raw)}.{b64(raw)}"))
def test_no_text_does_anything_but_be_refused(text: str) -> None:
    for judged in (opened, peek_issuer):
        with pytest.raises(MessageRefused):
            judged(text)


def test_a_key_that_ended_no_longer_opens_what_it_signed() -> None:
    with pytest.raises(MessageRefused, match="not known"):
        open_message(forged(), keys=[read_jwk(write_jwk(EC))], audience=RECEIVER, now=NOW)
