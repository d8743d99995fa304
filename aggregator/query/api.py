"""The interface over releases: the list, the fixed bytes, and any question to one of them as JSON or CSV.

Everything here is post-processing of published bytes: it reads releases, writes nothing, and costs no child anything.
"""

import json
from typing import Any

from flask import Response, request
from flask.typing import ResponseReturnValue

from aggregator.query import queries
from aggregator.query.answers import BOM, answer_csv, answer_json, permanent_link
from aggregator.query.schemas import FiguresAnswer, FiguresQuestion, ReleasesAnswer
from aggregator.query.selection import read_selection
from aggregator.query.service import open_edition, read_bytes, read_signature
from web.context import transaction
from web.interface import JsonBlueprint
from web.routes import declares

blueprint = JsonBlueprint(
    "national_data",
    __name__,
    url_prefix="/data/v1",
    description="Published figures of the national count, with their intervals. Open to anyone.",
)
_FOR_GOOD = "public, max-age=31536000, immutable"
"""What is named by a digest never changes."""


@blueprint.route("/releases")
@declares(requires="anyone", discloses="none")
@blueprint.response(200, ReleasesAnswer)
def releases() -> dict[str, Any]:
    """Every release, the newest first."""
    return {
        "releases": [
            {
                "digest": one.digest,
                "plan": {"id": one.plan_id, "version": one.plan_version, "digest": one.plan_digest},
                "round": one.round_id,
                "released_at": one.released_at,
                "document": f"/data/v1/releases/{one.digest}.json",
                "signature": f"/data/v1/releases/{one.digest}.jws",
            }
            for one in queries.list_releases(transaction())
        ]
    }


@blueprint.route("/releases/<digest>")
@declares(requires="anyone", discloses="none")
@blueprint.alt_response(200, description="The fixed bytes (manabi-release/1); their SHA-256 is the digest")
def release(digest: str) -> ResponseReturnValue:
    """A release as it was signed: with or without the ending .json the same bytes; .jws is the signature over them."""
    if digest.endswith(".jws"):
        token = read_signature(transaction(), digest.removesuffix(".jws"))
        return _lasting(Response(token, mimetype="application/jose"), digest)
    name = digest.removesuffix(".json")
    return _lasting(Response(read_bytes(transaction(), name), mimetype="application/json"), name)


@blueprint.route("/figures")
@declares(requires="anyone", discloses="none")
@blueprint.arguments(FiguresQuestion, location="query")
@blueprint.alt_response(200, schema=FiguresAnswer, description="JSON as described, or CSV with the same columns")
def figures(form: dict[str, Any]) -> ResponseReturnValue:
    """Figures of one release. Each dimension of the table is a part of the question as well, and may be repeated:
    grade=J1&grade=J2&sex=female. A part or value that the release does not know is refused, never ignored.
    """
    asked = list(request.args.items(multi=True))
    edition = open_edition(transaction(), request.args.get("release"))
    selection = read_selection(edition, asked)
    part = {"offset": form["offset"], "limit": form["limit"]}
    if form["format"] == "csv":
        text = (BOM if form["bom"] == "yes" else "") + answer_csv(selection, **part)
        answer = Response(text, mimetype="text/csv")
        name = f"{edition.plan_id}-{selection.level}-{edition.digest[:12]}.csv"
    else:
        answer = Response(
            json.dumps(answer_json(selection, **part), ensure_ascii=False, separators=(",", ":")),
            mimetype="application/json",
        )
        name = f"{edition.plan_id}-{selection.level}-{edition.digest[:12]}.json"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Link"] = f'<{permanent_link(selection, format=form["format"])}>; rel="bookmark"'
    return _lasting(answer, edition.digest) if request.args.get("release") else answer


def _lasting(answer: Response, digest: str) -> Response:
    answer.headers["Cache-Control"] = _FOR_GOOD
    answer.headers["Release-Digest"] = digest
    return answer
