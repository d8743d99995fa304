"""Copies: a record's version as one recipient gets it, signed by the school, the same bytes every time.

A preview shows the very bytes that are pulled later, so nothing in a copy depends on when or how often it is made:
Ed25519 signatures have no randomness, and every id in it is derived. The child and its documents bear names that one
recipient alone knows them by, so that two recipients cannot join what they hold.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from consent.age import japan_day, school_year_of
from pds.node import Node
from pds.records import files
from pds.records import service as records
from pds.records.files import FileNote
from pds.records.service import OpenedRecord
from pds.rows import derive_id
from pds.sharing import queries
from pds.sharing.queries import Version

COPY_TYP: Final = "manabi-copy+jws"
COMMENT: Final = "family_comment"
"""The category a copy names for a family's own words on what the law sends; no record, no part of the register."""
_COMMENT_SCHEMA: Final = "urn:manabi:schema:family_comment:1"
_PAIRWISE: Final = "pairwise"


@dataclass(frozen=True, slots=True)
class CopyFile:
    """A file as a copy names it; `sha256` is hexadecimal, of the whole content."""

    no: int
    name: str
    media_type: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Copy:
    """One document as a recipient gets it. `doc` is its name towards that recipient, `sha256` that of the token.

    `record` and `version` say which version it is here; `record` never leaves the node. `category` is a record's
    category or `COMMENT`.
    """

    doc: UUID
    category: str
    school_year: int
    version: int
    issuer: str
    token: str = field(repr=False)
    sha256: str
    record: UUID
    files: tuple[CopyFile, ...] = ()

    @property
    def body(self) -> dict[str, Any]:
        """What the recipient reads, out of the very token."""
        return _payload_of(self.token)["body"]  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class FamilyComment:
    """What somebody of the family wrote on what the law sends. `key` is the id it is known under here."""

    key: UUID
    by: str
    text: str
    objects: bool
    at: datetime


def pseudonym(node: Node, client_id: str, learner: UUID) -> UUID:
    """Return the name that one recipient knows a child by."""
    return derive_id(node.keyring.node_key(_PAIRWISE), "sub", client_id, str(learner))


def document_id(node: Node, client_id: str, record: UUID) -> UUID:
    """Return the name that one recipient knows a record by, the same for all its versions."""
    return derive_id(node.keyring.node_key(_PAIRWISE), "doc", client_id, str(record))


def make_copies(
    session: Session, node: Node, client_id: str, learner: UUID, versions: Sequence[Version]
) -> tuple[Copy, ...]:
    """Return some versions as copies for a client, in the order given; those of withdrawn records are left out.

    Whoever calls this has decided, and writes the entry. Needs the context bound.
    """
    stored = queries.sealed_versions(session, learner, versions)
    notes = files.notes_of(session, node, learner, list(stored))
    return tuple(
        copy_record(node, client_id, records.open_record(node, stored[one]), notes.get(one, ()))
        for one in versions
        if one in stored
    )


def copy_record(node: Node, client_id: str, opened: OpenedRecord, notes: Sequence[FileNote] = ()) -> Copy:
    """Return one opened version as a copy for a client."""
    place = opened.place
    listed = tuple(CopyFile(note.no, note.name, note.media_type, note.size, note.sha256.hex()) for note in notes)
    return _sign(
        node, client_id, place.learner, place.record, place.version, place.category.value, place.school_year,
        place.school_code, opened.schema, opened.issued_at, opened.digest, opened.body, listed,
    )  # fmt: skip


def copy_comment(node: Node, client_id: str, learner: UUID, issuer: str, comment: FamilyComment) -> Copy:
    """Return a family's comment as a copy for a client, passed on by the school with the code `issuer`."""
    at = comment.at.astimezone(UTC).isoformat(timespec="seconds")
    body = {"by": comment.by, "text": comment.text, "objects": comment.objects, "written_at": at}
    digest = sha256(json.dumps(body, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
    return _sign(
        node, client_id, learner, comment.key, 1, COMMENT, school_year_of(japan_day(comment.at)), issuer,
        _COMMENT_SCHEMA, comment.at, digest, body, (),
    )  # fmt: skip


def manifest_line(copy: Copy) -> dict[str, Any]:
    """Return what a manifest says of a copy; nothing in it is known to anybody but the recipient."""
    return {
        "doc": str(copy.doc), "version": copy.version, "category": copy.category, "school_year": copy.school_year,
        "issuer": copy.issuer, "sha256": copy.sha256,
    }  # fmt: skip


def _sign(
    node: Node,
    client_id: str,
    learner: UUID,
    record: UUID,
    version: int,
    category: str,
    school_year: int,
    issuer: str,
    schema: str,
    issued_at: datetime,
    digest: str,
    body: dict[str, Any],
    listed: tuple[CopyFile, ...],
) -> Copy:
    doc = document_id(node, client_id, record)
    payload = {
        "iss": issuer, "node": node.node_id, "aud": client_id, "sub": str(pseudonym(node, client_id, learner)),
        "doc": str(doc), "version": version, "category": category, "school_year": school_year, "schema": schema,
        "issued_at": issued_at.astimezone(UTC).isoformat(timespec="seconds"), "original_sha256": digest, "body": body,
        "files": [
            {"no": one.no, "name": one.name, "media_type": one.media_type, "size": one.size, "sha256": one.sha256}
            for one in listed
        ],
    }  # fmt: skip
    raw = json.dumps(payload, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
    token = node.keyring.signing_key(issuer).sign(raw, typ=COPY_TYP)
    return Copy(
        doc, category, school_year, version, issuer, token, sha256(token.encode()).hexdigest(), record, listed
    )  # fmt: skip


def _payload_of(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found
