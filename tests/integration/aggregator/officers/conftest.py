"""The leader's pages with three officials: a planner and two officers, each in a browser of their own."""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, text

from aggregator.officers import service
from aggregator.officers.feature import officers_feature
from aggregator.officers.models import Officer
from aggregator.officers.service import OfficerRole
from aggregator.pages.feature import pages_feature
from aggregator.rounds.feature import rounds_feature
from aggregator.server import Aggregator, Role
from tests.integration.aggregator.servers import introduce, make_server
from tests.integration.conftest import NOW, Address
from tests.integration.pds.school_work.browser import Browser
from trust.keyring import FileKeyring
from web.accounts.feature import accounts_feature
from web.accounts.models import Account
from web.accounts.sessions import open_session
from web.context import ShellSettings
from web.database import Database
from web.shell import make_app

SERVICE = "manabi-aggregator"
OFFICIALS = {
    "planner": ("計画 花子", OfficerRole.PLANNER),
    "first": ("統計 一郎", OfficerRole.OFFICER),
    "second": ("統計 二子", OfficerRole.OFFICER),
    "operator": ("運用 三郎", OfficerRole.OPERATOR),
}

Visit = Callable[[str], Browser]


@pytest.fixture
def leader(address: Address, database: Database, tmp_path: Path) -> Iterator[Aggregator]:
    """The leader as its web process sees it; the desk never calls the helper itself."""
    server = make_server(tmp_path, address, database, "leader.demo", Role.LEADER)
    introduce(tmp_path, server)
    yield server
    if isinstance(server.keyring, FileKeyring):
        server.keyring.close()


@pytest.fixture
def app(leader: Aggregator) -> Flask:
    return make_app(
        ShellSettings(SERVICE, leader.settings.public_url, leader.settings.operator, leader.settings.contact),
        database=leader.database,
        features=[accounts_feature(), pages_feature(), rounds_feature(leader), officers_feature()],
        clock=leader.clock,
    )


@pytest.fixture
def officials(jobs_database: Database) -> dict[str, UUID]:
    with jobs_database.session() as session:
        for name, role in OFFICIALS.values():
            service.invite(session, name, role, NOW)
        session.commit()
        found = {row.name: row.officer_id for row in session.execute(select(Officer)).scalars()}
    return {key: found[name] for key, (name, _) in OFFICIALS.items()}


@pytest.fixture
def visit(app: Flask, database: Database, officials: dict[str, UUID]) -> Visit:
    """Return a browser in which an official has just signed in."""

    def sign_in(who: str) -> Browser:
        client = app.test_client()
        client.environ_base["HTTP_ACCEPT"] = "text/html"
        with database.session() as session:
            account = session.execute(select(Account.account_id).where(Account.subject == officials[who])).scalar_one()
            token = open_session(session, account, shared_device=False, device="test", now=NOW)
            session.commit()
        client.set_cookie(f"__Host-{SERVICE}", token, domain="localhost", secure=True)
        return Browser(client)

    return sign_in


@pytest.fixture
def grow_stale(database: Database) -> Callable[[], None]:
    """Let everybody's last proof of who they are be ten minutes old."""

    def age() -> None:
        with database.session() as session:
            session.execute(text("UPDATE web_session SET stepped_up_at = stepped_up_at - interval '10 minutes'"))
            session.commit()

    return age
