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
_CHILDREN: Final = f"""
    SELECT DISTINCT ON (e.learner_id) e.learner_id, e.organisation_id, l.details, l.revision
    FROM enrolment e JOIN learner l ON l.learner_id = e.learner_id
    WHERE e.learner_id {{which}} :learner
      AND NOT e.withdrawn AND NOT l.withdrawn AND e.begin <= :day AND e."end" >= :day
      AND NOT EXISTS (
        SELECT FROM outgoing_transfer t
        WHERE t.learner_id = e.learner_id AND t.organisation_id = e.organisation_id
          AND t.state <> '{OutgoingState.CANCELLED}' AND t.left_on < :day AND t.left_on >= e.begin
      )
    ORDER BY e.learner_id, e.begin DESC, e.enrolment_id
    LIMIT :most
"""  # noqa: S608 — put together from constants
_RECORDS: Final = """
    SELECT r.learner_id, r.record_id, r.organisation_id, o.code, v.version, v.schema, v.issued_at, {sealed}
    FROM record r
    JOIN record_version v ON v.learner_id = r.learner_id AND v.record_id = r.record_id AND v.version = r.current_version
    JOIN organisation o ON o.organisation_id = r.organisation_id
    WHERE r.learner_id = ANY(:learners) AND r.category = 'guidance' AND r.school_year = :year AND NOT r.withdrawn
    ORDER BY r.learner_id, r.record_id
"""
_RECEIVED: Final = f"""
    SELECT DISTINCT ON (d.learner_id, d.transfer_id, d.doc_id)
           d.learner_id, d.transfer_id, d.doc_id, d.version, {{sealed}}
    FROM received_document d JOIN incoming_transfer i USING (learner_id, transfer_id)
    WHERE d.learner_id = ANY(:learners) AND d.lane = '{Lane.STATUTORY}' AND d.category = 'guidance'
      AND d.school_year = :year AND d.erased_at IS NULL
      AND i.statutory_state = '{StatutoryState.RECEIVED}' AND i.state <> '{IncomingState.CANCELLED}'
    ORDER BY d.learner_id, d.transfer_id, d.doc_id, d.version DESC
"""  # noqa: S608 — put together from constants
_FROM: Final = text(_CHILDREN.format(which=">"))
_ONE: Final = text(_CHILDREN.format(which="="))
_NOTHING: Final = "CAST(NULL AS bytea) AS sealed"
_OPENED: Final = (text(_RECORDS.format(sealed="v.sealed")), text(_RECEIVED.format(sealed="d.sealed")))
_CLOSED: Final = (text(_RECORDS.format(sealed=_NOTHING)), text(_RECEIVED.format(sealed=_NOTHING)))


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
    """The standing guidance record of one child, school and year; empty `sealed` where only versions were asked for."""

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


def pages(session: Session, day: date, school_year: int, *, most: int, opened: bool) -> Iterator[Page]:
    """Yield all children enrolled at 00:00 of `day`, each once, in pages of at most `most`.

    Of two places open on the day the later one counts: the school the child came to. A place that the school itself
    says the child has left before the day (a case of a move that stands) is not open, whatever its last day says.
    """
    after = UUID(int=0)
    while True:
        page = _page(session, _FROM, after, day, school_year, most=most, opened=opened)
        if not page.children:
            return
        yield page
        after = page.children[-1].learner


def page_of(session: Session, learner: UUID, day: date, school_year: int) -> Page:
    """Return the page of one child: without anybody where the child is not counted here. Needs the context bound."""
    return _page(session, _ONE, learner, day, school_year, most=1, opened=True)


def _page(
    session: Session, which: TextClause, learner: UUID, day: date, school_year: int, *, most: int, opened: bool
) -> Page:
    children = tuple(
        ChildRow(row.learner_id, row.organisation_id, bytes(row.details), row.revision)
        for row in session.execute(which, {"learner": learner, "day": day, "most": most})
    )
    if not children:
        return Page((), (), ())
    wanted = {"learners": [child.learner for child in children], "year": school_year}
    records, received = _OPENED if opened else _CLOSED
    return Page(
        children,
        tuple(
            RecordRow(
                row.learner_id, row.record_id, row.organisation_id, row.code, row.version, row.schema, row.issued_at,
                bytes(row.sealed or b""),
            )
            for row in session.execute(records, wanted)
        ),
        tuple(
            ReceivedRow(row.learner_id, row.transfer_id, row.doc_id, row.version, bytes(row.sealed or b""))
            for row in session.execute(received, wanted)
        ),
    )  # fmt: skip
