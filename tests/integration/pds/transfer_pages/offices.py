"""Two towns whose people sit before the whole pages: sign-in of everybody, and servers that answer everything."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from flask import Flask
from sqlalchemy import select, text, update

from consent.vocabulary import Basis, Category, Move, StaffRole
from pds.app import make_node_app
from pds.organisations.models import Enrolment
from pds.people.details import Name
from pds.settings import SERVICE_ID
from pds.transfer import outgoing
from pds.transfer.models import OutgoingTransfer
from pds.transfer.outgoing import Started
from pds.transfer.states import OutgoingState
from tests.factories import bodies
from tests.factories.node import World
from tests.integration.pds.school_work.browser import Browser
from tests.integration.pds.transfer.family_move import FamilyMove
from tests.integration.pds.transfer.towns import Side
from web.accounts.models import Account, AccountKind
from web.accounts.service import open_account
from web.accounts.sessions import open_session

_FAMILIES = (
    "佐藤 さとう", "鈴木 すずき", "髙橋 たかはし", "田中 たなか", "伊藤 いとう", "渡邉 わたなべ", "山本 やまもと",
    "中村 なかむら",
)  # fmt: skip
_GIVEN = ("蓮 れん", "陽葵 ひまり", "湊 みなと", "凛 りん", "大和 やまと")


class Inhabited(World):
    """A world whose board is there already."""

    def __post_init__(self) -> None:
        """Add nothing."""


@dataclass
class Office:
    """The pages of one town."""

    side: Side
    app: Flask
    tokens: dict[UUID, tuple[str, datetime]] = field(default_factory=dict)

    def token(self, person: UUID, kind: AccountKind = AccountKind.STAFF) -> str:
        """Sign somebody in, anew when time has passed; the proof of who they are is fresh."""
        now = self.side.web.clock()
        known = self.tokens.get(person)
        if known is None or known[1] != now:
            with self.side.web.database.session() as session:
                account = session.scalar(select(Account.account_id).where(Account.subject == person))
                account = account or open_account(session, person, kind, now)
                token = open_session(session, account, shared_device=False, device="test", now=now)
                session.commit()
            known = self.tokens[person] = (token, now)
        return known[0]

    def visit(self, person: UUID, accept: str = "text/html") -> Browser:
        """Return a browser in which somebody of the staff has signed in."""
        client = self.app.test_client()
        client.environ_base["HTTP_ACCEPT"] = accept
        client.set_cookie(f"__Host-{SERVICE_ID}", self.token(person), domain="localhost", secure=True)
        return Browser(client)

    def serve(self) -> None:
        """Serve everything where the other town looks for this one."""
        assert self.side.server is not None
        self.side.server.app = self.app


@dataclass
class Offices:
    """Both towns, and the family that moves between them."""

    move: FamilyMove
    a: Office
    b: Office

    def another_family(self) -> None:
        """Let a child of the same years and the same mother be the one that moves; forget every case before."""
        for side in (self.a.side, self.b.side):
            with side.session() as session:
                for table in ("outgoing_transfer", "incoming_transfer", "message_out"):
                    session.execute(text(f"DELETE FROM {table}"))
        side = self.a.side
        with side.session() as session:
            seat = session.scalars(select(Enrolment).where(Enrolment.learner_id == self.move.learner)).one()
            world = Inhabited(side.jobs, session, session)
            learner = world.learner()
            world.care(learner, self.move.mother, Basis.SOLE)
            world.enrol(learner, seat.organisation_id, seat.class_id)
            put_records(world, learner, seat.organisation_id)
        self.move = replace(self.move, learner=learner)

    def staff(self, office: Office, role: StaffRole, school: UUID) -> UUID:
        """Employ somebody else."""
        with office.side.jobs.database.session() as session:
            person = Inhabited(office.side.jobs, session, session).staff(role, school)
            session.commit()
        return person

    def fill(self, number: int) -> list[UUID]:
        """Let more families of the old school give notice; every fifth case was rejected, every fourth is asked for."""
        side = self.a.side
        with side.jobs.database.session() as session:
            world = Inhabited(side.jobs, session, session)
            seat = session.scalars(select(Enrolment).where(Enrolment.learner_id == self.move.learner)).one()
            names = [(family, given) for given in _GIVEN for family in _FAMILIES][:number]
            learners = [world.learner(_name(*pair)) for pair in names]
            for learner in learners:
                world.enrol(learner, seat.organisation_id, seat.class_id)
            session.commit()
        for place, learner in enumerate(learners):
            with side.asking(self.move.clerk_a) as (session, asking):
                started = outgoing.start(
                    session, side.web, asking, learner, move=Move.TRANSFER, left_on=date(2026, 12, 4), reason="転居",
                    now=asking.now - timedelta(days=place),
                )  # fmt: skip
                assert isinstance(started, Started)
            self._go_on(started.transfer_id, place)
        return learners

    def _go_on(self, transfer: UUID, place: int) -> None:
        values: dict[str, object] = {}
        now = self.a.side.web.clock()
        if place % 5 == 1:
            values = {"state": OutgoingState.REJECTED, "problems": [{"doc": "x", "version": 1, "code": "file_hash"}]}
        elif place % 4 == 2:
            values = {"state": OutgoingState.REQUESTED}
        if values:
            values |= {"recipient_name": "みなみ市立南小学校", "requested_at": now - timedelta(days=1)}
            with self.a.side.session() as session:
                session.execute(
                    update(OutgoingTransfer).where(OutgoingTransfer.transfer_id == transfer).values(**values)
                )


def put_records(world: World, learner: UUID, school: UUID) -> None:
    """What a child of six years has that a move can carry."""
    world.record(learner, school, Category.ENROLMENT, [bodies.enrolment()], school_year=2021)
    for year in (2024, 2025):
        world.record(learner, school, Category.GUIDANCE, [bodies.guidance(year)], school_year=year)
    for year in (2024, 2025, 2026):
        world.record(learner, school, Category.HEALTH_CHECK, [bodies.health_check(year)], school_year=year)
        world.record(learner, school, Category.REPORT, [bodies.report(year)], school_year=year)
        world.record(learner, school, Category.ATTENDANCE_DAILY, [bodies.attendance_daily(year)], school_year=year)


def open_offices(move: FamilyMove) -> Offices:
    return Offices(
        move,
        Office(move.towns.a, make_node_app(move.towns.a.web)),
        Office(move.towns.b, make_node_app(move.towns.b.web)),
    )


def _name(family: str, given: str) -> Name:
    (last, last_kana), (first, first_kana) = family.split(), given.split()
    return Name(last, first, last_kana, first_kana)
