"""Finding out whose ticket a lodged request came with: a job, long after the asker has had the answer.

A ticket that is unknown, used, ended or too old opens nothing and leaves no trace towards the asker: the request stays
pending until it lapses, like one that nobody answers. So does one whose recipient is not a school of the asker.
"""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from consent.scope import Terms
from consent.vocabulary import Move, PurposeCode
from pds.authorization import lodged
from pds.authorization.lodged import Lodged
from pds.authorization.lodging import LOOK_UP
from pds.node import Node
from pds.sharing import grants, requests, tickets
from pds.sharing.deciding import EXPIRE
from pds.sharing.parties import Recipient
from pds.sharing.requests import Opening
from pds.transfer import queries
from pds.transfer.models import OutgoingTransfer
from pds.transfer.others import registry_in_force
from pds.transfer.outgoing import SEND_DOSSIER
from pds.transfer.states import CLOSED_OUTGOING, OutgoingState
from trust.files import nothing_follows
from web.database import bind_context
from web.jobs import service as jobs
from web.jobs.runner import JobRun

__all__ = ["EXPIRE", "LOOK_UP", "expire", "look_up"]


def look_up(node: Node, run: JobRun, after: Callable[[str], None] = nothing_follows) -> None:
    """Use the ticket and open the request. Steps: 'looked-up' (before the commit), 'request-opened'."""
    request_id = UUID(run.lease.arguments["request"])
    now = run.clock()
    with run.database.session() as session:
        asked = lodged.find(session, request_id)
        recipient = None if asked is None else _recipient(session, node, asked, now)
        if asked is not None and recipient is not None and now < asked.expires_at:
            learner = tickets.use(session, asked.ticket_hash, request_id, now)
            if learner is not None:
                _open(session, node, asked, recipient, learner, now)
        run.finish(session)
        after("looked-up")
        session.commit()
    after("request-opened")


def expire(node: Node, run: JobRun) -> None:
    """End the requests and the grants whose time is over; who held a grant is told of it by a job of its own."""
    with run.database.session() as session:
        requests.expire_due(session, node, run.clock())
        grants.expire_due(session, node, run.clock())
        run.finish(session)
        session.commit()


def _recipient(session: Session, node: Node, asked: Lodged, now: datetime) -> Recipient | None:
    """Return the asking school in the registry's words, if it belongs to the client that asks."""
    found = registry_in_force(session, node, now).organisation(str(asked.details.get("recipient")))
    if found is None or found[0].id != asked.client_id:
        return None
    return Recipient(asked.client_id, found[1].code, found[1].name)


def _open(session: Session, node: Node, asked: Lodged, recipient: Recipient, learner: UUID, now: datetime) -> None:
    details = asked.details
    opening = Opening(
        asked.request_id, learner, recipient, Move(details["move"]), PurposeCode(details["purpose"]),
        Terms.from_wire({"erase_on": None, **details}), asked.lodged_at, asked.expires_at, asked.case,
    )  # fmt: skip
    if not requests.open_request(session, node, opening, now):
        return
    bind_context(session, learners=[learner])
    dossier = queries.dossier_of(session, learner, asked.request_id)
    case = session.scalars(
        select(OutgoingTransfer)
        .where(OutgoingTransfer.learner_id == learner, OutgoingTransfer.state.not_in(list(CLOSED_OUTGOING)))
        .with_for_update()
    ).first()
    if case is not None:
        case.state, case.request_id, case.requested_at = OutgoingState.REQUESTED, asked.request_id, now
        case.recipient_code, case.recipient_name = recipient.school_code, recipient.school_name
        case.dossier_id = None if dossier is None else dossier.dossier
    if dossier is not None:
        arguments = {"learner": str(learner), "dossier": str(dossier.dossier)}
        due = min(dossier.review_until, now + node.settings.poll)
        jobs.enqueue(session, SEND_DOSSIER, arguments, now=now, due_at=due)
    jobs.enqueue(session, EXPIRE, {"request": str(asked.request_id)}, now=now, due_at=asked.expires_at)
