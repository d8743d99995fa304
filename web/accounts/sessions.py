"""Sessions of signed-in browsers: opaque tokens, idle and absolute ends, rotation, the list a person sees of them."""

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID, uuid4

from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session

from web.accounts.models import Account, AccountKind, WebSession

STEP_UP_LASTS = timedelta(minutes=5)
"""How long a fresh proof of identity opens the steps that ask for one."""
_TOUCH_EVERY = timedelta(minutes=1)
_ENROLMENT_LASTS = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long a session lasts: `idle` without any request, `absolute` at the most."""

    idle: timedelta
    absolute: timedelta


_FAMILY = Lengths(idle=timedelta(minutes=30), absolute=timedelta(hours=12))
_STAFF = Lengths(idle=timedelta(minutes=30), absolute=timedelta(hours=10))
_SHARED = Lengths(idle=timedelta(minutes=10), absolute=timedelta(hours=1))


@dataclass(frozen=True, slots=True)
class CurrentAccount:
    """Who is signed in, as every edge gets it; `subject` is whom the rest of the service knows.

    `enrolling` holds the hash of the code while the person is only setting up a first credential.
    """

    session_id: UUID
    account_id: UUID
    kind: AccountKind
    subject: UUID
    enrolling: bytes | None
    shared_device: bool
    stepped_up_at: datetime
    last_seen_at: datetime
    expires_at: datetime

    @property
    def ends_at(self) -> datetime:
        """When the session ends if nothing more is done."""
        return min(self.expires_at, self.last_seen_at + _lengths(self.kind, self.shared_device).idle)

    def is_stepped_up(self, now: datetime) -> bool:
        """Tell whether the person proved who they are within the last five minutes."""
        return now - self.stepped_up_at < STEP_UP_LASTS


@dataclass(frozen=True, slots=True)
class SessionLine:
    """One line of the list of places where a person is signed in."""

    session_id: UUID
    device: str
    created_at: datetime
    last_seen_at: datetime
    shared_device: bool


def open_session(
    session: Session,
    account_id: UUID,
    *,
    shared_device: bool,
    device: str,
    now: datetime,
    enrolling: bytes | None = None,
) -> str:
    """Open a session and return its token, which only the browser keeps. Ended sessions of the account are removed."""
    kind = AccountKind(session.execute(select(Account.kind).where(Account.account_id == account_id)).scalar_one())
    session.execute(delete(WebSession).where(WebSession.account_id == account_id, WebSession.expires_at <= now))
    token = secrets.token_urlsafe(32)
    lasts = _ENROLMENT_LASTS if enrolling else _lengths(kind, shared_device).absolute
    session.add(
        WebSession(
            session_id=uuid4(),
            token_hash=_hash(token),
            account_id=account_id,
            code_hash=enrolling,
            shared_device=shared_device,
            device=device[:80],
            created_at=now,
            last_seen_at=now,
            expires_at=now + lasts,
            stepped_up_at=now,
        )
    )
    session.flush()
    return token


# Every read passes here: plain columns by name, without the ORM's way of building them, halve its time.
_FIND = text(
    "SELECT s.session_id, s.account_id, s.code_hash, s.shared_device, s.stepped_up_at, s.last_seen_at, s.expires_at, "
    "a.kind, a.subject FROM web_session s JOIN account a USING (account_id) WHERE s.token_hash = :token_hash"
)


def find_session(session: Session, token: str, now: datetime) -> CurrentAccount | None:
    """Return whose token this is, or None when it is unknown or its time is over. One indexed query."""
    row = session.execute(_FIND, {"token_hash": _hash(token)}).one_or_none()
    if row is None:
        return None
    current = CurrentAccount(
        session_id=row.session_id,
        account_id=row.account_id,
        kind=AccountKind(row.kind),
        subject=row.subject,
        enrolling=None if row.code_hash is None else bytes(row.code_hash),
        shared_device=row.shared_device,
        stepped_up_at=row.stepped_up_at,
        last_seen_at=row.last_seen_at,
        expires_at=row.expires_at,
    )
    return current if current.ends_at > now else None


def needs_touch(current: CurrentAccount, now: datetime) -> bool:
    """Tell whether the last sign of life should be written: at most once a minute, since every read passes here."""
    return now - current.last_seen_at >= _TOUCH_EVERY


def touch_session(session: Session, current: CurrentAccount, now: datetime) -> CurrentAccount:
    """Write the last sign of life of a session and return it with its new end."""
    session.execute(update(WebSession).where(WebSession.session_id == current.session_id).values(last_seen_at=now))
    return replace(current, last_seen_at=now)


def step_up(session: Session, current: CurrentAccount, now: datetime) -> str:
    """Record that the person proved anew who they are; return the token that replaces the old one."""
    token = secrets.token_urlsafe(32)
    session.execute(
        update(WebSession)
        .where(WebSession.session_id == current.session_id)
        .values(token_hash=_hash(token), stepped_up_at=now, last_seen_at=now)
    )
    return token


def end_session(session: Session, account_id: UUID, session_id: UUID) -> None:
    """End one session of an account; another account's is left alone."""
    session.execute(delete(WebSession).where(WebSession.session_id == session_id, WebSession.account_id == account_id))


def end_sessions(session: Session, account_id: UUID, *, keep: UUID | None = None) -> None:
    """End every session of an account, but the one to keep."""
    ended = delete(WebSession).where(WebSession.account_id == account_id)
    session.execute(ended.where(WebSession.session_id != keep) if keep else ended)


def list_sessions(session: Session, account_id: UUID, now: datetime) -> list[SessionLine]:
    """List where an account is signed in, the latest first."""
    rows = session.execute(
        select(
            WebSession.session_id,
            WebSession.device,
            WebSession.created_at,
            WebSession.last_seen_at,
            WebSession.shared_device,
            Account.kind,
        )
        .join(Account, Account.account_id == WebSession.account_id)
        .where(WebSession.account_id == account_id, WebSession.code_hash.is_(None), WebSession.expires_at > now)
        .order_by(WebSession.last_seen_at.desc())
    )
    return [
        SessionLine(row.session_id, row.device, row.created_at, row.last_seen_at, row.shared_device)
        for row in rows
        if row.last_seen_at + _lengths(AccountKind(row.kind), row.shared_device).idle > now
    ]


def _lengths(kind: AccountKind, shared_device: bool) -> Lengths:
    if shared_device:
        return _SHARED
    return _STAFF if kind is AccountKind.STAFF else _FAMILY


def _hash(token: str) -> bytes:
    return sha256(token.encode()).digest()
