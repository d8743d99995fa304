"""Proofs and assertions that were presented once."""

import sqlalchemy as sa
from alembic import op

revision = "web_0003"
down_revision = "web_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "replay",
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("jti", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("issuer", "jti", name="pk_replay"),
    )
    op.create_index("ix_replay_expires_at", "replay", ["expires_at"])
    op.execute("GRANT SELECT, INSERT ON replay TO manabi_app, manabi_jobs")
    op.execute("GRANT DELETE ON replay TO manabi_jobs")
    op.execute("GRANT SELECT ON replay TO manabi_auditor")


def downgrade() -> None:
    op.drop_table("replay")
