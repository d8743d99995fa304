"""How the figures are made and how far they can be trusted, for whoever wants to quote them."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from aggregator.pages.saying import REASONS
from web.routes import declares

blueprint = Blueprint("national_method", __name__)


@blueprint.get("/method")
@declares(requires="anyone", discloses="none")
def method() -> ResponseReturnValue:
    """The method, in words that need no statistics, then in those that do."""
    return render_template("national/method.html", reasons=REASONS)
