"""Passkey ceremonies (WebAuthn Level 3): user verification always required, challenges single use for five minutes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import webauthn
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session
from webauthn.helpers import base64url_to_bytes, options_to_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from web.accounts.errors import LastCredential, PasskeyRefused
from web.accounts.models import Account, CeremonyPurpose, Passkey, PasskeyCeremony

_CHALLENGE_LASTS = timedelta(minutes=5)
_MOST_PASSKEYS = 20
_SWEEP = 100
_MALFORMED = (WebAuthnException, ValueError, KeyError, TypeError, AttributeError)


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """Whom a passkey is made for: the host and origin of the configured public address, never of the request."""

    rp_id: str
    origin: str
    name: str

    @classmethod
    def at(cls, public_url: str, name: str) -> "RelyingParty":
        """Return the relying party of a public address."""
        return cls(urlsplit(public_url).hostname or "", public_url, name)


@dataclass(frozen=True, slots=True)
class Begun:
    """A ceremony that began: its number, and the options for the browser as JSON values."""

    ceremony_id: UUID
    options: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Challenge:
    """A challenge taken back from the store: it cannot be taken a second time."""

    challenge: bytes
    account_id: UUID | None


@dataclass(frozen=True, slots=True)
class PasskeyLine:
    """One line of a person's list of passkeys."""

    passkey_id: UUID
    label: str
    backed_up: bool
    created_at: datetime
    last_used_at: datetime | None


def begin_registration(session: Session, party: RelyingParty, account_id: UUID, label: str, now: datetime) -> Begun:
    """Begin to register a passkey; `label` is what the device will show it as."""
    known = session.execute(select(Passkey.credential_id).where(Passkey.account_id == account_id)).scalars().all()
    if len(known) >= _MOST_PASSKEYS:
        raise PasskeyRefused()
    options = webauthn.generate_registration_options(
        rp_id=party.rp_id,
        rp_name=party.name,
        user_id=account_id.bytes,
        user_name=label,
        user_display_name=label,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=credential) for credential in known],
    )
    return _keep(session, CeremonyPurpose.REGISTER, options.challenge, account_id, options_to_json(options), now)


def begin_sign_in(session: Session, party: RelyingParty, now: datetime) -> Begun:
    """Begin a sign-in with whatever passkey the device offers; no name is asked."""
    options = webauthn.generate_authentication_options(
        rp_id=party.rp_id, user_verification=UserVerificationRequirement.REQUIRED
    )
    return _keep(session, CeremonyPurpose.SIGN_IN, options.challenge, None, options_to_json(options), now)


def begin_confirmation(session: Session, party: RelyingParty, account_id: UUID, now: datetime) -> Begun:
    """Begin to prove anew who is signed in, with one of the account's own passkeys."""
    known = session.execute(select(Passkey.credential_id).where(Passkey.account_id == account_id)).scalars()
    options = webauthn.generate_authentication_options(
        rp_id=party.rp_id,
        user_verification=UserVerificationRequirement.REQUIRED,
        allow_credentials=[PublicKeyCredentialDescriptor(id=credential) for credential in known],
    )
    return _keep(session, CeremonyPurpose.CONFIRM, options.challenge, account_id, options_to_json(options), now)


def take_challenge(session: Session, ceremony_id: UUID, purpose: CeremonyPurpose, now: datetime) -> Challenge:
    """Take a challenge out of the store, or raise `PasskeyRefused`. The edge commits before it verifies the answer."""
    taken = session.execute(
        delete(PasskeyCeremony)
        .where(
            PasskeyCeremony.ceremony_id == ceremony_id,
            PasskeyCeremony.purpose == purpose.value,
            PasskeyCeremony.expires_at > now,
        )
        .returning(PasskeyCeremony.challenge, PasskeyCeremony.account_id)
    ).one_or_none()
    if taken is None:
        raise PasskeyRefused()
    return Challenge(taken.challenge, taken.account_id)


def register_passkey(
    session: Session,
    party: RelyingParty,
    account_id: UUID,
    challenge: Challenge,
    credential: Mapping[str, Any],
    label: str,
    now: datetime,
) -> None:
    """Verify a new passkey and keep its public key. Raises `PasskeyRefused`."""
    if challenge.account_id != account_id:
        raise PasskeyRefused()
    try:
        verified = webauthn.verify_registration_response(
            credential=dict(credential),
            expected_challenge=challenge.challenge,
            expected_rp_id=party.rp_id,
            expected_origin=party.origin,
            require_user_verification=True,
        )
    except _MALFORMED as fault:
        raise PasskeyRefused() from fault
    known = select(Passkey.passkey_id).where(Passkey.credential_id == verified.credential_id)
    if session.execute(known).one_or_none() is not None:
        raise PasskeyRefused()
    session.add(
        Passkey(
            passkey_id=uuid4(),
            account_id=account_id,
            credential_id=verified.credential_id,
            public_key=verified.credential_public_key,
            sign_count=verified.sign_count,
            backed_up=verified.credential_backed_up,
            label=label,
            created_at=now,
        )
    )
    session.flush()


def verify_passkey(
    session: Session, party: RelyingParty, challenge: Challenge, credential: Mapping[str, Any], now: datetime
) -> UUID:
    """Return the account whose passkey answered a challenge, or raise `PasskeyRefused`."""
    try:
        credential_id = base64url_to_bytes(str(credential["id"]))
    except _MALFORMED as fault:
        raise PasskeyRefused() from fault
    passkey = session.execute(
        select(Passkey).where(Passkey.credential_id == credential_id).with_for_update()
    ).scalar_one_or_none()
    if passkey is None or challenge.account_id not in (None, passkey.account_id):
        raise PasskeyRefused()
    try:
        verified = webauthn.verify_authentication_response(
            credential=dict(credential),
            expected_challenge=challenge.challenge,
            expected_rp_id=party.rp_id,
            expected_origin=party.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
        handle = credential["response"].get("userHandle")
        if handle and base64url_to_bytes(handle) != passkey.account_id.bytes:
            raise PasskeyRefused()
    except _MALFORMED as fault:
        raise PasskeyRefused() from fault
    passkey.sign_count, passkey.backed_up = verified.new_sign_count, verified.credential_backed_up
    passkey.last_used_at = now
    session.flush()
    return passkey.account_id


def list_passkeys(session: Session, account_id: UUID) -> list[PasskeyLine]:
    """List the passkeys of an account, the oldest first."""
    rows = session.execute(select(Passkey).where(Passkey.account_id == account_id).order_by(Passkey.created_at))
    return [
        PasskeyLine(row.passkey_id, row.label, row.backed_up, row.created_at, row.last_used_at)
        for row in rows.scalars()
    ]


def remove_passkey(session: Session, account_id: UUID, passkey_id: UUID) -> None:
    """Take a passkey from an account; raises `LastCredential` when nothing else would be left to sign in with."""
    account = session.execute(select(Account).where(Account.account_id == account_id).with_for_update()).scalar_one()
    others = session.execute(
        select(func.count()).where(Passkey.account_id == account_id, Passkey.passkey_id != passkey_id)
    ).scalar_one()
    if not others and account.password_hash is None:
        raise LastCredential()
    session.execute(delete(Passkey).where(Passkey.passkey_id == passkey_id, Passkey.account_id == account_id))


def _keep(
    session: Session,
    purpose: CeremonyPurpose,
    challenge: bytes,
    account_id: UUID | None,
    options: str,
    now: datetime,
) -> Begun:
    """Store a challenge; what nobody answered in time is swept out by the way."""
    stale = select(PasskeyCeremony.ceremony_id).where(PasskeyCeremony.expires_at <= now)
    swept = stale.limit(_SWEEP).with_for_update(skip_locked=True)
    session.execute(delete(PasskeyCeremony).where(PasskeyCeremony.ceremony_id.in_(swept)))
    ceremony = PasskeyCeremony(
        ceremony_id=uuid4(),
        purpose=purpose.value,
        challenge=challenge,
        account_id=account_id,
        expires_at=now + _CHALLENGE_LASTS,
    )
    session.add(ceremony)
    session.flush()
    return Begun(ceremony.ceremony_id, json.loads(options))
