"""Two nodes that know each other by a registry, for benches: the sender serves in earnest, the receiver is at hand."""

import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

from consent.policy.loader import shipped_policy
from manabi import embedded
from manabi.demo.folder import choose_ports
from manabi.demo.processes import Child
from manabi.joining import make_join_request
from manabi.registrar import Registrar
from pds.node import Node
from pds.settings import NodeSettings, read_settings
from pds.startup import PACKAGES
from trust.errors import N_, ManabiError
from trust.keyring import FileKeyring
from web.clock import system_clock
from web.database import Database
from web.migrate import upgrade
from web.participants.service import install

BASE_PORT: Final = 8520
_PATIENCE: Final = 60.0
_LOOK_AGAIN: Final = 0.1


class NotServing(ManabiError):
    """A node of the bench does not answer."""

    code = "bench.not_serving"
    status = 500
    title = N_("The node of the bench did not answer within %(seconds)s seconds.")
    remedy = N_("Run `manabi node serve` by hand and look at what it says.")


@dataclass(frozen=True, slots=True)
class Town:
    """One node: its environment for processes, and the node in the owner's role, for stocking it."""

    environment: Mapping[str, str]
    settings: NodeSettings
    owner: Node
    jobs: Node


@contextmanager
def two_towns() -> Iterator[tuple[Town, Town, Registrar, Path]]:
    """Lay two nodes in one database server; nobody knows anybody yet. Everything is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="manabi-bench-") as temporary, ExitStack() as stack:
        folder = Path(temporary).resolve()
        server = embedded.start(folder / "postgres")
        stack.callback(embedded.remove, folder / "postgres")
        embedded.run_sql(server, (files("web") / "migrations" / "roles.sql").read_text())
        registrar = Registrar.create(folder / "registrar", now=system_clock())
        port = choose_ports(BASE_PORT)
        sender = _lay(server, folder, "sender", port, registrar, stack)
        receiver = _lay(server, folder, "receiver", port + 1, registrar, stack)
        yield sender, receiver, registrar, folder


def introduce(registrar: Registrar, *towns: Town) -> None:
    """Admit the nodes with the schools they hold by now, and install the registry at each."""
    now = system_clock()
    for town in towns:
        with town.jobs.database.session() as session:
            registrar.admit(make_join_request(session, town.jobs, now), now=now)
    for town in towns:
        with town.jobs.database.session() as session:
            install(session, town.jobs, registrar.document.read_text().strip(), now)
            session.commit()


@contextmanager
def serving(town: Town, folder: Path) -> Iterator[Child]:
    """Serve a node with its own processes while the context lasts."""
    url = town.settings.public_url
    bind = f"127.0.0.1:{url.rpartition(':')[2]}"
    child = Child("web", ["node", "serve", "--bind", bind], town.environment, folder / "web.log")
    child.start()
    try:
        _wait(url)
        yield child
    finally:
        child.stop()


def _lay(
    server: embedded.EmbeddedServer, folder: Path, name: str, port: int, registrar: Registrar, stack: ExitStack
) -> Town:
    embedded.run_sql(server, f"CREATE DATABASE {name} OWNER manabi_owner")
    upgrade(server.url("manabi_owner", name), PACKAGES)
    (folder / name).mkdir()
    environment = {
        "MANABI_NODE_ID": f"{name}.bench", "MANABI_OPERATOR": "bench", "MANABI_CONTACT": "bench",
        "MANABI_PUBLIC_URL": f"http://localhost:{port}", "MANABI_DATABASE_URL": server.url("manabi_app", name),
        "MANABI_JOBS_DATABASE_URL": server.url("manabi_jobs", name), "MANABI_KEYRING": str(folder / name / "keyring"),
        "MANABI_UPLOADS": str(folder / name), "MANABI_BROKER_URL": "memory://", "MANABI_SYNTHETIC": "on",
        "MANABI_REGISTRAR_KEY": str(registrar.public_keys), "MANABI_POLL_SECONDS": "1",
        "MANABI_POLL_INTERVAL_SECONDS": "1",
    }  # fmt: skip
    settings = read_settings(environment)
    keyring = stack.enter_context(closing(FileKeyring.create(settings.keyring, settings.node_id)))
    owner = stack.enter_context(closing(Database(server.url("manabi_owner", name))))
    jobs = stack.enter_context(closing(Database(settings.jobs_database_url)))
    policy = shipped_policy()
    return Town(
        environment,
        settings,
        Node(settings, owner, keyring, policy, system_clock),
        Node(settings, jobs, keyring, policy, system_clock),
    )


def _wait(url: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            urllib.request.urlopen(f"{url}/health/live", timeout=5).close()  # noqa: S310 — our own address
            return
        except (urllib.error.URLError, OSError):
            if time.monotonic() > deadline:
                raise NotServing(seconds=int(_PATIENCE)) from None
            time.sleep(_LOOK_AGAIN)
