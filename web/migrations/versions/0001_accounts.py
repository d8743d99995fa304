"""Accounts, their credentials and sessions."""

import sqlalchemy as sa
from alembic import op

revision = "web_0001"
down_revision = None
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("login_name", sa.Text(), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("password_set_at", _INSTANT, nullable=True),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="pk_account"),
        sa.UniqueConstraint("subject", name="uq_account_subject"),
        sa.UniqueConstraint("login_name", name="uq_account_login_name"),
        sa.CheckConstraint("kind IN ('family', 'staff')", name=op.f("ck_account_kind")),
        sa.CheckConstraint(
            "(login_name IS NULL) = (password_hash IS NULL)", name=op.f("ck_account_name_with_password")
        ),
        sa.CheckConstraint("kind = 'family' OR password_hash IS NULL", name=op.f("ck_account_staff_without_password")),
    )
    op.create_table(
        "passkey",
        sa.Column("passkey_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("backed_up", sa.Boolean(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("last_used_at", _INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("passkey_id", name="pk_passkey"),
        sa.UniqueConstraint("credential_id", name="uq_passkey_credential_id"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.account_id"], name="fk_passkey_account_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_passkey_account_id", "passkey", ["account_id"])
    op.create_table(
        "enrolment_code",
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("issued_by", sa.Uuid(), nullable=True),
        sa.Column("issued_at", _INSTANT, nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.Column("used_at", _INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("code_hash", name="pk_enrolment_code"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.account_id"], name="fk_enrolment_code_account_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_enrolment_code_account_id", "enrolment_code", ["account_id"])
    op.create_table(
        "web_session",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=True),
        sa.Column("shared_device", sa.Boolean(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("last_seen_at", _INSTANT, nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.Column("stepped_up_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("session_id", name="pk_web_session"),
        sa.UniqueConstraint("token_hash", name="uq_web_session_token_hash"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.account_id"], name="fk_web_session_account_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["code_hash"], ["enrolment_code.code_hash"], name="fk_web_session_code_hash", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_web_session_account_id", "web_session", ["account_id"])
    op.create_index(
        "ix_web_session_code_hash", "web_session", ["code_hash"], postgresql_where=sa.text("code_hash IS NOT NULL")
    )
    op.create_table(
        "passkey_ceremony",
        sa.Column("ceremony_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("challenge", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("ceremony_id", name="pk_passkey_ceremony"),
        sa.CheckConstraint("purpose IN ('sign_in', 'register', 'confirm')", name=op.f("ck_passkey_ceremony_purpose")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.account_id"], name="fk_passkey_ceremony_account_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_passkey_ceremony_expires_at", "passkey_ceremony", ["expires_at"])
    op.create_table(
        "sign_in_guard",
        sa.Column("name_hash", sa.LargeBinary(), nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("last_failed_at", _INSTANT, nullable=False),
        sa.Column("locked_until", _INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("name_hash", name="pk_sign_in_guard"),
    )
    op.create_index("ix_sign_in_guard_last_failed_at", "sign_in_guard", ["last_failed_at"])

    everything = "account, passkey, enrolment_code, web_session, passkey_ceremony, sign_in_guard"
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {everything} TO manabi_app")
    # Importing staff and families gives out accounts and codes in background work; sessions are the web's alone.
    op.execute("GRANT SELECT, INSERT, UPDATE ON account, enrolment_code TO manabi_jobs")
    op.execute("GRANT DELETE ON enrolment_code TO manabi_jobs")
    # An auditor sees who can sign in and when, never what a guess could be tried against.
    op.execute("GRANT SELECT (account_id, kind, subject, password_set_at, created_at) ON account TO manabi_auditor")
    op.execute(
        "GRANT SELECT (passkey_id, account_id, backed_up, created_at, last_used_at) ON passkey TO manabi_auditor"
    )
    op.execute(
        "GRANT SELECT (account_id, issued_by, issued_at, expires_at, used_at) ON enrolment_code TO manabi_auditor"
    )
    op.execute(
        "GRANT SELECT (session_id, account_id, shared_device, created_at, last_seen_at, expires_at) "
        "ON web_session TO manabi_auditor"
    )


def downgrade() -> None:
    for table in ("sign_in_guard", "passkey_ceremony", "web_session", "enrolment_code", "passkey", "account"):
        op.drop_table(table)
