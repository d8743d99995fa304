"""Keeping what came: documents and files, sealed under the child's key, each written once however often it comes."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import Table, delete, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from pds.node import Node
from pds.transfer.cases import CaseKey
from pds.transfer.documents import Believed
from pds.transfer.models import ReceivedDocument, ReceivedFile, ReceivedFileChunk
from pds.transfer.sealed import CHUNK_BYTES, chunk_binding, document_binding, file_note_binding
from pds.transfer.states import Lane
from trust.sealing import seal, unseal

_DOCUMENTS: Final = cast("Table", ReceivedDocument.__table__)
_FILES: Final = cast("Table", ReceivedFile.__table__)
_CHUNKS: Final = cast("Table", ReceivedFileChunk.__table__)
_OF_CASE: Final = "learner_id = :learner AND transfer_id = :transfer"


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file that is not whole yet: `received` of `size` bytes are here, in whole chunks."""

    doc: UUID
    version: int
    file_no: int
    size: int
    sha256: bytes
    received: int


@dataclass(frozen=True, slots=True)
class KeptDocument:
    """A document as it lies here, unsealed only when somebody may read it."""

    doc: UUID
    version: int
    lane: Lane
    category: str
    school_year: int
    issuer_code: str
    issuer_name: str
    key_id: str
    sha256: bytes
    sealed: bytes


def keep_documents(
    session: Session, node: Node, key: CaseKey, lane: Lane, basis: UUID, documents: Sequence[Believed], now: datetime
) -> int:
    """Keep believed documents with the list of their files; return how many were not here already.

    The same version again changes nothing; one that had been erased is kept anew.
    """
    if not documents:
        return 0
    secret = node.keyring.subject_key(key.learner)
    named = {(one.doc, one.version): one for one in documents}
    adding = insert(_DOCUMENTS).values(
        [
            {
                **_place_of(key, one.doc, one.version), "basis_id": basis, "lane": lane.value,
                "category": one.category, "school_year": one.school_year, "issuer_code": one.chain[0].school_code,
                "issuer_name": one.chain[0].school_name, "key_id": one.chain[0].key_id, "sha256": one.sha256,
                "sealed": seal(
                    secret, document_binding(node, key.learner, key.transfer, one.doc, one.version), one.token.encode()
                ),
                "received_at": now, "erased_at": None,
            }
            for one in named.values()
        ]
    )  # fmt: skip
    columns = [column.name for column in _DOCUMENTS.primary_key]
    written = session.execute(
        adding.on_conflict_do_update(
            index_elements=columns,
            set_={one.name: adding.excluded[one.name] for one in _DOCUMENTS.c if one.name not in columns},
            where=_DOCUMENTS.c.sealed.is_(None) | (_DOCUMENTS.c.sha256 != adding.excluded.sha256),
        ).returning(_DOCUMENTS.c.doc_id, _DOCUMENTS.c.version)
    ).all()
    fresh = [named[row.doc_id, row.version] for row in written]
    _list_files(session, node, key, secret, fresh)
    return len(fresh)


def _list_files(session: Session, node: Node, key: CaseKey, secret: bytes, documents: Sequence[Believed]) -> None:
    """Put down which files documents have, in place of whatever was listed for these versions before."""
    if not documents:
        return
    session.execute(
        delete(ReceivedFile).where(
            ReceivedFile.learner_id == key.learner,
            ReceivedFile.transfer_id == key.transfer,
            tuple_(ReceivedFile.doc_id, ReceivedFile.version).in_([(one.doc, one.version) for one in documents]),
        )
    )
    rows = [
        {
            **_place_of(key, one.doc, one.version), "file_no": file.no, "media_type": file.media_type,
            "size": file.size, "received": 0, "complete": False,
            "note": seal(
                secret,
                file_note_binding(node, key.learner, key.transfer, one.doc, one.version, file.no),
                json.dumps([file.name, file.sha256.hex()], ensure_ascii=False).encode(),
            ),
        }
        for one in documents
        for file in one.files
    ]  # fmt: skip
    if rows:
        session.execute(insert(_FILES), rows)


def _place_of(key: CaseKey, doc: UUID, version: int) -> dict[str, Any]:
    return {"learner_id": key.learner, "transfer_id": key.transfer, "doc_id": doc, "version": version}


def next_open_file(session: Session, node: Node, key: CaseKey, lane: Lane, basis: UUID) -> OpenFile | None:
    """Return a file of a lane that is not whole yet; raises `SealBroken`."""
    row = session.execute(_NEXT_FILE, {**_place(key), "lane": lane.value, "basis": basis}).first()
    if row is None:
        return None
    _, digest = open_file_note(node, key, row.doc_id, row.version, row.file_no, bytes(row.note))
    return OpenFile(row.doc_id, row.version, row.file_no, row.size, digest, row.received)


def open_file_note(node: Node, key: CaseKey, doc: UUID, version: int, file_no: int, note: bytes) -> tuple[str, bytes]:
    """Return name and SHA-256 of a received file; raises `SealBroken`."""
    binding = file_note_binding(node, key.learner, key.transfer, doc, version, file_no)
    name, digest = json.loads(unseal(node.keyring.subject_key(key.learner), binding, note))
    return name, bytes.fromhex(digest)


def keep_chunks(
    session: Session, node: Node, key: CaseKey, file: OpenFile, first: int, chunks: Sequence[bytes]
) -> None:
    """Keep chunks of a file from chunk number `first` on, and how far the file has come."""
    secret = node.keyring.subject_key(key.learner)
    rows = [
        {
            "learner_id": key.learner, "transfer_id": key.transfer, "doc_id": file.doc, "version": file.version,
            "file_no": file.file_no, "chunk_no": first + number,
            "sealed": seal(
                secret,
                chunk_binding(
                    node, key.learner, key.transfer, file.doc, file.version, file.file_no, first + number
                ),
                chunk,
            ),
        }
        for number, chunk in enumerate(chunks)
    ]  # fmt: skip
    session.execute(insert(_CHUNKS).on_conflict_do_nothing(), rows)
    received = first * CHUNK_BYTES + sum(len(chunk) for chunk in chunks)
    _move_file(session, key, file, received=received)


def mark_whole(session: Session, key: CaseKey, file: OpenFile) -> None:
    """Note that a file is whole and its hash is the one the school signed."""
    _move_file(session, key, file, complete=True)


def begin_again(session: Session, key: CaseKey, file: OpenFile) -> None:
    """Throw a file's chunks away; it has to come anew."""
    session.execute(_DROP_CHUNKS, {**_place(key), "doc": file.doc, "version": file.version, "no": file.file_no})
    _move_file(session, key, file, received=0)


def digest_so_far(session: Session, node: Node, key: CaseKey, file: OpenFile) -> Any:
    """Return the running hash over the chunks that are here, for going on after an interruption."""
    running = sha256()
    if file.received:
        for chunk in read_chunks(session, node, key, file.doc, file.version, file.file_no):
            running.update(chunk)
    return running


def read_chunks(session: Session, node: Node, key: CaseKey, doc: UUID, version: int, file_no: int) -> Iterator[bytes]:
    """Yield a received file's content chunk by chunk; raises `SealBroken`."""
    secret = node.keyring.subject_key(key.learner)
    number = 0
    place = {**_place(key), "doc": doc, "version": version, "no": file_no}
    while (sealed := session.execute(_CHUNK, {**place, "chunk": number}).scalar()) is not None:
        binding = chunk_binding(node, key.learner, key.transfer, doc, version, file_no, number)
        yield unseal(secret, binding, bytes(sealed))
        number += 1


def kept_documents(session: Session, key: CaseKey, lane: Lane, basis: UUID) -> list[tuple[UUID, int, bytes]]:
    """Return name, version and hash of every document of a lane that is here."""
    rows = session.execute(_KEPT, {**_place(key), "lane": lane.value, "basis": basis})
    return [(row.doc_id, row.version, bytes(row.sha256)) for row in rows]


def read_kept(session: Session, key: CaseKey) -> Iterator[KeptDocument]:
    """Yield the newest version of every document that is here, still sealed."""
    for row in session.execute(_NEWEST, _place(key)):
        yield KeptDocument(
            row.doc_id, row.version, Lane(row.lane), row.category, row.school_year, row.issuer_code, row.issuer_name,
            row.key_id, bytes(row.sha256), bytes(row.sealed),
        )  # fmt: skip


def find_kept(session: Session, key: CaseKey, doc: UUID, version: int) -> KeptDocument | None:
    """Return one version of a document that is here."""
    row = session.get(ReceivedDocument, (key.learner, key.transfer, doc, version), populate_existing=True)
    if row is None or row.sealed is None:
        return None
    return KeptDocument(
        row.doc_id, row.version, Lane(row.lane), row.category, row.school_year, row.issuer_code, row.issuer_name,
        row.key_id, bytes(row.sha256), bytes(row.sealed),
    )  # fmt: skip


def open_document(node: Node, key: CaseKey, kept: KeptDocument) -> str:
    """Return the signed token of a document; raises `SealBroken`."""
    binding = document_binding(node, key.learner, key.transfer, kept.doc, kept.version)
    return unseal(node.keyring.subject_key(key.learner), binding, kept.sealed).decode()


def erase(session: Session, key: CaseKey, now: datetime, *, lane: Lane | None = None, basis: UUID | None = None) -> int:
    """Erase what came, in one lane or under one basis or all of it; return how many documents that were.

    Content and files go; that a document was here, its hash and when it went stay.
    """
    which = [
        ReceivedDocument.learner_id == key.learner,
        ReceivedDocument.transfer_id == key.transfer,
        ReceivedDocument.erased_at.is_(None),
    ]
    if lane is not None:
        which.append(ReceivedDocument.lane == lane.value)
    if basis is not None:
        which.append(ReceivedDocument.basis_id == basis)
    gone = session.execute(
        update(ReceivedDocument)
        .where(*which)
        .values(sealed=None, erased_at=now)
        .returning(ReceivedDocument.doc_id, ReceivedDocument.version)
    ).all()
    for row in gone:
        session.execute(
            delete(ReceivedFile).where(
                ReceivedFile.learner_id == key.learner,
                ReceivedFile.transfer_id == key.transfer,
                ReceivedFile.doc_id == row.doc_id,
                ReceivedFile.version == row.version,
            )
        )
    return len(gone)


def _move_file(session: Session, key: CaseKey, file: OpenFile, **values: Any) -> None:
    session.execute(
        update(ReceivedFile)
        .where(
            ReceivedFile.learner_id == key.learner,
            ReceivedFile.transfer_id == key.transfer,
            ReceivedFile.doc_id == file.doc,
            ReceivedFile.version == file.version,
            ReceivedFile.file_no == file.file_no,
        )
        .values(**values)
    )


def _place(key: CaseKey) -> dict[str, Any]:
    return {"learner": key.learner, "transfer": key.transfer}


_NEXT_FILE = text(
    f"""
    SELECT f.doc_id, f.version, f.file_no, f.size, f.note, f.received
    FROM received_file f JOIN received_document d USING (learner_id, transfer_id, doc_id, version)
    WHERE {_OF_CASE} AND d.lane = :lane AND d.basis_id = :basis AND NOT f.complete
    ORDER BY f.doc_id, f.version, f.file_no LIMIT 1
    """  # noqa: S608 — put together from constants
)
_CHUNK = text(
    f"SELECT sealed FROM received_file_chunk WHERE {_OF_CASE} AND doc_id = :doc AND version = :version "  # noqa: S608
    "AND file_no = :no AND chunk_no = :chunk"
)
_DROP_CHUNKS = text(
    f"DELETE FROM received_file_chunk WHERE {_OF_CASE} AND doc_id = :doc AND version = :version AND file_no = :no"  # noqa: S608
)
_KEPT = text(
    f"SELECT doc_id, version, sha256 FROM received_document WHERE {_OF_CASE} AND lane = :lane "  # noqa: S608
    "AND basis_id = :basis AND erased_at IS NULL ORDER BY doc_id, version"
)
_NEWEST = text(
    f"""
    SELECT DISTINCT ON (doc_id) doc_id, version, lane, category, school_year, issuer_code, issuer_name, key_id,
           sha256, sealed
    FROM received_document WHERE {_OF_CASE} AND erased_at IS NULL ORDER BY doc_id, version DESC
    """  # noqa: S608 — put together from constants
)
