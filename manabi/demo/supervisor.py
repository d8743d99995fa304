"""Runs a whole node on this machine: database, web, worker; restarts what dies, leaves nothing behind."""

import json
import os
import signal
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from manabi import embedded
from manabi.demo import stock
from manabi.demo.folder import DemoFolder, Holding, choose_ports
from manabi.demo.processes import Child
from pds.settings import read_settings
from pds.startup import PACKAGES
from trust.errors import N_, ManabiError
from trust.keyring import FileKeyring
from web.migrate import upgrade

NODE_ID = "mirai.demo"
DATABASE = "manabi"
_READY_SECONDS = 60
_ROLES = Path(__file__).parents[2] / "web" / "migrations" / "roles.sql"


class ServiceFailed(ManabiError):
    """A service of the demo did not come up."""

    code = "demo.service_failed"
    status = 500
    title = N_("The service %(name)s did not start.")
    remedy = N_("Its log %(log)s says why. `manabi demo --fresh` starts over.")


@dataclass(frozen=True, slots=True)
class Demo:
    """A running demo."""

    folder: DemoFolder
    url: str
    environment: dict[str, str]
    sign_ins: dict[str, dict[str, str]]


@contextmanager
def running(
    folder: DemoFolder, *, port: int, size: stock.Size, say: Callable[[str], None]
) -> Iterator[tuple[Demo, Callable[[threading.Event], None]]]:
    """Start everything, load the sample once, and yield the demo and a function that watches until an event is set.

    On leaving, every process is stopped and every socket and lock is gone; data stay.
    """
    with folder.held() as holding:
        folder.prepare()
        base = choose_ports(port)
        if base != port:
            say(f"Port {port} is taken; using {base} to {base + 9} instead.")
        url = f"http://localhost:{base}"
        server = start_database(folder)
        children: list[Child] = []
        try:
            environment = environment_of(folder, server, url)
            if not (folder.keyring / "keyring.json").exists():
                FileKeyring.create(folder.keyring, NODE_ID).close()
            children = [
                Child("web", ["node", "serve", "--bind", f"127.0.0.1:{base}"], environment, folder.log("web")),
                Child("worker", ["node", "work"], environment, folder.log("worker")),
            ]
            for child in children:
                child.start()
            _note(holding, url, children)
            wait_until_ready(url, children[0], folder)
            if not folder.loaded.exists():
                stock.load(folder, read_settings(environment), url, size=size, say=say)
                folder.loaded.touch()
            else:
                stock.renew_staff_codes(folder, read_settings(environment))
            demo = Demo(folder, url, environment, json.loads(folder.sign_ins.read_text()))

            def watch(stopping: threading.Event) -> None:
                while not stopping.wait(0.3):
                    _keep(folder, server, children, holding, url, say)

            yield demo, watch
        finally:
            for child in reversed(children):
                child.stop()
            embedded.stop_running(folder.path)


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


def start_database(folder: DemoFolder) -> embedded.EmbeddedServer:
    """Start the folder's database with its roles and the schema of this version; the data are taken as they are."""
    server = embedded.start(folder.path)
    embedded.run_sql(server, _ROLES.read_text())
    if not embedded.run_sql(server, f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'"):  # noqa: S608
        embedded.run_sql(server, f"CREATE DATABASE {DATABASE} OWNER manabi_owner")
        embedded.run_sql(server, f"ALTER DATABASE {DATABASE} SET manabi.embedded = 'on'")
    upgrade(server.url("manabi_owner", DATABASE), PACKAGES)
    return server


def environment_of(folder: DemoFolder, server: embedded.EmbeddedServer, url: str) -> dict[str, str]:
    """Return the settings of the folder's node, as its processes read them."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "PYTHONWARNINGS") if name in os.environ}
    return {
        **kept,
        "PYTHONUNBUFFERED": "1",
        "MANABI_NODE_ID": NODE_ID,
        "MANABI_OPERATOR": "みらい市教育委員会",
        "MANABI_CONTACT": "みらい市教育委員会 教育総務課（電話 000-0000-0000）",
        "MANABI_PUBLIC_URL": url,
        "MANABI_DATABASE_URL": server.url("manabi_app", DATABASE),
        "MANABI_JOBS_DATABASE_URL": server.url("manabi_jobs", DATABASE),
        "MANABI_POOL": "5",
        "MANABI_KEYRING": str(folder.keyring.resolve()),
        "MANABI_UPLOADS": str((folder.path / "uploads").resolve()),
        "MANABI_BROKER_URL": "filesystem://",
        "MANABI_BROKER_FOLDER": str((folder.path / "broker").resolve()),
        "MANABI_SWEEP_SECONDS": "2",
        "MANABI_LEASE_SECONDS": "20",
        "MANABI_SEQUENCER_SECONDS": "2",
        "MANABI_SYNTHETIC": "on",
    }


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
    raise ServiceFailed(name="web", log=str(folder.log("web")))


def stop_on_signals(stopping: threading.Event) -> None:
    """Let Ctrl-C and a polite kill end the demo in good order."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stopping.set())
