"""A child's move between schools, as the old school and as the new school keeps it, and the messages between them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Date, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from web.database import Base


class OutgoingTransfer(Base):
    """The old school's case. `reason` is sealed; `problems` are those of a rejected acknowledgement.

    States: prepared (ticket handed out), requested, sending, done, rejected, cancelled.
    """

    __tablename__ = "outgoing_transfer"
    __table_args__ = (Index("ix_outgoing_transfer_organisation_id", "organisation_id"),)

    learner_id: Mapped[UUID] = mapped_column(ForeignKey("learner.learner_id", ondelete="CASCADE"), primary_key=True)
    transfer_id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.organisation_id"))
    move: Mapped[str]
    state: Mapped[str]
    left_on: Mapped[date] = mapped_column(Date())
    accepted_on: Mapped[date | None] = mapped_column(Date())
    reason: Mapped[bytes]
    started_by: Mapped[UUID]
    started_at: Mapped[datetime]
    request_id: Mapped[UUID | None]
    dossier_id: Mapped[UUID | None]
    recipient_code: Mapped[str | None]
    recipient_name: Mapped[str | None]
    requested_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    problems: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))


class IncomingTransfer(Base):
    """The new school's case, from the enrolment decision on. Ticket, tokens and keys towards the old node are sealed.

    `state`: decided, lodging, pending, open (something came), done, cancelled. `consent_state`: none, pending, granted,
    granted_in_part, refused, expired, ended. `statutory_state`: waiting, announced, received, rejected. The cursors say
    how far a pull came; `case_reference` names the case towards the old node and no one in it.
    """

    __tablename__ = "incoming_transfer"
    __table_args__ = (
        Index("ix_incoming_transfer_organisation_id", "organisation_id"),
        UniqueConstraint("case_reference"),
    )

    learner_id: Mapped[UUID] = mapped_column(ForeignKey("learner.learner_id", ondelete="CASCADE"), primary_key=True)
    transfer_id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.organisation_id"))
    class_id: Mapped[UUID | None] = mapped_column(ForeignKey("school_class.class_id"))
    move: Mapped[str]
    state: Mapped[str]
    consent_state: Mapped[str]
    statutory_state: Mapped[str]
    accepted_on: Mapped[date] = mapped_column(Date())
    decided_by: Mapped[UUID]
    decided_at: Mapped[datetime]
    case_reference: Mapped[str]
    sender_id: Mapped[str]
    ticket: Mapped[bytes]
    asked: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    asked_by: Mapped[UUID | None]
    asked_at: Mapped[datetime | None]
    auth_request: Mapped[bytes | None]
    auth_expires_at: Mapped[datetime | None]
    dpop_key: Mapped[bytes | None]
    refresh_token: Mapped[bytes | None]
    granted: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    grant_id: Mapped[UUID | None]
    dossier_id: Mapped[UUID | None]
    manifest: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))
    withheld: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))
    consent_cursor: Mapped[str | None]
    statutory_cursor: Mapped[str | None]
    received_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    problems: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))


class ReceivedDocument(Base):
    """A document as the sending school signed it, sealed under the child's key here.

    `lane` is statutory or consent, `basis_id` the sender's dossier or grant. `erased_at`: the token is gone, the fact
    that it was here stays.
    """

    __tablename__ = "received_document"
    __table_args__ = (
        ForeignKeyConstraint(
            ["learner_id", "transfer_id"],
            ["incoming_transfer.learner_id", "incoming_transfer.transfer_id"],
            ondelete="CASCADE",
        ),
    )

    learner_id: Mapped[UUID] = mapped_column(primary_key=True)
    transfer_id: Mapped[UUID] = mapped_column(primary_key=True)
    doc_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    basis_id: Mapped[UUID]
    lane: Mapped[str]
    category: Mapped[str]
    school_year: Mapped[int]
    issuer_code: Mapped[str]
    issuer_name: Mapped[str]
    key_id: Mapped[str]
    sha256: Mapped[bytes]
    sealed: Mapped[bytes | None]
    received_at: Mapped[datetime]
    erased_at: Mapped[datetime | None]


class ReceivedFile(Base):
    """A file that belongs to a received document; its content stands in chunks.

    `note` holds name and SHA-256 of the content, sealed: the hash of a short text gives it away.
    """

    __tablename__ = "received_file"
    __table_args__ = (
        ForeignKeyConstraint(
            ["learner_id", "transfer_id", "doc_id", "version"],
            [
                "received_document.learner_id",
                "received_document.transfer_id",
                "received_document.doc_id",
                "received_document.version",
            ],
            ondelete="CASCADE",
            name="fk_received_file_document",
        ),
    )

    learner_id: Mapped[UUID] = mapped_column(primary_key=True)
    transfer_id: Mapped[UUID] = mapped_column(primary_key=True)
    doc_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    file_no: Mapped[int] = mapped_column(primary_key=True)
    note: Mapped[bytes]
    media_type: Mapped[str]
    size: Mapped[int]
    received: Mapped[int]
    complete: Mapped[bool]


class ReceivedFileChunk(Base):
    """64 KiB of a received file, sealed."""

    __tablename__ = "received_file_chunk"
    __table_args__ = (
        ForeignKeyConstraint(
            ["learner_id", "transfer_id", "doc_id", "version", "file_no"],
            [
                "received_file.learner_id",
                "received_file.transfer_id",
                "received_file.doc_id",
                "received_file.version",
                "received_file.file_no",
            ],
            ondelete="CASCADE",
            name="fk_received_file_chunk_file",
        ),
    )

    learner_id: Mapped[UUID] = mapped_column(primary_key=True)
    transfer_id: Mapped[UUID] = mapped_column(primary_key=True)
    doc_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    file_no: Mapped[int] = mapped_column(primary_key=True)
    chunk_no: Mapped[int] = mapped_column(primary_key=True)
    sealed: Mapped[bytes]


class MessageOut(Base):
    """A signed message to another node, kept until it is acknowledged. States: queued, acknowledged, dead."""

    __tablename__ = "message_out"
    __table_args__ = (Index("ix_message_out_state", "state"),)

    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    learner_id: Mapped[UUID]
    recipient_id: Mapped[str]
    kind: Mapped[str]
    token: Mapped[str]
    state: Mapped[str]
    attempts: Mapped[int]
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    problem: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))


class MessageIn(Base):
    """A message of another node, taken in once: `message_id` is unique for its sender."""

    __tablename__ = "message_in"

    sender_id: Mapped[str] = mapped_column(primary_key=True)
    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    token: Mapped[str]
    received_at: Mapped[datetime]
    handled_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
