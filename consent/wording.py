"""What the rules are called and what a refused person is told, in Japanese, plain Japanese and English.

The texts are data (``consent/policy/labels.json``, ``denials.json``), the same for every node and undated. Japanese
carries readings as ``学校《がっこう》``; pages draw or strip them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from consent.policy.loader import SHIPPED
from consent.policy.model import CitationKind
from consent.policy.reading import open_file
from consent.verdict import DenialCode, Denied, public_code
from consent.vocabulary import (
    ActClass,
    ActorKind,
    AgeBand,
    Basis,
    CarerState,
    Category,
    Channel,
    DecidesAs,
    Duty,
    Frequency,
    GrantState,
    HandlingClass,
    Lane,
    Locale,
    Member,
    Mode,
    Move,
    PlacementState,
    PurposeCode,
    Reach,
    ReceiptEvent,
    Relation,
    RequestState,
    RetentionStart,
    SchoolStage,
    StaffRole,
    Text,
)

LABELLED: Mapping[str, type[StrEnum]] = {
    "category": Category,
    "handling_class": HandlingClass,
    "school_stage": SchoolStage,
    "relation": Relation,
    "actor_kind": ActorKind,
    "staff_role": StaffRole,
    "duty": Duty,
    "reach": Reach,
    "placement_state": PlacementState,
    "basis": Basis,
    "carer_state": CarerState,
    "act_class": ActClass,
    "decides_as": DecidesAs,
    "retention_start": RetentionStart,
    "age_band": AgeBand,
    "locale": Locale,
    "citation_kind": CitationKind,
    "move": Move,
    "lane": Lane,
    "purpose_code": PurposeCode,
    "mode": Mode,
    "frequency": Frequency,
    "channel": Channel,
    "request_state": RequestState,
    "grant_state": GrantState,
    "receipt_event": ReceiptEvent,
}
"""The enums whose members have labels, by their name in ``labels.json``."""


@dataclass(frozen=True, slots=True)
class Label:
    """The name of a member and its place among its siblings, from 1."""

    order: int
    text: Text


@dataclass(frozen=True, slots=True)
class DenialWording:
    """``reason`` is for those who read the child's log; ``next_step`` is told to the person refused."""

    reason: Text
    next_step: Text


def label(member: StrEnum) -> Text:
    """The name of a member of the vocabulary. KeyError for an enum that has no labels."""
    return _labels()[type(member)][member].text


def in_display_order(members: Iterable[Member]) -> list[Member]:
    """Members of one enum in the order a page lists them."""
    return sorted(members, key=lambda member: _labels()[type(member)][member].order)


def tell_next_step(denied: Denied) -> Text:
    """What the person refused is told: never more than ``public_code`` lets through."""
    return _denials()[public_code(denied)].next_step


def tell_nothing_here() -> Text:
    """What an account without children or records is told, and therefore a carer with a contact block as well."""
    return _denials()[DenialCode.NOTHING_HERE].next_step


def tell_reason(code: DenialCode) -> Text:
    """Why a read was refused, for the child's own log. Never shown to the person refused."""
    return _denials()[code].reason


@cache
def _labels() -> Mapping[type[StrEnum], Mapping[StrEnum, Label]]:
    sections = open_file(SHIPPED, "labels.json").fields(("$schema", "labels"))["labels"].fields(tuple(LABELLED))
    labels: dict[type[StrEnum], dict[StrEnum, Label]] = {}
    for name, enum in LABELLED.items():
        labels[enum] = {}
        for member, entry in sections[name].every(enum).items():
            parts = entry.fields(("order", "ja", "plain", "en"))
            text = Text(parts["ja"].text(), parts["plain"].text(), parts["en"].text())
            labels[enum][member] = Label(parts["order"].number(), text)
    return labels


@cache
def _denials() -> Mapping[DenialCode, DenialWording]:
    entries = open_file(SHIPPED, "denials.json").fields(("$schema", "denials"))["denials"].every(DenialCode)
    wordings: dict[DenialCode, DenialWording] = {}
    for code, entry in entries.items():
        parts = entry.fields(("reason", "next_step"))
        wordings[code] = DenialWording(parts["reason"].wording(), parts["next_step"].wording())
    return wordings
