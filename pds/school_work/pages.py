"""What staff see every day: their first page, and the list of a class in their care."""

from uuid import UUID

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from consent.offices import may_see_class
from consent.verdict import Allowed, DenialCode, Denied
from consent.vocabulary import Duty, StaffRole
from consent.wording import tell_next_step
from pds.intake.pages import own_runs
from pds.operations.service import needs_operator
from pds.people import service as people
from pds.school_work import queries
from pds.school_work.asking import Desk, current_desk
from pds.school_work.home import SchoolSize, find_needs, group_classes, name_grades, size_schools
from pds.school_work.queries import ClassLine
from pds.sharing.asking import ask, current_node, settle
from pds.sharing.enforcement import note_roster
from pds.transfer.desk import own_cases
from web.context import now, transaction
from web.database import bind_context
from web.problems import NotFound
from web.routes import declares

blueprint = Blueprint("staff", __name__, url_prefix="/staff")
_MOVES = {Duty.SEND_TRANSFER, Duty.RECEIVE_TRANSFER, Duty.DECIDE_ENROLMENT}


@blueprint.get("/")
@declares(requires="staff", discloses="none")
def home() -> ResponseReturnValue:
    """The first page of staff: what needs them, the classes they hold or serve, and the way to their other work."""
    desk = current_desk()
    schools = group_classes(_own_classes(desk))
    served = _served_schools(desk)
    runs = own_runs() if Duty.IMPORT_FILES in desk.duties else ()
    lights = needs_operator(transaction(), current_node(), now()) if Duty.SEE_NODE_HEALTH in desk.duties else 0
    return render_template(
        "school_work/home.html",
        desk=desk,
        needs=find_needs(desk.held, runs, own_cases() if desk.duties & _MOVES else (), lights, now()),
        schools=schools,
        served=served,
        ended=None if desk.held else tell_next_step(Denied(DenialCode.ROLE_ENDED)),
    )


@blueprint.get("/leaving/")
@declares(requires="duty:send_transfer", discloses="none")
def leaving() -> ResponseReturnValue:
    """The classes among which a clerk finds the child that leaves."""
    desk = current_desk()
    return render_template("school_work/leaving.html", desk=desk, schools=group_classes(_own_classes(desk)))


@blueprint.get("/classes/<uuid:class_id>/")
@declares(requires="staff", discloses="none")
def class_list(class_id: UUID) -> ResponseReturnValue:
    """The children of a class by attendance number, each with the way to the pages of their record."""
    desk = current_desk()
    found = queries.find_class(transaction(), class_id, desk.today)
    room, school, name = (found.room, found.organisation, found.organisation_name) if found else (None, None, None)
    verdict = may_see_class(desk.viewer.actor, room, Duty.SEE_CLASS_LIST, now(), current_node().policy)
    refused = note_roster(transaction(), current_node(), ask(), verdict, school, name)
    if refused is not None or found is None:
        settle(refused)
        raise NotFound
    seats = queries.seats_of(transaction(), class_id, desk.today)
    bind_context(transaction(), learners=[seat.learner for seat in seats], person=desk.viewer.person)
    details = people.learner_details(transaction(), current_node(), [seat.learner for seat in seats])
    settle(verdict)
    pupils = [(seat, details[seat.learner].name) for seat in seats if seat.learner in details]
    return render_template(
        "school_work/class_list.html",
        desk=desk,
        found=found,
        grade=name_grades(found.grades),
        pupils=pupils,
        leaving=request.args.get("for") == "leaving" and Duty.SEND_TRANSFER in desk.duties,
    )


def _own_classes(desk: Desk) -> list[ClassLine]:
    """Return the classes of this school year whose list this person may see."""
    actor, policy = desk.viewer.actor, current_node().policy
    served = {role.organisation for role in actor.roles if role.in_force_on(desk.today)}
    classes = queries.classes_of(transaction(), served, desk.school_year, desk.today)
    return [
        line
        for line in classes
        if isinstance(may_see_class(actor, line.room, Duty.SEE_CLASS_LIST, now(), policy), Allowed)
    ]


def _served_schools(desk: Desk) -> tuple[SchoolSize, ...]:
    """Return the schools under the boards for which this person is an officer."""
    boards = [office.organisation for office in desk.held if office.role is StaffRole.BOARD_OFFICER]
    lines = queries.schools_of(transaction(), boards, desk.today) if boards else []
    sizes = queries.sizes_of(transaction(), [line.organisation for line in lines], desk.school_year, desk.today)
    return size_schools(lines, sizes)
