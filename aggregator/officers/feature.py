"""The officers' desk as a feature of the leader."""

from importlib.resources import files
from pathlib import Path

from aggregator.officers import plan_pages, round_pages
from aggregator.officers.asking import official_in_view, require_role
from aggregator.officers.service import OfficerRole
from trust.errors import N_
from web.notices import Notice
from web.shell import Feature

_ROOM = Path(str(files("aggregator"))) / "officers"


def officers_feature() -> Feature:
    """Return the pages of officers and planners.

    Needs the rules of accounts, the words of the national pages, and the ground that the rounds lay.
    """
    return Feature(
        name="officers",
        blueprints=(plan_pages.blueprint, round_pages.blueprint),
        templates=_ROOM / "templates",
        styles=(_ROOM / "officers.css",),
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
            "officers.round_opened": Notice(
                "success",
                N_("The round is ordered."),
                N_("Nodes report as soon as both servers have signed its announcement."),
            ),
            "officers.round_closing": Notice(
                "success",
                N_("The round is being closed."),
                N_("Both servers now agree on the list of reports that count."),
            ),
            "officers.declined": Notice("success", N_("The draft was put away."), N_("No units were set aside.")),
        },
    )
