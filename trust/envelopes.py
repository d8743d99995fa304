"""Envelopes that one named recipient alone can open: HPKE in its base mode (RFC 9180), one message per envelope.

One suite, never negotiated: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM. An envelope is bound to its
context: the recipient must know, from elsewhere, what the envelope is about, or it does not open. It says nothing
about who closed it; whoever needs to know that signs the envelope's hash.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from joserfc.jwk import OKPKey

from trust.errors import N_, ManabiError
from trust.framing import from_text, to_text
from trust.signing import KeyRefused

CURVE: Final = "X25519"
OVERHEAD: Final = 32 + 16
"""Bytes that an envelope adds to what it holds: the encapsulated key and the tag."""

_SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_LABEL: Final = b"manabi-envelope-v1\x00"
_POINT_BYTES: Final = 32
_FAR_SIDE: Final = X25519PrivateKey.from_private_bytes(bytes(_POINT_BYTES))
"""Any private key: with a point of small order each one agrees on zero, which the library refuses."""


class EnvelopeBroken(ManabiError):
    """An envelope that does not open: altered, closed for another recipient, or for another context."""

    code = "envelope.broken"
    status = 422
    title = N_("A sealed message does not open.")
    remedy = N_("Nothing of it was used. Whoever sent it looks up the recipient's key again and sends a new one.")


@dataclass(frozen=True, slots=True)
class SealingPublicKey:
    """To whom an envelope is closed. Equal keys have equal thumbprints."""

    kid: str
    _key: X25519PublicKey = field(repr=False, compare=False)

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, object]) -> "SealingPublicKey":
        """Read a public JWK (RFC 8037); raises KeyRefused for another curve, a private part or a false ``kid``.

        A point of small order is refused too (RFC 7748 section 6.1): everybody could open what is closed to it.
        """
        x = jwk.get("x")
        if jwk.get("kty") != "OKP" or jwk.get("crv") != CURVE or not isinstance(x, str):
            raise KeyRefused(reason="not an X25519 JWK")
        if "d" in jwk:
            raise KeyRefused(reason="it holds a private part")
        try:
            key = X25519PublicKey.from_public_bytes(from_text(x))
            _FAR_SIDE.exchange(key)
        except ValueError as error:
            raise KeyRefused(reason="unreadable coordinate") from error
        kid = _jose(x).thumbprint()
        if jwk.get("kid", kid) != kid:
            raise KeyRefused(reason="its kid is not its thumbprint")
        return cls(kid, key)

    def jwk(self) -> dict[str, str]:
        """Return the public JWK to publish, ``kid`` included."""
        x = to_text(self._key.public_bytes_raw())
        return {"kty": "OKP", "crv": CURVE, "x": x, "kid": self.kid, "use": "enc"}

    def jose_key(self) -> OKPKey:
        """Return the key as registries list it beside the others; it signs nothing."""
        return _jose(to_text(self._key.public_bytes_raw()), self.kid)


@dataclass(frozen=True, slots=True)
class SealingKey:
    """The private half, for the keyring and whoever opens envelopes. Never printed, never compared by content."""

    _key: X25519PrivateKey = field(repr=False, compare=False)
    _public: SealingPublicKey

    @classmethod
    def generate(cls) -> "SealingKey":
        """Make a new key from the operating system's randomness."""
        return cls._of(X25519PrivateKey.generate())

    @classmethod
    def from_pem(cls, pem: bytes) -> "SealingKey":
        """Read an unencrypted PKCS #8 PEM; raises KeyRefused for anything but an X25519 private key."""
        try:
            key = load_pem_private_key(pem, None)
        except (ValueError, TypeError) as error:
            raise KeyRefused(reason="not a readable PEM") from error
        if not isinstance(key, X25519PrivateKey):
            raise KeyRefused(reason="not an X25519 private key")
        return cls._of(key)

    @classmethod
    def _of(cls, key: X25519PrivateKey) -> "SealingKey":
        x = to_text(key.public_key().public_bytes_raw())
        return cls(key, SealingPublicKey.from_jwk({"kty": "OKP", "crv": CURVE, "x": x}))

    @property
    def kid(self) -> str:
        """The key's thumbprint (RFC 7638)."""
        return self._public.kid

    def to_pem(self) -> bytes:
        """Return the unencrypted PKCS #8 PEM, for the keyring's own files alone."""
        return self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def public(self) -> SealingPublicKey:
        """Return the public half."""
        return self._public


def seal_to(public: SealingPublicKey, plaintext: bytes, *, context: bytes) -> bytes:
    """Return the envelope: encapsulated key, ciphertext, tag; OVERHEAD bytes longer than the plaintext.

    Sealing the same twice gives two different envelopes, of which each opens.
    """
    return _SUITE.encrypt(plaintext, public._key, info=_info(context))


def open_envelope(private: SealingKey, sealed: bytes, *, context: bytes) -> bytes:
    """Return what the envelope holds; raises EnvelopeBroken if it, the key or the context is another one."""
    try:
        return _SUITE.decrypt(sealed, private._key, info=_info(context))
    except (InvalidTag, ValueError) as error:
        raise EnvelopeBroken from error


def _info(context: bytes) -> bytes:
    """Return HPKE's ``info``: of one length, however long the context is."""
    return _LABEL + sha256(context).digest()


def _jose(x: str, kid: str | None = None) -> OKPKey:
    members: dict[str, str | list[str]] = {"kty": "OKP", "crv": CURVE, "x": x}
    return OKPKey.import_key(members if kid is None else {**members, "kid": kid})
