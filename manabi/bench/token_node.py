"""A whole node for `bench token`: database, keyring, registry and grants of its own, removed afterwards."""

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.orm import Session

from consent.policy.loader import shipped_policy
from consent.scope import Scope, Terms
from consent.vocabulary import Category, Frequency, Mode
from manabi.bench.children import SCHOOL_CODE, stock_children
from manabi.bench.contest import Shape
from manabi.bench.cpu import used_seconds
from manabi.bench.load import Request
from manabi.bench.refreshing import Refresher
from manabi.demo.folder import DemoFolder, choose_ports
from manabi.demo.nodes import MIRAI
from manabi.demo.processes import Child
from manabi.demo.supervisor import environment_of, start_database, wait_until_ready
from pds.authorization.details import granted_records
from pds.authorization.tokens import Binding, TokenKind, keep, make_token
from pds.node import Node
from pds.settings import read_settings
from pds.sharing.models import ShareGrant, ShareRequest
from pds.sharing.parties import Basis, BasisKind
from trust.keyring import FileKeyring
from trust.registry import KeyUse, Participant, ParticipantKey, ParticipantKind, make_registry
from trust.signing import SigningKey
from web.clock import system_clock
from web.database import Database
from web.participants.service import install

BASE_PORT = 8750
CLIENT = "bench.node"
_COUNT = text("SELECT (SELECT count(*) FROM replay) AS spent, (SELECT count(*) FROM oauth_token) AS tokens")


@dataclass(frozen=True, slots=True)
class TokenNode:
    """A running node, and a client of it with refresh tokens, each under a grant of its own."""

    port: int
    reads_per_round: int
    refresher: Refresher
    tokens: Sequence[str]
    processes: Mapping[str, int]
    database: Database

    def requests(self, shape: Shape, count: int) -> list[Request]:
        """Return refreshes of all tokens in turn, each with an assertion and a proof of its own."""
        return [self.refresher.request(self.tokens[index % len(self.tokens)]) for index in range(count)]

    def settle(self) -> None:
        """Nothing is left behind: a refresh is over with its answer."""

    def cpu_seconds(self) -> Mapping[str, float]:
        """Return the processor time of `web` and `postgres`."""
        return {name: used_seconds([pid]) for name, pid in self.processes.items()}

    def count_kept(self) -> tuple[int, int]:
        """Return how many one-time ids and how many tokens the database keeps."""
        with self.database.session() as session:
            row = session.execute(_COUNT).one()
        return row.spent, row.tokens


@contextmanager
def token_node(*, tokens: int, reads_per_round: int) -> Iterator[TokenNode]:
    """Start a node as it is served in earnest, with a durable database; leave nothing behind."""
    with tempfile.TemporaryDirectory(prefix="manabi-bench-") as temporary:
        folder = DemoFolder(Path(temporary).resolve() / "node")
        folder.prepare()
        web: Child | None = None
        try:
            port = choose_ports(BASE_PORT)
            url = f"http://localhost:{port}"
            server = start_database(folder, [MIRAI])
            own = folder.node(MIRAI.name)
            own.prepare()
            registrar = folder.path / "registrar.json"
            environment = {**environment_of(MIRAI, folder, server, url), "MANABI_REGISTRAR_KEY": str(registrar)}
            refresher = Refresher(CLIENT, url, "/oauth/token")
            with (
                closing(FileKeyring.create(own.keyring, MIRAI.node_id)) as keyring,
                closing(Database(server.url("manabi_owner", MIRAI.name))) as owner,
            ):
                node = Node(read_settings(environment), owner, keyring, shipped_policy(), system_clock)
                _register(node, registrar, refresher, system_clock())
                stocked = _stock(node, refresher, tokens, system_clock())
            web = Child("web", ["node", "serve", "--bind", f"127.0.0.1:{port}"], environment, folder.log("web"))
            web.start()
            wait_until_ready(url, web, folder)
            mark = web.mark()
            processes = {"web": mark.pid if mark is not None else 0, "postgres": server.pid}
            with closing(Database(server.url("postgres", MIRAI.name))) as onlooker:
                yield TokenNode(port, reads_per_round, refresher, stocked, processes, onlooker)
        finally:
            if web is not None:
                web.stop()
            folder.remove()


def _register(node: Node, registrar: Path, refresher: Refresher, now: datetime) -> None:
    key = SigningKey.generate()
    registrar.write_text(json.dumps({"keys": [key.public().jwk()]}))
    began = now - timedelta(days=1)
    client = Participant(
        2, CLIENT, "bench", ParticipantKind.NODE, "https://bench.invalid", "-",
        (
            ParticipantKey.of(KeyUse.NODE, SigningKey.generate().jose_key(), began),
            ParticipantKey.of(KeyUse.CLIENT, refresher.key, began),
        ),
    )  # fmt: skip
    token = make_registry(key, 1, [client], now=now, expires_at=now + timedelta(days=30))
    with node.database.session() as session:
        install(session, node, token, now)
        session.commit()


def _stock(node: Node, refresher: Refresher, count: int, now: datetime) -> list[str]:
    """Write children, each with a request, a grant and a refresh token under it; needs the owner's rights."""
    children = stock_children(node, count, body_bytes=1024, now=now)
    with node.database.session() as session:
        found = [_grant(session, refresher, child.learner, now) for child in children]
        session.commit()
    return found


def _grant(session: Session, refresher: Refresher, learner: UUID, now: datetime) -> str:
    request, grant, until = uuid4(), uuid4(), now + timedelta(days=30)
    scope = Scope.of({Category.REPORT: [2023, 2024, 2025], Category.ASSESSMENT: [2025]})
    terms = Terms(scope, Mode.STORE, until, None, Frequency.REPEATED)
    asked = {
        "type": "manabi_records", "move": "transfer", "purpose": "transfer_of_school", "recipient": SCHOOL_CODE,
        **terms.to_wire(),
    }  # fmt: skip
    shared = {"learner_id": learner, "request_id": request, "client_id": CLIENT, "school_code": SCHOOL_CODE}
    session.add(
        ShareRequest(
            **shared, school_name="-", move="transfer", purpose="transfer_of_school", asked=terms.to_wire(),
            case_reference="", state="granted", lodged_at=now, opened_at=now, seen_at=None, expires_at=until,
            closed_at=now, grant_id=grant,
        )
    )  # fmt: skip
    session.flush()
    session.add(
        ShareGrant(
            **shared, grant_id=grant, school_name="-", terms=terms.to_wire(), state="active", version=1, begin=now,
            until=until, paused_by=[], closed_at=None, closed_by=None, told_at=None, end_answer=None,
            end_answered_at=None,
        )
    )  # fmt: skip
    session.flush()
    basis = Basis(BasisKind.GRANT, learner, grant)
    token = make_token()
    binding = Binding(CLIENT, refresher.jkt, basis, request, granted_records(asked, grant, terms.to_wire()))
    keep(session, token, TokenKind.REFRESH, binding, now=now, expires_at=until)
    return token
