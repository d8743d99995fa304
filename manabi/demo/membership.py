"""The demo's registrar: admits the demo's nodes, so that they know each other by the participant registry alone."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Protocol

from manabi.joining import make_join_request
from manabi.node import jobs_node
from manabi.registrar import Registrar
from pds.settings import NodeSettings
from trust.registry import Registry
from web.clock import system_clock
from web.participants import service as participants

_RENEW_WITHIN: Final = timedelta(days=7)


class Joining(Protocol):
    """Others that take part: they say who of them is not in yet, and take the document that is in force."""

    def requests(self, registry: Registry, now: datetime) -> list[str]:
        """Return a signed request for each that the registry does not list, or lists under another address."""

    def install(self, document: str, now: datetime) -> None:
        """Accept the newest document."""


def open_registrar(folder: Path) -> Registrar:
    """Open the registrar of a demo; the first time it is made."""
    if (folder / "state.json").exists():
        return Registrar.open(folder)
    return Registrar.create(folder, now=system_clock())


def join(registrar: Registrar, nodes: Sequence[NodeSettings], others: Sequence[Joining] = ()) -> None:
    """Admit whoever is not in yet or has another address now, and install the newest document everywhere."""
    now = system_clock()
    registry = registrar.current()
    requests: list[str] = []
    for settings in nodes:
        own = registry.by_id(settings.node_id)
        if own is None or own.issuer != settings.public_url:
            with jobs_node(settings) as node, node.database.session() as session:
                requests.append(make_join_request(session, node, now))
    for one in others:
        requests += one.requests(registry, now)
    if requests:
        registry = registrar.admit_all(requests, now=now)
    if registry.expires_at - now < _RENEW_WITHIN:
        registrar.renew(now=now)
    document = registrar.document.read_text().strip()
    for settings in nodes:
        with jobs_node(settings) as node, node.database.session() as session:
            participants.install(session, node, document, now)
            session.commit()
    for one in others:
        one.install(document, now)
