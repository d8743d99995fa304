"""Intake as a feature of a node: the pages for handing in school files."""

from importlib.resources import files
from pathlib import Path

from flask import Blueprint, Flask
from flask.blueprints import BlueprintSetupState

from pds.doorbell import make_doorbell_app
from pds.intake import pages
from pds.node import Node
from trust.errors import N_
from web.jobs.doorbell import Doorbell
from web.notices import Notice
from web.shell import Feature

_ROOM = Path(str(files("pds"))) / "intake"


def intake_feature(node: Node) -> Feature:
    """Return the pages of intake. Needs the rules of `duty:import_files` and the layout of staff pages."""
    return Feature(
        name="intake",
        blueprints=(_bell(node), pages.blueprint),
        templates=_ROOM / "templates",
        notices={
            "intake.cancelling": Notice("info", N_("The work is being stopped. Nothing of it is applied."), None),
        },
    )


def _bell(node: Node) -> Blueprint:
    """A blueprint without routes, through which the application learns how to wake its worker."""
    ground = Blueprint("intake_ground", __name__)
    bell = Doorbell(make_doorbell_app(node))

    def keep(state: BlueprintSetupState) -> None:
        if isinstance(state.app, Flask):
            state.app.extensions[pages.BELL] = bell

    ground.record(keep)
    return ground
