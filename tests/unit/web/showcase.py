"""A feature that shows every component once, so that the shell and the macros can be tried without any domain."""

from datetime import UTC, datetime
from pathlib import Path

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import Schema, fields, validate
from sqlalchemy import text

from trust.errors import N_
from web.accounts.errors import KindDiffers
from web.context import transaction
from web.interface import JsonBlueprint
from web.notices import Notice, leave_notice
from web.routes import declares
from web.shell import Feature

NOW = datetime(2026, 6, 3, 5, 5, tzinfo=UTC)


class ParcelBody(Schema):
    """A body with a bound."""

    weight = fields.Integer(required=True, validate=validate.Range(min=1, max=30))


def showcase_feature() -> Feature:
    """Return the feature; made anew for each application, since a blueprint keeps what was registered on it."""
    pages = Blueprint("showcase", __name__)
    api = JsonBlueprint("parcels", __name__, url_prefix="/api/parcels")

    @pages.get("/showcase")
    @declares(requires="anyone", discloses="none")
    def show() -> ResponseReturnValue:
        return render_template("showcase.html", day=NOW, errors=request.args.get("errors"))

    @pages.post("/showcase")
    @declares(requires="anyone", discloses="none")
    def send() -> ResponseReturnValue:
        leave_notice("showcase.sent")
        return "", 303, {"Location": "/showcase"}

    @pages.post("/upload")
    @declares(requires="anyone", discloses="none", max_body=200_000)
    def upload() -> ResponseReturnValue:
        return {"bytes": len(request.get_data())}

    @pages.get("/fails")
    @declares(requires="anyone", discloses="none")
    def fail() -> ResponseReturnValue:
        raise RuntimeError("a secret inside")

    @pages.get("/refused")
    @declares(requires="anyone", discloses="none")
    def refuse() -> ResponseReturnValue:
        raise KindDiffers()

    @pages.get("/asks-the-database")
    @declares(requires="anyone", discloses="none")
    def ask_database() -> ResponseReturnValue:
        return str(transaction().execute(text("SELECT 1")).scalar_one())

    @pages.get("/locked")
    @declares(requires="nobody", discloses="none")
    def locked() -> ResponseReturnValue:
        raise AssertionError("the rule lets nobody in")

    @api.route("", methods=["POST"])
    @declares(requires="anyone", discloses="none")
    @api.arguments(ParcelBody)
    @api.response(200, ParcelBody)
    def post_parcel(body: dict[str, int]) -> dict[str, int]:
        """Send a parcel."""
        return body

    return Feature(
        name="showcase",
        blueprints=(pages, api),
        templates=Path(__file__).parent / "templates",
        rules={"nobody": lambda: ("nobody may", 403)},
        notices={"showcase.sent": Notice("success", N_("Done"))},
    )
