"""The one script of these pages, the keys of the work list, under an address that changes with its content."""

from functools import lru_cache
from hashlib import sha256
from importlib.resources import files

from flask import Blueprint, Response, url_for
from flask.typing import ResponseReturnValue

from web.routes import declares

blueprint = Blueprint("transfer_style", __name__)


@blueprint.get("/script/work-list/<version>.js")
@declares(requires="anyone", discloses="none")
def work_list_script(version: str) -> ResponseReturnValue:
    """Keys and search of the work list. Every page works without it."""
    answer = Response(_script()[0], mimetype="text/javascript")
    answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return answer


def work_list_keys() -> str:
    """Return the address of the script. Templates know it as `work_list_keys`."""
    return url_for("transfer_style.work_list_script", version=_script()[1])


@lru_cache(maxsize=1)
def _script() -> tuple[str, str]:
    text = (files("pds") / "transfer" / "worklist.js").read_text("utf-8")
    return text, sha256(text.encode()).hexdigest()[:16]
