"""Choices on the pages of a request, kept until the person answers. A person reaches their own drafts alone."""

import sqlalchemy as sa
from alembic import op

revision = "pds_0005"
down_revision = "pds_0004"
branch_labels = None
depends_on = None

BY_LEARNER = "learner_id = ANY (string_to_array(nullif(current_setting('app.learners', true), ''), ',')::uuid[])"
OWN = f"{BY_LEARNER} AND person_id = nullif(current_setting('app.person', true), '')::uuid"


def upgrade() -> None:
    op.create_table(
        "answer_draft",
        sa.Column("learner_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["learner_id", "request_id"],
            ["share_request.learner_id", "share_request.request_id"],
            name="fk_answer_draft_learner_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("learner_id", "request_id", "person_id", name="pk_answer_draft"),
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON answer_draft TO manabi_app, manabi_jobs")
    op.execute("ALTER TABLE answer_draft ENABLE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY jobs ON answer_draft TO manabi_jobs USING (true) WITH CHECK (true)")
    op.execute(f"CREATE POLICY own ON answer_draft TO manabi_app USING ({OWN}) WITH CHECK ({OWN})")


def downgrade() -> None:
    op.drop_table("answer_draft")
