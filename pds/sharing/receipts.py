"""Receipts: what was decided or handed over, in the very words shown, signed by the node, sealed for the child.

One receipt per event. The family keeps it as a file that anybody can check without the node: `manabi verify`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from consent.receipt import DisclosedVersion, Party, ReceiptFacts, ShownText, make_receipt
from consent.scope import Terms
from consent.verdict import Allowed
from consent.vocabulary import Channel, Lane, Locale, Move, PurposeCode, ReceiptEvent, Relation
from pds.access_log import entries
from pds.access_log.entries import Act
from pds.access_log.sequencer import CHECKPOINT_KEY
from pds.node import Node
from pds.sharing.enforcement import (
    Asking,
    Refused,
    approach_family,
    entry_by_viewer,
    family_verdict,
    refuse,
    unknown_child,
)
from pds.sharing.models import ShareReceipt, ShareRequest
from trust.sealing import Binding, seal, unseal
from web.ruby import strip_readings

FORMAT: Final = "manabi-receipt/1"
RECEIPT_TYP: Final = "manabi-receipt+jws"
_SCHEMA: Final = "urn:manabi:schema:receipt:1"


@dataclass(frozen=True, slots=True)
class Event:
    """What happened, for a receipt. `shown` are the words the person had before them.

    `terms` are those in force afterwards, None where nothing is. `by` is None for an end by time and for a disclosure.
    `record` is the grant, dossier or request that the receipt belongs to.
    """

    event: ReceiptEvent
    at: datetime
    shown: ShownText
    verdict: Allowed
    record: UUID
    by: UUID | None = None
    channel: Channel = Channel.ONLINE
    lane: Lane = Lane.CONSENT
    grant: UUID | None = None
    terms: Terms | None = None
    disclosed: tuple[DisclosedVersion, ...] = ()


@dataclass(frozen=True, slots=True)
class ReceiptNote:
    """One line of the list of receipts."""

    receipt_id: UUID
    event: ReceiptEvent
    issued_at: datetime
    request_id: UUID | None
    grant_id: UUID | None
    person: UUID | None


def issue(session: Session, node: Node, request: ShareRequest, event: Event) -> UUID:
    """Make, sign and seal the receipt of an event under a request, in the caller's transaction; return its id."""
    receipt_id, learner = uuid4(), request.learner_id
    facts = _facts(node, receipt_id, request, event)
    raw = json.dumps(make_receipt(facts), ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
    token = node.keyring.signing_key(CHECKPOINT_KEY).sign(raw, typ=RECEIPT_TYP)
    sealed = seal(node.keyring.subject_key(learner), _binding(node, learner, receipt_id), token.encode())
    session.add(
        ShareReceipt(learner_id=learner, receipt_id=receipt_id, request_id=request.request_id, grant_id=event.grant,
                     person_id=event.by, event=event.event.value, issued_at=event.at, sealed=sealed)
    )  # fmt: skip
    session.flush()
    return receipt_id


def list_for(session: Session, node: Node, asking: Asking, learner: UUID) -> Sequence[ReceiptNote] | Refused:
    """Return the receipts of a child, the newest first, without content."""
    child = approach_family(session, node, asking, learner, Act.SHARING_READ)
    if isinstance(child, Refused):
        return child
    rows = session.scalars(
        select(ShareReceipt)
        .where(ShareReceipt.learner_id == learner)
        .order_by(ShareReceipt.issued_at.desc(), ShareReceipt.receipt_id)
    )
    return [
        ReceiptNote(row.receipt_id, ReceiptEvent(row.event), row.issued_at, row.request_id, row.grant_id, row.person_id)
        for row in rows
    ]


def read(session: Session, node: Node, asking: Asking, learner: UUID, receipt: UUID) -> dict[str, Any] | Refused:
    """Decide, log and return a receipt as the file that a family takes home: format, signed receipt, key."""
    child = approach_family(session, node, asking, learner, Act.RECEIPT_READ, under=receipt)
    if isinstance(child, Refused):
        return child
    row = session.get(ShareReceipt, (learner, receipt))
    if row is None:
        return refuse(session, node, asking, child, unknown_child(node, asking), Act.RECEIPT_READ, None, under=receipt)
    verdict = family_verdict(asking)
    entries.write(session, node, [entry_by_viewer(node, asking, child, verdict, Act.RECEIPT_READ, None, under=receipt)])
    token = unseal(node.keyring.subject_key(learner), _binding(node, learner, receipt), bytes(row.sealed)).decode()
    return {"format": FORMAT, "receipt": token, "key": node.keyring.signing_key(CHECKPOINT_KEY).public().jwk()}


def own_words(text: str) -> ShownText:
    """Return a sentence of the service itself as the text of an event that nobody confirmed on a page."""
    return ShownText.of(text, Locale.JA)


def _facts(node: Node, receipt_id: UUID, request: ShareRequest, event: Event) -> ReceiptFacts:
    settings = node.settings
    controller = Party(node.node_id, settings.operator, settings.public_url, settings.contact)
    recipient = Party(request.school_code, request.school_name, request.client_id, request.school_name)
    edition = node.policy.at(event.at)
    assert edition is not None  # noqa: S101  without rules in force nothing is decided that a receipt could tell of
    purpose = edition.purposes[PurposeCode(request.purpose)]
    relation = None
    if event.by is not None:
        relation = Relation.SELF if event.by == request.learner_id else Relation.CARER
    return ReceiptFacts(
        receipt_id=receipt_id, record_id=event.record, principal=request.learner_id, event=event.event, at=event.at,
        by=event.by, by_relation=relation, channel=event.channel, shown=event.shown, controller=controller,
        recipient=recipient, move=Move(request.move), purpose=purpose.purpose,
        purpose_sentence=strip_readings(purpose.sentence.say(event.shown.locale)), purpose_dpv=purpose.dpv,
        lane=event.lane,
        legal_basis=(event.verdict.citation,) if event.verdict.citation else (),
        asked=Terms.from_wire(request.asked) if event.lane is Lane.CONSENT else None, terms=event.terms,
        storage_location=request.client_id, withdrawal=f"{settings.public_url} {settings.contact}",
        disclosed=event.disclosed,
    )  # fmt: skip


def _binding(node: Node, learner: UUID, receipt: UUID) -> Binding:
    return Binding(node.node_id, learner, f"receipt/{receipt}", 1, _SCHEMA)
