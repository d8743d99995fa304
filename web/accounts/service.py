"""Accounts: codes that let a person in for the first time, passwords of families, and signing in with them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from web.accounts.errors import CodeRefused, KindDiffers, LoginNameTaken, PasswordNotAllowed
from web.accounts.guard import begin_attempt, clear_attempts
from web.accounts.models import Account, AccountKind, EnrolmentCode, Passkey
from web.accounts.names import accept_login_name, fold_login_name, hash_code, make_code
from web.accounts.passwords import accept_password, hash_password, is_outdated, verify_password
from web.accounts.sessions import end_sessions

CODE_LASTS = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The name and the password belong together."""

    account_id: UUID


@dataclass(frozen=True, slots=True)
class SignInRefused:
    """They do not, or the name rests (`locked_until`) after too many failures. Which one of the two is not told."""

    locked_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Redeemed:
    """A code that may still be used, and the account it opens."""

    code_hash: bytes
    account_id: UUID
    kind: AccountKind


def open_account(session: Session, subject: UUID, kind: AccountKind, now: datetime) -> UUID:
    """Return the account of a subject, made if there is none. Raises `KindDiffers` for one of the other kind."""
    found = session.execute(select(Account).where(Account.subject == subject)).scalar_one_or_none()
    if found is None:
        found = Account(account_id=uuid4(), kind=kind.value, subject=subject, created_at=now)
        session.add(found)
        session.flush()
    elif found.kind != kind:
        raise KindDiffers()
    return found.account_id


def issue_code(session: Session, subject: UUID, kind: AccountKind, issued_by: UUID | None, now: datetime) -> str:
    """Return a new enrolment code for a subject, shown this once. Earlier unused codes of the subject end."""
    account_id = open_account(session, subject, kind, now)
    session.execute(
        delete(EnrolmentCode).where(EnrolmentCode.account_id == account_id, EnrolmentCode.used_at.is_(None))
    )
    code = make_code()
    code_hash = hash_code(code)
    assert code_hash is not None  # noqa: S101  a fresh code always has the form of one
    session.add(
        EnrolmentCode(
            code_hash=code_hash,
            account_id=account_id,
            issued_by=issued_by,
            issued_at=now,
            expires_at=now + CODE_LASTS,
        )
    )
    session.flush()
    return code


def redeem_code(session: Session, code: str, now: datetime) -> Redeemed:
    """Return the account a code opens, or raise `CodeRefused`.

    The code is spent by the first credential that is set up with it, not by being typed: who is interrupted can
    type it again.
    """
    code_hash = hash_code(code)
    row = session.execute(
        select(EnrolmentCode.code_hash, EnrolmentCode.account_id, Account.kind)
        .join(Account, Account.account_id == EnrolmentCode.account_id)
        .where(
            EnrolmentCode.code_hash == (code_hash or b""),
            EnrolmentCode.used_at.is_(None),
            EnrolmentCode.expires_at > now,
        )
    ).one_or_none()
    if row is None:
        raise CodeRefused()
    return Redeemed(row.code_hash, row.account_id, AccountKind(row.kind))


def spend_code(session: Session, code_hash: bytes, now: datetime) -> UUID:
    """Spend a code, or raise `CodeRefused`; return its account, from which every earlier way to sign in is taken.

    A code is handed out in person, so it is the stronger proof: whoever lost a device or had a password stolen
    starts anew, and sessions elsewhere end.
    """
    spent = session.execute(
        update(EnrolmentCode)
        .where(EnrolmentCode.code_hash == code_hash, EnrolmentCode.used_at.is_(None), EnrolmentCode.expires_at > now)
        .values(used_at=now)
        .returning(EnrolmentCode.account_id)
    ).scalar_one_or_none()
    if spent is None:
        raise CodeRefused()
    session.execute(delete(Passkey).where(Passkey.account_id == spent))
    session.execute(
        update(Account)
        .where(Account.account_id == spent)
        .values(login_name=None, password_hash=None, password_set_at=None)
    )
    end_sessions(session, spent)
    return spent


def set_password(session: Session, account_id: UUID, login_name: str, password: str, now: datetime) -> None:
    """Give a family account its name and password. Raises what is wrong with either, or `LoginNameTaken`."""
    account = session.get_one(Account, account_id, populate_existing=True)
    if account.kind != AccountKind.FAMILY:
        raise PasswordNotAllowed()
    name = accept_login_name(login_name)
    stored = hash_password(accept_password(password, name))
    try:
        with session.begin_nested():
            account.login_name, account.password_hash, account.password_set_at = name, stored, now
    except IntegrityError as clash:
        raise LoginNameTaken() from clash


def sign_in_with_password(session: Session, login_name: str, password: str, now: datetime) -> SignedIn | SignInRefused:
    """Check a name and a password. The edge commits whatever the outcome, since failures are counted."""
    name = fold_login_name(login_name)
    locked_until = begin_attempt(session, name, now)
    if locked_until is not None:
        return SignInRefused(locked_until)
    account = session.execute(select(Account).where(Account.login_name == name)).scalar_one_or_none()
    if not verify_password(password, account.password_hash if account else None) or account is None:
        return SignInRefused()
    clear_attempts(session, name)
    if account.password_hash is not None and is_outdated(account.password_hash):
        account.password_hash = hash_password(accept_password(password, name))
    return SignedIn(account.account_id)


def confirm_password(session: Session, account_id: UUID, password: str, now: datetime) -> SignedIn | SignInRefused:
    """Check the password of somebody signed in; guesses count as at sign-in."""
    name = find_login_name(session, account_id)
    return sign_in_with_password(session, name, password, now) if name else SignInRefused()


def find_login_name(session: Session, account_id: UUID) -> str | None:
    """Return the login name of an account, or None for one without a password."""
    return session.execute(select(Account.login_name).where(Account.account_id == account_id)).scalar_one()
