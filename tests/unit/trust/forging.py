"""Tokens as a careless or hostile sender might write them: any header, any payload, signed by a real key."""

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.jwk import ECKey, OKPKey, RSAKey

from trust.keys import Key, read_jwk, write_jwk

EC = ECKey.generate_key("P-256")
RSA = RSAKey.generate_key(2048)
ED = OKPKey.generate_key("Ed25519")
PRIVATE: dict[str, Key] = {"EC": EC, "RSA": RSA, "OKP": ED}
PUBLIC: dict[str, Key] = {kind: read_jwk(write_jwk(key)) for kind, key in PRIVATE.items()}
ALGORITHM = {"EC": "ES256", "RSA": "PS256", "OKP": "Ed25519"}


def b64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def public_jwk(key: Key) -> dict[str, str]:
    """The members that make the key, as a proof carries them."""
    return {name: value for name, value in write_jwk(key).items() if name not in {"kid", "alg", "use"}}


def forge(key: Key, header: Mapping[str, object] | bytes, payload: Mapping[str, object] | bytes) -> str:
    """Sign with the algorithm the header names, as far as the key can; else with the key's own."""
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    text = f"{b64(head)}.{b64(body)}"
    algorithm = header.get("alg") if isinstance(header, Mapping) else None
    return f"{text}.{b64(_sign(key, algorithm, text.encode()))}"


def _sign(key: Key, algorithm: object, text: bytes) -> bytes:
    if algorithm == "none":
        return b""
    if algorithm == "HS256":  # the classic confusion: the public key taken as a shared secret
        return hmac.digest(key.as_pem(private=False), text, sha256)
    private = key.private_key
    if isinstance(private, Ed25519PrivateKey):
        return private.sign(text)
    if isinstance(private, RSAPrivateKey):
        if algorithm == "RS256":
            return private.sign(text, padding.PKCS1v15(), SHA256())
        return private.sign(text, padding.PSS(padding.MGF1(SHA256()), 32), SHA256())
    assert isinstance(private, EllipticCurvePrivateKey)
    r, s = decode_dss_signature(private.sign(text, ECDSA(SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")
