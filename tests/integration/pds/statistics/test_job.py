"""The look at the rounds as background work, and what a process loads for it."""

import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from pds.node import Node
from pds.statistics import tasks
from tests.factories.count import NOW, Count
from tests.integration.pds.statistics.records import Records
from trust.registry import make_registry, write_registrar_keys
from trust.signing import SigningKey
from web.jobs.runner import JobRun, Runner
from web.participants.service import install

HEAVY = ("sklearn", "scipy", "pandas", "diffprivlib", "numpy")


def run(node: Node) -> bool:
    runner = Runner(
        node.database, tasks.handlers(node), node.clock, sweep=timedelta(seconds=1), lease=timedelta(seconds=60)
    )
    return runner.run_one()


def jobs(node: Node) -> list[tuple[str, int, int | None]]:
    with node.database.session() as session:
        rows = session.execute(text("SELECT state, done, total FROM job ORDER BY created_at")).all()
    return [(row.state, row.done, row.total) for row in rows]


def test_one_look_is_ordered_at_a_time(jobs_node: Node) -> None:
    assert tasks.order_look(jobs_node.database, NOW)
    assert not tasks.order_look(jobs_node.database, NOW)
    assert run(jobs_node)
    assert tasks.order_look(jobs_node.database, NOW)


def test_a_node_that_stands_alone_has_nothing_to_look_at(jobs_node: Node) -> None:
    tasks.order_look(jobs_node.database, NOW)
    assert run(jobs_node)
    assert jobs(jobs_node) == [("done", 0, None)]


def test_the_job_reports_and_its_progress_tells_no_number_of_children(
    records: Records, count: Count, jobs_node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The registry comes from the database, the servers answer in this process; everything between is the real job."""
    school = records.school("B120299000018")
    for _ in range(5):
        records.counted(school, 40)
    records.commit()
    registrar = SigningKey.generate()
    (tmp_path / "registrar.json").write_bytes(write_registrar_keys([registrar.public()]))
    node = replace(jobs_node, settings=replace(jobs_node.settings, registrar_key=tmp_path / "registrar.json"))
    token = make_registry(registrar, 1, count.registry.participants, now=NOW, expires_at=NOW + timedelta(days=30))
    with node.database.session() as session:
        install(session, node, token, NOW)
        session.commit()
    round_id = count.announce()
    told: list[tuple[int, int | None]] = []
    client = httpx.Client
    monkeypatch.setattr(
        "aggregator.reporter.client.httpx.Client",
        lambda **options: client(**{**options, "transport": count.transport()}),
    )
    monkeypatch.setattr(JobRun, "note_progress", lambda _, done, total: told.append((done, total)))
    tasks.order_look(node.database, NOW)
    assert run(node)
    assert jobs(node)[-1][0] == "done"
    assert (round_id, node.node_id) in count.leader.held
    assert told
    assert all(0 <= done <= 100 and total == 100 for done, total in told)


@pytest.mark.parametrize("module", ["pds.app", "pds.worker", "manabi.node", "pds.statistics.pages"])
def test_no_process_loads_vectors_or_the_sampler_before_it_reports(module: str) -> None:
    look = f"import sys, {module}; print([one for one in {HEAVY!r} if one in sys.modules])"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
