"""Deciding: a family reads a request, sees the very bytes that would go, and those who may answer do.

Answers to one request are taken one after another, under its lock, so two people who answer at the same moment are one
before the other, and what they settle on does not depend on which. An answer can strike and shorten, never widen.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from consent.authority import act_class_of, deciders, may_answer
from consent.decision import Actor, Read, decide
from consent.receipt import ShownText
from consent.request import Agreed, AskedRequest, Waiting, settle, state_after
from consent.scope import Scope, Terms
from consent.verdict import Allowed, DenialCode, Denied
from consent.vocabulary import Category, Channel, GrantState, ReceiptEvent, RequestState
from pds.access_log import entries
from pds.access_log.entries import Act
from pds.node import Node
from pds.people.service import KnownChild
from pds.sharing import receipts, requests
from pds.sharing.copies import Copy, make_copies
from pds.sharing.enforcement import (
    Asking,
    Refused,
    approach_family,
    entry_by_viewer,
    family_verdict,
    refuse,
    unknown_child,
)
from pds.sharing.ground import records_in
from pds.sharing.models import ShareAnswer, ShareGrant, ShareRequest
from pds.sharing.papers import seal_paper
from pds.sharing.requests import RequestView
from trust.errors import N_, ManabiError
from web.jobs import service as jobs

EXPIRE: Final = "sharing.expire"
"""The job that ends requests and grants whose time is over."""
COMMENT: Final = "answer-comment"
TEXT: Final = "text-shown"
SCAN: Final = "scan"
"""Kinds of papers that belong to an answer."""


class ChoiceEmpty(ManabiError):
    """422: a yes that keeps nothing, or ends before it begins."""

    code = "sharing.choice_empty"
    status = 422
    title = N_("Nothing is left of what would be shared.")
    remedy = N_("Choose at least one category and an end in the future, or answer that you do not share.")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an answer came to. `waiting_for` are the people still needed; `grant_id` is set once all have agreed."""

    state: RequestState
    waiting_for: frozenset[UUID]
    grant_id: UUID | None
    terms: Terms | None
    receipt_id: UUID


@dataclass(frozen=True, slots=True)
class Given:
    """An answer that counts from now on, however it was given. `kept` is None for no."""

    person: UUID
    kept: Terms | None
    channel: Channel
    shown: ShownText
    verdict: Allowed
    at: datetime


def look(session: Session, node: Node, asking: Asking, learner: UUID, request: UUID) -> RequestView | Refused:
    """Decide, log and return a request as somebody of the family sees it, and note that it was seen."""
    child = approach_family(session, node, asking, learner, Act.REQUEST_SEEN, under=request)
    if isinstance(child, Refused):
        return child
    row = requests.find(session, learner, request)
    if row is None:
        return refuse(session, node, asking, child, unknown_child(node, asking), Act.REQUEST_SEEN, None, under=request)
    if row.state == RequestState.LODGED:
        row = requests.find(session, learner, request, alone=True) or row
        if row.state == RequestState.LODGED and asking.now < row.expires_at:
            row.state, row.seen_at = RequestState.SEEN.value, asking.now
            session.flush()
    seen = entry_by_viewer(node, asking, child, family_verdict(asking), Act.REQUEST_SEEN, None, under=request)
    entries.write(session, node, [seen])
    return requests.view_of(session, node, child, row, asking.viewer.person, asking.now)


def preview(
    session: Session, node: Node, asking: Asking, learner: UUID, request: UUID, category: Category, terms: Terms | None
) -> tuple[Copy, ...] | Refused:
    """Decide, log and return what the asker would get of one category today: the very bytes.

    `terms` are those the reader has in mind; without them all that was asked. Refused for what is not the family's to
    give, and where the reader may not see all of it.
    """
    child = approach_family(session, node, asking, learner, Act.PREVIEW_READ, under=request)
    if isinstance(child, Refused):
        return child
    row = requests.find(session, learner, request)
    if row is None:
        return refuse(
            session, node, asking, child, unknown_child(node, asking), Act.PREVIEW_READ, category, under=request
        )
    verdict = decide(Read(asking.viewer.actor, child.facts, category, asking.now), node.policy)
    offered = requests.as_asked(row, asking.now, node).asked.scope
    scope = (offered if terms is None else offered.meet(terms.scope)).years(category)
    if isinstance(verdict, Allowed) and (not scope or verdict.withheld_fields):
        verdict = Denied(DenialCode.NOT_IN_SCOPE)
    if isinstance(verdict, Denied):
        return refuse(session, node, asking, child, verdict, Act.PREVIEW_READ, category, under=request)
    items = records_in(session, node, row.client_id, learner, Scope.of({category: scope}), verdict)
    items = tuple(sorted(items, key=lambda item: (item.school_year, item.doc)))
    versions = [(item.record, item.version) for item in items]
    entry = entry_by_viewer(node, asking, child, verdict, Act.PREVIEW_READ, category, under=request, records=versions)
    entries.write(session, node, [entry])
    return make_copies(session, node, row.client_id, learner, versions)


def answer(
    session: Session,
    node: Node,
    asking: Asking,
    learner: UUID,
    request: UUID,
    *,
    kept: Terms | None,
    comment: str | None,
    channel: Channel,
    shown: ShownText,
    step_up: str,
) -> Outcome | Refused:
    """Take the answer of somebody who may decide, and settle the request if that was the last one needed.

    `kept` are the terms kept of those offered, None for no; `step_up` says how the person proved who they are just
    now. An answer may be given anew while others are awaited. Raises `ChoiceEmpty`.
    """
    child = approach_family(session, node, asking, learner, Act.REQUEST_ANSWERED, under=request)
    if isinstance(child, Refused):
        return child
    row = requests.find(session, learner, request, alone=True)
    if row is None:
        return _refuse(session, node, asking, child, request, unknown_child(node, asking))
    verdict = judge(node, asking.viewer.actor, child, row, kept, asking.now)
    if isinstance(verdict, Denied):
        return _refuse(session, node, asking, child, request, verdict)
    person = asking.viewer.person
    given = Given(person, kept, channel, shown, verdict, asking.now)
    keep_answer(session, node, row, given, comment=comment, step_up=step_up)
    entry = entry_by_viewer(node, asking, child, verdict, Act.REQUEST_ANSWERED, None, under=request)
    entries.write(session, node, [entry])
    return settle_request(session, node, child, row, given)


def judge(
    node: Node, actor: Actor, child: KnownChild, row: ShareRequest, kept: Terms | None, at: datetime
) -> Allowed | Denied:
    """Decide whether a person may answer a locked request like this now. Raises `ChoiceEmpty`."""
    asked = requests.as_asked(row, at, node)
    act = act_class_of(asked.asked.scope, at, node.policy)
    verdict = may_answer(actor, child.facts, act, at, node.policy)
    if isinstance(verdict, Denied):
        return verdict
    if row.state not in requests.OPEN or at >= row.expires_at or asked.asked.scope.is_empty:
        return Denied(DenialCode.REQUEST_OVER)
    if kept is None:
        return verdict
    if not kept.within(asked.asked):
        return Denied(DenialCode.NARROW_ONLY)
    if kept.scope.is_empty or kept.until <= at:
        raise ChoiceEmpty
    return verdict


def keep_answer(
    session: Session,
    node: Node,
    row: ShareRequest,
    given: Given,
    *,
    comment: str | None,
    step_up: str,
    entered_by: UUID | None = None,
    scan: tuple[bytes, str] | None = None,
) -> None:
    """Write an answer, in place of the person's earlier one; the comment, the words shown and the scan are sealed."""
    learner, request, person = row.learner_id, row.request_id, given.person

    def sealed(kind: str, content: bytes) -> bytes:
        return seal_paper(node, learner, request, person, kind, content)

    values = {
        "kept": None if given.kept is None else given.kept.to_wire(),
        "comment": sealed(COMMENT, comment.encode()) if comment else None,
        "channel": given.channel.value,
        "text_version": given.shown.version,
        "text_locale": given.shown.locale.value,
        "text_sealed": sealed(TEXT, given.shown.text.encode()),
        "step_up": step_up,
        "answered_at": given.at,
        "entered_by": entered_by,
        "checked_by": None,
        "checked_at": None,
        "scan": None if scan is None else sealed(SCAN, scan[0]),
        "scan_media_type": None if scan is None else scan[1],
    }
    statement = insert(ShareAnswer).values(learner_id=learner, request_id=request, person_id=person, **values)
    key = [ShareAnswer.learner_id, ShareAnswer.request_id, ShareAnswer.person_id]
    session.execute(statement.on_conflict_do_update(index_elements=key, set_=values))


def settle_request(session: Session, node: Node, child: KnownChild, row: ShareRequest, given: Given) -> Outcome:
    """Settle a locked request after an answer that counts, and give whoever answered a receipt of it.

    Everyone agreed: the grant begins. Somebody said no, or nothing is left: the request is over. Otherwise it waits,
    and to its asker looks like any other.
    """
    asked = requests.as_asked(row, given.at, node)
    named = deciders(child.facts, act_class_of(asked.asked.scope, given.at, node.policy), given.at, node.policy)
    settled = settle(asked, requests.given_answers(requests.answers_to(session, row)), named, given.at)
    row.state = state_after(settled, RequestState(row.state)).value
    if row.state not in requests.OPEN:
        row.closed_at = given.at
    if isinstance(settled, Agreed):
        row.grant_id = _begin(session, row, settled.terms, given.at)
    session.flush()
    agreed = settled.terms if isinstance(settled, Agreed) else None
    receipt = receipts.issue(session, node, row, _event(row, asked, given, agreed))
    waiting = settled.for_ if isinstance(settled, Waiting) else frozenset()
    return Outcome(RequestState(row.state), waiting, row.grant_id, agreed, receipt)


def _begin(session: Session, row: ShareRequest, terms: Terms, at: datetime) -> UUID:
    grant = uuid4()
    session.add(
        ShareGrant(
            learner_id=row.learner_id, grant_id=grant, request_id=row.request_id, client_id=row.client_id,
            school_code=row.school_code, school_name=row.school_name, terms=terms.to_wire(),
            state=GrantState.ACTIVE.value, version=1, begin=at, until=terms.until, paused_by=[], closed_at=None,
            closed_by=None, told_at=None, end_answer=None, end_answered_at=None,
        )
    )  # fmt: skip
    session.flush()
    jobs.enqueue(session, EXPIRE, {"grant": str(grant)}, now=at, due_at=terms.until)
    return grant


def _event(row: ShareRequest, asked: AskedRequest, given: Given, agreed: Terms | None) -> receipts.Event:
    """Tell what the person said, in their own words; `agreed` are the terms of the grant, if theirs was the last."""
    kept = agreed or given.kept
    said = ReceiptEvent.REFUSED
    if kept is not None:
        said = ReceiptEvent.GIVEN if kept == asked.asked else ReceiptEvent.GIVEN_IN_PART
    return receipts.Event(
        said, given.at, given.shown, given.verdict, row.grant_id or row.request_id, by=given.person,
        channel=given.channel, grant=row.grant_id, terms=kept,
    )  # fmt: skip


def _refuse(session: Session, node: Node, asking: Asking, child: KnownChild, request: UUID, verdict: Denied) -> Refused:
    return refuse(session, node, asking, child, verdict, Act.REQUEST_ANSWERED, None, under=request)
