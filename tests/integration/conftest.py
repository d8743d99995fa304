"""A real PostgreSQL per test run, migrated once as a template; each test that asks gets a database of its own."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from argon2 import PasswordHasher

from consent.policy.loader import shipped_policy
from manabi import embedded
from pds.node import Node
from pds.settings import NodeSettings, read_settings
from tests.factories.kept_templates import keep_templates
from trust.keyring import FileKeyring
from web.accounts import passwords
from web.database import Database
from web.migrate import upgrade

PACKAGES = ("web", "pds")
NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
ROLES = Path("web/migrations/roles.sql")


_TEMPLATE = "template_manabi"
_SHAPE = """
    SELECT md5(string_agg(concat_ws('/', c.relname, c.relkind, c.relacl, a.attname, a.atttypid), ','
           ORDER BY c.relname, a.attnum)),
           (SELECT count(*) FROM pg_policy), (SELECT count(*) FROM pg_proc), (SELECT count(*) FROM pg_db_role_setting d
            JOIN pg_database b ON b.oid = d.setdatabase WHERE b.datname = current_database())
    FROM (SELECT relname, relkind, relacl, oid FROM pg_class WHERE relnamespace = 'public'::regnamespace) c
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
"""
_EMPTY = """
    DO $$
    DECLARE one record; found boolean;
    BEGIN
      SET LOCAL session_replication_role = replica;
      FOR one IN SELECT oid, oid::regclass AS name FROM pg_class
        WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'
      LOOP
        IF pg_relation_size(one.oid) > 500000 THEN
          EXECUTE format('TRUNCATE %s CASCADE', one.name);
        ELSE
          EXECUTE format('SELECT EXISTS (SELECT FROM %s)', one.name) INTO found;
          IF found THEN EXECUTE format('DELETE FROM %s', one.name); END IF;
        END IF;
      END LOOP;
      FOR one IN SELECT oid::regclass AS name FROM pg_class WHERE relkind = 'S' LOOP
        EXECUTE format('ALTER SEQUENCE %s RESTART', one.name);
      END LOOP;
    END $$
"""


class Cluster:
    """The server of this test run, and how to have a database in it.

    Making a database costs ten times what emptying one does, so those that were given back in good shape are emptied
    and handed out again under another name.
    """

    def __init__(self, server: embedded.EmbeddedServer) -> None:
        self.server = server
        self._admin = self._connect("postgres")
        self._shapes: dict[str, object] = {}
        self._emptied: dict[str, list[str]] = {}
        self._made_from: dict[str, str] = {}
        self.reuse(_TEMPLATE)

    def reuse(self, template: str) -> None:
        """Say that a template is migrated and empty, so that databases made from it may be emptied and used again."""
        self._shapes[template] = self._read_shape(template)
        self._emptied[template] = []

    def create(self, name: str, template: str = _TEMPLATE) -> None:
        self._made_from[name] = template
        if self._emptied.get(template):
            self._admin.execute(f'ALTER DATABASE "{self._emptied[template].pop()}" RENAME TO "{name}"'.encode())
            return
        self._admin.execute(
            f'CREATE DATABASE "{name}" TEMPLATE "{template}" OWNER manabi_owner STRATEGY file_copy'.encode()
        )

    def drop(self, name: str) -> None:
        template = self._made_from.pop(name, "")
        if template in self._shapes and self._is_alone(name) and self._empty(name, template):
            emptied = f"emptied_{uuid4().hex}"
            self._admin.execute(f'ALTER DATABASE "{name}" RENAME TO "{emptied}"'.encode())
            self._emptied[template].append(emptied)
            return
        self._admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())

    def close(self) -> None:
        self._admin.close()

    def _is_alone(self, name: str) -> bool:
        there = self._admin.execute("SELECT count(*) FROM pg_database WHERE datname = %s", [name]).fetchone()
        busy = self._admin.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = %s", [name]).fetchone()
        return there == (1,) and busy == (0,)

    def _empty(self, name: str, template: str) -> bool:
        """Empty every table, unless the schema is not what the migrations made."""
        if self._read_shape(name) != self._shapes[template]:
            return False
        with self._connect(name) as inside:
            inside.execute(_EMPTY.encode())
        return True

    def _read_shape(self, name: str) -> object:
        with self._connect(name) as inside:
            return inside.execute(_SHAPE.encode()).fetchone()

    def _connect(self, name: str) -> psycopg.Connection:
        return psycopg.connect(f"host={self.server.sockets} user=postgres dbname={name}", autocommit=True)


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


@pytest.fixture(autouse=True, scope="session")
def kept_templates() -> Iterator[None]:
    """Pages are compiled once per process; that cost a page's test a tenth of a second."""
    with keep_templates():
        yield


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    folder = Path(tempfile.mkdtemp(prefix="manabi-test-"))
    server = embedded.start(folder, durable=False)
    try:
        embedded.run_sql(server, ROLES.read_text())
        embedded.run_sql(server, "CREATE DATABASE template_manabi OWNER manabi_owner")
        upgrade(server.url("manabi_owner", "template_manabi"), PACKAGES)
        running = Cluster(server)
        yield running
        running.close()
    finally:
        embedded.remove(folder)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def address(cluster: Cluster) -> Iterator[Address]:
    name = f"test_{os.getpid()}_{uuid4().hex[:8]}"
    cluster.create(name)
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
