"""The ledger as a chain of lines: what a line says, the bytes that are hashed, and how a false line is found.

Each line names the SHA-256 of the line before it, so that nobody can change, remove or move a line without changing
every hash after it. Whoever keeps one head (number and hash) can tell later whether the ledger still extends it: the
hashes alone would not show that the newest lines were cut off.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from trust.errors import N_, ManabiError
from trust.forms import write_instant
from trust.framing import canonical_json

FORMAT: Final = "manabi-ledger/1"
FIRST: Final = bytes(32)
"""What the first line names as the line before it."""


class Kind(StrEnum):
    """What a line does to the budget of a school year."""

    RESERVED = "reserved"  # set aside when two officers have approved a plan
    SPENT = "spent"  # in the transaction that closes a round, before anything is opened
    PUBLISHED = "published"  # in the transaction of the release; costs nothing more
    FREED = "freed"  # given back: a plan was withdrawn before any of it was spent


class LedgerBroken(ManabiError):
    """A line that does not follow from the one before it: the ledger was altered, or a part of it is missing."""

    code = "ledger.broken"
    status = 500
    title = N_("The privacy ledger does not hold together at line %(line)s (%(reason)s).")
    remedy = N_("Stop every round. Compare the lines with the other server's ledger and with heads kept elsewhere.")


@dataclass(frozen=True, slots=True)
class Line:
    """One line. ``units`` are picorho; ``detail`` says for whom and why, in ids and names of plans, never a figure."""

    seq: int
    at: datetime
    kind: Kind
    school_year: int
    plan_digest: bytes
    round_id: UUID | None
    units: int
    detail: Mapping[str, Any]
    prev: bytes
    hash: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """Where a ledger stands: how many lines, and the hash of the last one. A ledger without lines has ``FIRST``."""

    seq: int
    hash: bytes


def to_wire(line: Line) -> dict[str, object]:
    """Return a line as JSON shows it, without its own hash: what is hashed."""
    return {
        "seq": line.seq,
        "at": write_instant(line.at),
        "kind": line.kind.value,
        "school_year": line.school_year,
        "plan": line.plan_digest.hex(),
        "round": None if line.round_id is None else str(line.round_id),
        "units": line.units,
        "detail": dict(line.detail),
        "prev": line.prev.hex(),
    }


def hash_of(line: Line) -> bytes:
    """Return the hash that belongs to a line: SHA-256 of its canonical JSON (RFC 8785) without the member ``hash``."""
    return sha256(canonical_json(to_wire(line))).digest()


def walk(lines: Iterable[Line], kept: Iterable[Head] = ()) -> Head:
    """Check every line against the one before it, and that heads kept earlier are still in it; return the head.

    Raises LedgerBroken naming the first line that is wrong.
    """
    wanted = {head.seq: head.hash for head in kept}
    head = Head(0, FIRST)
    for line in lines:
        if line.seq != head.seq + 1:
            raise LedgerBroken(line=head.seq + 1, reason="it is missing")
        if line.prev != head.hash:
            raise LedgerBroken(line=line.seq, reason="it names another line before it")
        if hash_of(line) != line.hash:
            raise LedgerBroken(line=line.seq, reason="its content is not what was hashed")
        head = Head(line.seq, line.hash)
        if wanted.pop(head.seq, head.hash) != head.hash:
            raise LedgerBroken(line=head.seq, reason="it is not the line that was kept")
    wanted.pop(0, None)
    if wanted:
        raise LedgerBroken(line=head.seq + 1, reason="the ledger was longer before")
    return head
