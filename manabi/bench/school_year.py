"""A node of a whole prefecture for `bench report`: 260,000 children with truly signed and sealed guidance records.

Everything a report reads is made as intake makes it: a key of its own per child in the keyring, the school's Ed25519
signature, the child's seal around it. Only the way into the tables is shorter: COPY, batch by batch.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from random import Random
from typing import Any, Final
from uuid import UUID, uuid4

import psycopg

from consent.vocabulary import Category
from manabi.sample.codes import school_code
from pds.node import Node
from pds.people.details import LearnerDetails, Name
from pds.records.service import RecordPlace, sign_and_seal

SCHOOL_YEAR: Final = 2025
BOARDS: Final = 77
SCHOOLS: Final = 520
_BATCH: Final = 2_000
_PREFECTURE: Final = "20"
_SCHEMA: Final = "urn:manabi:schema:guidance:1"
_ISSUED: Final = datetime(2026, 3, 25, 3, 0, tzinfo=UTC)
_BEGIN, _END = date(2025, 4, 1), date(2026, 3, 31)
_GRADES: Final = ("P1", "P2", "P3", "P4", "P5", "P6", "J1", "J2", "J3")
_SUBJECTS: Final = (
    "japanese", "social_studies", "arithmetic", "science", "music", "arts_and_handicrafts", "home_economics",
    "physical_education", "foreign_language",
)  # fmt: skip
_TABLES: Final = {
    "organisation": ("organisation_id", "kind", "code", "name", "source_id", "parent_id", "withdrawn", "revision"),
    "school_class": (
        "class_id", "organisation_id", "source_id", "school_year", "name", "grades", "special_needs", "withdrawn",
        "revision",
    ),
    "person": ("person_id", "kind"),
    "learner": ("learner_id", "details", "withdrawn", "created_at", "revision"),
    "enrolment": (
        "learner_id", "enrolment_id", "source_id", "class_id", "organisation_id", "school_year", "number", "begin",
        "end", "withdrawn", "revision",
    ),
    "record": (
        "learner_id", "record_id", "category", "organisation_id", "school_year", "current_version", "withdrawn",
    ),
    "record_version": ("learner_id", "record_id", "version", "schema", "sealed", "issued_at"),
}  # fmt: skip
Row = tuple[Any, ...]


def stock_school_year(node: Node, dsn: str, children: int, seed: int = 1) -> None:
    """Fill an empty node, connected as its owner by a libpq `dsn`."""
    random = Random(seed)  # noqa: S311 — made-up children
    with psycopg.connect(dsn) as connection:
        places = _lay_schools(connection)
        for batch in _batches(children):
            learners = [uuid4() for _ in range(batch)]
            node.keyring.create_subject_keys(learners)
            keys = node.keyring.subject_keys(learners)
            rows: dict[str, list[Row]] = {name: [] for name in _TABLES}
            for learner in learners:
                _add_child(node, rows, learner, keys[learner], random.choice(places), random)
            for name in ("person", "learner", "enrolment", "record", "record_version"):
                _copy(connection, name, rows[name])
        connection.commit()
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE")


def _batches(children: int) -> Iterator[int]:
    while children > 0:
        yield min(children, _BATCH)
        children -= _BATCH


def _lay_schools(connection: psycopg.Connection) -> Sequence[tuple[UUID, UUID, str]]:
    """Write boards, schools and one class each; return school, class and code of every school."""
    boards = [uuid4() for _ in range(BOARDS)]
    codes = [f"{_PREFECTURE}{number:03d}{number % 10}" for number in range(201, 201 + BOARDS)]
    _copy(
        connection, "organisation",
        [(board, "board", code, code, code, None, False, 1) for board, code in zip(boards, codes, strict=True)],
    )  # fmt: skip
    places = [(uuid4(), uuid4(), school_code("B1", _PREFECTURE, 2, number)) for number in range(1, SCHOOLS + 1)]
    _copy(
        connection, "organisation",
        [
            (school, "school", code, code, code, boards[number % BOARDS], False, 1)
            for number, (school, _, code) in enumerate(places)
        ],
    )  # fmt: skip
    _copy(
        connection, "school_class",
        [
            (room, school, code, SCHOOL_YEAR, "1組", json.dumps(["P5"]), False, False, 1)
            for school, room, code in places
        ],
    )  # fmt: skip
    return places


def _add_child(
    node: Node, rows: dict[str, list[Row]], learner: UUID, key: bytes, place: tuple[UUID, UUID, str], random: Random
) -> None:
    school, room, code = place
    record = uuid4()
    sex = random.choice(("male", "female"))
    details = LearnerDetails(Name("山田", "花子", "ヤマダ", "ハナコ"), date(2014, 6, 3), sex)
    where = RecordPlace(learner, record, 1, Category.GUIDANCE, school, code, SCHOOL_YEAR)
    sealed = sign_and_seal(
        node.node_id, where, _SCHEMA, _body(code, random.choice(_GRADES), random), issued_at=_ISSUED,
        signing=node.keyring.signing_key(code), subject_key=key,
    )  # fmt: skip
    rows["person"].append((learner, "learner"))
    rows["learner"].append((learner, details.sealed(key, node.node_id, learner, 1), False, _ISSUED, 1))
    rows["enrolment"].append((learner, uuid4(), str(record), room, school, SCHOOL_YEAR, 1, _BEGIN, _END, False, 1))
    rows["record"].append((learner, record, "guidance", school, SCHOOL_YEAR, 1, False))
    rows["record_version"].append((learner, record, 1, _SCHEMA, sealed, _ISSUED))


def _body(code: str, grade: str, random: Random) -> dict[str, Any]:
    """Return a year's record of ordinary length, about 3 KB; one child in twenty is long absent."""
    absent = random.randrange(30, 180) if random.random() < 0.05 else random.randrange(0, 20)
    return {
        "school": {"code": code, "name": "みらい小学校"}, "school_year": SCHOOL_YEAR, "grade": grade,
        "subjects": [
            {"subject": subject, "viewpoints": {"knowledge": "A", "thinking": "B", "attitude": "A"}, "rating": None}
            for subject in _SUBJECTS
        ],
        "moral": "友だちの立場になって考え、進んで声をかけようとしていました。" * 3,
        "overall_remarks": "学級の仕事に責任をもって取り組み、係の活動でも友だちと協力していました。" * 8,
        "attendance": {
            "days_of_school": 204, "suspended": 2, "required": 202, "absent": absent, "present": 202 - absent,
            "treated_as_attended": 0, "main_reason": None, "remarks": None,
        },
    }  # fmt: skip


def _copy(connection: psycopg.Connection, table: str, rows: Sequence[Row]) -> None:
    columns = ", ".join(f'"{name}"' for name in _TABLES[table])
    with connection.cursor().copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
