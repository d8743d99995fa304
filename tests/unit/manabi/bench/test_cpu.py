import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from manabi.bench.cpu import machine_seconds, used_seconds

BUSY = "while True: pass"
BUSY_BELOW = f"import subprocess, sys; subprocess.run([sys.executable, '-c', '{BUSY}'])"
ENDED_BELOW = (
    "import subprocess, sys, time; "
    "subprocess.run([sys.executable, '-c', 'import time\\nwhile time.process_time() < 0.1: pass']); "
    "print('ended', flush=True); time.sleep(600)"
)


@contextmanager
def running(code: str) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True)
    try:
        yield process
    finally:
        os.killpg(process.pid, 9)
        process.communicate()


def wait_until(state: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not state():
        assert time.monotonic() < deadline
        os.sched_yield()


def test_the_work_of_a_descendant_counts_for_the_process_above() -> None:
    with running(BUSY_BELOW) as process:
        wait_until(lambda: used_seconds([process.pid]) >= 0.3)  # the process itself only waits
        assert used_seconds([os.getpid()]) >= 0.3


def test_the_work_of_a_descendant_that_ended_still_counts() -> None:
    with running(ENDED_BELOW) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ended\n"
        assert used_seconds([process.pid]) >= 0.1


def test_a_process_that_is_not_there_has_used_nothing() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert used_seconds([process.pid]) == 0


def test_the_machine_is_at_least_as_busy_as_one_process_on_it() -> None:
    with running(BUSY) as process:
        before = machine_seconds()
        wait_until(lambda: used_seconds([process.pid]) >= 0.3)
        wait_until(lambda: machine_seconds() >= before + 0.2)  # both are counted by tick, not in the same instant
