"""Signed messages between participants: security event tokens (RFC 8417), one event each.

A message is delivered at least once and may wait in an outbox for days, so the receiver acts once per ``jti``. It is
signed with the sender's ``node`` key of the registry and addressed to one participant. Bodies name ids, versions and
hashes, never the content of a record.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from trust.errors import N_, ManabiError
from trust.keys import Key, jose_key
from trust.signing import SigningKey
from trust.tokens import (
    TokenFault,
    id_of,
    instant_of,
    key_named,
    make,
    numeric_date,
    require_typ,
    take_apart,
    verify,
)

MAX_MESSAGE: Final = 512 * 1024
"""Characters: a manifest of some thousand documents."""
LIFETIME: Final = timedelta(days=30)
"""How old a message may be when it arrives; until then its ``jti`` must be remembered."""

_AHEAD: Final = timedelta(seconds=60)
_TYP: Final = "secevent+jwt"
_EVENT: Final = "urn:manabi:event:"
_KIND_CHARACTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_")


class MessageRefused(ManabiError):
    """A message that was not sent by whom it names, not to this participant, or cannot be read."""

    code = "message.refused"
    status = 400
    title = N_("The message was refused (%(reason)s).")
    remedy = N_("Nothing was done. The operator of the sending system checks its key in the registry and its clock.")


@dataclass(frozen=True, slots=True)
class Message:
    """A message that was verified: who sent it, what kind it is, what it says, when it was made."""

    jti: str
    issuer: str
    kind: str
    body: dict[str, object]
    at: datetime


def make_message(
    key: SigningKey | Key, issuer_id: str, audience_id: str, kind: str, body: Mapping[str, object], *, now: datetime,
    jti: str,
) -> str:  # fmt: skip
    """Return a signed message; raises MessageRefused if it is too large, ValueError for a kind that is no name."""
    if not 0 < len(kind) <= 64 or not _KIND_CHARACTERS.issuperset(kind):
        raise ValueError("a kind is named by lower-case letters, digits and '_'")
    private = jose_key(key)
    claims = {
        "iss": issuer_id, "aud": audience_id, "jti": jti, "iat": numeric_date(now), "events": {_EVENT + kind: body},
    }  # fmt: skip
    try:
        return make(private, {"kid": private.kid or private.thumbprint(), "typ": _TYP}, claims, most=MAX_MESSAGE)
    except TokenFault as fault:
        raise MessageRefused(reason=str(fault)) from fault


def peek_issuer(token: str) -> str:
    """Return who claims to have sent a message, unverified: good for finding the keys; raises MessageRefused."""
    try:
        return id_of(take_apart(token, most=MAX_MESSAGE).claims, "iss")
    except TokenFault as fault:
        raise MessageRefused(reason=str(fault)) from fault


def open_message(token: str, *, keys: Sequence[Key], audience: str, now: datetime) -> Message:
    """Verify a message with the keys of the participant that ``peek_issuer`` named; raises MessageRefused."""
    try:
        parts = take_apart(token, most=MAX_MESSAGE)
        require_typ(parts, _TYP)
        verify(parts, key_named(parts, keys))
        claims = parts.claims
        if id_of(claims, "aud") != audience:
            raise TokenFault("addressed to somebody else")
        at = instant_of(claims, "iat")
        if at > now + _AHEAD:
            raise TokenFault("iat lies in the future")
        if at + LIFETIME <= now:
            raise TokenFault("it is too old")
        kind, body = _event(claims.get("events"))
        return Message(id_of(claims, "jti"), id_of(claims, "iss"), kind, body, at)
    except TokenFault as fault:
        raise MessageRefused(reason=str(fault)) from fault


def _event(events: object) -> tuple[str, dict[str, object]]:
    if not isinstance(events, dict) or len(events) != 1:
        raise TokenFault("it does not hold exactly one event")
    name, body = next(iter(events.items()))
    kind = name.removeprefix(_EVENT)
    if kind == name or not 0 < len(kind) <= 64 or not _KIND_CHARACTERS.issuperset(kind):
        raise TokenFault("its kind is not a name")
    if not isinstance(body, dict):
        raise TokenFault("its body is not an object")
    return kind, body
