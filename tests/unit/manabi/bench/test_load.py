import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from manabi.bench.load import Outcome, Request, run_load

BODY = b"x" * 1000


class Answers(BaseHTTPRequestHandler):
    """Answers by path, as servers do on good and on bad days."""

    protocol_version = "HTTP/1.1"
    seen: list[tuple[str, str | None]]
    connections: int

    def setup(self) -> None:
        super().setup()
        type(self).connections += 1

    def do_GET(self) -> None:
        self.seen.append((self.path, self.headers["X-Number"]))
        match self.path:
            case "/cut":
                self.close_connection = True
            case "/chunked":
                self.send_response(200)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for part in (BODY[:400], BODY[400:]):
                    self.wfile.write(b"%x;note=1\r\n%b\r\n" % (len(part), part))
                self.wfile.write(b"0\r\n\r\n")
            case "/half":
                self._answer(200, BODY, length=2 * len(BODY))
                self.close_connection = True
            case "/close":
                self._answer(200, BODY, closing=True)
            case "/refused":
                self._answer(403, BODY)
            case "/short":
                self._answer(200, BODY[:10])
            case "/nonsense":
                self.wfile.write(b"how do you do\r\n\r\n")
                self.close_connection = True
            case _:
                self._answer(200, BODY)

    def _answer(self, status: int, body: bytes, *, length: int | None = None, closing: bool = False) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        if closing:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    Answers.seen, Answers.connections = [], 0
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield running
        finally:
            running.shutdown()
            thread.join()


def load(server: ThreadingHTTPServer, *paths: str, connections: int = 2) -> Outcome:
    requests = [Request(path, {"X-Number": str(number)}) for number, path in enumerate(paths)]
    return run_load("127.0.0.1", server.server_port, requests, connections=connections, least_body=len(BODY))


def test_every_request_is_sent_once_with_its_headers(server: ThreadingHTTPServer) -> None:
    outcome = load(server, *["/good"] * 30, connections=4)
    assert (outcome.count, outcome.answered, outcome.failed) == (30, 30, 0)
    assert sorted(Answers.seen) == sorted(("/good", str(number)) for number in range(30))


def test_connections_are_kept_and_as_many_as_asked_for(server: ThreadingHTTPServer) -> None:
    load(server, *["/good"] * 30, connections=4)
    assert Answers.connections <= 4


def test_a_chunked_answer_counts_with_all_its_parts(server: ThreadingHTTPServer) -> None:
    assert load(server, "/chunked", "/good", "/chunked", connections=1).failed == 0
    assert Answers.connections == 1


def test_a_server_that_closes_after_answering_is_asked_again(server: ThreadingHTTPServer) -> None:
    assert load(server, "/close", "/close", "/good", connections=1).failed == 0
    assert Answers.connections == 3


@pytest.mark.parametrize("path", ["/refused", "/short", "/cut", "/half", "/nonsense"])
def test_anything_but_the_whole_record_counts_as_failed_and_the_rest_goes_on(
    server: ThreadingHTTPServer, path: str
) -> None:
    outcome = load(server, "/good", path, "/good", connections=1)
    assert (outcome.count, outcome.failed) == (3, 1)


def test_a_server_that_is_not_there_fails_every_request() -> None:
    with socket.socket() as taken:  # bound and never listening: refused, and nobody else can take the port
        taken.bind(("127.0.0.1", 0))
        requests = [Request("/good", {})] * 5
        outcome = run_load("127.0.0.1", taken.getsockname()[1], requests, connections=2, least_body=1)
    assert (outcome.count, outcome.failed) == (5, 5)


def test_figures_stand_in_order(server: ThreadingHTTPServer) -> None:
    outcome = load(server, *["/good"] * 50)
    assert 0 < outcome.p50 <= outcome.p99
    assert outcome.rate > 0
