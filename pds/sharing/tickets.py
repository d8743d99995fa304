"""Transfer tickets: issued on paper, used once, ended when replaced. Only their SHA-256 is kept.

A family has one living ticket at a time. It is used up when a request is lodged with it; the end of that request, a
refusal as well, frees a new one.
"""

import os
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from consent.vocabulary import RequestState
from pds.node import Node
from pds.sharing.models import ShareRequest, TransferTicket
from trust.errors import N_, ManabiError
from trust.ticket import RANDOM_BYTES, Ticket, make_ticket
from web.database import bind_context

LASTS: Final = timedelta(days=60)
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended('ticket/' || CAST(:learner AS text), 0))")
_OPEN: Final = (RequestState.LODGED, RequestState.SEEN)


class TicketInUse(ManabiError):
    """409: the request that was lodged with the last ticket is still open."""

    code = "sharing.ticket_in_use"
    status = 409
    title = N_("A new transfer ticket cannot be issued now: the next school has already used the last one.")
    remedy = N_("Wait for the family's decision on that request. If they refuse, a new ticket can be issued.")


def issue(
    session: Session, node: Node, learner: UUID, organisation: UUID, *, by: UUID, number: int, now: datetime
) -> Ticket:
    """Return a new ticket, shown this once; the learner's unused ones end. `number` is the node's in the registry.

    The caller has decided whether `by` may, and writes the entry. Raises `TicketInUse`.
    """
    bind_context(session, learners=[learner], person=by)
    session.execute(_ONE_AT_A_TIME, {"learner": learner})
    if not may_issue(session, learner):
        raise TicketInUse
    end(session, learner, now=now)
    ticket = make_ticket(number, os.urandom(RANDOM_BYTES))
    session.add(
        TransferTicket(learner_id=learner, ticket_hash=ticket.hash, organisation_id=organisation, issued_by=by,
                       issued_at=now, expires_at=now + LASTS, used_by=None, used_at=None, ended_at=None)
    )  # fmt: skip
    session.flush()
    return ticket


def may_issue(session: Session, learner: UUID) -> bool:
    """Tell whether a new ticket may be issued: no request that was lodged with one is open."""
    held = session.execute(
        select(ShareRequest.request_id)
        .join(
            TransferTicket,
            (TransferTicket.learner_id == ShareRequest.learner_id)
            & (TransferTicket.used_by == ShareRequest.request_id),
        )
        .where(
            ShareRequest.learner_id == learner,
            ShareRequest.state.in_(_OPEN),
        )
        .limit(1)
    ).first()
    return held is None


def use(session: Session, ticket_hash: bytes, request_id: UUID, now: datetime) -> UUID | None:
    """Use a ticket up for a request and return whose it is; None for one that is unknown, used, ended or too old.

    One statement, so that of two requests with one ticket exactly one gets an answer; asked again for the same request
    it answers as before. For background work: the application role sees named learners only.
    """
    return session.execute(
        update(TransferTicket)
        .where(
            TransferTicket.ticket_hash == ticket_hash,
            TransferTicket.ended_at.is_(None),
            (TransferTicket.used_by == request_id)
            | (TransferTicket.used_by.is_(None) & (TransferTicket.expires_at > now)),
        )
        .values(used_by=request_id, used_at=now)
        .returning(TransferTicket.learner_id)
    ).scalar()


def end(session: Session, learner: UUID, *, now: datetime) -> int:
    """End the tickets of a learner that nobody has used; return how many. Needs the context bound."""
    ended = session.execute(
        update(TransferTicket)
        .where(
            TransferTicket.learner_id == learner,
            TransferTicket.used_by.is_(None),
            TransferTicket.ended_at.is_(None),
        )
        .values(ended_at=now)
        .returning(TransferTicket.ticket_hash)
    )
    return len(ended.all())
