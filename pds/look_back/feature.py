"""Look back as a feature of a node: the family's pages and their JSON interface."""

from importlib.resources import files
from pathlib import Path

from flask import Blueprint, Flask
from flask.blueprints import BlueprintSetupState

from consent.wording import label
from pds.look_back import api, log_pages, pages, style
from pds.look_back.saying import say_bare, say_joined, say_joint, say_month, say_part
from pds.look_back.words import SchoolYear
from pds.node import Node
from pds.sharing.asking import keep_node
from web.shell import Feature


def look_back_feature(node: Node) -> Feature:
    """Return home, timeline, years, records and log of one node. Needs the rules of the accounts feature."""
    return Feature(
        name="look_back",
        blueprints=(_ground(node), style.blueprint, pages.blueprint, log_pages.blueprint, api.blueprint),
        templates=Path(str(files("pds"))) / "look_back" / "templates",
        template_globals={
            "words": say_part,
            "bare_words": say_bare,
            "joined": say_joined,
            "joint": say_joint,
            "month_name": say_month,
            "label_of": label,
            "in_school_year": SchoolYear,
            "look_back_style": style.style_address,
        },
    )


def _ground(node: Node) -> Blueprint:
    """A blueprint without routes, through which the application learns which node it serves."""
    ground = Blueprint("look_back_ground", __name__)

    def keep(state: BlueprintSetupState) -> None:
        if isinstance(state.app, Flask):
            keep_node(state.app, node)

    ground.record(keep)
    return ground
