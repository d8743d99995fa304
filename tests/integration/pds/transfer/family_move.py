"""A family that moves between the two towns, with everything its schools and its guardian do."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from consent.receipt import ShownText
from consent.scope import Scope, Terms
from consent.vocabulary import Basis, Category, Channel, Frequency, Locale, Mode, Move, StaffRole
from pds.access_log.models import NOBODY
from pds.organisations.models import Enrolment
from pds.organisations.models import Organisation as OrganisationRow
from pds.records import files
from pds.sharing import deciding, reviews
from pds.sharing.enforcement import Refused
from pds.transfer import incoming, incoming_views, outgoing
from pds.transfer.incoming import Decision
from pds.transfer.incoming_views import IncomingView
from pds.transfer.models import IncomingTransfer, OutgoingTransfer
from pds.transfer.outgoing import OutgoingView, Started
from pds.transfer.reading import ReceivedDocumentView, read_all_received
from tests.factories import bodies
from tests.factories.node import EAST, World
from tests.integration.pds.transfer.towns import CHOSEN, SOUTH, YEARS, Towns


@dataclass
class FamilyMove:
    """A family that moves from A to B, and the people at both ends."""

    towns: Towns
    learner: UUID
    mother: UUID
    clerk_a: UUID
    officer_b: UUID
    clerk_b: UUID
    school_b: UUID
    class_b: UUID
    there: UUID = NOBODY
    started: Started | None = None
    outgoing: UUID = NOBODY
    incoming: UUID = NOBODY

    def start(self) -> Started:
        a = self.towns.a
        with a.asking(self.clerk_a) as (session, asking):
            started = outgoing.start(
                session, a.web, asking, self.learner, move=Move.TRANSFER, left_on=date(2026, 11, 27),
                reason="保護者の転勤", now=asking.now,
            )  # fmt: skip
        assert isinstance(started, Started), started
        self.started, self.outgoing = started, started.transfer_id
        return started

    def decision(self, **changes: Any) -> Decision:
        assert self.started is not None
        fields: dict[str, Any] = {
            "school": self.school_b, "class_id": self.class_b, "family_name": "山田", "given_name": "花子",
            "readings": ("やまだ", "はなこ"), "birth_date": date(2015, 6, 3), "sex": "female",
            "accepted_on": date(2026, 11, 30), "ticket_text": self.started.ticket.text, **changes,
        }  # fmt: skip
        return Decision(**fields)

    def decide(self, **changes: Any) -> UUID:
        b = self.towns.b
        with b.asking(self.officer_b) as (session, asking):
            transfer = incoming.decide(session, b.web, asking, self.decision(**changes), asking.now)
        assert isinstance(transfer, UUID), transfer
        self.incoming = transfer
        with b.session() as session:
            self.there = session.query(IncomingTransfer).filter_by(transfer_id=transfer).one().learner_id
        return transfer

    def terms(self, categories: tuple[Category, ...] = CHOSEN, years: tuple[int, ...] = YEARS) -> Terms:
        law = (Category.ENROLMENT, Category.GUIDANCE, Category.HEALTH_CHECK)
        scope = Scope.of({one: range(2021, 2027) for one in law} | dict.fromkeys(categories, years))
        until = datetime.fromisoformat("2027-01-31T15:00:00+00:00")
        return Terms(scope, Mode.STORE, until, date(2027, 1, 31), Frequency.REPEATED)

    def ask(self, terms: Terms | None = None) -> None:
        b = self.towns.b
        with b.asking(self.clerk_b) as (session, asking):
            done = incoming.ask(session, b.web, asking, self.there, self.incoming, terms or self.terms(), asking.now)
        assert done is None, done

    def lodge(self) -> None:
        """Everything until the request stands before the family."""
        self.start()
        self.decide()
        self.ask()
        self.towns.work()

    def request(self) -> UUID:
        with self.towns.a.session() as session:
            found = session.query(OutgoingTransfer).filter_by(transfer_id=self.outgoing).one().request_id
        assert found is not None
        return found

    def answer(self, kept: Terms | None) -> deciding.Outcome:
        a = self.towns.a
        with a.asking(self.mother) as (session, asking):
            outcome = deciding.answer(
                session, a.web, asking, self.learner, self.request(), kept=kept, comment=None, channel=Channel.ONLINE,
                shown=ShownText.of("記録を見せますか。", Locale.JA), step_up="passkey",
            )  # fmt: skip
        assert isinstance(outcome, deciding.Outcome), outcome
        return outcome

    def offered(self) -> Terms:
        a = self.towns.a
        with a.asking(self.mother) as (session, asking):
            view = deciding.look(session, a.web, asking, self.learner, self.request())
        assert not isinstance(view, Refused), view
        return view.offered

    def comment(self, words: str) -> None:
        a = self.towns.a
        with a.asking(self.mother) as (session, asking):
            done = reviews.comment(session, a.web, asking, self.learner, self.request(), words, objects=False)
        assert done is None, done

    def look_out(self) -> OutgoingView:
        a = self.towns.a
        with a.asking(self.clerk_a) as (session, asking):
            view = outgoing.look(session, a.web, asking, self.learner, self.outgoing)
        assert isinstance(view, OutgoingView), view
        return view

    def look_in(self) -> IncomingView:
        b = self.towns.b
        with b.asking(self.clerk_b) as (session, asking):
            view = incoming_views.look(session, b.web, asking, self.there, self.incoming)
        assert isinstance(view, IncomingView), view
        return view

    def arrive_back(self, ticket: str) -> tuple[UUID, UUID, UUID]:
        """The child comes back to A, as one whom nobody there knows; return clerk, child and case."""
        a = self.towns.a
        with a.jobs.database.session() as session:
            place = session.query(Enrolment).filter_by(learner_id=self.learner).one()
            world = World.__new__(World)
            world.node, world.session, world.accounts = a.jobs, session, session
            board = session.query(OrganisationRow).filter_by(kind="board").one().organisation_id
            officer = world.staff(StaffRole.BOARD_OFFICER, board)
            world.commit()
        decision = Decision(
            place.organisation_id, place.class_id, "山田", "花子", ("やまだ", "はなこ"), date(2015, 6, 3), "female",
            date(2026, 12, 21), ticket,
        )  # fmt: skip
        with a.asking(officer) as (session, asking):
            transfer = incoming.decide(session, a.web, asking, decision, asking.now)
        assert isinstance(transfer, UUID), transfer
        with a.session() as session:
            learner = session.query(IncomingTransfer).filter_by(transfer_id=transfer).one().learner_id
        with a.asking(self.clerk_a) as (session, asking):
            done = incoming.ask(session, a.web, asking, learner, transfer, self.terms(), asking.now)
        assert done is None, done
        return self.clerk_a, learner, transfer

    def read_back(self, arrived: tuple[UUID, UUID, UUID]) -> tuple[ReceivedDocumentView, ...]:
        clerk, learner, transfer = arrived
        a = self.towns.a
        with a.asking(clerk) as (session, asking):
            case = read_all_received(session, a.web, asking, learner, transfer)
        assert not isinstance(case, Refused), case
        return case.documents


def settle_family(towns: Towns, *, works: Mapping[int, bytes] | None = None) -> FamilyMove:
    """A child with six years at the east school, one mother, and the offices of both towns."""
    with towns.a.jobs.database.session() as session:
        world = World(towns.a.jobs, session, session)
        east = world.school(EAST)
        learner, mother = world.learner(), world.carer()
        world.care(learner, mother, Basis.SOLE)
        world.enrol(learner, east, world.school_class(east))
        clerk_a = world.staff(StaffRole.CLERK, east)
        world.record(learner, east, Category.ENROLMENT, [bodies.enrolment()], school_year=2021)
        for year in (2024, 2025):
            world.record(learner, east, Category.GUIDANCE, [bodies.guidance(year)], school_year=year)
        for year in YEARS:
            world.record(learner, east, Category.HEALTH_CHECK, [bodies.health_check(year)], school_year=year)
            world.record(learner, east, Category.REPORT, [bodies.report(year)], school_year=year)
            world.record(learner, east, Category.ATTENDANCE_DAILY, [bodies.attendance_daily(year)], school_year=year)
        for year, content in (works or {}).items():
            record = world.record(learner, east, Category.PORTFOLIO, [bodies.portfolio(year)], school_year=year)
            files.attach(
                session, towns.a.jobs, learner, record, 1, file_no=1, name="作品.bin",
                media_type="application/octet-stream", content=[content],
            )  # fmt: skip
        world.commit()
    with towns.b.jobs.database.session() as session:
        world = World(towns.b.jobs, session, session)
        south = world.school(SOUTH)
        room = world.school_class(south)
        officer, clerk_b = world.staff(StaffRole.BOARD_OFFICER, world.board), world.staff(StaffRole.CLERK, south)
        world.commit()
    return FamilyMove(towns, learner, mother, clerk_a, officer, clerk_b, south, room)
