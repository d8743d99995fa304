"""The demo as somebody runs it: starts, stops without a trace, survives its own death and that of its services."""

import os
import signal
import socket
import urllib.request
from pathlib import Path

import pytest

from manabi import embedded
from manabi.demo.folder import DemoFolder
from tests.journeys.conftest import PORT, SharedDemo, Starter, is_alive, wait_until


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health/live", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def modes_of_parents(path: Path) -> dict[Path, int]:
    return {parent: parent.stat().st_mode for parent in path.parents}


def test_ctrl_c_leaves_no_process_no_socket_and_no_lock_and_keeps_the_data(
    shared: SharedDemo, demo_folder: DemoFolder
) -> None:
    before = modes_of_parents(demo_folder.path)
    demo = shared.running()
    pids = [*demo.children().values(), demo.database_pid()]
    assert answers(demo.url)
    demo.stop()
    assert demo.process.returncode == 0
    assert not any(is_alive(pid) for pid in pids)
    assert not answers(demo.url)
    home = embedded.home_of(demo_folder.path)
    left = [
        path for root in (demo_folder.path, home) for path in root.rglob("*") if path.is_socket() or "lock" in path.name
    ]
    assert [path for path in left if path.parent.name not in ("keyring", "registrar")] == []
    assert modes_of_parents(demo_folder.path) == before

    again = shared.running()
    assert not again.says("Importing")
    assert answers(again.url)


def test_a_second_supervisor_is_told_who_runs_the_demo(shared: SharedDemo, start: Starter) -> None:
    demo = shared.running()
    second = start()
    wait_until(lambda: second.process.poll() is not None, "the second one gives up")
    assert second.process.returncode == 1
    wait_until(lambda: bool(second.lines), "it says why")
    assert "demo.running" in second.lines[-1]
    assert answers(demo.url)


@pytest.mark.faults
def test_the_next_start_takes_over_what_a_killed_supervisor_left(shared: SharedDemo) -> None:
    demo = shared.running()
    children, database = demo.children(), demo.database_pid()
    demo.stop(signal.SIGKILL)
    assert all(is_alive(pid) for pid in children.values())
    after = shared.running()
    assert not any(is_alive(pid) for pid in children.values())
    assert answers(after.url)
    assert after.url.endswith(str(PORT))
    after.stop()
    assert not is_alive(database)


def test_a_taken_port_moves_the_whole_block_and_says_so(shared: SharedDemo) -> None:
    shared.stop()
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", PORT + 3))
        taken.listen()
        demo = shared.running()
    assert demo.says(f"Port {PORT} is taken")
    assert demo.url.endswith(str(PORT + 10))


@pytest.mark.faults
def test_killed_children_are_started_again(shared: SharedDemo) -> None:
    demo = shared.running()
    for name in ("mirai-web", "asahi-worker"):
        old = demo.children()[name]
        os.killpg(old, signal.SIGKILL)
        wait_until(lambda name=name, old=old: demo.children()[name] != old, f"{name} runs again")  # type: ignore[misc]
    wait_until(lambda: answers(demo.url), "the pages answer again")


@pytest.mark.faults
def test_a_killed_database_is_started_again(shared: SharedDemo) -> None:
    demo = shared.running()
    old = demo.database_pid()
    os.killpg(old, signal.SIGKILL)
    wait_until(lambda: demo.says("The database was gone"), "the loss is noticed")
    wait_until(lambda: demo.database_pid() not in (0, old), "the database runs again")
    wait_until(lambda: answers(demo.url), "the pages answer")
