"""Participants of the exchange: who runs a node or a school's system, with which keys, for which organisations.

The form is strict on purpose. A member that is not known is refused, so that nothing about a person can slip into a
document that everybody copies: it lists offices and schools, never people.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from trust.envelopes import SealingPublicKey
from trust.forms import Form, FormFault, write_instant
from trust.keys import Key, read_jwk, write_jwk
from trust.signing import KeyRefused, VerifyingKey
from trust.ticket import MAX_NUMBER

MAX_ORGANISATIONS: Final = 20_000
MAX_KEYS: Final = 32

_NAME: Final = 200
_CODE: Final = 32


class KeyUse(StrEnum):
    """What a participant's key is for."""

    NODE = "node"
    """Messages, checkpoints, and requests to change the participant's own entry."""
    CLIENT = "client"
    """Client assertions at the nodes of others."""
    SEALING = "sealing"
    """Envelopes that only this participant opens (``trust.envelopes``): the one key that signs nothing."""


class ParticipantKind(StrEnum):
    """What takes part."""

    NODE = "node"
    """A node: it keeps records, has an issuer, and is a client of other nodes."""
    SYSTEM = "system"
    """A school's or vendor's system: a client alone, registered once for all nodes."""
    AGGREGATOR = "aggregator"
    """A server of the national count: it has an issuer, receives sealed shares, and is nobody's client."""


_USES: Final = {
    ParticipantKind.NODE: {KeyUse.NODE, KeyUse.CLIENT},
    ParticipantKind.SYSTEM: {KeyUse.CLIENT},
    ParticipantKind.AGGREGATOR: {KeyUse.NODE, KeyUse.SEALING},
}
"""The keys each kind must have."""


class OrganisationKind(StrEnum):
    """What an organisation is: a board or a school, under a code that the whole country knows."""

    BOARD = "board"
    SCHOOL = "school"


@dataclass(frozen=True, slots=True)
class ParticipantKey:
    """A participant's public key and when it counts: from ``valid_from`` until before ``valid_to``."""

    use: KeyUse
    jwk: dict[str, str]
    valid_from: datetime
    valid_to: datetime | None
    key: Key = field(repr=False, compare=False)

    @classmethod
    def of(cls, use: KeyUse, key: Key, valid_from: datetime, valid_to: datetime | None = None) -> "ParticipantKey":
        """Return the entry of a key; instants count to the second."""
        begin, end = _whole(valid_from), None if valid_to is None else _whole(valid_to)
        jwk = write_jwk(key)
        return cls(use, jwk, begin, end, read_jwk(jwk))

    @classmethod
    def to_seal(cls, key: SealingPublicKey, valid_from: datetime, valid_to: datetime | None = None) -> "ParticipantKey":
        """Return the entry of a key that envelopes are closed to; instants count to the second."""
        begin, end = _whole(valid_from), None if valid_to is None else _whole(valid_to)
        return cls(KeyUse.SEALING, key.jwk(), begin, end, key.jose_key())

    @property
    def kid(self) -> str:
        """The key's name within the participant."""
        return self.jwk["kid"]

    def counts_at(self, at: datetime) -> bool:
        """Whether the key may be used at an instant."""
        return self.valid_from <= at and (self.valid_to is None or at < self.valid_to)


@dataclass(frozen=True, slots=True)
class Organisation:
    """A school or board under its code, with every key it ever signed records with, and who followed it."""

    code: str
    name: str
    kind: OrganisationKind
    keys: tuple[VerifyingKey, ...] = ()
    successor: str | None = None

    def key(self, kid: str) -> VerifyingKey | None:
        """Return the key that a record's signature names; a record outlives the years in which its key was used."""
        return next((key for key in self.keys if key.kid == kid), None)


@dataclass(frozen=True, slots=True)
class Participant:
    """One participant. ``id`` is the node's own name and its OAuth ``client_id``; ``contact`` is an office."""

    number: int
    id: str
    name: str
    kind: ParticipantKind
    issuer: str | None
    contact: str
    keys: tuple[ParticipantKey, ...]
    organisations: tuple[Organisation, ...] = ()

    def keys_for(self, use: KeyUse | str, at: datetime) -> tuple[Key, ...]:
        """Return the public keys that count for a use at an instant, newest first."""
        counting = [one for one in self.keys if one.use == use and one.counts_at(at)]
        return tuple(one.key for one in sorted(counting, key=lambda one: one.valid_from, reverse=True))

    def sealing_key(self, at: datetime) -> SealingPublicKey | None:
        """Return the key to close envelopes to at an instant, the newest one; None where the participant has none."""
        counting = [one for one in self.keys if one.use is KeyUse.SEALING and one.counts_at(at)]
        newest = max(counting, key=lambda one: one.valid_from, default=None)
        return None if newest is None else SealingPublicKey.from_jwk(newest.jwk)


def participant_to_wire(one: Participant, *, numbered: bool = True) -> dict[str, object]:
    """Return a participant as it stands in a registry; in a join request it has no number yet."""
    number: dict[str, object] = {"number": one.number} if numbered else {}
    return number | {
        "id": one.id, "name": one.name, "kind": one.kind.value, "issuer": one.issuer,
        "contact": one.contact,
        "keys": [
            {
                "use": key.use.value, "jwk": key.jwk, "valid_from": write_instant(key.valid_from),
                "valid_to": None if key.valid_to is None else write_instant(key.valid_to),
            }
            for key in one.keys
        ],
        "organisations": [
            {
                "code": each.code, "name": each.name, "kind": each.kind.value,
                "keys": [key.jwk() for key in each.keys], "successor": each.successor,
            }
            for each in one.organisations
        ],
    }  # fmt: skip


def read_participant(wire: object, place: str, *, numbered: bool = True) -> Participant:
    """Read a participant, number 0 where none is given yet; raises FormFault naming the place and the fault."""
    members = {"id", "name", "kind", "issuer", "contact", "keys", "organisations"}
    form = Form(wire, place, members | {"number"} if numbered else members)
    kind = form.choice("kind", ParticipantKind)
    issuer = None if form.value("issuer") is None else form.text("issuer", most=_NAME)
    if (issuer is None) is not (kind is ParticipantKind.SYSTEM):
        raise FormFault(f"{place}.issuer: a node has one, an aggregator too, a system has none")
    if issuer is not None:
        _require_issuer(issuer, f"{place}.issuer")
    one = Participant(
        form.whole("number", 1, MAX_NUMBER) if numbered else 0,
        form.token("id", most=64, also="-."), form.text("name", most=_NAME), kind,
        issuer, form.text("contact", most=_NAME), tuple(_key(*each) for each in form.items("keys", MAX_KEYS)),
        tuple(_organisation(*each) for each in form.items("organisations", MAX_ORGANISATIONS)),
    )  # fmt: skip
    if one.organisations and kind is not ParticipantKind.NODE:
        raise FormFault(f"{place}.organisations: a system stands for no organisation, nor does an aggregator")
    _require_uses(one, place)
    kids = [key.kid for key in one.keys]
    if len(set(kids)) != len(kids):
        raise FormFault(f"{place}.keys: a kid stands twice")
    return one


def _require_uses(one: Participant, place: str) -> None:
    """Refuse an entry that lacks a key its kind works with; an aggregator has no others, nobody else a sealing key."""
    present = {key.use for key in one.keys}
    for use in KeyUse:
        if use in _USES[one.kind] - present:
            raise FormFault(f"{place}.keys: no {use.value} key")
        if use in present - _USES[one.kind] and (one.kind is ParticipantKind.AGGREGATOR or use is KeyUse.SEALING):
            raise FormFault(f"{place}.keys: a {use.value} key is not for this kind")


def _whole(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(microsecond=0)


def _key(wire: object, place: str) -> ParticipantKey:
    form = Form(wire, place, {"use", "jwk", "valid_from", "valid_to"})
    jwk = form.value("jwk")
    if not isinstance(jwk, Mapping):
        raise FormFault(f"{place}.jwk: not an object")
    begin, end = form.instant("valid_from"), None if form.value("valid_to") is None else form.instant("valid_to")
    use = form.choice("use", KeyUse)
    try:
        if use is KeyUse.SEALING:
            one = ParticipantKey.to_seal(SealingPublicKey.from_jwk(jwk), begin, end)
        else:
            one = ParticipantKey.of(use, read_jwk(jwk), begin, end)
    except KeyRefused as refused:
        raise FormFault(f"{place}.jwk: {refused.params['reason']}") from refused
    if one.jwk != jwk:
        raise FormFault(f"{place}.jwk: not in its published form")
    if end is not None and end <= begin:
        raise FormFault(f"{place}.valid_to: not after valid_from")
    return one


def _organisation(wire: object, place: str) -> Organisation:
    form = Form(wire, place, {"code", "name", "kind", "keys", "successor"})
    code = form.token("code", most=_CODE)
    successor = None if form.value("successor") is None else form.token("successor", most=_CODE)
    if successor == code:
        raise FormFault(f"{place}.successor: the organisation itself")
    keys = tuple(_organisation_key(*each) for each in form.items("keys", MAX_KEYS))
    if len({key.kid for key in keys}) != len(keys):
        raise FormFault(f"{place}.keys: a key stands twice")
    return Organisation(code, form.text("name", most=_NAME), form.choice("kind", OrganisationKind), keys, successor)


def _organisation_key(wire: object, place: str) -> VerifyingKey:
    if not isinstance(wire, Mapping):
        raise FormFault(f"{place}: not an object")
    try:
        key = VerifyingKey.from_jwk(wire)
    except KeyRefused as refused:
        raise FormFault(f"{place}: {refused.params['reason']}") from refused
    if key.jwk() != wire:
        raise FormFault(f"{place}: not in its published form")
    return key


def _require_issuer(text: str, place: str) -> None:
    """Refuse an address that is no issuer (RFC 8414 section 2): https, or http on this very machine for the demo."""
    try:
        split = urlsplit(text)
        here = split.scheme == "http" and split.hostname == "localhost"
        good = bool(split.hostname) and (split.scheme == "https" or here) and split.port != 0
    except ValueError:
        good = False
    if not good or not text.isascii() or any(mark in text for mark in "@?# \\") or text.endswith("/"):
        raise FormFault(f"{place}: not the address of an issuer")
