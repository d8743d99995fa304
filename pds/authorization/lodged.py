"""Requests that were lodged, as polling and the look-up job need them."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, update
from sqlalchemy.orm import Session

from pds.authorization.lodging import hash_auth_req_id
from pds.authorization.models import LodgedRequest


@dataclass(frozen=True, slots=True)
class Lodged:
    """One lodged request. `details` are the authorization details as the asker sent them; `case` its own name."""

    request_id: UUID
    client_id: str
    ticket_hash: bytes = field(repr=False)
    details: dict[str, Any]
    lodged_at: datetime
    expires_at: datetime
    case: str
    polled_at: datetime | None = None
    redeemed_at: datetime | None = None


def find(session: Session, request_id: UUID) -> Lodged | None:
    """Return a lodged request."""
    row = session.execute(select(*LodgedRequest.__table__.columns).where(LodgedRequest.request_id == request_id))
    return _lodged(row.first())


def hold_polled(session: Session, auth_req_id: str, client_id: str) -> Lodged | None:
    """Return the request that a client polls for, locked until the transaction ends; another client's is none."""
    row = session.execute(
        select(*LodgedRequest.__table__.columns)
        .where(LodgedRequest.auth_req_hash == hash_auth_req_id(auth_req_id), LodgedRequest.client_id == client_id)
        .with_for_update()
    )
    return _lodged(row.first())


def note_poll(session: Session, request_id: UUID, now: datetime) -> None:
    """Remember when it was asked about, for pacing."""
    session.execute(update(LodgedRequest).where(LodgedRequest.request_id == request_id).values(polled_at=now))


def note_redemption(session: Session, request_id: UUID, now: datetime) -> None:
    """Remember that tokens were handed out."""
    session.execute(update(LodgedRequest).where(LodgedRequest.request_id == request_id).values(redeemed_at=now))


def _lodged(row: Row[Any] | None) -> Lodged | None:
    if row is None:
        return None
    return Lodged(
        row.request_id, row.client_id, bytes(row.ticket_hash), row.details, row.lodged_at, row.expires_at,
        row.case_reference, row.polled_at, row.redeemed_at,
    )  # fmt: skip
