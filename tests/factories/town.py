"""A town in the smallest form: one school, one class, one child with a record of each category, and those around."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert
from sqlalchemy.orm import Session

from consent.vocabulary import Basis, CarerState, Category, StaffRole
from pds.node import Node
from pds.organisations.models import Enrolment, Organisation, SchoolClass
from pds.people.details import CareNotes, CarerDetails, LearnerDetails, Name
from pds.people.models import Care, Carer, Learner, Person, Staff
from pds.people.models import StaffRole as StaffRoleRow
from pds.records.models import Record, RecordVersion
from pds.records.service import RecordPlace, sign_and_seal

SCHOOL_CODE = "C113299900018"
YEAR = 2026


@dataclass(frozen=True)
class Town:
    """Ids of everything in it."""

    board: UUID
    school: UUID
    room: UUID


def found_town(session: Session) -> Town:
    """Write a board, a school and a class."""
    town = Town(uuid4(), uuid4(), uuid4())
    for organisation, kind, code, name, parent in (
        (town.board, "board", "132999", "みらい市教育委員会", None),
        (town.school, "school", SCHOOL_CODE, "みらい市立東中学校", town.board),
    ):
        session.execute(
            insert(Organisation),
            {
                "organisation_id": organisation, "kind": kind, "code": code, "name": name, "source_id": code,
                "parent_id": parent, "revision": 1,
            },
        )  # fmt: skip
    session.execute(
        insert(SchoolClass),
        {
            "class_id": town.room, "organisation_id": town.school, "source_id": "c", "school_year": YEAR,
            "name": "2年1組", "grades": ["J2"], "special_needs": False, "revision": 1,
        },
    )  # fmt: skip
    return town


def add_learner(session: Session, node: Node, town: Town, *, birth_date: date = date(2012, 5, 3)) -> UUID:
    """Write a learner who is in the town's class this school year."""
    learner = uuid4()
    node.keyring.create_subject_key(learner)
    details = LearnerDetails(Name("山田", "花子", "ヤマダ", "ハナコ"), birth_date, "female")
    session.execute(insert(Person), {"person_id": learner, "kind": "learner"})
    session.execute(
        insert(Learner),
        {
            "learner_id": learner,
            "details": details.sealed(node.keyring.subject_key(learner), node.node_id, learner, 1),
            "withdrawn": False, "created_at": node.clock(), "revision": 1,
        },
    )  # fmt: skip
    session.execute(
        insert(Enrolment),
        {
            "learner_id": learner, "enrolment_id": uuid4(), "source_id": "e", "class_id": town.room,
            "organisation_id": town.school, "school_year": YEAR, "number": 1, "begin": date(YEAR, 4, 1),
            "end": date(YEAR + 1, 3, 31), "withdrawn": False, "revision": 1,
        },
    )  # fmt: skip
    return learner


def add_carer(
    session: Session,
    node: Node,
    learner: UUID,
    *,
    basis: Basis = Basis.JOINT,
    state: CarerState = CarerState.ACTIVE,
    contact_block: bool = False,
) -> UUID:
    """Write a carer of a learner."""
    carer, since = uuid4(), date(2020, 4, 1)
    node.keyring.create_subject_key(carer)
    details = CarerDetails(Name("山田", "太郎", "ヤマダ", "タロウ"))
    notes = CareNotes("father", "戸籍", "")
    session.execute(insert(Person), {"person_id": carer, "kind": "carer"})
    session.execute(
        insert(Carer),
        {
            "carer_id": carer, "blind": carer.bytes,
            "details": details.sealed(node.keyring.subject_key(carer), node.node_id, carer, 1),
            "withdrawn": False, "revision": 1,
        },
    )  # fmt: skip
    session.execute(
        insert(Care),
        {
            "learner_id": learner, "carer_id": carer, "basis": basis.value, "state": state.value, "valid_from": since,
            "court_order": False, "contact_block": contact_block,
            "notes": notes.sealed(node.keyring.subject_key(learner), node.node_id, learner, f"{carer}/{since}", 1),
            "withdrawn": False, "revision": 1,
        },
    )  # fmt: skip
    return carer


def add_staff(session: Session, organisation: UUID, role: StaffRole, *, room: UUID | None = None) -> UUID:
    """Write a staff member who holds a role this school year."""
    staff = uuid4()
    session.execute(insert(Person), {"person_id": staff, "kind": "staff"})
    session.execute(
        insert(Staff),
        {
            "staff_id": staff, "source_id": str(staff), "name": "佐藤 一郎", "reading": "サトウ イチロウ",
            "withdrawn": False, "revision": 1,
        },
    )  # fmt: skip
    session.execute(
        insert(StaffRoleRow),
        {
            "staff_id": staff, "role_id": uuid4(), "role": role.value, "organisation_id": organisation,
            "class_id": room, "valid_from": date(YEAR, 4, 1), "valid_to": date(YEAR + 1, 3, 31), "withdrawn": False,
            "revision": 1,
        },
    )  # fmt: skip
    return staff


def add_record(
    session: Session,
    node: Node,
    town: Town,
    learner: UUID,
    category: Category,
    body: dict[str, Any],
    *,
    now: datetime,
    school_year: int = YEAR - 1,
) -> UUID:
    """Write a signed, sealed record in its first version."""
    record, schema = uuid4(), f"urn:manabi:schema:{category.value}:1"
    place = RecordPlace(learner, record, 1, category, town.school, SCHOOL_CODE, school_year)
    session.execute(
        insert(Record),
        {
            "learner_id": learner, "record_id": record, "category": category.value, "organisation_id": town.school,
            "school_year": school_year, "current_version": 1, "withdrawn": False,
        },
    )  # fmt: skip
    sealed = sign_and_seal(
        node.node_id, place, schema, body, issued_at=now, signing=node.keyring.signing_key(SCHOOL_CODE),
        subject_key=node.keyring.subject_key(learner),
    )  # fmt: skip
    session.execute(
        insert(RecordVersion),
        {
            "learner_id": learner, "record_id": record, "version": 1, "schema": schema, "sealed": sealed,
            "issued_at": now,
        },
    )  # fmt: skip
    return record
