"""Pulling: another school's system reads documents under a grant or a dossier, page by page and piece by piece.

Each page and each piece of a file is a decision of its own, in a transaction of its own: the ground is locked and
judged, the entry written, and only then bytes are handed out; the edge commits before they leave.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from consent.scope import Scope
from consent.verdict import Allowed, DenialCode, Denied, public_code
from consent.vocabulary import Category
from pds.access_log import entries
from pds.access_log.entries import Act, Entry
from pds.node import Node
from pds.records import files
from pds.records.files import CHUNK_BYTES
from pds.sharing.copies import Copy, copy_comment, copy_earlier, make_copies
from pds.sharing.enforcement import Refused
from pds.sharing.ground import Ground, Item, NoGround, stand_on
from pds.sharing.models import ShareDisclosure
from pds.sharing.parties import Arrival, Basis, entry_by_organisation
from pds.sharing.queries import Version
from trust.errors import N_, ManabiError
from web.database import bind_context

MOST_DOCUMENTS: Final = 25
MOST_BYTES: Final = 2 * 1024 * 1024
"""Bytes of signed copies on one page; a page always has at least one document, however large."""


class CursorMalformed(ManabiError):
    """422: `after` is not what the page before named as its next."""

    code = "sharing.cursor_malformed"
    status = 422
    title = N_("The place to go on from is not one that was given.")
    remedy = N_("Send back “next” of the last page unchanged, or start again without it.")


class NoSuchPiece(ManabiError):
    """404: the document has no such file, or the file ends before the offset."""

    code = "sharing.no_such_piece"
    status = 404
    title = N_("There is no such piece of a file.")
    remedy = N_("Use the file numbers and sizes that the document itself lists.")


@dataclass(frozen=True, slots=True)
class Page:
    """Documents of one page. `next` is where to go on, None at the end; `withheld` is what was asked and not given.

    `basis_version` grows with every change of the grant.
    """

    documents: tuple[Copy, ...]
    next: str | None
    withheld: Scope
    basis_version: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """At most 64 KiB of a file, from `offset` on. `size` and `sha256` (hexadecimal) are those of the whole file."""

    doc: UUID
    version: int
    file_no: int
    offset: int
    content: bytes
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class _Call:
    """One call of a recipient: under what, when, and the reference number of the request."""

    basis: Basis
    act: Act
    now: datetime
    reference: str


def read_page(
    session: Session,
    node: Node,
    client_id: str,
    basis: Basis,
    after: str | None,
    now: datetime,
    reference: str,
    *,
    everything: bool = False,
) -> Page | Refused:
    """Decide, log and return the next documents under a basis, in the order of their names towards this recipient.

    By default only versions that the recipient has not acknowledged, so pulling again gives what has changed since;
    `everything` gives all that the basis opens. Raises `CursorMalformed`.
    """
    start = _read_cursor(after)
    call = _Call(basis, Act.DOCUMENT_PULLED, now, reference)
    ground = stand_on(session, node, client_id, basis, now)
    if isinstance(ground, NoGround):
        return _refuse(session, node, call, ground)
    due = [item for item in ground.items if start is None or item.doc > start]
    if not everything or ground.once:
        due = _not_acknowledged(session, basis, due, ground.once)
    due.sort(key=lambda item: item.doc)
    documents = _copy_some(session, node, client_id, basis.learner, due)
    _note_disclosed(session, basis, documents, now)
    given = {document.record for document in documents}
    _log(session, node, call, ground, [item for item in due if item.record in given])
    last = documents[-1].doc if documents else None
    more = last is not None and any(item.doc > last for item in due)
    return Page(documents, str(last) if more else None, ground.withheld, ground.version)


def read_chunk(
    session: Session,
    node: Node,
    client_id: str,
    basis: Basis,
    doc: UUID,
    file_no: int,
    offset: int,
    now: datetime,
    reference: str,
) -> Chunk | Refused:
    """Decide, log and return a piece of a file of a document that was handed out on a page before.

    It is a piece of the version that was handed out last. Raises `NoSuchPiece`.
    """
    call = _Call(basis, Act.FILE_PULLED, now, reference)
    bind_context(session, learners=[basis.learner])
    named = _last_disclosed(session, basis, doc)
    ground = stand_on(session, node, client_id, basis, now, only=None if named is None else named[0])
    if isinstance(ground, NoGround):
        return _refuse(session, node, call, ground)
    item = next((item for item in ground.items if item.doc == doc), None)
    if item is None or named is None:
        no = NoGround(Denied(DenialCode.NOT_IN_SCOPE), ground.child, ground.recipient)
        return _refuse(session, node, call, no)
    version = named[1]
    notes = files.notes_of(session, node, basis.learner, [(item.record, version)])
    note = next((note for note in notes.get((item.record, version), ()) if note.no == file_no), None)
    if note is None or not 0 <= offset < note.size:
        raise NoSuchPiece
    number, skipped = divmod(offset, CHUNK_BYTES)
    piece = files.open_chunk(session, node, basis.learner, item.record, version, file_no, number)
    if piece is None:
        raise NoSuchPiece
    entry = _entry(node, call, ground, item.verdict, item.category, [(item.record, version)])
    entries.write(session, node, [entry])
    return Chunk(doc, version, file_no, offset, piece[skipped:], note.size, note.sha256.hex())


def _read_cursor(after: str | None) -> UUID | None:
    if after is None:
        return None
    try:
        return UUID(after)
    except ValueError as error:
        raise CursorMalformed from error


def _not_acknowledged(session: Session, basis: Basis, items: Iterable[Item], once: bool) -> list[Item]:
    """Leave out what the recipient has said it has: that version, or where things are given once, any of the record."""
    rows = session.execute(
        select(ShareDisclosure.record_id, ShareDisclosure.version).where(
            ShareDisclosure.learner_id == basis.learner,
            ShareDisclosure.basis_id == basis.id,
            ShareDisclosure.acknowledged_at.is_not(None),
            ShareDisclosure.outcome == Arrival.ACCEPTED,
        )
    ).all()
    versions = {(row.record_id, row.version) for row in rows}
    known = {row.record_id for row in rows} if once else set()
    return [item for item in items if item.record not in known and (item.record, item.version) not in versions]


def _copy_some(session: Session, node: Node, client_id: str, learner: UUID, items: Sequence[Item]) -> tuple[Copy, ...]:
    """Return copies of the first items, as many as a page holds."""
    first = items[:MOST_DOCUMENTS]
    stored = [(item.record, item.version) for item in first if item.comment is None and item.earlier is None]
    made = {copy.record: copy for copy in make_copies(session, node, client_id, learner, stored)}
    for item in first:
        if item.comment is not None:
            made[item.record] = copy_comment(node, client_id, learner, item.issuer, item.comment)
        if item.earlier is not None:
            made[item.record] = copy_earlier(node, client_id, learner, item.issuer, item.earlier)
    copies, size = [made[item.record] for item in first if item.record in made], 0
    for index, copy in enumerate(copies):
        size += len(copy.token)
        if size > MOST_BYTES and index:
            return tuple(copies[:index])
    return tuple(copies)


def _note_disclosed(session: Session, basis: Basis, documents: Sequence[Copy], now: datetime) -> None:
    if not documents:
        return
    session.execute(
        insert(ShareDisclosure).on_conflict_do_nothing(),
        [
            {
                "learner_id": basis.learner, "basis_id": basis.id, "record_id": document.record,
                "version": document.version, "doc_id": document.doc, "sha256": bytes.fromhex(document.sha256),
                "disclosed_at": now, "acknowledged_at": None, "outcome": None,
            }
            for document in documents
        ],
    )  # fmt: skip


def _last_disclosed(session: Session, basis: Basis, doc: UUID) -> Version | None:
    row = session.execute(
        select(ShareDisclosure.record_id, ShareDisclosure.version)
        .where(
            ShareDisclosure.learner_id == basis.learner,
            ShareDisclosure.basis_id == basis.id,
            ShareDisclosure.doc_id == doc,
        )
        .order_by(ShareDisclosure.version.desc())
        .limit(1)
    ).first()
    return None if row is None else (row.record_id, row.version)


def _log(session: Session, node: Node, call: _Call, ground: Ground, given: Sequence[Item]) -> None:
    """Write one entry per category handed out; a page without documents is an entry as well."""
    by_category: dict[Category | None, list[Item]] = {}
    for item in given:
        by_category.setdefault(item.category, []).append(item)
    if not by_category:
        entries.write(session, node, [_entry(node, call, ground, ground.verdict, None, [])])
        return
    entries.write(
        session,
        node,
        [
            _entry(node, call, ground, items[0].verdict, category, [(item.record, item.version) for item in items])
            for category, items in by_category.items()
        ],
    )


def _entry(
    node: Node, call: _Call, ground: Ground, verdict: Allowed, category: Category | None, records: Sequence[Version]
) -> Entry:
    return entry_by_organisation(
        node, ground.recipient.school_name, ground.child, verdict, call.act, purpose=call.basis.kind.purpose,
        relation=call.basis.kind.relation, now=call.now, reference=call.reference, under=call.basis.id,
        category=category, records=records,
    )  # fmt: skip


def _refuse(session: Session, node: Node, call: _Call, ground: NoGround) -> Refused:
    """Log a refusal: in the child's log where the basis is the asker's own, in the node's otherwise."""
    entry = entry_by_organisation(
        node, "" if ground.recipient is None else ground.recipient.school_name, ground.child, ground.denied, call.act,
        purpose=call.basis.kind.purpose, relation=call.basis.kind.relation, now=call.now, reference=call.reference,
        under=call.basis.id,
    )  # fmt: skip
    entries.write(session, node, [entry])
    return Refused(ground.denied.code, public_code(ground.denied))
