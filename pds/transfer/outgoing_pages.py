"""A child leaves: beginning the move, the papers with the ticket, how far it is, and what can be done about it.

The ticket is in one answer and nowhere else, so the answer to the form is the sheet itself.
"""

from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from consent.age import japan_day, school_year_of
from consent.offices import may_handle
from consent.vocabulary import Duty, Text
from consent.wording import label
from pds.look_back.forms import find_form
from pds.look_back.saying import say_part
from pds.people.service import KnownChild
from pds.sharing.asking import answer_damage, ask, current_node, current_viewer, settle
from pds.sharing.enforcement import approach, note_roster
from pds.sharing.tickets import LASTS, TicketInUse
from pds.transfer import outgoing, queries
from pds.transfer.desk import go_to, own_duties
from pds.transfer.errors import ChildTwice, RegistryMissing
from pds.transfer.forms import OUTGOING_MOVES, StartForm
from pds.transfer.outgoing import OutgoingView
from pds.transfer.papers import Papers, draw_ticket, textbook_lines
from pds.transfer.showing import address_of, outgoing_page
from pds.transfer.steps import outgoing_steps
from pds.transfer.worklist import Side
from web.context import current_shell, now, transaction
from web.dates import say_day
from web.forms import explain, read_form
from web.i18n import Locale, View, current_view, say, say_plain, show_text, use_view
from web.notices import leave_notice
from web.problems import NotFound
from web.routes import declares
from web.ruby import strip_readings

blueprint = Blueprint("outgoing_transfers", __name__, url_prefix="/staff/transfers")
answer_damage(blueprint)
_CASE = "/outgoing/<uuid:learner>/<uuid:transfer>"
_TICKET_VIEWS = {"ja": View(Locale.JA), "plain": View(Locale.PLAIN, ruby=True), "en": View(Locale.EN)}


@blueprint.get("/leaving/<uuid:learner>")
@declares(requires="staff:desk:fresh", discloses="none")
def start_form(learner: UUID) -> ResponseReturnValue:
    """Write down what the family told."""
    return _start_page(learner, {}, {})


@blueprint.post("/leaving/<uuid:learner>")
@declares(requires="staff:desk:fresh", discloses="none")
def start(learner: UUID) -> ResponseReturnValue:
    """Begin the move and show the papers with the ticket, once."""
    values, errors = read_form(StartForm())
    if errors:
        return _start_page(learner, request.form.to_dict(), errors)
    try:
        started = settle(
            outgoing.start(
                transaction(), current_node(), ask(), learner,
                move=values["move"], left_on=values["left_on"], reason=values["reason"].strip(), now=now(),
            )
        )  # fmt: skip
    except (ChildTwice, RegistryMissing, TicketInUse) as refused:
        transaction().rollback()
        return _start_page(learner, request.form.to_dict(), {"": explain(refused)})
    return _papers_page(learner, started.transfer_id, started.ticket.text)


@blueprint.get(f"{_CASE}/")
@declares(requires="staff:desk", discloses="none")
def case(learner: UUID, transfer: UUID) -> ResponseReturnValue:
    """The case: what is next, and the way of the move."""
    found = _look(learner, transfer)
    return render_template(
        "transfer/outgoing.html",
        case=outgoing_page(found, own_duties(), now()),
        steps=outgoing_steps(found),
        facts=_facts(found),
    )


@blueprint.get(f"{_CASE}/papers")
@declares(requires="staff:desk", discloses="none")
def papers(learner: UUID, transfer: UUID) -> ResponseReturnValue:
    """The certificates alone, to be printed once more."""
    return _papers_page(learner, transfer, None)


@blueprint.post(f"{_CASE}/ticket")
@declares(requires="staff:desk:fresh", discloses="none")
def reissue_ticket(learner: UUID, transfer: UUID) -> ResponseReturnValue:
    """Issue a new ticket and show it once, on the sheet."""
    ticket = settle(outgoing.reissue_ticket(transaction(), current_node(), ask(), learner, transfer, now()))
    return _papers_page(learner, transfer, ticket.text)


@blueprint.post(f"{_CASE}/send-again")
@declares(requires="staff:desk", discloses="none")
def send_again(learner: UUID, transfer: UUID) -> ResponseReturnValue:
    """Tell the new school that it can fetch again what it could not accept."""
    settle(outgoing.send_again(transaction(), current_node(), ask(), learner, transfer, now()))
    leave_notice("transfer.sending_again")
    return go_to(Side.OUTGOING, learner, transfer)


@blueprint.post(f"{_CASE}/cancel")
@declares(requires="staff:desk", discloses="none")
def cancel(learner: UUID, transfer: UUID) -> ResponseReturnValue:
    """Call the move off."""
    settle(outgoing.cancel(transaction(), current_node(), ask(), learner, transfer, now()))
    leave_notice("transfer.cancelled")
    return go_to(Side.OUTGOING, learner, transfer)


def _look(learner: UUID, transfer: UUID) -> OutgoingView:
    return settle(outgoing.look(transaction(), current_node(), ask(), learner, transfer))


def _start_page(learner: UUID, values: dict[str, Any], errors: dict[str, Markup]) -> ResponseReturnValue:
    child = _child_in_care(learner)
    locale = current_view().locale.value
    page = render_template(
        "transfer/start.html",
        learner=learner,
        name=child.details.name,
        values=values,
        errors=errors,
        moves=[(move.value, strip_readings(label(move).say(locale))) for move in OUTGOING_MOVES],
    )
    return page, 422 if errors else 200


def _child_in_care(learner: UUID) -> KnownChild:
    """Return the child whose move is about to begin, if it is this office's to begin; a refusal is an entry."""
    child = approach(transaction(), current_node(), ask(), learner)
    facts = None if child is None else child.facts
    verdict = may_handle(current_viewer().actor, Duty.SEND_TRANSFER, facts, now(), current_node().policy)
    settle(note_roster(transaction(), current_node(), ask(), verdict, None, None))
    if child is None:
        raise NotFound
    return child


def _papers_page(learner: UUID, transfer: UUID, ticket: str | None) -> ResponseReturnValue:
    """Draw the certificates in Japanese, the ticket's part in the language chosen for it, on the clerk's own page."""
    found = _look(learner, transfer)
    sheet = _sheet(found, ticket)
    before, catalogues = current_view(), current_shell().catalogues
    use_view(View(Locale.JA), catalogues)
    year = school_year_of(found.row.left_on)
    certificates = Markup(render_template("transfer/certificates.html", papers=sheet, year=year))  # noqa: S704  drawn
    part = Markup()
    if sheet.ticket is not None:
        use_view(_TICKET_VIEWS.get(request.form.get("slip_language", ""), _TICKET_VIEWS["ja"]), catalogues)
        drawn = render_template("transfer/ticket.html", ticket=sheet.ticket, school=found.row.school_name)
        part = Markup(drawn)  # noqa: S704  drawn by the template engine
    use_view(before, catalogues)
    return render_template(
        "transfer/papers.html",
        papers=sheet,
        certificates=certificates,
        ticket_part=part,
        case_address=address_of(Side.OUTGOING, learner, transfer),
    )


def _sheet(found: OutgoingView, ticket: str | None) -> Papers:
    today = japan_day(now())
    places = [one for one in found.child.facts.placements if one.organisation == found.row.school and one.class_id]
    place = max(places, key=lambda one: one.begin, default=None)
    room = None if place is None or place.class_id is None else queries.find_room(transaction(), place.class_id)
    grade = room.grades[0] if room and len(room.grades) == 1 else None
    return Papers(
        details=found.child.details,
        school=found.row.school_name,
        principal=queries.principal_of(transaction(), found.row.school, today),
        grade=_grade(grade),
        class_name="" if room is None else room.name,
        left_on=found.row.left_on,
        issued_on=today,
        textbooks=textbook_lines(grade),
        ticket=None if ticket is None else draw_ticket(ticket, now() + LASTS, say_plain("Transfer ticket")),
    )


def _grade(code: str | None) -> Text | None:
    return None if code is None else find_form("urn:manabi:schema:guidance:1").inner("grade").codes.get(code)


def _facts(found: OutgoingView) -> list[dict[str, object]]:
    row = found.row
    facts: list[dict[str, object]] = [
        {"label": say("School"), "value": row.school_name},
        {"label": say("Name"), "value": show_text(found.child.details.name.shown)},
        {"label": say("Kind of move"), "value": say_part(label(row.move))},
        {"label": say("Last day at this school"), "value": say_day(row.left_on)},
    ]
    if row.recipient_name:
        facts.append({"label": say("New school"), "value": row.recipient_name})
    if found.reason:
        facts.append({"label": say("Reason, as the register has it"), "value": found.reason})
    return facts
