"""Child processes of the demo: started, watched, restarted, stopped; known by process id and start time."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_STOP_SECONDS = 15
_PAUSE_AFTER_CRASH = (0.2, 0.5, 1.0, 2.0, 5.0)


@dataclass(frozen=True, slots=True)
class Mark:
    """A process that cannot be mistaken for a later one with the same number."""

    pid: int
    started: int

    def is_alive(self) -> bool:
        """Whether that very process still runs."""
        return start_time(self.pid) == self.started

    def kill(self) -> None:
        """End the process and its group: asked first, forced after a while."""
        for sent in (signal.SIGTERM, signal.SIGKILL):
            if not self.is_alive():
                break
            try:
                os.killpg(self.pid, sent)
            except (ProcessLookupError, PermissionError):
                os.kill(self.pid, sent)
            deadline = time.monotonic() + _STOP_SECONDS
            while self.is_alive() and time.monotonic() < deadline:
                time.sleep(0.02)


def start_time(pid: int) -> int | None:
    """Return when a process started, in clock ticks since boot, or None if there is none (a zombie counts as none)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] == "Z" else int(fields[19])


class Child:
    """One service of the demo. `keep` starts it again when it is gone, with growing pauses."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.name = name
        self._command = [sys.executable, "-m", "manabi", *command]
        self._environment = dict(environment)
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._crashes = 0
        self._next_start = 0.0
        self._asked: Mark | None = None

    def start(self) -> None:
        """Start the process in a session of its own, so that Ctrl-C reaches the supervisor alone."""
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 — our own program, no shell
                self._command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def mark(self) -> Mark | None:
        """Return the running process, or None."""
        if self._process is None or self._process.poll() is not None:
            return None
        started = start_time(self._process.pid)
        return None if started is None else Mark(self._process.pid, started)

    def keep(self, now: float) -> bool:
        """Start the process again if it is gone and its pause is over; return whether it was started."""
        if self.mark() is not None:
            return False
        if self._next_start == 0.0:
            self._next_start = now + _PAUSE_AFTER_CRASH[min(self._crashes, len(_PAUSE_AFTER_CRASH) - 1)]
            self._crashes += 1
        if now < self._next_start:
            return False
        self._next_start = 0.0
        self.start()
        return True

    def ask_to_stop(self) -> None:
        """Ask the process to end, once, and wait for nothing."""
        running = self.mark()
        if running is not None and running != self._asked:
            self._asked = running
            os.kill(running.pid, signal.SIGTERM)

    def stop(self) -> None:
        """Stop the process and whatever it started."""
        self.ask_to_stop()
        running = self.mark()
        if running is not None:
            deadline = time.monotonic() + _STOP_SECONDS
            while self.mark() is not None and time.monotonic() < deadline:
                time.sleep(0.02)
            running.kill()
        if self._process is not None:
            self._process.wait()
