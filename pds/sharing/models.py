"""Requests, answers, grants, dossiers and receipts: what may leave the node, on whose word, and what did."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from web.database import Base


class TransferTicket(Base):
    """A ticket that a family carries to the next school; only its SHA-256 stands here.

    It is used up when a request is lodged with it (`used_by`); `ended_at` closes one that was replaced or called back.
    """

    __tablename__ = "transfer_ticket"
    __table_args__ = (UniqueConstraint("ticket_hash"),)

    learner_id: Mapped[UUID] = mapped_column(ForeignKey("learner.learner_id", ondelete="CASCADE"), primary_key=True)
    ticket_hash: Mapped[bytes] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.organisation_id"))
    issued_by: Mapped[UUID]
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_by: Mapped[UUID | None]
    used_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class ShareRequest(Base):
    """What an organisation asks for one child. `asked` holds the terms as `consent.scope.Terms` writes them.

    `state` is `consent.request.RequestState`. `request_id` is that of the lodged request; `expires_at` is exclusive.
    """

    __tablename__ = "share_request"
    __table_args__ = (UniqueConstraint("request_id"),)

    learner_id: Mapped[UUID] = mapped_column(ForeignKey("learner.learner_id", ondelete="CASCADE"), primary_key=True)
    request_id: Mapped[UUID] = mapped_column(primary_key=True)
    client_id: Mapped[str]
    school_code: Mapped[str]
    school_name: Mapped[str]
    move: Mapped[str]
    purpose: Mapped[str]
    asked: Mapped[dict[str, Any]]
    case_reference: Mapped[str]
    state: Mapped[str]
    lodged_at: Mapped[datetime]
    opened_at: Mapped[datetime]
    seen_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    grant_id: Mapped[UUID | None]


class ShareAnswer(Base):
    """One decider's answer; `kept` are the terms kept, None a refusal. The comment and the scan are sealed.

    `text_version` (SHA-256) and `text_locale` say which words the decider had before them. At the counter or on paper
    `entered_by` enters the answer, and it counts from `checked_at` on, when a second person has checked it.
    """

    __tablename__ = "share_answer"
    __table_args__ = (
        ForeignKeyConstraint(
            ["learner_id", "request_id"], ["share_request.learner_id", "share_request.request_id"], ondelete="CASCADE"
        ),
    )

    learner_id: Mapped[UUID] = mapped_column(primary_key=True)
    request_id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    kept: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    comment: Mapped[bytes | None]
    channel: Mapped[str]
    text_version: Mapped[str]
    text_locale: Mapped[str]
    text_sealed: Mapped[bytes]
    step_up: Mapped[str]
    answered_at: Mapped[datetime]
    entered_by: Mapped[UUID | None]
    checked_by: Mapped[UUID | None]
    checked_at: Mapped[datetime | None]
    scan: Mapped[bytes | None]
    scan_media_type: Mapped[str | None]


class StatutoryReview(Base):
    """What one entitled viewer did with the documents that the law moves: saw them, commented (sealed), objected."""

    __tablename__ = "statutory_review"
    __table_args__ = (
        ForeignKeyConstraint(
            ["learner_id", "request_id"], ["share_request.learner_id", "share_request.request_id"], ondelete="CASCADE"
        ),
    )

    learner_id: Mapped[UUID] = mapped_column(primary_key=True)
    request_id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    seen_at: Mapped[datetime | None]
    comment: Mapped[bytes | None]
    commented_at: Mapped[datetime | None]
    objects: Mapped[bool]


class ShareDossier(Base):
    """The documents that the law moves to the next school. `manifest` is fixed when the state becomes `ready`.

    States: reviewing, ready, acknowledged, rejected, cancelled. Whoever reads under it locks the row FOR KEY SHARE.
    """

    __tablename__ = "share_dossier"
    __table_args__ = (
        ForeignKeyConstraint(
            ["learner_id", "request_id"], ["share_request.learner_id", "share_request.request_id"], ondelete="CASCADE"
        ),
        Index("ix_share_dossier_review_until", "review_until"),
        UniqueConstraint("request_id"),
    )

    learner_id: Mapped[UUID] = mapped_column(primary_key=True)
    dossier_id: Mapped[UUID] = mapped_column(primary_key=True)
    request_id: Mapped[UUID]
    client_id: Mapped[str]
    move: Mapped[str]
    state: Mapped[str]
    review_until: Mapped[datetime]
    manifest: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))
    ready_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    problems: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))


class ShareGrant(Base):
    """What was granted to whom until when. Readers lock the row FOR KEY SHARE, whoever narrows it FOR UPDATE.

    `paused_by` lists the persons whose pause stands; `closed_by` is the person who ended it, None where time or the
    recipient did. `told_at`, `end_answer` and `end_answered_at` follow the notice
    that the grant has ended: sent when, answered how (`erased`), and when.
    """

    __tablename__ = "share_grant"
    __table_args__ = (
        ForeignKeyConstraint(
            ["learner_id", "request_id"], ["share_request.learner_id", "share_request.request_id"], ondelete="CASCADE"
        ),
        UniqueConstraint("grant_id"),
        Index("ix_share_grant_until", "until"),
    )

    learner_id: Mapped[UUID] = mapped_column(primary_key=True)
    grant_id: Mapped[UUID] = mapped_column(primary_key=True)
    request_id: Mapped[UUID]
    client_id: Mapped[str]
    school_code: Mapped[str]
    school_name: Mapped[str]
    terms: Mapped[dict[str, Any]]
    state: Mapped[str]
    version: Mapped[int]
    begin: Mapped[datetime]
    until: Mapped[datetime]
    paused_by: Mapped[list[Any]] = mapped_column(JSONB())
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[UUID | None]
    told_at: Mapped[datetime | None]
    end_answer: Mapped[str | None]
    end_answered_at: Mapped[datetime | None]


class ShareDisclosure(Base):
    """That a version left the node under a grant or a dossier (`basis_id`), with the hash of the bytes that left.

    `doc_id` is the document's name towards the recipient. `acknowledged_at` and `outcome` are the recipient's answer.
    """

    __tablename__ = "share_disclosure"
    __table_args__ = (Index("ix_share_disclosure_doc", "learner_id", "basis_id", "doc_id"),)

    learner_id: Mapped[UUID] = mapped_column(ForeignKey("learner.learner_id", ondelete="CASCADE"), primary_key=True)
    basis_id: Mapped[UUID] = mapped_column(primary_key=True)
    record_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    doc_id: Mapped[UUID]
    sha256: Mapped[bytes]
    disclosed_at: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None]
    outcome: Mapped[str | None]


class ShareReceipt(Base):
    """A signed receipt, sealed under the child's key; `person_id` is whom it was made for."""

    __tablename__ = "share_receipt"

    learner_id: Mapped[UUID] = mapped_column(ForeignKey("learner.learner_id", ondelete="CASCADE"), primary_key=True)
    receipt_id: Mapped[UUID] = mapped_column(primary_key=True)
    request_id: Mapped[UUID | None]
    grant_id: Mapped[UUID | None]
    person_id: Mapped[UUID | None]
    event: Mapped[str]
    issued_at: Mapped[datetime]
    sealed: Mapped[bytes]
