"""Epoch keys: what wraps the children's keys, one file per epoch, and only the current epoch's exists.

An erasure removes one wrapping; copies of it may lie in backups. Destroying the key of the epoch it was wrapped in
kills all those copies at once, which is why the living are rewrapped from time to time under a new epoch's key.
"""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from trust.errors import N_, ManabiError
from trust.files import destroy, nothing_follows, write_new
from trust.sealing import KEY_BYTES

_NONCE_BYTES: Final = 12


class KeyringRolledBack(ManabiError):
    """The table of wrapped keys is from an epoch whose key is destroyed: an older copy was put back."""

    code = "keyring.rolled_back"
    status = 500
    title = N_("The wrapped keys are from epoch %(epoch)s, whose key is destroyed.")
    remedy = N_("Put back the newest copy of the keyring. An older copy stays unreadable; that is what erasure means.")


class WrappingBroken(ManabiError):
    """A wrapped key does not open under its epoch's key: it was altered, or moved from another child's row."""

    code = "keyring.wrapping_broken"
    status = 500
    title = N_("A child's wrapped key does not open.")
    remedy = N_("Put back the newest copy of the keyring's table of wrapped keys and look for the cause.")


class EpochKeys:
    """The epoch key files of one keyring folder, and the wrapping done with them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: tuple[int, AESGCM] | None = None

    def make(self, epoch: int) -> None:
        """Write a new key for an epoch; one that exists is left as it is."""
        write_new(self._file(epoch), _with_check(os.urandom(KEY_BYTES), epoch))

    def require(self, epoch: int) -> None:
        """Read the epoch's key from the disk; raises KeyringRolledBack if it is gone."""
        self._held = (epoch, self._load(epoch))

    def destroy_others(self, current: int, *, after: Callable[[str], None] = nothing_follows) -> None:
        """Destroy the key files of all epochs but the current one, which must be there."""
        self.require(current)
        for file in sorted(self._folder.glob("epoch-*.key")):
            if file != self._file(current):
                destroy(file, after=after)

    def wrap_new(self, subject: UUID, epoch: int) -> bytes:
        """Make a child's key and return it wrapped."""
        return _wrap(self.cipher(epoch), subject, epoch, os.urandom(KEY_BYTES))

    def rewrapper(self, old: int, new: int) -> Callable[[UUID, bytes], bytes]:
        """Return what moves a child's wrapped key from one epoch to the next."""
        old_cipher, new_cipher = self.cipher(old), self.cipher(new)

        def rewrap(subject: UUID, wrapped: bytes) -> bytes:
            return _wrap(new_cipher, subject, new, _open(old_cipher, subject, old, wrapped))

        return rewrap

    def unwrap(self, subject: UUID, epoch: int, wrapped: bytes) -> bytes:
        """Return the child's key; raises KeyringRolledBack or WrappingBroken."""
        return _open(self.cipher(epoch), subject, epoch, wrapped)

    def cipher(self, epoch: int) -> AESGCM:
        """Return the epoch's cipher; only the last one asked for is kept in memory."""
        held = self._held
        if held is None or held[0] != epoch:
            held = (epoch, self._load(epoch))
            self._held = held
        return held[1]

    def began(self, epoch: int) -> datetime:
        """Return when the epoch's key was written; raises KeyringRolledBack if it is gone."""
        try:
            return datetime.fromtimestamp(self._file(epoch).stat().st_mtime, UTC)
        except FileNotFoundError as error:
            raise KeyringRolledBack(epoch=epoch) from error

    def _file(self, epoch: int) -> Path:
        return self._folder / f"epoch-{epoch}.key"

    def _load(self, epoch: int) -> AESGCM:
        try:
            stored = self._file(epoch).read_bytes()
        except FileNotFoundError as error:
            raise KeyringRolledBack(epoch=epoch) from error
        key = stored[:KEY_BYTES]
        if stored != _with_check(key, epoch):
            raise KeyringRolledBack(epoch=epoch)
        return AESGCM(key)


def _with_check(key: bytes, epoch: int) -> bytes:
    """Return what the key's file holds: a reader that comes while it is being overwritten must notice."""
    return key + sha256(b"manabi-epoch-key-v1" + epoch.to_bytes(8, "big") + key).digest()


def _place(subject: UUID, epoch: int) -> bytes:
    return b"manabi-wrap-v1" + subject.bytes + epoch.to_bytes(8, "big")


def _wrap(cipher: AESGCM, subject: UUID, epoch: int, key: bytes) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, key, _place(subject, epoch))


def _open(cipher: AESGCM, subject: UUID, epoch: int, wrapped: bytes) -> bytes:
    try:
        return cipher.decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], _place(subject, epoch))
    except (InvalidTag, ValueError) as error:
        raise WrappingBroken from error
