"""A node of its own for pages: database, keyring and folder, served over the loopback, all gone afterwards."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

from flask import Flask
from werkzeug.serving import make_server

from consent.policy.loader import shipped_policy
from pds.node import Node
from pds.settings import read_settings
from tests.factories.node import NOW, World
from tests.integration.conftest import Cluster
from trust.keyring import FileKeyring
from web.database import Database


@dataclass(frozen=True)
class OpenNode:
    """A node as its web process and as its worker see it, and the port it is to be served at."""

    web: Node
    worker: Node
    port: int

    @contextmanager
    def world(self) -> Iterator[World]:
        """Open sessions of both roles to put people and records in."""
        with self.worker.database.session() as session, self.web.database.session() as accounts:
            yield World(self.worker, session, accounts)


@contextmanager
def open_node(cluster: Cluster, folder: Path, name: str, **more: str) -> Iterator[OpenNode]:
    """Open a new node of the municipality of the tests; `more` are further settings."""
    database_name, port = f"{name}_{os.getpid()}_{uuid4().hex[:6]}", free_port()
    cluster.create(database_name)
    settings = read_settings(
        {
            "MANABI_NODE_ID": "mirai.test",
            "MANABI_OPERATOR": "みらい市教育委員会",
            "MANABI_CONTACT": "教育総務課 000-000-0000",
            "MANABI_PUBLIC_URL": f"http://localhost:{port}",
            "MANABI_DATABASE_URL": cluster.server.url("manabi_app", database_name),
            "MANABI_JOBS_DATABASE_URL": cluster.server.url("manabi_jobs", database_name),
            "MANABI_KEYRING": str(folder / "keyring"),
            "MANABI_UPLOADS": str(folder / "uploads"),
            "MANABI_BROKER_URL": "filesystem://",
            "MANABI_BROKER_FOLDER": str(folder / "broker"),
            "MANABI_SYNTHETIC": "on",
            **more,
        }
    )
    try:
        with (
            closing(FileKeyring.create(settings.keyring, settings.node_id)) as keyring,
            closing(Database(settings.database_url)) as database,
            closing(Database(settings.jobs_database_url)) as jobs_database,
        ):
            web = Node(settings, database, keyring, shipped_policy(), lambda: NOW)
            yield OpenNode(web, replace(web, database=jobs_database), port)
    finally:
        cluster.drop(database_name)


@contextmanager
def served(app: Flask, port: int) -> Iterator[None]:
    """Serve an application on the loopback."""
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def free_port() -> int:
    """Return a port of the loopback that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
