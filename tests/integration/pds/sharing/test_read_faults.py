"""A killed process never lets a byte out without its entry, and never leaves half a decision behind."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from consent.vocabulary import Category
from manabi import embedded
from pds.access_log.entries import Purpose
from pds.access_log.sequencer import Sequencer
from pds.node import Node
from pds.people import service as people
from pds.settings import NodeSettings
from pds.sharing.enforcement import Asking, Disclosed, read_record
from tests.factories.node import World
from tests.integration.conftest import NOW, PACKAGES, ROLES
from web.database import Database
from web.migrate import upgrade

SCRIPT = Path(__file__).with_name("dying_reader.py")


def add_child(node: Node) -> tuple[UUID, UUID]:
    """Write a child with one record through a node that acts as background work."""
    with node.database.session() as session:
        world = World(node, session, session)
        school = world.school()
        learner = world.learner()
        world.enrol(learner, school, world.school_class(school))
        record = world.record(learner, school, Category.GUIDANCE, [{"moral": "よく考えた。"}], school_year=2025)
        world.commit()
    return learner, record


def environment(settings: NodeSettings) -> dict[str, str]:
    return {
        **os.environ,
        "MANABI_NODE_ID": settings.node_id, "MANABI_OPERATOR": "o", "MANABI_CONTACT": "c",
        "MANABI_PUBLIC_URL": settings.public_url, "MANABI_DATABASE_URL": settings.database_url,
        "MANABI_JOBS_DATABASE_URL": settings.jobs_database_url, "MANABI_KEYRING": str(settings.keyring),
        "MANABI_UPLOADS": str(settings.uploads), "MANABI_BROKER_URL": "memory://", "MANABI_SYNTHETIC": "on",
        "PYTHONPATH": os.getcwd(),
    }  # fmt: skip


def count_entries(node: Node) -> int:
    with node.database.session() as session:
        return int(session.execute(text("SELECT count(*) FROM log_entry")).scalar_one())


@pytest.mark.faults
@pytest.mark.parametrize(("point", "entries"), [("before-entry", 0), ("after-entry", 0), ("after-commit", 1)])
def test_a_reader_killed_at_a_named_point_answers_nothing(
    node: Node, jobs_node: Node, settings: NodeSettings, point: str, entries: int
) -> None:
    learner, record = add_child(jobs_node)
    command = [sys.executable, str(SCRIPT), point, str(learner), str(record)]
    killed = subprocess.run(command, env=environment(settings), capture_output=True, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr[-1000:]
    assert killed.stdout == ""
    assert count_entries(jobs_node) == entries

    command[2] = "never"
    again = subprocess.run(command, env=environment(settings), capture_output=True, text=True, check=False)
    assert again.stdout == "answered Disclosed\n", again.stderr[-1000:]
    assert count_entries(jobs_node) == entries + 1


@pytest.fixture
def durable() -> Iterator[tuple[Path, embedded.EmbeddedServer]]:
    """A server that syncs every commit, since its power is going to be cut."""
    with tempfile.TemporaryDirectory(prefix="manabi-durable-") as temporary:
        folder = Path(temporary)
        server = embedded.start(folder, durable=True)
        embedded.run_sql(server, ROLES.read_text())
        embedded.run_sql(server, "CREATE DATABASE manabi OWNER manabi_owner")
        upgrade(server.url("manabi_owner"), PACKAGES)
        yield folder, server
        embedded.remove(folder)


@pytest.mark.faults
def test_no_answered_read_loses_its_entry_when_the_database_is_killed(
    durable: tuple[Path, embedded.EmbeddedServer], node: Node
) -> None:
    folder, server = durable
    app, jobs = Database(server.url("manabi_app"), pool_size=4), Database(server.url("manabi_jobs"))
    here = replace(node, database=app)
    learner, record = add_child(replace(node, database=jobs))
    answered: list[str] = []

    def keep_reading() -> None:
        while True:
            try:
                with app.session() as session:
                    viewer = people.viewer_for(session, learner)
                    assert viewer is not None
                    answer = read_record(session, here, Asking(viewer, Purpose.LOOK_BACK, NOW, "r"), learner, record)
                    session.commit()
            except DBAPIError:
                return
            assert isinstance(answer, Disclosed)
            answered.append("read")

    readers = [threading.Thread(target=keep_reading) for _ in range(4)]
    for reader in readers:
        reader.start()
    while len(answered) < 50:
        assert any(reader.is_alive() for reader in readers)
    os.kill(server.pid, signal.SIGKILL)
    for reader in readers:
        reader.join()
    app.close()
    jobs.close()  # its connections died with the server

    embedded.start(folder)
    with jobs.session() as session:
        found = int(session.execute(text("SELECT count(*) FROM log_entry")).scalar_one())
    assert len(answered) <= found <= len(answered) + len(readers)
    assert Sequencer(replace(node, database=jobs)).run_once(NOW) == found
    jobs.close()
