"""The node as the client of another: only issuers of the registry, every time and size bounded, no redirects.

Addresses come from the issuer's own metadata and must stand under the issuer (RFC 8414, RFC 9700 section 4.4): an
answer can never send this node's assertions elsewhere. Nothing here decides or stores; callers get values, or one of
two errors: the other node cannot be reached now, or it refused.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlencode

import httpx

from pds.transfer import wire
from pds.transfer.wire import Lodging, Tokens, WireFault, WirePage
from trust.keys import Key
from trust.proof import make_assertion, make_dpop
from trust.registry import Participant
from trust.signing import SigningKey

CIBA_GRANT: Final = "urn:openid:params:grant-type:ciba"
ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
DOSSIER_TYPE: Final = "manabi_dossier"
MESSAGE_TYPE: Final = "application/secevent+jwt"
METADATA_PATH: Final = "/.well-known/oauth-authorization-server"
MESSAGES_PATH: Final = "/transfer/v1/messages"
SHARED_PATH: Final = "/shared/v1"
_TIMEOUT: Final = httpx.Timeout(10.0, connect=5.0)
_LONGEST_CALL: Final = 60.0
"""Seconds from the first byte sent to the last one read, however slowly an answer drips."""
Answer = TypeVar("Answer")


class OutOfReach(Exception):
    """The other node does not answer, answers nonsense, or asks to come back later. Trying again may help."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Refused(Exception):
    """The other node said no; `code` is its stable code, empty where it gave none."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this node is as a client (RFC 7523): its client id and the key its assertions are signed with."""

    client_id: str
    key: SigningKey | Key = field(repr=False)
    kid: str


@dataclass(frozen=True, slots=True)
class Pending:
    """Nobody has decided yet, or nobody ever will: the two look alike. Ask again after `wait` more seconds."""

    wait: int = 0


@dataclass(frozen=True, slots=True)
class Declined:
    """The family said no."""


@dataclass(frozen=True, slots=True)
class Lapsed:
    """The time of the request is over."""


@dataclass(frozen=True, slots=True)
class _Raw:
    status: int
    headers: httpx.Headers
    body: bytes


class Peer:
    """One other node. Made by `connect`."""

    def __init__(
        self, http: httpx.Client, issuer: str, identity: Identity, proof_key: Key, clock: Callable[[], datetime]
    ) -> None:
        self._http, self._issuer, self._identity = http, issuer, identity
        self._proof_key, self._clock = proof_key, clock
        self._endpoints: dict[str, str] = {}

    def lodge(self, *, hint: str, details: list[dict[str, Any]], message: str, idempotency_key: str) -> Lodging:
        """Lodge a request for one child; repeating it under the same key returns the first answer."""
        form = {
            "scope": "manabi_records",
            "login_hint": hint,
            "binding_message": message,
            "authorization_details": json.dumps(details, ensure_ascii=False, separators=(",", ":")),
        }
        raw = self._authenticated("backchannel_authentication_endpoint", form, {"Idempotency-Key": idempotency_key})
        return _understood(wire.read_lodging, raw)

    def poll(self, auth_req_id: str) -> Tokens | Pending | Declined | Lapsed:
        """Ask whether the family has decided."""
        try:
            raw = self._authenticated(
                "token_endpoint", {"grant_type": CIBA_GRANT, "auth_req_id": auth_req_id}, proven=True
            )
        except Refused as refused:
            match refused.code:
                case "authorization_pending":
                    return Pending()
                case "slow_down":
                    return Pending(5)
                case "access_denied":
                    return Declined()
                case "expired_token":
                    return Lapsed()
            raise
        return _understood(wire.read_tokens, raw)

    def refresh(self, refresh_token: str) -> Tokens:
        """Get a fresh access token under a grant."""
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return _understood(wire.read_tokens, self._authenticated("token_endpoint", form, proven=True))

    def dossier_token(self, dossier: str) -> Tokens:
        """Get an access token for a dossier that the sender has announced."""
        details = json.dumps([{"type": DOSSIER_TYPE, "identifier": dossier}])
        form = {"grant_type": "client_credentials", "authorization_details": details}
        return _understood(wire.read_tokens, self._authenticated("token_endpoint", form, proven=True))

    def read_page(self, access_token: str, after: str | None) -> WirePage:
        """Read one page of documents."""
        query = "" if after is None else "?" + urlencode({"after": after})
        raw = self._proven_get(f"{SHARED_PATH}/documents", query, access_token, wire.MOST_PAGE_BYTES)
        return _understood(wire.read_page, raw)

    def read_chunk(self, access_token: str, doc: str, file_no: int, offset: int) -> bytes:
        """Read the next at most 64 KiB of a file."""
        path = f"{SHARED_PATH}/documents/{quote(doc, safe='')}/files/{file_no}"
        return self._proven_get(path, f"?offset={offset}", access_token, wire.MOST_CHUNK_BYTES).body

    def deliver(self, token: str) -> None:
        """Hand over a signed message; returning means that the other node has it (RFC 8935)."""
        self._call("POST", self._issuer + MESSAGES_PATH, token.encode(), {"Content-Type": MESSAGE_TYPE})

    def _authenticated(
        self, endpoint: str, form: Mapping[str, str], headers: Mapping[str, str] | None = None, *, proven: bool = False
    ) -> _Raw:
        url = self._endpoint(endpoint)
        who = self._identity
        assertion = make_assertion(who.key, who.kid, who.client_id, self._issuer, self._clock())
        body = urlencode(
            {**form, "client_id": who.client_id, "client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
        )
        sent = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        if proven:
            sent["DPoP"] = make_dpop(self._proof_key, "POST", url, now=self._clock())
        return self._call("POST", url, body.encode(), sent)

    def _proven_get(self, path: str, query: str, access_token: str, most: int) -> _Raw:
        url = self._issuer + path
        proof = make_dpop(self._proof_key, "GET", url, now=self._clock(), access_token=access_token)
        headers = {"Authorization": f"DPoP {access_token}", "DPoP": proof}
        return self._call("GET", url + query, None, headers, most)

    def _endpoint(self, name: str) -> str:
        if not self._endpoints:
            found = wire.read_object(self._call("GET", self._issuer + METADATA_PATH, None, {}).body)
            if found.get("issuer") != self._issuer:
                raise OutOfReach("its metadata names another issuer")
            for key, value in found.items():
                if key.endswith("_endpoint") and isinstance(value, str) and value.startswith(self._issuer + "/"):
                    self._endpoints[key] = value
        url = self._endpoints.get(name)
        if url is None:
            raise OutOfReach(f"its metadata has no {name}")
        return url

    def _call(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], most: int = wire.MOST_ANSWER_BYTES
    ) -> _Raw:
        """Make one call and read the answer, up to `most` bytes; raises `OutOfReach` or `Refused`."""
        sent = {"Accept": "application/json, application/octet-stream", "Accept-Encoding": "identity", **headers}
        begun = time.monotonic()
        try:
            with self._http.stream(method, url, content=body, headers=sent) as answer:
                raw = _Raw(answer.status_code, answer.headers, _read(answer, most, begun))
        except httpx.HTTPError as error:
            raise OutOfReach(type(error).__name__) from error
        if 200 <= raw.status < 300:
            return raw
        if raw.status == 429 or raw.status >= 500 or 300 <= raw.status < 400:
            raise OutOfReach(f"it answered {raw.status}")
        raise Refused(raw.status, wire.read_error(raw.body))


@contextmanager
def connect(
    participant: Participant, identity: Identity, proof_key: Key, clock: Callable[[], datetime]
) -> Iterator[Peer]:
    """Open the way to a node of the registry; raises `OutOfReach` for a participant without an address."""
    if participant.issuer is None:
        raise OutOfReach("it has no address in the registry")
    with httpx.Client(timeout=_TIMEOUT, follow_redirects=False, trust_env=False) as http:
        yield Peer(http, participant.issuer, identity, proof_key, clock)


def _read(answer: httpx.Response, most: int, begun: float) -> bytes:
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        raise OutOfReach("it answered in an encoding that was not asked for")
    pieces: list[bytes] = []
    total = 0
    for piece in answer.iter_raw():
        total += len(piece)
        if total > most:
            raise OutOfReach("its answer is too long")
        if time.monotonic() - begun > _LONGEST_CALL:
            raise OutOfReach("its answer takes too long")
        pieces.append(piece)
    return b"".join(pieces)


def _understood(read: Callable[[bytes], Answer], raw: _Raw) -> Answer:
    try:
        return read(raw.body)
    except WireFault as fault:
        raise OutOfReach(f"its answer is not understood ({fault})") from fault
