"""Runs the demo's services here: one database server, a web process and a worker for each; restarts what dies."""

import os
import signal
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from aggregator.startup import PACKAGES as COUNT_PACKAGES
from manabi import embedded
from manabi.demo import stock
from manabi.demo.folder import DemoFolder, Holding, NodeFolder, choose_ports
from manabi.demo.membership import join, open_registrar
from manabi.demo.national import CountingServer, Fleet
from manabi.demo.nodes import LEADER, NODES, SERVERS, DemoNode, DemoServer, Service
from manabi.demo.processes import Child
from pds.settings import read_settings
from pds.startup import PACKAGES
from trust.errors import N_, ManabiError
from trust.keyring import FileKeyring
from web.migrate import upgrade

_READY_SECONDS = 60
_ROLES = Path(__file__).parents[2] / "web" / "migrations" / "roles.sql"


class ServiceFailed(ManabiError):
    """A service of the demo did not come up."""

    code = "demo.service_failed"
    status = 500
    title = N_("The service %(name)s did not start.")
    remedy = N_("Its log %(log)s says why. `manabi demo --fresh` starts over.")


class DemoStopped(ManabiError):
    """Somebody stopped the demo before it was ready."""

    code = "demo.stopped"
    status = 503
    title = N_("The demo was stopped before it was ready.")
    remedy = N_("Start it again: it goes on where it was.")


@dataclass(frozen=True, slots=True)
class RunningNode:
    """One service of a running demo: a node, or a server of the national count."""

    service: Service
    url: str
    environment: dict[str, str]
    sign_ins: stock.SignIns


@dataclass(frozen=True, slots=True)
class Demo:
    """A running demo: its services by name, the one everything begins with first."""

    folder: DemoFolder
    nodes: Mapping[str, RunningNode]

    @property
    def url(self) -> str:
        """The first node's address."""
        return next(iter(self.nodes.values())).url


@contextmanager
def running(
    folder: DemoFolder,
    *,
    port: int,
    size: stock.Size,
    say: Callable[[str], None],
    stopping: threading.Event,
    nodes: Sequence[DemoNode] = NODES,
    national: bool = False,
) -> Iterator[tuple[Demo, Callable[[], None]]]:
    """Start everything, load the samples once, and yield the demo and a function that watches until `stopping` is set.

    With `national` the two servers that count together and the fleet of municipalities run as well. On leaving, every
    process is stopped and every socket and lock is gone; data stay. Raises `DemoStopped` when `stopping` is set before
    everything is ready.
    """
    servers = SERVERS if national else ()
    services: list[Service] = [*nodes, *servers]
    with folder.held() as holding:
        folder.prepare()
        base = choose_ports(port)
        if base != port:
            say(f"Port {port} is taken; using {base} to {base + 9} instead.")
        server = start_database(folder, nodes, servers)
        children: list[Child] = []
        pool = ThreadPoolExecutor(len(nodes) + len(servers))
        try:
            urls = {one.name: f"http://localhost:{base + one.offset}" for one in services}
            environments = {one.name: environment_of(one, folder, server, urls[one.name]) for one in services}
            registrar = open_registrar(folder.registrar)
            for one in services:
                own = folder.node(one.name)
                own.prepare()
                if not (own.keyring / "keyring.json").exists():
                    FileKeyring.create(own.keyring, one.node_id).close()
                children += _services(one, folder, environments[one.name], base)
            for child in children:
                child.start()
            _note(holding, urls[nodes[0].name], children)
            for one, web in zip(services, children[::2], strict=True):
                wait_until_ready(urls[one.name], web, folder)
            counting = [CountingServer(one, urls[one.name], environments[one.name]) for one in servers]

            def stock_up(one: DemoNode) -> stock.SignIns:
                own, settings = folder.node(one.name), read_settings(environments[one.name])
                if own.loaded.exists():
                    stock.renew_staff_codes(one, own, settings)
                else:
                    stock.load(one, own, settings, size=size, say=say)
                    own.loaded.touch()
                return stock.read_sign_ins(own)

            def look_after() -> None:
                _keep(folder, server, children, holding, urls[nodes[0].name], say)

            loading = [pool.submit(stock_up, one) for one in nodes]
            issuing = [pool.submit(one.issue_codes) for one in counting]
            while not all(one.done() for one in (*loading, *issuing)):
                if stopping.wait(0.3):
                    raise DemoStopped
                look_after()
            fleet = [Fleet(folder, size.seed)] if national else []
            join(registrar, [read_settings(environments[one.name]) for one in nodes], [*counting, *fleet])
            for each in fleet:
                children.append(each.child(environments[nodes[0].name]))
                children[-1].start()
                _note(holding, urls[nodes[0].name], children)
            started = {
                one.name: RunningNode(one, urls[one.name], environments[one.name], found.result())
                for one, found in zip(services, (*loading, *issuing), strict=True)
            }

            def watch() -> None:
                while not stopping.wait(0.3):
                    look_after()

            yield Demo(folder, started), watch
        finally:
            for child in children:
                child.ask_to_stop()  # all at once: a worker takes seconds to end
            for child in reversed(children):
                child.stop()
            embedded.stop_running(folder.path)
            pool.shutdown()  # whoever was still loading has lost the database, and ends


def _services(one: Service, folder: DemoFolder, environment: dict[str, str], base: int) -> list[Child]:
    names = (f"{one.name}-web", f"{one.name}-worker")
    kind, address = "node" if isinstance(one, DemoNode) else "aggregator", f"127.0.0.1:{base + one.offset}"
    commands = ([kind, "serve", "--bind", address, "--workers", str(one.web_processes)], [kind, "work"])
    return [Child(name, command, environment, folder.log(name)) for name, command in zip(names, commands, strict=True)]


def _keep(
    folder: DemoFolder,
    server: embedded.EmbeddedServer,
    children: list[Child],
    holding: Holding,
    url: str,
    say: Callable[[str], None],
) -> None:
    if not embedded.is_running(server):
        say("The database was gone; it is started again.")
        embedded.start(folder.path)
    started = [child.name for child in children if child.keep(time.monotonic())]
    if started:
        say(f"Started again: {', '.join(started)}.")
        _note(holding, url, children)


def start_database(
    folder: DemoFolder, nodes: Sequence[DemoNode] = NODES, servers: Sequence[DemoServer] = ()
) -> embedded.EmbeddedServer:
    """Start the folder's server with its roles and a database of this version's schema per service; data stay as is."""
    server = embedded.start(folder.path)
    embedded.run_sql(server, _ROLES.read_text())
    services: list[Service] = [*nodes, *servers]
    for one in services:
        if not embedded.run_sql(server, f"SELECT 1 FROM pg_database WHERE datname = '{one.name}'"):  # noqa: S608
            embedded.run_sql(server, f"CREATE DATABASE {one.name} OWNER manabi_owner")
            embedded.run_sql(server, f"ALTER DATABASE {one.name} SET manabi.embedded = 'on'")
        upgrade(server.url("manabi_owner", one.name), PACKAGES if isinstance(one, DemoNode) else COUNT_PACKAGES)
    return server


def environment_of(one: Service, folder: DemoFolder, server: embedded.EmbeddedServer, url: str) -> dict[str, str]:
    """Return the settings of one service, as its processes read them."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "PYTHONWARNINGS") if name in os.environ}
    own = folder.node(one.name)
    return {
        **kept,
        "PYTHONUNBUFFERED": "1",
        "MANABI_SERVICE_ID": f"manabi-{one.name}",
        "MANABI_OPERATOR": one.operator,
        "MANABI_CONTACT": one.contact,
        "MANABI_PUBLIC_URL": url,
        "MANABI_DATABASE_URL": server.url("manabi_app", one.name),
        "MANABI_JOBS_DATABASE_URL": server.url("manabi_jobs", one.name),
        "MANABI_POOL": "5",
        "MANABI_KEYRING": str(own.keyring.resolve()),
        "MANABI_BROKER_URL": "filesystem://",
        "MANABI_BROKER_FOLDER": str(own.broker.resolve()),
        "MANABI_SWEEP_SECONDS": "2",
        "MANABI_LEASE_SECONDS": "20",
        "MANABI_REGISTRAR_KEY": str((folder.registrar / "registrar.jwks.json").resolve()),
        "MANABI_POLL_SECONDS": "2",
        "MANABI_SYNTHETIC": "on",
        **(_of_node(one, own) if isinstance(one, DemoNode) else _of_server(one)),
    }


def _of_node(one: DemoNode, own: NodeFolder) -> dict[str, str]:
    return {
        "MANABI_NODE_ID": one.node_id,
        "MANABI_UPLOADS": str(own.uploads.resolve()),
        "MANABI_SEQUENCER_SECONDS": "2",
        "MANABI_POLL_INTERVAL_SECONDS": "1",
    }


def _of_server(one: DemoServer) -> dict[str, str]:
    role = "leader" if one is LEADER else "helper"
    return {"MANABI_AGGREGATOR_ID": one.node_id, "MANABI_AGGREGATOR_ROLE": role, "MANABI_SEAT_SECONDS": "180"}


def _note(holding: Holding, url: str, children: list[Child]) -> None:
    marks = {child.name: mark for child in children if (mark := child.mark()) is not None}
    holding.note(url, marks)


def wait_until_ready(url: str, web: Child, folder: DemoFolder) -> None:
    """Return once the pages answer; raises `ServiceFailed` when their process ends or too much time passes."""
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{url}/health/live", timeout=5):  # noqa: S310 — our own address
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            pass
        if web.mark() is None:
            break
        time.sleep(0.05)
    raise ServiceFailed(name=web.name, log=str(folder.log(web.name)))


def stop_on_signals(stopping: threading.Event) -> None:
    """Let Ctrl-C and a polite kill end the demo in good order."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stopping.set())
