"""The family's review of what the law sends: read it, comment on it, say that it was seen. It cannot be stopped here.

The period is whole school days from the opening on. It ends earlier only when everybody entitled has said that they
have seen the documents; silence never delays it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from consent.authority import may_review, reviewers
from consent.decision import Read, decide
from consent.verdict import Allowed, DenialCode, Denied
from consent.vocabulary import Category, Move, Relation
from pds.access_log import entries
from pds.access_log.entries import Act
from pds.node import Node
from pds.people.service import KnownChild
from pds.records import service as records
from pds.rows import derive_id
from pds.sharing import requests
from pds.sharing.copies import FamilyComment
from pds.sharing.enforcement import (
    Asking,
    Disclosed,
    Refused,
    approach,
    disclose,
    entry_by_viewer,
    refuse,
    unknown_child,
)
from pds.sharing.models import ShareDossier, StatutoryReview
from pds.sharing.papers import open_paper, seal_paper
from pds.sharing.parties import DossierState
from trust.errors import N_, ManabiError

LONGEST_COMMENT: Final = 4000
"""Characters."""
_COMMENT: Final = "comment"


class CommentTooLong(ManabiError):
    """422: a comment that does not go on the paper that travels along."""

    code = "sharing.comment_too_long"
    status = 422
    title = N_("The comment has more than %(most)s characters.")
    remedy = N_("Shorten it. You can also hand in a letter at the school.")


@dataclass(frozen=True, slots=True)
class StatutoryView:
    """What the law sends, as far as the viewer's own right to read opens it.

    `unopened` are categories that are sent and that the viewer may not read here; fields that stay closed are named
    with each record. `seen_at`, `comment` and `objects` are the viewer's own. `open` says that a comment still goes
    along.
    """

    dossier_id: UUID
    state: DossierState
    review_until: datetime
    records: tuple[Disclosed, ...]
    unopened: tuple[Category, ...]
    seen_at: datetime | None
    comment: str | None
    objects: bool
    open: bool


@dataclass(frozen=True, slots=True)
class DueDossier:
    """A dossier whose review is over."""

    learner: UUID
    dossier: UUID
    request: UUID


def read_statutory(
    session: Session, node: Node, asking: Asking, learner: UUID, request: UUID
) -> StatutoryView | Refused:
    """Decide, log and open what the law sends with a request; one entry per category opened.

    Reading it is not yet having seen it all: that is for the reader to say (`mark_seen`).
    """
    found = _approach(session, node, asking, learner, request, Act.STATUTORY_READ)
    if isinstance(found, Refused):
        return found
    child, dossier, _ = found
    categories = requests.statutory_categories(Move(dossier.move), asking.now, node)
    verdicts = {
        category: decide(Read(asking.viewer.actor, child.facts, category, asking.now), node.policy)
        for category in categories
    }
    allowed = {category: verdict for category, verdict in verdicts.items() if isinstance(verdict, Allowed)}
    opened = records.open_all_current(session, node, learner, allowed)
    kept = {category: [one for one in opened if one.place.category is category] for category in allowed}
    entries.write(
        session,
        node,
        [
            entry_by_viewer(
                node, asking, child, verdict, Act.STATUTORY_READ, category, kept[category], under=dossier.dossier_id
            )
            for category, verdict in allowed.items()
        ],
    )
    mine = _mine(session, learner, request, asking.viewer.person)
    sealed = None if mine is None else mine.comment
    return StatutoryView(
        dossier.dossier_id,
        DossierState(dossier.state),
        dossier.review_until,
        tuple(disclose(one, allowed[one.place.category]) for one in opened),
        tuple(category for category in categories if category not in allowed),
        None if mine is None else mine.seen_at,
        None if sealed is None else _open(node, learner, request, asking.viewer.person, sealed),
        mine is not None and mine.objects,
        _is_open(dossier, asking.now),
    )


def mark_seen(session: Session, node: Node, asking: Asking, learner: UUID, request: UUID) -> bool | Refused:
    """Note that somebody has seen what the law sends; return whether that ended the review for everybody."""
    found = _approach(session, node, asking, learner, request, Act.STATUTORY_SEEN, alone=True)
    if isinstance(found, Refused):
        return found
    child, dossier, verdict = found
    if not _is_open(dossier, asking.now):
        return False
    _keep(session, learner, request, asking.viewer.person, seen_at=asking.now)
    entry = entry_by_viewer(node, asking, child, verdict, Act.STATUTORY_SEEN, None, under=dossier.dossier_id)
    entries.write(session, node, [entry])
    entitled = reviewers(child.facts, asking.now, node.policy)
    if not entitled <= _who_saw(session, learner, request):
        return False
    dossier.review_until = asking.now
    session.flush()
    return True


def comment(
    session: Session, node: Node, asking: Asking, learner: UUID, request: UUID, text: str, *, objects: bool
) -> Refused | None:
    """Keep somebody's comment, sealed; it goes along with the dossier. It replaces the one they wrote before.

    Refused once the review is over. Raises `CommentTooLong`.
    """
    if len(text) > LONGEST_COMMENT:
        raise CommentTooLong(most=LONGEST_COMMENT)
    found = _approach(session, node, asking, learner, request, Act.COMMENT_WRITTEN, alone=True)
    if isinstance(found, Refused):
        return found
    child, dossier, verdict = found
    if not _is_open(dossier, asking.now):
        over = Denied(DenialCode.REQUEST_OVER)
        return refuse(session, node, asking, child, over, Act.COMMENT_WRITTEN, None, under=dossier.dossier_id)
    sealed = seal_paper(node, learner, request, asking.viewer.person, _COMMENT, text.encode())
    written = {"comment": sealed, "commented_at": asking.now, "objects": objects}
    _keep(session, learner, request, asking.viewer.person, **written)
    entry = entry_by_viewer(node, asking, child, verdict, Act.COMMENT_WRITTEN, None, under=dossier.dossier_id)
    entries.write(session, node, [entry])
    return None


def comments_on(session: Session, node: Node, learner: UUID, request: UUID) -> tuple[FamilyComment, ...]:
    """Return the family's comments on what the law sends with a request, in the order in which they were written.

    For the dossier, which they go along with. Needs the context bound.
    """
    rows = session.scalars(
        select(StatutoryReview)
        .where(
            StatutoryReview.learner_id == learner,
            StatutoryReview.request_id == request,
            StatutoryReview.comment.is_not(None),
        )
        .order_by(StatutoryReview.commented_at, StatutoryReview.person_id)
    )
    key = node.keyring.node_key("pairwise")
    return tuple(
        FamilyComment(
            key=derive_id(key, _COMMENT, str(request), str(row.person_id)),
            by=(Relation.SELF if row.person_id == learner else Relation.CARER).value,
            text=_open(node, learner, request, row.person_id, row.comment),
            objects=row.objects,
            at=row.commented_at,
        )
        for row in rows
        if row.comment is not None and row.commented_at is not None
    )


def due(session: Session, now: datetime) -> tuple[DueDossier, ...]:
    """Return the dossiers whose review is over and that are not made ready yet. For background work."""
    rows = session.scalars(
        select(ShareDossier)
        .where(ShareDossier.state == DossierState.REVIEWING, ShareDossier.review_until <= now)
        .order_by(ShareDossier.review_until, ShareDossier.dossier_id)
    )
    return tuple(DueDossier(row.learner_id, row.dossier_id, row.request_id) for row in rows)


def _approach(
    session: Session, node: Node, asking: Asking, learner: UUID, request: UUID, act: Act, *, alone: bool = False
) -> tuple[KnownChild, ShareDossier, Allowed] | Refused:
    """Decide whether the viewer may review; `alone` holds the dossier, so that nothing comes in while it is fixed."""
    child = approach(session, node, asking, learner)
    if child is None:
        return refuse(session, node, asking, None, unknown_child(node, asking), act, None)
    verdict = may_review(asking.viewer.actor, child.facts, asking.now, node.policy)
    if isinstance(verdict, Denied):
        return refuse(session, node, asking, child, verdict, act, None, under=request)
    dossier = _dossier(session, learner, request, alone=alone)
    if dossier is None:
        return refuse(session, node, asking, child, unknown_child(node, asking), act, None, under=request)
    return child, dossier, verdict


def _dossier(session: Session, learner: UUID, request: UUID, *, alone: bool) -> ShareDossier | None:
    query = select(ShareDossier).where(ShareDossier.learner_id == learner, ShareDossier.request_id == request)
    if alone:
        query = query.with_for_update()
    return session.scalars(query, execution_options={"populate_existing": True}).first()


def _is_open(dossier: ShareDossier, now: datetime) -> bool:
    return dossier.state == DossierState.REVIEWING and now < dossier.review_until


def _who_saw(session: Session, learner: UUID, request: UUID) -> set[UUID]:
    return set(
        session.scalars(
            select(StatutoryReview.person_id).where(
                StatutoryReview.learner_id == learner,
                StatutoryReview.request_id == request,
                StatutoryReview.seen_at.is_not(None),
            )
        )
    )


def _mine(session: Session, learner: UUID, request: UUID, person: UUID) -> StatutoryReview | None:
    return session.get(StatutoryReview, (learner, request, person), populate_existing=True)


def _keep(session: Session, learner: UUID, request: UUID, person: UUID, **changed: Any) -> None:
    nothing: dict[str, Any] = {"seen_at": None, "comment": None, "commented_at": None, "objects": False}
    row = insert(StatutoryReview).values(
        learner_id=learner, request_id=request, person_id=person, **{**nothing, **changed}
    )
    key = [StatutoryReview.learner_id, StatutoryReview.request_id, StatutoryReview.person_id]
    session.execute(row.on_conflict_do_update(index_elements=key, set_=changed))


def _open(node: Node, learner: UUID, request: UUID, person: UUID, sealed: bytes) -> str:
    return open_paper(node, learner, request, person, _COMMENT, sealed).decode()
