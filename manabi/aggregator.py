"""`manabi aggregator`: one server of the national count. Settings come from the environment (docs/operations.md)."""

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from aggregator.officers import service as officers
from aggregator.officers.service import OfficerRole
from aggregator.rounds.tasks import handlers
from aggregator.server import Aggregator
from aggregator.settings import AggregatorSettings, read_settings
from aggregator.startup import PACKAGES, open_aggregator
from aggregator.worker import run_worker
from manabi.aggregator_joining import make_aggregator_join_request
from trust.keyring import FileKeyring
from trust.registry import RegistryRefused
from web.migrate import upgrade
from web.participants import service as participants


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the tasks."""
    tasks = parser.add_subparsers(dest="task", metavar="TASK", required=True)
    serve = tasks.add_parser("serve", help="serve the pages and the interface")
    serve.add_argument("--bind", default="127.0.0.1:8400", help="address and port (default: %(default)s)")
    serve.add_argument("--workers", type=int, default=2, help="processes (default: %(default)s)")
    serve.add_argument("--threads", type=int, default=4, help="threads per process (default: %(default)s)")
    tasks.add_parser("work", help="run the steps of rounds")
    tasks.add_parser("migrate", help="bring the schema up to date, as MANABI_OWNER_DATABASE_URL")
    tasks.add_parser("make-keyring", help="lay a new keyring, once")
    invite_ = tasks.add_parser("invite", help="add an official and issue a single-use code for a first passkey")
    invite_.add_argument("role", choices=[role.value for role in OfficerRole])
    invite_.add_argument("name", help="the official's name, as approvals show it")
    join = tasks.add_parser("join-request", help="write the signed request to be taken into the registry")
    join.add_argument("--out", type=Path, metavar="FILE", help="where to write it (default: standard output)")
    install = tasks.add_parser("registry-install", help="install the registrar's newest document")
    install.add_argument("document", type=Path, metavar="FILE")


def run(arguments: argparse.Namespace) -> int:
    """Carry out one task."""
    settings = read_settings(os.environ)
    tasks: Mapping[str, Callable[[AggregatorSettings, argparse.Namespace], int]] = {
        "serve": _serve, "work": _work, "migrate": _migrate, "make-keyring": _make_keyring, "invite": _invite,
        "join-request": _join_request, "registry-install": _registry_install,
    }  # fmt: skip
    return tasks[arguments.task](settings, arguments)


@contextmanager
def jobs_aggregator(settings: AggregatorSettings) -> Iterator[Aggregator]:
    """Open the server in the role of background work."""
    aggregator = open_aggregator(settings, settings.jobs_database_url)
    try:
        yield aggregator
    finally:
        aggregator.database.close()


def invite(aggregator: Aggregator, role: str, name: str, *, now: datetime) -> str:
    """Add an official, or find the one of this name and role, and return a code for a first passkey."""
    with aggregator.database.session() as session:
        code = officers.invite(session, name, OfficerRole(role), now)
        session.commit()
    return code


def _serve(settings: AggregatorSettings, arguments: argparse.Namespace) -> int:
    from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]  # only this task needs a server

    from aggregator.app import make_aggregator_app

    class Server(BaseApplication):  # type: ignore[misc]  # gunicorn ships no types
        def load_config(self) -> None:
            chosen = {
                "bind": arguments.bind, "workers": arguments.workers, "threads": arguments.threads,
                "worker_class": "gthread", "keepalive": 30, "graceful_timeout": 10, "control_socket_disable": True,
                "loglevel": "warning", "proc_name": "manabi-aggregator", "limit_request_line": 4094, "timeout": 120,
            }  # fmt: skip
            for name, value in chosen.items():
                if name in self.cfg.settings:
                    self.cfg.set(name, value)

        def load(self) -> object:
            return make_aggregator_app(open_aggregator(settings, settings.database_url))

    Server().run()
    return 0


def _work(settings: AggregatorSettings, _: argparse.Namespace) -> int:
    with jobs_aggregator(settings) as aggregator:
        run_worker(aggregator, handlers(aggregator))
    return 0


def _migrate(settings: AggregatorSettings, _: argparse.Namespace) -> int:
    upgrade(os.environ.get("MANABI_OWNER_DATABASE_URL", settings.jobs_database_url), PACKAGES)
    return 0


def _make_keyring(settings: AggregatorSettings, _: argparse.Namespace) -> int:
    FileKeyring.create(settings.keyring, settings.aggregator_id).close()
    return 0


def _invite(settings: AggregatorSettings, arguments: argparse.Namespace) -> int:
    with jobs_aggregator(settings) as aggregator:
        print(invite(aggregator, arguments.role, arguments.name, now=aggregator.clock()))
    return 0


def _join_request(settings: AggregatorSettings, arguments: argparse.Namespace) -> int:
    """Write the request; the thumbprint that the registrar compares goes to standard error."""
    with jobs_aggregator(settings) as aggregator, aggregator.database.session() as session:
        request = make_aggregator_join_request(
            aggregator.keyring, participant=aggregator.node_id, operator=settings.operator, issuer=settings.public_url,
            contact=settings.contact, held=participants.held_registry(session), now=aggregator.clock(),
        )  # fmt: skip
        key = aggregator.key.kid
    if arguments.out is None:
        print(request)
    else:
        arguments.out.write_text(request + "\n")
    print(f"node key {key}", file=sys.stderr)
    return 0


def _registry_install(settings: AggregatorSettings, arguments: argparse.Namespace) -> int:
    """Install a document and say in one line what is in force."""
    try:
        token = arguments.document.read_text("ascii").strip()
    except (OSError, ValueError) as error:
        raise RegistryRefused(reason=f"{arguments.document.name} cannot be read") from error
    with jobs_aggregator(settings) as aggregator, aggregator.database.session() as session:
        registry = participants.install(session, aggregator, token, aggregator.clock())
        session.commit()
    own = registry.by_id(settings.aggregator_id)
    place = "this server is not in it" if own is None else f"this server is number {own.number}"
    print(f"registry version {registry.version} is in force until {registry.expires_at:%Y-%m-%d}; {place}")
    return 0
