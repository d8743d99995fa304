"""The new school's cases as they are read: in a list, and one beside what was asked, granted and received."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from consent.scope import Terms
from consent.verdict import Allowed
from consent.vocabulary import Move
from pds.access_log.entries import Act
from pds.node import Node
from pds.people import service as people
from pds.people.details import Name
from pds.people.service import KnownChild
from pds.sharing.enforcement import Asking, Refused
from pds.transfer import queries
from pds.transfer.incoming_access import find_case, may_see
from pds.transfer.models import IncomingTransfer, ReceivedDocument, ReceivedFile
from pds.transfer.noting import note_staff
from pds.transfer.others import registry_in_force
from pds.transfer.states import ConsentState, IncomingState, Lane, StatutoryState
from web.database import bind_context


@dataclass(frozen=True, slots=True)
class IncomingRow:
    """A case as a work list shows it."""

    learner: UUID
    transfer: UUID
    name: Name | None
    school: UUID
    school_name: str
    move: Move
    state: IncomingState
    consent: ConsentState
    statutory: StatutoryState
    accepted_on: date
    decided_at: datetime
    asked_at: datetime | None
    received_at: datetime | None
    closed_at: datetime | None
    expires_at: datetime | None
    has_problems: bool


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file that came with a document; `received` of `size` bytes are here."""

    file_no: int
    media_type: str
    size: int
    received: int
    complete: bool


@dataclass(frozen=True, slots=True)
class ReceivedRow:
    """A document that came: what it is, which school signed it with which key, and on which ground it came."""

    doc: UUID
    version: int
    lane: Lane
    category: str
    school_year: int
    issuer_code: str
    issuer_name: str
    signed_by: str
    sha256: str
    received_at: datetime
    erased_at: datetime | None
    files: tuple[FileRow, ...]


@dataclass(frozen=True, slots=True)
class IncomingView:
    """A case side by side: what was asked, what was granted, what came, what stays with the sender.

    `announced` is the manifest that the old school fixed. `problems` name, per document, what did not verify.
    """

    row: IncomingRow
    child: KnownChild
    sender: str
    asked: Terms | None
    granted: Terms | None
    announced: tuple[dict[str, Any], ...]
    received: tuple[ReceivedRow, ...]
    withheld: tuple[dict[str, Any], ...]
    problems: tuple[dict[str, Any], ...]


def list_cases(session: Session, node: Node, asking: Asking) -> tuple[IncomingRow, ...]:
    """Return the cases of the schools that an office of the asker reaches, the newest first."""
    bind_context(session, person=asking.viewer.person)
    cases = session.scalars(select(IncomingTransfer).order_by(IncomingTransfer.decided_at.desc()).limit(500)).all()
    mine = [case for case in cases if isinstance(may_see(session, node, asking, case.organisation_id), Allowed)]
    bind_context(session, learners=[case.learner_id for case in mine], person=asking.viewer.person)
    details = people.learner_details(session, node, {case.learner_id for case in mine})
    names = queries.school_names(session, {case.organisation_id for case in mine})
    return tuple(
        _row(case, None if case.learner_id not in details else details[case.learner_id].name, names) for case in mine
    )


def look(session: Session, node: Node, asking: Asking, learner: UUID, transfer: UUID) -> IncomingView | Refused:
    """Return a case with everything about it except what the documents say; the look is an entry of the log."""
    approached = find_case(session, node, asking, learner, transfer, Act.RECEIVED_READ, None)
    if isinstance(approached, Refused):
        return approached
    case, child, verdict = approached
    note_staff(session, node, asking, verdict, child, Act.RECEIVED_READ, under=transfer)
    names = queries.school_names(session, {case.organisation_id})
    sender = registry_in_force(session, node, asking.now).by_id(case.sender_id)
    return IncomingView(
        _row(case, child.details.name, names),
        child,
        case.sender_id if sender is None else sender.name,
        None if case.asked is None else Terms.from_wire(case.asked),
        None if case.granted is None else Terms.from_wire(case.granted),
        tuple(case.manifest or ()),
        received_rows(session, learner, transfer),
        tuple(case.withheld or ()),
        tuple(case.problems or ()),
    )


def received_rows(session: Session, learner: UUID, transfer: UUID) -> tuple[ReceivedRow, ...]:
    """Return what came in a case, in the order of school years; the newest version of a document last."""
    files: dict[tuple[UUID, int], list[FileRow]] = {}
    of_case = (ReceivedFile.learner_id == learner, ReceivedFile.transfer_id == transfer)
    for one in session.scalars(select(ReceivedFile).where(*of_case).order_by(ReceivedFile.file_no)):
        found = files.setdefault((one.doc_id, one.version), [])
        found.append(FileRow(one.file_no, one.media_type, one.size, one.received, one.complete))
    columns = [column for column in ReceivedDocument.__table__.c if column.name != "sealed"]
    rows = session.execute(
        select(*columns)
        .where(ReceivedDocument.learner_id == learner, ReceivedDocument.transfer_id == transfer)
        .order_by(
            ReceivedDocument.school_year, ReceivedDocument.category, ReceivedDocument.doc_id, ReceivedDocument.version
        )
    )
    return tuple(
        ReceivedRow(
            row.doc_id, row.version, Lane(row.lane), row.category, row.school_year, row.issuer_code, row.issuer_name,
            row.key_id, bytes(row.sha256).hex(), row.received_at, row.erased_at,
            tuple(files.get((row.doc_id, row.version), ())),
        )
        for row in rows
    )  # fmt: skip


def _row(case: IncomingTransfer, name: Name | None, names: dict[UUID, str]) -> IncomingRow:
    return IncomingRow(
        case.learner_id, case.transfer_id, name, case.organisation_id, names.get(case.organisation_id, ""),
        Move(case.move), IncomingState(case.state), ConsentState(case.consent_state),
        StatutoryState(case.statutory_state), case.accepted_on, case.decided_at, case.asked_at, case.received_at,
        case.closed_at, case.auth_expires_at, bool(case.problems),
    )  # fmt: skip
