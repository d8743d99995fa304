"""The receipt of one event: what was asked, decided or handed over, in which words it was shown, and on what ground.

Field names follow ISO/IEC TS 27560:2023, terms the W3C Data Privacy Vocabulary 2.3 and its guide to that standard.
``make_receipt`` is pure; signing and keeping are the store's part. A receipt always states exactly the record versions
that were disclosed: ``disclosed_in`` reads them back.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Self
from uuid import UUID

from consent.scope import Terms
from consent.vocabulary import Category, Channel, Lane, Locale, Mode, Move, PurposeCode, ReceiptEvent, Relation

SCHEMA_VERSION = "https://w3id.org/dpv/schema/iso-27560#receipt-full"
"""The profile a receipt keeps to: every mandatory field of the record stands in the receipt."""

DPV = "https://w3id.org/dpv#"
JURISDICTION = "JP"


@dataclass(frozen=True, slots=True)
class ShownText:
    """The very words a person had before them, with their SHA-256 in hexadecimal digits and their language."""

    text: str
    version: str
    locale: Locale

    @classmethod
    def of(cls, text: str, locale: Locale) -> Self:
        """Return a text with its version."""
        return cls(text, hashlib.sha256(text.encode()).hexdigest(), locale)

    def __post_init__(self) -> None:
        if self.version != hashlib.sha256(self.text.encode()).hexdigest():
            raise ValueError("ShownText.version must be the SHA-256 of the text")


@dataclass(frozen=True, slots=True)
class Party:
    """An organisation as a receipt names it: id (school code or client id), name, address and how to reach it."""

    party_id: str
    name: str
    address: str
    contact: str


@dataclass(frozen=True, slots=True)
class DisclosedVersion:
    """One version of one document that was handed over; ``sha256`` in hexadecimal digits, of the bytes that left."""

    document: UUID
    category: Category
    school_year: int
    version: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ReceiptFacts:
    """Everything a receipt says. ``record_id`` is the grant, request or dossier it belongs to.

    ``principal`` is the child as the controller's own node knows it. ``by`` acted, as ``by_relation``; None for an end
    by time and for a disclosure. ``terms`` are those in force after the event, None where nothing is (any longer).
    ``legal_basis`` are the sources in Japanese. ``disclosed`` is empty unless records were handed over.
    """

    receipt_id: UUID
    record_id: UUID
    principal: UUID
    event: ReceiptEvent
    at: datetime
    by: UUID | None
    by_relation: Relation | None
    channel: Channel
    shown: ShownText
    controller: Party
    recipient: Party
    move: Move
    purpose: PurposeCode
    purpose_sentence: str
    purpose_dpv: str
    lane: Lane
    legal_basis: tuple[str, ...]
    asked: Terms | None
    terms: Terms | None
    storage_location: str
    withdrawal: str
    disclosed: tuple[DisclosedVersion, ...] = ()


def make_receipt(facts: ReceiptFacts) -> dict[str, Any]:
    """Return the receipt as plain data for JSON.

    Raises ValueError where the facts contradict each other: records disclosed by an event that discloses none or
    outside the terms, the same version of a document twice, a choice told of the statutory lane, where there is none.
    """
    _check(facts)
    basis = "LegalObligation" if facts.lane is Lane.STATUTORY else "ExplicitlyExpressedConsent"
    return {
        "schema_version": SCHEMA_VERSION,
        "receipt_id": str(facts.receipt_id),
        "record_id": str(facts.record_id),
        "pii_principal_id": str(facts.principal),
        "pii_processing": {
            "privacy_notice": facts.shown.text,
            "privacy_notice_sha256": facts.shown.version,
            "language": _LANGUAGE_TAGS[facts.shown.locale],
            "purposes": [
                {
                    "purpose": facts.purpose_sentence,
                    "purpose_code": facts.purpose.value,
                    "purpose_type": facts.purpose_dpv,
                    "move": facts.move.value,
                    "lane": facts.lane.value,
                    "lawful_basis": f"{DPV}{basis}",
                    "lawful_basis_sources": list(facts.legal_basis),
                    "pii_information": [_pii(entry) for entry in _scope_of(facts)],
                    "pii_controllers": [facts.controller.party_id],
                    "processing_method": [f"{DPV}{term}" for term in _processing(facts)],
                    "storage_locations": [facts.storage_location],
                    "retention_period": _retention(facts.terms),
                    "jurisdiction": JURISDICTION,
                    "recipient_third_parties": [facts.recipient.party_id],
                    "withdrawal_method": facts.withdrawal,
                }
            ],
            "asked": None if facts.asked is None else facts.asked.to_wire(),
            "terms": None if facts.terms is None else facts.terms.to_wire(),
        },
        "party_identification": [
            _party(facts.controller, "DataController"),
            _party(facts.recipient, "Recipient"),
        ],
        "events": [_event(facts)],
    }


def disclosed_in(receipt: Mapping[str, Any]) -> frozenset[DisclosedVersion]:
    """Return the record versions a receipt says were handed over."""
    return frozenset(
        DisclosedVersion(
            UUID(item["document"]), Category(item["pii_type"]), item["school_year"], item["version"], item["sha256"]
        )
        for event in receipt["events"]
        for item in event["disclosed"]
    )


def _check(facts: ReceiptFacts) -> None:
    if facts.disclosed and facts.event is not ReceiptEvent.DISCLOSED:
        raise ValueError(f"{facts.event} discloses nothing")
    if facts.event is ReceiptEvent.DISCLOSED and not facts.disclosed:
        raise ValueError("a disclosure names what was disclosed")
    if len({(item.document, item.version) for item in facts.disclosed}) < len(facts.disclosed):
        raise ValueError("the same version of a document stands twice")
    if facts.lane is Lane.STATUTORY and facts.event not in _WITHOUT_CONSENT:
        raise ValueError(f"{facts.event} is nothing that the law's own lane knows")
    if facts.by_relation is not None and facts.by_relation not in _ROLE:
        raise ValueError(f"{facts.by_relation} decides nothing for a child")
    outside = [d for d in facts.disclosed if facts.terms and not facts.terms.scope.covers(d.category, d.school_year)]
    if outside:
        raise ValueError(f"{outside[0].category} of {outside[0].school_year} is not within the terms")


def _scope_of(facts: ReceiptFacts) -> list[tuple[Category, tuple[int, ...]]]:
    """The categories and years the event is about: what is granted, or was asked, or, without terms, what was sent."""
    terms = facts.terms or facts.asked
    if terms is not None:
        return list(terms.scope.entries)
    sent: dict[Category, set[int]] = {}
    for item in facts.disclosed:
        sent.setdefault(item.category, set()).add(item.school_year)
    return [(category, tuple(sorted(years))) for category, years in sorted(sent.items())]


def _pii(entry: tuple[Category, tuple[int, ...]]) -> dict[str, Any]:
    category, years = entry
    return {"pii_type": category.value, "school_years": list(years), "pii_optional": False}


def _processing(facts: ReceiptFacts) -> list[str]:
    viewed = facts.terms is not None and facts.terms.mode is Mode.VIEW
    return ["Transfer", "Consult"] if viewed else ["Transfer", "Store"]


def _retention(terms: Terms | None) -> dict[str, Any]:
    erase_on: date | None = None if terms is None else terms.erase_on
    return {
        "until": None if terms is None else terms.to_wire()["until"],
        "erase_on": None if erase_on is None else erase_on.isoformat(),
        "by_recipient_rule": erase_on is None,
    }


def _party(party: Party, role: str) -> dict[str, Any]:
    return {
        "party_id": party.party_id,
        "party_name": party.name,
        "party_address": party.address,
        "party_contact": party.contact,
        "party_role": f"{DPV}{role}",
        "party_type": f"{DPV}EducationalOrganisation",
    }


def _event(facts: ReceiptFacts) -> dict[str, Any]:
    return {
        "event_time": facts.at.isoformat(),
        "event_type": facts.event.value,
        "event_state": f"{DPV}{_state(facts)}",
        "validity_duration": _validity(facts),
        "entity_id": None if facts.by is None else str(facts.by),
        "entity_role": None if facts.by_relation is None else f"{DPV}{_ROLE[facts.by_relation]}",
        "channel": facts.channel.value,
        "disclosed": [
            {
                "document": str(item.document),
                "pii_type": item.category.value,
                "school_year": item.school_year,
                "version": item.version,
                "sha256": item.sha256,
            }
            for item in sorted(facts.disclosed, key=_place)
        ],
    }


def _place(item: DisclosedVersion) -> tuple[str, int, UUID, int]:
    return item.category, item.school_year, item.document, item.version


def _state(facts: ReceiptFacts) -> str:
    """The state of the ground: of the consent, or of the legal obligation where that moves the record."""
    if facts.lane is not Lane.STATUTORY:
        return _CONSENT_STATE[facts.event]
    return "LegalObligationCompleted" if facts.event is ReceiptEvent.DISCLOSED else "LegalObligationPending"


def _validity(facts: ReceiptFacts) -> str | None:
    """How long the event's decision holds, as an ISO 8601 duration in whole seconds."""
    if facts.terms is None:
        return None
    return f"PT{max(facts.terms.until - facts.at, timedelta()) // timedelta(seconds=1)}S"


_WITHOUT_CONSENT = (ReceiptEvent.COMMENTED, ReceiptEvent.DISCLOSED)
_LANGUAGE_TAGS = {Locale.JA: "ja", Locale.PLAIN: "ja-x-plain", Locale.EN: "en"}
_CONSENT_STATE = {
    ReceiptEvent.GIVEN: "ConsentGiven",
    ReceiptEvent.GIVEN_IN_PART: "ConsentGiven",
    ReceiptEvent.REFUSED: "ConsentRefused",
    ReceiptEvent.NARROWED: "RenewedConsentGiven",
    ReceiptEvent.PAUSED: "ConsentWithdrawn",
    ReceiptEvent.RESUMED: "RenewedConsentGiven",
    ReceiptEvent.REVOKED: "ConsentWithdrawn",
    ReceiptEvent.EXPIRED: "ConsentExpired",
    ReceiptEvent.COMMENTED: "ConsentRequested",
    ReceiptEvent.DISCLOSED: "ConsentGiven",
}
_ROLE = {Relation.SELF: "DataSubject", Relation.CARER: "GuardianOfDataSubject"}
