import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OctKey

from tests.unit.trust.forging import EC, ED, PRIVATE, RSA, b64, public_jwk
from trust.framing import from_text
from trust.keys import algorithms_of, jose_key, read_jwk, write_jwk
from trust.signing import KeyRefused, SigningKey

KINDS = sorted(PRIVATE)


@pytest.mark.parametrize("kind", KINDS)
def test_a_published_key_is_read_as_the_same_key(kind: str) -> None:
    key = PRIVATE[kind]
    found = read_jwk(write_jwk(key))
    assert found.thumbprint() == key.thumbprint() == found.kid
    assert not found.is_private
    assert write_jwk(found) == write_jwk(key)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_private_is_published(kind: str) -> None:
    assert set(write_jwk(PRIVATE[kind])) <= {"kty", "crv", "x", "y", "n", "e", "kid", "alg", "use"}


def test_the_algorithm_follows_from_the_key() -> None:
    assert [algorithms_of(key) for key in (EC, RSA, ED)] == [("ES256",), ("PS256",), ("Ed25519", "EdDSA")]


def test_a_key_of_the_keyring_is_one_of_these_keys() -> None:
    key = SigningKey.generate()
    assert jose_key(key).thumbprint() == key.kid
    assert jose_key(EC) is EC


def test_a_key_may_have_a_name_of_its_own() -> None:
    assert read_jwk({**public_jwk(EC), "kid": "school-system-2026"}).kid == "school-system-2026"


@pytest.mark.parametrize("kid", ["", "x" * 129, 5, ["a"], "é", "a\nb", {}])
def test_a_name_that_is_no_short_text_is_refused(kid: object) -> None:
    with pytest.raises(KeyRefused, match="kid"):
        read_jwk({**public_jwk(EC), "kid": kid})


@pytest.mark.parametrize("private", ["d", "p", "q", "dp", "dq", "qi", "oth", "k"])
def test_a_private_part_is_refused_even_where_it_means_nothing(private: str) -> None:
    with pytest.raises(KeyRefused, match="private"):
        read_jwk({**public_jwk(ED), private: ""})


def rsa(bits: int, exponent: str = "AQAB") -> dict[str, object]:
    return {"kty": "RSA", "n": b64((1 << bits - 1 | 1).to_bytes((bits + 7) // 8, "big")), "e": exponent}


def test_rsa_keys_are_long_enough_to_be_safe_and_short_enough_to_be_quick() -> None:
    assert read_jwk(rsa(2048)).kid
    assert read_jwk(rsa(4096)).kid
    for bits in (512, 1024, 2047, 4097, 6000):
        with pytest.raises(KeyRefused, match="2048 to 4096 bits"):
            read_jwk(rsa(bits))


@pytest.mark.parametrize("exponent", ["Aw", "AQ", "AA", "AQAC", "", "AQABAQABAQABAQAB"])
def test_rsa_keys_have_the_usual_exponent(exponent: str) -> None:
    with pytest.raises(KeyRefused, match="65537"):
        read_jwk(rsa(2048, exponent))


REFUSED: dict[str, object] = {
    "nothing": {},
    "symmetric": {"kty": "oct", "k": "AAAA"},
    "a kind in lower case": {**public_jwk(EC), "kty": "ec"},
    "a kind that is a list": {**public_jwk(EC), "kty": ["EC"]},
    "P-384": ECKey.generate_key("P-384").as_dict(private=False),
    "secp256k1": {**public_jwk(EC), "crv": "secp256k1"},
    "Ed448": {**public_jwk(ED), "crv": "Ed448"},
    "X25519": {**public_jwk(ED), "crv": "X25519"},
    "a curve that is a list": {**public_jwk(EC), "crv": ["P-256"]},
    "a point off its curve": {**public_jwk(EC), "y": b64(bytes(31) + b"\1")},
    "the point at infinity": {**public_jwk(EC), "x": b64(bytes(32)), "y": b64(bytes(32))},
    "a short coordinate": {**public_jwk(EC), "x": b64(bytes(31))},
    "a long coordinate": {**public_jwk(ED), "x": b64(bytes(33))},
    "a coordinate with padding": {**public_jwk(ED), "x": public_jwk(ED)["x"] + "="},
    "a coordinate that is not base64url": {**public_jwk(ED), "x": "+" * 43},
    "a missing coordinate": {name: value for name, value in public_jwk(EC).items() if name != "y"},
    "no modulus": {"kty": "RSA", "e": "AQAB"},
    "a modulus that is a number": {"kty": "RSA", "n": 2**2047 + 1, "e": "AQAB"},
    "a modulus beyond all bounds": {"kty": "RSA", "n": "A" * 100_000, "e": "AQAB"},
    "an even modulus": {"kty": "RSA", "n": b64((1 << 2047).to_bytes(256, "big")), "e": "AQAB"},
}


@pytest.mark.parametrize("case", REFUSED)
def test_another_key_is_refused(case: str) -> None:
    jwk = REFUSED[case]
    assert isinstance(jwk, dict)
    with pytest.raises(KeyRefused):
        read_jwk(jwk)


def test_only_what_makes_the_key_is_taken_over() -> None:
    jwk = {**public_jwk(EC), "alg": "none", "use": "enc", "key_ops": ["encrypt"], "x5u": "https://attacker.example/"}
    assert write_jwk(read_jwk(jwk)) == write_jwk(EC)


MEMBERS = st.sampled_from(["kty", "crv", "x", "y", "n", "e", "kid", "use"])
VALUES = st.sampled_from(["EC", "RSA", "OKP", "P-256", "Ed25519", "AQAB"]) | st.none() | st.integers() | st.text()
NUMBERS = st.binary(min_size=32, max_size=32).map(b64) | st.binary(min_size=256, max_size=256).map(b64)


@given(st.dictionaries(MEMBERS, VALUES | NUMBERS), st.sampled_from(KINDS))
def test_whatever_is_given_is_a_good_key_or_refused(changes: dict[str, object], kind: str) -> None:
    jwk = {**public_jwk(PRIVATE[kind]), **changes}
    try:
        key = read_jwk(jwk)
    except KeyRefused:
        return
    assert key.key_type == jwk["kty"]
    assert read_jwk(write_jwk(key)).thumbprint() == key.thumbprint()
    if "x" in write_jwk(key):
        assert len(from_text(write_jwk(key)["x"])) == 32


def test_a_symmetric_key_is_not_taken_for_a_public_one() -> None:
    with pytest.raises(KeyRefused):
        read_jwk(OctKey.generate_key(256).as_dict(private=True))
