"""What families, boards and operators read; who else gets nothing; that opening leaves an entry."""

from collections.abc import Callable, Iterator
from datetime import date
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from consent.vocabulary import Category, StaffRole
from pds.app import make_node_app
from pds.node import Node
from pds.settings import SERVICE_ID
from tests.factories import bodies
from tests.factories.count import PLAN, Count
from tests.factories.node import EAST, World
from tests.integration.pds.statistics.records import Records, School
from trust.signing import SigningKey
from web.accounts.models import AccountKind
from web.database import Database

ADDRESS = f"/learners/{{}}/statistics/{PLAN.digest.hex()}"
Visit = Callable[..., FlaskClient]


class Family:
    """A girl of grade 5 who was not at school on 33 days, her mother, a stranger, and people of the offices."""

    def __init__(self, world: World) -> None:
        east = world.school(EAST)
        room = world.school_class(east, school_year=2025)
        self.school = School(east, EAST[0], room)
        self.child, self.mother, self.stranger = world.learner(), world.carer(), world.carer()
        world.care(self.child, self.mother)
        world.enrol(self.child, east, room, school_year=2025)
        world.enrol(self.child, east, world.school_class(east), school_year=2026)
        world.record(self.child, east, Category.GUIDANCE, [bodies.guidance(2025, "P5", 31)], school_year=2025)
        self.officer = world.staff(StaffRole.BOARD_OFFICER, world.board)
        self.operator = world.staff(StaffRole.OPERATOR, world.board)
        self.teacher = world.staff(StaffRole.TEACHER, east, room)
        world.commit()


@pytest.fixture
def world(jobs_node: Node, database: Database) -> Iterator[World]:
    with jobs_node.database.session() as session, database.session() as accounts:
        yield World(jobs_node, session, accounts)


@pytest.fixture
def family(world: World) -> Family:
    return Family(world)


@pytest.fixture
def app(node: Node) -> Flask:
    return make_node_app(node)


@pytest.fixture
def visit(app: Flask, world: World) -> Visit:
    def sign_in(person: UUID, kind: AccountKind = AccountKind.FAMILY, locale: str = "en") -> FlaskClient:
        client = app.test_client()
        client.environ_base["HTTP_ACCEPT"] = "text/html"
        client.set_cookie(f"__Host-{SERVICE_ID}", world.signed_in(person, kind), domain="localhost", secure=True)
        client.set_cookie(f"__Host-{SERVICE_ID}-view", f"{locale}.off", domain="localhost", secure=True)
        world.commit()
        return client

    return sign_in


def get(client: FlaskClient, address: str) -> tuple[int, str]:
    answer = client.get(address, base_url="https://localhost")
    return answer.status_code, answer.get_data(as_text=True)


def entries(node: Node) -> int:
    with node.database.session() as session:
        return int(session.execute(text("SELECT count(*) FROM log_entry")).scalar_one())


def test_before_anything_was_asked_the_pages_say_so(visit: Visit, family: Family) -> None:
    status, page = get(visit(family.mother), "/statistics")
    assert status == 200
    assert "There is no such plan at the moment." in page
    assert "/statistics" in get(visit(family.mother), "/")[1]


@pytest.fixture
def reported(family: Family, count: Count, look: Callable[[], None]) -> str:
    round_id = count.announce()
    look()
    return round_id


def post(client: FlaskClient, learner: UUID, digest: str | None = None) -> tuple[int, str]:
    _, page = get(client, "/statistics")
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    address = ADDRESS.format(learner) if digest is None else f"/learners/{learner}/statistics/{digest}"
    answer = client.post(address, data={"csrf_token": token}, base_url="https://localhost")
    return answer.status_code, answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("locale", "words"), [("en", "See what is read"), ("ja", "見る内容を開く"), ("plain", "何を見るか開く")]
)
def test_a_family_reads_the_plan_in_its_language(
    visit: Visit, family: Family, reported: str, locale: str, words: str
) -> None:
    status, page = get(visit(family.mother, locale=locale), "/statistics")
    assert status == 200
    assert words in page
    said = PLAN.families.in_language(locale)
    assert said[:4] in page or "《" in said[:20]


def test_a_family_opens_what_is_read_of_its_child_and_that_is_logged(
    visit: Visit, family: Family, reported: str, jobs_node: Node
) -> None:
    client = visit(family.mother)
    before = entries(jobs_node)
    status, page = post(client, family.child)
    assert status == 200
    for said in ("Elementary grade 5", "Female", ">33<", "adds one to the number"):
        assert said in page, said
    assert entries(jobs_node) == before + 1
    with jobs_node.database.session() as session:
        about = session.scalars(text("SELECT learner_id FROM log_entry")).all()
    assert about.count(family.child) == 1


def test_days_that_came_from_an_earlier_school_stand_beside_and_are_logged_too(
    visit: Visit, family: Family, reported: str, jobs_node: Node, records: Records
) -> None:
    case = records.arrived(family.child, family.school)
    records.received(family.child, case, (("B113200000011", SigningKey.generate()),), 9)
    records.commit()
    before = entries(jobs_node)
    _, page = post(visit(family.mother), family.child)
    assert "Days not at school, written by the school before" in page
    assert ">42<" in page
    assert entries(jobs_node) == before + 2


def test_nobody_else_opens_it_and_the_attempt_is_logged(
    visit: Visit, family: Family, reported: str, jobs_node: Node
) -> None:
    stranger = visit(family.stranger)
    before = entries(jobs_node)
    _, own = get(stranger, "/statistics")
    assert str(family.child) not in own
    token = own.split('data-token="')[1].split('"')[0]
    answer = stranger.post(
        ADDRESS.format(family.child), data={"csrf_token": token}, base_url="https://localhost"
    )  # fmt: skip
    assert answer.status_code == 404
    assert "33" not in answer.get_data(as_text=True).split("<main")[1].split("</main")[0]
    assert entries(jobs_node) == before + 1


def test_an_unknown_plan_is_nothing(visit: Visit, family: Family, reported: str) -> None:
    assert post(visit(family.mother), family.child, "00" * 32)[0] == 404


def test_a_child_that_was_elsewhere_is_not_looked_at(
    visit: Visit, family: Family, reported: str, records: Records
) -> None:
    records.left(family.child, family.school, date(2025, 12, 25))
    records.commit()
    _, page = get(visit(family.mother), "/statistics")
    assert "Was not enrolled at a school of this service" in page
    assert "See what is read" not in page


@pytest.mark.parametrize("office", ["officer", "operator"])
def test_boards_and_operators_see_rounds_without_figures(
    visit: Visit, family: Family, reported: str, office: str
) -> None:
    status, page = get(visit(getattr(family, office), AccountKind.STAFF), "/statistics/rounds")
    assert status == 200
    assert "Both servers have it" in page
    assert reported in page
    assert page.count("has signed for it") == 2


def test_a_teacher_sees_no_rounds(visit: Visit, family: Family, reported: str) -> None:
    assert get(visit(family.teacher, AccountKind.STAFF), "/statistics/rounds")[0] == 403
    assert get(visit(family.mother), "/statistics/rounds")[0] in (303, 403)


def test_a_problem_stands_with_its_remedy(
    visit: Visit, family: Family, count: Count, look: Callable[[], None], records: Records
) -> None:
    records.session.execute(text("UPDATE learner SET revision = revision + 1"))
    records.commit()
    count.announce()
    look()
    _, page = get(visit(family.operator, AccountKind.STAFF), "/statistics/rounds")
    assert "Something is in the way" in page
    assert "cannot be counted" in page
    assert "Restore the record from a backup" in page
