"""What this room reads of other rooms, over all learners: schools, who is enrolled on a day, the year's records.

For the node's worker, page by page in the order of the learners' ids. Everything sealed stays sealed here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from pds.transfer.states import IncomingState, Lane, OutgoingState, StatutoryState

_SNAPSHOT: Final = text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
_SCHOOLS: Final = text(
    """
    SELECT o.organisation_id, o.code, p.kind AS parent_kind, p.code AS parent_code
    FROM organisation o LEFT JOIN organisation p ON p.organisation_id = o.parent_id AND NOT p.withdrawn
    WHERE o.kind = 'school' AND NOT o.withdrawn
      AND (o.valid_from IS NULL OR o.valid_from <= :day) AND (o.valid_to IS NULL OR o.valid_to >= :begin)
    """
)
_ENROLLED: Final = f"""
    FROM enrolment e JOIN learner l ON l.learner_id = e.learner_id
    WHERE NOT e.withdrawn AND NOT l.withdrawn AND e.begin <= :day AND e."end" >= :day
      AND NOT EXISTS (
        SELECT FROM outgoing_transfer t
        WHERE t.learner_id = e.learner_id AND t.organisation_id = e.organisation_id
          AND t.state <> '{OutgoingState.CANCELLED}' AND t.left_on < :day AND t.left_on >= e.begin
      )
"""
_LATEST: Final = "ORDER BY e.learner_id, e.begin DESC, e.enrolment_id"
_CHILDREN: Final = f"""
    SELECT DISTINCT ON (e.learner_id) e.learner_id, e.organisation_id, l.details, l.revision
    {_ENROLLED} AND e.learner_id {{which}} :learner {_LATEST} LIMIT :most
"""
_OF_YEAR: Final = "r.category = 'guidance' AND r.school_year = :year AND NOT r.withdrawn"
_RECORDS: Final = text(
    f"""
    SELECT r.learner_id, r.record_id, r.organisation_id, o.code, v.version, v.schema, v.issued_at, v.sealed
    FROM record r
    JOIN record_version v
      ON v.learner_id = r.learner_id AND v.record_id = r.record_id AND v.version = r.current_version
    JOIN organisation o ON o.organisation_id = r.organisation_id
    WHERE r.learner_id = ANY(:learners) AND {_OF_YEAR}
    """  # noqa: S608 — put together from constants
)
_ACCEPTED: Final = f"""
    d.lane = '{Lane.STATUTORY}' AND d.category = 'guidance' AND d.school_year = :year AND d.erased_at IS NULL
      AND i.statutory_state = '{StatutoryState.RECEIVED}' AND i.state <> '{IncomingState.CANCELLED}'
"""
_RECEIVED: Final = text(
    f"""
    SELECT DISTINCT ON (d.learner_id, d.transfer_id, d.doc_id)
           d.learner_id, d.transfer_id, d.doc_id, d.version, d.sealed
    FROM received_document d JOIN incoming_transfer i USING (learner_id, transfer_id)
    WHERE d.learner_id = ANY(:learners) AND {_ACCEPTED}
    ORDER BY d.learner_id, d.transfer_id, d.doc_id, d.version DESC
    """  # noqa: S608 — put together from constants
)
_STATE: Final = text(
    f"""
    WITH child AS (
      SELECT DISTINCT ON (e.learner_id) e.learner_id, e.organisation_id, l.revision {_ENROLLED} {_LATEST}
    ), line AS (
      SELECT concat_ws('/', 'child', learner_id, organisation_id, revision) AS said FROM child
      UNION ALL
      SELECT concat_ws('/', 'record', r.learner_id, r.record_id, r.organisation_id, r.current_version)
      FROM record r JOIN child USING (learner_id) WHERE {_OF_YEAR}
      UNION ALL
      SELECT concat_ws('/', 'received', d.learner_id, d.transfer_id, d.doc_id, d.version)
      FROM received_document d JOIN incoming_transfer i USING (learner_id, transfer_id) JOIN child USING (learner_id)
      WHERE {_ACCEPTED}
    )
    SELECT coalesce(sha256(convert_to(string_agg(said, E'\\n' ORDER BY said), 'UTF8')), '') FROM line
    """  # noqa: S608 — put together from constants
)
_CODE: Final = text("SELECT code FROM organisation WHERE organisation_id = :organisation")
_NAMES: Final = text("SELECT code, name FROM organisation WHERE kind = 'school' AND code = ANY(:codes)")
_FROM: Final = text(_CHILDREN.format(which=">"))
_ONE: Final = text(_CHILDREN.format(which="="))


@dataclass(frozen=True, slots=True)
class SchoolRow:
    """A school of the node with whoever established it."""

    organisation: UUID
    code: str
    parent_kind: str | None
    parent_code: str | None


@dataclass(frozen=True, slots=True)
class ChildRow:
    """A child enrolled on the day, at the school that counts it; `details` are sealed for `revision`."""

    learner: UUID
    organisation: UUID
    details: bytes
    revision: int


@dataclass(frozen=True, slots=True)
class RecordRow:
    """The standing guidance record of one child, school and year."""

    learner: UUID
    record: UUID
    organisation: UUID
    school: str
    version: int
    schema: str
    issued_at: datetime
    sealed: bytes


@dataclass(frozen=True, slots=True)
class ReceivedRow:
    """The newest version of a guidance record that an earlier school sent by law and that was accepted here."""

    learner: UUID
    case: UUID
    doc: UUID
    version: int
    sealed: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """Some children with what was written of their school year."""

    children: tuple[ChildRow, ...]
    records: tuple[RecordRow, ...]
    received: tuple[ReceivedRow, ...]


def begin_snapshot(session: Session) -> None:
    """Let every page of this transaction see the node as it is now; to be called first."""
    session.execute(_SNAPSHOT)


def schools(session: Session, begin: date, day: date) -> Sequence[SchoolRow]:
    """Return the schools that stood at any time from `begin` to `day`."""
    rows = session.execute(_SCHOOLS, {"begin": begin, "day": day})
    return [SchoolRow(row.organisation_id, row.code, row.parent_kind, row.parent_code) for row in rows]


def state_of(session: Session, day: date, school_year: int) -> bytes:
    """Return a hash of everything a pass would read, by ids and versions; nothing is opened for it.

    Computed by the database in one statement: what is looked at every quarter of an hour must not cost what a report
    costs.
    """
    return bytes(session.execute(_STATE, {"day": day, "year": school_year}).scalar_one())


def pages(session: Session, day: date, school_year: int, *, most: int) -> Iterator[Page]:
    """Yield all children enrolled at 00:00 of `day`, each once, in pages of at most `most`.

    Of two places open on the day the later one counts: the school the child came to. A place that the school itself
    says the child has left before the day (a case of a move that stands) is not open, whatever its last day says.
    """
    after = UUID(int=0)
    while True:
        page = _page(session, _FROM, after, day, school_year, most=most)
        if not page.children:
            return
        yield page
        after = page.children[-1].learner


def page_of(session: Session, learner: UUID, day: date, school_year: int) -> Page:
    """Return the page of one child: without anybody where the child is not counted here. Needs the context bound."""
    return _page(session, _ONE, learner, day, school_year, most=1)


def _page(session: Session, which: TextClause, learner: UUID, day: date, school_year: int, *, most: int) -> Page:
    children = tuple(
        ChildRow(row.learner_id, row.organisation_id, bytes(row.details), row.revision)
        for row in session.execute(which, {"learner": learner, "day": day, "most": most})
    )
    if not children:
        return Page((), (), ())
    wanted = {"learners": [child.learner for child in children], "year": school_year}
    return Page(
        children,
        tuple(
            RecordRow(
                row.learner_id, row.record_id, row.organisation_id, row.code, row.version, row.schema, row.issued_at,
                bytes(row.sealed),
            )
            for row in session.execute(_RECORDS, wanted)
        ),
        tuple(
            ReceivedRow(row.learner_id, row.transfer_id, row.doc_id, row.version, bytes(row.sealed))
            for row in session.execute(_RECEIVED, wanted)
        ),
    )  # fmt: skip


def school_code(session: Session, organisation: UUID) -> str:
    """Return the code of a school."""
    return str(session.execute(_CODE, {"organisation": organisation}).scalar_one())


def school_names(session: Session, codes: Sequence[str]) -> dict[str, str]:
    """Return the names of the schools of this node among some codes."""
    return {row.code: row.name for row in session.execute(_NAMES, {"codes": list(codes)})}
