"""`bench report`: a node of a whole prefecture counts its year, from 260,000 sealed records to one submission.

Set-up (keys, signatures, seals, tables) is not measured. The report is one process, started anew each round; it loads
the noise sampler, opens every record, checks every signature, and makes both halves durable.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

from consent.policy.loader import shipped_policy
from manabi import embedded
from manabi.bench.cpu import machine_seconds, used_seconds
from manabi.bench.lines import Bar, Line, Relation
from manabi.bench.school_year import stock_school_year
from pds.node import Node
from pds.settings import read_settings
from pds.startup import PACKAGES
from trust.errors import N_, ManabiError
from trust.keyring import FileKeyring
from web.clock import system_clock
from web.database import Database
from web.migrate import upgrade

BENCH: Final = "report"
CHILDREN: Final = 260_000
SECONDS: Final = Bar(Relation.AT_MOST, 120)
MEGABYTES: Final = Bar(Relation.AT_MOST, 1024)


class ReportFailed(ManabiError):
    """The report was not made; a time without its result would mean nothing."""

    code = "bench.report_failed"
    status = 500
    title = N_("The report was not made. %(said)s")
    remedy = N_("Run the bench again with one round and look at what the node wrote.")


@dataclass(frozen=True, slots=True)
class Reported:
    """What one round took. `again` is a later look whether anything has changed; `others`: used by anybody else."""

    seconds: float
    again: float
    peak: int
    cpu: float
    sent: int
    others: float


def measure(rounds: int, children: int = CHILDREN) -> Sequence[Line]:
    """Stock a node once and report from it `rounds` times."""
    with _node() as (environment, node, dsn):
        begun = time.monotonic()
        stock_school_year(node, dsn, children)
        stocked = time.monotonic() - begun
        reported = [_report(environment) for _ in range(rounds)]
    worst = max(one.seconds for one in reported)
    return [
        Line(BENCH, "report_seconds", worst, "s", children * rounds, SECONDS),
        Line(BENCH, "peak_memory", max(one.peak for one in reported) / 1024**2, "MiB", rounds, MEGABYTES),
        Line(BENCH, "children_rate", children / worst, "children/s", children * rounds),
        Line(BENCH, "cpu_of_the_report", max(one.cpu for one in reported), "s", rounds),
        Line(BENCH, "look_for_changes", max(one.again for one in reported), "s", children * rounds),
        Line(BENCH, "sent_to_both_servers", max(one.sent for one in reported) / 1024, "KiB", rounds),
        Line(BENCH, "set_up", stocked, "s", children),
        Line(BENCH, "used_by_others", max(one.others for one in reported) * 100, "%", rounds),
    ]


def _report(environment: Mapping[str, str]) -> Reported:
    machine, own, begun = machine_seconds(), used_seconds([os.getpid()]), time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "manabi.bench.reporter"], env={**os.environ, **environment}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise ReportFailed(said=done.stderr[-1500:])
    machine, own = machine_seconds() - machine, used_seconds([os.getpid()]) - own
    others = max(machine - own, 0.0) / ((time.monotonic() - begun) * len(os.sched_getaffinity(0)))
    said = json.loads(done.stdout.splitlines()[-1])
    if not said["same"]:
        raise ReportFailed(said="A second look found other records.")
    return Reported(said["seconds"], said["again"], said["peak"], said["cpu"], said["sent"], others)


@contextmanager
def _node() -> Iterator[tuple[Mapping[str, str], Node, str]]:
    """Lay a node, removed afterwards; yield its environment, the node in the owner's role, and the owner's way in."""
    with tempfile.TemporaryDirectory(prefix="manabi-bench-") as temporary, ExitStack() as stack:
        folder = Path(temporary).resolve()
        server = embedded.start(folder / "postgres")
        stack.callback(embedded.remove, folder / "postgres")
        embedded.run_sql(server, (files("web") / "migrations" / "roles.sql").read_text())
        embedded.run_sql(server, "CREATE DATABASE report OWNER manabi_owner")
        embedded.run_sql(server, "ALTER DATABASE report SET manabi.embedded = 'on'")
        upgrade(server.url("manabi_owner", "report"), PACKAGES)
        environment = {
            "MANABI_NODE_ID": "report.bench", "MANABI_OPERATOR": "bench", "MANABI_CONTACT": "bench",
            "MANABI_PUBLIC_URL": "http://localhost:8540", "MANABI_DATABASE_URL": server.url("manabi_app", "report"),
            "MANABI_JOBS_DATABASE_URL": server.url("manabi_jobs", "report"), "MANABI_UPLOADS": str(folder),
            "MANABI_KEYRING": str(folder / "keyring"), "MANABI_BROKER_URL": "memory://", "MANABI_SYNTHETIC": "on",
        }  # fmt: skip
        settings = read_settings(environment)
        keyring = stack.enter_context(closing(FileKeyring.create(settings.keyring, settings.node_id)))
        owner = stack.enter_context(closing(Database(server.url("manabi_owner", "report"))))
        dsn = f"host={server.sockets} user=manabi_owner dbname=report"
        yield environment, Node(settings, owner, keyring, shipped_policy(), system_clock), dsn
