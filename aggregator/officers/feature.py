"""The officers' desk as a feature of the leader."""

from importlib.resources import files
from pathlib import Path

from flask import Blueprint, Flask
from flask.blueprints import BlueprintSetupState

from aggregator.doorbell import make_doorbell_app
from aggregator.officers import plan_pages
from aggregator.officers.asking import BELL, SERVER, official_in_view, require_role
from aggregator.officers.service import OfficerRole
from aggregator.server import Aggregator
from trust.errors import N_
from web.jobs.doorbell import Doorbell
from web.notices import Notice
from web.shell import Feature

_ROOM = Path(str(files("aggregator"))) / "officers"


def officers_feature(aggregator: Aggregator) -> Feature:
    """Return the pages of officers and planners. Needs the rules of accounts and the words of the national pages."""
    return Feature(
        name="officers",
        blueprints=(_ground(aggregator), plan_pages.blueprint),
        templates=_ROOM / "templates",
        rules={
            "officers:desk": require_role(*OfficerRole),
            "officers:propose": require_role(OfficerRole.PLANNER, OfficerRole.OFFICER),
            "officers:decide:fresh": require_role(OfficerRole.OFFICER, fresh=True),
        },
        template_globals={"official_in_view": official_in_view},
        notices={
            "officers.proposed": Notice(
                "success", N_("The plan is kept as a draft."), N_("Two different officers have to approve it.")
            ),
            "officers.approval_counted": Notice(
                "success", N_("Your approval counts."), N_("A second officer has to approve the same plan.")
            ),
            "officers.approved": Notice(
                "success",
                N_("The plan is approved."),
                N_("Its units are set aside, it is signed, and it is on its way to the other server."),
            ),
            "officers.declined": Notice("success", N_("The draft was put away."), N_("No units were set aside.")),
        },
    )


def _ground(aggregator: Aggregator) -> Blueprint:
    """A blueprint without routes, through which the application knows its server and how to wake the worker."""
    ground = Blueprint("officers_ground", __name__)
    bell = Doorbell(make_doorbell_app(aggregator))

    def keep(state: BlueprintSetupState) -> None:
        if isinstance(state.app, Flask):
            state.app.extensions[SERVER] = aggregator
            state.app.extensions[BELL] = bell

    ground.record(keep)
    return ground
