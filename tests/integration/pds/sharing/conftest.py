"""One database per test module: families are made afresh, the school and its people stay."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from consent.policy.loader import shipped_policy
from pds.node import Node
from pds.settings import NodeSettings, read_settings
from tests.factories.node import World
from tests.integration.conftest import NOW, Address, Cluster
from tests.integration.pds.sharing.town import Town, settle_town
from trust.keyring import FileKeyring
from web.database import Database


@pytest.fixture(scope="module")
def town_address(cluster: Cluster) -> Iterator[Address]:
    name = f"town_{os.getpid()}_{uuid4().hex[:8]}"
    cluster.create(name, "template_manabi")
    yield Address(cluster.server, name)
    cluster.drop(name)


@pytest.fixture(scope="module")
def town_settings(town_address: Address, tmp_path_factory: pytest.TempPathFactory) -> NodeSettings:
    folder: Path = tmp_path_factory.mktemp("town")
    (folder / "uploads").mkdir()
    return read_settings(
        {
            "MANABI_NODE_ID": "test.node",
            "MANABI_OPERATOR": "みらい市教育委員会",
            "MANABI_CONTACT": "教育総務課 000-000-0000",
            "MANABI_PUBLIC_URL": "http://localhost:8400",
            "MANABI_DATABASE_URL": town_address.url("manabi_app"),
            "MANABI_JOBS_DATABASE_URL": town_address.url("manabi_jobs"),
            "MANABI_KEYRING": str(folder / "keyring"),
            "MANABI_UPLOADS": str(folder / "uploads"),
            "MANABI_BROKER_URL": "memory://",
            "MANABI_SYNTHETIC": "on",
        }
    )


@pytest.fixture(scope="module")
def town(town_address: Address, town_settings: NodeSettings) -> Iterator[Town]:
    app, jobs = Database(town_address.url("manabi_app"), pool_size=8), Database(town_address.url("manabi_jobs"))
    keyring = FileKeyring.create(town_settings.keyring, town_settings.node_id)
    node = Node(town_settings, app, keyring, shipped_policy(), lambda: NOW)
    behind = replace(node, database=jobs)
    with jobs.session() as session, app.session() as accounts:
        yield settle_town(node, behind, World(behind, session, accounts))
    keyring.close()
    app.close()
    jobs.close()
