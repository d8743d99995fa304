import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from hypothesis import given
from hypothesis import strategies as st

from trust.signing import MAX_PAYLOAD, KeyRefused, SignatureRefused, SigningKey, VerifyingKey, named_key

KEY = SigningKey.generate()
TOKEN = KEY.sign(b"grade 6", typ="manabi-record+jws")


def b64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def forge(header: dict[str, object], payload: bytes = b"grade 6") -> str:
    """A token signed by KEY's own private key over whatever header a careless signer might write."""
    text = f"{b64(json.dumps(header).encode())}.{b64(payload)}"
    secret = Ed25519PrivateKey.from_private_bytes(raw_private(KEY))
    return f"{text}.{b64(secret.sign(text.encode()))}"


def raw_private(key: SigningKey) -> bytes:
    loaded = load_pem_private_key(key.to_pem(), None)
    return loaded.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())


def test_what_was_signed_is_what_is_read() -> None:
    assert KEY.public().verify(TOKEN, typ="manabi-record+jws") == b"grade 6"


def test_the_header_names_algorithm_key_and_purpose_and_nothing_else() -> None:
    text = TOKEN.split(".")[0]
    header = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    assert header == {"alg": "Ed25519", "kid": KEY.kid, "typ": "manabi-record+jws"}


@given(at=st.integers(0, len(TOKEN) - 1), to=st.sampled_from("ABCXYZabcxyz0189-_.="))
def test_no_character_can_be_exchanged(at: int, to: str) -> None:
    changed = TOKEN[:at] + to + TOKEN[at + 1 :]
    if changed != TOKEN:
        with pytest.raises(SignatureRefused):
            KEY.public().verify(changed, typ="manabi-record+jws")


def test_the_unused_bits_of_the_last_character_count_too() -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    same_bytes = alphabet[alphabet.index(TOKEN[-1]) + 1]
    with pytest.raises(SignatureRefused, match="bad_signature"):
        KEY.public().verify(TOKEN[:-1] + same_bytes, typ="manabi-record+jws")


def test_a_signature_for_one_purpose_does_not_stand_for_another() -> None:
    with pytest.raises(SignatureRefused, match="another purpose"):
        KEY.public().verify(TOKEN, typ="manabi-checkpoint+jws")


def test_another_key_refuses() -> None:
    with pytest.raises(SignatureRefused, match="bad_signature"):
        SigningKey.generate().public().verify(TOKEN, typ="manabi-record+jws")


def test_a_token_that_names_another_key_is_refused_though_its_signature_holds() -> None:
    token = forge({"alg": "Ed25519", "kid": "someone-else", "typ": "t"})
    with pytest.raises(SignatureRefused, match="names another key"):
        KEY.public().verify(token, typ="t")


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none", "kid": KEY.kid, "typ": "t"},
        {"alg": "EdDSA", "kid": KEY.kid, "typ": "t"},
        {"alg": "HS256", "kid": KEY.kid, "typ": "t"},
        {"kid": KEY.kid, "typ": "t"},
        {"alg": "Ed25519", "typ": "t"},
        {"alg": "Ed25519", "kid": KEY.kid},
        {"alg": "Ed25519", "kid": KEY.kid, "typ": "t", "cty": "x"},
        {"alg": "Ed25519", "kid": KEY.kid, "typ": "t", "b64": False, "crit": ["b64"]},
        {"alg": "Ed25519", "kid": KEY.kid, "typ": "t", "unknown": 1},
    ],
)
def test_any_other_header_is_refused_though_its_signature_holds(header: dict[str, object]) -> None:
    with pytest.raises(SignatureRefused):
        KEY.public().verify(forge(header), typ="t")


def test_the_forgery_used_above_is_accepted_with_the_right_header() -> None:
    assert KEY.public().verify(forge({"alg": "Ed25519", "kid": KEY.kid, "typ": "t"}), typ="t") == b"grade 6"


@pytest.mark.parametrize("token", ["", ".", "..", "a.b.c", "x" * 200, "é" * 86 + ".", TOKEN + "." + "A" * 86])
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(SignatureRefused):
        KEY.public().verify(token, typ="t")


@pytest.mark.parametrize("header", [b'["alg","kid","typ"]', b'"alg"', b"3", b"null", b"[" * 300, b'{"alg":{}}'])
def test_a_header_that_is_no_object_is_refused(header: bytes) -> None:
    token = f"{b64(header)}.{b64(b'grade 6')}.{TOKEN.split('.')[2]}"
    with pytest.raises(SignatureRefused):
        KEY.public().verify(token, typ="t")
    with pytest.raises(SignatureRefused):
        named_key(token)


def test_sizes_are_bounded_before_anything_is_read() -> None:
    with pytest.raises(SignatureRefused, match="too long"):
        KEY.public().verify("x" * (2 * MAX_PAYLOAD), typ="t")
    with pytest.raises(SignatureRefused, match="too long"):
        named_key("x" * (2 * MAX_PAYLOAD))
    with pytest.raises(SignatureRefused, match="too long"):
        KEY.sign(bytes(MAX_PAYLOAD + 1), typ="t")


def test_the_largest_payload_goes_both_ways() -> None:
    payload = bytes(MAX_PAYLOAD)
    assert KEY.public().verify(KEY.sign(payload, typ="t"), typ="t") == payload


def test_a_private_key_survives_its_file() -> None:
    copy = SigningKey.from_pem(KEY.to_pem())
    assert copy.kid == KEY.kid
    assert copy.public().verify(copy.sign(b"x", typ="t"), typ="t") == b"x"


def test_a_public_key_survives_publication_and_equals_itself() -> None:
    copy = VerifyingKey.from_jwk(json.loads(json.dumps(KEY.public().jwk())))
    assert copy == KEY.public()
    assert copy.verify(TOKEN, typ="manabi-record+jws") == b"grade 6"
    assert copy != SigningKey.generate().public()


def test_the_thumbprint_is_that_of_rfc_8037_appendix_a() -> None:
    key = VerifyingKey.from_jwk({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})
    assert key.kid == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_neither_key_shows_itself_when_printed() -> None:
    assert "OKPKey" not in repr(KEY)
    assert b64(raw_private(KEY)) not in repr(KEY)


@pytest.mark.parametrize(
    "change",
    [
        {"kty": "EC"},
        {"crv": "X25519"},
        {"crv": "Ed448"},
        {"x": ""},
        {"x": "AAAA"},
        {"x": "not base64!"},
        {"d": "secret"},
        {"kid": "another"},
    ],
)
def test_a_public_key_of_another_shape_is_refused(change: dict[str, str]) -> None:
    with pytest.raises(KeyRefused):
        VerifyingKey.from_jwk(KEY.public().jwk() | change)


def test_a_public_key_without_coordinate_is_refused() -> None:
    with pytest.raises(KeyRefused):
        VerifyingKey.from_jwk({"kty": "OKP", "crv": "Ed25519"})


def test_a_coordinate_spelled_in_a_second_way_is_refused() -> None:
    x = KEY.public().jwk()["x"]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    with pytest.raises(KeyRefused, match="coordinate"):
        VerifyingKey.from_jwk({"kty": "OKP", "crv": "Ed25519", "x": x[:-1] + alphabet[alphabet.index(x[-1]) + 1]})


def pem_of(key: object) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize(
    "pem",
    [
        b"",
        b"-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
        pem_of(Ed448PrivateKey.generate()),
        pem_of(generate_private_key(SECP256R1())),
        Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    ],
)
def test_a_file_without_an_ed25519_private_key_is_refused(pem: bytes) -> None:
    with pytest.raises(KeyRefused):
        SigningKey.from_pem(pem)


def test_the_key_a_token_names_can_be_read_before_it_is_trusted() -> None:
    assert named_key(TOKEN) == KEY.kid


@pytest.mark.parametrize("token", ["", "a.b.c", forge({"alg": "Ed25519"}), forge({"alg": "Ed25519", "kid": 7})])
def test_a_token_that_names_no_key_is_refused(token: str) -> None:
    with pytest.raises(SignatureRefused):
        named_key(token)
