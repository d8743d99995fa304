"""Authorization details (RFC 9396): what a client asks for, held against its published schema and the vocabulary."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, Final
from uuid import UUID

import jsonschema_rs

from consent.scope import Terms
from consent.vocabulary import Move, PurposeCode
from pds.authorization.errors import DetailsRefused
from trust.tokens import TokenFault, read_object

RECORDS: Final = "manabi_records"
DOSSIER: Final = "manabi_dossier"
TYPES: Final = (RECORDS, DOSSIER)

_LONGEST: Final = 16 * 1024
_FURTHEST: Final = timedelta(days=3653)


@dataclass(frozen=True, slots=True)
class RecordsAsked:
    """One request for a child's records as the asker put it; `wire` is the very object that was sent."""

    move: Move
    purpose: PurposeCode
    recipient: str
    terms: Terms
    case: str | None
    wire: dict[str, Any]


def read_records(text: str | None, *, now: datetime) -> RecordsAsked:
    """Read the one `manabi_records` object of a request; raises `DetailsRefused` naming place and fault."""
    wire = _only(text, RECORDS)
    if "identifier" in wire:
        raise DetailsRefused(f"{RECORDS}.identifier: stands in answers alone")
    try:
        terms = Terms.from_wire({"erase_on": None, **wire})
        asked = RecordsAsked(
            Move(wire["move"]), PurposeCode(wire["purpose"]), wire["recipient"], terms, wire.get("case"), wire
        )
    except ValueError as error:
        raise DetailsRefused(f"{RECORDS}: {error}") from error
    if not now < terms.until < now + _FURTHEST:
        raise DetailsRefused(f"{RECORDS}.until: lies in the past, or more than ten years ahead")
    return asked


def read_dossier(text: str | None) -> UUID:
    """Read the one `manabi_dossier` object of a request; raises `DetailsRefused`."""
    return UUID(_only(text, DOSSIER)["identifier"])


def granted_records(asked: Mapping[str, Any], grant_id: UUID, terms: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what was granted in the words of what was asked; `terms` in their wire form."""
    return [{**asked, "identifier": str(grant_id), **terms}]


def dossier_details(dossier: UUID) -> list[dict[str, Any]]:
    """Return the details of a token for a dossier."""
    return [{"type": DOSSIER, "identifier": str(dossier)}]


def _only(text: str | None, kind: str) -> dict[str, Any]:
    if not text:
        raise DetailsRefused("authorization_details is missing")
    if len(text) > _LONGEST:
        raise DetailsRefused("authorization_details is too long")
    try:
        # Wrapped, so that the reader's bounds on members, nesting and text hold for the list as for any object.
        found = read_object(b'{"list":' + text.encode() + b"}").get("list")
    except (TokenFault, UnicodeEncodeError) as error:
        raise DetailsRefused(f"authorization_details: {error}") from error
    if not isinstance(found, list) or len(found) != 1 or not isinstance(found[0], dict):
        raise DetailsRefused("authorization_details: expected a list with one object")
    wire: dict[str, Any] = found[0]
    stated = wire.get("type")
    if stated != kind:
        raise DetailsRefused(f"authorization_details[0].type: expected {kind} here")
    for fault in _validator(kind).iter_errors(wire):
        place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in fault.instance_path)
        raise DetailsRefused(f"{kind}{place}: {fault.message}")
    return wire


@cache
def _validator(kind: str) -> jsonschema_rs.Draft202012Validator:
    schema = json.loads(files("api_specs").joinpath(f"authorization/{kind}.schema.json").read_text(encoding="utf-8"))
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
