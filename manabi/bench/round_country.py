"""A nation for `bench round`: two servers, 1,741 nodes in the registry, a plan of 500 cells, and a round of reports."""

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from importlib.resources import files
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from aggregator.officers.models import Officer
from aggregator.officers.service import OfficerRole, invite
from aggregator.plans import checking
from aggregator.plans.codes import CodeList, code_lists
from aggregator.plans.document import Plan, read_plan
from aggregator.plans.model import Words
from aggregator.plans.shipped import shipped_plan
from aggregator.plans_kept import service as plans
from aggregator.protocol.shares import Side
from aggregator.reporter.facts import Areas, ChildFact
from aggregator.reporter.report import Prepared, Sender, build
from aggregator.rounds import service as rounds
from aggregator.server import Aggregator, Role
from aggregator.settings import AggregatorSettings, read_settings
from aggregator.startup import PACKAGES
from manabi import embedded
from manabi.demo.folder import choose_ports
from trust.framing import canonical_json
from trust.keyring import FileKeyring
from trust.participants import KeyUse, Organisation, OrganisationKind, Participant, ParticipantKey, ParticipantKind
from trust.registry import make_registry, write_registrar_keys
from trust.signing import SigningKey
from web.clock import system_clock
from web.database import Database
from web.migrate import upgrade
from web.participants.service import install

NODES: Final = 1741
CELLS: Final = (20, 25)
"""Codes of the two dimensions: 500 base cells, which nation and prefectures count in full."""
CHILDREN: Final = 300
"""Facts per node; the number of children costs the servers nothing."""
BASE_PORT: Final = 8540
_PREFECTURES: Final = 47
_DIMENSIONS: Final = ("bench_row", "bench_column")
_LISTS: Final = "code_lists"
"""What reading a plan asks for the published lists."""


@dataclass(frozen=True, slots=True)
class Server:
    """One server: its environment for processes, and itself in the role of background work."""

    environment: Mapping[str, str]
    settings: AggregatorSettings
    jobs: Aggregator


def widen_code_lists() -> None:
    """Let plans be read with two made-up dimensions: the published ones have no 500 cells between them."""

    def words(text: str) -> Words:
        return Words(text, text, text)

    made = {
        name: CodeList(name, words(name), {_code(number): words(_code(number)) for number in range(count)}, None, {})
        for name, count in zip(_DIMENSIONS, CELLS, strict=True)
    }
    wide = {**code_lists(), **made}
    setattr(checking, _LISTS, lambda: wide)


def make_plan(establisher: tuple[str, ...]) -> Plan:
    """Return the plan; `establisher` names the dimensions of the municipalities' table."""
    shipped: dict[str, Any] = plan_document(shipped_plan("absence-2025"))
    table = [{"id": "cells", "dimensions": list(_DIMENSIONS)}]
    below = [{"id": "cells", "dimensions": list(establisher)}]
    source = dict.fromkeys(("ja", "plain", "en"), "bench")
    expected = [
        {"level": level, "table": "cells", "bands": [{"areas": 1, "value": 1_000_000}], "source": source}
        for level in ("nation", "prefecture", "establisher")
    ]
    dimensions = [
        {"id": name, "codes": [_code(number) for number in range(count)]}
        for name, count in zip(_DIMENSIONS, CELLS, strict=True)
    ]
    tables = {"nation": table, "prefecture": table, "establisher": below}
    return read_plan(canonical_json({**shipped, "dimensions": dimensions, "tables": tables, "expectations": expected}))


def plan_document(plan: Plan) -> dict[str, Any]:
    """Return a plan as data."""
    document: dict[str, Any] = json.loads(plan.to_bytes())
    return document


@contextmanager
def nation(plan: Plan) -> Iterator[tuple[Server, Server, Path, dict[str, SigningKey]]]:
    """Lay both servers in one database server, everybody in their registry, the plan approved by two officers."""
    with tempfile.TemporaryDirectory(prefix="manabi-bench-") as temporary, ExitStack() as stack:
        folder = Path(temporary).resolve()
        server = embedded.start(folder / "postgres")
        stack.callback(embedded.remove, folder / "postgres")
        embedded.run_sql(server, (files("web") / "migrations" / "roles.sql").read_text())
        registrar = SigningKey.generate()
        (folder / "registrar.json").write_bytes(write_registrar_keys([registrar.public()]))
        port = choose_ports(BASE_PORT)
        leader = _lay(server, folder, Role.LEADER, port, stack)
        helper = _lay(server, folder, Role.HELPER, port + 1, stack)
        keys = {f"{number:04}.node": SigningKey.generate() for number in range(NODES)}
        _introduce(registrar, leader, helper, keys)
        with leader.jobs.database.session() as session:
            _approve(session, leader.jobs, plan)
            session.commit()
        yield leader, helper, folder, keys


def report_all(plan: Plan, round_id: UUID, leader: Server, helper: Server, keys: Mapping[str, SigningKey]) -> None:
    """Let every node report: counted, blurred, split, sealed and signed by the reporter, taken in by both servers."""
    generator = np.random.default_rng()
    sealing = [each.jobs.keyring.sealing_key(KeyUse.SEALING.value).public() for each in (leader, helper)]

    def draw(sigma_squared: Fraction, n: int) -> list[int]:
        return [int(one) for one in np.rint(generator.normal(0.0, float(sigma_squared) ** 0.5, n))]

    waiting: list[Prepared] = []
    for number, (node, key) in enumerate(keys.items()):
        board = board_of(number)
        sender = Sender(str(round_id), node, 1, key, sealing[0], sealing[1])
        facts = (
            ChildFact(board, board[:2], (((_code(child % CELLS[0]), _code(child % CELLS[1])), 1),))
            for child in generator.integers(0, CELLS[0] * CELLS[1], CHILDREN).tolist()
        )
        areas = Areas.of([board], [board[:2]])
        waiting.append(build(plan, facts, areas, sender=sender, noise=draw, kept=None, random=os.urandom))
        if len(waiting) == 100 or number == NODES - 1:
            for side, server in ((Side.LEADER, leader), (Side.HELPER, helper)):
                with server.jobs.database.session() as session:
                    for one in waiting:
                        now = server.jobs.clock()
                        rounds.accept(session, server.jobs, round_id, one.header, one.envelope(side), now)
                    session.commit()
            waiting.clear()


def board_of(number: int) -> str:
    """Return the code of a node's board; nodes are spread evenly over the prefectures."""
    return f"{number % _PREFECTURES + 1:02}{number // _PREFECTURES + 1000:04}"


def _code(number: int) -> str:
    return f"c{number:02}"


def _approve(session: Session, leader: Aggregator, plan: Plan) -> None:
    now = leader.clock()
    for name in ("one", "two"):
        invite(session, name, OfficerRole.OFFICER, now)
    officers = list(session.scalars(select(Officer.officer_id)))
    plans.propose(session, leader, plan.to_bytes(), officers[0], now)
    for officer in officers:
        plans.approve(session, leader, plan.digest, officer, now)


def _introduce(registrar: SigningKey, leader: Server, helper: Server, keys: Mapping[str, SigningKey]) -> None:
    now = system_clock() - timedelta(minutes=1)
    members = [_server_entry(1, leader), _server_entry(2, helper)]
    for number, (node, key) in enumerate(keys.items()):
        members.append(
            Participant(
                number + 3, node, f"教育委員会 {number}", ParticipantKind.NODE, f"https://{node}.example", "bench",
                (
                    ParticipantKey.of(KeyUse.NODE, key.jose_key(), now),
                    ParticipantKey.of(KeyUse.CLIENT, SigningKey.generate().jose_key(), now),
                ),
                (Organisation(board_of(number), f"教育委員会 {number}", OrganisationKind.BOARD),),
            )
        )  # fmt: skip
    token = make_registry(registrar, 1, members, now=now, expires_at=now + timedelta(days=30))
    for server in (leader, helper):
        with server.jobs.database.session() as session:
            install(session, server.jobs, token, system_clock())
            session.commit()


def _server_entry(number: int, server: Server) -> Participant:
    since = system_clock() - timedelta(minutes=1)
    return Participant(
        number, server.jobs.node_id, "bench", ParticipantKind.AGGREGATOR, server.settings.public_url, "bench",
        (
            ParticipantKey.of(KeyUse.NODE, server.jobs.key.jose_key(), since),
            ParticipantKey.to_seal(server.jobs.keyring.sealing_key(KeyUse.SEALING.value).public(), since),
        ),
    )  # fmt: skip


def _lay(server: embedded.EmbeddedServer, folder: Path, role: Role, port: int, stack: ExitStack) -> Server:
    embedded.run_sql(server, f"CREATE DATABASE {role.value} OWNER manabi_owner")
    upgrade(server.url("manabi_owner", role.value), PACKAGES)
    environment = {
        "MANABI_AGGREGATOR_ID": f"{role.value}.demo", "MANABI_AGGREGATOR_ROLE": role.value,
        "MANABI_OPERATOR": "bench", "MANABI_CONTACT": "bench", "MANABI_PUBLIC_URL": f"http://localhost:{port}",
        "MANABI_DATABASE_URL": server.url("manabi_app", role.value),
        "MANABI_JOBS_DATABASE_URL": server.url("manabi_jobs", role.value),
        "MANABI_KEYRING": str(folder / role.value), "MANABI_BROKER_URL": "memory://", "MANABI_SYNTHETIC": "on",
        "MANABI_REGISTRAR_KEY": str(folder / "registrar.json"), "MANABI_SWEEP_SECONDS": "0.2",
        "MANABI_POLL_SECONDS": "0.2", "MANABI_LEASE_SECONDS": "600",
    }  # fmt: skip
    settings = read_settings(environment)
    keyring = stack.enter_context(closing(FileKeyring.create(settings.keyring, settings.aggregator_id)))
    jobs = stack.enter_context(closing(Database(settings.jobs_database_url)))
    return Server(environment, settings, Aggregator(settings, jobs, keyring, system_clock, role))
