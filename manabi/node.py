"""`manabi node`: run one node and look after it. Settings come from the environment (docs/operations.md)."""

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from consent.decision import viewer_classes
from manabi import joining
from pds.access_log import entries
from pds.access_log.entries import Act, Entry
from pds.doorbell import make_doorbell_app
from pds.intake import service as intake
from pds.intake import tasks as intake_tasks
from pds.intake.findings import Severity
from pds.intake.models import RunState
from pds.intake.service import RunView
from pds.node import Node
from pds.people import service as people
from pds.people.registry import find_carers, find_learners
from pds.people.staffing import find_staff
from pds.records import retention
from pds.settings import NodeSettings, read_settings
from pds.startup import PACKAGES, open_node
from pds.statistics import tasks as statistics_tasks
from pds.transfer import tasks as transfer_tasks
from pds.worker import run_worker
from trust.errors import N_, ManabiError
from trust.keyring import FileKeyring
from web.accounts import service as accounts
from web.accounts.models import AccountKind
from web.clock import system_clock
from web.jobs.doorbell import Doorbell
from web.migrate import upgrade

_POLL_SECONDS = 0.05


class PersonUnknown(ManabiError):
    """No person with that identifier."""

    code = "node.person_unknown"
    status = 404
    title = N_("Nobody is known here under %(identifier)s.")
    remedy = N_("Give the sourcedId as it stands in the imported files.")


class ImportRefused(ManabiError):
    """A file has errors; nothing of it was applied."""

    code = "node.import_refused"
    status = 422
    title = N_("%(file)s has %(count)s errors; the first: %(first)s")
    remedy = N_("Correct the file and import it again. Nothing was changed.")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the tasks."""
    tasks = parser.add_subparsers(dest="task", metavar="TASK", required=True)
    serve = tasks.add_parser("serve", help="serve the pages and the interface")
    serve.add_argument("--bind", default="127.0.0.1:8400", help="address and port (default: %(default)s)")
    serve.add_argument("--workers", type=int, default=2, help="processes (default: %(default)s)")
    serve.add_argument("--threads", type=int, default=4, help="threads per process (default: %(default)s)")
    tasks.add_parser("work", help="run background jobs and keep the access log signed")
    tasks.add_parser("migrate", help="bring the schema up to date, as MANABI_OWNER_DATABASE_URL")
    tasks.add_parser("make-keyring", help="lay a new keyring, once")
    load = tasks.add_parser("import", help="import school files, one after another, through the ordinary checks")
    load.add_argument("files", nargs="+", type=Path, metavar="FILE")
    invite = tasks.add_parser("invite", help="issue a single-use code for somebody's first sign-in")
    invite.add_argument("kind", choices=("learner", "carer", "staff"))
    invite.add_argument("identifier", help="the person's sourcedId")
    erase = tasks.add_parser("erase", help="erase a child for ever")
    erase.add_argument("identifier", help="the child's sourcedId")
    erase.add_argument("--by", required=True, help="who decided")
    tasks.add_parser("rotate", help="rotate the epoch key, so that backups no longer open what was erased")
    joining.add_tasks(tasks)


def run(arguments: argparse.Namespace) -> int:
    """Carry out one task."""
    settings = read_settings(os.environ)
    tasks: Mapping[str, Callable[[NodeSettings, argparse.Namespace], int]] = {
        "serve": _serve, "work": _work, "migrate": _migrate, "make-keyring": _make_keyring, "import": _import,
        "invite": _invite, "erase": _erase, "rotate": _rotate,
        **dict.fromkeys(joining.TASKS, _about_the_registry),
    }  # fmt: skip
    return tasks[arguments.task](settings, arguments)


@contextmanager
def jobs_node(settings: NodeSettings) -> Iterator[Node]:
    """Open the node in the role of background work."""
    node = open_node(settings, settings.jobs_database_url)
    try:
        yield node
    finally:
        node.database.close()


def import_file(node: Node, path: Path) -> dict[str, Any]:
    """Receive a file, wait for its check, apply it, wait; return the numbers. Raises `ImportRefused`."""
    bell = Doorbell(make_doorbell_app(node))
    with path.open("rb") as stream, node.database.session() as session:
        run_id = intake.receive(session, node, filename=path.name, stream=stream, by=None, now=node.clock())
        session.commit()
    bell.ring()
    checked = _wait_while(node, run_id, RunState.CHECKING)
    if checked.state is not RunState.CHECKED:
        with node.database.session() as session:
            findings = intake.findings_of(session, node, run_id)
        errors = [one for one in findings if one.severity is Severity.ERROR]
        first = f"{errors[0].file} row {errors[0].row}: {errors[0].code} ({errors[0].value})" if errors else "-"
        raise ImportRefused(file=path.name, count=len(errors), first=first)
    with node.database.session() as session:
        intake.request_apply(session, run_id, by=None, now=node.clock())
        session.commit()
    bell.ring()
    return dict(_wait_while(node, run_id, RunState.APPLYING).report or {})


def invite(node: Node, kind: str, identifier: str, *, now: datetime) -> str:
    """Issue a code for a person known by the identifier of the imported files; raises `PersonUnknown`."""
    with node.database.session() as session:
        person = find_person(session, node, kind, identifier)
        account_kind = AccountKind.STAFF if kind == "staff" else AccountKind.FAMILY
        accounts.open_account(session, person, account_kind, now)
        code = accounts.issue_code(session, person, account_kind, None, now)
        entries.write(session, node, _code_entries(session, node, kind, person, now))
        session.commit()
    return code


def _code_entries(session: Session, node: Node, kind: str, person: UUID, now: datetime) -> list[Entry]:
    """Return the entries of an issued code: in the chains of the children it gives a way to, else in the node's."""
    about = {"learner": lambda: [person], "carer": lambda: people.children_of(session, person)}.get(kind, list)()
    known = [child for learner in about if (child := people.find_child(session, node, learner)) is not None]
    reference = uuid4().hex[:12]
    if not known:
        return [entries.by_operator(node, Act.CODE_ISSUED, now=now, reference=reference, concerns=person)]
    return [
        entries.by_operator(
            node, Act.CODE_ISSUED, now=now, reference=reference, learner=child.facts.learner, concerns=person,
            classes=viewer_classes(child.facts, now, node.policy),
        )
        for child in known
    ]  # fmt: skip


def find_person(session: Session, node: Node, kind: str, identifier: str) -> UUID:
    """Return the person that the imported files call by `identifier`; raises `PersonUnknown`."""
    match kind:
        case "learner":
            found = find_learners(session, node, [identifier])
        case "carer":
            found = find_carers(session, node, [identifier])
        case _:
            found = find_staff(session, node, [identifier])
    if identifier not in found:
        raise PersonUnknown(identifier=identifier)
    return found[identifier]


def _serve(settings: NodeSettings, arguments: argparse.Namespace) -> int:
    from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]  # only this task needs a server

    from pds.app import make_node_app

    class Server(BaseApplication):  # type: ignore[misc]  # gunicorn ships no types
        def load_config(self) -> None:
            chosen = {
                "bind": arguments.bind, "workers": arguments.workers, "threads": arguments.threads,
                "worker_class": "gthread", "keepalive": 30, "graceful_timeout": 10, "control_socket_disable": True,
                "loglevel": "warning", "proc_name": "manabi-node", "limit_request_line": 4094,
            }  # fmt: skip
            for name, value in chosen.items():
                if name in self.cfg.settings:
                    self.cfg.set(name, value)

        def load(self) -> object:
            return make_node_app(open_node(settings, settings.database_url))

    Server().run()
    return 0


def _work(settings: NodeSettings, _: argparse.Namespace) -> int:
    with jobs_node(settings) as node:
        handlers = (intake_tasks.handlers(node), transfer_tasks.handlers(node), statistics_tasks.handlers(node))
        run_worker(node, {kind: handler for each in handlers for kind, handler in each.items()})
    return 0


def _migrate(settings: NodeSettings, _: argparse.Namespace) -> int:
    upgrade(os.environ.get("MANABI_OWNER_DATABASE_URL", settings.jobs_database_url), PACKAGES)
    return 0


def _make_keyring(settings: NodeSettings, _: argparse.Namespace) -> int:
    FileKeyring.create(settings.keyring, settings.node_id).close()
    return 0


def _import(settings: NodeSettings, arguments: argparse.Namespace) -> int:
    with jobs_node(settings) as node:
        for path in arguments.files:
            print(path.name, import_file(node, path), flush=True)
    return 0


def _invite(settings: NodeSettings, arguments: argparse.Namespace) -> int:
    with jobs_node(settings) as node:
        print(invite(node, arguments.kind, arguments.identifier, now=node.clock()))
    return 0


def _erase(settings: NodeSettings, arguments: argparse.Namespace) -> int:
    with jobs_node(settings) as node, node.database.session() as session:
        learner = find_person(session, node, "learner", arguments.identifier)
        retention.erase_learner(session, node, learner, by=arguments.by, now=node.clock(), reference=uuid4().hex[:12])
        session.commit()
    return 0


def _rotate(settings: NodeSettings, _: argparse.Namespace) -> int:
    keyring = FileKeyring.open(settings.keyring, settings.node_id)
    print(f"epoch {keyring.rotate_epoch(now=system_clock())}", file=sys.stdout)
    return 0


def _about_the_registry(settings: NodeSettings, arguments: argparse.Namespace) -> int:
    with jobs_node(settings) as node:
        return joining.TASKS[arguments.task](node, arguments)


def _wait_while(node: Node, run_id: UUID, state: RunState) -> RunView:
    while True:
        with node.database.session() as session:
            seen = intake.view_run(session, run_id)
        if seen is not None and (seen.state is not state or seen.failed):
            return seen
        time.sleep(_POLL_SECONDS)
