"""The demo's folder: where its state lives, who runs it now, and under which addresses."""

import fcntl
import json
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from manabi import embedded
from manabi.demo.processes import Mark, start_time
from trust.errors import N_, ManabiError

BASE_PORT = 8400
BLOCK = 10
"""Ports one demo may use, counted from its base."""


class DemoRunning(ManabiError):
    """Another supervisor runs this demo."""

    code = "demo.running"
    status = 409
    title = N_("This demo is running already (process %(pid)s) at %(url)s.")
    remedy = N_("Open that address, or stop it with Ctrl-C where it runs.")


class NoPortFree(ManabiError):
    """No block of ports is free."""

    code = "demo.no_port"
    status = 503
    title = N_("No block of %(block)s free ports was found from %(base)s on.")
    remedy = N_("Stop what uses them, or give another one with --port.")


@dataclass(frozen=True, slots=True)
class NodeFolder:
    """Where one node of a demo keeps what does not stand in its database."""

    path: Path

    @property
    def keyring(self) -> Path:
        """The keyring, apart from the database."""
        return self.path / "keyring"

    @property
    def uploads(self) -> Path:
        """School files on their way in."""
        return self.path / "uploads"

    @property
    def broker(self) -> Path:
        """The messages of the file-system broker."""
        return self.path / "broker"

    @property
    def sample(self) -> Path:
        """The made-up municipality's files."""
        return self.path / "sample"

    @property
    def sign_ins(self) -> Path:
        """Names, passwords and codes that the demo prints."""
        return self.path / "sign-ins.json"

    @property
    def loaded(self) -> Path:
        """Stands once every file of the sample is applied."""
        return self.path / "loaded"

    def prepare(self) -> None:
        """Make the folders."""
        for part in (self.uploads, self.broker):
            part.mkdir(mode=0o700, parents=True, exist_ok=True)


@dataclass(frozen=True, slots=True)
class DemoFolder:
    """The paths of one demo: a folder per node, the registrar's, and what they share."""

    path: Path

    def node(self, name: str) -> NodeFolder:
        """One node's own folder."""
        return NodeFolder(self.path / name)

    @property
    def registrar(self) -> Path:
        """The keys and the register of whoever admits nodes."""
        return self.path / "registrar"

    @property
    def fleet(self) -> Path:
        """The keys and the memory of the municipalities that report to the national count."""
        return self.path / "fleet"

    def log(self, name: str) -> Path:
        """A service's log file."""
        return self.path / "logs" / f"{name}.log"

    def prepare(self) -> None:
        """Make the shared folders."""
        (self.path / "logs").mkdir(mode=0o700, parents=True, exist_ok=True)

    def remove(self) -> None:
        """Remove everything, the database included."""
        embedded.remove(self.path)
        if self.path.exists():
            shutil.rmtree(self.path)

    @contextmanager
    def held(self) -> Iterator["Holding"]:
        """Hold the folder for this process; leftovers of a killed supervisor are ended first."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = self.path / "lock"
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                other = _read(self.path / "running.json")
                raise DemoRunning(pid=other.get("pid", "?"), url=other.get("url", "?")) from error
            holding = Holding(self.path / "running.json")
            holding.end_leftovers()
            yield holding
            holding.clear()
            lock.unlink(missing_ok=True)
        finally:
            os.close(handle)


class Holding:
    """What the running supervisor writes down, so that the next one can end what is left of it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def note(self, url: str, children: dict[str, Mark]) -> None:
        """Write down the address and the children."""
        own = Mark(os.getpid(), start_time(os.getpid()) or 0)
        text = {
            "pid": own.pid,
            "started": own.started,
            "url": url,
            "children": {name: asdict(mark) for name, mark in children.items()},
        }
        partial = self._path.with_suffix(".partial")
        partial.write_text(json.dumps(text))
        partial.replace(self._path)

    def end_leftovers(self) -> None:
        """End the children of a supervisor that was killed."""
        for mark in _read(self._path).get("children", {}).values():
            Mark(mark["pid"], mark["started"]).kill()
        self.clear()

    def clear(self) -> None:
        """Nothing runs any more."""
        self._path.unlink(missing_ok=True)


def choose_ports(wanted: int) -> int:
    """Return the first base, from `wanted` on, whose whole block is free on the loopback address."""
    for base in range(wanted, wanted + 100 * BLOCK, BLOCK):
        if all(_is_free(base + offset) for offset in range(BLOCK)):
            return base
    raise NoPortFree(block=BLOCK, base=wanted)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _read(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return found
