"""The style of the family's pages, beside the shell's: line of years, chart, strip, days of the log."""

from functools import lru_cache
from hashlib import sha256
from importlib.resources import files

from flask import Blueprint, Response, url_for
from flask.typing import ResponseReturnValue

from web.routes import declares

blueprint = Blueprint("look_back_style", __name__)


@blueprint.get("/style/look-back/<version>.css")
@declares(requires="anyone", discloses="none")
def style_sheet(version: str) -> ResponseReturnValue:
    """The style sheet, under an address that changes with its content."""
    answer = Response(_style()[0], mimetype="text/css")
    answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return answer


def style_address() -> str:
    """Return the address of the style sheet. Templates know it as `look_back_style`."""
    return url_for("look_back_style.style_sheet", version=_style()[1])


@lru_cache(maxsize=1)
def _style() -> tuple[str, str]:
    text = (files("pds") / "look_back" / "look_back.css").read_text("utf-8")
    return text, sha256(text.encode()).hexdigest()[:16]
