"""A killed worker or database leaves nothing half applied, and what it began is done exactly once."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from manabi import embedded
from pds.intake import service
from pds.intake.service import APPLY, UNDO
from pds.node import Node
from pds.settings import NodeSettings
from tests.factories.oneroster import Row, package
from tests.integration.conftest import PACKAGES, ROLES
from tests.integration.pds.intake.desk import Desk
from web.database import Database
from web.jobs.models import JobState
from web.migrate import upgrade

SCRIPT = Path(__file__).with_name("dying_worker.py")
LEASE = timedelta(seconds=1)
CHILDREN = 900
pytestmark = pytest.mark.faults


@pytest.fixture
def desk(node: Node, jobs_node: Node) -> Desk:
    """A desk whose clock goes with the real one, as that of the killed processes does."""
    return Desk(node, jobs_node, now=datetime.now(UTC))


def many_children() -> bytes:
    """A set large enough to be killed in the middle of its rows."""
    bent = package()

    def more(row: Row, number: int) -> Row:
        return {name: value.replace("s-1", f"s-{number}") for name, value in row.items()}

    numbers = range(10, 10 + CHILDREN)
    master = {"agentSourcedIds": ""}
    bent.rows["users"] += [
        more(bent.rows["users"][0], number) | master | {"userMasterIdentifier": f"00000000-0000-4000-8000-{number:012}"}
        for number in numbers
    ]
    for file in ("roles", "enrollments", "demographics"):
        bent.rows[file] += [more(bent.rows[file][0], number) for number in numbers]
    return bent.packed()


def environment(settings: NodeSettings) -> dict[str, str]:
    return {
        **os.environ,
        "MANABI_NODE_ID": settings.node_id, "MANABI_OPERATOR": "o", "MANABI_CONTACT": "c",
        "MANABI_PUBLIC_URL": settings.public_url, "MANABI_DATABASE_URL": settings.database_url,
        "MANABI_JOBS_DATABASE_URL": settings.jobs_database_url, "MANABI_KEYRING": str(settings.keyring),
        "MANABI_UPLOADS": str(settings.uploads), "MANABI_BROKER_URL": "memory://", "MANABI_SYNTHETIC": "on",
        "MANABI_LEASE_SECONDS": str(LEASE.total_seconds()), "PYTHONPATH": os.getcwd(),
    }  # fmt: skip


def run_worker(
    settings: NodeSettings, kind: str, point: str, times: int = 1, victim: int = 0
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), kind, point, str(times), str(victim)]
    return subprocess.run(command, env=environment(settings), capture_output=True, text=True, check=False)


def take_over(desk: Desk, run: UUID) -> None:
    """Let another worker take the job over once the lease has lapsed."""
    deadline = time.monotonic() + 120
    while desk.view(run).job.state is JobState.RUNNING:  # type: ignore[union-attr]
        assert time.monotonic() < deadline
        desk.now = datetime.now(UTC)
        desk.runner().run_one()


def order(desk: Desk, request: str, run: UUID) -> None:
    desk.now = datetime.now(UTC)
    with desk.web.database.session() as session:
        getattr(service, f"request_{request}")(session, run, by=None, now=desk.now)
        session.commit()


def applied_once(desk: Desk, run: UUID) -> None:
    assert desk.view(run).state == "applied"
    counts = desk.counts()
    assert (counts["learner"], counts["enrolment"], counts["learner_identifier"]) == (
        CHILDREN + 2, CHILDREN + 2, 2 * (CHILDREN + 2),
    )  # fmt: skip
    assert desk.scalar("SELECT max(revision) FROM learner") == 1
    assert desk.scalar("SELECT count(DISTINCT change_no) = count(*) FROM intake_change") is True
    assert desk.details("s-10").name.family == "髙橋"


@pytest.mark.parametrize(("point", "times"), [("read", 1), ("rows", 1), ("rows", 4), ("written", 1), ("noted", 1)])
def test_a_worker_killed_before_its_commit_has_applied_nothing(
    desk: Desk, settings: NodeSettings, point: str, times: int
) -> None:
    empty = desk.contents()
    seen = desk.hand_in(many_children())
    order(desk, "apply", seen.run_id)
    killed = run_worker(settings, APPLY, point, times)
    assert killed.returncode == -signal.SIGKILL, killed.stderr[-2000:]
    assert desk.contents() == empty
    assert desk.view(seen.run_id).state == "applying"
    take_over(desk, seen.run_id)
    applied_once(desk, seen.run_id)


def test_a_worker_killed_after_its_commit_has_applied_everything(desk: Desk, settings: NodeSettings) -> None:
    seen = desk.hand_in(many_children())
    order(desk, "apply", seen.run_id)
    killed = run_worker(settings, APPLY, "committed")
    assert killed.returncode == -signal.SIGKILL, killed.stderr[-2000:]
    applied_once(desk, seen.run_id)
    desk.run_jobs()
    applied_once(desk, seen.run_id)


@pytest.mark.parametrize(("point", "times"), [("rows", 2), ("written", 1), ("noted", 1), ("committed", 1)])
def test_a_killed_undo_is_done_whole_or_not_at_all(desk: Desk, settings: NodeSettings, point: str, times: int) -> None:
    seen = desk.load(many_children())
    before = desk.contents()
    order(desk, "undo", seen.run_id)
    killed = run_worker(settings, UNDO, point, times)
    assert killed.returncode == -signal.SIGKILL, killed.stderr[-2000:]
    if point != "committed":
        assert desk.contents() == before
    take_over(desk, seen.run_id)
    assert desk.view(seen.run_id).state == "undone"
    assert desk.scalar("SELECT count(*) FROM learner WHERE NOT withdrawn") == 0
    assert desk.scalar("SELECT max(revision) FROM learner") == 2


@pytest.fixture
def durable(settings: NodeSettings) -> Iterator[tuple[Path, embedded.EmbeddedServer, NodeSettings]]:
    """A server that syncs every commit, since its power is going to be cut."""
    with tempfile.TemporaryDirectory(prefix="manabi-durable-") as temporary:
        folder = Path(temporary)
        server = embedded.start(folder, durable=True)
        embedded.run_sql(server, ROLES.read_text())
        embedded.run_sql(server, "CREATE DATABASE manabi OWNER manabi_owner")
        upgrade(server.url("manabi_owner"), PACKAGES)
        yield (
            folder,
            server,
            replace(settings, database_url=server.url("manabi_app"), jobs_database_url=server.url("manabi_jobs")),
        )
        embedded.remove(folder)


def test_a_database_killed_in_mid_apply_comes_back_with_nothing_applied(
    durable: tuple[Path, embedded.EmbeddedServer, NodeSettings], node: Node
) -> None:
    folder, server, settings = durable
    app, jobs = Database(settings.database_url), Database(settings.jobs_database_url)
    desk = Desk(
        replace(node, settings=settings, database=app), replace(node, settings=settings, database=jobs),
        now=datetime.now(UTC),
    )  # fmt: skip
    empty = desk.contents()
    seen = desk.hand_in(many_children())
    order(desk, "apply", seen.run_id)
    stopped = run_worker(settings, APPLY, "written", victim=server.pid)
    assert stopped.returncode == 1, stopped.stderr[-2000:]
    app.close()
    jobs.close()
    embedded.start(folder)
    assert desk.contents() == empty
    take_over(desk, seen.run_id)
    applied_once(desk, seen.run_id)
    app.close()
    jobs.close()
