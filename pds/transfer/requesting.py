"""Asking the old school: the request is lodged, then asked about until the family has decided or the time is over.

Nothing is held open towards the other node while the database waits, and nothing is noted before it answered. Whatever
dies in between is done again: lodging under the same idempotency key returns the first answer, and a decision that was
handed out is handed out again under the same key of the case.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy.orm import Session

from consent.age import japan_midnight
from consent.lanes import arrange
from consent.scope import Scope, Terms
from consent.vocabulary import Mode, Move
from pds.node import Node
from pds.transfer import cases, queries
from pds.transfer.cases import CaseKey, find, try_later
from pds.transfer.incoming import LODGE, PULL, PURPOSE_OF_MOVE
from pds.transfer.messages import Kind, send
from pds.transfer.models import IncomingTransfer
from pds.transfer.others import new_proof_key, reach, read_key, registry_in_force, write_key
from pds.transfer.remote import Declined, Lapsed, OutOfReach, Pending, Refused
from pds.transfer.sealed import open_secret, seal_secret
from pds.transfer.states import CLOSED_INCOMING, ConsentState, IncomingState, Lane
from pds.transfer.wire import Lodging, Tokens
from trust.files import nothing_follows
from web.jobs import service as jobs
from web.jobs.runner import JobRun

POLL: Final = "transfer.poll"
ERASE: Final = "transfer.erase_granted"
RECORDS_TYPE: Final = "manabi_records"

__all__ = ["ERASE", "LODGE", "POLL", "lodge", "poll"]


def lodge(node: Node, run: JobRun, after: Callable[[str], None] = nothing_follows) -> None:
    """Lodge the request of a case.

    Steps: 'lodge-sent' (the old school has it, we have not noted it), 'lodge-noted'.
    """
    key = CaseKey.of(run.lease.arguments)
    with run.database.session() as session:
        case = find(session, key, lock=True)
        if case is None or case.state != IncomingState.LODGING:
            run.finish(session)
            session.commit()
            return
        if case.dpop_key is None:
            made = write_key(new_proof_key())
            case.dpop_key = seal_secret(node, key.learner, key.transfer, "dpop_key", made)
        ticket = open_secret(node, key.learner, key.transfer, "ticket", case.ticket)
        details, reference, sender = _details(session, case), case.case_reference, case.sender_id
        repeatable = f"{key.transfer}/{int(case.asked_at.timestamp()) if case.asked_at else 0}"
        registry = registry_in_force(session, node, run.clock())
        session.commit()
    lodged: Lodging | None = None
    refused, later = "", False
    try:
        with reach(node, registry, sender, run.clock) as peer:
            lodged = peer.lodge(hint=ticket, details=[details], message=reference, idempotency_key=repeatable)
        after("lodge-sent")
    except OutOfReach as error:
        refused, later = error.reason, True
    except Refused as error:
        refused = error.code or str(error.status)
        later = error.status in (401, 403)  # our key or our entry is not known there yet
    with run.database.session() as session:
        case = find(session, key, lock=True)
        if case is None or case.state != IncomingState.LODGING:
            run.finish(session)
        elif lodged is not None:
            _note_lodging(session, node, run, case, lodged)
        elif later:
            cases.set_problems(case, Lane.CONSENT, [{"code": "out_of_reach", "reason": refused}])
            try_later(run, session)
        else:
            case.state, case.consent_state = IncomingState.DECIDED, ConsentState.NONE
            cases.set_problems(case, Lane.CONSENT, [{"code": "refused", "reason": refused}])
            run.finish(session)
        session.commit()
    after("lodge-noted")


def poll(node: Node, run: JobRun, after: Callable[[str], None] = nothing_follows) -> None:
    """Ask whether the family has decided; asks again later while it has not.

    Steps: 'poll-answered' (tokens are in hand, nothing is noted), 'poll-noted'.
    """
    key = CaseKey.of(run.lease.arguments)
    with run.database.session() as session:
        case = find(session, key)
        if case is None or not _waits(case) or case.auth_request is None or case.dpop_key is None:
            run.finish(session)
            session.commit()
            return
        auth_request = open_secret(node, key.learner, key.transfer, "auth_request", case.auth_request)
        proof_key = read_key(open_secret(node, key.learner, key.transfer, "dpop_key", case.dpop_key))
        sender = case.sender_id
        registry = registry_in_force(session, node, run.clock())
    answer: Tokens | Pending | Declined | Lapsed
    try:
        with reach(node, registry, sender, run.clock, proof_key) as peer:
            answer = peer.poll(auth_request)
        after("poll-answered")
    except OutOfReach:
        answer = Pending()
    except Refused as error:
        answer = Lapsed() if error.code == "invalid_grant" else Pending()
    with run.database.session() as session:
        case = find(session, key, lock=True)
        if case is None or not _waits(case):
            run.finish(session)
        else:
            _note_answer(session, node, run, case, answer)
        session.commit()
    after("poll-noted")


def asked_of_family(node: Node, case: IncomingTransfer, at: datetime) -> Terms | None:
    """Return the part of what was asked that is the family's to give, None where there is none."""
    if case.asked is None:
        return None
    asked = Terms.from_wire(case.asked)
    choosable = arrange(asked.scope.categories, Move(case.move), at, node.policy).choosable
    scope = Scope.of({category: asked.scope.years(category) for category in choosable})
    return None if scope.is_empty else replace(asked, scope=scope)


def _waits(case: IncomingTransfer) -> bool:
    return case.consent_state == ConsentState.PENDING and case.state not in CLOSED_INCOMING


def _details(session: Session, case: IncomingTransfer) -> dict[str, Any]:
    school = queries.find_school(session, case.organisation_id)
    return {
        "type": RECORDS_TYPE,
        "move": case.move,
        "purpose": PURPOSE_OF_MOVE[Move(case.move)].value,
        "recipient": "" if school is None else school.code,
        **(case.asked or {}),
        "case": case.case_reference,
    }


def _note_lodging(session: Session, node: Node, run: JobRun, case: IncomingTransfer, lodged: Lodging) -> None:
    now = run.clock()
    key = CaseKey(case.learner_id, case.transfer_id)
    case.state = IncomingState.PENDING
    case.auth_request = seal_secret(node, key.learner, key.transfer, "auth_request", lodged.auth_req_id)
    case.auth_expires_at = now + timedelta(seconds=lodged.expires_in)
    cases.set_problems(case, Lane.CONSENT, [])
    notice = {"case": case.case_reference, "accepted_on": case.accepted_on.isoformat()}
    send(session, node, key.learner, case.sender_id, Kind.ENROLMENT_NOTICE, notice, now)
    if asked_of_family(node, case, now) is None:
        case.consent_state = ConsentState.NONE
    else:
        wait = max(node.settings.poll, timedelta(seconds=lodged.interval))
        arguments = {**key.to_arguments(), "interval": lodged.interval}
        jobs.enqueue(session, POLL, arguments, now=now, due_at=now + wait)
    run.finish(session)


def _note_answer(
    session: Session, node: Node, run: JobRun, case: IncomingTransfer, answer: Tokens | Pending | Declined | Lapsed
) -> None:
    now = run.clock()
    match answer:
        case Pending(wait=wait):
            interval = int(run.lease.arguments.get("interval", 0)) + wait
            due = now + max(node.settings.poll, timedelta(seconds=interval))
            arguments = {**run.lease.arguments, "interval": interval}
            jobs.enqueue(session, POLL, arguments, now=now, due_at=due)
        case Declined():
            case.consent_state = ConsentState.REFUSED
        case Lapsed():
            case.consent_state = ConsentState.EXPIRED
        case Tokens():
            _note_grant(session, node, case, answer, now)
    cases.settle_state(case, now)
    run.finish(session)


def _note_grant(session: Session, node: Node, case: IncomingTransfer, tokens: Tokens, now: datetime) -> None:
    """Keep what was granted and the way to it, and order the pull. More than was asked is not taken."""
    key = CaseKey(case.learner_id, case.transfer_id)
    granted = Terms.from_wire({"erase_on": None, **tokens.details[0]})
    asked = asked_of_family(node, case, now)
    kept = granted if asked is None else granted.meet(asked)
    case.granted, case.grant_id = kept.to_wire(), tokens.grant
    case.consent_state = ConsentState.GRANTED if kept == asked else ConsentState.GRANTED_IN_PART
    if tokens.refresh is not None:
        case.refresh_token = seal_secret(node, key.learner, key.transfer, "refresh_token", tokens.refresh)
    jobs.enqueue(session, PULL, {**key.to_arguments(), "lane": Lane.CONSENT.value}, now=now)
    gone_by = _erase_at(kept)
    if gone_by is not None:
        jobs.enqueue(session, ERASE, {**key.to_arguments(), "grant": str(tokens.grant)}, now=now, due_at=gone_by)


def _erase_at(terms: Terms) -> datetime | None:
    """Return when a stored copy must be gone: the day after the last day; what is only to be viewed with its end."""
    if terms.mode is Mode.VIEW:
        return terms.until
    if terms.erase_on is None:
        return None
    return japan_midnight(terms.erase_on + timedelta(days=1)).astimezone(UTC)
