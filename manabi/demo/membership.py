"""The demo's registrar: admits the demo's nodes, so that they know each other by the participant registry alone."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

from manabi.joining import make_join_request
from manabi.node import jobs_node
from manabi.registrar import Registrar
from pds.settings import NodeSettings
from web.clock import system_clock
from web.participants import service as participants

_RENEW_WITHIN: Final = timedelta(days=7)


def open_registrar(folder: Path) -> Registrar:
    """Open the registrar of a demo; the first time it is made."""
    if (folder / "state.json").exists():
        return Registrar.open(folder)
    return Registrar.create(folder, now=system_clock())


def join(registrar: Registrar, nodes: Sequence[NodeSettings]) -> None:
    """Admit each node that is not in yet or has another address now, and install the newest document everywhere."""
    now = system_clock()
    for settings in nodes:
        own = registrar.current().by_id(settings.node_id)
        if own is not None and own.issuer == settings.public_url:
            continue
        with jobs_node(settings) as node, node.database.session() as session:
            registrar.admit(make_join_request(session, node, now), now=now)
    if registrar.current().expires_at - now < _RENEW_WITHIN:
        registrar.renew(now=now)
    document = registrar.document.read_text().strip()
    for settings in nodes:
        with jobs_node(settings) as node, node.database.session() as session:
            participants.install(session, node, document, now)
            session.commit()
