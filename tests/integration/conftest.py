"""A real PostgreSQL per test run, migrated once as a template; each test that asks gets a database of its own."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from argon2 import PasswordHasher

from consent.policy.loader import shipped_policy
from manabi import embedded
from pds.node import Node
from pds.settings import NodeSettings, read_settings
from trust.keyring import FileKeyring
from web.accounts import passwords
from web.database import Database
from web.migrate import upgrade

PACKAGES = ("web", "pds")
NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
ROLES = Path("web/migrations/roles.sql")


@dataclass(frozen=True)
class Cluster:
    """The server of this test run, and how to make a database in it."""

    server: embedded.EmbeddedServer

    def create(self, name: str, template: str) -> None:
        embedded.run_sql(
            self.server, f'CREATE DATABASE "{name}" TEMPLATE "{template}" OWNER manabi_owner STRATEGY file_copy'
        )

    def drop(self, name: str) -> None:
        embedded.run_sql(self.server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@dataclass(frozen=True)
class Address:
    """One database and the address of it for every role."""

    server: embedded.EmbeddedServer
    name: str

    def url(self, role: str) -> str:
        return self.server.url(role, self.name)


@pytest.fixture(autouse=True, scope="package")
def light_password_hashes() -> Iterator[None]:
    """Passwords of tests are hashed with little memory; the parameters in use have a test of their own."""
    light = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", light)
        patch.setattr(passwords, "_NOBODY", light.hash("nobody"))
        yield


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    folder = Path(tempfile.mkdtemp(prefix="manabi-test-"))
    server = embedded.start(folder, durable=False)
    try:
        embedded.run_sql(server, ROLES.read_text())
        embedded.run_sql(server, "CREATE DATABASE template_manabi OWNER manabi_owner")
        upgrade(server.url("manabi_owner", "template_manabi"), PACKAGES)
        yield Cluster(server)
    finally:
        embedded.remove(folder)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def address(cluster: Cluster) -> Iterator[Address]:
    name = f"test_{os.getpid()}_{uuid4().hex[:8]}"
    cluster.create(name, "template_manabi")
    yield Address(cluster.server, name)
    cluster.drop(name)


@pytest.fixture
def database(address: Address) -> Iterator[Database]:
    """The application role: bound by row-level security."""
    opened = Database(address.url("manabi_app"))
    yield opened
    opened.close()


@pytest.fixture
def jobs_database(address: Address) -> Iterator[Database]:
    """The role of background work."""
    opened = Database(address.url("manabi_jobs"))
    yield opened
    opened.close()


@pytest.fixture
def settings(address: Address, tmp_path: Path) -> NodeSettings:
    (tmp_path / "uploads").mkdir()
    return read_settings(
        {
            "MANABI_NODE_ID": "test.node",
            "MANABI_OPERATOR": "みらい市教育委員会",
            "MANABI_CONTACT": "教育総務課 000-000-0000",
            "MANABI_PUBLIC_URL": "http://localhost:8400",
            "MANABI_DATABASE_URL": address.url("manabi_app"),
            "MANABI_JOBS_DATABASE_URL": address.url("manabi_jobs"),
            "MANABI_KEYRING": str(tmp_path / "keyring"),
            "MANABI_UPLOADS": str(tmp_path / "uploads"),
            "MANABI_BROKER_URL": "filesystem://",
            "MANABI_BROKER_FOLDER": str(tmp_path / "broker"),
            "MANABI_SYNTHETIC": "on",
        }
    )


@pytest.fixture
def keyring(settings: NodeSettings) -> Iterator[FileKeyring]:
    opened = FileKeyring.create(settings.keyring, settings.node_id)
    yield opened
    opened.close()


@pytest.fixture
def node(settings: NodeSettings, database: Database, keyring: FileKeyring) -> Node:
    """The node as a web process sees it."""
    return Node(settings, database, keyring, shipped_policy(), lambda: NOW)


@pytest.fixture
def jobs_node(settings: NodeSettings, jobs_database: Database, keyring: FileKeyring) -> Node:
    """The node as its worker sees it."""
    return Node(settings, jobs_database, keyring, shipped_policy(), lambda: NOW)
