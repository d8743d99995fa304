"""A reporting process killed with SIGKILL at every named step; the next one goes on with the same bytes."""

import multiprocessing
import os
import signal
from multiprocessing.connection import Connection

import httpx
import pytest

from aggregator.reporter.client import Identity, connect
from aggregator.reporter.run import STEPS, report_once
from consent.policy.loader import shipped_policy
from pds.node import Node
from pds.settings import NodeSettings
from pds.statistics.keeping import NodeStore
from pds.statistics.reading import NodeRecords
from tests.factories.count import NOW, Count
from tests.integration.pds.statistics.conftest import draw_quickly
from tests.integration.pds.statistics.records import Records
from tests.integration.pds.statistics.test_whole_pipeline import COUNTED_COMMITTEE, EAST
from trust.keyring import FileKeyring
from trust.registry import KeyUse, Registry
from web.database import Database

PROCESSES = multiprocessing.get_context("fork")


class Piped(httpx.BaseTransport):
    """Calls the servers, which live in the test's own process."""

    def __init__(self, line: Connection) -> None:
        self._line = line

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self._line.send((request.method, str(request.url), request.read()))
        status, body = self._line.recv()
        return httpx.Response(status, content=body)


def report(settings: NodeSettings, registry: Registry, line: Connection, dies_at: str | None) -> None:
    """One look of a fresh process, which dies at a step without a chance to tidy up."""

    def after(step: str) -> None:
        if step == dies_at:
            os.kill(os.getpid(), signal.SIGKILL)

    keyring = FileKeyring.open(settings.keyring, settings.node_id)
    database = Database(settings.jobs_database_url)
    node = Node(settings, database, keyring, shipped_policy(), lambda: NOW)
    identity = Identity(settings.node_id, keyring.signing_key(KeyUse.NODE.value))
    with connect(registry, identity, Piped(line)) as servers:
        report_once(NodeStore(node), NodeRecords(node), servers, NOW, after=after, draw=draw_quickly)
    os._exit(0)


def look_in_a_process(settings: NodeSettings, count: Count, dies_at: str | None = None) -> int | None:
    """Run a look in a process of its own and answer its calls; return how it ended."""
    here, there = PROCESSES.Pipe()
    process = PROCESSES.Process(target=report, args=(settings, count.registry, there, dies_at))
    process.start()
    there.close()
    try:
        while True:
            method, url, body = here.recv()
            answer = count.respond(httpx.Request(method, url, content=body))
            here.send((answer.status_code, answer.content))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        pass
    process.join()
    return process.exitcode


@pytest.mark.long
@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_the_next_process_sends_the_same_bytes(
    records: Records, count: Count, jobs_node: Node, settings: NodeSettings, step: str
) -> None:
    records.counted(records.school(EAST), 40)
    records.commit()
    round_id = count.announce(COUNTED_COMMITTEE)
    seats = step.startswith(("seat", "settled"))
    if seats:
        assert look_in_a_process(settings, count) == 0
        count.close(round_id)
        count.rounds[round_id].committees = {("nation", "JP"): (), ("prefecture", "20"): ()}
    assert look_in_a_process(settings, count, step) == -signal.SIGKILL
    store = NodeStore(jobs_node)
    before = store.newest(round_id)
    assert look_in_a_process(settings, count) == 0
    assert look_in_a_process(settings, count) == 0
    after = store.newest(round_id)
    assert after is not None
    assert (after.sequence, after.state) == (1, "settled" if seats else "sent")
    assert before is None or before.header == after.header
    for server in (count.leader, count.helper):
        submitted = {body for path, body in server.requests if path.endswith("/submissions")}
        noise = [body for path, body in server.requests if path.endswith("/noise")]
        assert len(submitted) == 1, "whatever was sent twice was the same"
        assert len(set(noise)) == (2 if seats else 0)
