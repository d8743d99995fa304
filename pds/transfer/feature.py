"""Moves between schools as a feature of a node: pages of clerks and boards, the same as JSON, and what nodes call."""

from importlib.resources import files
from pathlib import Path

from flask import Blueprint, Flask
from flask.blueprints import BlueprintSetupState

from pds.doorbell import make_doorbell_app
from pds.node import Node
from pds.people.details import Name
from pds.transfer import api, incoming_pages, message_pages, outgoing_api, outgoing_pages, pages, received_pages, style
from pds.transfer.desk import BELL
from pds.transfer.worklist import SIDE_NAMES, STANDING_NAMES
from trust.errors import N_
from web.jobs.doorbell import Doorbell
from web.notices import Notice
from web.ruby import strip_readings
from web.shell import Feature

_ROOM = Path(str(files("pds"))) / "transfer"


def transfer_feature(node: Node) -> Feature:
    """Return pages and interfaces of moves. Needs the rules `duty:…` and `presented_token`, and the pages of staff."""
    return Feature(
        name="transfer",
        blueprints=(
            _bell(node),
            style.blueprint,
            pages.blueprint,
            outgoing_pages.blueprint,
            incoming_pages.blueprint,
            received_pages.blueprint,
            message_pages.blueprint,
            api.blueprint,
            outgoing_api.blueprint,
        ),
        templates=_ROOM / "templates",
        styles=(_ROOM / "transfer.css",),
        template_globals={
            "work_list_keys": style.work_list_keys,
            "side_names": SIDE_NAMES,
            "standing_names": STANDING_NAMES,
            "bare_name": bare_name,
            "query_of": query_of,
        },
        notices={
            "transfer.decided": Notice(
                "success",
                N_("The decision is recorded, and the child is enrolled."),
                N_("The office of the school can now ask the old school."),
            ),
            "transfer.asked": Notice(
                "success", N_("The request is on its way."), N_("The answer comes to the work list by itself.")
            ),
            "transfer.pulling": Notice("info", N_("What has changed is being fetched.")),
            "transfer.sending_again": Notice("success", N_("The new school is told that it can fetch it again.")),
            "transfer.message_again": Notice("info", N_("The message is sent again.")),
            "transfer.cancelled": Notice("info", N_("The move is cancelled.")),
        },
    )


def bare_name(name: Name) -> str:
    """Return a name as plain characters, for titles and for finding it."""
    return strip_readings(name.shown)


def query_of(side: str | None, standing: str | None) -> str:
    """Return the query of the work list under a filter."""
    chosen = "&".join(f"{key}={value}" for key, value in (("side", side), ("standing", standing)) if value)
    return f"?{chosen}" if chosen else ""


def _bell(node: Node) -> Blueprint:
    """A blueprint without routes, through which the application learns how to wake its worker."""
    ground = Blueprint("transfer_ground", __name__)
    bell = Doorbell(make_doorbell_app(node))

    def keep(state: BlueprintSetupState) -> None:
        if isinstance(state.app, Flask):
            state.app.extensions[BELL] = bell

    ground.record(keep)
    return ground
