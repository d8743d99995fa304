"""The node as the client of the two servers: aggregators of the registry alone, time and size bounded, no redirects.

What comes back is parsed and passed on as it was signed; whether to believe it is for ``run`` to decide.
"""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

import httpx

from aggregator.protocol.shares import Side
from aggregator.reporter.errors import ServerOutOfReach, ServerRefused
from trust.framing import to_text
from trust.keys import Key
from trust.registry import KeyUse, Participant, ParticipantKind, Registry
from trust.signing import SigningKey
from trust.tokens import TokenFault, read_object

_TIMEOUT: Final = httpx.Timeout(10.0, connect=5.0)
_LONGEST_CALL: Final = 60.0
"""Seconds from the first byte sent to the last one read, however slowly an answer drips."""
_MOST_ANSWER: Final = 16 * 1024 * 1024
_MOST_ROUNDS: Final = 200
"""Of one leader, the newest first; a plan is collected a few times a year."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who reports: the node's name in the registry, and the key its headers are signed with."""

    node: str
    signing: SigningKey


@dataclass(frozen=True, slots=True)
class Announced:
    """A round as its leader shows it: each statement as leader and helper signed it, not believed yet.

    ``committees`` names each total that seats add noise to, with those who stayed silent at each attempt that is over.
    """

    round_id: str
    state: str
    leader: str
    opening: Mapping[Side, str]
    closing: Mapping[Side, str]
    draw: Mapping[Side, str]
    committees: Mapping[tuple[str, str], tuple[tuple[str, ...], ...]]


class Servers:
    """The aggregators of one registry, called for one node. Made by `connect`."""

    def __init__(self, http: httpx.Client, registry: Registry, identity: Identity) -> None:
        self._http = http
        self.identity = identity
        self._aggregators = {one.id: one for one in registry.participants if one.kind is ParticipantKind.AGGREGATOR}

    def find(self, server: str) -> Participant | None:
        """Return a server of the registry; None for anybody else."""
        return self._aggregators.get(server)

    def keys(self, server: str, now: datetime) -> tuple[Key, ...]:
        """Return the keys that a server's statements may be signed with now."""
        found = self.find(server)
        return () if found is None else found.keys_for(KeyUse.NODE, now)

    def rounds(self) -> Iterator[Announced | ServerOutOfReach]:
        """Yield the rounds of every leader in the registry, the oldest first; a failure in place of what it hides."""
        for server in sorted(self._aggregators):
            try:
                listed = self._list(server)
            except (ServerOutOfReach, ServerRefused) as failure:
                yield failure if isinstance(failure, ServerOutOfReach) else _nonsense(server, "it shows no rounds")
                continue
            for round_id in reversed(listed):
                try:
                    found = self._round(server, round_id)
                except ServerRefused:
                    continue
                except ServerOutOfReach as failure:
                    yield failure
                    continue
                if found is not None:
                    yield found

    def plan(self, server: str, digest: bytes) -> str:
        """Return a plan as its leader signed it."""
        answer = self._get(server, f"/plans/v1/{digest.hex()}")
        return _text(server, answer, "token")

    def submit(self, server: str, round_id: str, header: str, share: bytes) -> str:
        """Hand one server its half; return its receipt. Sending the same again gives the same receipt."""
        return self._post(server, f"/rounds/v1/{quote(round_id, safe='')}/submissions", header, share)

    def add_noise(self, server: str, round_id: str, header: str, share: bytes) -> str:
        """Hand one server its half of a seat's noise; return its receipt."""
        return self._post(server, f"/rounds/v1/{quote(round_id, safe='')}/noise", header, share)

    def _list(self, server: str) -> list[str]:
        rounds = self._get(server, "/rounds/v1").get("rounds")
        if not isinstance(rounds, list) or not all(isinstance(one, dict) for one in rounds):
            raise _nonsense(server, "its list of rounds is none")
        return [_text(server, one, "round") for one in rounds[:_MOST_ROUNDS]]

    def _round(self, server: str, round_id: str) -> Announced | None:
        """Return a round of which this server is the leader; it may show those it helps with as well."""
        said = self._get(server, f"/rounds/v1/{quote(round_id, safe='')}")
        opening = _statements(server, said, "opening")
        if _text(server, said, "round") != round_id or set(opening) != set(Side):
            raise _nonsense(server, "a round without its opening")
        if said.get("leader", server) != server:
            return None
        return Announced(
            round_id, _text(server, said, "state"), server, opening, _statements(server, said, "closing"),
            _statements(server, said, "draw"), _committees(server, said.get("committees") or []),
        )  # fmt: skip

    def _get(self, server: str, path: str) -> dict[str, Any]:
        return self._call(server, "GET", path, None)

    def _post(self, server: str, path: str, header: str, share: bytes) -> str:
        body = json.dumps({"header": header, "share": to_text(share)}).encode()
        return _text(server, self._call(server, "POST", path, body), "receipt")

    def _call(self, server: str, method: str, path: str, body: bytes | None) -> dict[str, Any]:
        """Make one call and read the answer; raises ServerOutOfReach or ServerRefused."""
        found = self.find(server)
        if found is None or found.issuer is None:
            raise _nonsense(server, "it is not in the registry")
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            with self._http.stream(method, found.issuer + path, content=body, headers=headers) as answer:
                status, raw = answer.status_code, _read(server, answer)
        except httpx.HTTPError as error:
            raise _nonsense(server, type(error).__name__) from error
        if status == 429 or status >= 500 or 300 <= status < 400:
            raise _nonsense(server, f"it answered {status}")
        try:
            said = read_object(raw)
        except TokenFault as fault:
            raise _nonsense(server, "its answer is not understood") from fault
        if not 200 <= status < 300:
            raise ServerRefused(server=server, why=_why(said, status))
        return said


@contextmanager
def connect(registry: Registry, identity: Identity, transport: httpx.BaseTransport | None = None) -> Iterator[Servers]:
    """Open the way to the servers of a registry; ``transport`` is for tests."""
    with httpx.Client(timeout=_TIMEOUT, follow_redirects=False, trust_env=False, transport=transport) as http:
        yield Servers(http, registry, identity)


def _read(server: str, answer: httpx.Response) -> bytes:
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        raise _nonsense(server, "it answered in an encoding that was not asked for")
    begun, pieces, total = time.monotonic(), [], 0
    for piece in answer.iter_bytes():
        total += len(piece)
        if total > _MOST_ANSWER:
            raise _nonsense(server, "its answer is too long")
        if time.monotonic() - begun > _LONGEST_CALL:
            raise _nonsense(server, "its answer takes too long")
        pieces.append(piece)
    return b"".join(pieces)


def _nonsense(server: str, reason: str) -> ServerOutOfReach:
    return ServerOutOfReach(server=server, reason=reason)


def _why(said: Mapping[str, Any], status: int) -> str:
    """Return the stable code of a refusal, with its named reason where it has one; nothing else of what was said."""
    words = [said.get("code"), said.get("reason")]
    return ": ".join(word[:60] for word in words if isinstance(word, str) and word.isascii()) or str(status)


def _text(server: str, said: Mapping[str, Any], name: str) -> str:
    value = said.get(name)
    if not isinstance(value, str) or not value:
        raise _nonsense(server, f"its answer has no {name}")
    return value


def _statements(server: str, said: Mapping[str, Any], name: str) -> dict[Side, str]:
    value = said.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _nonsense(server, f"its {name} is none")
    return {side: _text(server, value, side.value) for side in Side if value.get(side.value) is not None}


def _committees(server: str, wire: object) -> dict[tuple[str, str], tuple[tuple[str, ...], ...]]:
    found = {}
    for one in wire if isinstance(wire, list) else []:
        attempts = one.get("attempts") if isinstance(one, dict) else None
        if not isinstance(attempts, list) or not all(isinstance(each, list) for each in attempts):
            raise _nonsense(server, "its committees are not understood")
        place = _text(server, one, "level"), _text(server, one, "area")
        found[place] = tuple(tuple(str(node) for node in each) for each in attempts)
    return found
