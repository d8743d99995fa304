"""A node's part in the national count: plans it was asked for, sealed noise, sealed submissions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "pds_0007"
down_revision = "pds_0006"
branch_labels = None
depends_on = None

TABLES = ("statistics_plan", "statistics_round", "statistics_noise", "statistics_report", "statistics_seat")


def upgrade() -> None:
    op.create_table(
        "statistics_noise",
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("round_id", name="pk_statistics_noise"),
    )
    op.create_table(
        "statistics_plan",
        sa.Column("plan_digest", sa.LargeBinary(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("plan_digest", name="pk_statistics_plan"),
    )
    op.create_table(
        "statistics_round",
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("plan_digest", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("leader_id", sa.Text(), nullable=False),
        sa.Column("helper_id", sa.Text(), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("problem", postgresql.JSONB(), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["plan_digest"], ["statistics_plan.plan_digest"], name="fk_statistics_round_plan_digest"
        ),
        sa.PrimaryKeyConstraint("round_id", name="pk_statistics_round"),
    )
    op.create_table(
        "statistics_report",
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("plan_digest", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("header", sa.Text(), nullable=False),
        sa.Column("leader_share", sa.LargeBinary(), nullable=True),
        sa.Column("helper_share", sa.LargeBinary(), nullable=True),
        sa.Column("leader_receipt", sa.Text(), nullable=True),
        sa.Column("helper_receipt", sa.Text(), nullable=True),
        sa.Column("read_digest", sa.LargeBinary(), nullable=False),
        sa.Column("prepared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('prepared', 'sent', 'settled', 'missed')", name="ck_statistics_report_state"),
        sa.PrimaryKeyConstraint("round_id", "sequence", name="pk_statistics_report"),
    )
    op.create_table(
        "statistics_seat",
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("area", sa.Text(), nullable=False),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.Column("header", sa.Text(), nullable=False),
        sa.Column("leader_share", sa.LargeBinary(), nullable=True),
        sa.Column("helper_share", sa.LargeBinary(), nullable=True),
        sa.Column("leader_receipt", sa.Text(), nullable=True),
        sa.Column("helper_receipt", sa.Text(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("round_id", "level", "area", "attempt", name="pk_statistics_seat"),
    )
    for table in TABLES:
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO manabi_jobs")
    op.execute("GRANT SELECT ON statistics_plan, statistics_round, statistics_report TO manabi_app, manabi_auditor")


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
