"""What the pages and jobs of this room read of other rooms: schools, classes, and the child an identifier names."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from consent.offices import Place
from consent.vocabulary import StaffRole as Role
from pds.node import Node
from pds.organisations.models import Organisation, SchoolClass
from pds.people.details import unseal_identifier
from pds.people.identity import LEARNERS
from pds.people.models import LearnerIdentifier, Staff, StaffRole
from pds.people.service import blind_index
from pds.rows import derive_id

_LEARNER_OF = text("SELECT learner_of_identifier(:blind)")
_DOSSIER = text(
    "SELECT dossier_id, state, review_until, manifest FROM share_dossier "
    "WHERE learner_id = :learner AND request_id = :request"
)
_TICKET_UNTIL = text(
    "SELECT max(expires_at) FROM transfer_ticket WHERE learner_id = :learner AND used_by IS NULL AND ended_at IS NULL"
)
_BY_CASE = text("SELECT learner_id, request_id FROM share_request WHERE client_id = :client AND case_reference = :case")
_OF_REQUEST = text(
    "SELECT client_id, case_reference, move FROM share_request WHERE learner_id = :learner AND request_id = :request"
)
_DOSSIER_REQUEST = text(
    "SELECT learner_id, request_id FROM share_dossier WHERE dossier_id = :id AND client_id = :client"
)
_ENDED = text(
    "SELECT g.client_id, g.state, g.told_at, r.case_reference FROM share_grant g "
    "JOIN share_request r ON r.learner_id = g.learner_id AND r.request_id = g.request_id "
    "WHERE g.learner_id = :learner AND g.grant_id = :grant"
)
_GRANT_REQUEST = text("SELECT learner_id, request_id FROM share_grant WHERE grant_id = :id AND client_id = :client")


@dataclass(frozen=True, slots=True)
class School:
    """A school with the board it is under."""

    organisation: UUID
    code: str
    name: str
    board: UUID | None

    @property
    def place(self) -> Place:
        """Where acts of office for it take effect."""
        return Place(self.organisation, self.board)


@dataclass(frozen=True, slots=True)
class Room:
    """A class as a decision names it."""

    class_id: UUID
    name: str
    grades: tuple[str, ...]
    school_year: int
    organisation: UUID


def find_school(session: Session, organisation: UUID) -> School | None:
    """Return a school that stands."""
    row = session.get(Organisation, organisation)
    if row is None or row.withdrawn or row.kind != "school":
        return None
    return School(row.organisation_id, row.code, row.name, row.parent_id)


def find_room(session: Session, class_id: UUID) -> Room | None:
    """Return a class that stands."""
    row = session.get(SchoolClass, class_id)
    if row is None or row.withdrawn:
        return None
    return Room(row.class_id, row.name, tuple(row.grades), row.school_year, row.organisation_id)


def school_names(session: Session, organisations: set[UUID]) -> dict[UUID, str]:
    """Return the names of some organisations."""
    rows = session.execute(
        select(Organisation.organisation_id, Organisation.name).where(Organisation.organisation_id.in_(organisations))
    )
    return {row.organisation_id: row.name for row in rows}


def learner_of_identifier(session: Session, node: Node, source_id: str) -> UUID | None:
    """Return the child that rosters call by this sourcedId, known or withdrawn. Tells the id and nothing else."""
    blind = blind_index(node.keyring.node_key("index"), LEARNERS.source_scheme, source_id)
    found: UUID | None = session.execute(_LEARNER_OF, {"blind": blind}).scalar()
    return found


def rooms_of(session: Session, school: UUID, school_year: int) -> list[Room]:
    """Return the classes of a school in one school year, by grade and name."""
    rows = session.scalars(
        select(SchoolClass).where(
            SchoolClass.organisation_id == school,
            SchoolClass.school_year == school_year,
            SchoolClass.withdrawn.is_(False),
        )
    )
    rooms = [Room(row.class_id, row.name, tuple(row.grades), row.school_year, row.organisation_id) for row in rows]
    return sorted(rooms, key=lambda room: (room.grades, room.name))


def principal_of(session: Session, school: UUID, day: date) -> str:
    """Return the name of who leads a school on a day, empty where nobody is entered."""
    found: str | None = session.scalar(
        select(Staff.name)
        .join(StaffRole, StaffRole.staff_id == Staff.staff_id)
        .where(
            StaffRole.organisation_id == school,
            StaffRole.role == Role.PRINCIPAL.value,
            StaffRole.withdrawn.is_(False),
            StaffRole.valid_from <= day,
            StaffRole.valid_to.is_(None) | (StaffRole.valid_to >= day),
        )
        .order_by(StaffRole.valid_from.desc())
        .limit(1)
    )
    return found or ""


@dataclass(frozen=True, slots=True)
class DossierLine:
    """How far the documents are that the law moves with a request."""

    dossier: UUID
    state: str
    review_until: datetime
    manifest: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class EndedGrant:
    """A grant as its end is told: to whom, why, and whether that was done."""

    client: str
    case: str
    state: str
    told: bool


@dataclass(frozen=True, slots=True)
class RequestLine:
    """A request as its messages name it: whose, by whom, under which name of the asker's own."""

    learner: UUID
    request: UUID
    client: str
    case: str
    move: str


def dossier_of(session: Session, learner: UUID, request: UUID | None) -> DossierLine | None:
    """Return the dossier of a request."""
    if request is None:
        return None
    row = session.execute(_DOSSIER, {"learner": learner, "request": request}).first()
    return None if row is None else DossierLine(row.dossier_id, row.state, row.review_until, tuple(row.manifest or ()))


def ticket_until(session: Session, learner: UUID) -> datetime | None:
    """Return until when the child's unused ticket is valid."""
    found: datetime | None = session.execute(_TICKET_UNTIL, {"learner": learner}).scalar()
    return found


def request_line(session: Session, learner: UUID, request: UUID) -> RequestLine | None:
    """Return a request as its messages name it."""
    row = session.execute(_OF_REQUEST, {"learner": learner, "request": request}).first()
    return None if row is None else RequestLine(learner, request, row.client_id, row.case_reference, row.move)


def request_of_case(session: Session, client: str, case: str) -> tuple[UUID, UUID] | None:
    """Return learner and request that a client calls by its own case reference. For jobs, over all learners."""
    row = session.execute(_BY_CASE, {"client": client, "case": case}).first()
    return None if row is None else (row.learner_id, row.request_id)


def request_of_dossier(session: Session, client: str, dossier: UUID) -> tuple[UUID, UUID] | None:
    """Return learner and request of a client's dossier. For jobs."""
    row = session.execute(_DOSSIER_REQUEST, {"id": dossier, "client": client}).first()
    return None if row is None else (row.learner_id, row.request_id)


def request_of_grant(session: Session, client: str, grant: UUID) -> tuple[UUID, UUID] | None:
    """Return learner and request of a client's grant. For jobs."""
    row = session.execute(_GRANT_REQUEST, {"id": grant, "client": client}).first()
    return None if row is None else (row.learner_id, row.request_id)


def grant_to_tell(session: Session, learner: UUID, grant: UUID) -> EndedGrant | None:
    """Return a grant as its end is told."""
    row = session.execute(_ENDED, {"learner": learner, "grant": grant}).first()
    return None if row is None else EndedGrant(row.client_id, row.case_reference, row.state, row.told_at is not None)


@dataclass(frozen=True, slots=True)
class RosterPlace:
    """A class with its school and board, under the names that rosters have for them."""

    class_source: str
    class_name: str
    grade: str
    school_year: int
    special_needs: bool
    school_source: str
    school_code: str
    school_name: str
    board_source: str
    board_code: str
    board_name: str


def roster_place(session: Session, class_id: UUID) -> RosterPlace | None:
    """Return a class as rosters name it; None where it, its school or its board does not stand."""
    room = session.get(SchoolClass, class_id)
    school = None if room is None else session.get(Organisation, room.organisation_id)
    board = None if school is None or school.parent_id is None else session.get(Organisation, school.parent_id)
    if room is None or school is None or board is None:
        return None
    return RosterPlace(
        room.source_id, room.name, ",".join(room.grades), room.school_year, room.special_needs, school.source_id,
        school.code, school.name, board.source_id, board.code, board.name,
    )  # fmt: skip


def source_id_of(session: Session, node: Node, learner: UUID) -> str | None:
    """Return the sourcedId that a roster gave the child. Needs the context bound."""
    return _identifier(session, node, learner, LEARNERS.source_scheme)


def master_id_of(session: Session, node: Node, learner: UUID) -> str:
    """Return the child's master identifier: the roster's, or one made here that is the same every time."""
    made = derive_id(node.keyring.node_key("intake-ids"), LEARNERS.master_scheme, str(learner))
    return _identifier(session, node, learner, LEARNERS.master_scheme) or str(made)


def _identifier(session: Session, node: Node, learner: UUID, scheme: str) -> str | None:
    row = session.get(LearnerIdentifier, (learner, scheme))
    if row is None:
        return None
    return unseal_identifier(bytes(row.sealed), node.keyring.subject_key(learner), node.node_id, learner, scheme)
