"""The jobs of this room, by the name under which they stand in the database, and the steps at which one may die."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from pds.node import Node
from pds.transfer import cases, ending, lookup, messages, receiving, requesting, sending
from pds.transfer.messages import Incoming, Kind
from trust.files import nothing_follows
from web.jobs.runner import Handler

STEPS: Final = (
    "looked-up", "request-opened",
    "lodge-sent", "lodge-noted",
    "poll-answered", "poll-noted",
    "dossier-ready", "dossier-announced",
    "pull-page", "pull-page-kept", "pull-chunk", "pull-chunks-kept", "pull-file-whole",
    "pull-concluded", "pull-acknowledged",
    "message-sent", "message-noted", "message-acted", "message-handled",
    "grant-told", "grant-telling",
    "erased", "erasure-noted",
)  # fmt: skip
"""Every step that a worker tells of as it completes one; at each of them it may be stopped without harm."""


def handlers(node: Node, after: Callable[[str], None] = nothing_follows) -> dict[str, Handler]:
    """Return the handlers for a worker's runner; `after` is told each step as it completes, for tests."""
    acts = {
        Kind.ENROLMENT_NOTICE: sending.take_notice,
        Kind.DOSSIER_READY: ending.take_announcement,
        Kind.DOCUMENTS_RECEIVED: sending.take_acknowledgement,
        Kind.GRANT_ENDED: ending.take_end_of_grant,
        Kind.GRANT_END_ANSWER: sending.take_end_answer,
        Kind.TRANSFER_CANCELLED: _take_cancellation,
    }
    return {
        lookup.LOOK_UP: lambda run: lookup.look_up(node, run, after),
        lookup.EXPIRE: lambda run: lookup.expire(node, run),
        requesting.LODGE: lambda run: requesting.lodge(node, run, after),
        requesting.POLL: lambda run: requesting.poll(node, run, after),
        receiving.PULL: lambda run: receiving.pull(node, run, after),
        ending.ERASE: lambda run: ending.erase_granted(node, run, after),
        ending.CLOSE: lambda run: ending.close_case(node, run),
        sending.SEND_DOSSIER: lambda run: sending.send_dossier(node, run, after),
        sending.CALL_BACK: lambda run: sending.call_back(node, run),
        sending.TELL_ENDED: lambda run: sending.tell_grant_ended(node, run, after),
        messages.SEND: lambda run: messages.deliver(node, run, after),
        messages.HANDLE: lambda run: messages.handle(node, run, acts, after),
    }


def _take_cancellation(session: Session, node: Node, message: Incoming, now: datetime) -> str:
    """Either side may call a move off: a case of ours is the new school's side, else it is the old one's."""
    here = cases.find_by_reference(session, message.sender, str(message.body.get("case")))
    take = sending.take_cancellation if here is None else ending.take_cancellation
    return take(session, node, message, now)
