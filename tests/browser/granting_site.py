"""A node for the browser with a family whose child changes schools, and the school that asks in the registry."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID, uuid4

from flask import Flask
from werkzeug.serving import make_server

from consent.policy.loader import shipped_policy
from pds.app import make_node_app
from pds.node import Node
from pds.participants.service import install
from pds.settings import read_settings
from tests.factories.node import NOW, World
from tests.factories.sharing import Home, settle_home, sign_registry
from tests.integration.conftest import Cluster
from trust.keyring import FileKeyring
from web.accounts.models import AccountKind
from web.database import Database


@dataclass(frozen=True)
class GrantingSite:
    """Where the node is served, the family in it, and the session token of each of them."""

    url: str
    node: Node
    home: Home
    tokens: dict[str, str]


@contextmanager
def open_granting_site(cluster: Cluster, folder: Path) -> Iterator[GrantingSite]:
    """Serve a node over the loopback in which a school asks for a child's records."""
    name, port = f"granting_{os.getpid()}_{uuid4().hex[:6]}", _free_port()
    cluster.create(name, "template_manabi")
    registrar = folder / "registrar.jwks.json"
    registry = sign_registry(registrar)
    settings = read_settings(
        {
            "MANABI_NODE_ID": "mirai.test",
            "MANABI_OPERATOR": "みらい市教育委員会",
            "MANABI_CONTACT": "教育総務課 000-000-0000",
            "MANABI_PUBLIC_URL": f"http://localhost:{port}",
            "MANABI_DATABASE_URL": cluster.server.url("manabi_app", name),
            "MANABI_JOBS_DATABASE_URL": cluster.server.url("manabi_jobs", name),
            "MANABI_KEYRING": str(folder / "keyring"),
            "MANABI_UPLOADS": str(folder / "uploads"),
            "MANABI_BROKER_URL": "filesystem://",
            "MANABI_BROKER_FOLDER": str(folder / "broker"),
            "MANABI_REGISTRAR_KEY": str(registrar),
            "MANABI_SYNTHETIC": "on",
        }
    )
    with ExitStack() as stack:
        stack.callback(cluster.drop, name)
        keyring = stack.enter_context(closing(FileKeyring.create(settings.keyring, settings.node_id)))
        database = stack.enter_context(closing(Database(settings.database_url)))
        jobs_database = stack.enter_context(closing(Database(settings.jobs_database_url)))
        node = Node(settings, database, keyring, shipped_policy(), lambda: NOW)
        worker = replace(node, database=jobs_database)
        with jobs_database.session() as session, database.session() as accounts:
            world = World(worker, session, accounts)
            install(session, worker, registry, NOW)
            home = settle_home(world)
            tokens = {name: world.signed_in(person, kind) for name, person, kind in _people(home)}
            world.commit()
        stack.enter_context(_served(make_node_app(node), port))
        yield GrantingSite(settings.public_url, node, home, tokens)


def _people(home: Home) -> list[tuple[str, UUID, AccountKind]]:
    family = [(name, getattr(home, name), AccountKind.FAMILY) for name in ("child", "brother", "mother", "father")]
    staff = [(name, getattr(home, name), AccountKind.STAFF) for name in ("clerk", "colleague")]
    return family + staff


@contextmanager
def _served(app: Flask, port: int) -> Iterator[None]:
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
