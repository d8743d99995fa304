"""The peer of `bench read`: Community Solid Server, as its own documentation says to run it, on this machine.

One server process with file storage and Web Access Control on, `NODE_ENV=production`, logging errors only. An account
with one pod and client credentials is made through its JSON account API; private resources are read with a DPoP-bound
token (RFC 9449). Each request carries a proof of its own, signed before the clock starts. The base URL has to name
`localhost`: its token verifier refuses plain HTTP under any other name.
"""

import json
import os
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from manabi.bench.contest import Shape
from manabi.bench.cpu import used_seconds
from manabi.bench.dpop import ProofKey
from manabi.bench.lines import Peer
from manabi.bench.load import Request
from manabi.bench.node_js import find_node
from manabi.demo.folder import choose_ports
from trust.errors import N_, ManabiError

NAME = "Community Solid Server"
FOLDER = Path(__file__).parents[2] / ".peers" / "node_modules" / "@solid" / "community-server"
BASE_PORT = 8600
_CONFIGURATION = "file.json"
"""The faster one for it: 130 reads a second against 95 with its memory store, on two cores. Both hold components that
refuse to run on several threads."""

_START_SECONDS = 120
_STOP_SECONDS = 10
_LOOPBACK_ONLY = """\
const { Server } = require("node:net");
const listen = Server.prototype.listen;
Server.prototype.listen = function (port, ...rest) {
  return typeof port === "number" ? listen.call(this, port, "127.0.0.1", ...rest) : listen.call(this, port, ...rest);
};
"""
"""The server offers no way to choose its address and would listen on all of them."""


class PeerFailed(ManabiError):
    """The peer did not do what a comparison needs."""

    code = "bench.peer_failed"
    status = 500
    title = N_("%(peer)s cannot be compared with: %(reason)s")
    remedy = N_("Install it anew with `make peers`, or remove the folder .peers to measure without it.")


def find_peer() -> Peer:
    """Return the peer with its version as installed; the version is None where it or Node.js is missing."""
    try:
        version: str = json.loads((FOLDER / "package.json").read_text())["version"]
    except FileNotFoundError:
        return Peer(NAME, None)
    return Peer(NAME, version if find_node() is not None else None)


@dataclass(frozen=True, slots=True)
class SolidServer:
    """A running server with an owner's private resources in it."""

    port: int
    reads_per_round: int
    paths: Sequence[str]
    client: "SolidClient"
    pid: int

    def requests(self, shape: Shape, count: int) -> list[Request]:
        """Return reads of all resources in turn, or of the first one only, each with a fresh proof."""
        among = self.paths if shape is Shape.SPREAD else self.paths[:1]
        token = self.client.fetch_token()
        return [
            Request(path, {**self.client.authorise(token, "GET", path), "Accept": "application/json"})
            for path in (among[index % len(among)] for index in range(count))
        ]

    def settle(self) -> None:
        """Nothing is left behind: a read is over with its answer."""

    def cpu_seconds(self) -> Mapping[str, float]:
        """Return the processor time of the `server`."""
        return {"server": used_seconds([self.pid])}


@contextmanager
def solid_server(*, resources: int, body_bytes: int, reads_per_round: int) -> Iterator[SolidServer]:
    """Start the server in a temporary folder, write the resources; leave nothing behind. Raises `PeerFailed`."""
    with tempfile.TemporaryDirectory(prefix="manabi-bench-peer-") as temporary:
        folder, port = Path(temporary).resolve(), choose_ports(BASE_PORT)
        process = _start(folder, port)
        try:
            client = SolidClient(f"http://localhost:{port}")
            _wait_until_ready(client, process, folder / "log")
            pod = client.make_pod()
            paths = [f"{pod}record-{number}.json" for number in range(resources)]
            token = client.fetch_token()
            for path in paths:
                client.put(token, path, json.dumps({"text": "x" * (body_bytes - len('{"text": ""}'))}).encode())
            yield SolidServer(port, reads_per_round, paths, client, process.pid)
        finally:
            _stop(process)


def _start(folder: Path, port: int) -> "subprocess.Popen[bytes]":
    (folder / "loopback.cjs").write_text(_LOOPBACK_ONLY)
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    node = find_node()
    if node is None:
        raise PeerFailed(peer=NAME, reason="Node.js is missing")
    with (folder / "log").open("ab") as output:
        return subprocess.Popen(  # noqa: S603 — fixed program, no shell
            [
                node, "--dns-result-order=ipv4first", "--require", folder / "loopback.cjs",
                FOLDER / "bin" / "server.js", "--config", f"@css:config/{_CONFIGURATION}", "--port", str(port),
                "--baseUrl", f"http://localhost:{port}/", "--rootFilePath", folder / "data", "--loggingLevel", "error",
            ],
            cwd=folder, env={**kept, "HOME": str(folder), "NODE_ENV": "production"}, stdin=subprocess.DEVNULL,
            stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip


def _stop(process: "subprocess.Popen[bytes]") -> None:
    for sent in (signal.SIGTERM, signal.SIGKILL):
        process.send_signal(sent)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            continue
        return


def _wait_until_ready(client: "SolidClient", process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            client.controls()
        except PeerFailed:
            time.sleep(0.2)
        else:
            return
    raise PeerFailed(peer=NAME, reason=f"it did not start: {log.read_text()[-500:]}")


class SolidClient:
    """Speaks the JSON account API and the token endpoint of one server, for one owner."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._key = ProofKey.generate()
        self._account = ""
        self._credentials = ""

    def controls(self) -> dict[str, Any]:
        """Return the addresses the account API offers at this point."""
        found: dict[str, Any] = self._call("GET", f"{self._base}/.account/")["controls"]
        return found

    def make_pod(self) -> str:
        """Make an account with a pod and client credentials; return the path of the pod."""
        self._account = self._call("POST", self.controls()["account"]["create"], {})["authorization"]
        controls = self.controls()
        login = {"email": "owner@bench.invalid", "password": os.urandom(16).hex()}
        self._call("POST", controls["password"]["create"], login)
        made = self._call("POST", controls["account"]["pod"], {"name": "bench"})
        issued = self._call("POST", controls["account"]["clientCredentials"], {"name": "b", "webId": made["webId"]})
        self._credentials = b64encode(f"{issued['id']}:{issued['secret']}".encode()).decode()
        pod: str = made["pod"]
        return pod.removeprefix(self._base)

    def fetch_token(self) -> str:
        """Return an access token bound to this client's key."""
        url = f"{self._base}/.oidc/token"
        headers = {
            "Authorization": f"Basic {self._credentials}",
            "DPoP": self._key.prove("POST", url),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        answer = self._send("POST", url, headers, b"grant_type=client_credentials&scope=webid")
        token: str = json.loads(answer)["access_token"]
        return token

    def authorise(self, token: str, method: str, path: str) -> dict[str, str]:
        """Return the headers of one authorised request; the proof in them serves once."""
        proof = self._key.prove(method, self._base + path, token=token)
        return {"Authorization": f"DPoP {token}", "DPoP": proof}

    def put(self, token: str, path: str, body: bytes) -> None:
        """Write a JSON resource."""
        headers = {**self.authorise(token, "PUT", path), "Content-Type": "application/json"}
        self._send("PUT", self._base + path, headers, body)

    def _call(self, method: str, url: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        headers = {"Accept": "application/json"}
        if self._account:
            headers["Authorization"] = f"CSS-Account-Token {self._account}"
        if body is not None:  # a GET that names a content type without a body is answered with 500
            headers["Content-Type"] = "application/json"
        answered: dict[str, Any] = json.loads(
            self._send(method, url, headers, None if body is None else json.dumps(body).encode())
        )
        return answered

    def _send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> bytes:
        request = urllib.request.Request(url, body, dict(headers), method=method)  # noqa: S310 — a loopback address
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                content: bytes = answer.read()
        except urllib.error.HTTPError as error:
            told = error.read(300).decode(errors="replace")
            raise PeerFailed(peer=NAME, reason=f"{method} {url} answered {error.code}: {told}") from error
        except OSError as error:
            raise PeerFailed(peer=NAME, reason=f"{method} {url}: {error}") from error
        return content
