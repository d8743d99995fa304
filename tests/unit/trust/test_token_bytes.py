"""Whatever is sent in the place of a proof or an assertion is read or refused, and nothing else happens."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.trust.forging import EC, b64, forge, public_jwk
from tests.unit.trust.proofs import NOW, URL, assertion, check, judge, proof, stamp
from trust.keys import read_jwk
from trust.proof import (
    MAX_TOKEN,
    ProofRefused,
    peek_client,
)

CHECKS: dict[str, Callable[[str], Any]] = {"proof": check, "assertion": judge, "client": peek_client}
GOOD = {"proof": proof(), "assertion": assertion(), "client": "."}
NESTED = b'{"a":' + b"[" * 1200 + b"]" * 1200 + b"}"


@pytest.mark.parametrize("what", CHECKS)
@pytest.mark.parametrize(
    "text",
    [
        "", ".", "..", "a.b.c", "e30.e30.", "e30.e30.e30", "é.é.é", "\x00", "\ud800.a.b", "x" * (MAX_TOKEN + 1),
        "x" * 10**7, f"{b64(b'[]')}.{b64(b'[]')}.AA", f"{b64(b'3')}.{b64(b'3')}.AA", f"{b64(NESTED)}.e30.AA",
        f"e30.{b64(NESTED)}.AA", f"{b64(b'{')}.e30.AA", f"{b64(bytes([255]))}.e30.AA", GOOD["proof"] + ".AA",
        GOOD["proof"].replace(".", ".\n", 1), GOOD["assertion"] + "=", " " + GOOD["assertion"],
        '{"payload":"e30","signatures":[]}',
    ],
)  # fmt: skip
def test_what_is_no_token_is_refused(what: str, text: str) -> None:
    if what == "client" and text == GOOD["assertion"] + "=":
        return  # the signature is not looked at where only the name is wanted
    with pytest.raises(ProofRefused):
        CHECKS[what](text)


@pytest.mark.parametrize("member", ['"jti":"a1","jti":"a2"', '"jti":NaN', '"iat":Infinity', '"iat":1e999'])
def test_json_that_two_readers_may_take_differently_is_refused(member: str) -> None:
    body = f'{{"htm":"POST","htu":"{URL}","iat":{stamp(NOW)},"jti":"a1",{member}}}'
    header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": public_jwk(EC)}
    with pytest.raises(ProofRefused):
        check(forge(EC, header, body.encode()))


def test_a_header_whose_algorithm_stands_twice_is_refused() -> None:
    header = json.dumps({"typ": "dpop+jwt", "alg": "ES256", "jwk": public_jwk(EC)}).encode()
    check(forge(EC, header, {"jti": "a1", "htm": "POST", "htu": URL, "iat": stamp(NOW)}))
    twice = b'{"alg":"none",' + header[1:]
    with pytest.raises(ProofRefused, match="twice"):
        check(forge(EC, twice, {"jti": "a1", "htm": "POST", "htu": URL, "iat": stamp(NOW)}))


@given(at=st.integers(0, len(GOOD["assertion"]) - 1), to=st.sampled_from("AQgwz09-_.= é"))
def test_no_character_of_an_assertion_can_be_exchanged(at: int, to: str) -> None:
    token = GOOD["assertion"][:at] + to + GOOD["assertion"][at + 1 :]
    if token != GOOD["assertion"]:
        with pytest.raises(ProofRefused):
            judge(token)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
HEADER_NAMES = st.sampled_from(["alg", "typ", "jwk", "kid", "crit", "b64", "x5c", "enc"])
CLAIM_NAMES = st.sampled_from(["iss", "sub", "aud", "jti", "iat", "nbf", "exp", "htm", "htu", "ath"])


@given(st.dictionaries(HEADER_NAMES, JSON, max_size=4), st.dictionaries(CLAIM_NAMES, JSON, max_size=5))
def test_whatever_a_signed_token_says_it_is_read_or_refused(
    header: dict[str, object], claims: dict[str, object]
) -> None:
    token = assertion(EC, header, claims)
    for one in (token, proof(EC, header, claims)):
        for judged in CHECKS.values():
            with suppress(ProofRefused):
                judged(one)


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: f"{b64(raw)}.{b64(raw)}.{b64(raw)}"))
def test_no_text_does_anything_but_be_refused(text: str) -> None:
    for judged in CHECKS.values():
        with pytest.raises(ProofRefused):
            judged(text)


@given(st.dictionaries(st.sampled_from(["kty", "crv", "x", "y", "n", "e", "d", "kid", "k"]), JSON))
def test_whatever_stands_as_a_key_is_read_or_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ProofRefused):
        check(proof(EC, {"jwk": {**public_jwk(EC), **changes, "crv": changes.get("crv", "P-521")}}))


def test_keys_are_compared_by_their_thumbprint_and_not_by_their_name() -> None:
    jwk = {**public_jwk(EC), "kid": "chosen-by-the-sender"}
    assert check(proof(EC, {"jwk": jwk})) == EC.thumbprint() != read_jwk(jwk).kid
