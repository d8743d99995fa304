"""The new school's part when something ends: a grant is withdrawn, a case called off, the day of erasure comes.

What came on that ground is erased, and the sender gets its answer. That it was here, and its hash, stay.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from pds.node import Node
from pds.sharing.grants import ERASED
from pds.transfer import cases, incoming, storing
from pds.transfer.cases import GRANTED, CaseKey
from pds.transfer.incoming import CLOSE, PULL
from pds.transfer.messages import Incoming, Kind, send
from pds.transfer.models import IncomingTransfer
from pds.transfer.requesting import ERASE
from pds.transfer.states import ConsentState, IncomingState, Lane, StatutoryState
from trust.files import nothing_follows
from web.jobs import service as jobs
from web.jobs.runner import JobRun

_NOBODY: Final = UUID(int=0)
"""Whom an answer is about where nothing had come."""

__all__ = ["CLOSE", "ERASE"]


def take_announcement(session: Session, node: Node, message: Incoming, now: datetime) -> str:
    """The old school says that its documents are ready: keep the manifest, and fetch them."""
    body = message.body
    manifest = body.get("manifest")
    try:
        dossier = UUID(str(body.get("dossier")))
    except ValueError:
        return "not understood"
    if not isinstance(manifest, list) or not all(isinstance(one, dict) for one in manifest):
        return "not understood"
    case = cases.find_by_reference(session, message.sender, str(body.get("case")))
    if case is None:
        return "no such case"
    if case.state == IncomingState.CANCELLED:
        return "called off"
    case.dossier_id, case.manifest, case.statutory_cursor = dossier, manifest, None
    case.statutory_state = StatutoryState.ANNOUNCED
    cases.set_problems(case, Lane.STATUTORY, [])
    cases.settle_state(case, now)
    arguments = {**CaseKey(case.learner_id, case.transfer_id).to_arguments(), "lane": Lane.STATUTORY.value}
    jobs.enqueue(session, PULL, arguments, now=now)
    return "fetching"


def take_end_of_grant(session: Session, node: Node, message: Incoming, now: datetime) -> str:
    """A grant has ended: erase what came under it and answer. The answer is owed even where nothing had come."""
    try:
        grant = UUID(str(message.body.get("grant")))
    except ValueError:
        return "not understood"
    case = cases.find_by_grant(session, message.sender, grant)
    if case is None:
        case = cases.find_by_reference(session, message.sender, str(message.body.get("case")))
        if case is not None and case.grant_id not in (None, grant):
            case = None
    learner = _NOBODY
    if case is not None:
        learner = case.learner_id
        _end_consent(session, case, now)
    body = {"grant": str(grant), "outcome": ERASED}
    send(session, node, learner, message.sender, Kind.GRANT_END_ANSWER, body, now)
    return ERASED


def take_cancellation(session: Session, node: Node, message: Incoming, now: datetime) -> str:
    """The old school has called the move off: what it had sent by law and was not accepted goes; a grant stands."""
    case = cases.find_by_reference(session, message.sender, str(message.body.get("case")))
    if case is None:
        return "no such case"
    if case.state in (IncomingState.CANCELLED, IncomingState.DONE):
        return "over already"
    if case.statutory_state != StatutoryState.RECEIVED:
        key = CaseKey(case.learner_id, case.transfer_id)
        storing.erase(session, key, now, lane=Lane.STATUTORY)
        case.statutory_state, case.dossier_id, case.statutory_cursor = StatutoryState.WAITING, None, None
    cases.set_problems(case, Lane.STATUTORY, [{"code": "cancelled_by_sender"}])
    return "noted"


def erase_granted(node: Node, run: JobRun, after: Callable[[str], None] = nothing_follows) -> None:
    """Erase what came under a grant when its day has come. Steps: 'erased' (before the commit), 'erasure-noted'."""
    key, grant = CaseKey.of(run.lease.arguments), run.lease.arguments["grant"]
    now = run.clock()
    with run.database.session() as session:
        case = cases.find(session, key, lock=True)
        if case is not None and str(case.grant_id) == grant:
            _end_consent(session, case, now)
        run.finish(session)
        after("erased")
        session.commit()
    after("erasure-noted")


def close_case(node: Node, run: JobRun) -> None:
    """Erase everything of a case that was called off, secrets included, and take the place in the class back.

    The old school is told in the same transaction, if it was asked, so that its word to the family is true.
    """
    key = CaseKey.of(run.lease.arguments)
    now = run.clock()
    with run.database.session() as session:
        case = cases.find(session, key, lock=True)
        if case is not None and case.state == IncomingState.CANCELLED:
            storing.erase(session, key, now)
            if case.consent_state in GRANTED or case.consent_state == ConsentState.PENDING:
                case.consent_state = ConsentState.ENDED
            _forget_ways(case)
            incoming.take_back_place(session, node, case)
            if case.asked is not None:
                body = {"case": case.case_reference, "outcome": ERASED}
                send(session, node, key.learner, case.sender_id, Kind.TRANSFER_CANCELLED, body, now)
        run.finish(session)
        session.commit()


def _end_consent(session: Session, case: IncomingTransfer, now: datetime) -> None:
    storing.erase(session, CaseKey(case.learner_id, case.transfer_id), now, lane=Lane.CONSENT)
    case.consent_state = ConsentState.ENDED
    case.refresh_token, case.consent_cursor, case.auth_request = None, None, None
    cases.set_problems(case, Lane.CONSENT, [])
    cases.settle_state(case, now)


def _forget_ways(case: IncomingTransfer) -> None:
    case.refresh_token, case.auth_request, case.dpop_key = None, None, None
    case.consent_cursor, case.statutory_cursor = None, None
