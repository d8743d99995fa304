"""Files that belong to a version of a record: taken apart into sealed pieces of 64 KiB, each bound to its place.

A piece is opened by itself, so that a long file is handed on without ever standing whole in memory, and opens only as
this piece of this file of this version of this record of this child. Name and hash are sealed as well: the hash of a
short text would give the text away.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import Row, Table, text
from sqlalchemy.orm import Session

from pds.node import Node
from pds.records.models import RecordFile, RecordFileChunk
from pds.rows import Values, insert_rows
from trust.sealing import Binding, SealBroken, seal, unseal

CHUNK_BYTES: Final = 64 * 1024
MOST_BYTES: Final = 10 * 1024**2
"""Of one file."""
_SCHEMA: Final = "urn:manabi:schema:record-file:1"
_FILE: Final = cast("Table", RecordFile.__table__)
_CHUNKS: Final = cast("Table", RecordFileChunk.__table__)
_AT_ONCE: Final = 32
"""Pieces per statement: 2 MiB."""
_FILES = text(
    """
    SELECT record_id, version, file_no, note, media_type, size FROM record_file
    WHERE learner_id = :learner
      AND (record_id, version) IN (SELECT * FROM unnest(CAST(:records AS uuid[]), CAST(:versions AS bigint[])))
    ORDER BY record_id, version, file_no
    """
)
_CHUNK = text(
    "SELECT sealed FROM record_file_chunk WHERE learner_id = :learner AND record_id = :record AND version = :version "
    "AND file_no = :file_no AND chunk_no = :chunk_no"
)


@dataclass(frozen=True, slots=True)
class FileNote:
    """What a version says of one of its files; `sha256` is that of the whole content, `no` counts from 1."""

    no: int
    name: str
    media_type: str
    size: int
    sha256: bytes

    @property
    def chunks(self) -> int:
        """How many pieces it has."""
        return -(-self.size // CHUNK_BYTES)


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file that comes with a record; `read` fetches its content when its turn comes."""

    no: int
    name: str
    media_type: str
    read: Callable[[], Iterable[bytes]]


def attach(
    session: Session,
    node: Node,
    learner: UUID,
    record: UUID,
    version: int,
    *,
    file_no: int,
    name: str,
    media_type: str,
    content: Iterable[bytes],
) -> FileNote:
    """Keep a file with a version that stands in the caller's transaction. `content` may come in pieces of any size."""
    key = node.keyring.subject_key(learner)
    return _attach(session, node, key, (learner, record, version), NewFile(file_no, name, media_type, lambda: content))


def attach_all(
    session: Session, node: Node, key: bytes, learner: UUID, record: UUID, version: int, files: Iterable[NewFile]
) -> None:
    """Keep several files with a version, sealed under the child's key."""
    for file in files:
        _attach(session, node, key, (learner, record, version), file)


def copy_files(session: Session, node: Node, learner: UUID, record: UUID, version: int, later: int) -> None:
    """Seal the files of one version again for a later one of the same record, which stands already."""
    for note in notes_of(session, node, learner, [(record, version)]).get((record, version), ()):
        content = list(read_content(session, node, learner, record, version, note))
        attach(
            session, node, learner, record, later,
            file_no=note.no, name=note.name, media_type=note.media_type, content=content,
        )  # fmt: skip


def notes_of(
    session: Session, node: Node, learner: UUID, versions: Sequence[tuple[UUID, int]]
) -> dict[tuple[UUID, int], tuple[FileNote, ...]]:
    """Return what files some versions have, in order; versions without any are absent. Needs the context bound."""
    if not versions:
        return {}
    wanted = {"records": [record for record, _ in versions], "versions": [version for _, version in versions]}
    rows = session.execute(_FILES, {"learner": learner, **wanted}).all()
    found: dict[tuple[UUID, int], tuple[FileNote, ...]] = {}
    if rows:
        key = node.keyring.subject_key(learner)
        for row in rows:
            place = (row.record_id, row.version)
            found[place] = (*found.get(place, ()), _note(node, learner, key, row))
    return found


def open_chunk(
    session: Session, node: Node, learner: UUID, record: UUID, version: int, file_no: int, chunk_no: int
) -> bytes | None:
    """Return one piece of a file, or None where there is none. Only `pds.sharing` calls this, after the decision."""
    sealed = session.execute(
        _CHUNK,
        {"learner": learner, "record": record, "version": version, "file_no": file_no, "chunk_no": chunk_no},
    ).scalar()
    if sealed is None:
        return None
    binding = _binding(node, learner, record, version, file_no, str(chunk_no))
    return unseal(node.keyring.subject_key(learner), binding, bytes(sealed))


def read_content(
    session: Session, node: Node, learner: UUID, record: UUID, version: int, note: FileNote
) -> Iterator[bytes]:
    """Yield a whole file piece by piece and hold it against its hash; raises `SealBroken` where it is not the same."""
    digest = sha256()
    for number in range(note.chunks):
        piece = open_chunk(session, node, learner, record, version, note.no, number)
        if piece is None:
            raise SealBroken
        digest.update(piece)
        yield piece
    if digest.digest() != note.sha256:
        raise SealBroken


def _attach(session: Session, node: Node, key: bytes, place: tuple[UUID, UUID, int], file: NewFile) -> FileNote:
    learner, record, version = place
    columns: Values = {"learner_id": learner, "record_id": record, "version": version, "file_no": file.no}
    digest, size = sha256(), 0
    chunks: list[Values] = []
    for number, piece in enumerate(_pieces(file.read())):
        digest.update(piece)
        size += len(piece)
        binding = _binding(node, learner, record, version, file.no, str(number))
        chunks.append({**columns, "chunk_no": number, "sealed": seal(key, binding, piece)})
    note = FileNote(file.no, file.name, file.media_type, size, digest.digest())
    closed = json.dumps([note.name, note.sha256.hex()], ensure_ascii=False).encode()
    sealed = seal(key, _binding(node, learner, record, version, file.no, "note"), closed)
    insert_rows(session, _FILE, [{**columns, "note": sealed, "media_type": note.media_type, "size": size}])
    for start in range(0, len(chunks), _AT_ONCE):
        insert_rows(session, _CHUNKS, chunks[start : start + _AT_ONCE])
    return note


def _note(node: Node, learner: UUID, key: bytes, row: Row[Any]) -> FileNote:
    binding = _binding(node, learner, row.record_id, row.version, row.file_no, "note")
    name, digest = json.loads(unseal(key, binding, bytes(row.note)))
    return FileNote(row.file_no, name, row.media_type, row.size, bytes.fromhex(digest))


def _pieces(content: Iterable[bytes]) -> Iterator[bytes]:
    """Cut a stream into pieces of exactly 64 KiB, the last one shorter."""
    held = bytearray()
    for part in content:
        held += part
        while len(held) >= CHUNK_BYTES:
            yield bytes(held[:CHUNK_BYTES])
            del held[:CHUNK_BYTES]
    if held:
        yield bytes(held)


def _binding(node: Node, learner: UUID, record: UUID, version: int, file_no: int, part: str) -> Binding:
    return Binding(node.node_id, learner, f"{record}/file/{file_no}/{part}", version, _SCHEMA)
