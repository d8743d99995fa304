"""The leader as the client of the helper: only the aggregator that the plan names, every time and size bounded.

Every call and every answer is proven (``aggregator.rounds.proofs``). There are two ways to fail: the helper cannot be
reached now, or it refused; whoever calls tries again later in either case, because both may pass.
"""

import json
import secrets
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

import httpx

from aggregator.rounds import proofs
from aggregator.rounds.errors import PeerUnproven
from trust.framing import canonical_json
from trust.registry import KeyUse, Participant
from trust.signing import SigningKey
from trust.tokens import TokenFault, read_object

PREFIX: Final = "/peer/v1"
MOST_CALL: Final = 16 * 1024 * 1024
"""Bytes of a call: a signed list of 2^14 nodes fits four times."""
MOST_ANSWER: Final = 96 * 1024 * 1024
_MOST_SHORT: Final = 8 * 1024 * 1024
_TIMEOUT: Final = httpx.Timeout(60.0, connect=5.0)
_LONGEST_CALL: Final = 600.0
_MOST_CODE: Final = 64


class OutOfReach(Exception):
    """The helper does not answer, answers nonsense, or cannot prove that it answers."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class PeerRefused(Exception):
    """The helper said no; ``code`` is its stable code."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"{status} {code}")
        self.status, self.code = status, code


class Peer:
    """The helper of one round, called by its leader."""

    def __init__(self, participant: Participant, caller: str, key: SigningKey, clock: Callable[[], datetime]) -> None:
        self._participant, self._caller, self._key, self._clock = participant, caller, key, clock

    def ask(self, path: str, document: Mapping[str, object]) -> dict[str, object]:
        """Send an object and return the object that is answered."""
        body = self.send(path, canonical_json(document), most=_MOST_SHORT)
        try:
            return read_object(body or b"{}")
        except TokenFault as fault:
            raise OutOfReach("its answer is not understood") from fault

    def send(self, path: str, body: bytes, *, most: int = MOST_ANSWER) -> bytes | None:
        """Send bytes and return the bytes that are answered; None where the helper is still at work on them."""
        now = self._clock()
        proof = proofs.prove_call(
            self._key, self._caller, self._participant.id, PREFIX + path, body, secrets.token_hex(16), now
        )
        headers = {
            "Accept": "application/json", "Accept-Encoding": "identity", "Content-Type": "application/json",
            proofs.HEADER: proof,
        }  # fmt: skip
        try:
            with (
                httpx.Client(timeout=_TIMEOUT, follow_redirects=False, trust_env=False) as http,
                http.stream("POST", f"{self._participant.issuer}{PREFIX}{path}", content=body, headers=headers) as raw,
            ):
                status, answer = raw.status_code, _read(raw, most)
                statement = raw.headers.get(proofs.HEADER, "")
        except httpx.HTTPError as error:
            raise OutOfReach(type(error).__name__) from error
        if status == 429 or status >= 500 or 300 <= status < 400:
            raise OutOfReach(f"it answered {status}")
        if status >= 400:
            raise PeerRefused(status, _code(answer))
        try:
            keys = self._participant.keys_for(KeyUse.NODE, self._clock())
            proofs.check_answer(statement, keys, self._participant.id, proof, answer)
        except PeerUnproven as unproven:
            raise OutOfReach(f"its answer is not proven ({unproven.params['reason']})") from unproven
        return None if status == 202 else answer


def _read(answer: httpx.Response, most: int) -> bytes:
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        raise OutOfReach("it answered in an encoding that was not asked for")
    begun, total, pieces = time.monotonic(), 0, list[bytes]()
    for piece in answer.iter_raw():
        total += len(piece)
        if total > most:
            raise OutOfReach("its answer is too long")
        if time.monotonic() - begun > _LONGEST_CALL:
            raise OutOfReach("its answer takes too long")
        pieces.append(piece)
    return b"".join(pieces)


def _code(body: bytes) -> str:
    try:
        code = json.loads(body).get("code", "")
    except (ValueError, AttributeError):
        return ""
    return code[:_MOST_CODE] if isinstance(code, str) and code.isascii() and code.isprintable() else ""
