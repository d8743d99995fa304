"""The leader's public pages for the browser, with two releases behind them: the newest is what an analyst meets."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

from aggregator.app import make_aggregator_app
from tests.browser.serving import free_port, served
from tests.factories.release import make_release
from tests.integration.aggregator.published import leader_of, publish
from tests.integration.conftest import Cluster


@dataclass(frozen=True)
class CountSite:
    """Where the leader is served, what it published last, and of which round."""

    url: str
    service_id: str
    digest: str
    round_id: UUID


@contextmanager
def open_count_site(cluster: Cluster, template: str, folder: Path) -> Iterator[CountSite]:
    """Serve a leader with a release of the size of the demo over the loopback."""
    earlier, newest = make_release(21), make_release(1)
    with leader_of(cluster, template, folder) as (server, jobs):
        with jobs.session() as session:
            publish(session, earlier)
            digest = publish(session, newest, days=1)
            session.commit()
        port = free_port()
        settings = replace(server.settings, public_url=f"http://localhost:{port}")
        with served(make_aggregator_app(replace(server, settings=settings)), port):
            yield CountSite(settings.public_url, settings.service_id, digest, newest.round_id)
