"""The small browser against a tiny server on the loopback address."""

import json
import threading
from collections.abc import Callable, Iterator
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest

from manabi.check.client import Client, is_loopback
from manabi.check.errors import AddressRefused, RequestFailed, Unmet

FORM = (
    '<html lang="ja"><body><main><form method="post" action="/keep"><input type="hidden" name="csrf_token" value="t">'
    '<input name="word"><button>Send</button></form><form method="get" action="/find?old=1"><input name="q">'
    "<button>Find</button></form></main></body></html>"
)
GUARDED = "Secure; HttpOnly; SameSite=Lax"


class TinyServer(BaseHTTPRequestHandler):
    """Answers by path; `seen` keeps what came in."""

    seen: list[dict[str, object]]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._note(b"")
        match self.path.partition("?")[0]:
            case "/form":
                self._send(200, FORM, cookies=[f"__Host-demo=one; Path=/; {GUARDED}"])
            case "/bad-cookies":
                self._send(
                    200,
                    FORM,
                    cookies=[
                        "__Host-insecure=1; Path=/; HttpOnly",
                        f"__Host-narrow=1; Path=/bad-cookies; {GUARDED}",
                        f"__Host-wide=1; Path=/; Domain=localhost; {GUARDED}",
                        f"__Host-pathless=1; {GUARDED}",
                        f"__Host-good=1; Path=/; {GUARDED}",
                    ],
                )
            case "/upload":
                self._send(
                    200,
                    '<form method="post" action="/file" enctype="multipart/form-data"><input type="hidden" name="t"'
                    ' value="v"><input type="file" name="plan"><button name="go" value="now">Go</button></form>',
                )
            case "/end":
                self._send(200, FORM, cookies=[f"__Host-demo=; Path=/; Max-Age=0; {GUARDED}"])
            case "/away":
                self._send(303, "", headers={"Location": "http://127.0.0.1:1/elsewhere"})
            case "/loop":
                self._send(302, "", headers={"Location": "/loop"})
            case "/json":
                self._send(200, '{"a": [1]}', kind="application/json")
            case "/problem":
                self._send(404, '{"code": "x"}', kind="application/problem+json")
            case "/list":
                self._send(200, "[1]", kind="application/json")
            case "/broken":
                self._send(200, '{"a":', kind="application/json")
            case "/deep":
                self._send(200, "[" * 100_000, kind="application/json")
            case "/latin":
                self._send(200, b"\xff\xfe", kind="text/html")
            case "/large":
                self._send(200, "x" * 5000)
            case "/drip":
                self._drip()
            case "/hang-up":
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort")
                self.close_connection = True
            case _:
                self._send(200, FORM)

    def do_POST(self) -> None:
        self._note(self.rfile.read(int(self.headers["Content-Length"])))
        match self.path:
            case "/keep":
                self._send(303, "", headers={"Location": "/form"}, cookies=[f"__Host-demo=two; Path=/; {GUARDED}"])
            case "/file":
                self._send(200, FORM)
            case "/again":
                self._send(307, "", headers={"Location": "/echo"})
            case _:
                self._send(200, "{}", kind="application/json")

    def _note(self, body: bytes) -> None:
        self.seen.append({"method": self.command, "path": self.path, "headers": dict(self.headers), "body": body})

    def _send(
        self,
        status: int,
        body: str | bytes,
        *,
        kind: str = "text/html; charset=utf-8",
        headers: dict[str, str] | None = None,
        cookies: list[str] | None = None,
    ) -> None:
        raw = body if isinstance(body, bytes) else body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(raw)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        for cookie in cookies or []:
            self.send_header("Set-Cookie", cookie)
        self.end_headers()
        self.wfile.write(raw)

    def _drip(self) -> None:
        """Never ends by itself, one byte after the other."""
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"x")
        except OSError:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 — the name it overrides
        """Say nothing."""


@pytest.fixture
def seen() -> list[dict[str, object]]:
    return []


@pytest.fixture
def url(seen: list[dict[str, object]]) -> Iterator[str]:
    handler = type("Handler", (TinyServer,), {"seen": seen})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://localhost:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def headers_of(request: dict[str, object]) -> dict[str, str]:
    headers = request["headers"]
    assert isinstance(headers, dict)
    return headers


def test_secure_host_cookies_are_kept_and_sent_to_localhost(url: str, seen: list[dict[str, object]]) -> None:
    client = Client(url)
    client.open("/form")
    client.open("/next")
    assert headers_of(seen[1])["Cookie"] == "__Host-demo=one"
    client.open("/end")
    assert client.cookies() == {}


def test_host_cookies_without_what_their_name_promises_are_dropped(url: str) -> None:
    client = Client(url)
    client.open("/bad-cookies")
    assert client.cookies() == {"__Host-good": "1"}


def test_a_form_is_sent_with_its_token_and_its_origin_and_the_redirect_is_followed(
    url: str, seen: list[dict[str, object]]
) -> None:
    client = Client(url)
    page = client.submit(client.open("/form").form_with(field="word"), {"word": "ことば"})
    sent, followed = seen[1], seen[2]
    assert (page.address, followed["method"], followed["body"]) == (f"{url}/form", "GET", b"")
    body = sent["body"]
    assert isinstance(body, bytes)
    assert parse_qs(body.decode()) == {"csrf_token": ["t"], "word": ["ことば"]}
    assert headers_of(sent)["Origin"] == url
    assert headers_of(sent)["Sec-Fetch-Site"] == "same-origin"
    assert "Content-Type" not in headers_of(followed)
    assert headers_of(followed)["Cookie"] == "__Host-demo=two"


def test_a_form_that_looks_something_up_puts_its_fields_into_the_address(
    url: str, seen: list[dict[str, object]]
) -> None:
    client = Client(url)
    client.submit(client.open("/form").form_with(field="q"), {"q": "a b"})
    assert (seen[1]["method"], seen[1]["path"]) == ("GET", "/find?q=a+b")


def test_a_file_goes_along_with_the_fields_of_its_form(url: str, seen: list[dict[str, object]]) -> None:
    client = Client(url)
    form = client.open("/upload").forms[0]
    content = '{"a":"学"}\r\n--x'.encode()
    client.hand_in(form, "plan", "plan.json", content)
    body = seen[-1]["body"]
    assert isinstance(body, bytes)
    sent = message_from_bytes(f"Content-Type: {headers_of(seen[-1])['Content-Type']}\r\n\r\n".encode() + body)
    found = {
        part.get_param("name", header="Content-Disposition"): part for part in sent.walk() if not part.is_multipart()
    }
    assert {name: part.get_payload(decode=True) for name, part in found.items()} == {
        "t": b"v", "go": b"now", "plan": content,
    }  # fmt: skip
    assert found["plan"].get_filename() == "plan.json"
    with pytest.raises(Unmet, match="a place for a file"):
        client.hand_in(form, "t", "plan.json", b"")


def test_a_service_sends_json_without_session_or_token(url: str, seen: list[dict[str, object]]) -> None:
    Client(url).post("/echo", {"header": "x"})
    assert seen[-1]["body"] == b'{"header": "x"}'
    assert headers_of(seen[-1])["Content-Type"] == "application/json"
    assert {"Cookie", "X-CSRF-Token"}.isdisjoint(headers_of(seen[-1]))


def test_a_redirect_that_keeps_the_method_keeps_the_body(url: str, seen: list[dict[str, object]]) -> None:
    client = Client(url)
    form = client.open("/form").form_with(field="word")
    answer = client.send(type(form)(f"{url}/again", "post", form.values, form.fields, (), ()), {"word": "x"})
    assert answer.address == f"{url}/echo"
    assert seen[2]["body"] == seen[1]["body"]


def test_the_token_of_a_passkey_place_goes_into_the_header(url: str, seen: list[dict[str, object]]) -> None:
    from manabi.check.page import PasskeyPlace

    Client(url).ask(PasskeyPlace("get", "/o", "/v", "/", "t1"), f"{url}/o", {"a": 1})
    assert headers_of(seen[0])["X-CSRF-Token"] == "t1"
    body = seen[0]["body"]
    assert isinstance(body, bytes)
    assert json.loads(body) == {"a": 1}


def test_a_copy_keeps_the_session_that_its_original_has_ended(url: str, seen: list[dict[str, object]]) -> None:
    client = Client(url)
    client.open("/form")
    twin = client.copy()
    client.open("/end")
    twin.open("/next")
    assert headers_of(seen[-1])["Cookie"] == "__Host-demo=one"
    assert client.cookies() == {}


@pytest.mark.parametrize(
    "address",
    ["http://192.0.2.1:80", "https://node.example", "http://localhost.example", "ftp://localhost", "localhost:8400",
     "http://a:b@localhost", "http://localhost:8400/path", "", "http://0.0.0.0:80"],
)  # fmt: skip
def test_services_off_this_machine_are_refused(address: str) -> None:
    with pytest.raises(AddressRefused):
        Client(address)


def test_a_remote_service_is_taken_when_it_is_allowed_expressly() -> None:
    assert Client("https://node.example", remote=True).origin == "https://node.example"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "::1"])
def test_this_machine_has_several_names(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("path", ["/away", "http://127.0.0.1:1/x", "//elsewhere.example/", "https://localhost/"])
def test_no_step_leads_off_the_origin(url: str, path: str) -> None:
    with pytest.raises(AddressRefused):
        Client(url).open(path)


def test_json_is_read_whatever_its_status(url: str) -> None:
    client = Client(url)
    assert client.fetch("/json").document() == {"a": [1]}
    problem = client.fetch("/problem")
    assert (problem.status, problem.document()) == (404, {"code": "x"})


@pytest.mark.parametrize(
    ("path", "read"),
    [
        ("/form", lambda client, path: client.fetch(path).document()),
        ("/list", lambda client, path: client.fetch(path).document()),
        ("/broken", lambda client, path: client.fetch(path).document()),
        ("/deep", lambda client, path: client.fetch(path).document()),
        ("/json", lambda client, path: client.open(path)),
        ("/latin", lambda client, path: client.open(path)),
        ("/loop", lambda client, path: client.open(path)),
        ("/hang-up", lambda client, path: client.open(path)),
    ],
)
def test_an_answer_that_is_not_what_it_should_be_names_its_address(
    url: str, path: str, read: Callable[[Client, str], object]
) -> None:
    with pytest.raises(RequestFailed) as failure:
        read(Client(url), path)
    assert failure.value.params["address"] == url + path


def test_an_answer_is_bounded_in_size(url: str) -> None:
    with pytest.raises(RequestFailed, match="4096 bytes"):
        Client(url, max_answer=4096).open("/large")
    with pytest.raises(RequestFailed, match="4096 bytes"):
        Client(url, max_answer=4096).open("/drip")


def test_an_answer_without_end_is_bounded_in_time(url: str) -> None:
    with pytest.raises(RequestFailed, match="in time"):
        Client(url, timeout=0.2, max_answer=1 << 40).open("/drip")


def test_a_service_that_is_not_there_is_a_failed_request() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), TinyServer) as server:
        port = server.server_port
    with pytest.raises(RequestFailed):
        Client(f"http://localhost:{port}").open("/")
