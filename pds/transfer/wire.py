"""What another node's answers must look like before anything in them is believed: sizes, types, nothing more."""

import json
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from pds.transfer.sealed import CHUNK_BYTES

MOST_DOCUMENTS: Final = 25
MOST_PAGE_BYTES: Final = 36 * 1024 * 1024
"""Twenty-five documents of the largest kind that can be signed, as base64."""
MOST_ANSWER_BYTES: Final = 256 * 1024
MOST_CHUNK_BYTES: Final = CHUNK_BYTES
_MOST_CURSOR: Final = 512


class WireFault(Exception):
    """An answer that is not what the published interface says; carries the place that is wrong."""


@dataclass(frozen=True, slots=True)
class ListedDocument:
    """One document of a page: its name under this access, the hash the sender states, and the signed copy itself."""

    doc: UUID
    version: int
    sha256: str
    token: str


@dataclass(frozen=True, slots=True)
class WirePage:
    """A page of documents. `next` is where to go on, None at the end; `withheld` names what stays with the sender."""

    documents: tuple[ListedDocument, ...]
    next: str | None
    withheld: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Lodging:
    """What a lodged request is answered with; times are in seconds."""

    auth_req_id: str
    expires_in: int
    interval: int


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a token answer holds. `details` are the authorization details as far as they were granted (RFC 9396)."""

    access: str
    expires_in: int
    refresh: str | None
    details: tuple[dict[str, Any], ...]

    @property
    def grant(self) -> UUID | None:
        """The sender's id of the grant, the `identifier` of the one granted object."""
        return _uuid(self.details[0].get("identifier"), "identifier") if self.details else None


def read_object(raw: bytes) -> dict[str, Any]:
    """Return the JSON object an answer holds."""
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise WireFault("not JSON") from error
    if not isinstance(found, dict):
        raise WireFault("not a JSON object")
    return found


def read_page(raw: bytes) -> WirePage:
    """Read a page of documents."""
    found = read_object(raw)
    documents = found.get("documents")
    if not isinstance(documents, list) or len(documents) > MOST_DOCUMENTS:
        raise WireFault("documents")
    following = found.get("next")
    if following is not None and (not isinstance(following, str) or not 0 < len(following) <= _MOST_CURSOR):
        raise WireFault("next")
    withheld = found.get("withheld", [])
    if not isinstance(withheld, list) or len(withheld) > 100 or not all(isinstance(one, dict) for one in withheld):
        raise WireFault("withheld")
    return WirePage(tuple(_listed(one) for one in documents), following, tuple(withheld))


def read_lodging(raw: bytes) -> Lodging:
    """Read the answer to a lodged request (OpenID CIBA Core section 7.3)."""
    found = read_object(raw)
    return Lodging(_text(found, "auth_req_id"), _number(found, "expires_in"), _number(found, "interval", 300))


def read_tokens(raw: bytes) -> Tokens:
    """Read a token answer (RFC 6749 section 5.1, RFC 9449 section 5, RFC 9396 section 7)."""
    found = read_object(raw)
    if str(found.get("token_type")).lower() != "dpop":
        raise WireFault("token_type")
    details = found.get("authorization_details", [])
    if not isinstance(details, list) or len(details) > 16 or not all(isinstance(one, dict) for one in details):
        raise WireFault("authorization_details")
    refresh = found.get("refresh_token")
    if refresh is not None and not isinstance(refresh, str):
        raise WireFault("refresh_token")
    return Tokens(_text(found, "access_token"), _number(found, "expires_in"), refresh, tuple(details))


def read_error(raw: bytes) -> str:
    """Return the stable code of a refused call: OAuth's `error` (RFC 6749 section 5.2) or ours (RFC 9457)."""
    try:
        found = read_object(raw)
    except WireFault:
        return ""
    for name in ("error", "code"):
        code = found.get(name)
        if isinstance(code, str):
            return code[:80]
    return ""


def _listed(one: Any) -> ListedDocument:
    if not isinstance(one, dict):
        raise WireFault("documents")
    return ListedDocument(
        _uuid(one.get("doc"), "doc"),
        _number(one, "version"),
        _text(one, "sha256"),
        _text(one, "token", 2 * 1024 * 1024),
    )


def _text(found: dict[str, Any], name: str, most: int = 4096) -> str:
    value = found.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= most:
        raise WireFault(name)
    return value


def _number(found: dict[str, Any], name: str, default: int | None = None) -> int:
    value = found.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**40:
        raise WireFault(name)
    return value


def _uuid(value: Any, name: str) -> UUID:
    try:
        return UUID(value)
    except (ValueError, TypeError, AttributeError) as error:
        raise WireFault(name) from error
