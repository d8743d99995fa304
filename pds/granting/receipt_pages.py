"""Receipts as the family reads, prints and takes them home."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from consent.age import japan_day
from consent.vocabulary import Category, Channel, ReceiptEvent, Text
from consent.wording import in_display_order, label
from pds.granting.asking import draw
from pds.granting.choices import last_day_of, say_years
from pds.granting.documents import read_payload
from pds.granting.wording import Line
from pds.look_back.words import Part, Sentence
from pds.people import service as people
from pds.sharing import receipts
from pds.sharing.asking import ask, current_node, settle
from pds.sharing.enforcement import Refused
from trust.errors import N_
from web.context import now, transaction
from web.problems import NotFound
from web.routes import declares

blueprint = Blueprint("granting_receipts", __name__, url_prefix="/learners/<uuid:learner>/receipts/<uuid:receipt>")


@dataclass(frozen=True, slots=True)
class ReceiptPage:
    """A receipt in words. `text` are the words that the person had before them, in their language."""

    address: str
    event: Text
    lines: tuple[Line, ...]
    text: str
    locale: str


@blueprint.get("")
@declares(requires="family", discloses="none")
def show(learner: UUID, receipt: UUID) -> ResponseReturnValue:
    """A receipt as a page to read and print."""
    outcome = receipts.read(transaction(), current_node(), ask(), learner, receipt)
    child = None
    if not isinstance(outcome, Refused):
        child = people.find_child(transaction(), current_node(), learner)
    bundle = settle(outcome)
    if child is None:
        raise NotFound
    page = read_receipt(read_payload(bundle["receipt"]), f"/learners/{learner}/receipts/{receipt}")
    return draw("receipt.html", child, page=page)


@blueprint.get("/download")
@declares(requires="family", discloses="none")
def download(learner: UUID, receipt: UUID) -> ResponseReturnValue:
    """The receipt as the file that `manabi verify` checks; its name says nothing of the child."""
    bundle = settle(receipts.read(transaction(), current_node(), ask(), learner, receipt))
    return as_file(bundle, f"manabi-receipt-{japan_day(now()).isoformat()}.json")


def as_file(document: dict[str, Any], name: str) -> Response:
    """Return a document as an attachment."""
    answer = Response(json.dumps(document, ensure_ascii=False, indent=1), mimetype="application/json")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def read_receipt(receipt: dict[str, Any], address: str) -> ReceiptPage:
    """Return a receipt's content in words; the field names are those of ISO/IEC TS 27560."""
    processing, event = receipt["pii_processing"], receipt["events"][0]
    purpose, parties = processing["purposes"][0], receipt["party_identification"]
    recipient = next(one["party_name"] for one in parties if one["party_role"].endswith("#Recipient"))
    controller = next(one["party_name"] for one in parties if one["party_role"].endswith("#DataController"))
    until = purpose["retention_period"]["until"]
    shared = {Category(one["pii_type"]): one["school_years"] for one in purpose["pii_information"]}
    lines: list[Line] = [
        Line(Sentence(N_("When")), datetime.fromisoformat(event["event_time"])),
        Line(Sentence(N_("Who decided")), _who(event["entity_role"])),
        Line(Sentence(N_("By which way")), label(Channel(event["channel"]))),
        Line(Sentence(N_("To whom")), recipient),
        Line(Sentence(N_("What for")), purpose["purpose"]),
        *(Line(label(category), say_years(shared[category])) for category in in_display_order(shared)),
    ]
    if until is not None:
        lines.append(Line(Sentence(N_("Until when")), last_day_of(datetime.fromisoformat(until))))
    lines.append(Line(Sentence(N_("Issued by")), controller))
    lines.append(Line(Sentence(N_("Reference number")), receipt["receipt_id"]))
    return ReceiptPage(
        address,
        label(ReceiptEvent(event["event_type"])),
        tuple(lines),
        processing["privacy_notice"],
        processing["language"],
    )


def _who(role: str | None) -> Part:
    if role is None:
        return Sentence(N_("Nobody; it happened by itself"))
    return Sentence(N_("The child") if role.endswith("#DataSubject") else N_("A parent or carer"))
