"""A node for the browser with a family whose child changes schools, and the school that asks in the registry."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from pds.app import make_node_app
from pds.node import Node
from tests.browser.serving import open_node, served
from tests.factories.node import NOW
from tests.factories.sharing import Home, settle_home, sign_registry
from tests.integration.conftest import Cluster
from web.accounts.models import AccountKind
from web.participants.service import install


@dataclass(frozen=True)
class GrantingSite:
    """Where the node is served, the family in it, and the session token of each of them."""

    url: str
    node: Node
    home: Home
    tokens: dict[str, str]


@contextmanager
def open_granting_site(cluster: Cluster, folder: Path) -> Iterator[GrantingSite]:
    """Serve a node over the loopback in which a school asks for a child's records."""
    registrar = folder / "registrar.jwks.json"
    registry = sign_registry(registrar)
    with open_node(cluster, folder, "granting", MANABI_REGISTRAR_KEY=str(registrar)) as opened:
        with opened.world() as world:
            install(world.session, opened.worker, registry, NOW)
            home = settle_home(world)
            tokens = {name: world.signed_in(person, kind) for name, person, kind in _people(home)}
            world.commit()
        with served(make_node_app(opened.web), opened.port):
            yield GrantingSite(opened.web.settings.public_url, opened.web, home, tokens)


def _people(home: Home) -> list[tuple[str, UUID, AccountKind]]:
    family = [(name, getattr(home, name), AccountKind.FAMILY) for name in ("child", "brother", "mother", "father")]
    staff = [(name, getattr(home, name), AccountKind.STAFF) for name in ("clerk", "colleague")]
    return family + staff
