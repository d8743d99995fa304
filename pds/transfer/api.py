"""Moves as JSON: the same steps as the pages, with the same decisions and entries."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue

from consent.age import first_school_year, japan_day, japan_midnight, school_year_of
from consent.scope import Scope, Terms
from consent.vocabulary import Category, Duty, Frequency, Mode, Move
from pds.sharing.asking import answer_damage, ask, current_node, settle
from pds.sharing.tickets import LASTS
from pds.transfer import exports, incoming, incoming_views, outgoing, reading
from pds.transfer.columns import withheld_years
from pds.transfer.desk import own_duties, ring, schools_to_decide_for
from pds.transfer.incoming_pages import arranged
from pds.transfer.pages import find_learner, read_decision
from pds.transfer.received_pages import CSV_NAME, JSON_NAME, ONEROSTER_NAME, attachment
from pds.transfer.schemas import (
    AskBody,
    CaseAnswer,
    DecisionBody,
    DocumentAnswer,
    IncomingAnswer,
    OutgoingAnswer,
    StartBody,
    TicketAnswer,
    TransfersAnswer,
)
from web.context import now, transaction
from web.interface import JsonBlueprint
from web.problems import InvalidInput, NotFound
from web.routes import declares

blueprint = JsonBlueprint(
    "moves_api",
    __name__,
    url_prefix="/api/v1/transfers",
    description="Moves between schools, for clerks and boards. Session cookie; X-CSRF-Token on changes.",
)
answer_damage(blueprint)
_OUTGOING = "/outgoing/<uuid:learner>/<uuid:transfer>"
_INCOMING = "/incoming/<uuid:learner>/<uuid:transfer>"


@blueprint.route("")
@declares(requires="duty:transfers", discloses="none")
@blueprint.response(200, TransfersAnswer)
def transfers() -> dict[str, Any]:
    """Every move in reach."""
    duties = own_duties()
    sends, receives = Duty.SEND_TRANSFER in duties, duties & {Duty.RECEIVE_TRANSFER, Duty.DECIDE_ENROLMENT}
    return {
        "outgoing": outgoing.list_cases(transaction(), current_node(), ask()) if sends else (),
        "incoming": incoming_views.list_cases(transaction(), current_node(), ask()) if receives else (),
    }


@blueprint.route("/outgoing", methods=["POST"])
@declares(requires="staff:desk:fresh", discloses="none")
@blueprint.arguments(StartBody)
@blueprint.response(201, TicketAnswer)
def start(body: dict[str, Any]) -> dict[str, Any]:
    """Begin the move of a leaving child; the answer holds the ticket, once."""
    started = settle(
        outgoing.start(
            transaction(), current_node(), ask(), body["learner"],
            move=Move(body["move"]), left_on=body["left_on"], reason=body["reason"], now=now(),
        )
    )  # fmt: skip
    return _ticket(body["learner"], started.transfer_id, started.ticket.text)


@blueprint.route(_OUTGOING)
@declares(requires="staff:desk", discloses="none")
@blueprint.response(200, OutgoingAnswer)
def outgoing_case(learner: UUID, transfer: UUID) -> dict[str, Any]:
    """One move of the old school."""
    return _outgoing(learner, transfer)


@blueprint.route(f"{_OUTGOING}/ticket", methods=["POST"])
@declares(requires="staff:desk:fresh", discloses="none")
@blueprint.response(201, TicketAnswer)
def reissue_ticket(learner: UUID, transfer: UUID) -> dict[str, Any]:
    """Issue a new ticket; the one before ends."""
    ticket = settle(outgoing.reissue_ticket(transaction(), current_node(), ask(), learner, transfer, now()))
    return _ticket(learner, transfer, ticket.text)


@blueprint.route(f"{_OUTGOING}/send-again", methods=["POST"])
@declares(requires="staff:desk", discloses="none")
@blueprint.response(200, OutgoingAnswer)
def send_again(learner: UUID, transfer: UUID) -> dict[str, Any]:
    """Announce the documents anew after the new school could not accept them."""
    settle(outgoing.send_again(transaction(), current_node(), ask(), learner, transfer, now()))
    ring()
    return _outgoing(learner, transfer)


@blueprint.route(f"{_OUTGOING}/cancel", methods=["POST"])
@declares(requires="staff:desk", discloses="none")
@blueprint.response(200, OutgoingAnswer)
def cancel_outgoing(learner: UUID, transfer: UUID) -> dict[str, Any]:
    """Call a move of the old school off."""
    settle(outgoing.cancel(transaction(), current_node(), ask(), learner, transfer, now()))
    ring()
    return _outgoing(learner, transfer)


@blueprint.route("/incoming", methods=["POST"])
@declares(requires="duty:decide_enrolment", discloses="none")
@blueprint.arguments(DecisionBody)
@blueprint.response(201, CaseAnswer)
def decide(body: dict[str, Any]) -> dict[str, Any]:
    """Record an enrolment decision; the child is enrolled and the move begins at the new school."""
    school = next((one for one in schools_to_decide_for() if one.organisation == body["school"]), None)
    if school is None:
        raise NotFound
    transfer = settle(incoming.decide(transaction(), current_node(), ask(), read_decision(school, body), now()))
    return {"learner": find_learner(transfer), "transfer": transfer}


@blueprint.route(_INCOMING)
@declares(requires="staff:desk", discloses="none")
@blueprint.response(200, IncomingAnswer)
def incoming_case(learner: UUID, transfer: UUID) -> dict[str, Any]:
    """One move of the new school."""
    return _incoming(learner, transfer)


@blueprint.route(f"{_INCOMING}/ask", methods=["POST"])
@declares(requires="staff:desk", discloses="none")
@blueprint.arguments(AskBody)
@blueprint.response(202, IncomingAnswer)
def ask_old_school(body: dict[str, Any], learner: UUID, transfer: UUID) -> dict[str, Any]:
    """Order the request to the old school; what the law sends is asked for every year besides what is named."""
    found = settle(incoming_views.look(transaction(), current_node(), ask(), learner, transfer))
    terms = _terms(body, found.row.move, first_school_year(found.child.details.birth_date))
    settle(incoming.ask(transaction(), current_node(), ask(), learner, transfer, terms, now()))
    ring()
    return _incoming(learner, transfer)


@blueprint.route(f"{_INCOMING}/pull", methods=["POST"])
@declares(requires="staff:desk", discloses="none")
@blueprint.response(202, IncomingAnswer)
def pull_again(learner: UUID, transfer: UUID) -> dict[str, Any]:
    """Order another fetch under a grant; only what changed comes."""
    settle(incoming.pull_again(transaction(), current_node(), ask(), learner, transfer, now()))
    ring()
    return _incoming(learner, transfer)


@blueprint.route(f"{_INCOMING}/cancel", methods=["POST"])
@declares(requires="staff:desk", discloses="none")
@blueprint.response(200, IncomingAnswer)
def cancel_incoming(learner: UUID, transfer: UUID) -> dict[str, Any]:
    """Call a move of the new school off."""
    settle(incoming.cancel(transaction(), current_node(), ask(), learner, transfer, now()))
    ring()
    return _incoming(learner, transfer)


@blueprint.route(f"{_INCOMING}/documents/<uuid:document>/<int:version>")
@declares(requires="staff:desk", discloses="any")
@blueprint.response(200, DocumentAnswer)
def received_document(learner: UUID, transfer: UUID, document: UUID, version: int) -> dict[str, Any]:
    """One document that came, with its signed form; its signatures are checked again for this answer."""
    found = settle(reading.read_received(transaction(), current_node(), ask(), learner, transfer, document, version))
    return {
        "document": found.doc,
        "version": found.version,
        "lane": found.lane.value,
        "category": found.category,
        "school_year": found.school_year,
        "schema": found.schema,
        "issued_at": found.issued_at,
        "body": found.body,
        "files": list(found.files),
        "signatures": [
            {"school": link.school_code, "name": link.school_name, "key": link.key_id} for link in found.chain
        ],
        "sha256": found.sha256,
        "signed": found.token,
    }


@blueprint.route(f"{_INCOMING}/register.csv")
@declares(requires="staff:desk", discloses="any")
@blueprint.alt_response(200, description="A zip with one CSV file for each published layout of which something came")
def register_csv(learner: UUID, transfer: UUID) -> ResponseReturnValue:
    """The register's contents in the published layouts."""
    found = exports.register_csv(transaction(), current_node(), ask(), learner, transfer)
    return attachment(settle(found), CSV_NAME, "application/zip")


@blueprint.route(f"{_INCOMING}/register.json")
@declares(requires="staff:desk", discloses="any")
@blueprint.alt_response(200, description="Everything that came, format manabi-received/1")
def register_json(learner: UUID, transfer: UUID) -> ResponseReturnValue:
    """Everything that came, with the signed documents themselves."""
    found = exports.register_json(transaction(), current_node(), ask(), learner, transfer)
    return attachment(settle(found), JSON_NAME, "application/json")


@blueprint.route(f"{_INCOMING}/oneroster.zip")
@declares(requires="staff:desk", discloses="any")
@blueprint.alt_response(200, description="A OneRoster 1.2 bulk set with the child's place at the new school")
def oneroster(learner: UUID, transfer: UUID) -> ResponseReturnValue:
    """The child's place at the new school as OneRoster."""
    found = exports.oneroster(transaction(), current_node(), ask(), learner, transfer)
    return attachment(settle(found), ONEROSTER_NAME, "application/zip")


def _terms(body: dict[str, Any], move: Move, first_year: int) -> Terms:
    today = japan_day(now())
    every = range(first_year, school_year_of(today) + 1)
    try:
        chosen = Scope.from_wire(body["categories"])
        wanted: dict[Category, Any] = {category: chosen.years(category) for category in chosen.categories}
        scope = Scope.of(wanted | dict.fromkeys(arranged(move).statutory, every))
    except ValueError as error:
        raise InvalidInput from error
    until = japan_midnight(body["until"] + timedelta(days=1))
    return Terms(scope, Mode(body["mode"]), until, body["erase_on"], Frequency(body["frequency"]))


def _ticket(learner: UUID, transfer: UUID, text: str) -> dict[str, Any]:
    return {"learner": learner, "transfer": transfer, "ticket": text, "valid_until": now() + LASTS}


def _outgoing(learner: UUID, transfer: UUID) -> dict[str, Any]:
    found = settle(outgoing.look(transaction(), current_node(), ask(), learner, transfer))
    return {
        **_fields(found.row),
        "accepted_on": found.accepted_on,
        "dossier_state": found.dossier_state,
        "health_sheet_sent": found.health_sheet_sent,
        "problems": found.problems,
    }


def _incoming(learner: UUID, transfer: UUID) -> dict[str, Any]:
    found = settle(incoming_views.look(transaction(), current_node(), ask(), learner, transfer))
    return {
        **_fields(found.row),
        "sender": found.sender,
        "asked": _told(found.asked),
        "granted": _told(found.granted),
        "documents": found.received,
        "withheld": [{"category": kind, "school_years": years} for kind, years in withheld_years(found).items()],
        "problems": found.problems,
    }


def _fields(row: Any) -> dict[str, Any]:
    return {name: value for name, value in asdict(row).items() if name != "name"}


def _told(terms: Terms | None) -> dict[str, Any] | None:
    if terms is None:
        return None
    return {
        "categories": terms.scope.to_wire(),
        "mode": terms.mode.value,
        "until": terms.until,
        "erase_on": terms.erase_on,
        "frequency": terms.frequency.value,
    }
