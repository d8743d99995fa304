"""A family whose child is about to change schools: mother and father hold authority together, a school asks."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import text

from pds.access_log.reading import SeenEntry, entries_for
from pds.app import make_node_app
from pds.node import Node
from pds.settings import SERVICE_ID
from tests.factories.node import World
from tests.factories.sharing import Home, settle_home
from tests.integration.pds.school_work.browser import Browser
from web.accounts.models import AccountKind
from web.database import Database, bind_context


@pytest.fixture
def world(jobs_node: Node, database: Database) -> Iterator[World]:
    with jobs_node.database.session() as session, database.session() as accounts:
        yield World(jobs_node, session, accounts)


@pytest.fixture
def home(world: World) -> Home:
    return settle_home(world)


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
def forget_step_up(world: World) -> Callable[[], None]:
    """Let everybody's last proof of who they are grow older than five minutes."""

    def age() -> None:
        world.accounts.execute(
            text("UPDATE web_session SET stepped_up_at = :then"), {"then": datetime(2026, 11, 20, 2, 50, tzinfo=UTC)}
        )
        world.commit()

    return age


@pytest.fixture
def log_of(node: Node) -> Callable[[UUID], list[SeenEntry]]:
    """Return the child's chain, newest first."""

    def read(learner: UUID) -> list[SeenEntry]:
        with node.database.session() as session:
            bind_context(session, learners=[learner])
            return list(entries_for(session, node, learner, "child", before=None, limit=200, only=None).entries)

    return read
