"""Databases of the servers of the national count, each made from a template that is migrated once; a pair of them."""

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from aggregator.settings import Role
from manabi import embedded
from tests.integration.aggregator.servers import Pair, introduce, make_server
from tests.integration.conftest import Address, Cluster
from trust.keyring import FileKeyring
from web.database import Database
from web.migrate import upgrade

COUNT_PACKAGES = ("web", "aggregator")
_TEMPLATE = "template_count"


@pytest.fixture(scope="session")
def count_template(cluster: Cluster) -> str:
    """The name of a migrated, empty database."""
    embedded.run_sql(cluster.server, f"CREATE DATABASE {_TEMPLATE} OWNER manabi_owner")
    upgrade(cluster.server.url("manabi_owner", _TEMPLATE), COUNT_PACKAGES)
    cluster.reuse(_TEMPLATE)
    return _TEMPLATE


@pytest.fixture
def address(cluster: Cluster, count_template: str) -> Iterator[Address]:
    """One server's own database."""
    name = f"count_{os.getpid()}_{uuid4().hex[:8]}"
    cluster.create(name, count_template)
    yield Address(cluster.server, name)
    cluster.drop(name)


@pytest.fixture
def helper_address(cluster: Cluster, count_template: str) -> Iterator[Address]:
    """The other server's own database."""
    name = f"count_{os.getpid()}_{uuid4().hex[:8]}"
    cluster.create(name, count_template)
    yield Address(cluster.server, name)
    cluster.drop(name)


@pytest.fixture
def pair(address: Address, helper_address: Address, database: Database, tmp_path: Path) -> Iterator[Pair]:
    """Leader and helper as their web processes see them, each in the other's registry."""
    other = Database(helper_address.url("manabi_app"))
    leader = make_server(tmp_path, address, database, "leader.demo", Role.LEADER)
    helper = make_server(tmp_path, helper_address, other, "helper.demo", Role.HELPER)
    yield Pair(leader, helper, introduce(tmp_path, leader, helper))
    for server in (leader, helper):
        if isinstance(server.keyring, FileKeyring):
            server.keyring.close()
    other.close()
