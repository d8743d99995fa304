"""Proof of who calls whom between the two servers: a signed statement over the SHA-256 of each body, both ways.

A call names caller, callee, path, body digest, instant and a number that counts once; an answer names the call's proof
and its own body digest. The keys are those of the participant registry. Nothing depends on it being fresh: every call
may be repeated and is answered with the same bytes. But an old call says nothing about what the other server wants now.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from aggregator.rounds.errors import PeerUnproven
from trust.framing import to_text
from trust.keys import Key
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

HEADER: Final = "Manabi-Statement"
FRESH: Final = timedelta(minutes=5)
"""How far the two servers' clocks may be apart, and how long a call's number must be remembered on each side of it."""

_MOST: Final = 4096
_CALL: Final = "manabi-peer-call+jws"
_ANSWER: Final = "manabi-peer-answer+jws"
_NUMBER: Final = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Call:
    """A call that was proven: by whom, and the number that counts once until ``until``."""

    caller: str
    number: str
    until: datetime


def prove_call(key: SigningKey, caller: str, callee: str, path: str, body: bytes, number: str, now: datetime) -> str:
    """Return the proof of a call; ``number`` is 32 random hexadecimal digits."""
    claims = {
        "iss": caller, "aud": callee, "path": path, "sha256": _digest(body), "jti": number, "iat": numeric_date(now),
    }  # fmt: skip
    return _made(key, _CALL, claims)


def claimed_caller(proof: str) -> str:
    """Return who claims to call, unverified: good for finding the keys; raises PeerUnproven."""
    try:
        return id_of(take_apart(proof, most=_MOST).claims, "iss")
    except TokenFault as fault:
        raise PeerUnproven(reason=str(fault)) from fault


def check_call(proof: str, keys: Sequence[Key], callee: str, path: str, body: bytes, now: datetime) -> Call:
    """Check a call; raises PeerUnproven. That its number was not used before is for the caller to see."""
    try:
        parts = take_apart(proof, most=_MOST)
        require_typ(parts, _CALL)
        verify(parts, key_named(parts, keys))
        claims, at = parts.claims, instant_of(parts.claims, "iat")
        if id_of(claims, "aud") != callee or id_of(claims, "path") != path:
            raise TokenFault("made for another call")
        if id_of(claims, "sha256") != _digest(body):
            raise TokenFault("made for another body")
        if abs(now - at) > FRESH:
            raise TokenFault("not made now")
        number = id_of(claims, "jti")
        if not _NUMBER.fullmatch(number):
            raise TokenFault("jti is not a number")
        return Call(id_of(claims, "iss"), number, at + 2 * FRESH)
    except TokenFault as fault:
        raise PeerUnproven(reason=str(fault)) from fault


def prove_answer(key: SigningKey, server: str, proof: str, body: bytes) -> str:
    """Return the proof of an answer to a proven call."""
    return _made(key, _ANSWER, {"iss": server, "call": _digest(proof.encode()), "sha256": _digest(body)})


def check_answer(answer: str, keys: Sequence[Key], server: str, proof: str, body: bytes) -> None:
    """Check that a server gave this body as its answer to this very call; raises PeerUnproven."""
    try:
        parts = take_apart(answer, most=_MOST)
        require_typ(parts, _ANSWER)
        verify(parts, key_named(parts, keys))
        if parts.claims != {"iss": server, "call": _digest(proof.encode()), "sha256": _digest(body)}:
            raise TokenFault("made for another answer")
    except TokenFault as fault:
        raise PeerUnproven(reason=str(fault)) from fault


def _made(key: SigningKey, typ: str, claims: dict[str, object]) -> str:
    return make(key.jose_key(), {"kid": key.kid, "typ": typ}, claims, most=_MOST)


def _digest(raw: bytes) -> str:
    return to_text(sha256(raw).digest())
