"""Answers given at the counter or on a signed paper: entered by one officer, checked by a second, settled alike.

The first enters what the family says, with the family present, or from the paper, whose scan is kept sealed. It counts
only when a colleague of the same office has compared it. Neither way is worse served than the online one: the same
choices, the same receipt, the same end.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from consent.authority import act_class_of, deciders
from consent.decision import Actor
from consent.offices import may_check_decision, may_handle
from consent.receipt import ShownText
from consent.scope import Terms
from consent.verdict import Allowed, DenialCode, Denied
from consent.vocabulary import ActorKind, Channel, Duty, Locale
from pds.access_log import entries
from pds.access_log.entries import Act
from pds.node import Node
from pds.people.service import KnownChild
from pds.sharing import requests
from pds.sharing.deciding import COMMENT, SCAN, TEXT, Given, Outcome, judge, keep_answer, settle_request
from pds.sharing.enforcement import Asking, Refused, approach, entry_by_viewer, refuse, unknown_child
from pds.sharing.models import ShareAnswer, ShareRequest
from pds.sharing.papers import open_paper
from pds.sharing.requests import RequestView
from trust.errors import N_, ManabiError

LARGEST_SCAN: Final = 5 * 1024 * 1024
"""Bytes."""
SCAN_TYPES: Final = frozenset({"application/pdf", "image/jpeg", "image/png"})


class ScanRefused(ManabiError):
    """422: an answer on paper without its scan, or a scan that cannot be kept."""

    code = "sharing.scan_refused"
    status = 422
    title = N_("The scan of the signed form is missing, too large, or neither PDF, JPEG nor PNG.")
    remedy = N_("Hand in one file of at most %(most)s MB.")


@dataclass(frozen=True, slots=True)
class Scan:
    """The signed paper as a picture or PDF."""

    content: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class CounterView:
    """A request as an officer at the counter sees it: what is asked, who may decide, what waits for a second look."""

    request: RequestView
    deciders: frozenset[UUID]
    entered: tuple["Entered", ...]


@dataclass(frozen=True, slots=True)
class Entered:
    """An answer that one officer has entered and that a second has not checked."""

    person: UUID
    kept: Terms | None
    comment: str
    channel: Channel
    shown: ShownText
    entered_by: UUID
    scan: Scan | None


def list_requests(session: Session, node: Node, asking: Asking, learner: UUID) -> tuple[CounterView, ...] | Refused:
    """Decide, log and return a child's open requests for an officer who enters or checks families' answers."""
    child = _approach(session, node, asking, learner, Duty.ENTER_FAMILY_DECISION, Act.REQUEST_SEEN, None)
    if isinstance(child, Refused):
        return child
    rows = session.scalars(
        select(ShareRequest)
        .where(
            ShareRequest.learner_id == learner,
            ShareRequest.state.in_(requests.OPEN),
            ShareRequest.expires_at > asking.now,
        )
        .order_by(ShareRequest.opened_at, ShareRequest.request_id)
    ).all()
    entries.write(
        session, node, [entry_by_viewer(node, asking, child[0], child[1], Act.REQUEST_SEEN, None, under=learner)]
    )
    return tuple(_view(session, node, child[0], row, asking) for row in rows)


def enter_decision(
    session: Session,
    node: Node,
    asking: Asking,
    learner: UUID,
    request: UUID,
    person: UUID,
    *,
    kept: Terms | None,
    comment: str | None,
    channel: Channel,
    shown: ShownText,
    scan: Scan | None = None,
) -> Refused | None:
    """Enter what `person` decided, at the counter or on paper; it counts once a colleague has checked it.

    Entered again before that, it replaces what was entered; an answer that counts already is not touched. Raises
    `ScanRefused` and `ChoiceEmpty`.
    """
    _check_scan(channel, scan)
    found = _approach(session, node, asking, learner, Duty.ENTER_FAMILY_DECISION, Act.ANSWER_ENTERED, request)
    if isinstance(found, Refused):
        return found
    child, verdict = found
    row = requests.find(session, learner, request, alone=True)
    if row is None:
        return _refuse(session, node, asking, child, request, Act.ANSWER_ENTERED, unknown_child(node, asking))
    theirs = judge(node, _as_family(person, learner), child, row, kept, asking.now)
    if isinstance(theirs, Allowed) and any(
        given.counts for given in requests.answers_to(session, row) if given.person == person
    ):
        theirs = Denied(DenialCode.REQUEST_OVER)
    if isinstance(theirs, Denied):
        return _refuse(session, node, asking, child, request, Act.ANSWER_ENTERED, theirs)
    given = Given(person, kept, channel, shown, theirs, asking.now)
    keep_answer(
        session, node, row, given, comment=comment, step_up="counter", entered_by=asking.viewer.person,
        scan=None if scan is None else (scan.content, scan.media_type),
    )  # fmt: skip
    entry = entry_by_viewer(node, asking, child, verdict, Act.ANSWER_ENTERED, None, under=request)
    entries.write(session, node, [entry])
    return None


def check_decision(
    session: Session, node: Node, asking: Asking, learner: UUID, request: UUID, person: UUID, *, agrees: bool
) -> Outcome | Refused | None:
    """Let a second officer say that what was entered is what the family decided; then it counts and is settled.

    Where it is not (`agrees` is false), it is marked and waits to be entered anew; returns None then. Whoever entered
    it is refused.
    """
    found = _approach(session, node, asking, learner, Duty.CHECK_FAMILY_DECISION, Act.ANSWER_CHECKED, request)
    if isinstance(found, Refused):
        return found
    child = found[0]
    row = requests.find(session, learner, request, alone=True)
    answer = None if row is None else session.get(ShareAnswer, (learner, request, person), populate_existing=True)
    if row is None or answer is None or answer.entered_by is None or answer.checked_by is not None:
        return _refuse(session, node, asking, child, request, Act.ANSWER_CHECKED, unknown_child(node, asking))
    second = may_check_decision(asking.viewer.actor, answer.entered_by, child.facts, asking.now, node.policy)
    if isinstance(second, Denied):
        return _refuse(session, node, asking, child, request, Act.ANSWER_CHECKED, second)
    kept = None if answer.kept is None else Terms.from_wire(answer.kept)
    theirs = judge(node, _as_family(person, learner), child, row, kept, asking.now)
    if isinstance(theirs, Denied):
        return _refuse(session, node, asking, child, request, Act.ANSWER_CHECKED, theirs)
    answer.checked_by = asking.viewer.person
    answer.checked_at = asking.now if agrees else None
    session.flush()
    entry = entry_by_viewer(node, asking, child, second, Act.ANSWER_CHECKED, None, under=request)
    entries.write(session, node, [entry])
    if not agrees:
        return None
    shown = _shown(node, answer)
    given = Given(person, kept, Channel(answer.channel), shown, theirs, asking.now)
    return settle_request(session, node, child, row, given)


def _approach(
    session: Session, node: Node, asking: Asking, learner: UUID, duty: Duty, act: Act, request: UUID | None
) -> tuple[KnownChild, Allowed] | Refused:
    child = approach(session, node, asking, learner)
    verdict = may_handle(asking.viewer.actor, duty, None if child is None else child.facts, asking.now, node.policy)
    if child is None or isinstance(verdict, Denied):
        denied = verdict if isinstance(verdict, Denied) else unknown_child(node, asking)
        return refuse(session, node, asking, child, denied, act, None, under=request)
    return child, verdict


def _refuse(
    session: Session, node: Node, asking: Asking, child: KnownChild, request: UUID, act: Act, verdict: Denied
) -> Refused:
    return refuse(session, node, asking, child, verdict, act, None, under=request)


def _as_family(person: UUID, learner: UUID) -> Actor:
    """Return the decider for whom an officer acts, as the rules judge them."""
    return Actor(ActorKind.LEARNER if person == learner else ActorKind.CARER, person)


def _check_scan(channel: Channel, scan: Scan | None) -> None:
    fits = scan is None or (0 < len(scan.content) <= LARGEST_SCAN and scan.media_type in SCAN_TYPES)
    if not fits or (channel is Channel.PAPER and scan is None):
        raise ScanRefused(most=LARGEST_SCAN // (1024 * 1024))


def _view(session: Session, node: Node, child: KnownChild, row: ShareRequest, asking: Asking) -> CounterView:
    view = requests.view_of(session, node, child, row, None, asking.now)
    act = act_class_of(view.choosable, asking.now, node.policy)
    waiting = session.scalars(
        select(ShareAnswer)
        .where(
            ShareAnswer.learner_id == row.learner_id,
            ShareAnswer.request_id == row.request_id,
            ShareAnswer.entered_by.is_not(None),
            ShareAnswer.checked_by.is_(None),
        )
        .order_by(ShareAnswer.answered_at, ShareAnswer.person_id)
    )
    return CounterView(
        view,
        deciders(child.facts, act, asking.now, node.policy).everyone,
        tuple(_entered(node, answer, answer.entered_by) for answer in waiting if answer.entered_by is not None),
    )


def _entered(node: Node, answer: ShareAnswer, entered_by: UUID) -> Entered:
    comment, scan = _paper(node, answer, COMMENT, answer.comment), _paper(node, answer, SCAN, answer.scan)
    return Entered(
        answer.person_id,
        None if answer.kept is None else Terms.from_wire(answer.kept),
        comment.decode(),
        Channel(answer.channel),
        _shown(node, answer),
        entered_by,
        Scan(scan, answer.scan_media_type) if answer.scan_media_type is not None else None,
    )


def _shown(node: Node, answer: ShareAnswer) -> ShownText:
    text = _paper(node, answer, TEXT, answer.text_sealed).decode()
    return ShownText(text, answer.text_version, Locale(answer.text_locale))


def _paper(node: Node, answer: ShareAnswer, kind: str, sealed: bytes | None) -> bytes:
    if sealed is None:
        return b""
    return open_paper(node, answer.learner_id, answer.request_id, answer.person_id, kind, sealed)
