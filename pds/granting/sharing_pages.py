"""What is shared with whom until when, and the two taps with which it is paused or stopped."""

from collections.abc import Callable
from uuid import UUID

from flask import Blueprint, redirect
from flask.typing import ResponseReturnValue

from consent.authority import act_class_of, may_narrow
from consent.verdict import Allowed
from pds.granting.asking import draw, registry_in_force
from pds.granting.sharing_list import build_sharing
from pds.granting.showing import name_schools
from pds.granting.stopping import GrantAct, words_of_act
from pds.people import service as people
from pds.people.service import KnownChild
from pds.sharing import grants, receipts, requests
from pds.sharing.asking import ask, current_node, current_viewer, settle
from pds.sharing.enforcement import Refused
from pds.sharing.grants import GrantView
from web.context import now, transaction
from web.notices import leave_notice
from web.problems import NotFound
from web.routes import declares

blueprint = Blueprint("granting_sharing", __name__, url_prefix="/learners/<uuid:learner>")
_DONE = {
    GrantAct.PAUSE: "granting.paused",
    GrantAct.RESUME: "granting.resumed",
    GrantAct.STOP: "granting.stopped",
}
_ACT = "/grants/<uuid:grant>/<any(pause, resume, stop):act>"


@blueprint.get("/sharing")
@declares(requires="family", discloses="none")
def sharing(learner: UUID) -> ResponseReturnValue:
    """What is asked for and what is shared, and what the law moves."""
    asked = requests.list_for(transaction(), current_node(), ask(), learner)
    given = grants.list_for(transaction(), current_node(), ask(), learner)
    notes = receipts.list_for(transaction(), current_node(), ask(), learner)
    child = None if isinstance(asked, Refused) else people.find_child(transaction(), current_node(), learner)
    naming = name_schools(registry_in_force())
    views = settle(asked)
    if child is None or isinstance(given, Refused) or isinstance(notes, Refused):
        raise NotFound
    page = build_sharing(views, given, notes, naming, _narrowing(child), current_viewer().person, now())
    return draw("sharing.html", child, page=page)


@blueprint.get(_ACT)
@declares(requires="family", discloses="none")
def confirm_act(learner: UUID, grant: UUID, act: str) -> ResponseReturnValue:
    """What pausing, stopping or going on does, before it is done."""
    child, found = _open(learner, grant)
    naming = name_schools(registry_in_force())
    return draw("grant_act.html", child, page=words_of_act(GrantAct(act), found, naming(found.recipient).name))


@blueprint.post(_ACT)
@declares(requires="family", discloses="none")
def do_act(learner: UUID, grant: UUID, act: str) -> ResponseReturnValue:
    """Pause, stop or let go on, at once and by one person alone."""
    wanted = GrantAct(act)
    _, found = _open(learner, grant)
    naming = name_schools(registry_in_force())
    shown = words_of_act(wanted, found, naming(found.recipient).name).shown
    do = {GrantAct.PAUSE: grants.pause, GrantAct.RESUME: grants.resume, GrantAct.STOP: grants.revoke}[wanted]
    settle(do(transaction(), current_node(), ask(), learner, grant, shown=shown))
    leave_notice(_DONE[wanted])
    return redirect(f"/learners/{learner}/sharing", 303)


def _open(learner: UUID, grant: UUID) -> tuple[KnownChild, GrantView]:
    outcome = grants.look(transaction(), current_node(), ask(), learner, grant)
    child = None if isinstance(outcome, Refused) else people.find_child(transaction(), current_node(), learner)
    found = settle(outcome)
    if child is None:
        raise NotFound
    return child, found


def _narrowing(child: KnownChild) -> Callable[[GrantView], bool]:
    """Return whether the reader may pause and stop a sharing, so as to offer it; it is decided when it is done."""
    actor, policy, at = current_viewer().actor, current_node().policy, now()

    def may(grant: GrantView) -> bool:
        act = act_class_of(grant.terms.scope, at, policy)
        return isinstance(may_narrow(actor, child.facts, at, policy, act=act), Allowed)

    return may
