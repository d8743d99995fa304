"""A leader with two releases, asked over HTTP; nothing that is asked changes it."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask.testing import FlaskClient

from aggregator.app import make_aggregator_app
from tests.factories.release import make_release
from tests.integration.aggregator.published import leader_of, open_round, publish
from tests.integration.conftest import Cluster
from web.database import Database

FIRST, SECOND = make_release(11), make_release(12, kind="supplement")


@dataclass(frozen=True)
class Office:
    """The leader's public side, and the digests of what it published, the newest last."""

    web: FlaskClient
    database: Database
    first: str
    second: str


@pytest.fixture(scope="module")
def leader(cluster: Cluster, count_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """The leader's application before anything was published."""
    with leader_of(cluster, count_template, tmp_path_factory.mktemp("leader")) as (server, _):
        yield make_aggregator_app(server).test_client()


@pytest.fixture(scope="module")
def office(cluster: Cluster, count_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The leader with two releases and a round that is being collected."""
    with leader_of(cluster, count_template, tmp_path_factory.mktemp("office")) as (server, jobs):
        with jobs.session() as session:
            first, second = publish(session, FIRST), publish(session, SECOND, days=1)
            open_round(session, make_release(13).round_id, kind="repeat")
            session.commit()
        yield Office(make_aggregator_app(server).test_client(), server.database, first, second)
