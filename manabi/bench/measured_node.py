"""A whole node for a bench: folder, database, keyring and ports of its own, stocked children, removed afterwards."""

import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from consent.policy.loader import shipped_policy
from manabi.bench.children import SignedInChild, stock_children
from manabi.bench.contest import Shape
from manabi.bench.cpu import used_seconds
from manabi.bench.load import Request
from manabi.demo.folder import DemoFolder, choose_ports
from manabi.demo.nodes import MIRAI
from manabi.demo.processes import Child
from manabi.demo.supervisor import environment_of, start_database, wait_until_ready
from manabi.embedded import EmbeddedServer
from pds.node import Node
from pds.settings import read_settings
from trust.errors import N_, ManabiError
from trust.keyring import FileKeyring
from web.clock import system_clock
from web.database import Database

BASE_PORT = 8500
SEQUENCER_SECONDS = "1"
"""More often than by default, so that chaining and signing fall into the rounds instead of after them."""

_SETTLE_SECONDS = 60
_LOOK_AGAIN_SECONDS = 0.2
_PENDING = text("SELECT count(*) FROM log_entry WHERE leaf_index IS NULL")
_LOGGED = text(
    "SELECT count(*) AS entries, count(DISTINCT leaf_index) AS leaves, "
    "coalesce((SELECT size FROM log_checkpoint ORDER BY checkpoint_no DESC LIMIT 1), 0) AS signed FROM log_entry"
)


class NotSequenced(ManabiError):
    """Entries of the access log still wait for their place long after the last read."""

    code = "bench.not_sequenced"
    status = 500
    title = N_("%(pending)s entries of the access log found no place within %(seconds)s seconds.")
    remedy = N_("Run `manabi node work` by hand and look at what it says.")


@dataclass(frozen=True, slots=True)
class LogCount:
    """The access log after a run: entries, entries with a leaf of their own, and leaves the newest checkpoint signs."""

    entries: int
    leaves: int
    signed: int

    @property
    def unplaced(self) -> int:
        """Entries without a leaf, or with a leaf that no checkpoint covers."""
        return self.entries - min(self.leaves, self.signed)


@dataclass(frozen=True, slots=True)
class MeasuredNode:
    """A running node and the children whose records are read."""

    port: int
    reads_per_round: int
    children: Sequence[SignedInChild]
    processes: Mapping[str, int]
    database: Database

    def requests(self, shape: Shape, count: int) -> list[Request]:
        """Return reads with the session of the child whose record it is: all children in turn, or always the first."""
        among = self.children if shape is Shape.SPREAD else self.children[:1]
        return [_read(among[index % len(among)]) for index in range(count)]

    def settle(self) -> None:
        """Return when every entry of the log has its place; raises `NotSequenced`."""
        deadline = time.monotonic() + _SETTLE_SECONDS
        while pending := self._pending():
            if time.monotonic() > deadline:
                raise NotSequenced(pending=pending, seconds=_SETTLE_SECONDS)
            time.sleep(_LOOK_AGAIN_SECONDS)

    def cpu_seconds(self) -> Mapping[str, float]:
        """Return the processor time of `web`, `postgres` and `worker`."""
        return {name: used_seconds([pid]) for name, pid in self.processes.items()}

    def count_log(self) -> LogCount:
        """Count the access log."""
        with self.database.session() as session:
            row = session.execute(_LOGGED).one()
        return LogCount(row.entries, row.leaves, row.signed)

    def _pending(self) -> int:
        with self.database.session() as session:
            found: int = session.execute(_PENDING).scalar_one()
        return found


@contextmanager
def measured_node(*, children: int, body_bytes: int, reads_per_round: int) -> Iterator[MeasuredNode]:
    """Start a node as it is served in earnest, worker and sequencer included; leave nothing behind."""
    with tempfile.TemporaryDirectory(prefix="manabi-bench-") as temporary:
        folder = DemoFolder(Path(temporary).resolve() / "node")
        folder.prepare()
        folder.node(MIRAI.name).prepare()
        services: list[Child] = []
        try:
            port = choose_ports(BASE_PORT)
            url = f"http://localhost:{port}"
            server = start_database(folder, [MIRAI])
            environment = {**environment_of(MIRAI, folder, server, url), "MANABI_SEQUENCER_SECONDS": SEQUENCER_SECONDS}
            stocked = _stock(folder, server, environment, children, body_bytes)
            services += [
                Child("web", ["node", "serve", "--bind", f"127.0.0.1:{port}"], environment, folder.log("web")),
                Child("worker", ["node", "work"], environment, folder.log("worker")),
            ]
            for service in services:
                service.start()
            wait_until_ready(url, services[0], folder)
            marks = {service.name: mark.pid for service in services if (mark := service.mark()) is not None}
            with closing(Database(server.url("postgres", MIRAI.name))) as onlooker:
                yield MeasuredNode(port, reads_per_round, stocked, {**marks, "postgres": server.pid}, onlooker)
        finally:
            for service in reversed(services):
                service.stop()
            folder.remove()


def _stock(
    folder: DemoFolder, server: EmbeddedServer, environment: Mapping[str, str], children: int, body_bytes: int
) -> list[SignedInChild]:
    with (
        closing(FileKeyring.create(folder.node(MIRAI.name).keyring, MIRAI.node_id)) as keyring,
        closing(Database(server.url("manabi_owner", MIRAI.name))) as database,
    ):
        node = Node(read_settings(environment), database, keyring, shipped_policy(), system_clock)
        return stock_children(node, children, body_bytes=body_bytes, now=system_clock())


def _read(child: SignedInChild) -> Request:
    return Request(
        f"/api/v1/learners/{child.learner}/records/{child.record}",
        {"Cookie": f"__Host-manabi-{MIRAI.name}={child.token}", "Accept": "application/json"},
    )
