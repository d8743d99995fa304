"""The ground a recipient stands on: a grant or a dossier under its lock, and the documents it opens at this instant.

Readers lock the row FOR KEY SHARE and judge the state they read under that lock; whoever narrows takes it FOR UPDATE
first. Two readers never wait for each other. Row locks alone would let readers that overlap without a pause keep a
withdrawal waiting for ever: PostgreSQL lets a further FOR KEY SHARE in beside those that stand. So both sides first
queue up at an advisory lock, which is fair: who comes after a waiting withdrawal waits behind it.

The journal is asked as well: what it says was withdrawn is dead, whatever a restored database remembers.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from consent.age import japan_day, school_year_of
from consent.dossier import allows_dossier
from consent.grant import Grant, allows
from consent.lanes import arrange
from consent.scope import Scope, Terms
from consent.verdict import Allowed, DenialCode, Denied
from consent.vocabulary import Category, Frequency, GrantState, Move, Relation
from pds.node import Node
from pds.people import service as people
from pds.people.service import KnownChild
from pds.rows import derive_id
from pds.sharing import queries, requests, reviews
from pds.sharing.copies import EarlierCopy, FamilyComment, document_id, earlier_copies
from pds.sharing.models import ShareAnswer, ShareDossier, ShareGrant
from pds.sharing.papers import open_paper
from pds.sharing.parties import Basis, BasisKind, DossierState, Recipient
from web.database import bind_context

GOES_ALONG = Allowed(Relation.NEXT_SCHOOL, "dossier.comment", "")
"""Under what a family's comment goes along with the documents it is about."""
_COMMENT = "answer-comment"

_JOIN_READERS = text("SELECT pg_advisory_xact_lock_shared(hashtextextended('basis/' || CAST(:basis AS text), 0))")
_PASS_READERS = text("SELECT pg_advisory_xact_lock(hashtextextended('basis/' || CAST(:basis AS text), 0))")


@dataclass(frozen=True, slots=True)
class Item:
    """A version that may be handed out now.

    `comment` makes it the family's own words, which have no category; `earlier` an earlier school's copy. Either is
    passed on by the school `issuer`.
    """

    doc: UUID
    record: UUID
    version: int
    category: Category | None
    school_year: int
    verdict: Allowed
    comment: FamilyComment | None = None
    earlier: EarlierCopy | None = None
    issuer: str = ""


@dataclass(frozen=True, slots=True)
class Ground:
    """What a recipient may have under a basis now. `withheld` is what was asked for and is not given.

    `verdict` is that of the basis as a whole; `version` grows with every change of it; `once` says that nothing
    acknowledged is given again.
    """

    child: KnownChild
    recipient: Recipient
    verdict: Allowed
    items: tuple[Item, ...]
    withheld: Scope
    version: int
    once: bool


@dataclass(frozen=True, slots=True)
class NoGround:
    """Why nothing is given. `child` and `recipient` are known where the basis is the asker's own."""

    denied: Denied
    child: KnownChild | None = None
    recipient: Recipient | None = None


def stand_on(
    session: Session, node: Node, client_id: str, basis: Basis, now: datetime, *, only: UUID | None = None
) -> Ground | NoGround:
    """Bind the transaction to the learner, lock the basis, and return what it opens for this client at this instant.

    A basis that is unknown, another client's or another learner's, or of a child no longer here is answered alike.
    With `only` of its items that record's alone.
    """
    bind_context(session, learners=[basis.learner])
    session.execute(_JOIN_READERS, {"basis": basis.id})
    if basis.kind is BasisKind.GRANT:
        return _on_grant(session, node, client_id, basis, now, only)
    return _on_dossier(session, node, client_id, basis, now, only)


def stop_readers(session: Session, basis: UUID) -> None:
    """Wait for those who are reading under a grant or dossier, and let nobody else begin until the transaction ends.

    Whoever narrows calls this before it locks the row FOR UPDATE.
    """
    session.execute(_PASS_READERS, {"basis": basis})


def grant_of(node: Node, row: ShareGrant) -> Grant:
    """Return a grant as the rules judge it; one that the journal says was withdrawn is, whatever the row says."""
    revoked = node.keyring.journal.is_revoked(row.grant_id)
    return Grant(
        row.grant_id, row.learner_id, row.client_id, Terms.from_wire(row.terms),
        GrantState.REVOKED if revoked else GrantState(row.state), row.begin,
        frozenset(UUID(person) for person in row.paused_by),
    )  # fmt: skip


def records_in(
    session: Session,
    node: Node,
    client_id: str,
    learner: UUID,
    scope: Scope,
    verdict: Allowed,
    only: UUID | None = None,
) -> tuple[Item, ...]:
    """Return the standing versions within a scope, whose reading `verdict` allows."""
    return tuple(
        Item(document_id(node, client_id, one.record), one.record, one.version, one.category, one.school_year, verdict)
        for one in queries.standing_versions(session, learner, scope.categories, only=only)
        if scope.covers(one.category, one.school_year)
    )


def _on_grant(
    session: Session, node: Node, client_id: str, basis: Basis, now: datetime, only: UUID | None
) -> Ground | NoGround:
    row = session.scalars(
        select(ShareGrant)
        .where(
            ShareGrant.learner_id == basis.learner,
            ShareGrant.grant_id == basis.id,
            ShareGrant.client_id == client_id,
        )
        .with_for_update(read=True, key_share=True),
        execution_options={"populate_existing": True},
    ).first()
    child = None if row is None else people.find_child(session, node, basis.learner)
    if row is None or child is None:
        return NoGround(Denied(DenialCode.UNKNOWN_CHILD))
    recipient = Recipient(client_id, row.school_code, row.school_name)
    grant = grant_of(node, row)
    scope = grant.terms.scope
    verdicts = {
        (category, year): allows(grant, category, year, now) for category, years in scope.entries for year in years
    }
    denied = [verdict for verdict in verdicts.values() if isinstance(verdict, Denied)]
    allowed = [verdict for verdict in verdicts.values() if isinstance(verdict, Allowed)]
    if not allowed:
        return NoGround(denied[0], child, recipient)
    request = requests.find(session, basis.learner, row.request_id)
    asked = Scope() if request is None else Terms.from_wire(request.asked).scope
    move = Move.NONE if request is None else Move(request.move)
    statutory = arrange(asked.categories, move, now, node.policy).statutory
    items = records_in(session, node, client_id, basis.learner, scope, allowed[0], only)
    if only is None:  # a piece of a file is asked for otherwise, and a comment has none
        items += tuple(_words_to_school(session, node, client_id, row, allowed[0]))
    return Ground(
        child, recipient, allowed[0], items, without(asked, scope, statutory), row.version,
        grant.terms.frequency is Frequency.ONCE,
    )  # fmt: skip


def _words_to_school(session: Session, node: Node, client_id: str, row: ShareGrant, verdict: Allowed) -> Iterable[Item]:
    """Yield what those who decided wrote to the school with their answer, passed on by the child's school."""
    answers = session.scalars(
        select(ShareAnswer)
        .where(
            ShareAnswer.learner_id == row.learner_id,
            ShareAnswer.request_id == row.request_id,
            ShareAnswer.comment.is_not(None),
        )
        .order_by(ShareAnswer.person_id)
    ).all()
    school = queries.school_of(session, row.learner_id) if answers else None
    if school is None:
        return
    names = node.keyring.node_key("pairwise")
    for answer in answers:
        sealed = answer.comment or b""
        written = open_paper(node, row.learner_id, row.request_id, answer.person_id, _COMMENT, sealed).decode()
        by = Relation.SELF if answer.person_id == row.learner_id else Relation.CARER
        key = derive_id(names, "answer", str(row.request_id), str(answer.person_id))
        comment = FamilyComment(key, by.value, written, False, answer.answered_at)
        year = school_year_of(japan_day(answer.answered_at))
        yield Item(document_id(node, client_id, key), key, 1, None, year, verdict, comment, None, school[0])


def _on_dossier(
    session: Session, node: Node, client_id: str, basis: Basis, now: datetime, only: UUID | None
) -> Ground | NoGround:
    row = session.scalars(
        select(ShareDossier)
        .where(
            ShareDossier.learner_id == basis.learner,
            ShareDossier.dossier_id == basis.id,
            ShareDossier.client_id == client_id,
        )
        .with_for_update(read=True, key_share=True),
        execution_options={"populate_existing": True},
    ).first()
    child = None if row is None else people.find_child(session, node, basis.learner)
    request = None if row is None else requests.find(session, basis.learner, row.request_id)
    if row is None or child is None or request is None:
        return NoGround(Denied(DenialCode.UNKNOWN_CHILD))
    recipient = Recipient(client_id, request.school_code, request.school_name)
    ready, move = row.state == DossierState.READY, Move(row.move)
    categories = requests.statutory_categories(move, row.ready_at or now, node)
    verdicts = {category: allows_dossier(ready, category, move, now, node.policy) for category in categories}
    allowed = {category: verdict for category, verdict in verdicts.items() if isinstance(verdict, Allowed)}
    if not allowed:
        ended = row.state in (DossierState.ACKNOWLEDGED, DossierState.CANCELLED)
        return NoGround(Denied(DenialCode.GRANT_ENDED if ended else DenialCode.DOSSIER_NOT_READY), child, recipient)
    items = _manifested(session, node, client_id, row, allowed, only)
    return Ground(child, recipient, next(iter(allowed.values())), tuple(items), Scope(), 1, False)


def _manifested(
    session: Session,
    node: Node,
    client_id: str,
    row: ShareDossier,
    allowed: dict[Category, Allowed],
    only: UUID | None,
) -> Iterable[Item]:
    """Yield what the manifest lists: the versions it was fixed with, earlier schools' copies, and comments."""
    listed = {UUID(line["doc"]): line for line in row.manifest or ()}
    for one in queries.standing_versions(session, row.learner_id, allowed, only=only):
        doc = document_id(node, client_id, one.record)
        if doc in listed:
            yield Item(doc, one.record, listed[doc]["version"], one.category, one.school_year, allowed[one.category])
    if only is not None:  # a piece of a file is asked for, and what follows has none
        return
    for earlier in earlier_copies(session, node, row.learner_id, allowed):
        doc = document_id(node, client_id, earlier.key)
        if doc in listed:
            yield Item(
                doc, earlier.key, earlier.version, earlier.category, earlier.school_year, allowed[earlier.category],
                None, earlier, listed[doc]["issuer"],
            )  # fmt: skip
    for comment in reviews.comments_on(session, node, row.learner_id, row.request_id):
        doc = document_id(node, client_id, comment.key)
        if doc in listed:
            line = listed[doc]
            yield Item(doc, comment.key, 1, None, line["school_year"], GOES_ALONG, comment, None, line["issuer"])


def without(asked: Scope, given: Scope, statutory: Iterable[Category]) -> Scope:
    """Return what was asked and is not given; what the law moves is not among it."""
    left = {category: set(years) - set(given.years(category)) for category, years in asked.entries}
    return Scope.of({category: years for category, years in left.items() if category not in set(statutory)})
