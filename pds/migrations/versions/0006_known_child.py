"""Whether a roster's identifier names a child here, asked when a board decides on an enrolment.

The web role sees only the children that its transaction names. The function tells the id of the child behind one keyed
index and nothing else; the index is formed with a key outside the database, so nobody can try identifiers with it.
"""

from alembic import op

revision = "pds_0006"
down_revision = "pds_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE FUNCTION learner_of_identifier(wanted bytea) RETURNS uuid "
        "LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS "
        "$$ SELECT learner_id FROM public.learner_identifier WHERE blind = wanted $$"
    )
    op.execute("REVOKE ALL ON FUNCTION learner_of_identifier(bytea) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION learner_of_identifier(bytea) TO manabi_app, manabi_jobs")


def downgrade() -> None:
    op.execute("DROP FUNCTION learner_of_identifier(bytea)")
