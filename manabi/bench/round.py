"""`bench round`: a nation of 1,741 nodes, from stored submissions to the signed release.

Both servers work in earnest: each its own database, web server and worker process, the real sampler, all statements
signed and checked. Reports are made by the reporter beforehand and not measured. The clock runs from the order to close
until the release is committed.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from sqlalchemy import text

from aggregator.plans.document import Plan
from aggregator.protocol.statements import RoundKind
from aggregator.rounds import service as rounds
from manabi.bench.cpu import machine_seconds, used_seconds
from manabi.bench.lines import Bar, Line, Relation
from manabi.bench.round_country import NODES, Server, make_plan, nation, report_all, widen_code_lists
from trust.errors import N_, ManabiError

BENCH: Final = "round"
SECONDS: Final = Bar(Relation.AT_MOST, 30)
MEGABYTES: Final = Bar(Relation.AT_MOST, 1024)
LEVELS: Final = ("bench_row", "bench_column")
_PATIENCE: Final = 600.0


class RoundFailed(ManabiError):
    """The round was not released; a time without its result would mean nothing."""

    code = "bench.round_failed"
    status = 500
    title = N_("The round of the bench was not released. %(said)s")
    remedy = N_("Run the bench again and look at what the processes wrote.")


@dataclass(slots=True)
class Process:
    """A process of a server, and what it said."""

    name: str
    running: subprocess.Popen[str]
    steps: list[tuple[str, float]] = field(default_factory=list)
    peak: int = 0

    def listen(self) -> None:
        """Read what it says until it ends."""
        assert self.running.stdout is not None  # noqa: S101  it was started with a pipe
        for line in self.running.stdout:
            said = json.loads(line)
            if "peak" in said:
                self.peak = said["peak"]
            else:
                self.steps.append((said["step"], said["at"]))

    def has(self, step: str) -> bool:
        """Whether it has told of a step."""
        return any(one == step for one, _ in self.steps)


def measure(rounds_: int) -> list[Line]:
    """Run the bench; every round is a nation of its own."""
    widen_code_lists()
    plan = make_plan(LEVELS)
    found = [_once(plan) for _ in range(rounds_)]
    worst = max(found, key=lambda one: one.seconds)
    lines = [
        Line(BENCH, "release_seconds", worst.seconds, "s", NODES, SECONDS),
        Line(BENCH, "peak_memory", max(one.peak for one in found) / 2**20, "MiB", rounds_, MEGABYTES),
        Line(BENCH, "release_size", worst.size / 1e6, "MB", 1),
        Line(BENCH, "cpu_of_both_servers", worst.cpu, "s", 1),
        Line(BENCH, "used_by_others", worst.others * 100, "%", 1),
    ]
    lines += [Line(BENCH, f"phase_{name}", seconds, "s", 1) for name, seconds in worst.phases]
    return lines


@dataclass(frozen=True, slots=True)
class Counted:
    """What one round took: seconds, the peak memory of the largest process, bytes of the release, seconds by phase.

    `cpu` is the processor time of everything that had a part; `others` the share of the machine that went elsewhere.
    """

    seconds: float
    cpu: float
    others: float
    peak: int
    size: int
    phases: Sequence[tuple[str, float]]


def _once(plan: Plan) -> Counted:
    with nation(plan) as (leader, helper, _, keys):
        with _processes(leader, helper) as processes:
            with leader.jobs.database.session() as session:
                round_id = rounds.open_round(session, leader.jobs, plan, RoundKind.MAIN, leader.jobs.clock())
                session.commit()
            _wait(processes, "announced", leader, round_id)
            report_all(plan, round_id, leader, helper, keys)
            machine, own, begun = machine_seconds(), used_seconds([os.getpid()]), time.monotonic()
            with leader.jobs.database.session() as session:
                rounds.close_round(session, leader.jobs, round_id, leader.jobs.clock())
                session.commit()
            _wait(processes, "released", leader, round_id)
            machine, own = machine_seconds() - machine, used_seconds([os.getpid()]) - own
            others = max(machine - own, 0.0) / ((time.monotonic() - begun) * len(os.sched_getaffinity(0)))
        worker = processes[0]
        with leader.jobs.database.session() as session:
            size = session.execute(text("SELECT length(document) FROM release")).scalar_one()
    steps = [(step, at) for step, at in worker.steps if at > begun]
    ended = next(at for step, at in steps if step == "released")
    phases, before = list[tuple[str, float]](), begun
    for step, at in steps:
        if at <= ended:
            phases.append((step.replace("-", "_"), at - before))
            before = at
    return Counted(ended - begun, own, others, max(one.peak for one in processes), int(size), phases)


@contextmanager
def _processes(leader: Server, helper: Server) -> Iterator[list[Process]]:
    """Run the leader's worker, the helper's worker and the helper's web server; stop them in the end."""
    wanted = (("leader", leader, "work"), ("helper", helper, "work"), ("helper web", helper, "serve"))
    processes: list[Process] = []
    listening: list[threading.Thread] = []
    try:
        for name, server, task in wanted:
            running = subprocess.Popen(  # noqa: S603 — fixed program, no shell
                [sys.executable, "-m", "manabi.bench.round_process", task],
                env={**os.environ, **server.environment}, stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
            processes.append(Process(name, running))
            listening.append(threading.Thread(target=processes[-1].listen, daemon=True))
            listening[-1].start()
        deadline = time.monotonic() + _PATIENCE
        while not all(one.has("ready") for one in processes):
            if time.monotonic() > deadline or any(one.running.poll() is not None for one in processes):
                raise RoundFailed(said="A process did not start.")
            time.sleep(0.05)
        yield processes
    finally:
        for one in processes:
            one.running.terminate()
        for one in processes:
            one.running.wait()
        for each in listening:
            each.join()


def _wait(processes: Sequence[Process], step: str, leader: Server, round_id: UUID) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not processes[0].has(step):
        if time.monotonic() > deadline or any(one.running.poll() is not None for one in processes):
            with leader.jobs.database.session() as session:
                problem = rounds.find_round(session, round_id).problem
            raise RoundFailed(said=str(problem))
        time.sleep(0.02)
