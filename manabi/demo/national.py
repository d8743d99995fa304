"""The national part of the demo: the two servers that count together, and the fleet of municipalities that report."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from aggregator.settings import read_settings
from manabi.aggregator import invite, jobs_aggregator
from manabi.aggregator_joining import make_aggregator_join_request
from manabi.demo.fleet_nodes import FleetNode, fleet_nodes, join_requests
from manabi.demo.folder import DemoFolder
from manabi.demo.nodes import DemoServer
from manabi.demo.processes import Child
from manabi.demo.stock import SignIns
from trust.keyring import FileKeyring
from trust.registry import Registry
from web.participants import service as participants


@dataclass(frozen=True, slots=True)
class CountingServer:
    """One of the two servers, as the demo runs it."""

    server: DemoServer
    url: str
    environment: dict[str, str]

    def requests(self, registry: Registry, now: datetime) -> list[str]:
        """Return its request to be taken in, unless the registry lists it under this address."""
        own = registry.by_id(self.server.node_id)
        if own is not None and own.issuer == self.url:
            return []
        with closing(FileKeyring.open(read_settings(self.environment).keyring, self.server.node_id)) as keyring:
            return [
                make_aggregator_join_request(
                    keyring, participant=self.server.node_id, operator=self.server.operator, issuer=self.url,
                    contact=self.server.contact, held=registry, now=now,
                )
            ]  # fmt: skip

    def install(self, document: str, now: datetime) -> None:
        """Accept the newest document."""
        with jobs_aggregator(read_settings(self.environment)) as aggregator, aggregator.database.session() as session:
            participants.install(session, aggregator, document, now)
            session.commit()

    def issue_codes(self) -> SignIns:
        """Return a single-use enrolment code for each official: each works once, so every start issues fresh ones."""
        with jobs_aggregator(read_settings(self.environment)) as aggregator:
            return {
                printed: {"code": invite(aggregator, role, name, now=aggregator.clock()), "display": name}
                for printed, (role, name) in self.server.officials.items()
            }


class Fleet:
    """The hundred municipalities: taken into the registry like any node, run as one process without an address."""

    def __init__(self, folder: DemoFolder, seed: int) -> None:
        self._folder, self._seed = folder, seed

    @cached_property
    def nodes(self) -> tuple[FleetNode, ...]:
        """All nodes with their keys."""
        return fleet_nodes(self._folder.fleet)

    def requests(self, registry: Registry, now: datetime) -> list[str]:
        """Return the requests of those that the registry does not list."""
        return join_requests(self.nodes, registry, now)

    def install(self, document: str, now: datetime) -> None:
        """Nothing is kept: the process reads the registrar's newest document whenever it has changed."""

    def child(self, environment: Mapping[str, str]) -> Child:
        """Return the process that reports for all of them, not started yet."""
        command = [
            "fleet", "--folder", str(self._folder.fleet), "--registrar", str(self._folder.registrar),
            "--seed", str(self._seed),
        ]  # fmt: skip
        kept = {name: value for name, value in environment.items() if not name.startswith("MANABI_")}
        return Child("fleet", command, kept, self._folder.log("fleet"))
