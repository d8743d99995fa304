"""Requests for a child's records: opened by background work, told to the asker as little as possible, ended in time.

What is asked is sorted by lane. What the law moves becomes a dossier that the family may read and comment on; what the
family may choose waits for those who decide. To the asker a request that nobody has answered, that one of two has
answered, and that nobody ever will answer all look alike.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from consent.authority import act_class_of, deciders
from consent.lanes import Arrangement, arrange, review_ends
from consent.request import Answer, AskedRequest, Waiting, settle
from consent.scope import Scope, Terms
from consent.verdict import Allowed
from consent.vocabulary import Category, Channel, Move, PurposeCode, Relation, RequestState
from pds.access_log import entries
from pds.access_log.entries import Act, Purpose
from pds.node import Node
from pds.people import service as people
from pds.people.service import KnownChild
from pds.sharing.enforcement import Asking, Refused, approach_family
from pds.sharing.models import ShareAnswer, ShareDossier, ShareGrant, ShareRequest
from pds.sharing.parties import DossierState, Recipient, entry_by_organisation
from web.database import bind_context

OPEN = (RequestState.LODGED, RequestState.SEEN)
LODGED_WITH_TICKET = Allowed(Relation.RECIPIENT, "request.ticket", "")
"""Under what a request reaches a child: the ticket that the family handed over."""
_LEARNER_OF = text("SELECT learner_of_request(:request)")


@dataclass(frozen=True, slots=True)
class Opening:
    """A lodged request whose child is known now. `request_id` is that of the lodged request."""

    request_id: UUID
    learner: UUID
    recipient: Recipient
    move: Move
    purpose: PurposeCode
    terms: Terms
    lodged_at: datetime
    expires_at: datetime
    case_reference: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a request stands, for whoever answers its asker. `terms` are those granted, with the grant's id."""

    state: RequestState
    learner: UUID
    grant_id: UUID | None
    terms: Terms | None

    @property
    def is_open(self) -> bool:
        """Whether nothing is settled; the asker never learns more of an open request than that."""
        return self.state in OPEN


@dataclass(frozen=True, slots=True)
class DossierNote:
    """The documents that the law moves with a request: how far they are, and until when the family may comment."""

    dossier_id: UUID
    state: DossierState
    review_until: datetime


@dataclass(frozen=True, slots=True)
class AnswerNote:
    """One person's answer; `kept` is None for no. One given at the counter or on paper counts once it is checked."""

    person: UUID
    kept: Terms | None
    channel: Channel
    answered_at: datetime
    entered_by: UUID | None
    checked_at: datetime | None

    @property
    def counts(self) -> bool:
        """Whether it is the family's answer already."""
        return self.channel is Channel.ONLINE or self.checked_at is not None


@dataclass(frozen=True, slots=True)
class RequestView:
    """A request as the family sees it.

    `asked` are the terms as they were asked; `choosable` the part of their scope that is the family's to give, and
    `statutory` every category that the law moves, asked or not. `waiting_for` are the people whose answer is still
    needed; it is empty where nobody can decide. `mine` is the answer of the person looking.
    """

    request_id: UUID
    learner: UUID
    recipient: Recipient
    move: Move
    purpose: PurposeCode
    state: RequestState
    asked: Terms
    choosable: Scope
    statutory: tuple[Category, ...]
    closed: tuple[Category, ...]
    case_reference: str
    lodged_at: datetime
    opened_at: datetime
    seen_at: datetime | None
    expires_at: datetime
    closed_at: datetime | None
    grant_id: UUID | None
    dossier: DossierNote | None
    waiting_for: frozenset[UUID] = frozenset()
    mine: AnswerNote | None = None

    @property
    def is_open(self) -> bool:
        """Whether it may still be answered."""
        return self.state in OPEN

    @property
    def offered(self) -> Terms:
        """The terms that a decider chooses from: those asked, without what is not theirs to give."""
        return replace(self.asked, scope=self.choosable)


def open_request(session: Session, node: Node, opening: Opening, now: datetime) -> bool:
    """Open a request for a child and its dossier; return whether there is such a child. Done again it changes nothing.

    Called by background work once the ticket has led to the child.
    """
    bind_context(session, learners=[opening.learner])
    child = people.find_child(session, node, opening.learner)
    if child is None:
        return False
    if session.get(ShareRequest, (opening.learner, opening.request_id)) is not None:
        return True
    recipient = opening.recipient
    session.add(
        ShareRequest(
            learner_id=opening.learner, request_id=opening.request_id, client_id=recipient.client_id,
            school_code=recipient.school_code, school_name=recipient.school_name, move=opening.move.value,
            purpose=opening.purpose.value, asked=opening.terms.to_wire(), case_reference=opening.case_reference,
            state=RequestState.LODGED.value, lodged_at=opening.lodged_at, opened_at=now, seen_at=None,
            expires_at=opening.expires_at, closed_at=None, grant_id=None,
        )
    )  # fmt: skip
    session.flush()
    if statutory_categories(opening.move, now, node):
        session.add(
            ShareDossier(
                learner_id=opening.learner, dossier_id=uuid4(), request_id=opening.request_id,
                client_id=recipient.client_id, move=opening.move.value, state=DossierState.REVIEWING.value,
                review_until=review_ends(now, node.policy), manifest=None, ready_at=None, closed_at=None, problems=None,
            )
        )  # fmt: skip
        session.flush()
    entry = entry_by_organisation(
        node, recipient.school_name, child, LODGED_WITH_TICKET, Act.REQUEST_OPENED, purpose=Purpose.SHARING,
        relation=Relation.RECIPIENT, now=now, reference=str(opening.request_id), under=opening.request_id,
    )  # fmt: skip
    entries.write(session, node, [entry])
    return True


def standing(session: Session, request_id: UUID) -> Standing | None:
    """Return where a request stands, or None where none was opened. Binds the transaction to its learner."""
    learner = session.execute(_LEARNER_OF, {"request": request_id}).scalar()
    bind_context(session, learners=[] if learner is None else [learner])
    row = None if learner is None else find(session, learner, request_id)
    if row is None:
        return None
    terms = None
    if row.grant_id is not None:
        grant = session.get(ShareGrant, (row.learner_id, row.grant_id), populate_existing=True)
        terms = None if grant is None else Terms.from_wire(grant.terms)
    return Standing(RequestState(row.state), row.learner_id, row.grant_id, terms)


def list_for(session: Session, node: Node, asking: Asking, learner: UUID) -> tuple[RequestView, ...] | Refused:
    """Return the requests for a child as somebody of the family sees them, the newest first.

    That a request exists is told to the family alone; a refusal is logged, the family's own look is not.
    """
    child = approach_family(session, node, asking, learner, Act.SHARING_READ)
    if isinstance(child, Refused):
        return child
    rows = session.scalars(
        select(ShareRequest)
        .where(ShareRequest.learner_id == learner)
        .order_by(ShareRequest.opened_at.desc(), ShareRequest.request_id)
    ).all()
    return tuple(view_of(session, node, child, row, asking.viewer.person, asking.now) for row in rows)


def view_of(
    session: Session, node: Node, child: KnownChild, row: ShareRequest, person: UUID | None, now: datetime
) -> RequestView:
    """Return a request as a person of the family sees it."""
    asked, move = Terms.from_wire(row.asked), Move(row.move)
    arrangement = arrange(asked.scope.categories, move, now, node.policy)
    choosable = _choosable(asked, arrangement)
    answers = answers_to(session, row)
    open_still = row.state in OPEN and now < row.expires_at
    return RequestView(
        request_id=row.request_id, learner=row.learner_id,
        recipient=Recipient(row.client_id, row.school_code, row.school_name), move=move,
        purpose=PurposeCode(row.purpose), state=_state_at(row, now), asked=asked, choosable=choosable,
        statutory=statutory_categories(move, now, node), closed=arrangement.closed, case_reference=row.case_reference,
        lodged_at=row.lodged_at, opened_at=row.opened_at, seen_at=row.seen_at, expires_at=row.expires_at,
        closed_at=row.closed_at, grant_id=row.grant_id, dossier=_dossier_of(session, row),
        waiting_for=_waiting_for(node, child, row, choosable, answers, now) if open_still else frozenset(),
        mine=next((answer for answer in answers if answer.person == person), None),
    )  # fmt: skip


def statutory_categories(move: Move, at: datetime, node: Node) -> tuple[Category, ...]:
    """Return what the law moves with a move, whether it was asked for or not."""
    return arrange(Category, move, at, node.policy).statutory


def find(session: Session, learner: UUID, request: UUID, *, alone: bool = False) -> ShareRequest | None:
    """Return the row of one request; `alone` keeps everybody else from answering it until the transaction ends."""
    query = select(ShareRequest).where(ShareRequest.learner_id == learner, ShareRequest.request_id == request)
    if alone:
        query = query.with_for_update()
    return session.scalars(query, execution_options={"populate_existing": True}).first()


def answers_to(session: Session, row: ShareRequest) -> tuple[AnswerNote, ...]:
    """Return every answer to a request, in the order in which they were given."""
    rows = session.scalars(
        select(ShareAnswer)
        .where(ShareAnswer.learner_id == row.learner_id, ShareAnswer.request_id == row.request_id)
        .order_by(ShareAnswer.answered_at, ShareAnswer.person_id),
        execution_options={"populate_existing": True},
    )
    return tuple(
        AnswerNote(
            answer.person_id, None if answer.kept is None else Terms.from_wire(answer.kept), Channel(answer.channel),
            answer.answered_at, answer.entered_by, answer.checked_at,
        )
        for answer in rows
    )  # fmt: skip


def as_asked(row: ShareRequest, at: datetime, node: Node) -> AskedRequest:
    """Return a request as the rules settle it: of what was asked, that which is the family's to give."""
    asked, move = Terms.from_wire(row.asked), Move(row.move)
    offered = replace(asked, scope=_choosable(asked, arrange(asked.scope.categories, move, at, node.policy)))
    return AskedRequest(offered, move, PurposeCode(row.purpose), row.lodged_at, row.expires_at)


def given_answers(answers: Iterable[AnswerNote]) -> list[Answer]:
    """Return the answers that count, each as of the moment from which it does."""
    return [
        Answer(answer.person, answer.kept, answer.checked_at or answer.answered_at)
        for answer in answers
        if answer.counts
    ]


def withdraw(session: Session, learner: UUID, request: UUID, now: datetime) -> bool:
    """End an open request because its asker takes it back; return whether it was open. Needs the context bound."""
    row = find(session, learner, request, alone=True)
    if row is None or row.state not in OPEN:
        return False
    row.state, row.closed_at = RequestState.WITHDRAWN.value, now
    session.flush()
    return True


def expire_due(session: Session, node: Node, now: datetime) -> int:
    """End the open requests whose time is over; return how many. For background work, over all learners."""
    ended = session.execute(
        update(ShareRequest)
        .where(ShareRequest.state.in_(OPEN), ShareRequest.expires_at <= now)
        .values(state=RequestState.EXPIRED.value, closed_at=now)
        .returning(ShareRequest.request_id)
    )
    return len(ended.all())


def _choosable(asked: Terms, arrangement: Arrangement) -> Scope:
    return Scope.of({category: asked.scope.years(category) for category in arrangement.choosable})


def _state_at(row: ShareRequest, now: datetime) -> RequestState:
    state = RequestState(row.state)
    return RequestState.EXPIRED if state in OPEN and now >= row.expires_at else state


def _dossier_of(session: Session, row: ShareRequest) -> DossierNote | None:
    found = session.scalars(
        select(ShareDossier).where(
            ShareDossier.learner_id == row.learner_id, ShareDossier.request_id == row.request_id
        ),
        execution_options={"populate_existing": True},
    ).first()
    return None if found is None else DossierNote(found.dossier_id, DossierState(found.state), found.review_until)


def _waiting_for(
    node: Node,
    child: KnownChild,
    row: ShareRequest,
    choosable: Scope,
    answers: Iterable[AnswerNote],
    now: datetime,
) -> frozenset[UUID]:
    if choosable.is_empty:
        return frozenset()
    named = deciders(child.facts, act_class_of(choosable, now, node.policy), now, node.policy)
    settled = settle(as_asked(row, now, node), given_answers(answers), named, now)
    return settled.for_ if isinstance(settled, Waiting) else frozenset()
