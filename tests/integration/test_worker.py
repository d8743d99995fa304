"""A real worker process on a real broker: an emptied broker delays nothing, a killed worker doubles nothing."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from manabi.demo.processes import start_time
from manabi.node import find_person, import_file, invite
from manabi.sample.files import write_sample
from manabi.sample.world import make_world
from pds.access_log.models import NOBODY
from pds.access_log.reading import entries_for
from pds.doorbell import QUEUE, make_doorbell_app
from pds.node import Node
from pds.settings import NodeSettings
from tests.integration.conftest import NOW
from web.replay.service import remember

PATIENCE = 120.0
FILES = ("municipal/oneroster-bulk-2026-11-01.zip", "municipal/register_guidance.csv")


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    write_sample(make_world(60, 7, 2), folder)
    return folder


@contextmanager
def worker(settings: NodeSettings) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    environment = {
        **os.environ,
        "MANABI_NODE_ID": settings.node_id, "MANABI_OPERATOR": "o", "MANABI_CONTACT": "c",
        "MANABI_PUBLIC_URL": settings.public_url, "MANABI_DATABASE_URL": settings.database_url,
        "MANABI_JOBS_DATABASE_URL": settings.jobs_database_url, "MANABI_KEYRING": str(settings.keyring),
        "MANABI_UPLOADS": str(settings.uploads), "MANABI_BROKER_URL": settings.broker_url,
        "MANABI_BROKER_FOLDER": str(settings.broker_folder), "MANABI_SYNTHETIC": "on", "MANABI_SWEEP_SECONDS": "0.3",
        "MANABI_LEASE_SECONDS": "2", "MANABI_SEQUENCER_SECONDS": "0.3",
    }  # fmt: skip
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        started.append(
            subprocess.Popen(
                [sys.executable, "-m", "manabi", "node", "work"], env=environment, start_new_session=True,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )
        )  # fmt: skip
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(PATIENCE)


def rows(node: Node) -> tuple[int, int, int]:
    """How many learners, records and versions there are."""
    with node.database.session() as session:
        one = session.execute(
            text("SELECT (SELECT count(*) FROM learner), (SELECT count(*) FROM record), count(*) FROM record_version")
        ).one()
    return int(one[0]), int(one[1]), int(one[2])


def import_all(node: Node, sample: Path, names: Sequence[str] = FILES) -> None:
    for name in names:
        import_file(node, sample / name)


def test_everything_finishes_while_the_broker_is_emptied_again_and_again(
    jobs_node: Node, settings: NodeSettings, sample: Path
) -> None:
    stopping = threading.Event()

    def empty_broker() -> None:
        while not stopping.wait(0.02):
            for message in (settings.broker_folder / "messages").glob("*"):
                message.unlink(missing_ok=True)

    with worker(settings) as start:
        start()
        thief = threading.Thread(target=empty_broker)
        thief.start()
        try:
            import_all(jobs_node, sample)
        finally:
            stopping.set()
            thief.join()
    learners, records, versions = rows(jobs_node)
    assert learners > 0
    assert records == versions > 0


def test_a_message_that_cannot_be_read_does_not_end_the_worker(
    jobs_node: Node, settings: NodeSettings, sample: Path
) -> None:
    messages = settings.broker_folder / "messages"
    with worker(settings) as start:
        running = start()
        import_file(jobs_node, sample / FILES[0])
        for number in range(3):
            (messages / f"{number}_half-written.{QUEUE}.msg").touch()
            deadline = time.monotonic() + PATIENCE
            while list(messages.glob("*half-written*")):
                assert time.monotonic() < deadline
                time.sleep(0.05)
        import_file(jobs_node, sample / FILES[1])
        assert running.poll() is None
    assert rows(jobs_node)[1] > 0


def test_a_missing_broker_only_delays(jobs_node: Node, settings: NodeSettings, sample: Path) -> None:
    with worker(settings) as start:
        start()
        import_file(jobs_node, sample / FILES[0])
        shutil.rmtree(settings.broker_folder)
        import_file(jobs_node, sample / FILES[1])
    assert rows(jobs_node)[1] > 0


def test_a_worker_forgets_token_ids_that_have_expired(jobs_node: Node, settings: NodeSettings) -> None:
    assert remember(jobs_node.database, "asahi.node", "old", NOW - timedelta(days=365))
    assert remember(jobs_node.database, "asahi.node", "young", NOW + timedelta(days=365 * 50))

    def kept() -> list[str]:
        with jobs_node.database.session() as session:
            return list(session.execute(text("SELECT jti FROM replay ORDER BY jti")).scalars())

    with worker(settings) as start:
        start()
        deadline = time.monotonic() + PATIENCE
        while kept() != ["young"]:
            assert time.monotonic() < deadline, kept()
            time.sleep(0.1)


@pytest.mark.faults
def test_a_worker_killed_at_any_time_loses_nothing_and_doubles_nothing(
    jobs_node: Node, settings: NodeSettings, sample: Path
) -> None:
    done = threading.Event()

    def load() -> None:
        import_all(jobs_node, sample)
        done.set()

    with worker(settings) as start:
        running = start()
        loader = threading.Thread(target=load)
        loader.start()
        deadline = time.monotonic() + PATIENCE
        kills, pauses = 0, (1.4, 2.1, 2.9, 3.3, 4.0)
        while not done.wait(pauses[kills] if kills < len(pauses) else 1.0):
            assert time.monotonic() < deadline
            if kills < len(pauses):
                os.killpg(running.pid, signal.SIGKILL)
                running.wait()
                kills += 1
                running = start()
        loader.join()
        assert start_time(running.pid) is not None
        learners, records, versions = rows(jobs_node)
        assert learners > 0
        assert records == versions > 0
        import_all(jobs_node, sample)
    assert rows(jobs_node) == (learners, records, versions), "the same files bring nothing new"


def test_the_one_queue_that_is_rung_has_a_worker(jobs_node: Node) -> None:
    assert make_doorbell_app(jobs_node).conf.task_default_queue == QUEUE


def test_a_code_from_the_command_line_stands_in_the_childs_log(
    jobs_node: Node, settings: NodeSettings, sample: Path
) -> None:
    with worker(settings) as start:
        start()
        import_file(jobs_node, sample / FILES[0])
    people = json.loads((sample / "load_order.json").read_text())["people"]
    student = find_person_id(jobs_node, people["student"]["sourcedId"])
    for kind, role in (("learner", "student"), ("carer", "guardian"), ("staff", "principal")):
        assert invite(jobs_node, kind, people[role]["sourcedId"], now=NOW)
    with jobs_node.database.session() as session:
        seen = entries_for(session, jobs_node, student, "child", before=None, limit=10).entries
        of_node = entries_for(session, jobs_node, NOBODY, "node", before=None, limit=10).entries
    assert [one.entry["act"] for one in seen] == ["staff:code:issue", "staff:code:issue"]
    assert [one.entry["act"] for one in of_node] == ["staff:code:issue"]


def find_person_id(node: Node, source_id: str) -> UUID:
    with node.database.session() as session:
        return find_person(session, node, "learner", source_id)
