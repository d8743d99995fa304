"""Requests, grants and transfers between nodes, and the files that belong to records.

The lodging of a request runs in a role of its own, which reaches no table of any learner: what it answers cannot
depend on whether a child is known. Two functions let a polling client's request, and a recipient's dossier, be found
before it is known whose they are; they tell nothing but the learner's own id, to code that then names that learner to
row-level security.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "pds_0004"
down_revision = "pds_0003"
branch_labels = None
depends_on = "web_0003"

BY_LEARNER = "learner_id = ANY (string_to_array(nullif(current_setting('app.learners', true), ''), ',')::uuid[])"
PERSON = "nullif(current_setting('app.person', true), '')::uuid"
OWN = f"SELECT r.organisation_id FROM staff_role r WHERE r.staff_id = {PERSON}"  # noqa: S608 — constants
UNDER_OWN = f"SELECT o.organisation_id FROM organisation o WHERE o.parent_id IN ({OWN})"  # noqa: S608 — constants

WRITTEN_BY_THE_APP = (
    "transfer_ticket", "share_request", "share_answer", "statutory_review", "share_dossier", "share_grant",
    "share_disclosure", "share_receipt", "outgoing_transfer", "incoming_transfer",
)  # fmt: skip
READ_BY_THE_APP = ("record_file", "record_file_chunk", "received_document", "received_file", "received_file_chunk")
WITHOUT_LEARNERS = ("lodged_request", "oauth_token", "registry_version", "message_out", "message_in")
ADDED_BY_THE_APP = ("learner", "learner_identifier", "enrolment")


def upgrade() -> None:
    _create_participants()
    _create_record_files()
    _create_sharing()
    _create_authorization()
    _create_transfer()
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


def _create_record_files() -> None:
    op.add_column("record", sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "record_file",
        sa.Column("learner_id", sa.Uuid(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("file_no", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["learner_id", "record_id", "version"],
            ["record_version.learner_id", "record_version.record_id", "record_version.version"],
            name="fk_record_file_version",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("learner_id", "record_id", "version", "file_no", name="pk_record_file"),
    )
    op.create_table(
        "record_file_chunk",
        sa.Column("learner_id", sa.Uuid(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("file_no", sa.BigInteger(), nullable=False),
        sa.Column("chunk_no", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["learner_id", "record_id", "version", "file_no"],
            ["record_file.learner_id", "record_file.record_id", "record_file.version", "record_file.file_no"],
            name="fk_record_file_chunk_file",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "learner_id", "record_id", "version", "file_no", "chunk_no", name="pk_record_file_chunk"
        ),
    )


def _create_sharing() -> None:
    op.create_table(
        "transfer_ticket",
        sa.Column("learner_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_hash", sa.LargeBinary(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("issued_by", sa.Uuid(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_by", sa.Uuid(), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["learner_id"], ["learner.learner_id"], name="fk_transfer_ticket_learner_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.organisation_id"], name="fk_transfer_ticket_organisation_id"
        ),
        sa.PrimaryKeyConstraint("learner_id", "ticket_hash", name="pk_transfer_ticket"),
        sa.UniqueConstraint("ticket_hash", name="uq_transfer_ticket_ticket_hash"),
    )
    op.create_table(
        "share_request",
        sa.Column("learner_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("school_code", sa.Text(), nullable=False),
        sa.Column("school_name", sa.Text(), nullable=False),
        sa.Column("move", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("asked", postgresql.JSONB(), nullable=False),
        sa.Column("case_reference", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("lodged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("grant_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["learner_id"], ["learner.learner_id"], name="fk_share_request_learner_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("learner_id", "request_id", name="pk_share_request"),
        sa.UniqueConstraint("request_id", name="uq_share_request_request_id"),
    )
    op.create_table(
        "share_answer",
        sa.Column("learner_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("kept", postgresql.JSONB(), nullable=True),
        sa.Column("comment", sa.LargeBinary(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("text_version", sa.Text(), nullable=False),
        sa.Column("text_locale", sa.Text(), nullable=False),
        sa.Column("text_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("step_up", sa.Text(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entered_by", sa.Uuid(), nullable=True),
        sa.Column("checked_by", sa.Uuid(), nullable=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("scan", sa.LargeBinary(), nullable=True),
        sa.Column("scan_media_type", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["learner_id", "request_id"],
            ["share_request.learner_id", "share_request.request_id"],
            name="fk_share_answer_learner_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("learner_id", "request_id", "person_id", name="pk_share_answer"),
    )
    op.create_table(
        "statutory_review",
        sa.Column("learner_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("comment", sa.LargeBinary(), nullable=True),
        sa.Column("commented_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("objects", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["learner_id", "request_id"],
            ["share_request.learner_id", "share_request.request_id"],
            name="fk_statutory_review_learner_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("learner_id", "request_id", "person_id", name="pk_statutory_review"),
    )
    op.create_table(
        "share_dossier",
        sa.Column("learner_id", sa.Uuid(), nullable=False),
        sa.Column("dossier_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("move", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("review_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("manifest", postgresql.JSONB(), nullable=True),
        sa.Column("ready_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problems", postgresql.JSONB(), nullable=True),
        sa.ForeignKeyConstraint(
            ["learner_id", "request_id"],
            ["share_request.learner_id", "share_request.request_id"],
            name="fk_share_dossier_learner_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("learner_id", "dossier_id", name="pk_share_dossier"),
        sa.UniqueConstraint("request_id", name="uq_share_dossier_request_id"),
    )
    op.create_index("ix_share_dossier_review_until", "share_dossier", ["review_until"])
    op.create_table(
        "share_grant",
        sa.Column("learner_id", sa.Uuid(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("school_code", sa.Text(), nullable=False),
        sa.Column("school_name", sa.Text(), nullable=False),
        sa.Column("terms", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("begin", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paused_by", postgresql.JSONB(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Uuid(), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_answer", sa.Text(), nullable=True),
        sa.Column("end_answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["learner_id", "request_id"],
            ["share_request.learner_id", "share_request.request_id"],
            name="fk_share_grant_learner_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("learner_id", "grant_id", name="pk_share_grant"),
        sa.UniqueConstraint("grant_id", name="uq_share_grant_grant_id"),
    )
    op.create_index("ix_share_grant_until", "share_grant", ["until"])
    op.create_table(
        "share_disclosure",
        sa.Column("learner_id", sa.Uuid(), nullable=False),
        sa.Column("basis_id", sa.Uuid(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("doc_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("disclosed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["learner_id"], ["learner.learner_id"], name="fk_share_disclosure_learner_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("learner_id", "basis_id", "record_id", "version", name="pk_share_disclosure"),
    )
    op.create_index("ix_share_disclosure_doc", "share_disclosure", ["learner_id", "basis_id", "doc_id"])
    op.create_table(
        "share_receipt",
        sa.Column("learner_id", sa.Uuid(), nullable=False),
        sa.Column("receipt_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=True),
        sa.Column("grant_id", sa.Uuid(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["learner_id"], ["learner.learner_id"], name="fk_share_receipt_learner_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("learner_id", "receipt_id", name="pk_share_receipt"),
    )


def _create_authorization() -> None:
    op.create_table(
        "lodged_request",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.Column("body_hash", sa.LargeBinary(), nullable=False),
        sa.Column("auth_req_hash", sa.LargeBinary(), nullable=False),
        sa.Column("ticket_hash", sa.LargeBinary(), nullable=False),
        sa.Column("details", postgresql.JSONB(), nullable=False),
        sa.Column("case_reference", sa.Text(), nullable=False),
        sa.Column("lodged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("polled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("redeemed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("request_id", name="pk_lodged_request"),
        sa.UniqueConstraint("auth_req_hash", name="uq_lodged_request_auth_req_hash"),
        sa.UniqueConstraint("client_id", "idempotency_key", name="uq_lodged_request_client_id"),
    )
    op.create_table(
        "oauth_token",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("jkt", sa.Text(), nullable=False),
        sa.Column("learner_id", sa.Uuid(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("basis_id", sa.Uuid(), nullable=False),
        sa.Column("family", sa.Uuid(), nullable=False),
        sa.Column("details", postgresql.JSONB(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("token_hash", name="pk_oauth_token"),
    )
    op.create_index("ix_oauth_token_expires_at", "oauth_token", ["expires_at"])
    op.create_index("ix_oauth_token_family", "oauth_token", ["family"])


def _create_transfer() -> None:
    op.create_table(
        "outgoing_transfer",
        sa.Column("learner_id", sa.Uuid(), nullable=False),
        sa.Column("transfer_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("move", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("left_on", sa.Date(), nullable=False),
        sa.Column("accepted_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.Column("started_by", sa.Uuid(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=True),
        sa.Column("dossier_id", sa.Uuid(), nullable=True),
        sa.Column("recipient_code", sa.Text(), nullable=True),
        sa.Column("recipient_name", sa.Text(), nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problems", postgresql.JSONB(), nullable=True),
        sa.ForeignKeyConstraint(
            ["learner_id"], ["learner.learner_id"], name="fk_outgoing_transfer_learner_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.organisation_id"], name="fk_outgoing_transfer_organisation_id"
        ),
        sa.PrimaryKeyConstraint("learner_id", "transfer_id", name="pk_outgoing_transfer"),
    )
    op.create_index("ix_outgoing_transfer_organisation_id", "outgoing_transfer", ["organisation_id"])
    op.create_table(
        "incoming_transfer",
        sa.Column("learner_id", sa.Uuid(), nullable=False),
        sa.Column("transfer_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("class_id", sa.Uuid(), nullable=True),
        sa.Column("move", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("consent_state", sa.Text(), nullable=False),
        sa.Column("statutory_state", sa.Text(), nullable=False),
        sa.Column("accepted_on", sa.Date(), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("case_reference", sa.Text(), nullable=False),
        sa.Column("sender_id", sa.Text(), nullable=False),
        sa.Column("ticket", sa.LargeBinary(), nullable=False),
        sa.Column("asked", postgresql.JSONB(), nullable=True),
        sa.Column("asked_by", sa.Uuid(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("auth_request", sa.LargeBinary(), nullable=True),
        sa.Column("auth_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dpop_key", sa.LargeBinary(), nullable=True),
        sa.Column("refresh_token", sa.LargeBinary(), nullable=True),
        sa.Column("granted", postgresql.JSONB(), nullable=True),
        sa.Column("grant_id", sa.Uuid(), nullable=True),
        sa.Column("dossier_id", sa.Uuid(), nullable=True),
        sa.Column("manifest", postgresql.JSONB(), nullable=True),
        sa.Column("withheld", postgresql.JSONB(), nullable=True),
        sa.Column("consent_cursor", sa.Text(), nullable=True),
        sa.Column("statutory_cursor", sa.Text(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problems", postgresql.JSONB(), nullable=True),
        sa.ForeignKeyConstraint(["class_id"], ["school_class.class_id"], name="fk_incoming_transfer_class_id"),
        sa.ForeignKeyConstraint(
            ["learner_id"], ["learner.learner_id"], name="fk_incoming_transfer_learner_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.organisation_id"], name="fk_incoming_transfer_organisation_id"
        ),
        sa.PrimaryKeyConstraint("learner_id", "transfer_id", name="pk_incoming_transfer"),
        sa.UniqueConstraint("case_reference", name="uq_incoming_transfer_case_reference"),
    )
    op.create_index("ix_incoming_transfer_organisation_id", "incoming_transfer", ["organisation_id"])
    op.create_table(
        "received_document",
        sa.Column("learner_id", sa.Uuid(), nullable=False),
        sa.Column("transfer_id", sa.Uuid(), nullable=False),
        sa.Column("doc_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("basis_id", sa.Uuid(), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("school_year", sa.BigInteger(), nullable=False),
        sa.Column("issuer_code", sa.Text(), nullable=False),
        sa.Column("issuer_name", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["learner_id", "transfer_id"],
            ["incoming_transfer.learner_id", "incoming_transfer.transfer_id"],
            name="fk_received_document_learner_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("learner_id", "transfer_id", "doc_id", "version", name="pk_received_document"),
    )
    op.create_table(
        "received_file",
        sa.Column("learner_id", sa.Uuid(), nullable=False),
        sa.Column("transfer_id", sa.Uuid(), nullable=False),
        sa.Column("doc_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("file_no", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["learner_id", "transfer_id", "doc_id", "version"],
            [
                "received_document.learner_id",
                "received_document.transfer_id",
                "received_document.doc_id",
                "received_document.version",
            ],
            name="fk_received_file_document",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("learner_id", "transfer_id", "doc_id", "version", "file_no", name="pk_received_file"),
    )
    op.create_table(
        "received_file_chunk",
        sa.Column("learner_id", sa.Uuid(), nullable=False),
        sa.Column("transfer_id", sa.Uuid(), nullable=False),
        sa.Column("doc_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("file_no", sa.BigInteger(), nullable=False),
        sa.Column("chunk_no", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["learner_id", "transfer_id", "doc_id", "version", "file_no"],
            [
                "received_file.learner_id",
                "received_file.transfer_id",
                "received_file.doc_id",
                "received_file.version",
                "received_file.file_no",
            ],
            name="fk_received_file_chunk_file",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "learner_id", "transfer_id", "doc_id", "version", "file_no", "chunk_no", name="pk_received_file_chunk"
        ),
    )
    op.create_table(
        "message_out",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("learner_id", sa.Uuid(), nullable=False),
        sa.Column("recipient_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem", postgresql.JSONB(), nullable=True),
        sa.PrimaryKeyConstraint("message_id", name="pk_message_out"),
    )
    op.create_index("ix_message_out_state", "message_out", ["state"])
    op.create_table(
        "message_in",
        sa.Column("sender_id", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("sender_id", "message_id", name="pk_message_in"),
    )


def _grant() -> None:
    for table in (*WRITTEN_BY_THE_APP, *READ_BY_THE_APP):
        op.execute(f"GRANT SELECT ON {table} TO manabi_app, manabi_auditor")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO manabi_jobs")
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY jobs ON {table} TO manabi_jobs USING (true) WITH CHECK (true)")
        op.execute(f"CREATE POLICY auditor ON {table} FOR SELECT TO manabi_auditor USING (true)")
    for table in WRITTEN_BY_THE_APP:
        op.execute(f"GRANT INSERT, UPDATE ON {table} TO manabi_app")
        op.execute(f"CREATE POLICY named ON {table} TO manabi_app USING ({BY_LEARNER}) WITH CHECK ({BY_LEARNER})")
    for table in READ_BY_THE_APP:
        op.execute(f"CREATE POLICY named ON {table} FOR SELECT TO manabi_app USING ({BY_LEARNER})")
    for table in ("outgoing_transfer", "incoming_transfer"):
        op.execute(
            f"CREATE POLICY own_school ON {table} FOR SELECT TO manabi_app "
            f"USING (organisation_id IN ({OWN}) OR organisation_id IN ({UNDER_OWN}))"
        )
    for (
        table
    ) in ADDED_BY_THE_APP:  # a board's officer who decides on an enrolment adds a child; changing stays with jobs
        op.execute(f"GRANT INSERT ON {table} TO manabi_app")
        op.execute(f"CREATE POLICY added ON {table} FOR INSERT TO manabi_app WITH CHECK ({BY_LEARNER})")
    op.execute("GRANT INSERT ON person TO manabi_app")

    for table in WITHOUT_LEARNERS:
        op.execute(f"GRANT SELECT ON {table} TO manabi_app, manabi_auditor")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO manabi_jobs")
    op.execute("REVOKE DELETE, UPDATE ON registry_version FROM manabi_jobs")
    op.execute("GRANT UPDATE ON lodged_request TO manabi_app")
    op.execute("GRANT INSERT, UPDATE ON oauth_token, message_out TO manabi_app")
    op.execute("GRANT INSERT ON message_in TO manabi_app")
    op.execute("GRANT SELECT, INSERT ON lodged_request TO manabi_lodging")
    op.execute("GRANT INSERT ON job TO manabi_lodging")
    op.execute(
        "CREATE FUNCTION learner_of_request(wanted uuid) RETURNS uuid "
        "LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS "
        "$$ SELECT learner_id FROM public.share_request WHERE request_id = wanted $$"
    )
    op.execute("REVOKE ALL ON FUNCTION learner_of_request(uuid) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION learner_of_request(uuid) TO manabi_app, manabi_jobs")
    op.execute(
        "CREATE FUNCTION learner_of_dossier(wanted uuid, client text) RETURNS uuid "
        "LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS "
        "$$ SELECT learner_id FROM public.share_dossier WHERE dossier_id = wanted AND client_id = client $$"
    )
    op.execute("REVOKE ALL ON FUNCTION learner_of_dossier(uuid, text) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION learner_of_dossier(uuid, text) TO manabi_app, manabi_jobs")


def downgrade() -> None:
    op.execute("DROP FUNCTION learner_of_dossier(uuid, text)")
    op.execute("DROP FUNCTION learner_of_request(uuid)")
    op.execute("REVOKE INSERT ON job FROM manabi_lodging")
    op.execute("REVOKE INSERT ON person FROM manabi_app")
    for table in ADDED_BY_THE_APP:
        op.execute(f"DROP POLICY added ON {table}")
        op.execute(f"REVOKE INSERT ON {table} FROM manabi_app")
    for table in (
        "received_file_chunk", "received_file", "received_document", "incoming_transfer", "outgoing_transfer",
        "message_out", "message_in", "oauth_token", "lodged_request", "share_receipt", "share_disclosure",
        "share_grant", "share_dossier", "statutory_review", "share_answer", "share_request", "transfer_ticket",
        "record_file_chunk", "record_file", "registry_version",
    ):  # fmt: skip
        op.drop_table(table)
    op.drop_column("record", "sent_at")
