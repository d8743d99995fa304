"""People, places and records of a node, written directly for tests that are about something else than intake."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from consent.vocabulary import Basis, CarerState, Category, StaffRole
from pds.node import Node
from pds.organisations.models import Enrolment, Organisation, SchoolClass
from pds.people.details import CareNotes, CarerDetails, LearnerDetails, Name
from pds.people.models import Care, Carer, Learner, Person, Staff
from pds.people.models import StaffRole as RoleRow
from pds.records.models import Record, RecordVersion
from pds.records.service import RecordPlace, sign_and_seal
from web.accounts.models import AccountKind
from web.accounts.service import open_account, set_password
from web.accounts.sessions import open_session

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
EAST = ("B120299000018", "みらい市立東小学校")
WEST = ("C120299000017", "みらい市立西中学校")


@dataclass
class World:
    """One node being filled: people and records by the role of background work, sign-ins by the application's.

    Nothing stands for others until `commit`.
    """

    node: Node
    session: Session
    accounts: Session
    board: UUID = field(default_factory=uuid4)

    def __post_init__(self) -> None:
        self.session.add(_organisation(self.board, "board", "209201", "みらい市教育委員会", None))
        self.session.flush()

    def commit(self) -> None:
        self.session.commit()
        self.accounts.commit()

    def school(self, code_and_name: tuple[str, str] = EAST) -> UUID:
        school = uuid4()
        self.session.add(_organisation(school, "school", *code_and_name, self.board))
        self.session.flush()
        return school

    def school_class(self, school: UUID, school_year: int = 2026, name: str = "5年1組", grade: str = "P5") -> UUID:
        found = uuid4()
        self.session.add(
            SchoolClass(class_id=found, organisation_id=school, source_id=str(found), school_year=school_year,
                        name=name, grades=[grade], special_needs=False, revision=1)
        )  # fmt: skip
        self.session.flush()
        return found

    def learner(self, name: Name | None = None, birth_date: date = date(2015, 6, 3)) -> UUID:
        learner = self._person("learner")
        details = LearnerDetails(name or Name("山田", "花子", "やまだ", "はなこ"), birth_date, "female")
        sealed = details.sealed(self.node.keyring.subject_key(learner), self.node.node_id, learner, 1)
        self.session.add(Learner(learner_id=learner, details=sealed, withdrawn=False, created_at=NOW, revision=1))
        self.session.flush()
        return learner

    def carer(self, name: Name | None = None) -> UUID:
        carer = self._person("carer")
        details = CarerDetails(name or Name("山田", "桜", "やまだ", "さくら"))
        sealed = details.sealed(self.node.keyring.subject_key(carer), self.node.node_id, carer, 1)
        self.session.add(Carer(carer_id=carer, blind=carer.bytes, details=sealed, withdrawn=False, revision=1))
        self.session.flush()
        return carer

    def care(
        self,
        learner: UUID,
        carer: UUID,
        basis: Basis = Basis.JOINT,
        state: CarerState = CarerState.ACTIVE,
        *,
        blocked: bool = False,
    ) -> None:
        begin = date(2020, 4, 1)
        notes = CareNotes("母", "戸籍", "").sealed(
            self.node.keyring.subject_key(learner), self.node.node_id, learner, f"{carer}/{begin}", 1
        )
        self.session.add(
            Care(learner_id=learner, carer_id=carer, valid_from=begin, basis=basis.value, state=state.value,
                 valid_to=None, court_order=False, contact_block=blocked, notes=notes, withdrawn=False, revision=1)
        )  # fmt: skip
        self.session.flush()

    def staff(self, role: StaffRole, organisation: UUID, class_id: UUID | None = None) -> UUID:
        staff = self._person("staff")
        self.session.add(
            Staff(
                staff_id=staff, source_id=str(staff), name="佐藤 健", reading="さとう けん", withdrawn=False, revision=1
            )
        )
        self.session.flush()
        self.session.add(
            RoleRow(staff_id=staff, role_id=uuid4(), role=role.value, organisation_id=organisation, class_id=class_id,
                    valid_from=date(2026, 4, 1), valid_to=date(2027, 3, 31), withdrawn=False, revision=1)
        )  # fmt: skip
        self.session.flush()
        return staff

    def enrol(self, learner: UUID, school: UUID, class_id: UUID, school_year: int = 2026) -> None:
        self.session.add(
            Enrolment(learner_id=learner, enrolment_id=uuid4(), source_id=str(uuid4()), class_id=class_id,
                      organisation_id=school, school_year=school_year, number=7, begin=date(school_year, 4, 1),
                      end=date(school_year + 1, 3, 31), withdrawn=False, revision=1)
        )  # fmt: skip
        self.session.flush()

    def record(
        self,
        learner: UUID,
        school: UUID,
        category: Category,
        bodies: Sequence[Mapping[str, Any]],
        *,
        school_year: int = 2026,
        code: str = EAST[0],
        issued_at: datetime = NOW,
        compensates: Mapping[int, int] | None = None,
    ) -> UUID:
        """Issue a record; each body is one version, the last one stands."""
        record = uuid4()
        self.session.add(
            Record(learner_id=learner, record_id=record, category=category.value, organisation_id=school,
                   school_year=school_year, current_version=len(bodies), withdrawn=False)
        )  # fmt: skip
        self.session.flush()
        schema = f"urn:manabi:schema:{category.value}:1"
        for version, body in enumerate(bodies, start=1):
            place = RecordPlace(learner, record, version, category, school, code, school_year)
            sealed = sign_and_seal(
                self.node.node_id, place, schema, dict(body), issued_at=issued_at,
                signing=self.node.keyring.signing_key(code), subject_key=self.node.keyring.subject_key(learner),
            )  # fmt: skip
            self.session.add(
                RecordVersion(learner_id=learner, record_id=record, version=version, schema=schema, sealed=sealed,
                              issued_at=issued_at, origin=None, compensates=(compensates or {}).get(version))
            )  # fmt: skip
        self.session.flush()
        return record

    def account(self, person: UUID, kind: AccountKind = AccountKind.FAMILY, login: str | None = None) -> UUID:
        """Open an account; with `login` it gets the password `password_of(login)`."""
        account = open_account(self.accounts, person, kind, NOW)
        if login:
            set_password(self.accounts, account, login, password_of(login), NOW)
        return account

    def signed_in(self, person: UUID, kind: AccountKind = AccountKind.FAMILY) -> str:
        """Return the session token of a browser in which this person is signed in."""
        account = self.account(person, kind)
        return open_session(self.accounts, account, shared_device=False, device="test", now=self.node.clock())

    def _person(self, kind: str) -> UUID:
        person = uuid4()
        if kind != "staff":
            self.node.keyring.create_subject_key(person)
        self.session.add(Person(person_id=person, kind=kind))
        self.session.flush()
        return person


def password_of(login: str) -> str:
    """The password that the factory gives to a login name."""
    return f"ひみつの合言葉 {login[::-1]}"


def _organisation(organisation: UUID, kind: str, code: str, name: str, parent: UUID | None) -> Organisation:
    return Organisation(
        organisation_id=organisation, kind=kind, code=code, name=name, source_id=code, parent_id=parent,
        successor_code=None, valid_from=None, valid_to=None, revision=1,
    )  # fmt: skip
