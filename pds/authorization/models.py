"""What the authorization server keeps: requests lodged with a ticket, and tokens, none of them readable."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from web.database import Base


class LodgedRequest(Base):
    """A request as it came in, before anybody looked whom it is about; it never names a learner.

    `details` are the validated authorization details, `case_reference` the asker's own name for the case.
    `auth_req_hash` and `ticket_hash` are SHA-256; `body_hash` tells a repeat under one idempotency key from another
    request. `polled_at` is for pacing, `redeemed_at` when tokens were first handed out.
    """

    __tablename__ = "lodged_request"
    __table_args__ = (UniqueConstraint("auth_req_hash"), UniqueConstraint("client_id", "idempotency_key"))

    request_id: Mapped[UUID] = mapped_column(primary_key=True)
    client_id: Mapped[str]
    idempotency_key: Mapped[str | None]
    body_hash: Mapped[bytes]
    auth_req_hash: Mapped[bytes]
    ticket_hash: Mapped[bytes]
    details: Mapped[dict[str, Any]]
    case_reference: Mapped[str]
    lodged_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    polled_at: Mapped[datetime | None]
    redeemed_at: Mapped[datetime | None]


class OauthToken(Base):
    """An access or refresh token, known by its SHA-256 alone, bound to a client, a key and one grant or dossier.

    `basis` says whether `basis_id` is a grant or a dossier. A token lives no longer than its basis: whoever accepts
    it judges the basis under its lock. `family` joins the tokens of one redemption, so that revoking one ends all.
    """

    __tablename__ = "oauth_token"
    __table_args__ = (Index("ix_oauth_token_family", "family"), Index("ix_oauth_token_expires_at", "expires_at"))

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    kind: Mapped[str]
    client_id: Mapped[str]
    jkt: Mapped[str]
    learner_id: Mapped[UUID]
    basis: Mapped[str]
    basis_id: Mapped[UUID]
    family: Mapped[UUID]
    details: Mapped[dict[str, Any]]
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
