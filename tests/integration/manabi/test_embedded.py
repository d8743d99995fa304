"""The embedded server comes back after any end, also while processes of the killed one are still there."""

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from manabi import embedded

PATIENCE = 60.0


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="manabi-embedded-"))
    yield made
    embedded.remove(made)
    shutil.rmtree(made, ignore_errors=True)


@pytest.mark.faults
def test_a_start_waits_for_the_processes_that_outlive_a_killed_server(folder: Path) -> None:
    server = embedded.start(folder, durable=False)
    connection = psycopg.connect(f"host={server.sockets} user=postgres dbname=postgres", autocommit=True)
    lingering = connection.info.backend_pid
    os.kill(lingering, signal.SIGSTOP)
    os.kill(server.pid, signal.SIGKILL)
    started: list[embedded.EmbeddedServer] = []
    starter = threading.Thread(target=lambda: started.append(embedded.start(folder, durable=False)))
    starter.start()
    try:
        deadline = time.monotonic() + PATIENCE
        while "shared memory block" not in (embedded.home_of(folder) / "log").read_text():
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        os.kill(lingering, signal.SIGCONT)
    starter.join()
    connection.close()
    assert embedded.run_sql(started[0], "SELECT 1") == "1"


def test_a_server_that_cannot_start_is_refused_at_once(folder: Path) -> None:
    server = embedded.start(folder, durable=False)
    embedded.stop(server)
    (server.data / "PG_VERSION").write_text("9.0\n")
    with pytest.raises(embedded.EmbeddedDatabaseFailed) as refused:
        embedded.start(folder, durable=False)
    assert "exit status" in str(refused.value)
    assert subprocess.run(["pgrep", "-f", str(server.data)], check=False, capture_output=True).returncode == 1
