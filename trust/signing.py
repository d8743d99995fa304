"""Ed25519 signatures as compact JWS (RFC 7515, RFC 9864), for records, checkpoints and everything signed later.

One algorithm, named in full and never negotiated: a token that says anything else is refused before its signature
is looked at. Every token carries the key's thumbprint (``kid``, RFC 7638) and a ``typ`` that says what was signed,
so that a signature made for one purpose cannot stand for another (RFC 8725 section 3.11).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from trust.errors import N_, ManabiError

ALGORITHM: Final = "Ed25519"
MAX_PAYLOAD: Final = 1024 * 1024
"""Bytes. Far above any record or checkpoint; whoever signs more has mistaken a file for a statement."""

_HEADER_NAMES: Final = {"alg", "kid", "typ"}


def _max_token(most: int) -> int:
    return most * 4 // 3 + 1024


@cache
def _registry(most: int) -> jws.JWSRegistry:
    registry = jws.JWSRegistry(algorithms=[ALGORITHM])
    registry.max_payload_length = _max_token(most)
    return registry


class SignatureRefused(ManabiError):
    """A token whose signature does not stand: altered, made by another key, or made for another purpose."""

    code = "signing.refused"
    status = 422
    title = N_("The signature does not hold (%(reason)s).")
    remedy = N_("Do not rely on the content. Ask whoever sent it for a new copy.")


class KeyRefused(ManabiError):
    """Key material that is not an Ed25519 key in the expected shape."""

    code = "signing.key_refused"
    status = 422
    title = N_("The key cannot be used (%(reason)s).")
    remedy = N_("Give an Ed25519 key: a PEM file for a private key, a JWK for a public one.")


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """The public half, for whoever checks a signature. Equal keys have equal thumbprints."""

    kid: str
    _key: OKPKey = field(repr=False, compare=False)

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, str]) -> "VerifyingKey":
        """Read a public JWK (RFC 8037). Raises KeyRefused for another curve, a private part or a false ``kid``."""
        x = jwk.get("x")
        if jwk.get("kty") != "OKP" or jwk.get("crv") != ALGORITHM or not isinstance(x, str):
            raise KeyRefused(reason="not an Ed25519 JWK")
        if "d" in jwk:
            raise KeyRefused(reason="it holds a private part")
        try:
            key = OKPKey.import_key({"kty": "OKP", "crv": ALGORITHM, "x": x})
            kid = key.thumbprint()
        except (JoseError, ValueError) as error:
            raise KeyRefused(reason="unreadable coordinate") from error
        if jwk.get("kid", kid) != kid:
            raise KeyRefused(reason="its kid is not its thumbprint")
        return cls(kid, key)

    def jwk(self) -> dict[str, str]:
        """Return the public JWK to publish, ``kid`` included."""
        x = self._key.as_dict(private=False)["x"]
        return {"kty": "OKP", "crv": ALGORITHM, "x": str(x), "kid": self.kid, "alg": ALGORITHM, "use": "sig"}

    def verify(self, token: str, *, typ: str, most: int = MAX_PAYLOAD) -> bytes:
        """Return the payload of a compact JWS made by this key for this ``typ``; raises SignatureRefused.

        ``most`` is the largest payload in bytes; only a document that lists a whole country needs more than the usual.
        """
        if len(token) > _max_token(most):
            raise SignatureRefused(reason="too long")
        try:
            opened = jws.deserialize_compact(token, self._key, registry=_registry(most))
        except (JoseError, ValueError, TypeError) as error:
            raise SignatureRefused(reason=getattr(error, "error", "malformed")) from error
        header = opened.protected
        if set(header) != _HEADER_NAMES:
            raise SignatureRefused(reason="unexpected header")
        if header["typ"] != typ:
            raise SignatureRefused(reason="made for another purpose")
        if header["kid"] != self.kid:
            raise SignatureRefused(reason="names another key")
        return opened.payload


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The private half, for the keyring and whoever it signs for. Never printed, never compared by content."""

    kid: str
    _key: OKPKey = field(repr=False, compare=False)
    _public: VerifyingKey = field(repr=False, compare=False)

    @classmethod
    def generate(cls) -> "SigningKey":
        """Make a new key from the operating system's randomness."""
        return cls._of(OKPKey.import_key(Ed25519PrivateKey.generate()))

    @classmethod
    def from_pem(cls, pem: bytes) -> "SigningKey":
        """Read an unencrypted PKCS #8 PEM; raises KeyRefused for anything but an Ed25519 private key."""
        try:
            key = OKPKey.import_key(pem)
        except (JoseError, ValueError, TypeError) as error:
            raise KeyRefused(reason="not a readable PEM") from error
        if key.curve_name != ALGORITHM or not key.is_private:
            raise KeyRefused(reason="not an Ed25519 private key")
        return cls._of(key)

    @classmethod
    def _of(cls, key: OKPKey) -> "SigningKey":
        public = VerifyingKey.from_jwk({"kty": "OKP", "crv": ALGORITHM, "x": str(key.as_dict(private=False)["x"])})
        return cls(public.kid, key, public)

    def to_pem(self) -> bytes:
        """Return the unencrypted PKCS #8 PEM, for the keyring's own files alone."""
        return self._key.as_pem(private=True)

    def public(self) -> VerifyingKey:
        """Return the public half."""
        return self._public

    def jose_key(self) -> OKPKey:
        """Return the key as joserfc knows it, for ``trust.tokens``, where other kinds of keys sign too."""
        return self._key

    def sign(self, payload: bytes, *, typ: str, most: int = MAX_PAYLOAD) -> str:
        """Return a compact JWS over the payload; raises SignatureRefused if the payload is above ``most`` bytes."""
        if len(payload) > most:
            raise SignatureRefused(reason="too long")
        header = {"alg": ALGORITHM, "kid": self.kid, "typ": typ}
        return jws.serialize_compact(header, payload, self._key, registry=_registry(most))


def named_key(token: str, *, most: int = MAX_PAYLOAD) -> str:
    """Return the ``kid`` a token claims, unverified: good for choosing a key, never for trusting it."""
    if len(token) > _max_token(most):
        raise SignatureRefused(reason="too long")
    try:
        header = jws.extract_compact(token.encode(), registry=_registry(most)).protected
    except (JoseError, ValueError) as error:
        raise SignatureRefused(reason="malformed") from error
    kid = header.get("kid") if isinstance(header, dict) else None
    if not isinstance(kid, str):
        raise SignatureRefused(reason="names no key")
    return kid
