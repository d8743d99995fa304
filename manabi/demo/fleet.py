"""`manabi fleet`: one process that reports for the demo's hundred municipalities, each by the ordinary reporter.

Every node counts its own children, draws its own noise, seals and signs its own submission and sends it over HTTP like
any other. What they share is what is public: the registry, the list of rounds, one pool of connections.
"""

import argparse
import logging
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import httpx

from aggregator.reporter.client import Announced, Identity, Servers
from aggregator.reporter.errors import ServerOutOfReach
from aggregator.reporter.run import report_once
from manabi.demo.fleet_nodes import FleetNode, fleet_nodes, noise_key
from manabi.demo.fleet_source import FleetSource
from manabi.demo.fleet_store import FleetStore, lay_store
from trust.errors import ManabiError
from trust.registry import Registry, open_registry, read_registrar_keys
from web.clock import system_clock

_LOOK_SECONDS: Final = 1.0
_AGAIN_SECONDS: Final = 15.0
"""How often every node looks again although nothing new was announced: a round may have opened meanwhile."""
_TIMEOUT: Final = httpx.Timeout(30.0, connect=5.0)

_LOG = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options."""
    parser.add_argument("--folder", type=Path, required=True, help="where the nodes' keys and memory lie")
    parser.add_argument("--registrar", type=Path, required=True, help="the registrar's folder: its keys and registry")
    parser.add_argument("--seed", type=int, default=2026, help="the same seed makes the same children")


def run(arguments: argparse.Namespace) -> int:
    """Report whenever a round is announced, until told to stop."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    with httpx.Client(timeout=_TIMEOUT, follow_redirects=False, trust_env=False) as http:
        fleet = Fleet(arguments.folder, arguments.registrar, arguments.seed, http)
        while not stopping.is_set():
            fleet.look(system_clock(), stopping)
            stopping.wait(_LOOK_SECONDS)
    return 0


class Fleet:
    """All nodes of the fleet, and what each of them has followed so far."""

    def __init__(self, folder: Path, registrar: Path, seed: int, http: httpx.Client) -> None:
        self._registrar, self._seed, self._http = registrar, seed, http
        self._nodes = fleet_nodes(folder)
        lay_store(folder / "fleet.sqlite3")
        self._stores = {
            one.node_id: FleetStore(folder / "fleet.sqlite3", one.node_id, noise_key(folder, one))
            for one in self._nodes
        }
        self._registry: Registry | None = None
        self._read_at = 0
        self._followed: dict[str, Sequence[Announced]] = {}
        self._all_at = 0.0

    def look(self, now: datetime, stopping: threading.Event) -> None:
        """Let every node look for which something is new, or which had a problem."""
        registry = self._newest_registry(now)
        if registry is None:
            return
        first = Servers(self._http, registry, _identity(self._nodes[0]))
        announced = [one for one in first.rounds() if isinstance(one, Announced)]
        if time.monotonic() - self._all_at > _AGAIN_SECONDS:
            self._followed.clear()
            self._all_at = time.monotonic()
        for node in self._nodes:
            if stopping.is_set():
                return
            store = self._stores[node.node_id]
            if self._followed.get(node.node_id) != announced:
                servers = _Shared(self._http, registry, _identity(node), announced)
                report_once(store, FleetSource(node.municipality, self._seed), servers, now)
                if not store.problems():
                    self._followed[node.node_id] = announced

    def _newest_registry(self, now: datetime) -> Registry | None:
        """Return the registrar's newest document; read again when its file has changed."""
        document = self._registrar / "registry.jws"
        changed = document.stat().st_mtime_ns
        if changed != self._read_at:
            pinned = read_registrar_keys((self._registrar / "registrar.jwks.json").read_bytes())
            try:
                self._registry = open_registry(document.read_text().strip(), pinned, now, held=self._registry)
            except ManabiError as error:
                _LOG.warning("%s", error.code)
                return None
            self._read_at = changed
        return self._registry


class _Shared(Servers):
    """The servers for one node, with the public list of rounds that was fetched for all."""

    def __init__(
        self, http: httpx.Client, registry: Registry, identity: Identity, announced: Sequence[Announced]
    ) -> None:
        super().__init__(http, registry, identity)
        self._announced = announced

    def rounds(self) -> Iterator[Announced | ServerOutOfReach]:
        """Yield what was fetched."""
        yield from self._announced


def _identity(node: FleetNode) -> Identity:
    return Identity(node.node_id, node.node_key)
