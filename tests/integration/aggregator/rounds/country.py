"""A small country: leader and helper with a database, keys and a web server each, and a handful of reporting nodes."""

import json
import math
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
from sqlalchemy import select, text
from sqlalchemy.orm import Session
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from aggregator.app import make_aggregator_app
from aggregator.officers.models import Officer
from aggregator.officers.service import OfficerRole, invite
from aggregator.plans.cells import base_cells, project
from aggregator.plans.document import Level, Plan, read_plan
from aggregator.plans_kept import service as plans
from aggregator.protocol.messages import NoiseHeader, SubmissionHeader, noise_context, sign_header
from aggregator.protocol.seating import committee_of
from aggregator.protocol.shares import Side, envelope_context, split
from aggregator.protocol.statements import RoundKind
from aggregator.reporter.noise import node_sigma_squared
from aggregator.rounds import service
from aggregator.rounds.tasks import handlers
from aggregator.server import Aggregator
from aggregator.settings import AggregatorSettings, Role, read_settings
from tests.integration.conftest import Address, Cluster
from tests.integration.web.conftest import TickingClock
from trust.envelopes import SealingPublicKey, seal_to
from trust.framing import canonical_json, to_text
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
from web.database import Database
from web.jobs.runner import Runner
from web.participants.service import install

SCRIPT = "tests.integration.aggregator.rounds.dying_server"
LEASE = timedelta(seconds=60)
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
PLAN = Path("api_specs/plans/absence-2025.json")
_chance = random.SystemRandom()


class Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002  the parent's name
        """Say nothing: a test's output is for its failures."""


def quick_noise(sigma_squared: Fraction, n: int) -> list[int]:
    """Rounded Gaussians: the shape of the real thing without its backend, which takes seconds to load."""
    return [round(_chance.gauss(0, math.sqrt(sigma_squared))) for _ in range(n)]


def make_plan(**changes: Any) -> Plan:
    """The shipped plan with a floor of two, and whatever else a test changes."""
    document = {**json.loads(PLAN.read_text()), "floor": 2, **changes}
    return read_plan(canonical_json(document))


COMMITTEE = {"source": "committee", "colluding": {"parts": 1, "of": 10}}


@dataclass
class Place:
    """A node as the servers see it: its name, its key, its boards; and the figures it would report, by base cell."""

    name: str
    boards: tuple[str, ...]
    prefectures: tuple[str, ...]
    areas: tuple[str, ...]
    key: SigningKey = field(default_factory=SigningKey.generate)
    counts: dict[str, list[int]] = field(default_factory=dict)
    """By establisher area, one exact figure per base cell."""
    noise: dict[tuple[str, str], list[int]] = field(default_factory=dict)

    def participant(self, number: int) -> Participant:
        client = SigningKey.generate()
        return Participant(
            number, self.name, f"{self.name}の教育委員会", ParticipantKind.NODE, f"https://{self.name}.example",
            "教育総務課",
            (
                ParticipantKey.of(KeyUse.NODE, self.key.jose_key(), BEGIN),
                ParticipantKey.of(KeyUse.CLIENT, client.jose_key(), BEGIN),
            ),
            tuple(Organisation(code, f"{code}の教育委員会", OrganisationKind.BOARD) for code in self.boards),
        )  # fmt: skip


@dataclass(frozen=True)
class Sent:
    """One submission, or one seat's noise, as it goes to both servers."""

    header: str
    digest: bytes
    shares: Mapping[Side, bytes]


@dataclass
class Server:
    """One server: as its web processes see it, as its worker does, and its web server."""

    environment: dict[str, str]
    settings: AggregatorSettings
    web: Aggregator
    jobs: Aggregator
    runner: Runner
    server: BaseWSGIServer | None = None
    dies_at: str | None = None
    """The step at which this server's worker is killed, once, in a process of its own."""
    doomed: subprocess.Popen[str] | None = None
    """The process that serves instead, until it is killed in the middle of a call."""

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session of background work, committed at the end."""
        with self.jobs.database.session() as session:
            yield session
            session.commit()

    @contextmanager
    def request(self) -> Iterator[Session]:
        """A session of a web process, committed at the end."""
        with self.web.database.session() as session:
            yield session
            session.commit()

    def serve(self) -> None:
        app = make_aggregator_app(self.web)
        self.server = make_server("127.0.0.1", self.port, app, threaded=True, request_handler=Quiet)
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
        due = "state = 'queued' AND due_at <= :now OR state = 'running' AND lease_until < :now"
        return self.count(f"SELECT count(*) FROM job WHERE {due}", now=self.jobs.clock()) > 0

    def child_environment(self) -> dict[str, str]:
        self.show_time()
        return {**os.environ, **self.environment, "COUNT_CLOCK": str(self.clock_file), "PYTHONPATH": os.getcwd()}

    @property
    def port(self) -> int:
        return int(self.settings.public_url.rpartition(":")[2])

    @property
    def clock_file(self) -> Path:
        return self.settings.broker_folder / "clock"

    def show_time(self) -> None:
        """Let the processes of this server know what time it is."""
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

    def sealing(self) -> SealingPublicKey:
        return self.jobs.keyring.sealing_key(KeyUse.SEALING.value).public()

    def participant(self, number: int) -> Participant:
        return Participant(
            number, self.settings.aggregator_id, self.settings.operator, ParticipantKind.AGGREGATOR,
            self.settings.public_url, self.settings.contact,
            (
                ParticipantKey.of(KeyUse.NODE, self.jobs.key.jose_key(), BEGIN),
                ParticipantKey.to_seal(self.sealing(), BEGIN),
            ),
        )  # fmt: skip


@dataclass
class Country:
    """Both servers, the nodes, and the registrar between them."""

    leader: Server
    helper: Server
    places: tuple[Place, ...]
    clock: TickingClock
    registrar: SigningKey
    version: int = 0

    @property
    def servers(self) -> dict[Side, Server]:
        return {Side.LEADER: self.leader, Side.HELPER: self.helper}

    def place(self, name: str) -> Place:
        return next(one for one in self.places if one.name == name)

    def publish(self) -> None:
        """Sign a registry of all and install it at both servers."""
        self.version += 1
        now = self.clock()
        members = [self.leader.participant(1), self.helper.participant(2)]
        members += [one.participant(number) for number, one in enumerate(self.places, start=3)]
        token = make_registry(self.registrar, self.version, members, now=now, expires_at=now + timedelta(days=3650))
        for server in self.servers.values():
            with server.session() as session:
                install(session, server.jobs, token, now)

    def approve(self, plan: Plan) -> Plan:
        """Two officers approve the plan at the leader."""
        with self.leader.session() as session:
            for name in ("一", "二"):
                invite(session, f"承認 {name}", OfficerRole.OFFICER, self.clock())
            officers = list(session.scalars(select(Officer.officer_id).order_by(Officer.name)))
            plans.propose(session, self.leader.jobs, plan.to_bytes(), officers[0], self.clock())
            for officer in officers:
                plans.approve(session, self.leader.jobs, plan.digest, officer, self.clock())
        return plan

    def open(self, plan: Plan, kind: RoundKind = RoundKind.MAIN) -> UUID:
        """Order a round and let it be announced."""
        with self.leader.request() as session:
            round_id = service.open_round(session, self.leader.web, plan, kind, self.clock())
        self.work()
        return round_id

    def close(self, round_id: UUID) -> None:
        """Order the end of collecting, and let everything follow."""
        with self.leader.request() as session:
            service.close_round(session, self.leader.web, round_id, self.clock())
        self.work()

    def state(self, round_id: UUID) -> tuple[str, str]:
        found: list[str] = []
        for server in self.servers.values():
            with server.session() as session:
                found.append(service.find_round(session, round_id).state.value)
        return found[0], found[1]

    def problem(self, round_id: UUID) -> Mapping[str, Any] | None:
        with self.leader.session() as session:
            return service.find_round(session, round_id).problem

    def make(self, plan: Plan, round_id: UUID, place: Place, sequence: int = 1, **changes: Any) -> Sent:
        """A submission of a node's figures; `changes` are members of the header that are not as they should be."""
        areas = tuple(changes.pop("areas", place.areas))
        prefectures = tuple(changes.pop("prefectures", place.prefectures))
        vector = self._vector(plan, round_id, place, areas, prefectures)
        header = SubmissionHeader(
            changes.pop("of_round", str(round_id)), changes.pop("node", place.name), sequence,
            changes.pop("plan_digest", plan.digest), areas, prefectures, changes.pop("cells", len(vector)), b"", b"",
        )  # fmt: skip
        shares = split(vector, seed=changes.pop("seed", os.urandom(32)), context=header.context)
        sealed = {
            Side.LEADER: self._seal(Side.LEADER, changes.pop("leader_share", shares.leader), header.context),
            Side.HELPER: self._seal(Side.HELPER, changes.pop("helper_share", shares.helper), header.context),
        }
        return self._signed(changes.pop("key", place.key), header, sealed)

    def send(self, round_id: UUID, sent: Sent, *sides: Side) -> list[httpx.Response]:
        return [
            httpx.post(
                f"{self.servers[side].settings.public_url}/rounds/v1/{round_id}/submissions",
                json={"header": sent.header, "share": to_text(sent.shares[side])},
                headers={"Accept": "application/json"}, timeout=60,
            )
            for side in sides or tuple(Side)
        ]  # fmt: skip

    def report(self, plan: Plan, round_id: UUID, *places: Place, sequence: int = 1) -> list[Sent]:
        """Every place, or these, send their figures to both servers."""
        made = []
        for place in places or self.places:
            made.append(self.make(plan, round_id, place, sequence))
            for answer in self.send(round_id, made[-1]):
                assert answer.status_code in (200, 201), answer.text
        return made

    def make_noise(self, plan: Plan, round_id: UUID, place: Place, level: Level, area: str, attempt: int) -> Sent:
        """A seat's noise for one total."""
        said = self.show(round_id)
        drawn = committee_of(plan, level, tuple(sorted(one.name for one in self.places)))
        assert drawn is not None
        closing = sha256(_payload(said["closing"]["leader"])).digest()
        n = len(project(plan, level, [0] * len(base_cells(plan))))
        context = noise_context(str(round_id), place.name, closing, level, area, attempt)
        shares = split(quick_noise(drawn.seat_sigma_squared, n), seed=os.urandom(32), context=context)
        sealed = {
            Side.LEADER: self._seal(Side.LEADER, shares.leader, context),
            Side.HELPER: self._seal(Side.HELPER, shares.helper, context),
        }
        header = NoiseHeader(str(round_id), place.name, closing, level, area, attempt, n, b"", b"")
        return self._signed(place.key, header, sealed)

    def send_noise(self, round_id: UUID, sent: Sent, *sides: Side) -> list[httpx.Response]:
        return [
            httpx.post(
                f"{self.servers[side].settings.public_url}/rounds/v1/{round_id}/noise",
                json={"header": sent.header, "share": to_text(sent.shares[side])}, timeout=60,
            )
            for side in sides or tuple(Side)
        ]  # fmt: skip

    def show(self, round_id: UUID, side: Side = Side.LEADER) -> dict[str, Any]:
        answer = httpx.get(f"{self.servers[side].settings.public_url}/rounds/v1/{round_id}", timeout=60)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def work(self) -> None:
        """Run every due job of both servers, until there is none."""
        for server in self.servers.values():
            server.show_time()
        while self.leader.work() | self.helper.work() | self.leader.revive() | self.helper.revive():
            pass

    def pass_time(self, **parts: float) -> None:
        self.clock.pass_time(**parts)
        self.work()

    def release(self, round_id: UUID) -> dict[str, Any]:
        with self.leader.session() as session:
            raw = session.execute(
                text("SELECT document FROM release WHERE round_id = :round"), {"round": round_id}
            ).scalar_one()
        found: dict[str, Any] = json.loads(bytes(raw))
        return found

    def exact(self, plan: Plan, *names: str) -> dict[tuple[str, str], list[int]]:
        """The exact totals of some nodes, which no server may ever know: by level and area, by base cell."""
        totals: dict[tuple[str, str], list[int]] = {}
        for place in self.places:
            if names and place.name not in names:
                continue
            for area, counts in place.counts.items():
                for at in (("nation", "JP"), ("prefecture", area[:2]), ("establisher", area)):
                    before = totals.get(at, [0] * len(base_cells(plan)))
                    totals[at] = [one + other for one, other in zip(before, counts, strict=True)]
        return totals

    def _vector(
        self, plan: Plan, round_id: UUID, place: Place, areas: Sequence[str], prefectures: Sequence[str]
    ) -> list[int]:
        empty = [0] * len(base_cells(plan))
        vector: list[int] = []
        for area in areas:
            cells = project(plan, Level.ESTABLISHER, place.counts.get(area, empty))
            noise = place.noise.setdefault((str(round_id), area), quick_noise(node_sigma_squared(plan), len(cells)))
            vector += [one + other for one, other in zip(cells, noise, strict=True)]
        for prefecture in prefectures:
            inside = [counts for area, counts in place.counts.items() if area[:2] == prefecture]
            vector += [sum(each) for each in zip(*inside, strict=True)] if inside else empty
        return vector

    def _seal(self, side: Side, share: bytes, context: bytes) -> bytes:
        return seal_to(self.servers[side].sealing(), share, context=envelope_context(context, side))

    def _signed(self, key: SigningKey, header: Any, sealed: dict[Side, bytes]) -> Sent:
        from dataclasses import replace

        complete = replace(
            header, leader_share=sha256(sealed[Side.LEADER]).digest(), helper_share=sha256(sealed[Side.HELPER]).digest()
        )
        return Sent(sign_header(key, complete), complete.digest, sealed)


def _payload(token: str) -> bytes:
    from trust.framing import from_text

    return from_text(token.split(".")[1])


def small_country(plan: Plan, chance: random.Random) -> tuple[Place, ...]:
    """Six nodes in three prefectures: one with two boards, one with a stratum of its own, two alone in theirs."""
    places = (
        Place("a.node", ("131016",), ("13",), ("131016",)),
        Place("b.node", ("131024", "131032"), ("13",), ("131024", "131032")),
        Place("c.node", ("131041",), ("13",), ("131041", "13x-c.node")),
        Place("d.node", ("271004",), ("27",), ("271004",)),
        Place("e.node", ("271012",), ("27",), ("271012",)),
        Place("f.node", ("471011",), ("47",), ("471011",)),
    )
    for place in places:
        for area in place.areas:
            place.counts[area] = [chance.randrange(10**10, 4 * 10**10) for _ in base_cells(plan)]
    return places


@contextmanager
def a_country(
    cluster: Cluster, template: str, folder: Path, places: tuple[Place, ...], clock: TickingClock | None = None
) -> Iterator[Country]:
    clock = clock or TickingClock()
    registrar = SigningKey.generate()
    (folder / "registrar.json").write_text(json.dumps({"keys": [registrar.public().jwk()]}))
    made: list[Server] = []
    names: list[str] = []
    try:
        for role in Role:
            database = f"count_{uuid4().hex[:8]}"
            cluster.create(database, template)
            names.append(database)
            made.append(_server(Address(cluster.server, database), folder, role, clock))
        country = Country(made[0], made[1], places, clock, registrar)
        country.publish()
        for server in made:
            server.serve()
        yield country
    finally:
        for server in made:
            server.stop()
            server.bury()
            server.web.database.close()
            server.jobs.database.close()
            server.jobs.keyring.close()  # type: ignore[attr-defined]
        for name in names:
            cluster.drop(name)


def _server(address: Address, folder: Path, role: Role, clock: TickingClock) -> Server:
    name = f"{role.value}.demo"
    (folder / name / "broker").mkdir(parents=True)
    environment = {
        "MANABI_AGGREGATOR_ID": name, "MANABI_AGGREGATOR_ROLE": role.value, "MANABI_OPERATOR": f"{role.value}の運営者",
        "MANABI_CONTACT": "統計係", "MANABI_PUBLIC_URL": f"http://localhost:{free_port()}",
        "MANABI_DATABASE_URL": address.url("manabi_app"), "MANABI_JOBS_DATABASE_URL": address.url("manabi_jobs"),
        "MANABI_KEYRING": str(folder / name / "keyring"), "MANABI_BROKER_URL": "filesystem://",
        "MANABI_BROKER_FOLDER": str(folder / name / "broker"), "MANABI_SYNTHETIC": "on",
        "MANABI_REGISTRAR_KEY": str(folder / "registrar.json"), "MANABI_LEASE_SECONDS": str(LEASE.total_seconds()),
        "MANABI_POLL_SECONDS": "10", "MANABI_SEAT_SECONDS": "3600",
    }  # fmt: skip
    settings = read_settings(environment)
    keyring = FileKeyring.create(settings.keyring, settings.aggregator_id)
    web = Aggregator(settings, Database(settings.database_url, pool_size=8), keyring, clock, role)
    jobs = Aggregator(settings, Database(settings.jobs_database_url, pool_size=8), keyring, clock, role)
    runner = Runner(jobs.database, handlers(jobs, draw=quick_noise), clock, sweep=timedelta(seconds=1), lease=LEASE)
    return Server(environment, settings, web, jobs, runner)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
