"""The first page of the national side: what was counted last, and the ways on from there."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from web.routes import declares

blueprint = Blueprint("national_start", __name__)


@blueprint.get("/")
@declares(requires="anyone", discloses="none")
def start() -> ResponseReturnValue:
    """The first page."""
    return render_template("national/start.html")
