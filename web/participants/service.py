"""The participant registry in force at this service: accepted once, kept in every version, read by every process.

The database is a place to keep the document, not a reason to believe it: each process verifies the registrar's
signature again before it relies on a version, and once for each version.
"""

from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Final, Protocol

from sqlalchemy import text
from sqlalchemy.orm import Session

from trust.keyring import Keyring
from trust.registry import (
    KeyUse,
    RegistrarUnknown,
    Registry,
    RegistryRefused,
    open_registry,
    read_held,
    read_registrar_keys,
)
from trust.signing import SigningKey, VerifyingKey
from web.database import Database
from web.participants.models import RegistryVersion

CLIENT_KEY: Final = "client"
"""Name of the keyring's first key for client assertions; later ones are `client-2`, `client-3`, …"""

_NEWEST = text("SELECT version, accepted_at FROM registry_version ORDER BY version DESC LIMIT 1")
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(7270301)")
_KEPT: Final = 8

_CLOCKS_APART: Final = timedelta(minutes=5)
"""A key that ends within this is left aside while there is another: the peer's clock may be ahead."""

_Place = tuple[str, int, datetime]


class HolderSettings(Protocol):
    """Where the registrar's public keys lie; None for a service that stands alone."""

    @property
    def registrar_key(self) -> Path | None:
        """File of the pinned keys (JWK set)."""


class Holder(Protocol):
    """A service that takes part: a node, or a server of the national count."""

    @property
    def settings(self) -> HolderSettings:
        """Its settings."""

    @property
    def database(self) -> Database:
        """Where the accepted documents are kept."""

    @property
    def keyring(self) -> Keyring:
        """Its own keys."""

    @property
    def node_id(self) -> str:
        """Its name in the registry."""


_opened: dict[_Place, Registry] = {}
_guard: Final = Lock()


def current_registry(session: Session, holder: Holder, now: datetime) -> Registry | None:
    """Return the registry in force, or None while there is none, or none that has not expired.

    Costs one short query; the document is verified once per process and version. Raises `RegistrarUnknown` or
    `RegistryRefused` if what is kept does not verify with the pinned keys.
    """
    newest = session.execute(_NEWEST).one_or_none()
    if newest is None:
        return None
    place = (str(holder.database.engine.url), int(newest.version), newest.accepted_at)
    with _guard:
        registry = _opened.get(place)
    if registry is None:
        row = session.get_one(RegistryVersion, newest.version)
        try:
            registry = open_registry(row.token, registrar_keys(holder), now, held=None)
        except RegistryRefused:
            if row.expires_at <= now:
                return None
            raise
        with _guard:
            while len(_opened) >= _KEPT:
                del _opened[next(iter(_opened))]
            _opened[place] = registry
    return registry if now < registry.expires_at else None


def install(session: Session, holder: Holder, token: str, now: datetime) -> Registry:
    """Accept a registry document; flushes. Raises `RegistryRefused` with the reason, or `RegistrarUnknown`.

    Nothing is changed by a document that is refused, and nothing by one that is in force already. A step back is
    refused even behind a registry that has expired: the highest version ever accepted counts.
    """
    session.execute(_ONE_AT_A_TIME)
    held = held_registry(session)
    registry = open_registry(token, registrar_keys(holder), now, held=held)
    if held is None or registry.version > held.version:
        session.add(
            RegistryVersion(version=registry.version, token=token, expires_at=registry.expires_at, accepted_at=now)
        )
        session.flush()
    return registry


def held_registry(session: Session) -> Registry | None:
    """Return the newest registry ever accepted, expired or not: what the registrar last said of this node.

    Whoever is about to rely on another participant asks `current_registry`.
    """
    newest = session.execute(_NEWEST).one_or_none()
    return None if newest is None else read_held(session.get_one(RegistryVersion, newest.version).token)


def registrar_keys(holder: Holder) -> tuple[VerifyingKey, ...]:
    """Return the pinned keys of the registrar; raises `RegistrarUnknown`."""
    path = holder.settings.registrar_key
    if path is None:
        raise RegistrarUnknown(reason="no file is set")
    try:
        return read_registrar_keys(path.read_bytes())
    except OSError as error:
        raise RegistrarUnknown(reason="the file cannot be read") from error


def client_key(holder: Holder, registry: Registry, now: datetime) -> SigningKey:
    """Return the key this service signs its client assertions with.

    Of the keys that the registry lists for it now it is the oldest: during a rotation everybody knows that one
    already, and by the time it ends every valid registry holds the new one.
    """
    own = registry.by_id(holder.node_id)
    held = {key.kid: key for key in client_keys(holder)}
    for at in (now + _CLOCKS_APART, now):
        listed = () if own is None else own.keys_for(KeyUse.CLIENT, at)
        known = [held[key.kid] for key in listed if key.kid in held]
        if known:
            return known[-1]
    return holder.keyring.signing_key(CLIENT_KEY)


def client_keys(holder: Holder) -> tuple[SigningKey, ...]:
    """Return every key for client assertions that the keyring holds, oldest first."""
    found: list[SigningKey] = []
    while holder.keyring.has_signing_key(owner := client_key_name(len(found) + 1)):
        found.append(holder.keyring.signing_key(owner))
    return tuple(found)


def client_key_name(number: int) -> str:
    """Return the keyring's name of the first, second, … key for client assertions."""
    return CLIENT_KEY if number == 1 else f"{CLIENT_KEY}-{number}"
