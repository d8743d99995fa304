"""A town that several tests share: one school with its people, and families made afresh for each test."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.orm import Session

from consent.receipt import ShownText
from consent.scope import Scope, Terms
from consent.vocabulary import Category, Channel, Frequency, Locale, Mode, Move, PurposeCode, StaffRole
from pds.access_log.entries import Purpose
from pds.access_log.reading import entries_for
from pds.node import Node
from pds.people import service as people
from pds.sharing import deciding, requests
from pds.sharing.deciding import Outcome
from pds.sharing.enforcement import Asking, Refused
from pds.sharing.parties import Basis, BasisKind, Recipient
from pds.sharing.requests import Opening
from tests.factories.node import EAST, World
from tests.integration.conftest import NOW
from web.database import bind_context

CLIENT = "west.node"
WEST_SCHOOL = Recipient(CLIENT, "C120299000017", "となり市立西小学校")
UNTIL = datetime(2027, 3, 31, 15, 0, tzinfo=UTC)
WORDS = ShownText.of("通知表を、となり市立西小学校に、2027年3月31日まで共有します。", Locale.JA)
ASKED = Terms(
    Scope.of({Category.REPORT: [2024, 2025, 2026], Category.PORTFOLIO: [2025, 2026]}),
    Mode.STORE,
    UNTIL,
    date(2028, 3, 31),
    Frequency.REPEATED,
)


@dataclass(frozen=True)
class Family:
    """A child with two parents who hold authority together."""

    child: UUID
    mother: UUID
    father: UUID


@dataclass
class Town:
    """One node with one school: its people, and a way to make families and requests."""

    node: Node
    jobs: Node
    world: World
    school: UUID
    room: UUID
    clerk: UUID
    principal: UUID
    nurse: UUID
    others: dict[str, UUID] = field(default_factory=dict)

    def family(self, *, birth_date: date = date(2015, 6, 3), one_parent: bool = False) -> Family:
        child, mother, father = self.world.learner(birth_date=birth_date), self.world.carer(), self.world.carer()
        self.world.care(child, mother)
        if not one_parent:
            self.world.care(child, father)
        self.world.enrol(child, self.school, self.room)
        self.world.commit()
        return Family(child, mother, father)

    def record(self, child: UUID, category: Category, *bodies: dict[str, Any], school_year: int = 2026) -> UUID:
        made = self.world.record(
            child, self.school, category, bodies or [{"note": "よく学んだ。"}], school_year=school_year
        )
        self.world.commit()
        return made

    def asking(self, person: UUID, now: datetime = NOW, purpose: Purpose = Purpose.SHARING) -> Asking:
        with self.node.database.session() as session:
            viewer = people.viewer_for(session, person)
        assert viewer is not None
        return Asking(viewer, purpose, now, f"ref-{uuid4().hex[:6]}")

    @contextmanager
    def web(self) -> Iterator[Session]:
        """A transaction of the web process, committed at the end as the edge does."""
        with self.node.database.session() as session:
            yield session
            session.commit()

    @contextmanager
    def work(self) -> Iterator[Session]:
        """A transaction of background work."""
        with self.jobs.database.session() as session:
            yield session
            session.commit()

    def request(
        self,
        child: UUID,
        terms: Terms = ASKED,
        *,
        move: Move = Move.TRANSFER,
        now: datetime = NOW,
        expires_at: datetime | None = None,
        request: UUID | None = None,
    ) -> UUID:
        """Open a request for a child as background work does."""
        request = request or uuid4()
        opening = Opening(
            request, child, WEST_SCHOOL, move, PurposeCode.TRANSFER_OF_SCHOOL, terms, now,
            expires_at or now + timedelta(days=30), "case-1",
        )  # fmt: skip
        with self.work() as session:
            assert requests.open_request(session, self.jobs, opening, now)
        return request

    def answer(
        self, person: UUID, child: UUID, request: UUID, kept: Terms | None, *, now: datetime = NOW, comment: str = ""
    ) -> Outcome | Refused:
        with self.web() as session:
            return deciding.answer(
                session, self.node, self.asking(person, now), child, request, kept=kept, comment=comment,
                channel=Channel.ONLINE, shown=WORDS, step_up="passkey",
            )  # fmt: skip

    def granted(self, family: Family, terms: Terms = ASKED, *, now: datetime = NOW) -> Basis:
        """Give both parents' yes to a new request and return the grant."""
        request = self.request(family.child, terms, now=now)
        outcome: Outcome | Refused | None = None
        for person in (family.mother, family.father):
            outcome = self.answer(person, family.child, request, terms, now=now)
        assert isinstance(outcome, Outcome)
        assert outcome.grant_id is not None
        return Basis(BasisKind.GRANT, family.child, outcome.grant_id)

    def log(self, child: UUID, chain: str = "child") -> list[dict[str, Any]]:
        """The entries of a child's chain, the oldest first."""
        with self.node.database.session() as session:
            bind_context(session, learners=[child])
            page = entries_for(session, self.node, child, chain, before=None, limit=500)
        return [seen.entry for seen in reversed(page.entries)]

    def acts(self, child: UUID) -> list[tuple[str, str]]:
        return [(entry["act"], entry["outcome"]) for entry in self.log(child)]

    def count(self, table: str, child: UUID) -> int:
        with self.jobs.database.session() as session:
            query = text(f"SELECT count(*) FROM {table} WHERE learner_id = :child")
            return int(session.execute(query, {"child": child}).scalar_one())


def narrower(terms: Terms = ASKED, **changes: Any) -> Terms:
    """Return terms with some parts exchanged."""
    return replace(terms, **changes)


def only(category: Category, years: Sequence[int]) -> Terms:
    """Return what was asked with one category alone."""
    return replace(ASKED, scope=Scope.of({category: years}))


def settle_town(node: Node, jobs: Node, world: World) -> Town:
    school = world.school(EAST)
    room = world.school_class(school)
    town = Town(
        node, jobs, world, school, room, world.staff(StaffRole.CLERK, school),
        world.staff(StaffRole.PRINCIPAL, school), world.staff(StaffRole.NURSE_TEACHER, school),
    )  # fmt: skip
    town.others["second clerk"] = world.staff(StaffRole.CLERK, school)
    town.others["teacher"] = world.staff(StaffRole.TEACHER, school, room)
    other_school = world.school(("B120299000027", "みらい市立南小学校"))
    town.others["strange clerk"] = world.staff(StaffRole.CLERK, other_school)
    world.commit()
    return town
