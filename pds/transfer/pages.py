"""The work list of moves, and the board's enrolment decision with which a move begins at the new school."""

from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from consent.age import japan_day, school_year_of
from consent.vocabulary import Duty
from pds.look_back.forms import find_form
from pds.organisations.registry import KnownOrganisation
from pds.sharing.asking import ask, current_node, settle
from pds.transfer import incoming, incoming_views, queries
from pds.transfer.desk import go_to, own_cases, own_duties, schools_to_decide_for
from pds.transfer.errors import ChildTwice, DecisionRefused, OwnTicket, RegistryMissing, SenderUnknown
from pds.transfer.forms import SEXES, DecisionForm, chosen_uuid
from pds.transfer.incoming import Decision
from pds.transfer.worklist import Side, Standing, arrange
from trust.errors import ManabiError
from trust.ticket import TicketMalformed
from web.context import now, transaction
from web.forms import explain, read_form
from web.i18n import current_view, say_plain
from web.notices import leave_notice
from web.routes import declares
from web.ruby import strip_readings

blueprint = Blueprint("transfers", __name__, url_prefix="/staff/transfers")
_SENDS = {Duty.SEND_TRANSFER}
_RECEIVES = {Duty.RECEIVE_TRANSFER, Duty.DECIDE_ENROLMENT}
_FIELD_OF: dict[type[ManabiError], str] = {
    TicketMalformed: "ticket",
    SenderUnknown: "ticket",
    OwnTicket: "ticket",
    RegistryMissing: "ticket",
    DecisionRefused: "source_id",
    ChildTwice: "source_id",
}
"""At which field of the decision a refusal stands."""


@blueprint.get("/")
@declares(requires="duty:transfers", discloses="none")
def work_list() -> ResponseReturnValue:
    """Every open move in reach, what needs somebody first, by deadline."""
    side, standing = request.args.get("side", ""), request.args.get("standing", "")
    work = arrange(
        own_cases(),
        Side(side) if side in list(Side) else None,
        Standing(standing) if standing in list(Standing) else None,
    )
    transaction().commit()
    duties = own_duties()
    return render_template(
        "transfer/list.html",
        work=work,
        today=japan_day(now()),
        both_sides=bool(duties & _SENDS and duties & _RECEIVES),
    )


@blueprint.get("/decide")
@declares(requires="duty:decide_enrolment", discloses="none")
def decide_form() -> ResponseReturnValue:
    """Choose the school, then write down what the board decided."""
    schools = schools_to_decide_for()
    chosen = _chosen_school(schools)
    if chosen is None:
        return render_template("transfer/decide_school.html", schools=schools)
    return _decision_page(chosen, {}, {})


@blueprint.post("/decide")
@declares(requires="duty:decide_enrolment", discloses="none")
def decide() -> ResponseReturnValue:
    """Record the decision; the child is enrolled and the case stands in the work list of the school."""
    school = _chosen_school(schools_to_decide_for())
    if school is None:
        return decide_form()
    values, errors = read_form(DecisionForm())
    if errors:
        return _decision_page(school, request.form.to_dict(), errors)
    try:
        transfer = settle(incoming.decide(transaction(), current_node(), ask(), read_decision(school, values), now()))
    except tuple(_FIELD_OF) as refused:
        transaction().rollback()
        return _decision_page(school, request.form.to_dict(), {_FIELD_OF[type(refused)]: explain(refused)})
    leave_notice("transfer.decided")
    return go_to(Side.INCOMING, find_learner(transfer), transfer)


def read_decision(school: KnownOrganisation, values: dict[str, Any]) -> Decision:
    """Return the decision that a form or a body of JSON holds."""
    return Decision(
        school=school.organisation,
        class_id=values["class_id"],
        family_name=values["family_name"].strip(),
        given_name=values["given_name"].strip(),
        readings=(values["family_name_kana"].strip(), values["given_name_kana"].strip()),
        birth_date=values["birth_date"],
        sex=values["sex"],
        accepted_on=values["accepted_on"],
        ticket_text=values["ticket"],
        source_id=values["source_id"].strip() or None,
    )


def find_learner(transfer: UUID) -> UUID:
    """Return the child of a case that was just begun."""
    cases = incoming_views.list_cases(transaction(), current_node(), ask())
    return next(case.learner for case in cases if case.transfer == transfer)


def _chosen_school(schools: list[KnownOrganisation]) -> KnownOrganisation | None:
    if len(schools) == 1:
        return schools[0]
    wanted = chosen_uuid(request.args.get("school"))
    return next((one for one in schools if one.organisation == wanted), None)


def _decision_page(school: KnownOrganisation, values: dict[str, Any], errors: dict[str, Markup]) -> ResponseReturnValue:
    today, locale = japan_day(now()), current_view().locale.value
    years = [school_year_of(today)]
    if today.month in (2, 3):  # decisions of spring are for the school year to come
        years.append(years[0] + 1)
    rooms = [room for year in years for room in queries.rooms_of(transaction(), school.organisation, year)]
    codes = find_form("urn:manabi:schema:enrolment:1").inner("learner").inner("sex").codes
    page = render_template(
        "transfer/decide.html",
        school=school,
        values=values,
        errors=errors,
        classes=[("", say_plain("Choose")), *((str(room.class_id), room.name) for room in rooms)],
        sexes=[("", say_plain("Choose")), *((one, strip_readings(codes[one].say(locale))) for one in SEXES)],
    )
    return page, 422 if errors else 200
