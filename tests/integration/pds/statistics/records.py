"""A node being filled with a school year to be counted: schools of any establisher, children, their sealed records."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from consent.vocabulary import Category
from pds.node import Node
from pds.organisations.models import Enrolment, Organisation, SchoolClass
from pds.people.details import LearnerDetails, Name
from pds.people.models import Learner, Person
from pds.records.models import Record, RecordVersion
from pds.records.service import RecordPlace, sign_and_seal
from pds.sharing.copies import COPY_TYP
from pds.sharing.papers import received_binding
from pds.transfer.models import IncomingTransfer, OutgoingTransfer, ReceivedDocument
from tests.factories import bodies
from trust.framing import canonical_json
from trust.sealing import seal
from trust.signing import SigningKey

YEAR = 2025
ISSUED = datetime(2026, 3, 25, 3, 0, tzinfo=UTC)
SCHEMA = "urn:manabi:schema:guidance:1"


def guidance_body(year: int, grade: str, days: int) -> dict[str, Any]:
    """A guidance record with so many days not at school, two of them (if there are two) in mourning."""
    body = bodies.guidance(year, grade, max(0, days - 2))
    suspended = min(2, days)
    attendance = body["attendance"]
    attendance.update(suspended=suspended, required=204 - suspended, present=204 - days)
    return body


@dataclass(frozen=True)
class School:
    """A school as children go to it."""

    organisation: UUID
    code: str
    room: UUID


@dataclass
class Records:
    """Writes by the role of background work; nothing stands for others until `commit`."""

    node: Node
    session: Session
    _boards: dict[str, UUID] = field(default_factory=dict)

    def commit(self) -> None:
        self.session.commit()

    def board(self, code: str, kind: str = "board") -> UUID:
        if code not in self._boards:
            self._boards[code] = self._organisation(kind, code, None)
        return self._boards[code]

    def school(self, code: str, board: str = "209201", kind: str = "board", **dates: date) -> School:
        found = self._organisation("school", code, self.board(board, kind), **dates)
        room = uuid4()
        self.session.add(
            SchoolClass(class_id=room, organisation_id=found, source_id=str(room), school_year=YEAR, name="5年1組",
                        grades=["P5"], special_needs=False, revision=1)
        )  # fmt: skip
        self.session.flush()
        return School(found, code, room)

    def child(self, sex: str = "female", learner: UUID | None = None) -> UUID:
        found = learner or uuid4()
        self.node.keyring.create_subject_key(found)
        key = self.node.keyring.subject_key(found)
        details = LearnerDetails(Name("山田", "花子"), date(2015, 6, 3), sex)
        self.session.add(Person(person_id=found, kind="learner"))
        self.session.flush()
        self.session.add(
            Learner(learner_id=found, details=details.sealed(key, self.node.node_id, found, 1), withdrawn=False,
                    created_at=ISSUED, revision=1)
        )  # fmt: skip
        self.session.flush()
        return found

    def enrol(
        self, learner: UUID, school: School, begin: date = date(2025, 4, 1), end: date = date(2026, 3, 31)
    ) -> UUID:
        found = uuid4()
        self.session.add(
            Enrolment(learner_id=learner, enrolment_id=found, source_id=str(found), class_id=school.room,
                      organisation_id=school.organisation, school_year=YEAR, number=1, begin=begin, end=end,
                      withdrawn=False, revision=1)
        )  # fmt: skip
        self.session.flush()
        return found

    def guidance(
        self, learner: UUID, school: School, absent: int, grade: str = "P5", *, year: int = YEAR, corrected: int = 0,
        body: dict[str, object] | None = None,
    ) -> UUID:  # fmt: skip
        """Issue a guidance record; with `corrected` an earlier version said other days."""
        record = uuid4()
        versions = [body or guidance_body(year, grade, absent)]
        if corrected:
            versions.insert(0, bodies.guidance(year, grade, corrected))
        self.session.add(
            Record(learner_id=learner, record_id=record, category="guidance", organisation_id=school.organisation,
                   school_year=year, current_version=len(versions), withdrawn=False)
        )  # fmt: skip
        self.session.flush()
        for version, each in enumerate(versions, start=1):
            self._version(learner, record, version, school, each, year)
        return record

    def correct(self, learner: UUID, record: UUID, school: School, absent: int, grade: str = "P5") -> None:
        """Issue the next version of a record."""
        row = self.session.get_one(Record, (learner, record))
        row.current_version += 1
        self.session.flush()
        self._version(learner, record, row.current_version, school, guidance_body(YEAR, grade, absent), YEAR)

    def counted(self, school: School, absent: int, grade: str = "P5", sex: str = "female") -> UUID:
        """A child of a school with a guidance record of the year."""
        learner = self.child(sex)
        self.enrol(learner, school)
        self.guidance(learner, school, absent, grade)
        return learner

    def left(self, learner: UUID, school: School, left_on: date, state: str = "done") -> None:
        """The school's own case of a move away."""
        self.session.add(
            OutgoingTransfer(
                learner_id=learner, transfer_id=uuid4(), organisation_id=school.organisation, move="transfer",
                state=state, left_on=left_on, accepted_on=None, reason=b"", started_by=uuid4(), started_at=ISSUED,
                request_id=None, dossier_id=None, recipient_code=None, recipient_name=None, requested_at=None,
                sent_at=None, acknowledged_at=None, closed_at=None, problems=None,
            )
        )  # fmt: skip
        self.session.flush()

    def arrived(self, learner: UUID, school: School, statutory: str = "received") -> UUID:
        """The new school's case of a move."""
        case = uuid4()
        values: dict[str, object] = dict.fromkeys(
            ("asked", "asked_by", "asked_at", "auth_request", "auth_expires_at", "dpop_key", "refresh_token", "granted",
             "grant_id", "dossier_id", "manifest", "withheld", "consent_cursor", "statutory_cursor", "received_at",
             "closed_at", "problems")
        )  # fmt: skip
        self.session.add(
            IncomingTransfer(
                learner_id=learner, transfer_id=case, organisation_id=school.organisation, class_id=school.room,
                move="transfer", state="open", consent_state="none", statutory_state=statutory,
                accepted_on=date(2025, 10, 1), decided_by=uuid4(), decided_at=ISSUED, case_reference=str(case),
                sender_id="old.node", ticket=b"", **values,
            )
        )  # fmt: skip
        self.session.flush()
        return case

    def received(
        self, learner: UUID, case: UUID, writers: tuple[tuple[str, SigningKey], ...], absent: int, *,
        grade: str = "P5", doc: UUID | None = None, version: int = 1, issued_at: datetime = ISSUED,
    ) -> UUID:  # fmt: skip
        """Keep a copy that came by law: written by the first of `writers`, passed on by the others in turn."""
        doc, token = doc or uuid4(), None
        for code, key in writers:
            payload: dict[str, object] = {
                "iss": code, "node": "old.node", "aud": self.node.node_id, "doc": str(doc), "version": version,
                "category": "guidance", "school_year": YEAR, "schema": SCHEMA, "issued_at": issued_at.isoformat(),
                "body": guidance_body(YEAR, grade, absent), "files": [],
            }  # fmt: skip
            if token is not None:
                payload["enclosed"] = token
            token = key.sign(canonical_json(payload), typ=COPY_TYP)
        assert token is not None
        sealed = seal(
            self.node.keyring.subject_key(learner), received_binding(self.node, learner, case, doc, version),
            token.encode(),
        )  # fmt: skip
        self.session.add(
            ReceivedDocument(
                learner_id=learner, transfer_id=case, doc_id=doc, version=version, basis_id=uuid4(), lane="statutory",
                category="guidance", school_year=YEAR, issuer_code=writers[-1][0], issuer_name="前の学校", key_id="k",
                sha256=bytes(32), sealed=sealed, received_at=ISSUED, erased_at=None,
            )
        )  # fmt: skip
        self.session.flush()
        return doc

    def _version(
        self, learner: UUID, record: UUID, version: int, school: School, body: dict[str, object], year: int
    ) -> None:
        place = RecordPlace(learner, record, version, Category.GUIDANCE, school.organisation, school.code, year)
        sealed = sign_and_seal(
            self.node.node_id, place, SCHEMA, body, issued_at=ISSUED,
            signing=self.node.keyring.signing_key(school.code), subject_key=self.node.keyring.subject_key(learner),
        )  # fmt: skip
        self.session.add(
            RecordVersion(learner_id=learner, record_id=record, version=version, schema=SCHEMA, sealed=sealed,
                          issued_at=ISSUED, origin=None, compensates=None)
        )  # fmt: skip
        self.session.flush()

    def _organisation(self, kind: str, code: str, parent: UUID | None, **dates: date) -> UUID:
        found = uuid4()
        self.session.add(
            Organisation(organisation_id=found, kind=kind, code=code, name=code, source_id=code, parent_id=parent,
                         successor_code=None, valid_from=dates.get("valid_from"), valid_to=dates.get("valid_to"),
                         withdrawn=False, revision=1)
        )  # fmt: skip
        self.session.flush()
        return found
