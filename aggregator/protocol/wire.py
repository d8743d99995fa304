"""How the messages of a round become bytes: one canonical spelling, one digest, one signature form for all of them.

A message is a frozen value with a ``TYP``. Its bytes are canonical JSON (``trust.framing``), its digest is the SHA-256
of these bytes, and signed it is a compact JWS whose ``typ`` keeps one kind from standing for another (RFC 8725 section
3.11). Reading is strict: what is not byte for byte what this code would write is refused, so that equal digests mean
equal messages and nobody can hide a second meaning in an unused member.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from enum import StrEnum
from hashlib import sha256
from typing import ClassVar, Final, Self, TypeVar

from trust.errors import N_, ManabiError
from trust.forms import Form, FormFault
from trust.framing import canonical_json, from_text
from trust.keys import Key
from trust.signing import SigningKey
from trust.tokens import TokenFault, key_named, read_object, require_typ, take_apart, verify

DIGEST_BYTES: Final = 32
_MOST: Final = 1024 * 1024
_Read = TypeVar("_Read")


class Reason(StrEnum):
    """Why a server refuses a message. ``docs/method/protocol.md`` says what each means for whoever sent it."""

    MALFORMED = "malformed"
    SIGNATURE = "signature"
    OTHER_ROUND = "other_round"
    OTHER_PLAN = "other_plan"
    OTHER_NODE = "other_node"
    ROUND_CLOSED = "round_closed"
    FOREIGN_AREA = "foreign_area"
    CELLS = "cells"
    SHARE_ALTERED = "share_altered"
    SHARE_LENGTH = "share_length"
    SEQUENCE_TAKEN = "sequence_taken"
    SUPERSEDED = "superseded"
    ALREADY_COUNTED = "already_counted"
    TOO_MANY = "too_many"
    NOT_SEATED = "not_seated"
    SEAT_TAKEN = "seat_taken"


class SubmissionRefused(ManabiError):
    """A submission, or a seat's noise, that this server does not keep."""

    code = "protocol.submission_refused"
    status = 422
    title = N_("The submission was refused (%(reason)s).")
    remedy = N_("Nothing was kept. The method page explains each reason; a mended submission takes a new sequence.")

    @property
    def reason(self) -> Reason:
        """Which of the named reasons it is."""
        return Reason(str(self.params["reason"]))


class StatementRefused(ManabiError):
    """A statement of the other server that contradicts what is known here, or cannot be read."""

    code = "protocol.statement_refused"
    status = 422
    title = N_("The other server's statement was refused (%(reason)s).")
    remedy = N_("Nothing was opened. The operators of both servers compare what they hold for this round.")


class Message(ABC):
    """What every message can do. Subclasses are frozen dataclasses that say how they are written and read."""

    __slots__ = ()
    TYP: ClassVar[str]
    MOST: ClassVar[int] = _MOST

    @abstractmethod
    def document(self) -> dict[str, object]:
        """Return the members to be written."""

    @classmethod
    @abstractmethod
    def read(cls, document: dict[str, object]) -> Self:
        """Read the members; raises FormFault."""

    def to_bytes(self) -> bytes:
        """Return the canonical bytes."""
        return canonical_json(self.document())

    @property
    def digest(self) -> bytes:
        """Return the SHA-256 of the canonical bytes: the message's name in all other messages."""
        return sha256(self.to_bytes()).digest()

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """Read canonical bytes; raises StatementRefused for anything this code would have written differently."""
        try:
            if len(raw) > cls.MOST:
                raise FormFault("too long")
            return cls._exactly(read_object(raw), raw)
        except (FormFault, TokenFault, ValueError) as fault:
            raise StatementRefused(reason=str(fault)) from fault

    @classmethod
    def _exactly(cls, document: dict[str, object], raw: bytes) -> Self:
        message = cls.read(document)
        if message.to_bytes() != raw:
            raise FormFault("not in its one spelling")
        return message


_M = TypeVar("_M", bound=Message)


def sign(key: SigningKey, message: Message) -> str:
    """Return a message as a compact JWS; its digest stays that of the unsigned bytes."""
    return key.sign(message.to_bytes(), typ=message.TYP, most=message.MOST)


def open_signed(kind: type[_M], token: str, keys: Sequence[Key]) -> _M:
    """Read a message signed by one of ``keys`` (those that count for the sender); raises SubmissionRefused."""
    try:
        parts = take_apart(token, most=kind.MOST * 4 // 3 + 1024)
        require_typ(parts, kind.TYP)
        verify(parts, key_named(parts, keys))
    except TokenFault as fault:
        raise SubmissionRefused(reason=Reason.SIGNATURE.value) from fault
    try:
        return kind._exactly(parts.claims, from_text(token.split(".")[1]))
    except (FormFault, ValueError) as fault:
        raise SubmissionRefused(reason=Reason.MALFORMED.value) from fault


def named_in(kind: type[_M], token: str) -> _M:
    """Read a message whose signature was checked before, or that is only asked who claims to have sent it."""
    try:
        parts = take_apart(token, most=kind.MOST * 4 // 3 + 1024)
        return kind._exactly(parts.claims, from_text(token.split(".")[1]))
    except (TokenFault, FormFault, ValueError) as fault:
        raise SubmissionRefused(reason=Reason.MALFORMED.value) from fault


def read_digest(form: Form, name: str) -> bytes:
    """Return a member that is a SHA-256 in base64url."""
    raw = from_text(form.text(name, most=64))
    if len(raw) != DIGEST_BYTES:
        raise FormFault(f"{name}: not a digest")
    return raw


def read_all(form: Form, name: str, most: int, one: Callable[[object, str], _Read]) -> tuple[_Read, ...]:
    """Return a member that is a list, each member read by ``one``."""
    return tuple(one(wire, place) for wire, place in form.items(name, most))


def text_item(wire: object, place: str) -> str:
    """Return a member of a list that is a short text."""
    if not isinstance(wire, str) or not 0 < len(wire) <= 100:
        raise FormFault(f"{place}: not a short text")
    return wire
