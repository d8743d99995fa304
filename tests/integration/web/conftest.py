import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Blueprint, Flask
from flask.testing import FlaskClient
from flask.typing import ResponseReturnValue
from werkzeug.test import TestResponse

from web.accounts.current import require_account
from web.accounts.feature import accounts_feature
from web.accounts.models import AccountKind
from web.accounts.service import issue_code, open_account, set_password
from web.context import ShellSettings
from web.database import Database
from web.routes import declares
from web.shell import Feature, make_app

ORIGIN = "http://localhost:8400"
COOKIE = "__Host-node"
PASSWORD = "correct horse battery"
HTML = "text/html,application/xhtml+xml,*/*;q=0.8"


@dataclass
class TickingClock:
    """A clock that tests move by hand."""

    instant: datetime = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.instant

    def pass_time(self, **parts: float) -> None:
        self.instant += timedelta(**parts)


@pytest.fixture
def clock() -> TickingClock:
    return TickingClock()


def guarded_feature() -> Feature:
    """Pages behind each rule of the accounts."""
    pages = Blueprint("guarded", __name__)

    def show() -> ResponseReturnValue:
        return {"subject": str(require_account().subject)}

    for rule in ("signed_in", "family", "staff", "stepped_up"):
        pages.add_url_rule(
            f"/{rule}", rule, declares(requires=rule, discloses="none")(lambda: show()), methods=["GET", "POST"]
        )
    return Feature(name="guarded", blueprints=(pages,))


@pytest.fixture
def app(database: Database, clock: TickingClock) -> Flask:
    settings = ShellSettings("node", ORIGIN, "みらい市教育委員会", "教育総務課 000-000-0000")
    return make_app(settings, database=database, features=[accounts_feature(), guarded_feature()], clock=clock)


@dataclass
class Visitor:
    """One browser: cookies, the token of the last page, forms and JSON as a page would send them."""

    client: FlaskClient
    token: str = ""
    last: str = field(default="", repr=False)

    def get(self, path: str) -> TestResponse:
        response = self.client.get(path, headers={"Accept": HTML})
        found = re.search(r'name="csrf_token" value="([0-9a-f]+)"|data-token="([0-9a-f]+)"', response.text)
        if found:
            self.token = found[1] or found[2]
        return response

    def post(self, path: str, **form: str) -> TestResponse:
        return self.client.post(path, data={"csrf_token": self.token, **form}, headers={"Accept": HTML})

    def send(self, path: str, body: dict[str, Any]) -> TestResponse:
        return self.client.post(path, json=body, headers={"Accept": "application/json", "X-CSRF-Token": self.token})

    def sign_in(self, name: str, password: str = PASSWORD, **form: str) -> TestResponse:
        self.get("/sign-in")
        return self.post("/sign-in", login_name=name, password=password, **form)

    def session_token(self) -> str | None:
        cookie = self.client.get_cookie(COOKIE, path="/")
        return cookie.value if cookie else None


@pytest.fixture
def new_visitor(app: Flask) -> Callable[[], Visitor]:
    return lambda: Visitor(app.test_client())


@pytest.fixture
def visitor(new_visitor: Callable[[], Visitor]) -> Visitor:
    return new_visitor()


@dataclass
class Office:
    """What an officer or the demo does: opens family accounts, issues codes."""

    database: Database
    clock: TickingClock

    def family(self, login_name: str, password: str = PASSWORD) -> UUID:
        subject = uuid4()
        with self.database.session() as session:
            account_id = open_account(session, subject, AccountKind.FAMILY, self.clock())
            set_password(session, account_id, login_name, password, self.clock())
            session.commit()
        return subject

    def code(self, kind: AccountKind, subject: UUID | None = None) -> str:
        with self.database.session() as session:
            code = issue_code(session, subject or uuid4(), kind, None, self.clock())
            session.commit()
        return code


@pytest.fixture
def office(database: Database, clock: TickingClock) -> Office:
    return Office(database, clock)
