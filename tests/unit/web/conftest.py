from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.unit.web.showcase import NOW, showcase_feature
from web.context import ShellSettings
from web.database import Database
from web.shell import make_app

SETTINGS = ShellSettings(
    service_id="showcase",
    public_url="http://localhost:8400",
    operator="みらい市教育委員会",
    contact="教育総務課 000-000-0000",
)


@pytest.fixture
def app() -> Iterator[Flask]:
    """A service without a database: its engine would connect at first use, and nothing here uses it."""
    database = Database("postgresql+psycopg://nobody@/nowhere")
    yield make_app(SETTINGS, database=database, features=[showcase_feature()], clock=lambda: NOW)
    database.close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def browser(app: Flask) -> FlaskClient:
    """A client that asks for pages, as a person's browser does."""
    client = app.test_client()
    client.environ_base["HTTP_ACCEPT"] = "text/html,application/xhtml+xml,*/*;q=0.8"
    return client
