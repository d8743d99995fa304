"""Files that belong to a version of a record: taken apart into sealed pieces of 64 KiB, each bound to its place.

A piece is opened by itself, so that a long file is handed on without ever standing whole in memory.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from pds.node import Node
from pds.records.models import RecordFile, RecordFileChunk
from trust.sealing import Binding, seal, unseal

CHUNK_BYTES: Final = 64 * 1024
_SCHEMA: Final = "urn:manabi:schema:record-file:1"
_FILES = text(
    """
    SELECT record_id, version, file_no, name, media_type, size, sha256 FROM record_file
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
    """What a version says of one of its files; `sha256` is that of the whole content."""

    no: int
    name: str
    media_type: str
    size: int
    sha256: bytes


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
    key, digest, size = node.keyring.subject_key(learner), sha256(), 0
    chunks: list[RecordFileChunk] = []
    for number, piece in enumerate(_pieces(content)):
        digest.update(piece)
        size += len(piece)
        binding = _binding(node, learner, record, version, file_no, str(number))
        chunks.append(
            RecordFileChunk(learner_id=learner, record_id=record, version=version, file_no=file_no, chunk_no=number,
                            sealed=seal(key, binding, piece))
        )  # fmt: skip
    sealed_name = seal(key, _binding(node, learner, record, version, file_no, "name"), name.encode())
    session.add(
        RecordFile(learner_id=learner, record_id=record, version=version, file_no=file_no, name=sealed_name,
                   media_type=media_type, size=size, sha256=digest.digest())
    )  # fmt: skip
    session.flush()
    session.add_all(chunks)
    session.flush()
    return FileNote(file_no, name, media_type, size, digest.digest())


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


def _note(node: Node, learner: UUID, key: bytes, row: Row[Any]) -> FileNote:
    binding = _binding(node, learner, row.record_id, row.version, row.file_no, "name")
    name = unseal(key, binding, bytes(row.name)).decode()
    return FileNote(row.file_no, name, row.media_type, row.size, bytes(row.sha256))


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
