import hmac
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from trust.envelopes import OVERHEAD, EnvelopeBroken, SealingKey, SealingPublicKey, open_envelope, seal_to
from trust.framing import to_text
from trust.signing import KeyRefused, SigningKey

LEADER, HELPER = SealingKey.generate(), SealingKey.generate()
CONTEXT = b"round 1, node 7"


def hpke_key_and_nonce(secret: bytes, public: bytes, sent: bytes, info: bytes, aead: int) -> tuple[bytes, bytes]:
    """RFC 9180 sections 4.1 and 5.1, base mode, written down once more: DHKEM(X25519), HKDF-SHA256, AES-GCM.

    ``secret`` is the X25519 secret of recipient and sender's single-use key. ``aead`` is 1 for 128 bits, 2 for 256.
    """
    suites = b"KEM\x00\x20", b"HPKE\x00\x20\x00\x01" + aead.to_bytes(2, "big")

    def extract(suite: bytes, salt: bytes, label: bytes, given: bytes) -> bytes:
        return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + given, sha256)

    def expand(suite: bytes, key: bytes, label: bytes, given: bytes, length: int) -> bytes:
        labelled = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + given
        return HKDFExpand(SHA256(), length, labelled).derive(key)

    kem, hpke = suites
    shared = expand(kem, extract(kem, b"", b"eae_prk", secret), b"shared_secret", sent + public, 32)
    context = b"\x00" + extract(hpke, b"", b"psk_id_hash", b"") + extract(hpke, b"", b"info_hash", info)
    root = extract(hpke, shared, b"secret", b"")
    return expand(hpke, root, b"key", context, 16 * aead), expand(hpke, root, b"base_nonce", context, 12)


def shared_x25519(private: bytes, public: bytes) -> bytes:
    return X25519PrivateKey.from_private_bytes(private).exchange(X25519PublicKey.from_public_bytes(public))


def test_the_judge_below_reproduces_the_vector_of_the_standard() -> None:
    """RFC 9180 appendix A.1.1."""
    sent = bytes.fromhex("37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431")
    private = bytes.fromhex("4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8")
    public = bytes.fromhex("3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d")
    key, nonce = hpke_key_and_nonce(shared_x25519(private, sent), public, sent, b"Ode on a Grecian Urn", 1)
    assert (key.hex(), nonce.hex()) == ("4531685d41d65f03dc48f6b8302c05b0", "56d890e5accaaf011cff4b7d")


def test_an_envelope_is_what_the_standard_says_it_is() -> None:
    private = X25519PrivateKey.generate()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    key = SealingKey.from_pem(pem)
    sealed = seal_to(key.public(), b"2 0 7", context=CONTEXT)
    public, sent = private.public_key().public_bytes_raw(), sealed[:32]
    secret = shared_x25519(private.private_bytes_raw(), sent)
    info = b"manabi-envelope-v1\x00" + sha256(CONTEXT).digest()
    cipher, nonce = hpke_key_and_nonce(secret, public, sent, info, 2)
    assert AESGCM(cipher).decrypt(nonce, sealed[32:], None) == b"2 0 7"


@given(st.binary(max_size=300), st.binary(max_size=5000))
def test_what_is_sealed_is_what_is_opened(plaintext: bytes, context: bytes) -> None:
    sealed = seal_to(LEADER.public(), plaintext, context=context)
    assert len(sealed) == len(plaintext) + OVERHEAD
    assert open_envelope(LEADER, sealed, context=context) == plaintext


def test_a_vector_of_a_large_municipality_fits() -> None:
    share = bytes(8 * 100_000)
    assert open_envelope(LEADER, seal_to(LEADER.public(), share, context=CONTEXT), context=CONTEXT) == share


def test_the_other_server_cannot_open_it() -> None:
    with pytest.raises(EnvelopeBroken):
        open_envelope(HELPER, seal_to(LEADER.public(), b"2 0 7", context=CONTEXT), context=CONTEXT)


@pytest.mark.parametrize("context", [b"", b"round 2, node 7", CONTEXT + b" "])
def test_it_opens_in_no_other_context(context: bytes) -> None:
    with pytest.raises(EnvelopeBroken):
        open_envelope(LEADER, seal_to(LEADER.public(), b"2 0 7", context=CONTEXT), context=context)


def test_no_byte_of_it_can_be_exchanged() -> None:
    sealed = seal_to(LEADER.public(), b"2 0 7", context=CONTEXT)
    for at in range(len(sealed)):
        with pytest.raises(EnvelopeBroken):
            open_envelope(LEADER, sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :], context=CONTEXT)


@given(st.binary(max_size=100))
def test_no_other_bytes_open(sealed: bytes) -> None:
    with pytest.raises(EnvelopeBroken):
        open_envelope(LEADER, sealed, context=CONTEXT)


def test_the_same_sealed_twice_cannot_be_told_from_two_different() -> None:
    assert seal_to(LEADER.public(), b"0", context=CONTEXT) != seal_to(LEADER.public(), b"0", context=CONTEXT)


def test_a_public_key_is_read_as_it_was_published() -> None:
    jwk = LEADER.public().jwk()
    assert (jwk["crv"], jwk["use"], set(jwk)) == ("X25519", "enc", {"kty", "crv", "x", "kid", "use"})
    read = SealingPublicKey.from_jwk(jwk)
    assert read == LEADER.public()
    assert open_envelope(LEADER, seal_to(read, b"2", context=CONTEXT), context=CONTEXT) == b"2"
    assert LEADER.public().jose_key().thumbprint() == LEADER.kid


JWK = LEADER.public().jwk()


@pytest.mark.parametrize(
    ("jwk", "reason"),
    [
        (SigningKey.generate().public().jwk(), "not an X25519 JWK"),
        ({**JWK, "x": 5}, "not an X25519 JWK"),
        ({**JWK, "d": JWK["x"]}, "private part"),
        ({**JWK, "x": to_text(bytes(31))}, "unreadable"),
        ({**JWK, "x": JWK["x"] + "="}, "unreadable"),
        ({**JWK, "x": to_text(bytes(32))}, "unreadable"),  # a point of small order: what it seals, anybody opens
        ({**JWK, "x": to_text(b"\x01" + bytes(31))}, "unreadable"),
        ({**JWK, "kid": "mine"}, "thumbprint"),
    ],
)
def test_another_key_is_refused(jwk: dict[str, object], reason: str) -> None:
    with pytest.raises(KeyRefused, match=reason):
        SealingPublicKey.from_jwk(jwk)


def test_a_private_key_is_read_as_it_was_kept_and_is_never_printed() -> None:
    pem = LEADER.to_pem()
    assert SealingKey.from_pem(pem) == LEADER
    assert SealingKey.from_pem(pem).to_pem() == pem
    assert repr(LEADER) == f"SealingKey(_public=SealingPublicKey(kid='{LEADER.kid}'))"


@pytest.mark.parametrize("pem", [b"", b"damaged", SigningKey.generate().to_pem()])
def test_another_private_key_is_refused(pem: bytes) -> None:
    with pytest.raises(KeyRefused):
        SealingKey.from_pem(pem)
