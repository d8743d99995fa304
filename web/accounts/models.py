"""Accounts and their credentials. An account knows whom it signs in only as an opaque subject, never who that is."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from web.database import Base


class AccountKind(StrEnum):
    """Whose account it is. Families may use a password or a passkey; staff a passkey alone, which is both factors."""

    FAMILY = "family"
    STAFF = "staff"


class CeremonyPurpose(StrEnum):
    """What a passkey challenge was given out for; it opens nothing else."""

    SIGN_IN = "sign_in"
    REGISTER = "register"
    CONFIRM = "confirm"


class Account(Base):
    """A way for one subject to sign in. `subject` is the identifier the rest of the service knows the person by.

    `login_name` is kept normalised (NFKC, case-folded) and unique in the service; `password_hash` is argon2id in
    PHC format. Staff accounts have neither.
    """

    __tablename__ = "account"
    __table_args__ = (
        CheckConstraint("kind IN ('family', 'staff')", name="kind"),
        CheckConstraint("(login_name IS NULL) = (password_hash IS NULL)", name="name_with_password"),
        CheckConstraint("kind = 'family' OR password_hash IS NULL", name="staff_without_password"),
    )

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    subject: Mapped[UUID] = mapped_column(unique=True)
    login_name: Mapped[str | None] = mapped_column(unique=True)
    password_hash: Mapped[str | None]
    password_set_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class Passkey(Base):
    """A public key whose private half stays in a person's device (WebAuthn Level 3).

    `backed_up` tells a synced passkey from one bound to its device; `label` is the name its owner knows it by.
    """

    __tablename__ = "passkey"
    __table_args__ = (Index("ix_passkey_account_id", "account_id"),)

    passkey_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.account_id", ondelete="CASCADE"))
    credential_id: Mapped[bytes] = mapped_column(unique=True)
    public_key: Mapped[bytes]
    sign_count: Mapped[int]
    backed_up: Mapped[bool]
    label: Mapped[str]
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]


class EnrolmentCode(Base):
    """A single-use code that an officer hands to a person; only its SHA-256 is kept.

    `issued_by` is the subject of the officer, or None when the operator issued it from the command line.
    """

    __tablename__ = "enrolment_code"
    __table_args__ = (Index("ix_enrolment_code_account_id", "account_id"),)

    code_hash: Mapped[bytes] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.account_id", ondelete="CASCADE"))
    issued_by: Mapped[UUID | None]
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class WebSession(Base):
    """One signed-in browser. The browser holds a random token; only its SHA-256 is kept.

    `code_hash` is set while the browser is only setting up its first credential; such a session opens nothing else.
    `stepped_up_at` is the last instant at which the person proved anew who they are.
    """

    __tablename__ = "web_session"
    __table_args__ = (
        Index("ix_web_session_account_id", "account_id"),
        Index("ix_web_session_code_hash", "code_hash", postgresql_where=text("code_hash IS NOT NULL")),
    )

    session_id: Mapped[UUID] = mapped_column(primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.account_id", ondelete="CASCADE"))
    code_hash: Mapped[bytes | None] = mapped_column(ForeignKey("enrolment_code.code_hash", ondelete="CASCADE"))
    shared_device: Mapped[bool]
    device: Mapped[str]
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    stepped_up_at: Mapped[datetime]


class PasskeyCeremony(Base):
    """A challenge given to a browser: single use, five minutes, for one purpose and, if known, one account."""

    __tablename__ = "passkey_ceremony"
    __table_args__ = (
        CheckConstraint("purpose IN ('sign_in', 'register', 'confirm')", name="purpose"),
        Index("ix_passkey_ceremony_expires_at", "expires_at"),
    )

    ceremony_id: Mapped[UUID] = mapped_column(primary_key=True)
    purpose: Mapped[str]
    challenge: Mapped[bytes]
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.account_id", ondelete="CASCADE"))
    expires_at: Mapped[datetime]


class SignInGuard(Base):
    """Failed attempts under one login name, whether such an account exists or not, so that the answer tells nothing."""

    __tablename__ = "sign_in_guard"
    __table_args__ = (Index("ix_sign_in_guard_last_failed_at", "last_failed_at"),)

    name_hash: Mapped[bytes] = mapped_column(primary_key=True)
    failures: Mapped[int]
    last_failed_at: Mapped[datetime]
    locked_until: Mapped[datetime | None]
