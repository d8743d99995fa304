"""The page that says who looked at a child's record, and its download with proofs."""

import json
from uuid import UUID

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from consent.age import japan_day
from consent.vocabulary import Category
from consent.wording import in_display_order
from pds.access_log.download import download, prepare
from pds.access_log.reading import OTHERS, REFUSED, LogPage, entries_for
from pds.look_back.reading import draw
from pds.look_back.schemas import HIGHEST_ENTRY
from pds.look_back.sentences import Reader, tell_days
from pds.people.service import KnownChild
from pds.records.bodies import published_categories
from pds.sharing.asking import ask, current_node, current_viewer, settle
from pds.sharing.enforcement import Refused, approach_log
from web.context import now, transaction
from web.routes import declares

blueprint = Blueprint("look_back_log", __name__)
_PER_PAGE = 200
"""Entries, not lines: a look at four categories leaves four of them, and the reader's own become one line a day."""


@blueprint.get("/learners/<uuid:learner>/log")
@declares(requires="signed_in", discloses="none")
def log(learner: UUID) -> ResponseReturnValue:
    """Who looked, by day, in sentences."""
    only, before = chosen_filter(), chosen_place()
    child, page = read_log(learner, only=only, before=before, limit=_PER_PAGE)
    viewer = current_viewer()
    return draw(
        "log.html",
        child,
        days=tell_days(page.entries, Reader(viewer.person, viewer.actor.kind)),
        only=only,
        is_first=before is None,
        next_before=page.next_before,
        categories=in_display_order(published_categories()),
    )


@blueprint.get("/learners/<uuid:learner>/log/download")
@declares(requires="signed_in", discloses="none")
def log_download(learner: UUID) -> ResponseReturnValue:
    """The log with every proof, as a file to keep; its name says nothing of the child."""
    return answer_download(learner)


def chosen_filter() -> str | None:
    """Return the filter that the address names, if it is one."""
    wanted = request.args.get("only")
    return wanted if is_filter(wanted) else None


def chosen_place() -> int | None:
    """Return before which entry the page ends, None for the newest page and for what cannot be a number of one."""
    place = request.args.get("before", type=int)
    return place if place is not None and 0 < place <= HIGHEST_ENTRY else None


def is_filter(wanted: str | None) -> bool:
    """Tell whether the log can be narrowed to this: other people, refused attempts, or a category."""
    return wanted in (OTHERS, REFUSED, *Category)


def read_log(learner: UUID, *, only: str | None, before: int | None, limit: int) -> tuple[KnownChild, LogPage]:
    """Decide whether the reader may see the log, and return the child with a page of the reader's own chain."""
    outcome = approach_log(transaction(), current_node(), ask(), learner)
    page = None
    if not isinstance(outcome, Refused):
        page = entries_for(transaction(), current_node(), learner, outcome[1], before=before, limit=limit, only=only)
    child, _ = settle(outcome)
    if page is None:
        raise AssertionError("a log that was opened has a page")
    return child, page


def answer_download(learner: UUID) -> Response:
    """Return the reader's chain with its proofs as an attachment; raises `NothingSignedYet` in its first seconds."""
    _, chain = settle(approach_log(transaction(), current_node(), ask(), learner))
    prepare(transaction(), learner)
    document = download(transaction(), current_node(), learner, chain, now())
    transaction().commit()
    answer = Response(json.dumps(document, ensure_ascii=False, indent=1), mimetype="application/json")
    name = f"manabi-access-log-{japan_day(now()).isoformat()}.json"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
