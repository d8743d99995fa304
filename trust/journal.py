"""The journal of irreversible decisions: append-only, hash-chained JSON lines, apart from the database and its backups.

A decision that narrows is durable here before anybody is told that it was taken. Restoring an older database joins it
with the current journal, and what the journal says wins: an erased child stays erased.

Each line names the hash of the line before it, so an edit, a removed or an exchanged line breaks every line after it.
Nothing inside a file can show that its end was cut off or that everything was rewritten: compare ``head()`` with a
copy kept elsewhere. A line counts once its newline is on the disk; what stands behind the last newline is the torn
rest of an append that nobody was promised, and only that is ever repaired.
"""

import fcntl
import json
import logging
import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Final
from uuid import UUID

from trust.errors import N_, ManabiError
from trust.files import lay_file

START: Final = "0" * 64
"""What the first line names as the line before it."""

_LOG = logging.getLogger(__name__)


class DecisionKind(StrEnum):
    """What was decided for good."""

    ERASED = "erased"
    """A child's key was destroyed; no restored copy may make it readable again."""
    REVOKED = "revoked"
    """A grant was withdrawn; the detail names it under ``grant``. No restored copy may revive it."""
    RESTORED = "restored"
    """An older database was joined with this keyring; entries it no longer knew are named in the detail."""


class JournalBroken(ManabiError):
    """The journal was edited, reordered or shortened; nothing that relies on it may go on."""

    code = "journal.broken"
    status = 500
    title = N_("The journal of irreversible decisions does not hold at line %(line)s (%(reason)s).")
    remedy = N_("Stop the node and put back the untouched copy of the journal that is kept apart from the backups.")


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One decision as written: its number from 1, the hash before, when, what, about whom, by whom, details."""

    seq: int
    prev: str
    at: datetime
    kind: DecisionKind
    subject: UUID | None
    by: str
    detail: dict[str, str]
    hash: str


def _canonical(document: dict[str, object]) -> bytes:
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _hash(document: dict[str, object]) -> str:
    return sha256(b"manabi-journal-v1\x00" + _canonical(document)).hexdigest()


def _read_line(raw: bytes, seq: int, prev: str) -> JournalLine:
    """Parse one line and hold it to its place; raises JournalBroken."""
    try:
        document = json.loads(raw)
        stated = document.pop("hash")
        subject = document["subject"]
        line = JournalLine(
            seq=document["seq"],
            prev=document["prev"],
            at=datetime.fromisoformat(document["at"]),
            kind=DecisionKind(document["kind"]),
            subject=None if subject is None else UUID(subject),
            by=document["by"],
            detail=document["detail"],
            hash=stated,
        )
        if line.kind is DecisionKind.REVOKED:
            UUID(line.detail["grant"])
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise JournalBroken(line=seq, reason="unreadable") from error
    if line.hash != _hash(document):
        raise JournalBroken(line=seq, reason="edited")
    if line.seq != seq or line.prev != prev:
        raise JournalBroken(line=seq, reason="not the line that followed")
    return line


@dataclass(frozen=True, slots=True)
class _Known:
    """How far this process has read: bytes, and number and hash of the last line."""

    read_to: int
    seq: int
    hash: str


class Journal:
    """One journal file, safe for many threads and processes at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._guard = Lock()
        self._known = _Known(0, 0, START)
        self._erased: set[UUID] = set()
        self._revoked: dict[UUID, JournalLine] = {}
        _JOURNALS.add(self)
        with self._alone() as handle:
            self._mend(handle)

    @classmethod
    def lay(cls, path: Path) -> "Journal":
        """Create the file if it is missing, and open it. Opening alone never does: a lost journal must be noticed."""
        lay_file(path)
        return cls(path)

    def append(
        self, kind: DecisionKind, subject: UUID | None, *, by: str, now: datetime, detail: dict[str, str] | None = None
    ) -> JournalLine:
        """Write one decision and return when it is on the disk. ``now`` must be aware; ``by`` is an id, not a name.

        A revocation names its grant, a UUID, in ``detail["grant"]``; raises ValueError if it does not.
        """
        if now.tzinfo is None:
            raise ValueError("now must carry a time zone")
        if kind is DecisionKind.REVOKED:
            UUID((detail or {}).get("grant", ""))
        with self._alone() as handle:
            self._mend(handle)
            document: dict[str, object] = {
                "seq": self._known.seq + 1,
                "prev": self._known.hash,
                "at": now.isoformat(),
                "kind": kind.value,
                "subject": None if subject is None else str(subject),
                "by": by,
                "detail": dict(detail or {}),
            }
            raw = _canonical({**document, "hash": _hash(document)}) + b"\n"
            _write_all(handle, raw)
            return self._take_in(raw)

    def lines(self) -> Iterator[JournalLine]:
        """Yield every complete line from the first; raises JournalBroken where the chain breaks."""
        seq, prev = 1, START
        with self.path.open("rb") as file:
            for raw in file:
                if not raw.endswith(b"\n"):
                    return
                line = _read_line(raw, seq, prev)
                yield line
                seq, prev = seq + 1, line.hash

    def verify(self) -> int:
        """Read the whole journal against its hashes and return the number of lines; raises JournalBroken."""
        with self._guard:
            known = self._known
        count = 0
        for line in self.lines():
            count = line.seq
            if count == known.seq and line.hash != known.hash:
                raise JournalBroken(line=count, reason="rewritten since this process read it")
        if count < known.seq:
            raise JournalBroken(line=count + 1, reason="lines are missing at the end")
        return count

    def head(self) -> tuple[int, str]:
        """Return number and hash of the last line (0 and START if empty), to be kept elsewhere and compared."""
        with self._guard:
            self._catch_up()
            return self._known.seq, self._known.hash

    def erased(self) -> frozenset[UUID]:
        """Return everyone whose key was destroyed, as of the last complete line on the disk."""
        with self._guard:
            self._catch_up()
            return frozenset(self._erased)

    def is_erased(self, subject: UUID) -> bool:
        """Tell whether this subject's key was destroyed; one ``stat`` when nothing was added, so every read asks."""
        if os.stat(self.path).st_size != self._known.read_to:
            with self._guard:
                self._catch_up()
        return subject in self._erased

    def revoked(self) -> dict[UUID, JournalLine]:
        """Return every grant that was withdrawn, each with the first line that says so."""
        with self._guard:
            self._catch_up()
            return dict(self._revoked)

    def is_revoked(self, grant: UUID) -> bool:
        """Tell whether a grant was withdrawn; one ``stat`` when nothing was added, so every read under it asks."""
        if os.stat(self.path).st_size != self._known.read_to:
            with self._guard:
                self._catch_up()
        return grant in self._revoked

    @contextmanager
    def _alone(self) -> Iterator[int]:
        handle = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            with self._guard:
                yield handle
        finally:
            os.close(handle)

    def renew_guard(self) -> None:
        """Forget, in a forked child, that a thread of the parent may have held the lock."""
        self._guard = Lock()

    def _read_next(self, raw: bytes) -> JournalLine:
        return _read_line(raw, self._known.seq + 1, self._known.hash)

    def _catch_up(self) -> bytes:
        """Take in the complete lines added since the last look; return the bytes behind the last newline."""
        with self.path.open("rb") as file:
            if file.seek(0, os.SEEK_END) < self._known.read_to:
                raise JournalBroken(line=self._known.seq, reason="lines are missing at the end")
            file.seek(self._known.read_to)
            added = file.read()
        complete = added.rfind(b"\n") + 1
        for raw in added[:complete].splitlines(keepends=True):
            self._take_in(raw)
        return added[complete:]

    def _take_in(self, raw: bytes) -> JournalLine:
        line = self._read_next(raw)
        if line.kind is DecisionKind.ERASED and line.subject is not None:
            self._erased.add(line.subject)
        if line.kind is DecisionKind.REVOKED:
            self._revoked.setdefault(UUID(line.detail["grant"]), line)
        # Last, and in one assignment: whoever sees the new length, or a child forked here, also sees the decision.
        self._known = _Known(self._known.read_to + len(raw), line.seq, line.hash)
        return line

    def _mend(self, handle: int) -> None:
        """Finish or cut off what stands behind the last newline; the caller holds the lock.

        A rest that is the whole next line but for its newline is kept: only the newline was lost. Any other rest was
        never acknowledged and goes.
        """
        rest = self._catch_up()
        if not rest:
            return
        try:
            self._read_next(rest)
        except JournalBroken:
            _LOG.warning("journal %s: %d bytes of a torn append are cut off", self.path.name, len(rest))
            os.ftruncate(handle, self._known.read_to)
            os.fsync(handle)
            return
        _write_all(handle, b"\n")
        self._take_in(rest + b"\n")


def _write_all(handle: int, content: bytes) -> None:
    while content:
        content = content[os.write(handle, content) :]
    os.fsync(handle)


_JOURNALS: Final[weakref.WeakSet[Journal]] = weakref.WeakSet()


def _renew_guards() -> None:
    for journal in list(_JOURNALS):
        journal.renew_guard()


os.register_at_fork(after_in_child=_renew_guards)
