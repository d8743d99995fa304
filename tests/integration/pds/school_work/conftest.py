"""One school with two classes and its staff, a second school, the board above both, and the node's operator."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import text, update

from consent.vocabulary import StaffRole
from pds.access_log.reading import SeenEntry, entries_for
from pds.app import make_node_app
from pds.node import Node
from pds.organisations.models import Enrolment
from pds.people.details import Name
from pds.people.models import StaffRole as RoleRow
from pds.settings import SERVICE_ID
from tests.factories.node import EAST, WEST, World
from tests.integration.pds.school_work.browser import Browser
from web.accounts.models import AccountKind
from web.database import Database, bind_context

NOBODY = UUID(int=0)


@dataclass
class Town:
    """Who is who. `pupils` are the children of class 5-1 in the order of their attendance numbers."""

    school: UUID
    other_school: UUID
    first: UUID
    second: UUID
    elsewhere: UUID
    last_year: UUID
    pupils: list[UUID]
    moved: UUID
    stranger: UUID
    mother: UUID
    blocked: UUID
    staff: dict[str, UUID] = field(default_factory=dict)


@pytest.fixture
def world(jobs_node: Node, database: Database) -> Iterator[World]:
    with jobs_node.database.session() as session, database.session() as accounts:
        yield World(jobs_node, session, accounts)


@pytest.fixture
def town(world: World) -> Town:
    school, other = world.school(EAST), world.school(WEST)
    first, second = world.school_class(school), world.school_class(school, name="5年2組")
    elsewhere = world.school_class(other, name="1年1組", grade="J1")
    last_year = world.school_class(school, 2025, "4年1組", "P4")
    names = [
        Name("青木", "蓮", "あおき", "れん"),
        Name("伊藤", "陽葵", "いとう", "ひまり"),
        Name("NGUYEN", "Anh", "グエン", "アン"),
    ]
    pupils = [world.learner(name) for name in names]
    moved, stranger = world.learner(Name("転出", "済", "てんしゅつ", "すみ")), world.learner(Name("余所", "子"))
    for number, learner in enumerate(pupils, start=1):
        sit(world, learner, school, first, number)
    sit(world, moved, school, first, 4, end=date(2026, 9, 30))
    sit(world, stranger, other, elsewhere, 1)
    mother, blocked = world.carer(Name("青木", "恵", "あおき", "めぐみ")), world.carer(Name("青木", "剛"))
    world.care(pupils[0], mother)
    world.care(pupils[0], blocked, blocked=True)
    staff = {
        "teacher": world.staff(StaffRole.TEACHER, school, first),
        "nurse": world.staff(StaffRole.NURSE_TEACHER, school),
        "clerk": world.staff(StaffRole.CLERK, school),
        "principal": world.staff(StaffRole.PRINCIPAL, school),
        "other_clerk": world.staff(StaffRole.CLERK, other),
        "officer": world.staff(StaffRole.BOARD_OFFICER, world.board),
        "operator": world.staff(StaffRole.OPERATOR, world.board),
        "former": world.staff(StaffRole.TEACHER, school, second),
    }
    world.commit()
    end_roles(world, staff["former"], date(2026, 10, 31))
    return Town(school, other, first, second, elsewhere, last_year, pupils, moved, stranger, mother, blocked, staff)


def sit(world: World, learner: UUID, school: UUID, room: UUID, number: int | None, end: date | None = None) -> None:
    """Give a child a place in a class of 2026."""
    world.session.add(
        Enrolment(learner_id=learner, enrolment_id=uuid4(), source_id=str(uuid4()), class_id=room,
                  organisation_id=school, school_year=2026, number=number, begin=date(2026, 4, 1),
                  end=end or date(2027, 3, 31), withdrawn=False, revision=1)
    )  # fmt: skip
    world.session.flush()


def end_roles(world: World, staff: UUID, day: date) -> None:
    """Let every role of somebody end on a day."""
    world.session.execute(update(RoleRow).where(RoleRow.staff_id == staff).values(valid_to=day))
    world.commit()


@pytest.fixture
def app(node: Node) -> Flask:
    return make_node_app(node)


Visit = Callable[[UUID], Browser]


@pytest.fixture
def visit(app: Flask, world: World) -> Visit:
    """Return a browser in which a person has just signed in."""

    def sign_in(person: UUID) -> Browser:
        found = world.session.execute(text("SELECT kind FROM person WHERE person_id = :p"), {"p": person}).scalar_one()
        kind = AccountKind.STAFF if found == "staff" else AccountKind.FAMILY
        client = app.test_client()
        client.environ_base["HTTP_ACCEPT"] = "text/html"
        client.set_cookie(f"__Host-{SERVICE_ID}", world.signed_in(person, kind), domain="localhost", secure=True)
        world.commit()
        return Browser(client)

    return sign_in


@pytest.fixture
def log_of(node: Node) -> Callable[[UUID | None], list[SeenEntry]]:
    """Return the child's chain, newest first, or the node's."""

    def read(learner: UUID | None) -> list[SeenEntry]:
        subject, chain = (NOBODY, "node") if learner is None else (learner, "child")
        with node.database.session() as session:
            bind_context(session, learners=[subject])
            return list(entries_for(session, node, subject, chain, before=None, limit=50).entries)

    return read
