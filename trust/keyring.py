"""The keyring: everything that must not lie in the database or its backups, behind one small interface.

It holds one key per child, wrapped under the key of the current epoch; the node's own secrets; the keys for signing
and for opening envelopes; the journal of irreversible decisions; and the leaf hashes of the access log. Erasing a
child destroys the wrapping; rotating the epoch rewraps the living and destroys the epoch's key, whereupon no older
copy of anything opens for the erased. What this proves depends on the back end: a hardware module destroys for
certain, files only as well as the disk forgets. The file back end therefore says so, loudly, whenever it is opened.
"""

import json
import logging
import os
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from trust.envelopes import SealingKey
from trust.epochs import EpochKeys, KeyringRolledBack
from trust.errors import N_, ManabiError
from trust.files import locked, nothing_follows, sync_folder, write_new
from trust.journal import DecisionKind, Journal
from trust.leaves import LeafStore
from trust.sealing import KEY_BYTES
from trust.signing import SigningKey
from trust.wrappings import Wrappings

FORMAT: Final = "manabi-keyring/1"
_OWNER_CHARACTERS: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
_LOG = logging.getLogger(__name__)


class KeyErased(ManabiError):
    """The child's key was destroyed for good; nothing sealed under it can be read or written again."""

    code = "keyring.erased"
    status = 410
    title = N_("This record was erased for good.")
    remedy = N_("It cannot be brought back. The office tells you when it was decided and on what ground.")


class KeyUnknown(ManabiError):
    """No key was ever made for this subject in this keyring."""

    code = "keyring.unknown"
    status = 404
    title = N_("There is no key for this record.")
    remedy = N_("The operator checks that database and keyring belong to the same node.")


class KeyringRefused(ManabiError):
    """The folder is not a keyring this node may open."""

    code = "keyring.refused"
    status = 500
    title = N_("The keyring in %(folder)s cannot be opened (%(reason)s).")
    remedy = N_("Point the setting to this node's own keyring folder, owned by the service and closed to all others.")


class Keyring(Protocol):
    """What every back end offers; nothing outside ``trust`` knows which one it has."""

    node_id: str
    journal: Journal
    leaves: LeafStore

    def create_subject_key(self, subject: UUID) -> None:
        """Make a key for this child if it has none; raises KeyErased for an erased one."""

    def create_subject_keys(self, subjects: Iterable[UUID]) -> None:
        """Make keys for several children in one transaction, all or nothing; raises KeyErased."""

    def subject_key(self, subject: UUID) -> bytes:
        """Return the child's key, 32 bytes, not to be kept; raises KeyErased or KeyUnknown."""

    def subject_keys(self, subjects: Iterable[UUID]) -> dict[UUID, bytes]:
        """Return the keys of those who have one; erased and unknown ones are absent."""

    def erase_subject(self, subject: UUID, *, by: str, now: datetime) -> None:
        """Destroy the child's key: durable in the journal first, then the wrapping goes. Repeating changes nothing."""

    def rotate_epoch(self, *, now: datetime) -> int:
        """Rewrap the living, destroy the old epoch's key and return the new epoch."""

    def node_key(self, purpose: str) -> bytes:
        """Return the node's own key for a purpose, 32 bytes, the same for ever."""

    def signing_key(self, owner: str) -> SigningKey:
        """Return the owner's signing key, made on first use; owner is a school code, or 'node' for checkpoints."""

    def has_signing_key(self, owner: str) -> bool:
        """Whether the owner's signing key was made already."""

    def sealing_key(self, owner: str) -> SealingKey:
        """Return the owner's key for opening envelopes, made on first use."""


class FileKeyring:
    """A keyring in a folder: for the demo, development and small nodes that accept best-effort destruction."""

    def __init__(self, folder: Path, node_id: str) -> None:
        self.folder = folder
        self.node_id = node_id
        self.journal = Journal(folder / "journal.jsonl")
        self.leaves = LeafStore(folder / "leaves")
        self._wrappings = Wrappings(folder / "wrapped-keys.sqlite3")
        self._secret = _read_secret(folder / "node.secret")
        self._epochs = EpochKeys(folder)
        self._node_keys: dict[str, bytes] = {}
        self._signing_keys: dict[str, SigningKey] = {}
        self._sealing_keys: dict[str, SealingKey] = {}

    @classmethod
    def create(cls, folder: Path, node_id: str) -> "FileKeyring":
        """Lay a new keyring and open it; raises KeyringRefused if one is there already.

        A creation that was cut short is completed by the next one; nothing that exists is ever replaced.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        with locked(folder / "lock"):
            if (folder / "keyring.json").exists():
                raise KeyringRefused(folder=str(folder), reason="there is one already")
            write_new(folder / "node.secret", os.urandom(KEY_BYTES))
            EpochKeys(folder).make(1)
            (folder / "signing").mkdir(mode=0o700, exist_ok=True)
            Wrappings(folder / "wrapped-keys.sqlite3").lay()
            Journal.lay(folder / "journal.jsonl")
            LeafStore.lay(folder / "leaves")
            write_new(folder / "keyring.json", json.dumps({"format": FORMAT, "node": node_id}).encode())
        return cls.open(folder, node_id)

    @classmethod
    def open(cls, folder: Path, node_id: str) -> "FileKeyring":
        """Open a keyring, finishing what a crash interrupted.

        Raises KeyringRefused for another node's folder, a damaged one or one that others may read, KeyringRolledBack
        for an older copy of the wrapped keys, JournalBroken for an edited journal.
        """
        try:
            stated = json.loads((folder / "keyring.json").read_bytes())
        except (OSError, ValueError) as error:
            raise KeyringRefused(folder=str(folder), reason="no keyring is there") from error
        if stated != {"format": FORMAT, "node": node_id}:
            raise KeyringRefused(folder=str(folder), reason="it belongs to another node or version")
        for name in ("node.secret", "wrapped-keys.sqlite3", "journal.jsonl", "leaves"):
            if not (folder / name).exists():
                raise KeyringRefused(folder=str(folder), reason=f"{name} is missing")
        if folder.stat().st_mode & 0o077:
            raise KeyringRefused(folder=str(folder), reason="others may read it; chmod 700 closes it")
        _LOG.warning(
            "File keyring: destruction of keys is best effort. Use a hardware module or KMS for real children."
        )
        keyring = cls(folder, node_id)
        with locked(folder / "lock"):
            keyring._tidy()
        return keyring

    def close(self) -> None:
        """Close the files that are held open; the keyring may still be used and opens them again."""
        self._wrappings.close()

    @property
    def epoch(self) -> int:
        """Return the number of the current epoch, for the operator's page."""
        return self._wrappings.epoch()

    @property
    def epoch_began(self) -> datetime:
        """Return when the current epoch began, for the operator's page."""
        return self._epochs.began(self.epoch)

    def create_subject_key(self, subject: UUID) -> None:
        """See Keyring."""
        self.create_subject_keys((subject,))

    def create_subject_keys(self, subjects: Iterable[UUID]) -> None:
        """See Keyring. Fifty thousand take about half a second."""
        self._wrappings.add(subjects, self._epochs.wrap_new, self._refuse_erased)

    def subject_key(self, subject: UUID) -> bytes:
        """See Keyring. The journal is asked each time, so an erasure by another process holds at once."""
        while True:
            self._refuse_erased(subject)
            found = self._wrappings.find(subject)
            if found is None:
                self._refuse_erased(subject)  # an erasure may have come between the two looks
                raise KeyUnknown
            try:
                return self._epochs.unwrap(subject, *found)
            except KeyringRolledBack:
                # A rotation may have passed between the row and the key of its epoch: then the row has changed.
                if found == self._wrappings.find(subject):
                    raise

    def subject_keys(self, subjects: Iterable[UUID]) -> dict[UUID, bytes]:
        """See Keyring."""
        erased = self.journal.erased()
        wanted = [subject for subject in subjects if subject not in erased]
        while True:
            epoch = self._wrappings.epoch()
            try:
                return {
                    one: self._epochs.unwrap(one, of, wrapped) for one, of, wrapped in self._wrappings.find_many(wanted)
                }
            except KeyringRolledBack:
                if epoch == self._wrappings.epoch():
                    raise

    def erase_subject(self, subject: UUID, *, by: str, now: datetime) -> None:
        """See Keyring."""
        with locked(self.folder / "lock"):
            if not self.journal.is_erased(subject):
                self.journal.append(DecisionKind.ERASED, subject, by=by, now=now)
            self._wrappings.remove((subject,))

    def rotate_epoch(self, *, now: datetime, after: Callable[[str], None] = nothing_follows) -> int:
        """See Keyring. ``after`` is told each step as it completes, so that tests can stop the process there.

        The steps: key-written, rewrapped, committed, log-emptied, key-overwritten, key-unlinked. Stopped before
        'committed', the old epoch stands; from then on the new one does. The next opening removes the other's key.
        """
        with locked(self.folder / "lock"):
            self._tidy()
            old = self._wrappings.epoch()
            new = old + 1
            self._epochs.make(new)
            after("key-written")
            self._wrappings.rewrap(self._epochs.rewrapper(old, new), to_epoch=new, after=after)
            self._epochs.destroy_others(new, after=after)
        _LOG.info("Epoch %d began at %s; the key of epoch %d is destroyed.", new, now.isoformat(), old)
        return new

    def node_key(self, purpose: str) -> bytes:
        """See Keyring. HKDF-SHA-256 (RFC 5869) of the node's secret, bound to node and purpose."""
        key = self._node_keys.get(purpose)
        if key is None:
            info = b"manabi-node-key-v1\x00" + json.dumps([self.node_id, purpose]).encode()
            key = HKDF(SHA256(), KEY_BYTES, salt=None, info=info).derive(self._secret)
            self._node_keys[purpose] = key
        return key

    def signing_key(self, owner: str) -> SigningKey:
        """See Keyring. Of several processes asking first, one makes the key and all use it."""
        key = self._signing_keys.get(owner)
        if key is None:
            path = self._key_path("signing", owner)
            if not path.exists():
                write_new(path, SigningKey.generate().to_pem())
            key = SigningKey.from_pem(path.read_bytes())
            self._signing_keys[owner] = key
        return key

    def has_signing_key(self, owner: str) -> bool:
        """See Keyring."""
        return owner in self._signing_keys or self._key_path("signing", owner).exists()

    def sealing_key(self, owner: str) -> SealingKey:
        """See Keyring. Of several processes asking first, one makes the key and all use it."""
        key = self._sealing_keys.get(owner)
        if key is None:
            path = self._key_path("sealing", owner)
            if not path.exists():
                path.parent.mkdir(mode=0o700, exist_ok=True)
                sync_folder(self.folder)
                write_new(path, SealingKey.generate().to_pem())
            key = SealingKey.from_pem(path.read_bytes())
            self._sealing_keys[owner] = key
        return key

    def _key_path(self, kind: str, owner: str) -> Path:
        if not 0 < len(owner) <= 64 or not _OWNER_CHARACTERS.issuperset(owner):
            raise ValueError("an owner is named by 1 to 64 letters, digits, '-' or '_'")
        return self.folder / kind / f"{owner}.pem"

    def _refuse_erased(self, subject: UUID) -> None:
        if self.journal.is_erased(subject):
            raise KeyErased

    def _tidy(self) -> None:
        """Finish what a crash interrupted: keys of other epochs go, and so do wrappings of the erased.

        If the current epoch's own key is missing, nothing is touched: the remaining key may be the only good one.
        """
        self._epochs.destroy_others(self._wrappings.epoch())
        erased = self.journal.erased()
        if erased:
            self._wrappings.remove(erased)


def _read_secret(path: Path) -> bytes:
    secret = path.read_bytes()
    if len(secret) != KEY_BYTES:
        raise KeyringRefused(folder=str(path.parent), reason=f"{path.name} is damaged")
    return secret
