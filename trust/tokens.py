"""Signed tokens of many kinds of keys: compact JWS (RFC 7515) with JSON claims, read strictly, made plainly.

Used by client assertions, proofs of possession, messages and join requests, which others send: sizes are bounded
before anything is parsed, members may not repeat, nesting is shallow, the algorithm follows from the key (RFC 8725
section 3.1), a ``typ`` keeps one purpose from standing for another, and no critical extension is understood. What is
wrong is a TokenFault; each room wraps it in its own error.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from math import isfinite
from typing import TYPE_CHECKING, Final, NoReturn

from joserfc import jws
from joserfc.errors import JoseError, UnsupportedAlgorithmError

from trust.framing import from_text
from trust.keys import Key, algorithms_of

if TYPE_CHECKING:
    from joserfc._rfc7515.model import JWSAlgModel  # joserfc gives the type no public name

_MAX_DEPTH: Final = 16
_MAX_HEADER: Final = 4096
_LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC).timestamp()


class TokenFault(ValueError):
    """What is wrong with a token, in a few English words without any of its content."""


class _Registry(jws.JWSRegistry):
    """joserfc's rules with our sizes and exactly the algorithms of one key.

    joserfc warns of the name EdDSA (RFC 9864) because it does not say which curve; here the key has already said.
    """

    def __init__(self, algorithms: Sequence[str], most: int) -> None:
        super().__init__(algorithms=algorithms, strict_check_header=False)
        self.max_header_length = _MAX_HEADER
        self.max_payload_length = most

    def get_alg(self, name: str) -> "JWSAlgModel":
        if self.allowed is None or name not in self.allowed:
            raise UnsupportedAlgorithmError(f"Algorithm of '{name}' is not allowed")
        return self.algorithms[name]


@cache
def _registry(algorithms: tuple[str, ...], most: int) -> _Registry:
    return _Registry(algorithms, most)


@dataclass(frozen=True, slots=True)
class Parts:
    """A token taken apart and not yet verified: good for choosing a key, never for trusting what it says."""

    text: str
    header: dict[str, object]
    claims: dict[str, object]
    most: int


def take_apart(token: str, *, most: int) -> Parts:
    """Return header and claims of a compact JWS of at most ``most`` characters, unverified; raises TokenFault."""
    if not isinstance(token, str) or len(token) > most:
        raise TokenFault("too long")
    segments = token.split(".")
    if len(segments) != 3:
        raise TokenFault("not a signed token")
    try:
        header, payload = from_text(segments[0]), from_text(segments[1])
    except ValueError as error:
        raise TokenFault("not a signed token") from error
    if len(segments[0]) > _MAX_HEADER:
        raise TokenFault("too long")
    parts = Parts(token, read_object(header), read_object(payload), most)
    if not {"crit", "b64"}.isdisjoint(parts.header):
        raise TokenFault("it asks for an extension")
    return parts


def verify(parts: Parts, key: Key) -> None:
    """Check the signature with a key and one of that key's algorithms; raises TokenFault."""
    if parts.header.get("alg") not in algorithms_of(key):
        raise TokenFault("its algorithm is not allowed")
    try:
        jws.deserialize_compact(parts.text, key, registry=_registry(algorithms_of(key), parts.most))
    except (JoseError, ValueError, TypeError) as error:
        raise TokenFault("its signature does not hold") from error


def key_named(parts: Parts, keys: Sequence[Key]) -> Key:
    """Return the one of ``keys`` that the token's ``kid`` names; raises TokenFault."""
    kid = parts.header.get("kid")
    if not isinstance(kid, str):
        raise TokenFault("it names no key")
    for key in keys:
        if key.kid == kid:
            return key
    raise TokenFault("its key is not known")


def require_typ(parts: Parts, *typs: str | None) -> None:
    """Refuse a token made for another purpose; None allows one that does not say."""
    if parts.header.get("typ") not in typs:
        raise TokenFault("made for another purpose")


def make(key: Key, header: Mapping[str, object], claims: Mapping[str, object], *, most: int) -> str:
    """Return the claims signed with the key's first algorithm; raises TokenFault if the token is above ``most``."""
    algorithm = algorithms_of(key)[0]
    payload = json.dumps(claims, ensure_ascii=False, separators=(",", ":")).encode()
    if len(payload) > most:
        raise TokenFault("too long")
    rules = _registry((algorithm,), most * 4 // 3 + 4)
    token = jws.serialize_compact({"alg": algorithm, **header}, payload, key, registry=rules)
    if len(token) > most:
        raise TokenFault("too long")
    return token


def read_object(raw: bytes) -> dict[str, object]:
    """Read one JSON object: no repeated member, no NaN, no text that a database would refuse; raises TokenFault."""
    try:
        document = json.loads(raw.decode(), parse_constant=_refuse_constant, object_pairs_hook=_without_repeats)
    except TokenFault:
        raise
    except (ValueError, RecursionError) as error:
        raise TokenFault("not JSON") from error
    if not isinstance(document, dict):
        raise TokenFault("not a JSON object")
    _check(document, _MAX_DEPTH)
    return document


def text_of(claims: Mapping[str, object], name: str, *, most: int = 255) -> str:
    """Return a claim that must be a text of 1 to ``most`` characters; raises TokenFault naming the claim."""
    value = claims.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= most:
        raise TokenFault(f"{name} is missing or not a text")
    return value


def id_of(claims: Mapping[str, object], name: str, *, most: int = 255) -> str:
    """Return a claim that must be a text of printable ASCII; raises TokenFault naming the claim."""
    value = text_of(claims, name, most=most)
    if not (value.isascii() and value.isprintable()):
        raise TokenFault(f"{name} is missing or not a text")
    return value


def instant_of(claims: Mapping[str, object], name: str) -> datetime:
    """Return a claim that must be a NumericDate (RFC 7519 section 2) before the year 2200; raises TokenFault."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value) or not 0 <= value < _LATEST:
        raise TokenFault(f"{name} is missing or not an instant")
    return datetime.fromtimestamp(value, UTC)


def numeric_date(at: datetime) -> int:
    """Return the whole seconds of a NumericDate, rounded down."""
    return int(at.timestamp())


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise TokenFault("a member stands twice")
    return found


def _refuse_constant(_name: str) -> NoReturn:
    raise TokenFault("not JSON")


def _check(value: object, depth: int) -> None:
    """Refuse deep nesting, NUL and lone surrogates: no database takes them, and no sender means them."""
    if depth == 0:
        raise TokenFault("nested too deeply")
    match value:
        case str():
            _check_text(value)
        case dict():
            for name, member in value.items():
                _check_text(name)
                _check(member, depth - 1)
        case list():
            for member in value:
                _check(member, depth - 1)
        case _:
            pass


def _check_text(text: str) -> None:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise TokenFault("not text") from error
    if "\x00" in text:
        raise TokenFault("not text")
