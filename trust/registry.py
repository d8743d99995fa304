"""The participant registry: one signed, versioned, expiring document by which nodes know each other.

A node pins the registrar's keys and accepts a document that one of them signed, that has not expired, and that is no
step back: a lower version, or the same version with another content, is refused (rollback and split view). Nothing
else about another node is ever believed: issuer, keys, names and codes come from here.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from trust.errors import N_, ManabiError
from trust.forms import Form, FormFault, write_instant
from trust.framing import canonical_json, from_text
from trust.participants import (
    KeyUse,
    Organisation,
    OrganisationKind,
    Participant,
    ParticipantKey,
    ParticipantKind,
    participant_to_wire,
    read_participant,
)
from trust.signing import KeyRefused, SignatureRefused, SigningKey, VerifyingKey, named_key
from trust.tokens import TokenFault, read_object

__all__ = [
    "KeyUse",
    "Organisation",
    "OrganisationKind",
    "Participant",
    "ParticipantKey",
    "ParticipantKind",
    "RegistrarUnknown",
    "Registry",
    "RegistryRefused",
    "make_registry",
    "open_registry",
    "read_held",
    "read_registrar_keys",
    "write_registrar_keys",
]

FORMAT: Final = "manabi-registry/1"
MAX_REGISTRY: Final = 32 * 1024 * 1024
"""Bytes: 2,000 nodes with the keys of 40,000 schools take about 16 MB."""
MAX_PARTICIPANTS: Final = 10_000
AHEAD: Final = timedelta(minutes=5)
"""How far in the future a document may be issued: the registrar's clock is another one."""

_TYP: Final = "manabi-registry+jws"


class RegistryRefused(ManabiError):
    """A registry document that this node must not rely on; the one it holds stays in force."""

    code = "registry.refused"
    status = 422
    title = N_("The participant registry was refused (%(reason)s).")
    remedy = N_("The one in force was not changed. Ask the registrar for the newest document.")


class RegistrarUnknown(ManabiError):
    """It is not known whose signature makes a registry."""

    code = "registry.registrar_unknown"
    status = 503
    title = N_("The registrar's public keys are not known here (%(reason)s).")
    remedy = N_("The operator gives the node the file with the registrar's public keys.")


@dataclass(frozen=True, slots=True)
class Registry:
    """A registry that was verified. ``digest`` is the SHA-256 of its content, for telling two versions apart."""

    version: int
    issued_at: datetime
    expires_at: datetime
    participants: tuple[Participant, ...]
    digest: bytes = field(default=b"", repr=False)
    _ids: dict[str, Participant] = field(init=False, repr=False, compare=False)
    _numbers: dict[int, Participant] = field(init=False, repr=False, compare=False)
    _issuers: dict[str, Participant] = field(init=False, repr=False, compare=False)
    _codes: dict[str, tuple[Participant, Organisation]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        codes = {each.code: (one, each) for one in self.participants for each in one.organisations}
        object.__setattr__(self, "_ids", {one.id: one for one in self.participants})
        object.__setattr__(self, "_numbers", {one.number: one for one in self.participants})
        object.__setattr__(self, "_issuers", {one.issuer: one for one in self.participants if one.issuer is not None})
        object.__setattr__(self, "_codes", codes)

    def by_id(self, participant: str) -> Participant | None:
        """Return a participant by its id, which is also its OAuth ``client_id``."""
        return self._ids.get(participant)

    def by_number(self, number: int) -> Participant | None:
        """Return a participant by the number its tickets carry."""
        return self._numbers.get(number)

    def by_issuer(self, issuer: str) -> Participant | None:
        """Return the node with this issuer."""
        return self._issuers.get(issuer)

    def organisation(self, code: str) -> tuple[Participant, Organisation] | None:
        """Return the organisation of exactly this code, closed or not: its keys check the records it signed."""
        return self._codes.get(code)

    def school(self, code: str) -> tuple[Participant, Organisation] | None:
        """Return who stands for this code today: successors are followed as far as they are listed."""
        found = self._codes.get(code)
        while found is not None and found[1].successor is not None and found[1].successor in self._codes:
            found = self._codes[found[1].successor]
        return found


def make_registry(
    key: SigningKey, version: int, participants: Sequence[Participant], *, now: datetime, expires_at: datetime
) -> str:
    """Return a signed registry; raises RegistryRefused if it contradicts itself, so that none is ever published."""
    document: dict[str, object] = {
        "format": FORMAT, "version": version, "issued_at": write_instant(now), "expires_at": write_instant(expires_at),
        "participants": [participant_to_wire(one) for one in participants],
    }  # fmt: skip
    payload = canonical_json(document)
    _read(payload)
    return key.sign(payload, typ=_TYP, most=MAX_REGISTRY)


def open_registry(token: str, registrar: Sequence[VerifyingKey], now: datetime, *, held: Registry | None) -> Registry:
    """Verify a registry document and return it; raises RegistryRefused with the reason.

    ``registrar`` are the pinned keys; ``held`` is the registry in force, which a new one may not step behind.
    """
    try:
        payload = _verified(token, registrar)
    except SignatureRefused as refused:
        raise RegistryRefused(reason=f"signature: {refused.params['reason']}") from refused
    registry = _read(payload)
    if registry.expires_at <= now:
        raise RegistryRefused(reason=f"it expired on {write_instant(registry.expires_at)}")
    if registry.issued_at > now + AHEAD:
        raise RegistryRefused(reason="it is issued in the future")
    if held is not None and registry.version < held.version:
        raise RegistryRefused(reason=f"version {registry.version} is older than version {held.version} in force")
    if held is not None and registry.version == held.version and registry.digest != held.digest:
        raise RegistryRefused(reason=f"another document with version {held.version} is in force")
    return registry


def read_held(token: str) -> Registry:
    """Read a document that was verified when it was accepted, for comparing a new one with it, expired or not.

    Its signature is not looked at again: the registrar may have changed keys since, and a step back stays one.
    """
    try:
        return _read(from_text(token.split(".")[1]))
    except (ValueError, LookupError) as error:
        raise RegistryRefused(reason="the one that is kept is damaged") from error


def read_registrar_keys(document: bytes) -> tuple[VerifyingKey, ...]:
    """Read the keys to pin, a JWK set (RFC 7517 section 5) of Ed25519 keys; raises RegistrarUnknown."""
    try:
        listed = json.loads(document)["keys"]
        keys = tuple(VerifyingKey.from_jwk(jwk) for jwk in listed)
    except (KeyRefused, ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise RegistrarUnknown(reason="the file is not a JWK set of Ed25519 keys") from error
    if not keys:
        raise RegistrarUnknown(reason="the file holds no key")
    return keys


def write_registrar_keys(keys: Sequence[VerifyingKey]) -> bytes:
    """Return the JWK set that nodes pin."""
    return json.dumps({"keys": [key.jwk() for key in keys]}, indent=1).encode() + b"\n"


def _verified(token: str, registrar: Sequence[VerifyingKey]) -> bytes:
    kid = named_key(token, most=MAX_REGISTRY)
    for key in registrar:
        if key.kid == kid:
            return key.verify(token, typ=_TYP, most=MAX_REGISTRY)
    raise RegistryRefused(reason="signed by a key that is not the registrar's")


def _read(payload: bytes) -> Registry:
    try:
        form = Form(read_object(payload), "registry", {"format", "version", "issued_at", "expires_at", "participants"})
        if form.value("format") != FORMAT:
            raise FormFault("registry.format: unknown")
        registry = Registry(
            form.whole("version", 1, 2**53 - 1), form.instant("issued_at"), form.instant("expires_at"),
            tuple(read_participant(*each) for each in form.items("participants", MAX_PARTICIPANTS)),
            sha256(payload).digest(),
        )  # fmt: skip
        if registry.expires_at <= registry.issued_at:
            raise FormFault("registry.expires_at: not after issued_at")
        _require_unique(registry)
        _require_ends(registry)
    except (TokenFault, FormFault) as fault:
        raise RegistryRefused(reason=str(fault)) from fault
    return registry


def _require_unique(registry: Registry) -> None:
    """Refuse a document in which two participants could be taken for each other."""
    for name, values in (
        ("id", [one.id for one in registry.participants]),
        ("number", [str(one.number) for one in registry.participants]),
        ("issuer", [one.issuer for one in registry.participants if one.issuer is not None]),
        ("code", [each.code for one in registry.participants for each in one.organisations]),
        ("key", [key.key.thumbprint() for one in registry.participants for key in one.keys]),
    ):
        seen: set[str] = set()
        for value in values:
            if value in seen:
                raise FormFault(f"the {name} {value} stands twice")
            seen.add(value)


def _require_ends(registry: Registry) -> None:
    """Refuse successors that lead round in a ring: nobody would stand for such a school."""
    following = {each.code: each.successor for one in registry.participants for each in one.organisations}
    ended: set[str] = set()
    for start in following:
        way: list[str] = []
        here: str | None = start
        while here is not None and here in following and here not in ended:
            if here in way:
                raise FormFault(f"the successors of {start} lead round in a ring")
            way.append(here)
            here = following[here]
        ended.update(way)
