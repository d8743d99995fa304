"""Asking and sharing as a feature of a node: the family's pages, the counter's, and their JSON interface."""

from importlib.resources import files
from pathlib import Path

from pds.granting import api, counter_pages, pages, receipt_pages, script, sharing_pages
from pds.granting.asking import require_fresh_family
from trust.errors import N_
from web.notices import Notice
from web.shell import Feature

_ROOM = Path(str(files("pds"))) / "granting"


def granting_feature() -> Feature:
    """Return requests, sharing and receipts of families, and the entering of answers given at the counter.

    Needs the rules of the accounts feature, the words of look back and the rules `duty:…` of the staff's pages.
    """
    return Feature(
        name="granting",
        blueprints=(
            script.blueprint,
            pages.blueprint,
            sharing_pages.blueprint,
            receipt_pages.blueprint,
            counter_pages.blueprint,
            api.blueprint,
        ),
        templates=_ROOM / "templates",
        styles=(_ROOM / "granting.css",),
        rules={"family:fresh": require_fresh_family},
        template_globals={"granting_script": script.script_address},
        notices={
            "granting.kept": Notice(
                "success",
                N_("Nothing was sent. What you ticked is kept."),
                N_("You find the request again under “Waiting for your answer”."),
            ),
            "granting.seen": Notice("success", N_("Thank you for reading."), None),
            "granting.commented": Notice(
                "success", N_("Your comment goes along."), N_("You can write it anew until the documents are sent.")
            ),
            "granting.paused": Notice(
                "success", N_("The sharing is paused."), N_("The school gets nothing until you let it go on.")
            ),
            "granting.resumed": Notice("success", N_("You have taken back your pause."), None),
            "granting.stopped": Notice(
                "success",
                N_("The sharing has ended. The school gets nothing more."),
                N_("The school is told now, and has to answer that it has erased what it got."),
            ),
            "granting.entered": Notice(
                "success",
                N_("The answer is entered. Now a second person has to check it."),
                None,
            ),
            "granting.taken_back": Notice(
                "success", N_("The entry was taken back."), N_("The request is open again and can be answered anew.")
            ),
        },
    )
