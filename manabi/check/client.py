"""A small browser without scripts: pages, forms, redirects, cookies and JSON over HTTP, for one person at one service.

It keeps the rules that a real browser would: `__Host-` cookies only with every attribute their name promises, no step
off the service's own origin, `Origin` and `Sec-Fetch-Site` on what it sends. Every answer is bounded in size and time.
Cookies marked Secure go to http://localhost as well, since browsers trust that name like a secure address.
"""

import ipaddress
import json
import time
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from http.cookiejar import Cookie, CookieJar, DefaultCookiePolicy
from secrets import token_hex
from typing import Any, Final
from urllib.parse import urlencode, urljoin, urlsplit
from urllib.request import Request

from manabi.check.errors import AddressRefused, RequestFailed, Unmet
from manabi.check.page import Button, Form, Page, PasskeyPlace
from manabi.check.tree import TooDeep

MAX_ANSWER: Final = 16 * 1024 * 1024
"""Bytes of one answer, a downloaded log included."""

_MAX_REDIRECTS: Final = 8
_CHUNK: Final = 64 * 1024
_PAGE: Final = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.1"
_JSON: Final = "application/json"
_FORM: Final = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer, whole."""

    address: str
    status: int
    headers: Message
    body: bytes

    @property
    def media_type(self) -> str:
        """What the body is, in lower case and without parameters."""
        return self.headers.get_content_type()

    @property
    def reference(self) -> str:
        """The number under which the service keeps this request, in its log and in the access log."""
        return self.headers.get("Request-Id", "")

    def page(self) -> Page:
        """Read the body as a page; raises `RequestFailed` if it is none."""
        if self.media_type != "text/html":
            raise RequestFailed(
                address=self.address, reason=f"{self.status} with {self.media_type} where a page belongs"
            )
        try:
            return Page(self.address, self.status, self.body.decode(), self.reference)
        except (UnicodeDecodeError, TooDeep) as error:
            raise RequestFailed(address=self.address, reason=str(error)) from error

    def document(self) -> dict[str, Any]:
        """Read the body as a JSON object; raises `RequestFailed` if it is none."""
        if not (self.media_type == _JSON or self.media_type.endswith("+json")):
            raise RequestFailed(address=self.address, reason=f"{self.status} with {self.media_type} where JSON belongs")
        try:
            read = json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise RequestFailed(address=self.address, reason="its JSON cannot be read") from error
        if not isinstance(read, dict):
            raise RequestFailed(address=self.address, reason="its JSON is no object")
        return read


class Client:
    """One person's browser at one service."""

    def __init__(
        self,
        url: str,
        *,
        remote: bool = False,
        timeout: float = 20.0,
        max_answer: int = MAX_ANSWER,
        language: str = "ja",
    ) -> None:
        """Prepare for the service at `url`. Raises `AddressRefused` off this machine unless `remote` allows it.

        `timeout` (seconds) bounds each answer from the first byte asked to the last byte read.
        """
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.path not in {"", "/"}:
            raise AddressRefused(address=url)
        if not remote and not is_loopback(parts.hostname):
            raise AddressRefused(address=url)
        self.origin = f"{parts.scheme}://{parts.netloc}"
        self._remote, self._timeout, self._max_answer, self._language = remote, timeout, max_answer, language
        self._jar = CookieJar(_BrowserPolicy(secure_protocols=("http", "https")))

    def open(self, path: str) -> Page:
        """Go to an address as a person does, redirects followed, and return the page whatever its status."""
        return self._request("GET", path, accept=_PAGE).page()

    def submit(self, form: Form, values: Mapping[str, str] | None = None, button: Button | None = None) -> Page:
        """Fill a form, press a button, and return the page it leads to; raises `Unmet` where there is no such field."""
        return self.send(form, values, button).page()

    def send(self, form: Form, values: Mapping[str, str] | None = None, button: Button | None = None) -> Answer:
        """Fill a form and press a button like `submit`, for an answer that may be a file."""
        text = urlencode(form.fill(values or {}, button))
        if form.method == "post":
            return self._request("POST", form.action, accept=_PAGE, body=text.encode(), kind=_FORM)
        return self._request("GET", f"{form.action.partition('?')[0]}?{text}", accept=_PAGE)

    def hand_in(
        self, form: Form, field: str, name: str, content: bytes, values: Mapping[str, str] | None = None
    ) -> Page:
        """Choose a file in a form and send it (RFC 7578), and return the page it leads to; raises `Unmet`."""
        if (field, "on") not in form.ticks:
            raise Unmet(expected=f"a place for a file {field} in the form {form.action}", found=str(form.ticks)[:300])
        boundary = f"manabi-{token_hex(16)}"
        parts = [(f'name="{word}"', value.encode()) for word, value in form.fill(values or {})]
        parts.append((f'name="{field}"; filename="{name}"\r\nContent-Type: application/octet-stream', content))
        body = b"".join(
            f"--{boundary}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + value + b"\r\n"
            for head, value in parts
        )
        kind = f"multipart/form-data; boundary={boundary}"
        sent = body + f"--{boundary}--\r\n".encode()
        return self._request("POST", form.action, accept=_PAGE, body=sent, kind=kind).page()

    def fetch(self, path: str, accept: str = _JSON) -> Answer:
        """Get something as a program does; errors come as problem details."""
        return self._request("GET", path, accept=accept)

    def tell(self, page: Page, path: str, body: Mapping[str, object]) -> Answer:
        """Send JSON to the interface with the token of a page of this session; errors come as problem details."""
        return self._request("POST", path, accept=_JSON, body=json.dumps(body).encode(), kind=_JSON, token=page.token)

    def post(self, path: str, body: Mapping[str, object]) -> Answer:
        """Send JSON as another service does, with no session and no token; errors come as problem details."""
        return self._request("POST", path, accept=_JSON, body=json.dumps(body).encode(), kind=_JSON)

    def ask(self, place: PasskeyPlace, address: str, body: Mapping[str, object]) -> Answer:
        """Send JSON as the script of a page does: with the token of the place it stands at."""
        return self._request(
            "POST", address, accept=_JSON, body=json.dumps(body).encode(), kind=_JSON, token=place.token
        )

    def cookies(self) -> dict[str, str]:
        """Return the cookies kept now."""
        return {cookie.name: cookie.value or "" for cookie in self._jar}

    def copy(self) -> "Client":
        """Return a second browser with the same cookies: what somebody holds who kept a session's token."""
        twin = Client(
            self.origin,
            remote=self._remote,
            timeout=self._timeout,
            max_answer=self._max_answer,
            language=self._language,
        )
        for cookie in self._jar:
            twin._jar.set_cookie(copy(cookie))
        return twin

    def _request(
        self,
        method: str,
        path: str,
        *,
        accept: str,
        body: bytes | None = None,
        kind: str | None = None,
        token: str = "",
    ) -> Answer:
        address = self._own(urljoin(f"{self.origin}/", path))
        headers = {"Accept": accept, "Accept-Language": self._language, "User-Agent": "manabi-check"}
        if kind is not None:
            headers |= {"Content-Type": kind, "Origin": self.origin, "Sec-Fetch-Site": "same-origin"}
        if token:
            headers["X-CSRF-Token"] = token
        for _ in range(_MAX_REDIRECTS):
            answer = self._exchange(method, address, headers, body)
            target = answer.headers.get("Location")
            if target is None or answer.status not in {301, 302, 303, 307, 308}:
                return answer
            address = self._own(urljoin(address, target))
            if answer.status in {301, 302, 303}:
                method, body = "GET", None
                headers = {name: value for name, value in headers.items() if name != "Content-Type"}
        raise RequestFailed(address=address, reason=f"more than {_MAX_REDIRECTS} redirects")

    def _own(self, address: str) -> str:
        parts = urlsplit(address)
        if f"{parts.scheme}://{parts.netloc}" != self.origin:
            raise AddressRefused(address=address)
        return parts._replace(fragment="").geturl()

    def _exchange(self, method: str, address: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """Send one request over a connection of its own, with the cookies that belong, and keep the new ones."""
        parts = urlsplit(address)
        request = Request(address, headers=dict(headers), method=method)  # noqa: S310 — its origin was checked
        self._jar.add_cookie_header(request)
        sent = {
            **headers,
            **dict(request.unredirected_hdrs.items()),
            "Connection": "close",
            "Accept-Encoding": "identity",
        }
        make = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        connection = make(parts.hostname or "", parts.port, timeout=self._timeout)
        deadline = time.monotonic() + self._timeout
        try:
            connection.connect()
            if not self._remote and not is_loopback(str(connection.sock.getpeername()[0])):
                raise AddressRefused(address=address)
            connection.request(method, f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}", body, sent)
            response = connection.getresponse()
            read = _read_bounded(response, address, self._max_answer, deadline)
        except (OSError, HTTPException) as error:
            raise RequestFailed(address=address, reason=f"{type(error).__name__} {error}".strip()) from error
        finally:
            connection.close()
        self._jar.extract_cookies(response, request)
        return Answer(address, response.status, response.headers, read)


class _BrowserPolicy(DefaultCookiePolicy):
    """Keeps what a browser keeps: the prefix `__Host-` binds a cookie to Secure, the whole path and this very host."""

    def set_ok(self, cookie: Cookie, request: Request) -> bool:
        if cookie.name.startswith("__Host-") and not (
            cookie.secure and cookie.path_specified and cookie.path == "/" and not cookie.domain_specified
        ):
            return False
        return super().set_ok(cookie, request)


def is_loopback(host: str) -> bool:
    """Tell whether a host's name or address is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _read_bounded(response: HTTPResponse, address: str, most: int, deadline: float) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while piece := response.read1(_CHUNK):
        pieces.append(piece)
        size += len(piece)
        if size > most:
            raise RequestFailed(address=address, reason=f"more than {most} bytes")
        if time.monotonic() > deadline:
            raise RequestFailed(address=address, reason="it did not come to an end in time")
    return b"".join(pieces)
