"""Whether a document that came may be believed: signature, addressee, hash, form, and that it was granted or due.

Pure. Nothing is taken from the document before its signature held under the key that the registry lists for the
school it names; a school that closed long ago is still found, by its own code and its own keys. A copy that an
earlier school had sent travels along inside (学校教育法施行規則24条3項) and is checked in the same way, down to the
first school.
"""

import hmac
import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from consent.lanes import lane_of
from consent.policy.model import Policy
from consent.scope import Scope
from consent.vocabulary import Category, Move
from consent.vocabulary import Lane as LegalLane
from pds.records.bodies import body_form, published_categories
from pds.sharing.copies import COMMENT, COPY_TYP
from pds.transfer.states import Lane
from pds.transfer.wire import ListedDocument
from trust.framing import from_text
from trust.registry import Registry
from trust.signing import SignatureRefused, named_key

MOST_FILES: Final = 200
MOST_FILE_BYTES: Final = 64 * 1024 * 1024
LONGEST_CHAIN: Final = 16
"""Schools a child can have come through; a longer chain is not one."""
_PASSED_ON: Final = ("category", "school_year", "schema", "body")
"""What a school that passes a copy on must leave as it is."""
_HASH: Final = 64
_NAME: Final = 255


class Fault(StrEnum):
    """Why a document is not accepted. The old school reads these and sends it again on request."""

    UNKNOWN_SCHOOL = "unknown_school"  # the registry lists no such school, or not at this node
    UNKNOWN_KEY = "unknown_key"  # the registry does not list the key it is signed with
    SIGNATURE = "signature"
    HASH = "hash"  # the bytes are not those that were announced
    OTHER_RECIPIENT = "other_recipient"
    OTHER_DOCUMENT = "other_document"  # the signed name or version is not the one it was listed under
    FORM = "form"  # signed, and yet not in the published form
    NOT_GRANTED = "not_granted"  # more than the family gave, or the law sends
    FILE_HASH = "file_hash"
    FILE_SIZE = "file_size"
    MISSING = "missing"  # announced, and not there


class NotBelieved(Exception):
    """A document that is not accepted; `doc` is its name towards this node."""

    def __init__(self, doc: UUID, version: int, fault: Fault) -> None:
        super().__init__(f"{doc} {fault.value}")
        self.doc, self.version, self.fault = doc, version, fault

    def to_wire(self) -> dict[str, Any]:
        """Return the problem as it is kept and told to the sender."""
        return problem(self.doc, self.version, self.fault)


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file that a document names; `sha256` is that of the whole content."""

    no: int
    name: str
    media_type: str
    size: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Link:
    """One signature of a document's chain: the school, as the registry names it, and the key that signed."""

    school_code: str
    school_name: str
    key_id: str


@dataclass(frozen=True, slots=True)
class Believed:
    """A document whose every signature held. `chain` begins with the sender and ends with the first school."""

    doc: UUID
    version: int
    category: str
    school_year: int
    schema: str
    body: dict[str, Any]
    issued_at: datetime
    files: tuple[NamedFile, ...]
    chain: tuple[Link, ...]
    token: str
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Expected:
    """What may come: from whom, to whom, on which ground. `scope` is the granted one; None in the lane of the law."""

    sender: str
    recipient: str
    lane: Lane
    scope: Scope | None
    move: Move


def problem(doc: UUID | str, version: int, fault: Fault) -> dict[str, Any]:
    """Return one problem as it is kept and told to the sender."""
    return {"doc": str(doc), "version": version, "code": fault.value}


def believe(listed: ListedDocument, expected: Expected, registry: Registry, now: datetime, policy: Policy) -> Believed:
    """Return a listed document with what it says, or raise `NotBelieved` with the first fault found."""
    digest = sha256(listed.token.encode()).digest()
    if not hmac.compare_digest(digest.hex(), listed.sha256):
        raise NotBelieved(listed.doc, listed.version, Fault.HASH)
    try:
        found = _open(listed.token, expected.sender, registry)
        if found.payload.get("aud") != expected.recipient:
            raise _Wrong(Fault.OTHER_RECIPIENT)
        if (found.payload.get("doc"), found.payload.get("version")) != (str(listed.doc), listed.version):
            raise _Wrong(Fault.OTHER_DOCUMENT)
        chain = (found.link, *_earlier(found.payload, registry))
        return _read(listed, found.payload, chain, digest, expected, now, policy)
    except _Wrong as wrong:
        raise NotBelieved(listed.doc, listed.version, wrong.fault) from wrong


def chain_of(token: str, registry: Registry) -> tuple[Link, ...]:
    """Check a stored document's signatures again and return them; raises `NotBelieved` if one no longer holds."""
    try:
        found = _open(token, None, registry)
        return (found.link, *_earlier(found.payload, registry))
    except _Wrong as wrong:
        raise NotBelieved(UUID(int=0), 0, wrong.fault) from wrong


def payload_of(token: str) -> dict[str, Any]:
    """Return what a document says that was believed when it came in."""
    found: dict[str, Any] = json.loads(from_text(token.split(".")[1]))
    return found


class _Wrong(Exception):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class _Opened:
    payload: dict[str, Any]
    link: Link


def _open(token: str, sender: str | None, registry: Registry) -> _Opened:
    """Find the key by the school that the token names, verify, and only then return what it says."""
    code = _claimed_school(token)
    found = registry.organisation(code)
    if found is None or (sender is not None and found[0].id != sender):
        raise _Wrong(Fault.UNKNOWN_SCHOOL)
    participant, school = found
    try:
        key = school.key(named_key(token))
        if key is None:
            raise _Wrong(Fault.UNKNOWN_KEY)
        payload = json.loads(key.verify(token, typ=COPY_TYP))
    except (SignatureRefused, ValueError) as error:
        raise _Wrong(Fault.SIGNATURE) from error
    if not isinstance(payload, dict) or payload.get("iss") != code or payload.get("node") != participant.id:
        raise _Wrong(Fault.UNKNOWN_SCHOOL)
    return _Opened(payload, Link(school.code, school.name, key.kid))


def _claimed_school(token: str) -> str:
    try:
        payload = payload_of(token)
        code = payload.get("iss")
    except (ValueError, IndexError, AttributeError, RecursionError) as error:
        raise _Wrong(Fault.SIGNATURE) from error
    if not isinstance(code, str):
        raise _Wrong(Fault.UNKNOWN_SCHOOL)
    return code


def _earlier(payload: dict[str, Any], registry: Registry) -> tuple[Link, ...]:
    links: list[Link] = []
    enclosed = payload.get("enclosed")
    holder = payload.get("node")
    while enclosed is not None:
        if not isinstance(enclosed, str) or len(links) >= LONGEST_CHAIN:
            raise _Wrong(Fault.FORM)
        found = _open(enclosed, None, registry)
        if found.payload.get("aud") != holder:
            raise _Wrong(Fault.OTHER_RECIPIENT)
        if any(found.payload.get(name) != payload.get(name) for name in _PASSED_ON):
            raise _Wrong(Fault.FORM)  # the school that passes it on says something else than the one that wrote it
        links.append(found.link)
        holder, enclosed = found.payload.get("node"), found.payload.get("enclosed")
    return tuple(links)


def _read(
    listed: ListedDocument,
    payload: dict[str, Any],
    chain: tuple[Link, ...],
    digest: bytes,
    expected: Expected,
    now: datetime,
    policy: Policy,
) -> Believed:
    category, year, schema = payload.get("category"), payload.get("school_year"), payload.get("schema")
    body, issued_at = payload.get("body"), payload.get("issued_at")
    if not isinstance(category, str) or not isinstance(year, int) or not isinstance(schema, str):
        raise _Wrong(Fault.FORM)
    if not isinstance(body, dict) or not isinstance(issued_at, str):
        raise _Wrong(Fault.FORM)
    try:
        at = datetime.fromisoformat(issued_at)
    except ValueError as error:
        raise _Wrong(Fault.FORM) from error
    if at.tzinfo is None:
        raise _Wrong(Fault.FORM)
    if not _was_due(category, year, expected, now, policy):
        raise _Wrong(Fault.NOT_GRANTED)
    if category != COMMENT:
        _check_form(Category(category), schema, body)
    files = tuple(_file(one) for one in _list(payload.get("files", [])))
    if len({one.no for one in files}) != len(files):
        raise _Wrong(Fault.FORM)
    return Believed(
        listed.doc, listed.version, category, year, schema, body, at, files, chain, listed.token, digest
    )  # fmt: skip


def _was_due(category: str, year: int, expected: Expected, now: datetime, policy: Policy) -> bool:
    if category == COMMENT:  # the family's own words come along on either ground
        return True
    if category not in list(Category):
        return False
    if expected.lane is Lane.CONSENT:
        return expected.scope is not None and expected.scope.covers(Category(category), year)
    return lane_of(Category(category), expected.move, now, policy, incoming=True) is LegalLane.STATUTORY


def _check_form(category: Category, schema: str, body: dict[str, Any]) -> None:
    """A form that is published here must be the one, and must hold; what is signed is not thereby well-formed."""
    if category not in published_categories():
        return
    form = body_form(category)
    if schema != form.schema_id or form.faults(body):
        raise _Wrong(Fault.FORM)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list) or len(value) > MOST_FILES:
        raise _Wrong(Fault.FORM)
    return value


def _file(one: Any) -> NamedFile:
    if not isinstance(one, dict):
        raise _Wrong(Fault.FORM)
    no, name, media_type = one.get("no"), one.get("name"), one.get("media_type")
    size, digest = one.get("size"), one.get("sha256")
    good = (
        type(no) is int and 0 <= no < 10_000
        and isinstance(name, str) and 0 < len(name) <= _NAME
        and isinstance(media_type, str) and len(media_type) <= _NAME
        and type(size) is int and 0 <= size <= MOST_FILE_BYTES
        and isinstance(digest, str) and len(digest) == _HASH
    )  # fmt: skip
    if not good:
        raise _Wrong(Fault.FORM)
    try:
        raw = bytes.fromhex(str(digest))
    except ValueError as error:
        raise _Wrong(Fault.FORM) from error
    return NamedFile(int(no or 0), str(name), str(media_type), int(size or 0), raw)
