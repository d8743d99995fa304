"""The national count: officers, plans, rounds, the privacy ledger, releases.

The ledger's lines may be read and added by the service, never changed or removed: that is the owner's role alone. The
registry's table is the same as in a node, where another migration makes it.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "aggregator_0001"
down_revision = None
branch_labels = ("aggregator",)
depends_on = "web_0003"

ADDED_BY_THE_APP = ("plan_approval", "submission", "noise_share", "ledger_line")
CHANGED_BY_THE_APP = ("collection_plan", "collection_round", "budget_year")
READ_BY_THE_APP = ("registry_version", "officer", "opened_sum", "release")
APPEND_ONLY = ("registry_version", "ledger_line", "plan_approval", "release")


def upgrade() -> None:
    _create_participants()
    _create_officers()
    _create_plans()
    _create_rounds()
    _create_ledger()
    _create_releases()
    _grant()


def _create_participants() -> None:
    op.create_table(
        "registry_version",
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_registry_version"),
    )


def _create_officers() -> None:
    op.create_table(
        "officer",
        sa.Column("officer_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("role IN ('planner', 'officer', 'operator')", name="ck_officer_role"),
        sa.PrimaryKeyConstraint("officer_id", name="pk_officer"),
    )


def _create_plans() -> None:
    op.create_table(
        "collection_plan",
        sa.Column("plan_digest", sa.LargeBinary(), nullable=False),
        sa.Column("plan_id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=True),
        sa.Column("proposed_by", sa.Uuid(), nullable=True),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'approved') = (token IS NOT NULL)", name="ck_collection_plan_signed_when_approved"
        ),
        sa.CheckConstraint("state IN ('draft', 'approved', 'declined')", name="ck_collection_plan_state"),
        sa.ForeignKeyConstraint(["proposed_by"], ["officer.officer_id"], name="fk_collection_plan_proposed_by"),
        sa.PrimaryKeyConstraint("plan_digest", name="pk_collection_plan"),
        sa.UniqueConstraint("plan_id", "version", name="uq_collection_plan_plan_id"),
    )
    op.create_table(
        "plan_approval",
        sa.Column("plan_digest", sa.LargeBinary(), nullable=False),
        sa.Column("officer_id", sa.Uuid(), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.officer_id"], name="fk_plan_approval_officer_id"),
        sa.ForeignKeyConstraint(["plan_digest"], ["collection_plan.plan_digest"], name="fk_plan_approval_plan_digest"),
        sa.PrimaryKeyConstraint("plan_digest", "officer_id", name="pk_plan_approval"),
    )


def _create_rounds() -> None:
    op.create_table(
        "collection_round",
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("plan_digest", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("nonce", sa.LargeBinary(), nullable=False),
        sa.Column("peer_nonce", sa.LargeBinary(), nullable=True),
        sa.Column("opening", sa.LargeBinary(), nullable=True),
        sa.Column("opening_signature", sa.Text(), nullable=True),
        sa.Column("peer_opening_signature", sa.Text(), nullable=True),
        sa.Column("closing", sa.LargeBinary(), nullable=True),
        sa.Column("closing_signature", sa.Text(), nullable=True),
        sa.Column("peer_closing_signature", sa.Text(), nullable=True),
        sa.Column("draw", sa.LargeBinary(), nullable=True),
        sa.Column("draw_signature", sa.Text(), nullable=True),
        sa.Column("peer_draw_signature", sa.Text(), nullable=True),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.Column("waiting", sa.Boolean(), nullable=False),
        sa.Column("attempt_ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answers", postgresql.JSONB(), nullable=False),
        sa.Column("seating", sa.LargeBinary(), nullable=True),
        sa.Column("seating_signature", sa.Text(), nullable=True),
        sa.Column("peer_seating_signature", sa.Text(), nullable=True),
        sa.Column("noise", sa.Text(), nullable=True),
        sa.Column("problem", postgresql.JSONB(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('main', 'supplement', 'repeat')", name="ck_collection_round_kind"),
        sa.CheckConstraint("noise IN ('servers', 'committee', 'fallback')", name="ck_collection_round_noise"),
        sa.CheckConstraint("(state = 'open') = (opening IS NULL)", name="ck_collection_round_opening"),
        sa.CheckConstraint(
            "state IN ('open', 'collecting', 'closing', 'closed', 'opened', 'released')",
            name="ck_collection_round_state",
        ),
        sa.ForeignKeyConstraint(
            ["plan_digest"], ["collection_plan.plan_digest"], name="fk_collection_round_plan_digest"
        ),
        sa.PrimaryKeyConstraint("round_id", name="pk_collection_round"),
    )
    op.create_index("ix_collection_round_plan_digest", "collection_round", ["plan_digest"])
    op.create_table(
        "submission",
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("node_id", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("header", sa.Text(), nullable=False),
        sa.Column("header_digest", sa.LargeBinary(), nullable=False),
        sa.Column("share", sa.LargeBinary(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["collection_round.round_id"], name="fk_submission_round_id"),
        sa.PrimaryKeyConstraint("round_id", "node_id", "sequence", name="pk_submission"),
    )
    op.create_table(
        "noise_share",
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("area", sa.Text(), nullable=False),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.Column("node_id", sa.Text(), nullable=False),
        sa.Column("header", sa.Text(), nullable=False),
        sa.Column("header_digest", sa.LargeBinary(), nullable=False),
        sa.Column("share", sa.LargeBinary(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["collection_round.round_id"], name="fk_noise_share_round_id"),
        sa.PrimaryKeyConstraint("round_id", "level", "area", "attempt", "node_id", name="pk_noise_share"),
    )
    op.create_table(
        "opened_sum",
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("area", sa.Text(), nullable=False),
        sa.Column("own", sa.LargeBinary(), nullable=True),
        sa.Column("peer", sa.LargeBinary(), nullable=True),
        sa.Column("withheld", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["round_id"], ["collection_round.round_id"], name="fk_opened_sum_round_id"),
        sa.PrimaryKeyConstraint("round_id", "level", "area", name="pk_opened_sum"),
    )


def _create_ledger() -> None:
    op.create_table(
        "budget_year",
        sa.Column("school_year", sa.BigInteger(), nullable=False),
        sa.Column("cap_units", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("school_year", name="pk_budget_year"),
    )
    op.create_table(
        "ledger_line",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("school_year", sa.BigInteger(), nullable=False),
        sa.Column("plan_digest", sa.LargeBinary(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=True),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("detail", postgresql.JSONB(), nullable=False),
        sa.Column("prev", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("kind IN ('reserved', 'spent', 'published', 'freed')", name="ck_ledger_line_kind"),
        sa.CheckConstraint("units >= 0", name="ck_ledger_line_units"),
        sa.PrimaryKeyConstraint("seq", name="pk_ledger_line"),
    )
    op.create_index("ix_ledger_line_school_year", "ledger_line", ["school_year"])


def _create_releases() -> None:
    op.create_table(
        "release",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("plan_digest", sa.LargeBinary(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["plan_digest"], ["collection_plan.plan_digest"], name="fk_release_plan_digest"),
        sa.ForeignKeyConstraint(["round_id"], ["collection_round.round_id"], name="fk_release_round_id"),
        sa.PrimaryKeyConstraint("digest", name="pk_release"),
        sa.UniqueConstraint("round_id", name="uq_release_round_id"),
    )


def _grant() -> None:
    op.execute("GRANT SELECT ON alembic_version TO manabi_app, manabi_jobs, manabi_auditor")
    for table in (*ADDED_BY_THE_APP, *CHANGED_BY_THE_APP, *READ_BY_THE_APP):
        op.execute(f"GRANT SELECT ON {table} TO manabi_app, manabi_jobs, manabi_auditor")
        op.execute(f"GRANT INSERT ON {table} TO manabi_jobs")
        if table not in APPEND_ONLY:
            op.execute(f"GRANT UPDATE, DELETE ON {table} TO manabi_jobs")
    for table in (*ADDED_BY_THE_APP, *CHANGED_BY_THE_APP):
        op.execute(f"GRANT INSERT ON {table} TO manabi_app")
    for table in CHANGED_BY_THE_APP:
        op.execute(f"GRANT UPDATE ON {table} TO manabi_app")


def downgrade() -> None:
    for table in (
        "release", "ledger_line", "budget_year", "opened_sum", "noise_share", "submission", "collection_round",
        "plan_approval", "collection_plan", "officer", "registry_version",
    ):  # fmt: skip
        op.drop_table(table)
