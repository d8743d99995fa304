"""Issuing records in bulk: signed by the school that keeps them, sealed for the child, one version more each time."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID, uuid4

from sqlalchemy import Table, bindparam, text, update
from sqlalchemy.orm import Session

from consent.vocabulary import Category
from pds.node import Node
from pds.records.files import NewFile, attach_all, copy_files
from pds.records.models import Record, RecordVersion
from pds.records.service import RecordPlace, sign_and_seal
from pds.rows import Change, Outcome, Stuck, Values, insert_rows
from trust.keyring import KeyErased
from trust.sealing import Binding, unseal

KIND: Final = "record"
_RECORD: Final = cast("Table", Record.__table__)
_VERSION: Final = cast("Table", RecordVersion.__table__)

Place = tuple[UUID, Category, UUID, int]
"""Learner, category, organisation and school year: where there is at most one record."""


@dataclass(frozen=True, slots=True)
class WantedRecord:
    """A record body as a file gives it. `issuer` is the code of the school that keeps and signs it.

    `files` are those that the body names; they are written with every version.
    """

    learner: UUID
    category: Category
    organisation: UUID
    issuer: str
    school_year: int
    schema: str
    body: dict[str, Any]
    files: tuple[NewFile, ...] = ()

    @property
    def place(self) -> Place:
        """Where it belongs."""
        return self.learner, self.category, self.organisation, self.school_year


@dataclass(frozen=True, slots=True)
class StandingRecord:
    """A record as it stands; `body` is None where it was withdrawn."""

    record: UUID
    version: int
    body: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Issued:
    """One outcome per wanted record, in order, and the changes that were made."""

    outcomes: list[Outcome]
    changes: list[Change]


def standing_records(session: Session, node: Node, places: Sequence[Place]) -> dict[Place, StandingRecord]:
    """Open what stands at some places, to compare it; withdrawn records are there without a body.

    The signature is not checked here: this compares what is stored with what comes in and shows it to nobody.
    """
    by_category: dict[Category, set[UUID]] = {}
    for learner, category, _, _ in places:
        by_category.setdefault(category, set()).add(learner)
    asked = set(places)
    found: dict[Place, StandingRecord] = {}
    for category, learners in by_category.items():
        rows = session.execute(_STANDING, {"category": category.value, "learners": list(learners)}).all()
        keys = node.keyring.subject_keys({row.learner_id for row in rows}) if rows else {}
        for row in rows:
            place = (row.learner_id, category, row.organisation_id, row.school_year)
            if place in asked:
                body = None if row.withdrawn else _open_body(node.node_id, row, _key_of(keys, row.learner_id))
                found[place] = StandingRecord(row.record_id, row.current_version, body)
    return found


def issue(
    session: Session,
    node: Node,
    wanted: Sequence[WantedRecord],
    standing: Mapping[Place, StandingRecord],
    *,
    origin: UUID,
    now: datetime,
    write: bool,
) -> Issued:
    """Compare record bodies with what stands and, where told to, issue those that differ as the next version."""
    outcomes = [_compare(one, standing.get(one.place)) for one in wanted]
    if not write:
        return Issued(outcomes, [])
    due = [one for one, outcome in zip(wanted, outcomes, strict=True) if outcome is not Outcome.UNCHANGED]
    keys = node.keyring.subject_keys({one.learner for one in due}) if due else {}
    fresh: list[Values] = []
    versions: list[Values] = []
    moved: list[Values] = []
    changes: list[Change] = []
    attached: list[tuple[UUID, UUID, int, tuple[NewFile, ...]]] = []
    for one in due:
        old = standing.get(one.place)
        record, version = (uuid4(), 1) if old is None else (old.record, old.version + 1)
        place = RecordPlace(
            one.learner, record, version, one.category, one.organisation, one.issuer, one.school_year
        )  # fmt: skip
        versions.append(_version_row(node, place, one.schema, one.body, _key_of(keys, one.learner), origin, now, None))
        if old is None:
            fresh.append(
                {
                    "learner_id": one.learner, "record_id": record, "category": one.category.value,
                    "organisation_id": one.organisation, "school_year": one.school_year, "current_version": 1,
                    "withdrawn": False,
                }
            )  # fmt: skip
        else:
            moved.append({"l": one.learner, "r": record, "version": version, "gone": False})
        before = None if old is None else {"version": old.version, "withdrawn": old.body is None}
        changes.append(Change(KIND, (one.learner, record), one.learner, before, version))
        if one.files:
            attached.append((one.learner, record, version, one.files))
    insert_rows(session, _RECORD, fresh)
    insert_rows(session, _VERSION, versions)
    for learner, record, version, files in attached:
        attach_all(session, node, keys[learner], learner, record, version, files)
    _move(session, moved)
    return Issued(outcomes, changes)


def take_back_records(
    session: Session, node: Node, changes: Sequence[Change], *, origin: UUID, now: datetime
) -> list[Stuck]:
    """Take back issued versions: an earlier body is issued again as a new version that says which one it compensates.

    A record that the change had made, or brought back, is withdrawn; its versions stay. A change with a later version
    on top of it is not taken back.
    """
    standing = {
        (row.learner_id, row.record_id): row
        for row in session.execute(
            _TO_TAKE_BACK,
            {"learners": [change.key[0] for change in changes], "records": [change.key[1] for change in changes]},
        )
    }
    keys = node.keyring.subject_keys({change.key[0] for change in changes})
    stuck: list[Stuck] = []
    versions: list[Values] = []
    moved: list[Values] = []
    kept: list[tuple[UUID, UUID, int, int]] = []
    earlier = _earlier_versions(session, changes)
    for change in changes:
        learner, record = change.key
        row = standing.get(change.key)
        if row is None or learner not in keys:
            stuck.append(Stuck(change, "gone"))
        elif row.withdrawn or row.current_version != change.revision:
            stuck.append(Stuck(change, "changed_later"))
        elif change.before is None or change.before["withdrawn"]:
            moved.append({"l": learner, "r": record, "version": row.current_version, "gone": True})
        else:
            old = earlier[learner, record, change.before["version"]]
            place = RecordPlace(
                learner, record, change.revision + 1, Category(row.category), row.organisation_id, row.code,
                row.school_year,
            )  # fmt: skip
            body = _open_body(node.node_id, old, keys[learner])
            versions.append(_version_row(node, place, old.schema, body, keys[learner], origin, now, change.revision))
            moved.append({"l": learner, "r": record, "version": place.version, "gone": False})
            kept.append((learner, record, old.version, place.version))
    insert_rows(session, _VERSION, versions)
    for learner, record, version, later in kept:
        copy_files(session, node, learner, record, version, later)
    _move(session, moved)
    return stuck


def learners_with_records(session: Session, learners: Sequence[UUID]) -> set[UUID]:
    """Return those of some learners who have a record."""
    return set(session.execute(_WITH_RECORDS, {"learners": list(learners)}).scalars())


def _compare(one: WantedRecord, old: StandingRecord | None) -> Outcome:
    if old is None or old.body is None:
        return Outcome.NEW
    return Outcome.UNCHANGED if old.body == one.body else Outcome.CHANGED


def _version_row(
    node: Node,
    place: RecordPlace,
    schema: str,
    body: dict[str, Any],
    key: bytes,
    origin: UUID,
    now: datetime,
    compensates: int | None,
) -> Values:
    sealed = sign_and_seal(
        node.node_id, place, schema, body, issued_at=now, signing=node.keyring.signing_key(place.school_code),
        subject_key=key,
    )  # fmt: skip
    return {
        "learner_id": place.learner, "record_id": place.record, "version": place.version, "schema": schema,
        "sealed": sealed, "issued_at": now, "origin": origin, "compensates": compensates,
    }  # fmt: skip


def _open_body(node_id: str, row: Any, key: bytes) -> dict[str, Any]:
    token = unseal(
        key, Binding(node_id, row.learner_id, str(row.record_id), row.version, row.schema), bytes(row.sealed)
    )
    part = token.split(b".")[1]
    payload = json.loads(base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4)))
    return cast("dict[str, Any]", payload["body"])


def _earlier_versions(session: Session, changes: Sequence[Change]) -> dict[tuple[UUID, UUID, int], Any]:
    wanted = [change for change in changes if change.before is not None and not change.before["withdrawn"]]
    if not wanted:
        return {}
    rows = session.execute(
        _VERSIONS,
        {
            "learners": [change.key[0] for change in wanted],
            "records": [change.key[1] for change in wanted],
            "versions": [change.before["version"] for change in wanted if change.before is not None],
        },
    )
    return {(row.learner_id, row.record_id, row.version): row for row in rows}


def _move(session: Session, moved: Sequence[Values]) -> None:
    if moved:
        session.connection().execute(_MOVE, list(moved))


def _key_of(keys: Mapping[UUID, bytes], learner: UUID) -> bytes:
    key = keys.get(learner)
    if key is None:
        raise KeyErased
    return key


_STANDING = text(
    """
    SELECT r.learner_id, r.record_id, r.organisation_id, r.school_year, r.current_version, r.withdrawn,
           v.version, v.schema, v.sealed
    FROM record r JOIN record_version v
      ON v.learner_id = r.learner_id AND v.record_id = r.record_id AND v.version = r.current_version
    WHERE r.learner_id = ANY(:learners) AND r.category = :category
    """
)
_TO_TAKE_BACK = text(
    """
    SELECT r.learner_id, r.record_id, r.category, r.organisation_id, r.school_year, r.current_version, r.withdrawn,
           o.code
    FROM record r JOIN organisation o ON o.organisation_id = r.organisation_id
    WHERE r.learner_id = ANY(:learners) AND r.record_id = ANY(:records)
    """
)
_VERSIONS = text(
    """
    SELECT v.learner_id, v.record_id, v.version, v.schema, v.sealed
    FROM record_version v JOIN unnest(CAST(:learners AS uuid[]), CAST(:records AS uuid[]), CAST(:versions AS bigint[]))
      AS w(learner_id, record_id, version)
      ON v.learner_id = w.learner_id AND v.record_id = w.record_id AND v.version = w.version
    """
)
_WITH_RECORDS = text("SELECT DISTINCT learner_id FROM record WHERE learner_id = ANY(:learners) AND NOT withdrawn")
_MOVE = (
    update(_RECORD)
    .where(_RECORD.c.learner_id == bindparam("l"), _RECORD.c.record_id == bindparam("r"))
    .values(current_version=bindparam("version"), withdrawn=bindparam("gone"))
)
