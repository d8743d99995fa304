"""The script of the request's page, under an address that changes with its content. Nothing depends on it."""

from functools import lru_cache
from hashlib import sha256
from importlib.resources import files

from flask import Blueprint, Response, url_for
from flask.typing import ResponseReturnValue

from web.routes import declares

blueprint = Blueprint("granting_script", __name__)


@blueprint.get("/script/granting/<version>.js")
@declares(requires="anyone", discloses="none")
def script(version: str) -> ResponseReturnValue:
    """The script that keeps the sum up to date while ticks change."""
    answer = Response(_script()[0], mimetype="text/javascript")
    answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return answer


def script_address() -> str:
    """Return the address of the script. Templates know it as `granting_script`."""
    return url_for("granting_script.script", version=_script()[1])


@lru_cache(maxsize=1)
def _script() -> tuple[str, str]:
    text = (files("pds") / "granting" / "request.js").read_text("utf-8")
    return text, sha256(text.encode()).hexdigest()[:16]
