"""A passkey in software: what browser and device do together in a WebAuthn ceremony (Level 3), for one person.

ES256 keys, attestation 'none', the person present and verified each time. Like a browser it refuses a relying party
that the page's own origin may not speak for, and like a device it refuses to be registered twice. Keys live in memory.
"""

import base64
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from manabi.check.cbor import encode
from manabi.check.errors import CeremonyRefused

ES256: Final = -7
"""COSE algorithm number of ECDSA with SHA-256 on P-256 (RFC 9053)."""

_PRESENT: Final = 0x01
_VERIFIED: Final = 0x04
_HAS_CREDENTIAL: Final = 0x40
_NO_MODEL: Final = bytes(16)


@dataclass(slots=True)
class _Credential:
    """One key pair, for one account at one relying party."""

    credential_id: bytes
    rp_id: str
    user_handle: bytes
    key: ec.EllipticCurvePrivateKey
    uses: int = 0


@dataclass(slots=True)
class Authenticator:
    """One person's device."""

    _credentials: list[_Credential] = field(default_factory=list)

    def create(self, options: Mapping[str, Any], origin: str) -> dict[str, Any]:
        """Answer `navigator.credentials.create`: make a key pair and return it as `toJSON` would.

        `options` are the JSON creation options, `origin` is that of the page which asks. Raises `CeremonyRefused`.
        """
        rp_id = _rp_id(options["rp"].get("id"), origin)
        if all(wanted["alg"] != ES256 for wanted in options["pubKeyCredParams"]):
            raise CeremonyRefused(reason="the service takes no ES256 keys")
        if self._known(rp_id, options.get("excludeCredentials", ())):
            raise CeremonyRefused(reason="it is registered for this account already")
        made = _Credential(
            secrets.token_bytes(32), rp_id, _from_text(options["user"]["id"]), ec.generate_private_key(ec.SECP256R1())
        )
        self._credentials.append(made)
        data = _client_data("webauthn.create", options["challenge"], origin)
        attested = _NO_MODEL + len(made.credential_id).to_bytes(2, "big") + made.credential_id + _public_key(made.key)
        statement = encode(
            {"fmt": "none", "attStmt": {}, "authData": _authenticator_data(made, _HAS_CREDENTIAL) + attested}
        )
        return _answer(made, {"clientDataJSON": data, "attestationObject": statement}, {"transports": ["internal"]})

    def get(self, options: Mapping[str, Any], origin: str) -> dict[str, Any]:
        """Answer `navigator.credentials.get`: sign the challenge with a key the service would accept.

        An empty `allowCredentials` means: any passkey of this service. Raises `CeremonyRefused` if there is none.
        """
        rp_id = _rp_id(options.get("rpId"), origin)
        allowed = options.get("allowCredentials") or ()
        usable = self._known(rp_id, allowed) if allowed else [own for own in self._credentials if own.rp_id == rp_id]
        if not usable:
            raise CeremonyRefused(reason="it holds no key for this service")
        used = usable[-1]
        used.uses += 1
        data = _client_data("webauthn.get", options["challenge"], origin)
        about = _authenticator_data(used, 0)
        signature = used.key.sign(about + sha256(data).digest(), ec.ECDSA(hashes.SHA256()))
        parts = {"clientDataJSON": data, "authenticatorData": about, "signature": signature}
        return _answer(used, {**parts, "userHandle": used.user_handle}, {})

    def _known(self, rp_id: str, descriptors: Sequence[Mapping[str, Any]]) -> list[_Credential]:
        named = {_from_text(one["id"]) for one in descriptors}
        return [own for own in self._credentials if own.rp_id == rp_id and own.credential_id in named]


def _rp_id(stated: str | None, origin: str) -> str:
    """Return the relying party's id: it must be the origin's host or a domain above it (WebAuthn 5.1.3, 5.1.4)."""
    host = urlsplit(origin).hostname or ""
    wanted = host if stated is None else stated
    if wanted != host and not host.endswith(f".{wanted}"):
        raise CeremonyRefused(reason=f"{origin} may not ask in the name of {wanted}")
    return wanted


def _client_data(kind: str, challenge: str, origin: str) -> bytes:
    """Return what the browser says about the ceremony; the challenge stays in the text form it came in."""
    said = {"type": kind, "challenge": challenge.rstrip("="), "origin": origin, "crossOrigin": False}
    return json.dumps(said, separators=(",", ":")).encode()


def _authenticator_data(credential: _Credential, more: int) -> bytes:
    """Return hash of the relying party, flags and sign counter (WebAuthn 6.1)."""
    flags = _PRESENT | _VERIFIED | more
    return sha256(credential.rp_id.encode()).digest() + bytes([flags]) + credential.uses.to_bytes(4, "big")


def _public_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return the public key as COSE: key type EC2, ES256, P-256, coordinates of 32 bytes (RFC 9053, section 7.1)."""
    point = key.public_key().public_numbers()
    return encode({1: 2, 3: ES256, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")})


def _answer(credential: _Credential, parts: Mapping[str, bytes], more: Mapping[str, object]) -> dict[str, Any]:
    name = _to_text(credential.credential_id)
    return {
        "id": name,
        "rawId": name,
        "type": "public-key",
        "authenticatorAttachment": "platform",
        "clientExtensionResults": {},
        "response": {**{part: _to_text(value) for part, value in parts.items()}, **more},
    }


def _to_text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _from_text(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
