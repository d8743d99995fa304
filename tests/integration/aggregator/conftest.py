"""Databases of a server of the national count, each made from a template that is migrated once."""

import os
from collections.abc import Iterator
from uuid import uuid4

import pytest

from manabi import embedded
from tests.integration.conftest import Address, Cluster
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
