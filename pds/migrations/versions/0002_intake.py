"""Intake of school files: runs, what stood before each change, identifiers of carers and staff, rows to take back."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "pds_0002"
down_revision = "pds_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("organisation", "school_class"):
        op.add_column(table, sa.Column("withdrawn", sa.Boolean(), nullable=True))
        op.execute(f"UPDATE {table} SET withdrawn = false")  # noqa: S608 — constants
        op.alter_column(table, "withdrawn", nullable=False)
    op.create_table(
        "person_identifier",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("blind", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", "scheme", name="pk_person_identifier"),
        sa.UniqueConstraint("blind", name="uq_person_identifier_blind"),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.person_id"], name="fk_person_identifier_person_id", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "intake_run",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("received_by", sa.Uuid(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("job", sa.Uuid(), nullable=False),
        sa.Column("content", sa.Text(), nullable=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("applied_by", sa.Uuid(), nullable=True),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undo_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.Uuid(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("report", postgresql.JSONB(), nullable=True),
        sa.Column("findings", sa.LargeBinary(), nullable=True),
        sa.Column("undo_report", postgresql.JSONB(), nullable=True),
        sa.Column("undo_findings", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("run_id", name="pk_intake_run"),
    )
    op.create_index("ix_intake_run_received_at", "intake_run", ["received_at"])
    op.create_table(
        "intake_change",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("change_no", sa.BigInteger(), nullable=False),
        sa.Column("learner_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("before", sa.LargeBinary(), nullable=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "change_no", name="pk_intake_change"),
        sa.ForeignKeyConstraint(
            ["learner_id"], ["learner.learner_id"], name="fk_intake_change_learner_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_intake_change_learner_id", "intake_change", ["learner_id"])

    op.execute("GRANT SELECT, INSERT, UPDATE ON intake_run TO manabi_app, manabi_jobs")
    op.execute("GRANT SELECT, INSERT, DELETE ON intake_change, person_identifier TO manabi_jobs")
    op.execute("GRANT SELECT ON intake_run, intake_change, person_identifier TO manabi_auditor")
    op.execute("ALTER TABLE intake_change ENABLE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY jobs ON intake_change TO manabi_jobs USING (true) WITH CHECK (true)")
    op.execute("CREATE POLICY auditor ON intake_change FOR SELECT TO manabi_auditor USING (true)")


def downgrade() -> None:
    op.drop_table("intake_change")
    op.drop_table("intake_run")
    op.drop_table("person_identifier")
    for table in ("organisation", "school_class"):
        op.drop_column(table, "withdrawn")
