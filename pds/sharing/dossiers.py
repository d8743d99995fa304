"""Dossiers: what the law sends with a child, fixed by a manifest when the family's review ends, then acknowledged.

A dossier goes whether or not the family grants anything. What the next school has accepted is counted as arrived; with
it the original of the health sheet is the next school's, and the sender's turns to "sent".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from consent.grant import UNDER_GRANT
from consent.receipt import DisclosedVersion
from consent.verdict import Allowed
from consent.vocabulary import Category, Lane, Move, ReceiptEvent, Relation
from pds.access_log import entries
from pds.access_log.entries import Act
from pds.node import Node
from pds.people import service as people
from pds.people.service import KnownChild
from pds.records import service as records
from pds.sharing import queries, receipts, requests, reviews
from pds.sharing.copies import COMMENT, Copy, copy_comment, copy_earlier, earlier_copies, make_copies, manifest_line
from pds.sharing.ground import stop_readers
from pds.sharing.models import ShareDisclosure, ShareDossier, ShareGrant, ShareRequest
from pds.sharing.parties import Arrival, Basis, BasisKind, DossierState, entry_by_node, entry_by_organisation
from trust.errors import N_, ManabiError
from web.database import bind_context

ORIGINALS: Final = (Category.HEALTH_CHECK,)
"""What travels itself, not as a copy (学校保健安全法施行規則8条2項・3項)."""
ARRIVED: Final = Allowed(Relation.NEXT_SCHOOL, "arrival", "学校教育法施行規則24条2項・3項")
"""Under what a recipient's answer is taken in."""
_LEARNER_OF = text("SELECT learner_of_dossier(:dossier, :client)")


class AcknowledgementRefused(ManabiError):
    """422: an answer about documents that did not leave, or not in these bytes."""

    code = "sharing.acknowledgement_refused"
    status = 422
    title = N_("The acknowledgement names a document that was not sent like this: %(document)s.")
    remedy = N_("Compare document, version and hash with what was pulled, and answer for those alone.")


@dataclass(frozen=True, slots=True)
class DossierView:
    """A dossier as the sending school sees it. `manifest` is None until it is ready."""

    dossier_id: UUID
    learner: UUID
    request_id: UUID
    client_id: str
    move: Move
    state: DossierState
    review_until: datetime
    manifest: tuple[dict[str, Any], ...] | None
    ready_at: datetime | None
    closed_at: datetime | None
    problems: tuple[Any, ...]
    case_reference: str


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """One document as the recipient names it in its answer; `sha256` is hexadecimal."""

    doc: UUID
    version: int
    sha256: str


def make_ready(session: Session, node: Node, learner: UUID, dossier: UUID, now: datetime) -> DossierView | None:
    """Fix what goes, once the review is over, and return it; a dossier that is no longer due is returned as it stands.

    The manifest names every standing version of what the law moves, and the comments that go along, with their hashes.
    One that was rejected is fixed anew and goes once more. For background work.
    """
    held = _hold(session, node, learner, dossier)
    if held is None:
        return None
    child, row = held
    due = row.state == DossierState.REJECTED or (row.state == DossierState.REVIEWING and row.review_until <= now)
    if not due:
        return _view(session, row)
    made = _documents(session, node, row, now)
    row.state, row.ready_at, row.closed_at, row.problems = DossierState.READY.value, now, None, None
    row.manifest = [manifest_line(copy) for copy in made]
    session.flush()
    _log(session, node, child, row, Act.DOSSIER_READY, "dossier.review_over", now)
    return _view(session, row)


def cancel(session: Session, node: Node, learner: UUID, dossier: UUID, now: datetime) -> DossierView | None:
    """Take a dossier back that has not been acknowledged; nothing of it is handed out any more."""
    held = _hold(session, node, learner, dossier)
    if held is None:
        return None
    child, row = held
    if row.state not in (DossierState.ACKNOWLEDGED, DossierState.CANCELLED):
        row.state, row.closed_at = DossierState.CANCELLED.value, now
        session.flush()
        _log(session, node, child, row, Act.DOSSIER_CANCELLED, "dossier.cancelled", now)
    return _view(session, row)


def find(session: Session, dossier: UUID, client_id: str) -> DossierView | None:
    """Return a client's own dossier, or None for an unknown one and another's. Binds the transaction to its learner."""
    learner = session.execute(_LEARNER_OF, {"dossier": dossier, "client": client_id}).scalar()
    if learner is None:
        return None
    bind_context(session, learners=[learner])
    return look(session, learner, dossier)


def look(session: Session, learner: UUID, dossier: UUID) -> DossierView | None:
    """Return a dossier; the caller has decided. Needs the context bound."""
    row = session.get(ShareDossier, (learner, dossier), populate_existing=True)
    return None if row is None else _view(session, row)


def acknowledge(
    session: Session,
    node: Node,
    learner: UUID,
    basis: Basis,
    documents: Sequence[Acknowledged],
    outcome: Arrival,
    now: datetime,
    *,
    client_id: str,
    reference: str,
    problems: Sequence[Any] = (),
) -> bool:
    """Take in a recipient's answer for what it pulled; return whether everything that the basis gives has arrived.

    Taken in again it changes nothing. When a whole dossier is accepted it is closed, and its originals are the next
    school's. Raises `AcknowledgementRefused` for what never left like this. For background work: the application role
    cannot mark an original.
    """
    bind_context(session, learners=[learner])
    child = people.find_child(session, node, learner)
    held = _hold_basis(session, basis, client_id)
    if child is None or held is None:
        return False
    fresh = _mark(session, basis, documents, outcome, now)
    if fresh:
        _log_answer(session, node, child, held.request, basis, fresh, now, reference)
    if outcome is Arrival.REJECTED:
        if held.dossier is not None and held.dossier.state == DossierState.READY:
            held.dossier.state, held.dossier.closed_at = DossierState.REJECTED.value, now
            held.dossier.problems = list(problems)
            session.flush()
        return False
    _tell_family(session, node, held, basis, fresh, now)
    return held.dossier is None or _close(session, held.dossier, now)


@dataclass(frozen=True, slots=True)
class _Basis:
    """What a recipient answers under: its request, and the grant or the dossier, held until the transaction ends."""

    request: ShareRequest
    grant: ShareGrant | None
    dossier: ShareDossier | None


def _hold(session: Session, node: Node, learner: UUID, dossier: UUID) -> tuple[KnownChild, ShareDossier] | None:
    """Lock a dossier against its readers; None for one that is unknown or whose child is no longer here."""
    bind_context(session, learners=[learner])
    child = people.find_child(session, node, learner)
    stop_readers(session, dossier)
    row = session.scalars(
        select(ShareDossier)
        .where(ShareDossier.learner_id == learner, ShareDossier.dossier_id == dossier)
        .with_for_update(),
        execution_options={"populate_existing": True},
    ).first()
    return None if child is None or row is None else (child, row)


def _hold_basis(session: Session, basis: Basis, client_id: str) -> _Basis | None:
    grant: ShareGrant | None = None
    dossier: ShareDossier | None = None
    if basis.kind is BasisKind.GRANT:
        query = select(ShareGrant).where(ShareGrant.learner_id == basis.learner, ShareGrant.grant_id == basis.id)
        grant = session.scalars(query.where(ShareGrant.client_id == client_id).with_for_update(key_share=True)).first()
    else:
        stop_readers(session, basis.id)
        of = select(ShareDossier).where(ShareDossier.learner_id == basis.learner, ShareDossier.dossier_id == basis.id)
        dossier = session.scalars(of.where(ShareDossier.client_id == client_id).with_for_update()).first()
    held = grant or dossier
    request = None if held is None else requests.find(session, basis.learner, held.request_id)
    return None if request is None else _Basis(request, grant, dossier)


def _documents(session: Session, node: Node, row: ShareDossier, now: datetime) -> list[Copy]:
    """Return everything that goes, as copies: what the law moves, earlier schools' copies, the family's comments."""
    categories = requests.statutory_categories(Move(row.move), now, node)
    standing = queries.standing_versions(session, row.learner_id, categories)
    made = list(
        make_copies(session, node, row.client_id, row.learner_id, [(one.record, one.version) for one in standing])
    )
    issuers = [school[0] for school in (queries.school_of(session, row.learner_id),) if school]
    issuers += [copy.issuer for copy in made]
    if issuers:
        client, learner = row.client_id, row.learner_id
        for earlier in earlier_copies(session, node, learner, categories):
            made.append(copy_earlier(node, client, learner, issuers[0], earlier))
        for comment in reviews.comments_on(session, node, learner, row.request_id):
            made.append(copy_comment(node, client, learner, issuers[0], comment))
    return sorted(made, key=lambda copy: copy.doc)


def _mark(
    session: Session, basis: Basis, documents: Sequence[Acknowledged], outcome: Arrival, now: datetime
) -> list[ShareDisclosure]:
    """Write the answer to what was handed out; return what it is new for."""
    fresh: list[ShareDisclosure] = []
    for named in documents:
        row = session.scalars(
            select(ShareDisclosure).where(
                ShareDisclosure.learner_id == basis.learner,
                ShareDisclosure.basis_id == basis.id,
                ShareDisclosure.doc_id == named.doc,
                ShareDisclosure.version == named.version,
            )
        ).first()
        if row is None or row.sha256.hex() != named.sha256:
            raise AcknowledgementRefused(document=f"{named.doc}/{named.version}")
        if row.outcome not in (Arrival.ACCEPTED, outcome):
            row.acknowledged_at, row.outcome = now, outcome.value
            fresh.append(row)
    session.flush()
    return fresh


def _tell_family(
    session: Session, node: Node, held: _Basis, basis: Basis, fresh: Sequence[ShareDisclosure], now: datetime
) -> None:
    """Give the family a receipt of what arrived: versions and hashes. Its own comment is not a record."""
    manifest = (held.dossier.manifest or ()) if held.dossier is not None else ()
    listed = {line["doc"]: (Category(line["category"]), line["school_year"]) for line in manifest
              if line["category"] != COMMENT}  # fmt: skip
    places = queries.places_of(session, basis.learner, [row.record_id for row in fresh])
    places |= {row.record_id: listed[str(row.doc_id)] for row in fresh if str(row.doc_id) in listed}
    disclosed = tuple(
        DisclosedVersion(row.doc_id, *places[row.record_id], row.version, row.sha256.hex())
        for row in fresh
        if row.record_id in places
    )
    if not disclosed:
        return
    granted = held.grant is not None
    receipts.issue(
        session,
        node,
        held.request,
        receipts.Event(
            ReceiptEvent.DISCLOSED, now, receipts.own_words(f"{held.request.school_name}に届きました。"),
            UNDER_GRANT if granted else ARRIVED, basis.id, lane=Lane.CONSENT if granted else Lane.STATUTORY,
            grant=basis.id if granted else None, disclosed=disclosed,
        ),
    )  # fmt: skip


def _close(session: Session, dossier: ShareDossier, now: datetime) -> bool:
    """Close a dossier of which every document was accepted; its originals are the next school's from now on."""
    if dossier.state != DossierState.READY:
        return dossier.state == DossierState.ACKNOWLEDGED
    arrived = session.execute(
        select(ShareDisclosure.doc_id, ShareDisclosure.version, ShareDisclosure.record_id).where(
            ShareDisclosure.learner_id == dossier.learner_id,
            ShareDisclosure.basis_id == dossier.dossier_id,
            ShareDisclosure.outcome == Arrival.ACCEPTED,
        )
    ).all()
    listed = {(UUID(line["doc"]), line["version"]) for line in dossier.manifest or ()}
    if not listed <= {(row.doc_id, row.version) for row in arrived}:
        return False
    dossier.state, dossier.closed_at = DossierState.ACKNOWLEDGED.value, now
    session.flush()
    records.mark_sent(session, dossier.learner_id, [row.record_id for row in arrived], ORIGINALS, now)
    return True


def _log(
    session: Session, node: Node, child: KnownChild, row: ShareDossier, act: Act, rule: str, now: datetime
) -> None:
    entry = entry_by_node(
        node, child, act, rule=rule, purpose=BasisKind.DOSSIER.purpose, now=now, reference=str(row.dossier_id),
        under=row.dossier_id,
    )  # fmt: skip
    entries.write(session, node, [entry])


def _log_answer(
    session: Session,
    node: Node,
    child: KnownChild,
    request: ShareRequest,
    basis: Basis,
    fresh: Sequence[ShareDisclosure],
    now: datetime,
    reference: str,
) -> None:
    entry = entry_by_organisation(
        node, request.school_name, child, ARRIVED, Act.DOCUMENTS_ACKNOWLEDGED, purpose=basis.kind.purpose,
        relation=basis.kind.relation, now=now, reference=reference, under=basis.id,
        records=[(row.record_id, row.version) for row in fresh],
    )  # fmt: skip
    entries.write(session, node, [entry])


def _view(session: Session, row: ShareDossier) -> DossierView:
    request = requests.find(session, row.learner_id, row.request_id)
    return DossierView(
        row.dossier_id, row.learner_id, row.request_id, row.client_id, Move(row.move), DossierState(row.state),
        row.review_until, None if row.manifest is None else tuple(row.manifest), row.ready_at, row.closed_at,
        tuple(row.problems or ()), "" if request is None else request.case_reference,
    )  # fmt: skip
