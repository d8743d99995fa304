"""One family of a node, as the pages and the interface of look back meet it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from consent.vocabulary import Category, StaffRole
from pds.access_log.sequencer import Sequencer
from pds.app import make_node_app
from pds.node import Node
from pds.settings import SERVICE_ID
from tests.factories import bodies
from tests.factories.node import NOW, World
from web.accounts.models import AccountKind
from web.database import Database

Visit = Callable[[UUID], FlaskClient]


@dataclass(frozen=True)
class Family:
    """A child in the sixth grade with five years of records, her mother, a blocked father, a stranger, a teacher."""

    child: UUID
    mother: UUID
    blocked: UUID
    stranger: UUID
    teacher: UUID
    guidance: UUID
    health: UUID
    enrolment: UUID
    attendance: UUID


@pytest.fixture
def world(jobs_node: Node, database: Database) -> Iterator[World]:
    with jobs_node.database.session() as session, database.session() as accounts:
        yield World(jobs_node, session, accounts)


@pytest.fixture
def family(world: World) -> Family:
    school = world.school()
    homeroom = world.school_class(school, name="6年1組", grade="P6")
    child, mother, blocked, stranger = world.learner(), world.carer(), world.carer(), world.carer()
    world.care(child, mother)
    world.care(child, blocked, blocked=True)
    world.enrol(child, school, homeroom)
    teacher = world.staff(StaffRole.TEACHER, school, homeroom)
    corrected = [bodies.health_check(height=14.82), bodies.health_check(height=148.2)]
    found = Family(
        child,
        mother,
        blocked,
        stranger,
        teacher,
        guidance=world.record(child, school, Category.GUIDANCE, [bodies.guidance()], school_year=2025),
        health=world.record(child, school, Category.HEALTH_CHECK, corrected),
        enrolment=world.record(child, school, Category.ENROLMENT, [bodies.enrolment()], school_year=2021),
        attendance=world.record(child, school, Category.ATTENDANCE_DAILY, [bodies.attendance_daily()]),
    )
    world.commit()
    return found


@pytest.fixture
def app(node: Node) -> Flask:
    return make_node_app(node)


@pytest.fixture
def visit(app: Flask, world: World) -> Visit:
    """Return a browser in which a person is signed in."""

    def sign_in(person: UUID) -> FlaskClient:
        kind = _kind_of(world, person)
        client = app.test_client()
        client.environ_base["HTTP_ACCEPT"] = "text/html"
        client.set_cookie(f"__Host-{SERVICE_ID}", world.signed_in(person, kind), domain="localhost", secure=True)
        world.commit()
        return client

    return sign_in


@pytest.fixture
def call(visit: Visit) -> Visit:
    """Return a program that is signed in as a person and asks for JSON."""

    def sign_in(person: UUID) -> FlaskClient:
        client = visit(person)
        client.environ_base["HTTP_ACCEPT"] = "application/json"
        return client

    return sign_in


@pytest.fixture
def sequence(jobs_node: Node) -> Callable[[], int]:
    """Let the sequencer make one pass."""
    return lambda: Sequencer(jobs_node).run_once(NOW)


def _kind_of(world: World, person: UUID) -> AccountKind:
    kind = world.session.execute(text("SELECT kind FROM person WHERE person_id = :p"), {"p": person}).scalar_one()
    return AccountKind.STAFF if kind == "staff" else AccountKind.FAMILY
