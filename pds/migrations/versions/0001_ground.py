"""Organisations, people, records and the access log, with row-level security."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "pds_0001"
down_revision = None
branch_labels = ("pds",)
depends_on = "web_0002"

BY_LEARNER = "learner_id = ANY (string_to_array(nullif(current_setting('app.learners', true), ''), ',')::uuid[])"
PERSON = "nullif(current_setting('app.person', true), '')::uuid"
NOBODY = "'00000000-0000-0000-0000-000000000000'::uuid"

SHARED_TABLES = ("organisation", "school_class", "person", "carer", "staff", "staff_role")
LEARNER_TABLES = ("learner", "learner_identifier", "care", "enrolment", "record", "record_version")
LOG_TABLES = ("log_entry", "log_link", "log_chain", "log_download")
MAP_TABLES = ("log_map_leaf", "log_bucket", "log_checkpoint")


def upgrade() -> None:
    _create_organisations()
    _create_people()
    _create_enrolment()
    _create_records()
    _create_log()
    _grant()


def _create_organisations() -> None:
    op.create_table(
        "organisation",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("successor_code", sa.Text(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", name="pk_organisation"),
        sa.UniqueConstraint("code", name="uq_organisation_code"),
        sa.ForeignKeyConstraint(["parent_id"], ["organisation.organisation_id"], name="fk_organisation_parent_id"),
    )
    op.create_table(
        "school_class",
        sa.Column("class_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("school_year", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("grades", postgresql.JSONB(), nullable=False),
        sa.Column("special_needs", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("class_id", name="pk_school_class"),
        sa.UniqueConstraint("organisation_id", "source_id", name="uq_school_class_organisation_id"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.organisation_id"], name="fk_school_class_organisation_id"
        ),
    )


def _create_people() -> None:
    op.create_table(
        "person",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", name="pk_person"),
    )
    op.create_table(
        "learner",
        sa.Column("learner_id", sa.Uuid(), nullable=False),
        sa.Column("details", sa.LargeBinary(), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("learner_id", name="pk_learner"),
        sa.ForeignKeyConstraint(["learner_id"], ["person.person_id"], name="fk_learner_learner_id"),
    )
    op.create_table(
        "learner_identifier",
        sa.Column("learner_id", sa.Uuid(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("blind", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("learner_id", "scheme", name="pk_learner_identifier"),
        sa.UniqueConstraint("blind", name="uq_learner_identifier_blind"),
        sa.ForeignKeyConstraint(
            ["learner_id"], ["learner.learner_id"], name="fk_learner_identifier_learner_id", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "carer",
        sa.Column("carer_id", sa.Uuid(), nullable=False),
        sa.Column("blind", sa.LargeBinary(), nullable=False),
        sa.Column("details", sa.LargeBinary(), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("carer_id", name="pk_carer"),
        sa.UniqueConstraint("blind", name="uq_carer_blind"),
        sa.ForeignKeyConstraint(["carer_id"], ["person.person_id"], name="fk_carer_carer_id"),
    )
    op.create_table(
        "care",
        sa.Column("learner_id", sa.Uuid(), nullable=False),
        sa.Column("carer_id", sa.Uuid(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("court_order", sa.Boolean(), nullable=False),
        sa.Column("contact_block", sa.Boolean(), nullable=False),
        sa.Column("notes", sa.LargeBinary(), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("learner_id", "carer_id", "valid_from", name="pk_care"),
        sa.ForeignKeyConstraint(["learner_id"], ["learner.learner_id"], name="fk_care_learner_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["carer_id"], ["carer.carer_id"], name="fk_care_carer_id"),
    )
    op.create_index("ix_care_carer_id", "care", ["carer_id"])
    op.create_table(
        "staff",
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("reading", sa.Text(), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("staff_id", name="pk_staff"),
        sa.UniqueConstraint("source_id", name="uq_staff_source_id"),
        sa.ForeignKeyConstraint(["staff_id"], ["person.person_id"], name="fk_staff_staff_id"),
    )
    op.create_table(
        "staff_role",
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("role_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("class_id", sa.Uuid(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("staff_id", "role_id", name="pk_staff_role"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.staff_id"], name="fk_staff_role_staff_id"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.organisation_id"], name="fk_staff_role_organisation_id"
        ),
        sa.ForeignKeyConstraint(["class_id"], ["school_class.class_id"], name="fk_staff_role_class_id"),
    )
    op.create_index("ix_staff_role_organisation_id", "staff_role", ["organisation_id"])


def _create_enrolment() -> None:
    op.create_table(
        "enrolment",
        sa.Column("learner_id", sa.Uuid(), nullable=False),
        sa.Column("enrolment_id", sa.Uuid(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("class_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("school_year", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("begin", sa.Date(), nullable=False),
        sa.Column("end", sa.Date(), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("learner_id", "enrolment_id", name="pk_enrolment"),
        sa.ForeignKeyConstraint(
            ["learner_id"], ["learner.learner_id"], name="fk_enrolment_learner_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["class_id"], ["school_class.class_id"], name="fk_enrolment_class_id"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.organisation_id"], name="fk_enrolment_organisation_id"
        ),
    )
    op.create_index("ix_enrolment_class_id", "enrolment", ["class_id"])
    op.create_index("ix_enrolment_organisation_id", "enrolment", ["organisation_id"])


def _create_records() -> None:
    op.create_table(
        "record",
        sa.Column("learner_id", sa.Uuid(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("school_year", sa.BigInteger(), nullable=False),
        sa.Column("current_version", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("learner_id", "record_id", name="pk_record"),
        sa.UniqueConstraint("learner_id", "category", "organisation_id", "school_year", name="uq_record_learner_id"),
        sa.ForeignKeyConstraint(
            ["learner_id"], ["learner.learner_id"], name="fk_record_learner_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.organisation_id"], name="fk_record_organisation_id"
        ),
    )
    op.create_table(
        "record_version",
        sa.Column("learner_id", sa.Uuid(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("schema", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("origin", sa.Uuid(), nullable=True),
        sa.Column("compensates", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("learner_id", "record_id", "version", name="pk_record_version"),
        sa.ForeignKeyConstraint(
            ["learner_id", "record_id"], ["record.learner_id", "record.record_id"],
            name="fk_record_version_learner_id", ondelete="CASCADE",
        ),
    )  # fmt: skip
    op.execute("ALTER TABLE record_version ALTER COLUMN sealed SET STORAGE EXTERNAL")


def _create_log() -> None:
    op.create_table(
        "log_entry",
        sa.Column("learner_id", sa.Uuid(), nullable=False),
        sa.Column("entry_no", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("classes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("commitment", sa.LargeBinary(), nullable=False),
        sa.Column("leaf_index", sa.BigInteger(), nullable=True),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("learner_id", "entry_no", name="pk_log_entry"),
    )
    op.create_index("ix_log_entry_pending", "log_entry", ["entry_no"], postgresql_where=sa.text("leaf_index IS NULL"))
    op.create_table(
        "log_link",
        sa.Column("learner_id", sa.Uuid(), nullable=False),
        sa.Column("viewer_class", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("entry_no", sa.BigInteger(), nullable=False),
        sa.Column("previous_head", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("learner_id", "viewer_class", "position", name="pk_log_link"),
    )
    op.create_table(
        "log_chain",
        sa.Column("learner_id", sa.Uuid(), nullable=False),
        sa.Column("viewer_class", sa.Text(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("map_key", sa.LargeBinary(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("learner_id", "viewer_class", name="pk_log_chain"),
    )
    op.create_table(
        "log_map_leaf",
        sa.Column("map_key", sa.LargeBinary(), nullable=False),
        sa.Column("bucket", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("map_key", name="pk_log_map_leaf"),
    )
    op.create_index("ix_log_map_leaf_bucket", "log_map_leaf", ["bucket"])
    op.create_table(
        "log_bucket",
        sa.Column("bucket", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("bucket", name="pk_log_bucket"),
    )
    op.create_table(
        "log_checkpoint",
        sa.Column("checkpoint_no", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("checkpoint_no", name="pk_log_checkpoint"),
    )

    op.create_table(
        "log_download",
        sa.Column("learner_id", sa.Uuid(), nullable=False),
        sa.Column("viewer_class", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("learner_id", "viewer_class", "size", name="pk_log_download"),
    )


def _grant() -> None:
    op.execute("GRANT SELECT ON alembic_version TO manabi_app, manabi_jobs, manabi_auditor")
    for table in (*SHARED_TABLES, *LEARNER_TABLES, *LOG_TABLES, *MAP_TABLES):
        op.execute(f"GRANT SELECT ON {table} TO manabi_app, manabi_auditor")
        op.execute(f"GRANT SELECT, INSERT, UPDATE ON {table} TO manabi_jobs")
    for table in (*LEARNER_TABLES, "person", "carer", "staff_role"):
        op.execute(f"GRANT DELETE ON {table} TO manabi_jobs")
    op.execute("GRANT INSERT ON log_entry, log_download TO manabi_app")

    for table in (*LEARNER_TABLES, *LOG_TABLES):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY jobs ON {table} TO manabi_jobs USING (true) WITH CHECK (true)")
        op.execute(f"CREATE POLICY auditor ON {table} FOR SELECT TO manabi_auditor USING (true)")
    for table in ("learner", "learner_identifier", "record", "record_version", *LOG_TABLES):
        op.execute(f"CREATE POLICY named ON {table} FOR SELECT TO manabi_app USING ({BY_LEARNER})")
    op.execute(f"CREATE POLICY named ON care FOR SELECT TO manabi_app USING ({BY_LEARNER} OR carer_id = {PERSON})")
    own_schools = f"SELECT r.organisation_id FROM staff_role r WHERE r.staff_id = {PERSON}"  # noqa: S608 — constants
    op.execute(
        "CREATE POLICY named ON enrolment FOR SELECT TO manabi_app "
        f"USING ({BY_LEARNER} OR organisation_id IN ({own_schools}))"
    )
    op.execute(f"CREATE POLICY written ON log_download FOR INSERT TO manabi_app WITH CHECK ({BY_LEARNER})")
    op.execute(
        "CREATE POLICY written ON log_entry FOR INSERT TO manabi_app "
        f"WITH CHECK ({BY_LEARNER} OR learner_id = {NOBODY})"
    )


def downgrade() -> None:
    for table in (
        *MAP_TABLES, *LOG_TABLES, "record_version", "record", "enrolment", "staff_role", "staff", "care", "carer",
        "learner_identifier", "learner", "person", "school_class", "organisation",
    ):  # fmt: skip
        op.drop_table(table)
