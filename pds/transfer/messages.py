"""Signed messages to and from other nodes: an outbox that forgets nothing, an inbox that acts once.

A message is written in the transaction of the change it tells of, and goes out by a job: at least once, with growing
pauses, until the other node has it. What is not taken for some sixteen hours is a dead letter, which somebody sees
and may send again. Coming in, a message is verified against the registry, kept under its sender and id, and answered;
what it asks for is done by a job, so that the answer tells nothing of what is known here.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from pds.node import Node
from pds.transfer.errors import CaseUnknown, MessageRefused, NotNow
from pds.transfer.models import MessageIn, MessageOut
from pds.transfer.others import reach, registry_in_force
from pds.transfer.remote import OutOfReach, Refused
from trust.files import nothing_follows
from trust.framing import from_text
from trust.messages import MessageRefused as NotBelieved
from trust.messages import make_message, open_message, peek_issuer
from trust.registry import KeyUse
from web.jobs import service as jobs
from web.jobs.runner import JobRun

SEND: Final = "transfer.send_message"
HANDLE: Final = "transfer.handle_message"
MOST_ATTEMPTS: Final = 26
_LONGEST_PAUSE: Final = timedelta(hours=1)
_WAITS: Final = timedelta(hours=1)
"""How long a message waits for what it is about."""
_LOOK_AGAIN: Final = timedelta(seconds=20)


class Kind(StrEnum):
    """What a message says; its body names ids, versions and hashes, never contents."""

    ENROLMENT_NOTICE = "enrolment_notice"  # 転入学通知: {case, accepted_on}
    DOSSIER_READY = "dossier_ready"  # {case, dossier, move, manifest}
    DOCUMENTS_RECEIVED = "documents_received"  # {basis: {kind, id}, documents, outcome, problems}
    GRANT_ENDED = "grant_ended"  # {case, grant, reason}
    GRANT_END_ANSWER = "grant_end_answer"  # {grant, outcome}
    TRANSFER_CANCELLED = "transfer_cancelled"  # {case}; the new school's {case, outcome}


class OutState(StrEnum):
    """Where a message to another node is."""

    QUEUED = "queued"
    ACKNOWLEDGED = "acknowledged"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class OutLine:
    """A message as the operator's list shows it; `problem` is why the last attempt failed."""

    message_id: UUID
    recipient: str
    kind: str
    state: OutState
    attempts: int
    created_at: datetime
    due_at: datetime
    problem: str | None


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message that was taken in and believed."""

    sender: str
    kind: str
    body: Mapping[str, Any]
    at: datetime


class NotYet(Exception):
    """What a message is about is not there yet; it may be about to come."""


Act = Callable[[Session, Node, Incoming, datetime], str]
"""Does what a message asks for, in the caller's transaction; returns the outcome for the record, or raises `NotYet`."""


def send(
    session: Session, node: Node, learner: UUID, recipient: str, kind: Kind, body: Mapping[str, object], now: datetime
) -> UUID:
    """Write a message and the job that delivers it into the caller's transaction; return its id."""
    message_id = uuid4()
    session.add(
        MessageOut(
            message_id=message_id, learner_id=learner, recipient_id=recipient, kind=kind.value,
            token=_sign(node, message_id, recipient, kind, body, now), state=OutState.QUEUED, attempts=0,
            created_at=now, due_at=now, closed_at=None, problem=None,
        )
    )  # fmt: skip
    session.flush()
    jobs.enqueue(session, SEND, {"message": str(message_id)}, now=now)
    return message_id


def deliver(node: Node, run: JobRun, after: Callable[[str], None] = nothing_follows) -> None:
    """Hand one message over. Steps: 'message-sent' (the other node has it, we have not noted it), 'message-noted'."""
    message_id = UUID(run.lease.arguments["message"])
    with run.database.session() as session:
        row = session.get(MessageOut, message_id)
        registry = registry_in_force(session, node, run.clock())
    if row is None or row.state != OutState.QUEUED:
        _finish(run)
        return
    problem: str | None = None
    try:
        with reach(node, registry, row.recipient_id, run.clock) as peer:
            peer.deliver(row.token)
        after("message-sent")
    except OutOfReach as error:
        problem = error.reason
    except Refused as error:
        problem = f"{error.status} {error.code}".strip()
    now = run.clock()
    with run.database.session() as session:
        _note_attempt(session, message_id, problem, now)
        run.finish(session)
        session.commit()
    after("message-noted")


def list_out(session: Session, *, dead_only: bool = False, most: int = 200) -> Sequence[OutLine]:
    """Return messages that still wait or are dead, the oldest first."""
    wanted = [OutState.DEAD] if dead_only else [OutState.QUEUED, OutState.DEAD]
    rows = session.scalars(
        select(MessageOut).where(MessageOut.state.in_(wanted)).order_by(MessageOut.created_at).limit(most)
    )
    return [
        OutLine(
            row.message_id, row.recipient_id, row.kind, OutState(row.state), row.attempts, row.created_at, row.due_at,
            None if row.problem is None else str(row.problem.get("reason", "")),
        )
        for row in rows
    ]  # fmt: skip


def resend(session: Session, node: Node, message_id: UUID, now: datetime) -> None:
    """Send a dead letter again, under the same id, so that a receiver who has it after all acts only once."""
    row = session.get(MessageOut, message_id, with_for_update=True)
    if row is None:
        raise CaseUnknown
    if row.state != OutState.DEAD:
        raise NotNow
    kind, body = read_body(row.token)
    row.token = _sign(node, message_id, row.recipient_id, Kind(kind), body, now)
    row.state, row.attempts, row.due_at, row.closed_at, row.problem = OutState.QUEUED, 0, now, None, None
    session.flush()
    jobs.enqueue(session, SEND, {"message": str(message_id)}, now=now)


def take_in(session: Session, node: Node, token: str, now: datetime) -> bool:
    """Verify a message, keep it once and order what it asks for; return whether it was new.

    Raises `MessageRefused` where sender, signature, audience or age do not stand; then nothing is kept.
    """
    registry = registry_in_force(session, node, now)
    try:
        sender = registry.by_id(peek_issuer(token))
        if sender is None:
            raise MessageRefused(reason="the sender is not in the registry")
        message = open_message(token, keys=sender.keys_for(KeyUse.NODE, now), audience=node.node_id, now=now)
        message_id = UUID(message.jti)
    except NotBelieved as refused:
        raise MessageRefused(reason=str(refused.params.get("reason", ""))) from refused
    except ValueError as error:
        raise MessageRefused(reason="its id is not a UUID") from error
    if message.issuer != sender.id:
        raise MessageRefused(reason="it names another sender than its key")
    kept = session.execute(
        insert(MessageIn)
        .values(
            sender_id=sender.id, message_id=message_id, kind=message.kind, token=token, received_at=now,
            handled_at=None, outcome=None,
        )
        .on_conflict_do_nothing()
        .returning(MessageIn.message_id)
    ).first()  # fmt: skip
    if kept is not None:
        jobs.enqueue(session, HANDLE, {"sender": sender.id, "message": str(message_id)}, now=now)
    return kept is not None


def handle(node: Node, run: JobRun, acts: Mapping[Kind, Act], after: Callable[[str], None] = nothing_follows) -> None:
    """Do what one message asks for, once. Steps: 'message-acted' (before the commit), 'message-handled'."""
    sender, message_id = run.lease.arguments["sender"], UUID(run.lease.arguments["message"])
    now = run.clock()
    with run.database.session() as session:
        row = session.get(MessageIn, (sender, message_id), with_for_update=True)
        if row is not None and row.handled_at is None:
            outcome = _act(session, node, row, acts, now)
            if outcome is None and now < row.received_at + _WAITS:
                jobs.enqueue(session, HANDLE, run.lease.arguments, now=now, due_at=now + _LOOK_AGAIN)
            else:
                row.outcome, row.handled_at = outcome or "nothing there", now
            after("message-acted")
        run.finish(session)
        session.commit()
    after("message-handled")


def _act(session: Session, node: Node, row: MessageIn, acts: Mapping[Kind, Act], now: datetime) -> str | None:
    kind, body = read_body(row.token)
    act = acts.get(Kind(kind)) if kind in list(Kind) else None
    if act is None:
        return "unknown kind"
    try:
        return act(session, node, Incoming(row.sender_id, kind, body, row.received_at), now)
    except NotYet:
        return None


def read_body(token: str) -> tuple[str, dict[str, Any]]:
    """Return kind and body of a message that was verified when it came in, or that this node made itself."""
    events = json.loads(from_text(token.split(".")[1]))["events"]
    name, body = next(iter(events.items()))
    return name.rpartition(":")[2], body


def _note_attempt(session: Session, message_id: UUID, problem: str | None, now: datetime) -> None:
    row = session.get(MessageOut, message_id, with_for_update=True)
    if row is None or row.state != OutState.QUEUED:
        return
    row.attempts += 1
    row.problem = None if problem is None else {"reason": problem}
    if problem is None:
        row.state, row.closed_at = OutState.ACKNOWLEDGED, now
    elif row.attempts >= MOST_ATTEMPTS:
        row.state, row.closed_at = OutState.DEAD, now
    else:
        row.due_at = now + pause_after(row.attempts)
        jobs.enqueue(session, SEND, {"message": str(message_id)}, now=now, due_at=row.due_at)
    session.flush()


def pause_after(attempts: int) -> timedelta:
    """Return how long to wait after some failed attempts: 2 s, 4 s, … one hour at most."""
    return min(timedelta(seconds=2 ** min(attempts, 20)), _LONGEST_PAUSE)


def _sign(node: Node, message_id: UUID, recipient: str, kind: Kind, body: Mapping[str, object], now: datetime) -> str:
    return make_message(
        node.keyring.signing_key(KeyUse.NODE.value),
        node.node_id,
        recipient,
        kind.value,
        body,
        now=now,
        jti=str(message_id),
    )


def _finish(run: JobRun) -> None:
    with run.database.session() as session:
        run.finish(session)
        session.commit()
