"""Proofs of possession (RFC 9449): every negative case of the FAPI 2.0 list that a pure check can see."""

import json
from datetime import timedelta

import pytest
from joserfc.jwk import ECKey, OctKey

from tests.unit.trust.forging import EC, ED, PRIVATE, RSA, b64, public_jwk
from tests.unit.trust.proofs import ATH, GONE, KINDS, NOW, SECOND, TOKEN, URL, check, proof, stamp
from trust.framing import from_text
from trust.proof import (
    AHEAD,
    PROOF_AGE,
    ProofRefused,
    check_dpop,
    make_dpop,
)
from trust.signing import SigningKey


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
