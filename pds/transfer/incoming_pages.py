"""A child comes: what to ask the old school for, and asked, allowed and received side by side."""

from datetime import timedelta
from uuid import UUID

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from consent.age import first_school_year, japan_day
from consent.lanes import Arrangement, arrange
from consent.vocabulary import Category, Frequency, Move
from consent.wording import in_display_order, label
from pds.look_back.saying import say_part
from pds.records.bodies import published_categories
from pds.sharing.asking import answer_damage, ask, current_node, settle
from pds.transfer import incoming, incoming_views
from pds.transfer.columns import build_columns, check_signatures
from pds.transfer.desk import go_to, own_duties
from pds.transfer.errors import NotNow
from pds.transfer.forms import Asked, proposed, read_asked, years_between
from pds.transfer.incoming_views import IncomingView
from pds.transfer.showing import incoming_page
from pds.transfer.states import ConsentState
from pds.transfer.steps import incoming_steps
from pds.transfer.worklist import Side
from trust.errors import N_
from web.context import now, transaction
from web.dates import say_day, say_school_year
from web.i18n import say, say_plain, show_text
from web.notices import leave_notice
from web.routes import declares

blueprint = Blueprint(
    "incoming_transfers", __name__, url_prefix="/staff/transfers/incoming/<uuid:learner>/<uuid:transfer>"
)
answer_damage(blueprint)
REASONS = {
    Category.REPORT: N_("Reason: so that teaching goes on where the child stands, with the teachers' words."),
    Category.ASSESSMENT: N_("Reason: so that gaps and strengths are seen without testing the child again."),
    Category.PORTFOLIO: N_("Reason: so that the child can go on with its own career passport and works."),
    Category.ATTENDANCE_DAILY: N_("Reason: so that a child who is often absent is met with understanding at once."),
}
"""Why a school would use each kind that this service keeps and the family decides about."""


@blueprint.get("/")
@declares(requires="staff:desk", discloses="none")
def case(learner: UUID, transfer: UUID) -> ResponseReturnValue:
    """The case: what is next, the three columns, the proof in words, downloads."""
    found = _look(learner, transfer)
    statutory = arranged(found.row.move).statutory
    page = incoming_page(found, own_duties())
    return render_template(
        "transfer/incoming.html",
        case=page,
        columns=build_columns(found, statutory),
        signatures=check_signatures(found.received),
        steps=incoming_steps(found),
        facts=_facts(found),
    )


@blueprint.get("/ask")
@declares(requires="staff:desk", discloses="none")
def ask_form(learner: UUID, transfer: UUID) -> ResponseReturnValue:
    """Choose what to ask for. Nothing is ticked."""
    found = _look(learner, transfer)
    return _ask_page(found, proposed(japan_day(now())), {})


@blueprint.post("/ask")
@declares(requires="staff:desk", discloses="none")
def ask_old_school(learner: UUID, transfer: UUID) -> ResponseReturnValue:
    """Order the request to be lodged at the old school."""
    found = _look(learner, transfer)
    today = japan_day(now())
    first = first_school_year(found.child.details.birth_date)
    asked, errors = read_asked(choosable(found.row.move), first, today)
    if errors:
        return _ask_page(found, asked, errors)
    terms = asked.terms(arranged(found.row.move).statutory, first, today)
    settle(incoming.ask(transaction(), current_node(), ask(), learner, transfer, terms, now()))
    leave_notice("transfer.asked")
    return go_to(Side.INCOMING, learner, transfer)


@blueprint.post("/pull")
@declares(requires="staff:desk", discloses="none")
def pull_again(learner: UUID, transfer: UUID) -> ResponseReturnValue:
    """Fetch what has changed at the old school since."""
    settle(incoming.pull_again(transaction(), current_node(), ask(), learner, transfer, now()))
    leave_notice("transfer.pulling")
    return go_to(Side.INCOMING, learner, transfer)


@blueprint.post("/cancel")
@declares(requires="staff:desk", discloses="none")
def cancel(learner: UUID, transfer: UUID) -> ResponseReturnValue:
    """Call the case off."""
    settle(incoming.cancel(transaction(), current_node(), ask(), learner, transfer, now()))
    leave_notice("transfer.cancelled")
    return go_to(Side.INCOMING, learner, transfer)


def arranged(move: Move) -> Arrangement:
    """Return every kind of record by the lane it has with a move, as the rules of this node have it."""
    return arrange(Category, move, now(), current_node().policy)


def choosable(move: Move) -> list[Category]:
    """Return the kinds a page offers to ask for: those that the family decides about and this service keeps."""
    kept = published_categories()
    return in_display_order(one for one in arranged(move).choosable if one in kept and one in REASONS)


def _look(learner: UUID, transfer: UUID) -> IncomingView:
    return settle(incoming_views.look(transaction(), current_node(), ask(), learner, transfer))


def _ask_page(found: IncomingView, asked: Asked, errors: dict[str, Markup]) -> ResponseReturnValue:
    page = incoming_page(found, own_duties())
    if not page.may_ask:
        raise NotNow
    today, first = japan_day(now()), first_school_year(found.child.details.birth_date)
    years = [("", say_plain("Choose")), *((year, say_school_year(year)) for year in years_between(first, today))]
    answer = render_template(
        "transfer/ask.html",
        case=page,
        asked=asked,
        errors=errors,
        statutory=in_display_order(arranged(found.row.move).statutory),
        choosable=choosable(found.row.move),
        reasons=REASONS,
        years=years,
        frequencies=[
            (Frequency.ONCE.value, say_plain("Once")),
            (Frequency.REPEATED.value, say_plain("Again when the old school corrects it")),
        ],
    )
    return answer, 422 if errors else 200


def _facts(found: IncomingView) -> list[dict[str, object]]:
    details, row = found.child.details, found.row
    facts: list[dict[str, object]] = [
        {"label": say("Old school's service"), "value": found.sender},
        {"label": say("New school"), "value": row.school_name},
        {"label": say("Kind of move"), "value": say_part(label(row.move))},
        {"label": say("Name"), "value": show_text(details.name.shown)},
        {"label": say("Date of birth"), "value": say_day(details.birth_date)},
        {"label": say("Day of acceptance"), "value": say_day(row.accepted_on)},
    ]
    terms = found.granted or found.asked
    if terms is not None and row.consent is not ConsentState.ENDED:
        last_day = japan_day(terms.until - timedelta(microseconds=1))  # the end itself is exclusive
        facts.append({"label": say("Last day on which the school may fetch it"), "value": say_day(last_day)})
        if terms.erase_on:
            facts.append({"label": say("Day by which the school's copy is erased"), "value": say_day(terms.erase_on)})
    return facts
