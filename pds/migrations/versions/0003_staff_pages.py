"""For the pages of staff: a board sees who sits in its schools, and the operator how many log entries wait.

The function counts across all children, which row-level security keeps from the application's role; it tells nothing
but a number, bounded, and the age of the oldest.
"""

from alembic import op

revision = "pds_0003"
down_revision = "pds_0002"
branch_labels = None
depends_on = None

BY_LEARNER = "learner_id = ANY (string_to_array(nullif(current_setting('app.learners', true), ''), ',')::uuid[])"
PERSON = "nullif(current_setting('app.person', true), '')::uuid"
OWN = f"SELECT r.organisation_id FROM staff_role r WHERE r.staff_id = {PERSON}"  # noqa: S608 — constants
UNDER_OWN = f"SELECT o.organisation_id FROM organisation o WHERE o.parent_id IN ({OWN})"  # noqa: S608 — constants


def upgrade() -> None:
    op.execute(
        f"ALTER POLICY named ON enrolment USING ({BY_LEARNER} OR organisation_id IN ({OWN}) "
        f"OR organisation_id IN ({UNDER_OWN}))"
    )
    op.execute(
        "CREATE FUNCTION waiting_log_entries(OUT entries bigint, OUT oldest timestamptz) "
        "LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS "
        "$$ SELECT count(*), min(at) FROM (SELECT at FROM public.log_entry WHERE leaf_index IS NULL "
        "ORDER BY entry_no LIMIT 10000) AS waiting $$"
    )
    op.execute("REVOKE ALL ON FUNCTION waiting_log_entries() FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION waiting_log_entries() TO manabi_app, manabi_jobs, manabi_auditor")


def downgrade() -> None:
    op.execute("DROP FUNCTION waiting_log_entries()")
    op.execute(f"ALTER POLICY named ON enrolment USING ({BY_LEARNER} OR organisation_id IN ({OWN}))")
