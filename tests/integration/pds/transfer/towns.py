"""Two towns that know each other only through the registry: two databases, two keyrings, two real servers."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from flask import Blueprint, Flask
from flask.blueprints import BlueprintSetupState
from sqlalchemy import text
from sqlalchemy.orm import Session
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from consent.policy.loader import shipped_policy
from consent.vocabulary import Category
from pds.access_log.entries import Purpose
from pds.authorization.feature import authorization_feature
from pds.node import Node
from pds.people import service as people
from pds.settings import NodeSettings, read_settings
from pds.sharing.asking import keep_node
from pds.sharing.enforcement import Asking
from pds.transfer import outgoing_api
from pds.transfer.tasks import handlers
from tests.factories.node import EAST
from tests.integration.conftest import Address, Cluster
from tests.integration.web.conftest import TickingClock
from trust.keyring import FileKeyring
from trust.registry import (
    KeyUse,
    Organisation,
    OrganisationKind,
    Participant,
    ParticipantKey,
    ParticipantKind,
    make_registry,
)
from trust.signing import SigningKey
from web.context import ShellSettings
from web.database import Database
from web.jobs.runner import Runner
from web.participants.service import install
from web.shell import Feature, make_app

SOUTH = ("B120299000036", "みなみ市立南小学校")
SCRIPT = "tests.integration.pds.transfer.dying_node"
POLL = timedelta(seconds=60)
LEASE = timedelta(seconds=60)
CHOSEN = (Category.REPORT, Category.ATTENDANCE_DAILY)
YEARS = (2024, 2025, 2026)


class Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002  the parent's name
        """Say nothing: a test's output is for its failures."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def exchange_feature(node: Node) -> Feature:
    """What other nodes call, without any page."""
    ground = Blueprint("ground", __name__)

    def keep(state: BlueprintSetupState) -> None:
        assert isinstance(state.app, Flask)
        keep_node(state.app, node)

    ground.record(keep)
    return Feature(name="exchange", blueprints=(ground, outgoing_api.blueprint))


def make_exchange(node: Node) -> Flask:
    settings = ShellSettings("node", node.settings.public_url, "教育委員会", "教育総務課")
    return make_app(
        settings, database=node.database, features=[authorization_feature(node), exchange_feature(node)],
        clock=node.clock,
    )  # fmt: skip


@dataclass
class Side:
    """One town's node: as its web processes see it, as its worker does, and its server."""

    environment: dict[str, str]
    settings: NodeSettings
    web: Node
    jobs: Node
    number: int
    school: tuple[str, str]
    runner: Runner
    server: BaseWSGIServer | None = None
    dies_at: str | None = None
    """The step at which this town's worker is killed, once, in a process of its own."""
    doomed: subprocess.Popen[str] | None = None
    """The process that serves instead, until it is killed in the middle of a call."""

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session of background work, committed at the end."""
        with self.jobs.database.session() as session:
            yield session
            session.commit()

    @contextmanager
    def asking(self, person: UUID) -> Iterator[tuple[Session, Asking]]:
        """A request of somebody signed in, committed at the end."""
        with self.web.database.session() as session:
            viewer = people.viewer_for(session, person)
            assert viewer is not None
            yield session, Asking(viewer, Purpose.TRANSFER, self.web.clock(), uuid4().hex[:9])
            session.commit()

    def serve(self) -> None:
        port = int(self.settings.public_url.rpartition(":")[2])
        self.server = make_server("127.0.0.1", port, make_exchange(self.web), threaded=True, request_handler=Quiet)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def serve_until(self, path: str, moment: str) -> None:
        """Serve in a process of its own, which dies before or after a call under `path`."""
        self.stop()
        self.doomed = subprocess.Popen(
            [sys.executable, "-m", SCRIPT, "serve", path, moment], env=self.child_environment(), text=True,
            stdout=subprocess.PIPE,
        )  # fmt: skip
        assert self.doomed.stdout is not None
        assert self.doomed.stdout.readline() == "serving\n"

    def revive(self) -> bool:
        """Serve again where the serving process has been killed; return whether it had."""
        if self.doomed is None or self.doomed.poll() is None:
            return False
        assert self.doomed.returncode == -signal.SIGKILL
        self.bury()
        self.serve()
        return True

    def bury(self) -> None:
        if self.doomed is not None:
            self.doomed.kill()
            self.doomed.communicate()
            self.doomed = None

    def work(self) -> bool:
        """Run one due job, or a process that dies at the step it is told; return whether anything was done."""
        if self.dies_at is None or not self.has_work():
            return self.runner.run_one()
        done = subprocess.run(
            [sys.executable, "-m", SCRIPT, "work", self.dies_at], env=self.child_environment(),
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode == -signal.SIGKILL:
            self.dies_at = None
            return True
        assert done.returncode == 0, done.stderr[-2000:]
        return int(done.stdout) > 0

    def has_work(self) -> bool:
        now = self.jobs.clock()
        due = "state = 'queued' AND due_at <= :now OR state = 'running' AND lease_until < :now"
        return self.count(f"SELECT count(*) FROM job WHERE {due}", now=now) > 0

    def child_environment(self) -> dict[str, str]:
        self.show_time()
        return {**os.environ, **self.environment, "TOWN_CLOCK": str(self.clock_file), "PYTHONPATH": os.getcwd()}

    @property
    def clock_file(self) -> Path:
        return self.settings.uploads / "clock"

    def show_time(self) -> None:
        """Let the processes of this town know what time it is."""
        fresh = self.clock_file.with_suffix(".new")
        fresh.write_text(self.jobs.clock().isoformat())
        fresh.replace(self.clock_file)

    def stop(self) -> None:
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def count(self, statement: str, **values: Any) -> int:
        with self.jobs.database.session() as session:
            return int(session.execute(text(statement), values).scalar_one())

    def participant(self) -> Participant:
        keyring = self.jobs.keyring
        begin = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
        code, name = self.school
        return Participant(
            self.number, self.settings.node_id, f"{name}の教育委員会", ParticipantKind.NODE, self.settings.public_url,
            "教育総務課",
            (
                ParticipantKey.of(KeyUse.NODE, keyring.signing_key("node").jose_key(), begin),
                ParticipantKey.of(KeyUse.CLIENT, keyring.signing_key("client").jose_key(), begin),
            ),
            (Organisation(code, name, OrganisationKind.SCHOOL, (keyring.signing_key(code).public(),)),),
        )  # fmt: skip


@dataclass
class Towns:
    """The old town A, the new town B, and the registrar between them."""

    a: Side
    b: Side
    clock: TickingClock
    registrar: SigningKey
    version: int = 0

    def publish(self, **changed: Participant) -> None:
        """Sign a registry of both and install it at both."""
        self.version += 1
        now = self.clock()
        members = {"a": self.a.participant(), "b": self.b.participant(), **changed}
        token = make_registry(
            self.registrar, self.version, tuple(members.values()), now=now, expires_at=now + timedelta(days=365)
        )
        for side in (self.a, self.b):
            with side.session() as session:
                install(session, side.jobs, token, now)

    def work(self) -> None:
        """Run every due job of both towns, until there is none."""
        self.a.show_time()
        self.b.show_time()
        while self.a.work() | self.b.work() | self.a.revive() | self.b.revive():
            pass

    def pass_time(self, **parts: float) -> None:
        self.clock.pass_time(**parts)
        self.work()


@contextmanager
def two_towns(cluster: Cluster, folder: Path, start: datetime | None = None) -> Iterator[Towns]:
    clock = TickingClock() if start is None else TickingClock(start)
    registrar = SigningKey.generate()
    (folder / "registrar.json").write_text(json.dumps({"keys": [registrar.public().jwk()]}))
    sides: list[Side] = []
    names: list[str] = []
    try:
        for number, (name, school) in enumerate((("a.node", EAST), ("b.node", SOUTH)), start=1):
            database = f"towns_{uuid4().hex[:8]}"
            cluster.create(database, "template_manabi")
            names.append(database)
            sides.append(_side(Address(cluster.server, database), folder / name, name, number, school, clock))
        towns = Towns(sides[0], sides[1], clock, registrar)
        towns.publish()
        for side in sides:
            side.serve()
        yield towns
    finally:
        for side in sides:
            side.stop()
            side.bury()
            side.web.database.close()
            side.jobs.database.close()
            side.jobs.keyring.close()  # type: ignore[attr-defined]
        for name in names:
            cluster.drop(name)


def _side(address: Address, folder: Path, name: str, number: int, school: tuple[str, str], clock: TickingClock) -> Side:
    (folder / "uploads").mkdir(parents=True)
    environment = {
        "MANABI_NODE_ID": name, "MANABI_OPERATOR": "教育委員会", "MANABI_CONTACT": "教育総務課",
        "MANABI_PUBLIC_URL": f"http://localhost:{free_port()}", "MANABI_DATABASE_URL": address.url("manabi_app"),
        "MANABI_JOBS_DATABASE_URL": address.url("manabi_jobs"), "MANABI_KEYRING": str(folder / "keyring"),
        "MANABI_UPLOADS": str(folder / "uploads"), "MANABI_BROKER_URL": "filesystem://",
        "MANABI_BROKER_FOLDER": str(folder / "broker"), "MANABI_SYNTHETIC": "on",
        "MANABI_REGISTRAR_KEY": str(folder.parent / "registrar.json"),
        "MANABI_POLL_SECONDS": str(POLL.total_seconds()), "MANABI_POLL_INTERVAL_SECONDS": "30",
        "MANABI_LEASE_SECONDS": str(LEASE.total_seconds()),
    }  # fmt: skip
    settings = read_settings(environment)
    keyring = FileKeyring.create(settings.keyring, settings.node_id)
    policy = shipped_policy()
    web = Node(settings, Database(settings.database_url, pool_size=8), keyring, policy, clock)
    jobs = Node(settings, Database(settings.jobs_database_url, pool_size=8), keyring, policy, clock)
    runner = Runner(jobs.database, handlers(jobs), clock, sweep=timedelta(seconds=1), lease=LEASE)
    return Side(environment, settings, web, jobs, number, school, runner)
