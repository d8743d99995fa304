"""Proofs of possession and client assertions: every negative case of the FAPI 2.0 list that a pure check can see."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OctKey

from tests.unit.trust.forging import ALGORITHM, EC, ED, PRIVATE, PUBLIC, RSA, b64, forge, public_jwk
from trust.framing import from_text
from trust.keys import Key, read_jwk
from trust.proof import (
    AHEAD,
    ASSERTION_LIFETIME,
    MAX_TOKEN,
    PROOF_AGE,
    ProofRefused,
    check_assertion,
    check_dpop,
    make_assertion,
    make_dpop,
    peek_client,
)
from trust.signing import SigningKey

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
URL = "https://asahi.example/oauth/token"
ISSUER = "https://asahi.example"
CLIENT = "mirai.node"
TOKEN = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"
ATH = "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"
"""The example of RFC 9449 section 7.1."""
GONE = object()
KINDS = sorted(PRIVATE)


def stamp(at: datetime) -> int:
    return int(at.timestamp())


def changed(members: Mapping[str, object], changes: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in {**members, **changes}.items() if value is not GONE}


# Proofs of possession


def proof(key: Key = EC, header: Mapping[str, object] | None = None, claims: Mapping[str, object] | None = None) -> str:
    kind = {"EC": "ES256", "RSA": "PS256", "OKP": "Ed25519"}[key.key_type]
    head: dict[str, object] = {"typ": "dpop+jwt", "alg": kind, "jwk": public_jwk(key)}
    body: dict[str, object] = {"jti": "a1", "htm": "POST", "htu": URL, "iat": stamp(NOW)}
    return forge(key, changed(head, header or {}), changed(body, claims or {}))


def check(token: str, *, access_token: str | None = None, url: str = URL, now: datetime = NOW) -> str:
    return check_dpop(token, method="POST", url=url, now=now, access_token=access_token).jkt


@pytest.mark.parametrize("kind", KINDS)
def test_a_proof_made_here_is_accepted_and_names_its_key(kind: str) -> None:
    key = PRIVATE[kind]
    made = make_dpop(key, "POST", URL, now=NOW, access_token=TOKEN, nonce="n-1")
    found = check_dpop(made, method="POST", url=URL, now=NOW, access_token=TOKEN)
    assert (found.jkt, found.iat) == (key.thumbprint(), NOW)
    assert found.remember_until == NOW + PROOF_AGE


@pytest.mark.parametrize("kind", KINDS)
def test_the_forgeries_below_are_accepted_where_nothing_is_wrong(kind: str) -> None:
    assert check(proof(PRIVATE[kind])) == PRIVATE[kind].thumbprint()


def test_a_key_of_the_keyring_makes_proofs_too() -> None:
    key = SigningKey.generate()
    assert check(make_dpop(key, "POST", URL, now=NOW)) == key.kid


def test_no_two_proofs_have_the_same_id() -> None:
    made = [make_dpop(EC, "POST", URL, now=NOW) for _ in range(50)]
    assert len({check_dpop(one, method="POST", url=URL, now=NOW).jti for one in made}) == 50


def test_a_proof_shows_no_private_part_of_its_key() -> None:
    for key in PRIVATE.values():
        header = json.loads(from_text(make_dpop(key, "POST", URL, now=NOW).split(".")[0]))
        assert set(header) == {"alg", "jwk", "typ"}
        assert set(header["jwk"]) <= {"kty", "crv", "x", "y", "n", "e"}


def test_the_older_name_of_ed25519_is_understood() -> None:
    assert check(proof(ED, {"alg": "EdDSA"})) == ED.thumbprint()


REFUSED_HEADERS: dict[str, dict[str, object]] = {
    "typ is missing": {"typ": GONE},
    "typ is JWT": {"typ": "JWT"},
    "typ is of a message": {"typ": "secevent+jwt"},
    "typ is no text": {"typ": ["dpop+jwt"]},
    "alg is missing": {"alg": GONE},
    "alg is none": {"alg": "none"},
    "alg is NONE": {"alg": "NONE"},
    "alg is HS256": {"alg": "HS256"},
    "alg is ES384": {"alg": "ES384"},
    "alg is of another kind of key": {"alg": "PS256"},
    "alg is no text": {"alg": ["ES256"]},
    "alg is null": {"alg": None},
    "jwk is missing": {"jwk": GONE},
    "jwk is null": {"jwk": None},
    "jwk is a text": {"jwk": "EC"},
    "jwk is a list": {"jwk": [public_jwk(EC)]},
    "jwk is empty": {"jwk": {}},
    "jwk is another key": {"jwk": public_jwk(ECKey.generate_key("P-256"))},
    "jwk is of another kind": {"jwk": public_jwk(ED)},
    "jwk is symmetric": {"jwk": OctKey.generate_key(256).as_dict(private=True)},
    "jwk holds the private part": {"jwk": EC.as_dict(private=True)},
    "jwk holds an empty private part": {"jwk": {**public_jwk(EC), "d": ""}},
    "jwk is on another curve": {"jwk": ECKey.generate_key("P-384").as_dict(private=False)},
    "jwk is off its curve": {"jwk": {**public_jwk(EC), "x": b64(bytes(32))}},
    "jwk has a number for a coordinate": {"jwk": {**public_jwk(EC), "x": 5}},
    "jwk has a short coordinate": {"jwk": {**public_jwk(EC), "x": "AA"}},
    "kid alone instead of the key": {"jwk": GONE, "kid": "a"},
    "critical extension": {"crit": ["exp"], "exp": 1},
    "unencoded payload": {"b64": False, "crit": ["b64"]},
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED_HEADERS)
def test_a_proof_with_another_header_is_refused(case: str) -> None:
    with pytest.raises(ProofRefused):
        check(proof(EC, REFUSED_HEADERS[case]))


@pytest.mark.parametrize("name", ["kid", "x5c", "jku", "unknown"])
def test_what_a_header_adds_without_being_critical_is_ignored(name: str) -> None:
    value: object = ["MA=="] if name == "x5c" else "https://attacker.example/jwks"
    assert check(proof(EC, {name: value})) == EC.thumbprint()


def test_rs256_is_refused_though_its_signature_holds() -> None:
    with pytest.raises(ProofRefused, match="algorithm is not allowed"):
        check(proof(RSA, {"alg": "RS256"}))


def test_a_short_rsa_key_is_refused() -> None:
    short = b64((1 << 1023 | 1).to_bytes(128, "big"))
    with pytest.raises(ProofRefused, match="2048"):
        check(proof(RSA, {"jwk": {"kty": "RSA", "n": short, "e": "AQAB"}}))


REFUSED_CLAIMS: dict[str, dict[str, object]] = {
    "jti is missing": {"jti": GONE},
    "jti is empty": {"jti": ""},
    "jti is a number": {"jti": 1},
    "jti is a list": {"jti": ["a1"]},
    "jti is too long": {"jti": "a" * 256},
    "jti holds a NUL": {"jti": "a\x00b"},
    "jti is not ASCII": {"jti": "é"},
    "jti is a lone surrogate": {"jti": "\ud800"},
    "htm is missing": {"htm": GONE},
    "htm is another method": {"htm": "GET"},
    "htm is in lower case": {"htm": "post"},
    "htm is a list": {"htm": ["POST"]},
    "htu is missing": {"htu": GONE},
    "htu is empty": {"htu": ""},
    "htu is a list": {"htu": [URL]},
    "htu is another path": {"htu": "https://asahi.example/oauth/revoke"},
    "htu is another host": {"htu": "https://mirai.example/oauth/token"},
    "htu is a host that begins alike": {"htu": "https://asahi.example.attacker.example/oauth/token"},
    "htu hides the host behind a name": {"htu": "https://asahi.example@attacker.example/oauth/token"},
    "htu has a name before the host": {"htu": "https://me@asahi.example/oauth/token"},
    "htu is another scheme": {"htu": "http://asahi.example/oauth/token"},
    "htu is another port": {"htu": "https://asahi.example:8443/oauth/token"},
    "htu has a bad port": {"htu": "https://asahi.example:99999/oauth/token"},
    "htu has a broken host": {"htu": "https://[::1/oauth/token"},
    "htu ends in a slash": {"htu": URL + "/"},
    "htu is in capitals": {"htu": "https://asahi.example/OAuth/token"},
    "htu is too long": {"htu": URL + "?" + "a" * 2048},
    "iat is missing": {"iat": GONE},
    "iat is a text": {"iat": str(stamp(NOW))},
    "iat is true": {"iat": True},
    "iat is null": {"iat": None},
    "iat is negative": {"iat": -1},
    "iat is far away": {"iat": 10**18},
    "iat is a huge fraction": {"iat": 1e308},
    "iat is an hour ahead": {"iat": stamp(NOW) + 3600},
    "iat is 61 seconds ahead": {"iat": stamp(NOW) + 61},
    "iat is an hour old": {"iat": stamp(NOW) - 3600},
    "iat is just too old": {"iat": stamp(NOW - PROOF_AGE)},
    "nbf is ahead": {"nbf": stamp(NOW) + 61},
    "nbf is a text": {"nbf": "now"},
    "it has expired": {"exp": stamp(NOW)},
    "exp is a text": {"exp": "never"},
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED_CLAIMS)
def test_a_proof_with_another_claim_is_refused(case: str) -> None:
    with pytest.raises(ProofRefused):
        check(proof(claims=REFUSED_CLAIMS[case]))


@pytest.mark.parametrize(
    "htu",
    [
        URL, URL + "?a=b", URL + "#part", "HTTPS://ASAHI.example/oauth/token", "https://asahi.example:443/oauth/token",
    ],
)  # fmt: skip
def test_query_fragment_and_spelling_of_the_address_do_not_count(htu: str) -> None:
    assert check(proof(claims={"htu": htu}), url=URL + "?other=1") == EC.thumbprint()


def test_an_address_without_a_path_is_the_root() -> None:
    assert check(proof(claims={"htu": "https://asahi.example"}), url="https://asahi.example/") == EC.thumbprint()


@pytest.mark.parametrize(
    ("iat", "accepted"), [(AHEAD, True), (AHEAD + SECOND, False), (SECOND - PROOF_AGE, True), (-PROOF_AGE, False)]
)
def test_the_bounds_of_iat_are_exact(iat: timedelta, accepted: bool) -> None:
    token = proof(claims={"iat": stamp(NOW + iat)})
    if accepted:
        check(token)
    else:
        with pytest.raises(ProofRefused):
            check(token)


def test_a_fraction_of_a_second_is_an_instant_too() -> None:
    assert check_dpop(proof(claims={"iat": stamp(NOW) + 0.5}), method="POST", url=URL, now=NOW).iat == NOW + SECOND / 2


def test_a_proof_is_refused_from_the_instant_on_at_which_its_id_may_be_forgotten() -> None:
    token = proof()
    until = check_dpop(token, method="POST", url=URL, now=NOW).remember_until
    check(token, now=until - timedelta(microseconds=1))
    with pytest.raises(ProofRefused, match="too old"):
        check(token, now=until)


@pytest.mark.parametrize("ath", [GONE, "", ATH[:-1], ATH + "=", "x" * 43, [ATH], None, TOKEN])
def test_with_an_access_token_its_hash_must_be_there(ath: object) -> None:
    assert check(proof(claims={"ath": ATH}), access_token=TOKEN)
    with pytest.raises(ProofRefused):
        check(proof(claims={"ath": ath}), access_token=TOKEN)


def test_a_proof_for_one_access_token_does_not_serve_another() -> None:
    with pytest.raises(ProofRefused, match="another token"):
        check(proof(claims={"ath": ATH}), access_token="stolen")


# Client assertions


def assertion(
    key: Key = EC, header: Mapping[str, object] | None = None, claims: Mapping[str, object] | None = None
) -> str:
    kid = (
        next(one.kid for one in PUBLIC.values() if one.thumbprint() == key.thumbprint())
        if key in (EC, RSA, ED)
        else "x"
    )
    head: dict[str, object] = {"alg": ALGORITHM[key.key_type], "kid": kid}
    body: dict[str, object] = {
        "iss": CLIENT, "sub": CLIENT, "aud": ISSUER, "jti": "a1", "iat": stamp(NOW), "exp": stamp(NOW) + 60,
    }  # fmt: skip
    return forge(key, changed(head, header or {}), changed(body, claims or {}))


def judge(token: str, now: datetime = NOW) -> str:
    keys = tuple(PUBLIC.values())
    return check_assertion(token, keys=keys, client_id=CLIENT, issuer=ISSUER, now=now).jti


@pytest.mark.parametrize("kind", KINDS)
def test_an_assertion_made_here_is_accepted(kind: str) -> None:
    kid = PUBLIC[kind].kid
    assert kid is not None
    made = make_assertion(PRIVATE[kind], kid, CLIENT, ISSUER, NOW)
    found = check_assertion(made, keys=[PUBLIC[kind]], client_id=CLIENT, issuer=ISSUER, now=NOW)
    assert peek_client(made) == CLIENT
    assert found.kid == kid
    assert NOW < found.exp == found.remember_until <= NOW + ASSERTION_LIFETIME


@pytest.mark.parametrize("kind", KINDS)
def test_the_forged_assertions_are_accepted_where_nothing_is_wrong(kind: str) -> None:
    assert judge(assertion(PRIVATE[kind])) == "a1"


@pytest.mark.parametrize("typ", ["JWT", "client-authentication+jwt"])
def test_an_assertion_may_say_what_it_is(typ: str) -> None:
    assert judge(assertion(header={"typ": typ})) == "a1"


def test_an_assertion_need_not_say_when_it_was_made() -> None:
    assert judge(assertion(claims={"iat": GONE})) == "a1"


OTHER = ECKey.generate_key("P-256")
REFUSED_ASSERTION_HEADERS: dict[str, dict[str, object]] = {
    "alg is missing": {"alg": GONE},
    "alg is none": {"alg": "none"},
    "alg is HS256": {"alg": "HS256"},
    "alg is of another kind of key": {"alg": "PS256"},
    "alg is a list": {"alg": ["ES256"]},
    "kid is missing": {"kid": GONE},
    "kid is unknown": {"kid": "unknown"},
    "kid is of another key": {"kid": PUBLIC["RSA"].kid},
    "kid is a number": {"kid": 1},
    "kid is a list": {"kid": [PUBLIC["EC"].kid]},
    "typ is of a proof": {"typ": "dpop+jwt"},
    "typ is of a message": {"typ": "secevent+jwt"},
    "typ is a list": {"typ": ["JWT"]},
    "critical extension": {"crit": ["b64"], "b64": True},
}


@pytest.mark.parametrize("case", REFUSED_ASSERTION_HEADERS)
def test_an_assertion_with_another_header_is_refused(case: str) -> None:
    with pytest.raises(ProofRefused):
        judge(assertion(EC, REFUSED_ASSERTION_HEADERS[case]))


def test_rs256_is_refused_in_an_assertion_too() -> None:
    with pytest.raises(ProofRefused, match="algorithm is not allowed"):
        judge(assertion(RSA, {"alg": "RS256"}))


def test_a_key_that_the_token_brings_along_is_never_used() -> None:
    header = {"kid": PUBLIC["EC"].kid, "jwk": public_jwk(OTHER), "jku": "https://attacker.example/jwks"}
    with pytest.raises(ProofRefused, match="signature does not hold"):
        judge(assertion(OTHER, header))


REFUSED_ASSERTION_CLAIMS: dict[str, dict[str, object]] = {
    "iss is missing": {"iss": GONE},
    "iss is another client": {"iss": "asahi.node"},
    "iss is a list": {"iss": [CLIENT]},
    "sub is missing": {"sub": GONE},
    "sub is another client": {"sub": "asahi.node"},
    "sub is a list": {"sub": [CLIENT]},
    "sub is a number": {"sub": 5},
    "aud is missing": {"aud": GONE},
    "aud is a list of one": {"aud": [ISSUER]},
    "aud is a list of two": {"aud": [ISSUER, "https://mirai.example"]},
    "aud is the token endpoint": {"aud": URL},
    "aud is the issuer with a slash": {"aud": ISSUER + "/"},
    "aud is another server": {"aud": "https://mirai.example"},
    "aud is an object": {"aud": {"iss": ISSUER}},
    "jti is missing": {"jti": GONE},
    "jti is empty": {"jti": ""},
    "jti is a number": {"jti": 7},
    "jti is too long": {"jti": "a" * 256},
    "jti holds a NUL": {"jti": "a\x00"},
    "exp is missing": {"exp": GONE},
    "exp is a text": {"exp": "tomorrow"},
    "exp is true": {"exp": True},
    "exp is null": {"exp": None},
    "exp is now": {"exp": stamp(NOW)},
    "exp is past": {"exp": stamp(NOW) - 3600},
    "exp is in ten years": {"exp": stamp(NOW) + 10 * 365 * 86400},
    "exp is in ten years and iat is missing": {"exp": stamp(NOW) + 10 * 365 * 86400, "iat": GONE},
    "exp is 301 seconds after iat": {"exp": stamp(NOW) + 301},
    "exp is 301 seconds ahead and iat is missing": {"exp": stamp(NOW) + 301, "iat": GONE},
    "iat and exp are ten years ahead": {"iat": stamp(NOW) + 3 * 10**8, "exp": stamp(NOW) + 3 * 10**8 + 60},
    "iat is 61 seconds ahead": {"iat": stamp(NOW) + 61},
    "iat is a text": {"iat": "now"},
    "iat is null": {"iat": None},
    "nbf is 61 seconds ahead": {"nbf": stamp(NOW) + 61},
    "nbf is a list": {"nbf": [stamp(NOW)]},
}


@pytest.mark.parametrize("case", REFUSED_ASSERTION_CLAIMS)
def test_an_assertion_with_another_claim_is_refused(case: str) -> None:
    with pytest.raises(ProofRefused):
        judge(assertion(claims=REFUSED_ASSERTION_CLAIMS[case]))


@pytest.mark.parametrize("ahead", [0, 10, 60])
def test_clocks_may_differ_by_up_to_a_minute(ahead: int) -> None:
    at = stamp(NOW) + ahead
    assert judge(assertion(claims={"iat": at, "nbf": at, "exp": at + 300})) == "a1"


def test_an_assertion_is_refused_from_the_instant_on_at_which_its_id_may_be_forgotten() -> None:
    token = assertion()
    until = check_assertion(token, keys=[PUBLIC["EC"]], client_id=CLIENT, issuer=ISSUER, now=NOW).remember_until
    judge(token, until - timedelta(microseconds=1))
    with pytest.raises(ProofRefused, match="expired"):
        judge(token, until)


def test_without_keys_nobody_is_known() -> None:
    with pytest.raises(ProofRefused, match="not known"):
        check_assertion(assertion(), keys=[], client_id=CLIENT, issuer=ISSUER, now=NOW)


def test_an_assertion_does_not_serve_as_a_proof_nor_a_proof_as_an_assertion() -> None:
    with pytest.raises(ProofRefused):
        check(assertion())
    with pytest.raises(ProofRefused):
        judge(proof())


def test_the_refusal_of_a_proof_of_a_bad_key_names_the_key() -> None:
    with pytest.raises(ProofRefused, match="its key: it holds a private part"):
        check(proof(EC, {"jwk": EC.as_dict(private=True)}))


# Whatever is sent


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
