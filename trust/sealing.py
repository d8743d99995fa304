"""Sealing of one child's data under that child's key: AES-256-GCM with the place of the data as associated data.

A sealed body says, unforgeably, where it belongs. Whoever can write to the database but not to the keyring can
therefore not move a body to another child, another record, an older version or another schema without the opening
failing. Random 96-bit nonces are safe far beyond what one child's key will ever seal (NIST SP 800-38D section 8.3:
2^32 messages under one key).
"""

import os
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from trust.errors import N_, ManabiError
from trust.framing import frame

KEY_BYTES: Final = 32
_FORMAT: Final = b"\x01"
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_HEAD: Final = len(_FORMAT) + _NONCE_BYTES
OVERHEAD: Final = _HEAD + _TAG_BYTES
"""Bytes that sealing adds to a plaintext."""


class SealBroken(ManabiError):
    """A sealed body that does not open here: altered, moved from elsewhere, or sealed under another key."""

    code = "sealing.broken"
    status = 500
    title = N_("A stored record does not open: its seal is broken.")
    remedy = N_("Nothing was shown. The operator restores the record from a backup and looks for the cause.")


@dataclass(frozen=True, slots=True)
class Binding:
    """Where a sealed body belongs: node, child, record, version of the record, schema of its content."""

    node: str
    subject: UUID
    record: str
    version: int
    schema: str

    def associated_data(self) -> bytes:
        """Return the associated data: every part behind its length, so that no two bindings share an encoding."""
        return frame(
            b"manabi-seal-v1",
            self.node.encode(),
            self.subject.bytes,
            self.record.encode(),
            str(self.version).encode(),
            self.schema.encode(),
        )


def seal(key: bytes, binding: Binding, plaintext: bytes) -> bytes:
    """Return format byte, nonce, ciphertext and tag; the result is OVERHEAD bytes longer than the plaintext."""
    nonce = os.urandom(_NONCE_BYTES)
    return _FORMAT + nonce + AESGCM(key).encrypt(nonce, plaintext, binding.associated_data())


def unseal(key: bytes, binding: Binding, sealed: bytes) -> bytes:
    """Return the plaintext; raises SealBroken if body, key or binding is not the one it was sealed with."""
    if len(sealed) < OVERHEAD or not sealed.startswith(_FORMAT):
        raise SealBroken
    try:
        return AESGCM(key).decrypt(sealed[1:_HEAD], sealed[_HEAD:], binding.associated_data())
    except InvalidTag as error:
        raise SealBroken from error
