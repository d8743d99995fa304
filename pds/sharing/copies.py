"""Copies: a record's version as one recipient gets it, signed by the school, the same bytes every time.

A preview shows the very bytes that are pulled later, so nothing in a copy depends on when or how often it is made:
Ed25519 signatures have no randomness, and every id in it is derived. The child and its documents bear names that one
recipient alone knows them by, so that two recipients cannot join what they hold.
"""

import base64
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from consent.age import japan_day, school_year_of
from consent.vocabulary import Category
from pds.node import Node
from pds.records import files
from pds.records import service as records
from pds.records.files import FileNote
from pds.records.service import OpenedRecord
from pds.rows import derive_id
from pds.sharing import queries
from pds.sharing.papers import received_binding
from pds.sharing.queries import Version
from trust.sealing import unseal

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
        return payload_of(self.token)["body"]  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class FamilyComment:
    """What somebody of the family wrote on what the law sends. `key` is the id it is known under here."""

    key: UUID
    by: str
    text: str
    objects: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class EarlierCopy:
    """A copy that an earlier school sent, which goes on with the child (学校教育法施行規則24条3項).

    `key` is the id it is known under here; `token` is what that school signed.
    """

    key: UUID
    version: int
    category: Category
    school_year: int
    token: str = field(repr=False)


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


def copy_earlier(node: Node, client_id: str, learner: UUID, issuer: str, earlier: EarlierCopy) -> Copy:
    """Return an earlier school's copy as a copy for a client, enclosed whole, passed on by the school `issuer`."""
    said = payload_of(earlier.token)
    return _sign(
        node, client_id, learner, earlier.key, earlier.version, earlier.category.value, earlier.school_year, issuer,
        said["schema"], datetime.fromisoformat(said["issued_at"]), sha256(earlier.token.encode()).hexdigest(),
        said["body"], (), enclosed=earlier.token,
    )  # fmt: skip


def earlier_copies(
    session: Session, node: Node, learner: UUID, categories: Iterable[Category]
) -> tuple[EarlierCopy, ...]:
    """Open the copies of some categories that earlier schools sent by law, as far as they were accepted here.

    Needs the context bound.
    """
    received = queries.received_versions(session, learner, categories)
    if not received:
        return ()
    key, names = node.keyring.subject_key(learner), node.keyring.node_key(_PAIRWISE)
    return tuple(
        EarlierCopy(
            derive_id(names, "received", str(one.case), str(one.doc)), one.version, one.category, one.school_year,
            unseal(key, received_binding(node, learner, one.case, one.doc, one.version), one.sealed).decode(),
        )
        for one in received
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
    *,
    enclosed: str | None = None,
) -> Copy:
    doc = document_id(node, client_id, record)
    payload: dict[str, Any] = {
        "iss": issuer, "node": node.node_id, "aud": client_id, "sub": str(pseudonym(node, client_id, learner)),
        "doc": str(doc), "version": version, "category": category, "school_year": school_year, "schema": schema,
        "issued_at": issued_at.astimezone(UTC).isoformat(timespec="seconds"), "original_sha256": digest, "body": body,
        "files": [
            {"no": one.no, "name": one.name, "media_type": one.media_type, "size": one.size, "sha256": one.sha256}
            for one in listed
        ],
    }  # fmt: skip
    if enclosed is not None:
        payload["enclosed"] = enclosed
    raw = json.dumps(payload, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
    token = node.keyring.signing_key(issuer).sign(raw, typ=COPY_TYP)
    return Copy(
        doc, category, school_year, version, issuer, token, sha256(token.encode()).hexdigest(), record, listed
    )  # fmt: skip


def payload_of(token: str) -> dict[str, Any]:
    """Return what a copy says, unverified: for one that was made or checked here."""
    part = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found
