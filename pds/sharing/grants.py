"""Grants: what a family gave to whom until when; anybody who may narrow stops or pauses it alone and at once.

Whoever narrows locks the grant FOR UPDATE before anything else, so nobody is reading under it while it changes, and a
withdrawal stands in the journal before the transaction commits: should the process die in between, the grant is dead
already, and the rest is taken up at the next start (`replay_journal`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from consent import grant as rules
from consent.authority import act_class_of, may_narrow
from consent.grant import Grant
from consent.receipt import ShownText
from consent.scope import Terms
from consent.verdict import Allowed, DenialCode, Denied
from consent.vocabulary import GrantState, Move, PurposeCode, ReceiptEvent, Relation
from pds.access_log import entries
from pds.access_log.entries import Act, Purpose
from pds.node import Node
from pds.people import service as people
from pds.people.service import KnownChild
from pds.sharing import receipts, requests
from pds.sharing.enforcement import Asking, Refused, approach_family, entry_by_viewer, refuse, unknown_child
from pds.sharing.ground import grant_of, stop_readers
from pds.sharing.models import ShareGrant, ShareRequest
from pds.sharing.parties import Recipient, entry_by_node, entry_by_organisation
from trust.journal import DecisionKind, JournalLine
from web.jobs import service as jobs

TELL_ENDED: Final = "transfer.tell_grant_ended"
"""The job that tells the recipient that a grant is over."""
ERASED: Final = "erased"
"""What a recipient answers when nothing is left of what it got."""
_LIVING: Final = (GrantState.ACTIVE, GrantState.PAUSED, GrantState.SUSPENDED_FOR_SAFETY)
_BY_JOURNAL: Final = Allowed(Relation.OPERATOR, "grant.journal", "")
_BY_RECIPIENT: Final = Allowed(Relation.RECIPIENT, "grant.called_off", "")
_CALLED_OFF: Final = "called_off"
"""In the journal: the recipient ended the grant, and what it said became of what it had got."""


@dataclass(frozen=True, slots=True)
class GrantView:
    """A grant as the family sees it. `state` is that of the moment, `version` grows with every change.

    `closed_by` is None where time or the recipient ended it. `told_at` is when the recipient was told of the end,
    `end_answer` what it answered, None until it does.
    """

    grant_id: UUID
    learner: UUID
    request_id: UUID
    recipient: Recipient
    move: Move
    purpose: PurposeCode
    terms: Terms
    state: GrantState
    version: int
    begin: datetime
    paused_by: frozenset[UUID]
    closed_at: datetime | None
    closed_by: UUID | None
    told_at: datetime | None
    end_answer: str | None
    end_answered_at: datetime | None

    @property
    def is_living(self) -> bool:
        """Whether it can still open anything, now or after a pause."""
        return self.state in _LIVING

    @property
    def was_called_off(self) -> bool:
        """Whether the recipient ended it, who called the move off."""
        return self.state is GrantState.REVOKED and self.closed_at is not None and self.closed_by is None


def list_for(session: Session, node: Node, asking: Asking, learner: UUID) -> tuple[GrantView, ...] | Refused:
    """Return a child's grants, the newest first, as somebody of the family sees them."""
    child = approach_family(session, node, asking, learner, Act.SHARING_READ)
    if isinstance(child, Refused):
        return child
    rows = session.scalars(
        select(ShareGrant)
        .where(ShareGrant.learner_id == learner)
        .order_by(ShareGrant.begin.desc(), ShareGrant.grant_id)
    ).all()
    return tuple(_view(session, node, row, asking.now) for row in rows)


def look(session: Session, node: Node, asking: Asking, learner: UUID, grant: UUID) -> GrantView | Refused:
    """Return one grant as somebody of the family sees it."""
    child = approach_family(session, node, asking, learner, Act.SHARING_READ, under=grant)
    if isinstance(child, Refused):
        return child
    row = session.get(ShareGrant, (learner, grant), populate_existing=True)
    if row is None:
        return refuse(session, node, asking, child, unknown_child(node, asking), Act.SHARING_READ, None, under=grant)
    return _view(session, node, row, asking.now)


def pause(
    session: Session, node: Node, asking: Asking, learner: UUID, grant: UUID, *, shown: ShownText | None = None
) -> GrantView | Refused:
    """Pause a grant for the asker; others' pauses stand beside it."""
    person = asking.viewer.person
    return _change(
        session, node, asking, learner, grant, Act.GRANT_PAUSED, ReceiptEvent.PAUSED, shown or _words("止めました"),
        lambda standing: rules.pause(standing, person),
    )  # fmt: skip


def resume(
    session: Session, node: Node, asking: Asking, learner: UUID, grant: UUID, *, shown: ShownText | None = None
) -> GrantView | Refused:
    """Lift the asker's own pause; the grant is active again once nobody's is left."""
    person = asking.viewer.person
    return _change(
        session, node, asking, learner, grant, Act.GRANT_RESUMED, ReceiptEvent.RESUMED, shown or _words("再開しました"),
        lambda standing: rules.resume(standing, person),
    )  # fmt: skip


def revoke(
    session: Session, node: Node, asking: Asking, learner: UUID, grant: UUID, *, shown: ShownText | None = None
) -> GrantView | Refused:
    """Withdraw a grant for good. It is dead from here on, even if this transaction never commits.

    Withdrawn again, it stays as it is.
    """
    found = _approach(session, node, asking, learner, grant, Act.GRANT_REVOKED)
    if isinstance(found, Refused):
        return found
    child, row, verdict = found
    person, now = asking.viewer.person, asking.now
    if row.state == GrantState.REVOKED:
        return _view(session, node, row, now)
    if row.state not in _LIVING or now >= row.until:
        ended = Denied(DenialCode.GRANT_ENDED)
        return refuse(session, node, asking, child, ended, Act.GRANT_REVOKED, None, under=grant)
    journal = node.keyring.journal
    if not journal.is_revoked(grant):
        journal.append(DecisionKind.REVOKED, learner, by=str(person), now=now, detail={"grant": str(grant)})
    entries.write(session, node, [entry_by_viewer(node, asking, child, verdict, Act.GRANT_REVOKED, None, under=grant)])
    _end(session, node, row, GrantState.REVOKED, verdict, now, by=person, shown=shown or _words("やめました"))
    return _view(session, node, row, now)


def call_off(session: Session, node: Node, learner: UUID, request: UUID, now: datetime, *, erased: bool) -> None:
    """End the grant of a request whose recipient called the move off; one that is over already stays as it is.

    A recipient that says it has erased what it got owes no answer any more; any other is told of the end and does.
    Needs the context bound. For background work.
    """
    child = people.find_child(session, node, learner)
    of_request = (ShareGrant.learner_id == learner, ShareGrant.request_id == request)
    grant = session.scalar(select(ShareGrant.grant_id).where(*of_request))
    row = None if grant is None else _lock(session, learner, grant)
    if child is None or row is None:
        return
    if row.state in _LIVING and now < row.until:
        journal = node.keyring.journal
        if not journal.is_revoked(row.grant_id):
            detail = {"grant": str(row.grant_id), _CALLED_OFF: ERASED if erased else ""}
            journal.append(DecisionKind.REVOKED, learner, by=row.client_id, now=now, detail=detail)
        _take_up(session, node, child, row, journal.revoked()[row.grant_id], now)
    if erased:
        note_end_answer(session, learner, row.grant_id, ERASED, now, client_id=row.client_id)


def replay_journal(session: Session, node: Node, now: datetime) -> int:
    """Finish what the journal says was withdrawn and the rows do not show; return how many grants that were.

    Run at every start of a worker: a withdrawal may have been cut short, or an older backup brought back. Until then
    these grants open nothing either, since every read under one asks the journal.
    """
    revoked = node.keyring.journal.revoked()
    rows = session.scalars(
        select(ShareGrant)
        .where(ShareGrant.grant_id.in_(list(revoked)), ShareGrant.state.in_(_LIVING))
        .order_by(ShareGrant.grant_id)
        .with_for_update(),
        execution_options={"populate_existing": True},
    ).all()
    done = 0
    for row in rows:
        child = people.find_child(session, node, row.learner_id)
        if child is not None:
            _take_up(session, node, child, row, revoked[row.grant_id], now)
            done += 1
    return done


def expire_due(session: Session, node: Node, now: datetime) -> int:
    """End the grants whose time is over and have their recipients told; return how many. For background work."""
    rows = session.scalars(
        select(ShareGrant)
        .where(ShareGrant.state.in_(_LIVING), ShareGrant.until <= now)
        .order_by(ShareGrant.grant_id)
        .with_for_update(),
        execution_options={"populate_existing": True},
    ).all()
    for row in rows:
        _end(session, node, row, GrantState.EXPIRED, _BY_JOURNAL, now, by=None, shown=_words("期限で終わりました"))
    return len(rows)


def note_told(session: Session, learner: UUID, grant: UUID, now: datetime) -> None:
    """Note that the recipient was told of the end. Needs the context bound."""
    row = session.get(ShareGrant, (learner, grant))
    if row is not None and row.told_at is None:
        row.told_at = now
        session.flush()


def note_end_answer(
    session: Session, learner: UUID, grant: UUID, answer: str, now: datetime, *, client_id: str
) -> bool:
    """Note what the recipient answered to the end; return whether the grant was its own. Needs the context bound."""
    row = session.get(ShareGrant, (learner, grant))
    if row is None or row.client_id != client_id:
        return False
    if row.end_answer is None:
        row.end_answer, row.end_answered_at = answer, now
        session.flush()
    return True


def _approach(
    session: Session, node: Node, asking: Asking, learner: UUID, grant: UUID, act: Act
) -> tuple[KnownChild, ShareGrant, Allowed] | Refused:
    """Lock a grant against its readers and decide whether the asker may narrow it, alone."""
    child = approach_family(session, node, asking, learner, act, under=grant)
    if isinstance(child, Refused):
        return child
    row = _lock(session, learner, grant)
    if row is None:
        return refuse(session, node, asking, child, unknown_child(node, asking), act, None, under=grant)
    weight = act_class_of(Terms.from_wire(row.terms).scope, asking.now, node.policy)
    verdict = may_narrow(asking.viewer.actor, child.facts, asking.now, node.policy, act=weight)
    if isinstance(verdict, Denied):
        return refuse(session, node, asking, child, verdict, act, None, under=grant)
    return child, row, verdict


def _lock(session: Session, learner: UUID, grant: UUID) -> ShareGrant | None:
    stop_readers(session, grant)
    return session.scalars(
        select(ShareGrant).where(ShareGrant.learner_id == learner, ShareGrant.grant_id == grant).with_for_update(),
        execution_options={"populate_existing": True},
    ).first()


def _change(
    session: Session,
    node: Node,
    asking: Asking,
    learner: UUID,
    grant: UUID,
    act: Act,
    event: ReceiptEvent,
    shown: ShownText,
    apply: Callable[[Grant], Grant | Denied],
) -> GrantView | Refused:
    found = _approach(session, node, asking, learner, grant, act)
    if isinstance(found, Refused):
        return found
    child, row, verdict = found
    standing = grant_of(node, row)
    over = rules.standing(standing, asking.now) not in _LIVING
    changed = Denied(DenialCode.GRANT_ENDED) if over else apply(standing)
    if isinstance(changed, Denied):
        return refuse(session, node, asking, child, changed, act, None, under=grant)
    row.state, row.paused_by = changed.state.value, sorted(str(person) for person in changed.paused_by)
    row.version += 1
    session.flush()
    entries.write(session, node, [entry_by_viewer(node, asking, child, verdict, act, None, under=grant)])
    told = receipts.Event(
        event, asking.now, shown, verdict, grant, by=asking.viewer.person, grant=grant, terms=changed.terms
    )
    receipts.issue(session, node, _request_of(session, row), told)
    return _view(session, node, row, asking.now)


def _end(
    session: Session,
    node: Node,
    row: ShareGrant,
    state: GrantState,
    verdict: Allowed,
    now: datetime,
    *,
    by: UUID | None,
    shown: ShownText,
    erased: bool = False,
) -> None:
    """Close a locked grant, give the family its receipt, and have the recipient told, unless it has `erased` all."""
    row.state, row.closed_at, row.closed_by = state.value, now, by
    row.version += 1
    if erased:
        row.told_at, row.end_answer, row.end_answered_at = now, ERASED, now
    session.flush()
    event = ReceiptEvent.REVOKED if state is GrantState.REVOKED else ReceiptEvent.EXPIRED
    told = receipts.Event(event, now, shown, verdict, row.grant_id, by=by, grant=row.grant_id)
    receipts.issue(session, node, _request_of(session, row), told)
    if not erased:
        arguments = {"grant": str(row.grant_id), "learner": str(row.learner_id)}
        jobs.enqueue(session, TELL_ENDED, arguments, now=now, created_by=by)


def _take_up(
    session: Session, node: Node, child: KnownChild, row: ShareGrant, line: JournalLine, now: datetime
) -> None:
    """Do to a locked grant what a line of the journal says of it, with its entry."""
    reference = f"journal/{line.seq}"
    if _CALLED_OFF in line.detail:
        entry = entry_by_organisation(
            node, row.school_name, child, _BY_RECIPIENT, Act.GRANT_REVOKED, purpose=Purpose.SHARING,
            relation=_BY_RECIPIENT.relation, now=now, reference=reference, under=row.grant_id,
        )  # fmt: skip
        entries.write(session, node, [entry])
        shown = receipts.own_words(f"{row.school_name}が受け入れを取りやめたので、この記録の共有は終わりました。")
        erased = line.detail[_CALLED_OFF] == ERASED
        _end(session, node, row, GrantState.REVOKED, _BY_RECIPIENT, now, by=None, shown=shown, erased=erased)
        return
    entry = entry_by_node(
        node, child, Act.GRANT_REVOKED, rule=_BY_JOURNAL.rule, purpose=Purpose.SHARING, now=now,
        reference=reference, under=row.grant_id,
    )  # fmt: skip
    entries.write(session, node, [entry])
    _end(session, node, row, GrantState.REVOKED, _BY_JOURNAL, now, by=UUID(line.by), shown=_words("やめました"))


def _request_of(session: Session, row: ShareGrant) -> ShareRequest:
    found = requests.find(session, row.learner_id, row.request_id)
    assert found is not None  # noqa: S101  a grant hangs on its request by a foreign key
    return found


def _view(session: Session, node: Node, row: ShareGrant, now: datetime) -> GrantView:
    request, standing = _request_of(session, row), grant_of(node, row)
    return GrantView(
        row.grant_id, row.learner_id, row.request_id, Recipient(row.client_id, row.school_code, row.school_name),
        Move(request.move), PurposeCode(request.purpose), standing.terms, rules.standing(standing, now), row.version,
        row.begin, standing.paused_by, row.closed_at, row.closed_by, row.told_at, row.end_answer, row.end_answered_at,
    )  # fmt: skip


def _words(what: str) -> ShownText:
    return receipts.own_words(f"この記録の共有を{what}。")
