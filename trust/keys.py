"""Keys of participants: which kinds are taken, and the one way each is read from a JWK (RFC 7517).

Three kinds, each with the algorithms of FAPI 2.0 section 5.4 and no other: EC P-256 with ES256, RSA of 2048 to 4096
bits with PS256, Ed25519. Which algorithm may be used follows from the key, never from a token.
"""

from collections.abc import Mapping
from typing import Final

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from trust.framing import from_text
from trust.signing import KeyRefused, SigningKey

Key = ECKey | RSAKey | OKPKey
"""A key of one of the three kinds; public unless a function says that it signs."""

_RSA_BITS: Final = range(2048, 4097)
_RSA_EXPONENT: Final = "AQAB"
"""65537: whoever picks another exponent gains nothing and may make every check slow."""
_COORDINATE_BYTES: Final = 32
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_MEMBERS: Final = {"EC": ("kty", "crv", "x", "y"), "RSA": ("kty", "n", "e"), "OKP": ("kty", "crv", "x")}
_CURVES: Final = {"EC": "P-256", "RSA": None, "OKP": "Ed25519"}
_MAX_KID: Final = 128


def read_jwk(jwk: Mapping[str, object]) -> Key:
    """Return the public key of a JWK; its ``kid`` is the stated one, else the thumbprint (RFC 7638).

    Only the members that make the key are taken over. Raises KeyRefused for another kind, curve or size, a point that
    is not on its curve, or any private part.
    """
    if not _PRIVATE.isdisjoint(jwk):
        raise KeyRefused(reason="it holds a private part")
    members = _members(jwk)
    for name in members.keys() & {"x", "y"}:
        if len(_number(members[name])) != _COORDINATE_BYTES:
            raise KeyRefused(reason="a coordinate has 32 bytes")
    if "n" in members:
        modulus = int.from_bytes(_number(members["n"]), "big")
        if modulus.bit_length() not in _RSA_BITS or modulus % 2 == 0:
            raise KeyRefused(reason="an RSA key has an odd number of 2048 to 4096 bits")
    try:
        key = _import(members)
        kid = jwk.get("kid", None)
        if kid is None:
            kid = key.thumbprint()
    except (JoseError, ValueError, TypeError, OverflowError) as error:
        raise KeyRefused(reason="unreadable numbers") from error
    if not isinstance(kid, str) or not 0 < len(kid) <= _MAX_KID or not (kid.isascii() and kid.isprintable()):
        raise KeyRefused(reason="its kid is not a short text")
    return _import({**members, "kid": kid})


def write_jwk(key: Key) -> dict[str, str]:
    """Return the public JWK to publish: what makes the key, ``kid``, ``alg`` and ``use``."""
    public = key.as_dict(private=False)
    members = {name: str(public[name]) for name in _MEMBERS[key.key_type]}
    return {**members, "kid": key.kid or key.thumbprint(), "alg": algorithms_of(key)[0], "use": "sig"}


def algorithms_of(key: Key) -> tuple[str, ...]:
    """Return the algorithms a key may sign with, the one to use first.

    An Ed25519 key is also taken under the older name EdDSA (RFC 8037), which many clients still write.
    """
    if isinstance(key, ECKey):
        return ("ES256",)
    if isinstance(key, RSAKey):
        return ("PS256",)
    return ("Ed25519", "EdDSA")


def jose_key(key: SigningKey | Key) -> Key:
    """Return the key as the token functions use it."""
    return key.jose_key() if isinstance(key, SigningKey) else key


def _members(jwk: Mapping[str, object]) -> dict[str, str]:
    kind = jwk.get("kty")
    if not isinstance(kind, str) or kind not in _MEMBERS:
        raise KeyRefused(reason="neither EC, RSA nor OKP")
    found: dict[str, str] = {}
    for name in _MEMBERS[kind]:
        value = jwk.get(name)
        if not isinstance(value, str) or not value.isascii() or len(value) > 1024:
            raise KeyRefused(reason=f"{name} is not a text")
        found[name] = value
    if found.get("crv") != _CURVES[kind]:
        raise KeyRefused(reason="another curve than P-256 or Ed25519")
    if kind == "RSA" and found["e"] != _RSA_EXPONENT:
        raise KeyRefused(reason="another RSA exponent than 65537")
    return found


def _number(text: str) -> bytes:
    try:
        return from_text(text)
    except ValueError as error:
        raise KeyRefused(reason="unreadable numbers") from error


def _import(members: Mapping[str, str]) -> Key:
    numbers: dict[str, str | list[str]] = dict(members)
    match members["kty"]:
        case "EC":
            return ECKey.import_key(numbers)
        case "RSA":
            return RSAKey.import_key(numbers)
        case _:
            return OKPKey.import_key(numbers)
