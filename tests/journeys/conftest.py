"""A small demo, started as a person starts it, on blocks of ports of its own."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from manabi import embedded
from manabi.demo.folder import DemoFolder
from manabi.demo.processes import start_time

PATIENCE = 120.0
PORT = 18400 + 100 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
"""The first port of this process; two modules may run side by side."""


def wait_until(told: Callable[[], bool], what: str) -> None:
    """Poll a state with a generous deadline."""
    deadline = time.monotonic() + PATIENCE
    while not told():
        if time.monotonic() > deadline:
            pytest.fail(f"waited in vain until {what}")
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    return start_time(pid) is not None


@dataclass
class RunningDemo:
    """One run of `manabi demo`."""

    process: subprocess.Popen[str]
    folder: DemoFolder
    lines: list[str] = field(default_factory=list)

    def listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())

    @property
    def url(self) -> str:
        found = re.search(r"http://localhost:\d+", "\n".join(self.lines))
        assert found is not None, self.lines
        return found.group()

    def says(self, words: str) -> bool:
        if self.process.poll() is not None and not any(words in line for line in self.lines):
            pytest.fail("the demo ended: " + "\n".join(self.lines[-5:]))
        return any(words in line for line in self.lines)

    def wait_ready(self) -> None:
        wait_until(lambda: self.says("Ctrl-C stops everything"), "the demo is ready")

    def children(self) -> dict[str, int]:
        found = json.loads((self.folder.path / "running.json").read_text())["children"]
        return {name: mark["pid"] for name, mark in found.items()}

    def database_pid(self) -> int:
        """The database's process id; 0 while there is none."""
        try:
            return int((embedded.home_of(self.folder.path) / "data" / "postmaster.pid").read_text().splitlines()[0])
        except (FileNotFoundError, IndexError):
            return 0

    def stop(self, how: int = signal.SIGINT) -> None:
        self.process.send_signal(how)
        self.process.wait(PATIENCE)


Starter = Callable[..., RunningDemo]


@pytest.fixture(scope="module")
def demo_folder() -> Iterator[DemoFolder]:
    with tempfile.TemporaryDirectory(prefix="manabi-journey-") as temporary:
        folder = DemoFolder(Path(temporary).resolve() / "demo")
        yield folder
        folder.remove()
        assert not folder.path.exists()
        assert not embedded.home_of(folder.path).exists()


@pytest.fixture(scope="module")
def start(demo_folder: DemoFolder) -> Iterator[Starter]:
    """Start the demo as a person does, the national count left out; whatever still runs at the end is stopped."""
    started: list[RunningDemo] = []

    def begin(*words: str) -> RunningDemo:
        process = subprocess.Popen(
            [sys.executable, "-m", "manabi", "demo", "--folder", str(demo_folder.path), "--port", str(PORT),
             "--learners", "50", "--nodes-only", *words],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
        demo = RunningDemo(process, demo_folder)
        threading.Thread(target=demo.listen, daemon=True).start()
        started.append(demo)
        return demo

    yield begin
    for demo in started:
        if demo.process.poll() is None:
            demo.stop()
        assert demo.process.stdout is not None
        demo.process.stdout.close()


@dataclass
class SharedDemo:
    """The demo that one test takes over from another."""

    start: Starter
    demo: RunningDemo | None = None

    def running(self) -> RunningDemo:
        """Return it ready, started again if it has ended."""
        if self.demo is None or self.demo.process.poll() is not None:
            self.demo = self.start()
        self.demo.wait_ready()
        return self.demo

    def stop(self) -> None:
        if self.demo is not None and self.demo.process.poll() is None:
            self.demo.stop()


@pytest.fixture(scope="module")
def shared(start: Starter) -> SharedDemo:
    return SharedDemo(start)
