"""Children with 10 KB records and signed-in sessions, for the benches: through keyring, signature and seal like any."""

import secrets
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import insert
from sqlalchemy.orm import Session

from consent.vocabulary import Category
from pds.node import Node
from pds.organisations.models import Enrolment, Organisation, SchoolClass
from pds.people.details import LearnerDetails, Name
from pds.people.models import Learner, Person
from pds.records.models import Record, RecordVersion
from pds.records.service import RecordPlace, sign_and_seal
from web.accounts.models import AccountKind
from web.accounts.service import open_account
from web.accounts.sessions import open_session

SCHEMA = "urn:manabi:schema:guidance:1"
SCHOOL_CODE = "C113299900018"


@dataclass(frozen=True, slots=True)
class SignedInChild:
    """A child, one of the child's records, and the token of a session."""

    learner: UUID
    record: UUID
    token: str


def stock_children(node: Node, count: int, *, body_bytes: int, now: datetime) -> list[SignedInChild]:
    """Write `count` children with one record each and sign them in; needs the owner's rights to write."""
    with node.database.session() as session:
        school, room = uuid4(), uuid4()
        session.add(
            Organisation(
                organisation_id=school, kind="school", code=SCHOOL_CODE, name="みらい市立東中学校", source_id="s",
                parent_id=None, successor_code=None, valid_from=None, valid_to=None, revision=1,
            )
        )  # fmt: skip
        session.flush()
        session.add(
            SchoolClass(
                class_id=room, organisation_id=school, source_id="c", school_year=2026, name="2年1組", grades=["J2"],
                special_needs=False, revision=1,
            )
        )  # fmt: skip
        session.flush()
        people = [SignedInChild(uuid4(), uuid4(), "") for _ in range(count)]
        node.keyring.create_subject_keys(child.learner for child in people)
        stocked = [_write(session, node, child, school, room, body_bytes, now) for child in people]
        session.commit()
    return stocked


def _write(
    session: Session, node: Node, child: SignedInChild, school: UUID, room: UUID, body_bytes: int, now: datetime
) -> SignedInChild:
    key = node.keyring.subject_key(child.learner)
    details = LearnerDetails(Name("山田", "花子", "ヤマダ", "ハナコ"), date(2012, 5, 3), "female")
    body = {"overall_remarks": "", "moral": secrets.token_hex((body_bytes - 40) // 2)}
    place = RecordPlace(child.learner, child.record, 1, Category.GUIDANCE, school, SCHOOL_CODE, 2025)
    sealed = sign_and_seal(
        node.node_id, place, SCHEMA, body, issued_at=now, signing=node.keyring.signing_key(SCHOOL_CODE), subject_key=key
    )
    rows: list[tuple[type, dict[str, object]]] = [
        (Person, {"person_id": child.learner, "kind": "learner"}),
        (Learner, {
            "learner_id": child.learner, "details": details.sealed(key, node.node_id, child.learner, 1),
            "withdrawn": False, "created_at": now, "revision": 1,
        }),
        (Enrolment, {
            "learner_id": child.learner, "enrolment_id": uuid4(), "source_id": "e", "class_id": room,
            "organisation_id": school, "school_year": 2026, "number": 1, "begin": date(2026, 4, 1),
            "end": date(2027, 3, 31), "withdrawn": False, "revision": 1,
        }),
        (Record, {
            "learner_id": child.learner, "record_id": child.record, "category": "guidance", "organisation_id": school,
            "school_year": 2025, "current_version": 1, "withdrawn": False,
        }),
        (RecordVersion, {
            "learner_id": child.learner, "record_id": child.record, "version": 1, "schema": SCHEMA, "sealed": sealed,
            "issued_at": now, "origin": None, "compensates": None,
        }),
    ]  # fmt: skip
    for model, row in rows:
        session.execute(insert(model), row)
    account = open_account(session, child.learner, AccountKind.FAMILY, now)
    token = open_session(session, account, shared_device=False, device="bench", now=now)
    return SignedInChild(child.learner, child.record, token)
