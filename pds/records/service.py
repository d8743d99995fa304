"""Records: signed by the issuing school, sealed under the child's key, versioned and never overwritten."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from consent.vocabulary import Category
from pds.node import Node
from trust.sealing import Binding, SealBroken, seal, unseal
from trust.signing import SigningKey, VerifyingKey

RECORD_TYP = "manabi-record+jws"

_COLUMNS = """
    r.learner_id, r.record_id, r.category, r.organisation_id, r.school_year, r.sent_at,
    v.version, v.schema, v.sealed, v.issued_at, o.name AS school_name, o.code AS school_code
"""
_CURRENT = f"""
    SELECT {_COLUMNS} FROM record r
    JOIN record_version v ON v.learner_id = r.learner_id AND v.record_id = r.record_id AND v.version = r.current_version
    JOIN organisation o ON o.organisation_id = r.organisation_id
    WHERE r.learner_id = :learner AND NOT r.withdrawn
"""  # noqa: S608 — put together from constants
_ONE = text(_CURRENT + " AND r.record_id = :record")
_OF_CATEGORIES = text(
    _CURRENT + " AND r.category = ANY(:categories) AND (CAST(:school_year AS bigint) IS NULL"
    f" OR r.school_year = :school_year OR r.category = '{Category.ENROLMENT.value}')"
    " ORDER BY r.school_year, r.category"
)
_EARLIER = text(
    _CURRENT.replace("v.version = r.current_version", "v.version < r.current_version")
    + " AND r.record_id = :record ORDER BY v.version"
)
_VERSIONS = text(
    "SELECT version, issued_at, compensates FROM record_version "
    "WHERE learner_id = :learner AND record_id = :record ORDER BY version"
)
_MARK_SENT = text(
    "UPDATE record SET sent_at = :now WHERE learner_id = :learner AND record_id = ANY(:records) "
    "AND category = ANY(:categories) AND sent_at IS NULL"
)


@dataclass(frozen=True, slots=True)
class RecordPlace:
    """Which version of which record of whom."""

    learner: UUID
    record: UUID
    version: int
    category: Category
    organisation: UUID
    school_code: str
    school_year: int


@dataclass(frozen=True, slots=True)
class SealedRecord:
    """A version as it is stored: where it belongs is known, what it says is not.

    `sent` says that the original has gone to the next school; what stays is the learner's copy.
    """

    place: RecordPlace
    school_name: str
    schema: str
    sealed: bytes
    sent: bool = False


@dataclass(frozen=True, slots=True)
class OpenedRecord:
    """A record opened and checked: its body is what the school signed. `digest` is the SHA-256 of the signed form.

    `sent` says that the original has gone to the next school; what stays is the learner's copy.
    """

    place: RecordPlace
    school_name: str
    schema: str
    body: dict[str, Any]
    issued_at: datetime
    signed_by: str
    digest: str = ""
    sent: bool = False


@dataclass(frozen=True, slots=True)
class VersionNote:
    """One line of a record's history. `compensates` is the version that was taken back."""

    version: int
    issued_at: datetime
    compensates: int | None


def sign_and_seal(
    node_id: str,
    place: RecordPlace,
    schema: str,
    body: dict[str, Any],
    *,
    issued_at: datetime,
    signing: SigningKey,
    subject_key: bytes,
) -> bytes:
    """Return the sealed, signed form of one version. The bytes that are signed are the bytes that are shown later."""
    payload = json.dumps(
        {
            "iss": place.school_code, "node": node_id, "sub": str(place.learner), "record": str(place.record),
            "version": place.version, "category": place.category, "school_year": place.school_year, "schema": schema,
            "iat": int(issued_at.timestamp()), "body": body,
        },
        ensure_ascii=False, separators=(",", ":"), sort_keys=True,
    )  # fmt: skip
    token = signing.sign(payload.encode(), typ=RECORD_TYP)
    return seal(subject_key, _binding(node_id, place, schema), token.encode())


def open_sealed(
    node_id: str, place: RecordPlace, school_name: str, schema: str, sealed: bytes, *, key: bytes, issuer: VerifyingKey
) -> OpenedRecord:
    """Unseal, check the school's signature and that the payload belongs here.

    Raises `SealBroken` or `SignatureRefused`; either means that nothing may be shown.
    """
    token = unseal(key, _binding(node_id, place, schema), sealed).decode()
    payload = json.loads(issuer.verify(token, typ=RECORD_TYP))
    named = (payload["sub"], payload["record"], payload["version"], payload["iss"], payload["schema"])
    if named != (str(place.learner), str(place.record), place.version, place.school_code, schema):
        raise SealBroken
    return OpenedRecord(
        place, school_name, schema, payload["body"], datetime.fromtimestamp(payload["iat"], UTC), issuer.kid,
        sha256(token.encode()).hexdigest(),
    )  # fmt: skip


def find_current(session: Session, learner: UUID, record: UUID) -> SealedRecord | None:
    """Return the standing version of one record, still sealed, or None where there is none."""
    row = session.execute(_ONE, {"learner": learner, "record": record}).first()
    return None if row is None else _sealed(row)


def open_record(node: Node, stored: SealedRecord) -> OpenedRecord:
    """Open a record. Only `pds.sharing` calls this on somebody's behalf, after the decision."""
    return _open(node, stored, node.keyring.subject_key(stored.place.learner))


def open_earlier(session: Session, node: Node, learner: UUID, record: UUID) -> Sequence[OpenedRecord]:
    """Open the versions of one record that stood before the present one, the oldest first."""
    rows = session.execute(_EARLIER, {"learner": learner, "record": record}).all()
    if not rows:
        return []
    key = node.keyring.subject_key(learner)
    return [_open(node, _sealed(row), key) for row in rows]


def open_all_current(
    session: Session, node: Node, learner: UUID, categories: Iterable[Category], school_year: int | None = None
) -> Sequence[OpenedRecord]:
    """Open the standing versions of all records of some categories, oldest school year first.

    With `school_year` only those of that year, and the enrolment records, which tell school, grade and class of it.
    """
    wanted = {"learner": learner, "categories": [one.value for one in categories], "school_year": school_year}
    rows = session.execute(_OF_CATEGORIES, wanted).all()
    if not rows:
        return []
    key = node.keyring.subject_key(learner)
    return [_open(node, _sealed(row), key) for row in rows]


def mark_sent(
    session: Session, learner: UUID, records: Iterable[UUID], categories: Iterable[Category], now: datetime
) -> None:
    """Note that the originals among some records have gone to the next school; the learner's copies stay."""
    wanted = {"learner": learner, "records": list(records), "categories": [one.value for one in categories]}
    session.execute(_MARK_SENT, {**wanted, "now": now})


def history(session: Session, learner: UUID, record: UUID) -> list[VersionNote]:
    """Return when a record was issued, corrected and taken back, without any content."""
    rows = session.execute(_VERSIONS, {"learner": learner, "record": record})
    return [VersionNote(row.version, row.issued_at, row.compensates) for row in rows]


def _sealed(row: Row[Any]) -> SealedRecord:
    place = RecordPlace(
        row.learner_id, row.record_id, row.version, Category(row.category), row.organisation_id, row.school_code,
        row.school_year,
    )  # fmt: skip
    return SealedRecord(place, row.school_name, row.schema, bytes(row.sealed), row.sent_at is not None)


def _open(node: Node, stored: SealedRecord, key: bytes) -> OpenedRecord:
    issuer = node.keyring.signing_key(stored.place.school_code).public()
    opened = open_sealed(
        node.node_id, stored.place, stored.school_name, stored.schema, stored.sealed, key=key, issuer=issuer
    )
    return replace(opened, sent=stored.sent) if stored.sent else opened


def _binding(node_id: str, place: RecordPlace, schema: str) -> Binding:
    return Binding(node_id, place.learner, str(place.record), place.version, schema)
