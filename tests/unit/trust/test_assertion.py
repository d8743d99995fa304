"""Client assertions (RFC 7523): every negative case of the FAPI 2.0 list that a pure check can see."""

from datetime import timedelta

import pytest
from joserfc.jwk import ECKey

from tests.unit.trust.forging import EC, PRIVATE, PUBLIC, RSA, public_jwk
from tests.unit.trust.proofs import CLIENT, GONE, ISSUER, KINDS, NOW, URL, assertion, check, judge, proof, stamp
from trust.proof import (
    ASSERTION_LIFETIME,
    ProofRefused,
    check_assertion,
    make_assertion,
    peek_client,
)


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
