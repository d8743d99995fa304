"""The request by which a participant enters the registry or changes its entry: one signed file to the registrar.

The first one is signed by a key it brings along, so it proves only that the sender holds that key; that the key is
the participant's is for the registrar to find out, by comparing thumbprints over another channel. Every later one is
signed by a key that the registry holds already.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from trust.errors import N_, ManabiError
from trust.forms import Form, FormFault, write_instant
from trust.keys import Key, jose_key
from trust.participants import (
    KeyUse,
    Participant,
    ParticipantKind,
    participant_to_wire,
    read_participant,
)
from trust.signing import SigningKey
from trust.tokens import TokenFault, key_named, make, require_typ, take_apart, verify

FORMAT: Final = "manabi-join/1"
MAX_REQUEST: Final = 8 * 1024 * 1024
"""Characters: the keys of some ten thousand schools."""
LIFETIME: Final = timedelta(days=30)
"""How old a request may be when it is admitted."""
AHEAD: Final = timedelta(minutes=5)

_TYP: Final = "manabi-join+jws"


class JoinRefused(ManabiError):
    """A request that the registrar must not act on."""

    code = "registry.join_refused"
    status = 422
    title = N_("The request to the registrar was refused (%(reason)s).")
    remedy = N_("The registry was not changed. The participant corrects what is named and sends a new request.")


@dataclass(frozen=True, slots=True)
class JoinRequest:
    """A request whose signature holds: the wanted entry (number 0), when it was made, and the key that signed it."""

    participant: Participant
    made_at: datetime
    kid: str


def write_join_request(key: SigningKey | Key, participant: Participant, *, now: datetime) -> str:
    """Return the signed request for an entry; raises JoinRefused for one that no registrar would admit."""
    private = jose_key(key)
    document = {
        "format": FORMAT, "made_at": write_instant(now),
        "participant": participant_to_wire(participant, numbered=False),
    }  # fmt: skip
    try:
        header = {"kid": private.kid or private.thumbprint(), "typ": _TYP}
        token = make(private, header, document, most=MAX_REQUEST)
    except TokenFault as fault:
        raise JoinRefused(reason=str(fault)) from fault
    open_join_request(token, now=now, find=lambda _: participant)
    return token


def open_join_request(token: str, *, now: datetime, find: Callable[[str], Participant | None]) -> JoinRequest:
    """Verify a request; raises JoinRefused.

    ``find`` returns the entry that the registry holds under an id: with one, only its keys may sign a change.
    """
    try:
        parts = take_apart(token, most=MAX_REQUEST)
        require_typ(parts, _TYP)
        form = Form(parts.claims, "request", {"format", "made_at", "participant"})
        if form.value("format") != FORMAT:
            raise FormFault("request.format: unknown")
        wanted = read_participant(form.value("participant"), "participant", numbered=False)
        held = find(wanted.id)
        signer = wanted if held is None else held
        use = KeyUse.CLIENT if signer.kind is ParticipantKind.SYSTEM else KeyUse.NODE
        key = key_named(parts, signer.keys_for(use, now))
        verify(parts, key)
        made_at = form.instant("made_at")
    except (TokenFault, FormFault) as fault:
        raise JoinRefused(reason=str(fault)) from fault
    if made_at > now + AHEAD:
        raise JoinRefused(reason="it is made in the future")
    if made_at + LIFETIME <= now:
        raise JoinRefused(reason="it is too old")
    if held is not None and held.kind is not wanted.kind:
        raise JoinRefused(reason=f"a {held.kind.value} does not become a {wanted.kind.value}")
    return JoinRequest(wanted, made_at, str(key.kid))
