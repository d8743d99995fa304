"""The old school's part after the request: announce the dossier when its time has come, take in what is answered."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from pds.node import Node
from pds.sharing import dossiers, grants, requests
from pds.sharing.dossiers import Acknowledged, AcknowledgementRefused
from pds.sharing.grants import TELL_ENDED
from pds.sharing.parties import Arrival, Basis, BasisKind, DossierState
from pds.transfer import queries
from pds.transfer.messages import Incoming, Kind, NotYet, send
from pds.transfer.models import OutgoingTransfer
from pds.transfer.outgoing import CALL_BACK, SEND_DOSSIER
from pds.transfer.states import CLOSED_OUTGOING, OutgoingState
from trust.files import nothing_follows
from web.database import bind_context
from web.jobs import service as jobs
from web.jobs.runner import JobRun

__all__ = ["CALL_BACK", "SEND_DOSSIER", "TELL_ENDED"]


def send_dossier(node: Node, run: JobRun, after: Callable[[str], None] = nothing_follows) -> None:
    """Announce a dossier whose review is over, seen or not; looks again while it is not.

    Steps: 'dossier-ready' (before the commit), 'dossier-announced'.
    """
    learner, dossier = UUID(run.lease.arguments["learner"]), UUID(run.lease.arguments["dossier"])
    now = run.clock()
    with run.database.session() as session:
        bind_context(session, learners=[learner])
        standing = dossiers.look(session, learner, dossier)
        if standing is not None and _is_due(standing.state, standing.review_until, now, run.lease.arguments):
            ready = dossiers.make_ready(session, node, learner, dossier, now)
            if ready is not None and ready.state is DossierState.READY:
                _announce(session, node, learner, ready.request_id, dossier, list(ready.manifest or ()), now)
        elif standing is not None and standing.state is DossierState.REVIEWING:
            due = min(standing.review_until, now + node.settings.poll)
            jobs.enqueue(session, SEND_DOSSIER, run.lease.arguments, now=now, due_at=due)
        run.finish(session)
        after("dossier-ready")
        session.commit()
    after("dossier-announced")


def tell_grant_ended(node: Node, run: JobRun, after: Callable[[str], None] = nothing_follows) -> None:
    """Tell the recipient that a grant has ended. Steps: 'grant-told' (before the commit), 'grant-telling'."""
    learner, grant = UUID(run.lease.arguments["learner"]), UUID(run.lease.arguments["grant"])
    now = run.clock()
    with run.database.session() as session:
        bind_context(session, learners=[learner])
        ended = queries.grant_to_tell(session, learner, grant)
        if ended is not None and not ended.told:
            body = {"case": ended.case, "grant": str(grant), "reason": ended.state}
            send(session, node, learner, ended.client, Kind.GRANT_ENDED, body, now)
            grants.note_told(session, learner, grant, now)
        run.finish(session)
        after("grant-told")
        session.commit()
    after("grant-telling")


def call_back(node: Node, run: JobRun) -> None:
    """Take back what a cancelled case has not sent, and tell the new school."""
    learner, request = UUID(run.lease.arguments["learner"]), UUID(run.lease.arguments["request"])
    now = run.clock()
    with run.database.session() as session:
        bind_context(session, learners=[learner])
        line = queries.request_line(session, learner, request)
        dossier = queries.dossier_of(session, learner, request)
        if dossier is not None:
            dossiers.cancel(session, node, learner, dossier.dossier, now)
        if line is not None:
            send(session, node, learner, line.client, Kind.TRANSFER_CANCELLED, {"case": line.case}, now)
        run.finish(session)
        session.commit()


def take_notice(session: Session, node: Node, message: Incoming, now: datetime) -> str:
    """転入学通知: the new school names the day on which it accepted the child."""
    found = queries.request_of_case(session, message.sender, str(message.body.get("case")))
    if found is None:
        raise NotYet
    case = _case_of(session, *found)
    if case is None:
        return "no case"
    try:
        case.accepted_on = date.fromisoformat(str(message.body.get("accepted_on")))
    except ValueError:
        return "no date"
    return "noted"


def take_acknowledgement(session: Session, node: Node, message: Incoming, now: datetime) -> str:
    """What the new school says of the documents it pulled: accepted, or what is wrong with them."""
    read = _read_acknowledgement(message)
    if read is None:
        return "not understood"
    kind, basis_id, documents, outcome, problems = read
    find = queries.request_of_dossier if kind is BasisKind.DOSSIER else queries.request_of_grant
    found = find(session, message.sender, basis_id)
    if found is None:
        return "no such ground"
    learner, request = found
    basis = Basis(kind, learner, basis_id)
    try:
        complete = dossiers.acknowledge(
            session, node, learner, basis, documents, outcome, now, client_id=message.sender,
            reference=str(basis_id), problems=problems,
        )  # fmt: skip
    except AcknowledgementRefused as refused:
        return f"refused: {refused.params.get('document', '')}"
    case = _case_of(session, learner, request)
    if kind is BasisKind.DOSSIER and case is not None and case.state == OutgoingState.SENDING:
        case.acknowledged_at = now
        if outcome is Arrival.REJECTED:
            case.state, case.problems = OutgoingState.REJECTED, problems
        elif complete:
            case.state, case.problems, case.closed_at = OutgoingState.DONE, None, now
    return outcome.value


def take_end_answer(session: Session, node: Node, message: Incoming, now: datetime) -> str:
    """The recipient's answer that it has erased what came under a grant."""
    try:
        grant = UUID(str(message.body.get("grant")))
    except ValueError:
        return "not understood"
    outcome = str(message.body.get("outcome"))[:64]
    found = queries.request_of_grant(session, message.sender, grant)
    if found is None:
        return "no such grant"
    bind_context(session, learners=[found[0]])
    known = grants.note_end_answer(session, found[0], grant, outcome, now, client_id=message.sender)
    return outcome if known else "no such grant"


def take_cancellation(session: Session, node: Node, message: Incoming, now: datetime) -> str:
    """The new school will not take the child after all: nothing more is sent, and what was granted to it ends."""
    found = queries.request_of_case(session, message.sender, str(message.body.get("case")))
    if found is None:
        raise NotYet
    learner, request = found
    bind_context(session, learners=[learner])
    requests.withdraw(session, learner, request, now)
    grants.call_off(session, node, learner, request, now, erased=message.body.get("outcome") == grants.ERASED)
    dossier = queries.dossier_of(session, learner, request)
    if dossier is not None:
        dossiers.cancel(session, node, learner, dossier.dossier, now)
    case = _case_of(session, learner, request)
    if case is not None and case.state not in CLOSED_OUTGOING:
        case.state, case.closed_at = OutgoingState.CANCELLED, now
    return "cancelled"


def _announce(
    session: Session,
    node: Node,
    learner: UUID,
    request: UUID,
    dossier: UUID,
    manifest: list[dict[str, Any]],
    now: datetime,
) -> None:
    line = queries.request_line(session, learner, request)
    if line is None:
        return
    body = {"case": line.case, "dossier": str(dossier), "move": line.move, "manifest": manifest}
    send(session, node, learner, line.client, Kind.DOSSIER_READY, body, now)
    case = _case_of(session, learner, request)
    if case is not None and case.state not in CLOSED_OUTGOING:
        case.state, case.sent_at, case.dossier_id, case.problems = OutgoingState.SENDING, now, dossier, None


def _is_due(state: DossierState, review_until: datetime, now: datetime, arguments: dict[str, Any]) -> bool:
    if state is DossierState.REJECTED:
        return bool(arguments.get("again"))
    return state is DossierState.REVIEWING and review_until <= now


def _case_of(session: Session, learner: UUID, request: UUID) -> OutgoingTransfer | None:
    bind_context(session, learners=[learner])
    return session.scalars(
        select(OutgoingTransfer)
        .where(OutgoingTransfer.learner_id == learner, OutgoingTransfer.request_id == request)
        .with_for_update(),
        execution_options={"populate_existing": True},
    ).first()


def _read_acknowledgement(
    message: Incoming,
) -> tuple[BasisKind, UUID, list[Acknowledged], Arrival, list[dict[str, Any]]] | None:
    try:
        basis = message.body["basis"]
        kind, basis_id, outcome = BasisKind(basis["kind"]), UUID(basis["id"]), Arrival(message.body["outcome"])
        documents = [
            Acknowledged(UUID(one["doc"]), int(one["version"]), str(one["sha256"])) for one in message.body["documents"]
        ]
        problems = [dict(one) for one in message.body.get("problems", [])][:200]
    except (KeyError, ValueError, TypeError, AttributeError):
        return None
    return kind, basis_id, documents, outcome, problems
