"""The outside client walks through a node that is served on the loopback, and notices what is not as it should be."""

import json
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import pytest
from werkzeug.serving import make_server
from werkzeug.test import run_wsgi_app

from manabi.check import scenarios
from manabi.check.client import Client
from manabi.check.enrolment import is_signed_in, redeem_family_code
from manabi.check.errors import ScenarioUnknown, Unmet
from pds.access_log.sequencer import Sequencer
from pds.app import make_node_app
from pds.node import Node
from pds.settings import NodeSettings
from tests.browser.household import Household, settle_household
from tests.factories.node import NOW, World, password_of
from web.accounts.models import AccountKind
from web.accounts.service import issue_code
from web.database import Database

Bend = Callable[[str, str, bytes], bytes]
"""Path, media type and body of an answer -> the body that leaves."""


def as_it_is(path: str, kind: str, body: bytes) -> bytes:
    return body


@dataclass(frozen=True)
class Served:
    """A node with a household in it, served at `url`."""

    url: str
    household: Household
    carer_code: str

    @property
    def sign_ins(self) -> dict[str, dict[str, str]]:
        found = {
            role: {"name": login, "password": password_of(login), "display": "-"}
            for role, login in (("student", self.household.girl_login), ("guardian", self.household.mother_login))
        }
        return found | {"teacher": {"code": self.household.teacher_code}}


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def settings(settings: NodeSettings, port: int) -> NodeSettings:
    return replace(settings, public_url=f"http://localhost:{port}")


@pytest.fixture
def serve(node: Node, jobs_node: Node, database: Database, port: int) -> Callable[[Bend], Any]:
    """Serve a node whose answers are bent on their way out."""

    @contextmanager
    def start(bend: Bend) -> Iterator[Served]:
        with jobs_node.database.session() as session, database.session() as accounts:
            world = World(jobs_node, session, accounts)
            household = settle_household(world, node)
            carer = world.carer()
            world.account(carer)
            code = issue_code(accounts, carer, AccountKind.FAMILY, None, NOW)
            world.commit()
        app = _SignsLate(Sequencer(jobs_node), _Bent(bend, make_node_app(node)))
        server = make_server("127.0.0.1", port, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield Served(node.settings.public_url, household, code)
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    return start


class _SignsLate:
    """Lets the sequencer pass after each download that was asked for, so that the first one finds nothing signed."""

    def __init__(self, sequencer: Sequencer, app: WSGIApplication) -> None:
        self._sequencer, self._app = sequencer, app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        answer = self._app(environ, start_response)
        if environ["PATH_INFO"].endswith("/log/download"):
            self._sequencer.run_once(NOW)
        return answer


class _Bent:
    """Sends what an application answers, after somebody has had a hand in it."""

    def __init__(self, bend: Bend, app: WSGIApplication) -> None:
        self._bend, self._app = bend, app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        body, status, headers = run_wsgi_app(self._app, environ, buffered=True)
        bent = self._bend(environ["PATH_INFO"], headers.get("Content-Type", ""), b"".join(body))
        headers["Content-Length"] = str(len(bent))
        start_response(status, headers.to_wsgi_list())
        return [bent]


def test_the_walk_looks_back_over_a_served_node(serve: Callable[[Bend], Any]) -> None:
    with serve(as_it_is) as served:
        report = scenarios.run(["look-back"], {"mirai": scenarios.Place(served.url, served.sign_ins)})
    assert report.ok, report.to_text()
    document = json.loads(json.dumps(report.to_document()))
    assert set(document) == {"scenario", "ok", "seconds", "steps"}
    assert len(document["steps"]) == 21
    assert all(step["detail"] for step in document["steps"])


def leave_a_look_out(path: str, kind: str, body: bytes) -> bytes:
    if not path.endswith("/log/download") or b'"entries"' not in body:
        return body
    log = json.loads(body)
    del log["entries"][0]
    return json.dumps(log).encode()


class TellApart:
    """Says a little less of a child whom somebody has asked for before: of one who exists."""

    def __init__(self) -> None:
        self._asked: set[str] = set()

    def __call__(self, path: str, kind: str, body: bytes) -> bytes:
        parts = path.split("/")
        if "learners" not in parts[:-1]:
            return body
        learner = parts[parts.index("learners") + 1]
        known = learner in self._asked
        self._asked.add(learner)
        return body.replace(b"</h1>", b".</h1>") if known and b"reference__number" in body else body


def show_closed_field(path: str, kind: str, body: bytes) -> bytes:
    return body.replace(b"</main>", "<p>閉じられた所見です。</p></main>".encode()) if "/records/" in path else body


def spoil_a_file(path: str, kind: str, body: bytes) -> bytes:
    return body + b"\0" if "/files/" in path else body


def forget_the_filter(path: str, kind: str, body: bytes) -> bytes:
    return body.replace(b"/records/", b"/years/") if b'value="japanese" selected' in body else body


def drop_a_year(path: str, kind: str, body: bytes) -> bytes:
    if not path.endswith("/timeline"):
        return body
    document = json.loads(body)
    document.get("years", [None])[0:1] = []
    return json.dumps(document).encode()


def forge_a_signer(path: str, kind: str, body: bytes) -> bytes:
    if "/api/" not in path or "/records/" not in path or b"signed_by" not in body:
        return body
    return json.dumps(json.loads(body) | {"signed_by": "somebody else's key"}).encode()


def hide_refusals(path: str, kind: str, body: bytes) -> bytes:
    return body.replace(b"log__line--refused", b"")


@pytest.mark.parametrize(
    ("bend", "stops_at"),
    [
        (drop_a_year, "timeline begins in grade 1"),
        (forge_a_signer, "the interface gives the same record"),
        (spoil_a_file, "student saves a file of the portfolio"),
        (forget_the_filter, "one subject is followed through the years"),
        (leave_a_look_out, "student keeps a first signed log"),
        (show_closed_field, "teacher opens the student's record"),
        (TellApart(), "another child's record is refused like an unknown one"),
        (hide_refusals, "refused attempts are marked"),
    ],
)
def test_the_walk_stops_where_a_node_does_not_keep_its_word(
    serve: Callable[[Bend], Any], bend: Bend, stops_at: str
) -> None:
    with serve(bend) as served:
        report = scenarios.run(["look-back"], {"mirai": scenarios.Place(served.url, served.sign_ins)})
    assert not report.ok
    assert report.steps[-1].name == stops_at, report.to_text()
    assert [step.ok for step in report.steps] == [True] * (len(report.steps) - 1) + [False]


def test_a_family_code_is_redeemed_once_and_gives_name_and_password(serve: Callable[[Bend], Any]) -> None:
    with serve(as_it_is) as served:
        redeem_family_code(served.url, served.carer_code, "sakura", "はじめての合言葉です")
        client = Client(served.url)
        form = client.open("/sign-in").form_with(field="password")
        page = client.submit(form, {"login_name": "sakura", "password": "はじめての合言葉です"})
        assert is_signed_in(page)
        with pytest.raises(Unmet):
            redeem_family_code(served.url, served.carer_code, "sakura2", "はじめての合言葉です")


def test_a_scenario_nobody_wrote_is_refused_by_name() -> None:
    with pytest.raises(ScenarioUnknown, match="look-back"):
        scenarios.run(["fly-to-the-moon"], {})
