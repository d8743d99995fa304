"""A family whose child is about to change schools, and the school that asks: for tests of pages and of the browser."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

from consent.age import japan_midnight
from consent.scope import Scope, Terms
from consent.vocabulary import Basis, Category, Frequency, Mode, Move, PurposeCode, StaffRole
from pds.people.details import Name
from pds.sharing import requests
from pds.sharing.parties import Recipient
from pds.sharing.requests import Opening
from tests.factories import bodies
from tests.factories.node import NOW, World
from trust.keys import jose_key
from trust.participants import Organisation, OrganisationKind
from trust.registry import KeyUse, Participant, ParticipantKey, ParticipantKind, make_registry, write_registrar_keys
from trust.signing import SigningKey

NEW_SCHOOL = Recipient("tonari.node", "B199999000011", "となり市立北小学校")
ASKED = Scope.of({Category.REPORT: (2024, 2025, 2026), Category.ASSESSMENT: (2026,), Category.PORTFOLIO: (2025, 2026)})
UNTIL = japan_midnight(date(2027, 4, 1))


@dataclass
class Home:
    """Who is who. The girl has both parents, her small brother the mother alone; the clerks work at their school."""

    child: UUID
    brother: UUID
    mother: UUID
    father: UUID
    stranger: UUID
    clerk: UUID
    colleague: UUID
    elsewhere: UUID
    request: UUID
    lone_request: UUID

    def address(self, rest: str = "") -> str:
        """The page of the request for the girl."""
        return f"/learners/{self.child}/requests/{self.request}{rest}"

    def lone(self, rest: str = "") -> str:
        """The page of the request for her brother, whom the mother decides for alone."""
        return f"/learners/{self.brother}/requests/{self.lone_request}{rest}"


def settle_home(world: World) -> Home:
    """Write the family, its school and what is asked into a node."""
    school, other = world.school(), world.school(("B120299000027", "みらい市立北小学校"))
    sixth, first = (
        world.school_class(school, name="6年1組", grade="P6"),
        world.school_class(school, name="1年1組", grade="P1"),
    )
    child = world.learner(Name("山田", "花子", "やまだ", "はなこ"), date(2014, 6, 3))
    brother = world.learner(Name("山田", "太郎", "やまだ", "たろう"), date(2019, 6, 3))
    mother, father, stranger = world.carer(), world.carer(Name("山田", "健", "やまだ", "けん")), world.carer()
    world.care(child, mother)
    world.care(child, father)
    world.care(brother, mother, Basis.SOLE)
    world.enrol(child, school, sixth)
    world.enrol(brother, school, first)
    for learner in (child, brother):
        write_records(world, learner, school)
    found = Home(
        child, brother, mother, father, stranger,
        clerk=world.staff(StaffRole.CLERK, school), colleague=world.staff(StaffRole.PRINCIPAL, school),
        elsewhere=world.staff(StaffRole.CLERK, other),
        request=open_request(world, child), lone_request=open_request(world, brother),
    )  # fmt: skip
    world.commit()
    return found


def write_records(world: World, learner: UUID, school: UUID) -> None:
    """Write what the law moves, and something of each category that can be chosen."""
    world.record(learner, school, Category.ENROLMENT, [bodies.enrolment()], school_year=2021)
    world.record(learner, school, Category.GUIDANCE, [bodies.guidance()], school_year=2025)
    world.record(learner, school, Category.HEALTH_CHECK, [bodies.health_check()])
    for year in (2024, 2025, 2026):
        world.record(learner, school, Category.REPORT, [bodies.report(year)], school_year=year)
    world.record(learner, school, Category.ASSESSMENT, [bodies.assessment()])
    world.record(learner, school, Category.PORTFOLIO, [bodies.portfolio()])


def open_request(world: World, learner: UUID, *, asked: Scope = ASKED, lodged_at: datetime = NOW) -> UUID:
    """Let the new school ask, as background work does once the ticket has led to the child."""
    request = uuid4()
    terms = Terms(asked, Mode.STORE, UNTIL, None, Frequency.REPEATED)
    opening = Opening(
        request, learner, NEW_SCHOOL, Move.TRANSFER, PurposeCode.TRANSFER_OF_SCHOOL, terms, lodged_at,
        lodged_at + timedelta(days=30), "K-1",
    )  # fmt: skip
    assert requests.open_request(world.session, world.node, opening, lodged_at)
    return request


def sign_registry(registrar: Path) -> str:
    """Return a registry in which the new school stands; `registrar` gets the public key that it is checked with."""
    key = SigningKey.generate()
    registrar.write_bytes(write_registrar_keys([key.public()]))
    keys = tuple(
        ParticipantKey.of(use, jose_key(SigningKey.generate()), NOW - timedelta(days=30))
        for use in (KeyUse.NODE, KeyUse.CLIENT)
    )
    school = Organisation(NEW_SCHOOL.school_code, NEW_SCHOOL.school_name, OrganisationKind.SCHOOL)
    node = Participant(
        2, NEW_SCHOOL.client_id, "となり市教育委員会", ParticipantKind.NODE, "https://tonari.example", "教育総務課",
        keys, (school,),
    )  # fmt: skip
    return make_registry(key, 7, [node], now=NOW, expires_at=NOW + timedelta(days=30))
