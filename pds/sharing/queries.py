"""What sharing reads of other rooms in one look: which versions stand, their sealed forms, the school today."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from consent.vocabulary import Category
from pds.records.service import RecordPlace, SealedRecord

_STANDING = text(
    "SELECT record_id, category, school_year, current_version, sent_at IS NOT NULL AS sent FROM record "
    "WHERE learner_id = :learner AND NOT withdrawn AND category = ANY(:categories) "
    "AND (CAST(:only AS uuid) IS NULL OR record_id = :only) ORDER BY record_id"
)
_SEALED = text(
    """
    SELECT r.learner_id, r.record_id, r.category, r.organisation_id, r.school_year, v.version, v.schema, v.sealed,
           o.name AS school_name, o.code AS school_code
    FROM record r JOIN record_version v ON v.learner_id = r.learner_id AND v.record_id = r.record_id
    JOIN organisation o ON o.organisation_id = r.organisation_id
    WHERE r.learner_id = :learner AND NOT r.withdrawn
      AND (r.record_id, v.version) IN (SELECT * FROM unnest(CAST(:records AS uuid[]), CAST(:versions AS bigint[])))
    """
)
_SCHOOL = text(
    "SELECT o.code, o.name FROM enrolment e JOIN organisation o USING (organisation_id) "
    "WHERE e.learner_id = :learner AND NOT e.withdrawn ORDER BY e.school_year DESC, e.begin DESC LIMIT 1"
)
_SENT = text("SELECT record_id FROM record WHERE learner_id = :learner AND sent_at IS NOT NULL")
_PLACES = text(
    "SELECT record_id, category, school_year FROM record WHERE learner_id = :learner AND record_id = ANY(:records)"
)
_RECEIVED = text(
    """
    SELECT DISTINCT ON (transfer_id, doc_id) transfer_id, doc_id, version, d.category, d.school_year, d.sealed
    FROM received_document d JOIN incoming_transfer i USING (learner_id, transfer_id)
    WHERE learner_id = :learner AND d.lane = 'statutory' AND d.erased_at IS NULL AND d.category = ANY(:categories)
      AND i.statutory_state = 'received'
    ORDER BY transfer_id, doc_id, version DESC
    """
)

Version = tuple[UUID, int]
"""Record and version."""


@dataclass(frozen=True, slots=True)
class ReceivedVersion:
    """A document that an earlier school sent, by law, in the case of a move; still sealed."""

    case: UUID
    doc: UUID
    version: int
    category: Category
    school_year: int
    sealed: bytes


@dataclass(frozen=True, slots=True)
class StandingVersion:
    """Which version of a record stands; `sent` says that the original has gone to the next school."""

    record: UUID
    version: int
    category: Category
    school_year: int
    sent: bool


def standing_versions(
    session: Session, learner: UUID, categories: Iterable[Category], *, only: UUID | None = None
) -> list[StandingVersion]:
    """Return which versions of a learner's records of some categories stand, withdrawn ones left out.

    With `only` that of one record.
    """
    wanted = {"learner": learner, "categories": [category.value for category in categories], "only": only}
    return [
        StandingVersion(row.record_id, row.current_version, Category(row.category), row.school_year, row.sent)
        for row in session.execute(_STANDING, wanted)
    ]


def sealed_versions(session: Session, learner: UUID, versions: Sequence[Version]) -> dict[Version, SealedRecord]:
    """Return some versions as they are stored; those of withdrawn records are absent."""
    if not versions:
        return {}
    wanted = {"records": [record for record, _ in versions], "versions": [version for _, version in versions]}
    rows = session.execute(_SEALED, {"learner": learner, **wanted})
    return {(row.record_id, row.version): _sealed(row) for row in rows}


def places_of(session: Session, learner: UUID, records: Iterable[UUID]) -> dict[UUID, tuple[Category, int]]:
    """Return category and school year of some records, withdrawn ones too."""
    rows = session.execute(_PLACES, {"learner": learner, "records": list(records)})
    return {row.record_id: (Category(row.category), row.school_year) for row in rows}


def received_versions(session: Session, learner: UUID, categories: Iterable[Category]) -> list[ReceivedVersion]:
    """Return what earlier schools sent by law and was accepted here, the newest version of each document."""
    rows = session.execute(_RECEIVED, {"learner": learner, "categories": [one.value for one in categories]})
    return [
        ReceivedVersion(
            row.transfer_id, row.doc_id, row.version, Category(row.category), row.school_year, bytes(row.sealed)
        )
        for row in rows
    ]


def school_of(session: Session, learner: UUID) -> tuple[str, str] | None:
    """Return code and name of the school that a learner goes to, or went to last."""
    row = session.execute(_SCHOOL, {"learner": learner}).first()
    return None if row is None else (row.code, row.name)


def sent_originals(session: Session, learner: UUID) -> frozenset[UUID]:
    """Return the records whose original has gone to the next school."""
    return frozenset(session.execute(_SENT, {"learner": learner}).scalars())


def _sealed(row: Row[Any]) -> SealedRecord:
    place = RecordPlace(
        row.learner_id, row.record_id, row.version, Category(row.category), row.organisation_id, row.school_code,
        row.school_year,
    )  # fmt: skip
    return SealedRecord(place, row.school_name, row.schema, bytes(row.sealed))
