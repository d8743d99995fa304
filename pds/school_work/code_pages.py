"""Issuing sign-in codes: from the school to the class, from the class to the child, and the slip that is handed over.

Looking for somebody needs the office alone; issuing needs a fresh proof of who is asking. Where a child, a class or a
colleague is named, the decision is made and logged here and not by the route's rule, so that an attempt is an entry.
A code is in one answer and nowhere else, so the answer to the form is the slip itself.
"""

from collections.abc import Sequence
from uuid import UUID

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from consent.offices import may_do, may_see_class
from consent.verdict import Allowed
from consent.vocabulary import Duty
from pds.people import service as people
from pds.people.details import Name
from pds.people.service import KnownChild
from pds.school_work import codes, queries
from pds.school_work.asking import Desk, current_desk
from pds.school_work.codes import Slip
from pds.school_work.home import group_classes
from pds.school_work.queries import ClassLine, SchoolLine, Seat
from pds.sharing.asking import ask, current_node, settle
from pds.sharing.enforcement import Refused, note_roster
from trust.errors import N_
from web.accounts.standing import Standing, standings
from web.context import current_shell, now, transaction
from web.database import bind_context
from web.i18n import Locale, View, current_view, say, use_view
from web.problems import NotFound
from web.routes import declares

blueprint = Blueprint("staff_codes", __name__, url_prefix="/staff/codes")
_SLIP_VIEWS = {"ja": View(Locale.JA), "plain": View(Locale.PLAIN, ruby=True), "en": View(Locale.EN)}


@blueprint.get("/")
@declares(requires="duty:codes", discloses="none")
def places() -> ResponseReturnValue:
    """Where to look for somebody: the one school or board of most people, or a list of them to choose from."""
    desk = current_desk()
    found = _organisations(desk)
    if len(found) == 1:
        return _show_place(desk, found[0], alone=True)
    return render_template("school_work/code_places.html", desk=desk, places=found)


@blueprint.get("/places/<uuid:organisation>/")
@declares(requires="duty:codes", discloses="none")
def place(organisation: UUID) -> ResponseReturnValue:
    """The classes of one school, and the people who work there or at a board."""
    desk = current_desk()
    known = _organisations(desk)
    found = next((line for line in known if line.organisation == organisation), None)
    if found is None:
        raise NotFound
    return _show_place(desk, found, alone=len(known) == 1)


@blueprint.get("/classes/<uuid:class_id>/")
@declares(requires="staff", discloses="none")
def class_codes(class_id: UUID) -> ResponseReturnValue:
    """The children of a class, how far the sign-in of each is, and the way to each family."""
    desk, found, pupils = _open_class(class_id)
    return render_template("school_work/code_class.html", desk=desk, found=found, pupils=pupils)


@blueprint.get("/classes/<uuid:class_id>/issue")
@declares(requires="staff:fresh", discloses="none")
def choose_pupils(class_id: UUID) -> ResponseReturnValue:
    """Choose for which children of a class codes are issued; those who have no way to sign in are ticked."""
    return _choose_page(class_id, error=None)


@blueprint.post("/classes/<uuid:class_id>/issue")
@declares(requires="staff:fresh", discloses="none")
def issue_class(class_id: UUID) -> ResponseReturnValue:
    """Issue the codes of the chosen children and show them once, a slip each."""
    desk, _, pupils = _open_class(class_id)
    wanted = set(request.form.getlist("learner"))
    chosen = [seat.learner for seat, _, _ in pupils if str(seat.learner) in wanted]
    if not chosen:
        return _choose_page(class_id, error=say(N_("Choose at least one child.")))
    outcomes = [_issue_to_family(learner, learner) for learner in chosen]
    transaction().commit()
    slips = [outcome for outcome in outcomes if isinstance(outcome, Slip)]
    return _show_slips(desk, slips, f"/staff/codes/classes/{class_id}/", missed=len(outcomes) - len(slips))


@blueprint.get("/families/<uuid:learner>/")
@declares(requires="staff", discloses="none")
def family(learner: UUID) -> ResponseReturnValue:
    """A child and the carers to whom the record is open, each with how far the sign-in is."""
    desk = current_desk()
    household = settle(codes.open_family(transaction(), current_node(), ask(), learner))
    room = _class_of(desk, household.child)
    return render_template("school_work/code_family.html", desk=desk, household=household, room=room)


@blueprint.get("/families/<uuid:learner>/<uuid:person>")
@declares(requires="staff:fresh", discloses="none")
def confirm_family(learner: UUID, person: UUID) -> ResponseReturnValue:
    """Say for whom a code is about to be issued, and what it does."""
    desk = current_desk()
    household = settle(codes.open_family(transaction(), current_node(), ask(), learner))
    member = household.member(person)
    if member is None:
        raise NotFound
    return render_template(
        "school_work/code_confirm.html", desk=desk, household=household, member=member, colleague=None
    )


@blueprint.post("/families/<uuid:learner>/<uuid:person>")
@declares(requires="staff:fresh", discloses="none")
def issue_to_family(learner: UUID, person: UUID) -> ResponseReturnValue:
    """Issue the code and show it once."""
    desk = current_desk()
    slip = settle(_issue_to_family(learner, person))
    return _show_slips(desk, [slip], f"/staff/codes/families/{learner}/")


@blueprint.get("/colleagues/<uuid:staff>")
@declares(requires="staff:fresh", discloses="none")
def confirm_colleague(staff: UUID) -> ResponseReturnValue:
    """Say for which colleague a code is about to be issued."""
    desk = current_desk()
    colleague = settle(codes.open_colleague(transaction(), current_node(), ask(), staff))
    return render_template("school_work/code_confirm.html", desk=desk, household=None, member=None, colleague=colleague)


@blueprint.post("/colleagues/<uuid:staff>")
@declares(requires="staff:fresh", discloses="none")
def issue_to_colleague(staff: UUID) -> ResponseReturnValue:
    """Issue the code and show it once."""
    desk = current_desk()
    slip = settle(codes.issue_staff_code(transaction(), current_node(), ask(), staff))
    return _show_slips(desk, [slip], "/staff/codes/")


def _show_place(desk: Desk, line: SchoolLine, *, alone: bool) -> ResponseReturnValue:
    classes, colleagues = [], []
    if Duty.ISSUE_FAMILY_CODE in desk.duties:
        classes = queries.classes_of(transaction(), [line.organisation], desk.school_year, desk.today)
    if Duty.ISSUE_STAFF_CODE in desk.duties:
        colleagues = list(codes.colleagues_of(transaction(), current_node(), ask(), line.organisation))
    return render_template(
        "school_work/code_place.html",
        desk=desk,
        line=line,
        alone=alone,
        schools=group_classes(classes),
        colleagues=colleagues,
    )


def _choose_page(class_id: UUID, error: Markup | None) -> ResponseReturnValue:
    desk, found, pupils = _open_class(class_id)
    page = render_template("school_work/code_choose.html", desk=desk, found=found, pupils=pupils, error=error)
    return page, 422 if error else 200


def _open_class(class_id: UUID) -> tuple[Desk, ClassLine, list[tuple[Seat, Name, Standing]]]:
    """Decide and log that the names of a class are listed to issue codes; return them with each child's standing."""
    desk = current_desk()
    found = queries.find_class(transaction(), class_id, desk.today)
    room, school, name = (found.room, found.organisation, found.organisation_name) if found else (None, None, None)
    verdict = may_see_class(desk.viewer.actor, room, Duty.ISSUE_FAMILY_CODE, now(), current_node().policy)
    refused = note_roster(transaction(), current_node(), ask(), verdict, school, name)
    if refused is not None or found is None:
        settle(refused)
        raise NotFound
    seats = queries.seats_of(transaction(), class_id, desk.today)
    learners = [seat.learner for seat in seats]
    bind_context(transaction(), learners=learners, person=desk.viewer.person)
    details = people.learner_details(transaction(), current_node(), learners)
    known = standings(transaction(), learners, now())
    transaction().commit()
    pupils = [(seat, details[seat.learner].name, known[seat.learner]) for seat in seats if seat.learner in details]
    return desk, found, pupils


def _issue_to_family(learner: UUID, person: UUID) -> Slip | Refused:
    return codes.issue_family_code(transaction(), current_node(), ask(), learner, person)


def _show_slips(desk: Desk, slips: Sequence[Slip], back: str, missed: int = 0) -> ResponseReturnValue:
    """Draw the slips in the language that was chosen for them, on a page in the officer's own."""
    before, shell = current_view(), current_shell()
    wanted = _SLIP_VIEWS.get(request.form.get("slip_language", ""), _SLIP_VIEWS["ja"])
    use_view(wanted, shell.catalogues)
    drawn = Markup(render_template("school_work/slips.html", slips=slips))  # noqa: S704 — drawn by the template engine
    use_view(before, shell.catalogues)
    return render_template(
        "school_work/code_issued.html", desk=desk, slips=drawn, number=len(slips), back=back, missed=missed
    )


def _organisations(desk: Desk) -> list[SchoolLine]:
    """Return every school and board in reach of the offices that issue codes."""
    actor, policy = desk.viewer.actor, current_node().policy
    held = {role.organisation for role in actor.roles if role.in_force_on(desk.today)}
    duties = (Duty.ISSUE_FAMILY_CODE, Duty.ISSUE_STAFF_CODE)
    return [
        line
        for line in queries.schools_of(transaction(), held, desk.today)
        if any(isinstance(may_do(actor, duty, now(), policy, where=[line.place]), Allowed) for duty in duties)
    ]


def _class_of(desk: Desk, child: KnownChild) -> ClassLine | None:
    """Return the class a child sits in today."""
    rooms = [place.class_id for place in child.facts.placements if place.class_id and place.current_on(desk.today)]
    return queries.find_class(transaction(), rooms[0], desk.today) if rooms else None
