"""Look back as JSON: the same reads as the pages, with the same decisions and entries."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask import Response
from flask.typing import ResponseReturnValue

from pds.look_back.log_pages import answer_download, is_filter, read_log
from pds.look_back.reading import read_all, years_of
from pds.look_back.schemas import (
    LearnersAnswer,
    LogAnswer,
    LogQuery,
    MeAnswer,
    RecordAnswer,
    TimelineAnswer,
)
from pds.look_back.timeline import Year
from pds.people.service import KnownChild
from pds.records.service import OpenedRecord
from pds.sharing.asking import answer_damage, ask, current_node, current_viewer, settle
from pds.sharing.children import list_children
from pds.sharing.enforcement import read_record
from web.context import transaction
from web.interface import JsonBlueprint
from web.problems import InvalidInput
from web.routes import declares

blueprint = JsonBlueprint(
    "look_back_api",
    __name__,
    url_prefix="/api/v1",
    description="A child's record and its log, for whoever may see them. Signed in by the session cookie.",
)
answer_damage(blueprint)


@blueprint.route("/me")
@declares(requires="signed_in", discloses="none")
@blueprint.response(200, MeAnswer)
def me() -> dict[str, Any]:
    """Who is signed in."""
    viewer = current_viewer()
    return {"kind": viewer.actor.kind.value, "person": viewer.person, "offices": viewer.offices}


@blueprint.route("/learners")
@declares(requires="signed_in", discloses="none")
@blueprint.response(200, LearnersAnswer)
def learners() -> dict[str, Any]:
    """The children whose record the caller may open."""
    return {"learners": [_learner(child) for child in list_children(transaction(), current_node(), ask())]}


@blueprint.route("/learners/<uuid:learner>/timeline")
@declares(requires="signed_in", discloses="any")
@blueprint.response(200, TimelineAnswer)
def timeline(learner: UUID) -> dict[str, Any]:
    """All years of a child with their records, without content."""
    overview = read_all(learner)
    return {
        "learner": _learner(overview.child),
        "years": [_year(year) for year in years_of(overview)],
        "refused": [category.value for category in overview.refused],
    }


@blueprint.route("/learners/<uuid:learner>/records/<uuid:record>")
@declares(requires="signed_in", discloses="any")
@blueprint.alt_response(200, schema=RecordAnswer)
def record(learner: UUID, record: UUID) -> ResponseReturnValue:
    """One record with its content. The answer leaves after the decision and its log entry stand."""
    disclosed = settle(read_record(transaction(), current_node(), ask(), learner, record))
    opened = disclosed.record
    place = opened.place
    answer = {
        "learner": str(place.learner),
        "record": str(place.record),
        "category": place.category.value,
        "school": {"code": place.school_code, "name": opened.school_name},
        "school_year": place.school_year,
        "version": place.version,
        "schema": opened.schema,
        "issued_at": _instant(opened.issued_at),
        "signed_by": opened.signed_by,
        "relation": disclosed.relation.value,
        "body": disclosed.body,
        "withheld": disclosed.withheld,
    }
    return Response(json.dumps(answer, ensure_ascii=False, separators=(",", ":")), mimetype="application/json")


@blueprint.route("/learners/<uuid:learner>/log")
@declares(requires="signed_in", discloses="none")
@blueprint.arguments(LogQuery, location="query")
@blueprint.response(200, LogAnswer)
def log(query: dict[str, Any], learner: UUID) -> dict[str, Any]:
    """Who looked at the child's record, as the caller's chain has it."""
    only = query["wanted"]
    if only is not None and not is_filter(only):
        raise InvalidInput
    _, page = read_log(learner, only=only, before=query["before"], limit=query["limit"])
    return {"entries": page.entries, "next_before": page.next_before}


@blueprint.route("/learners/<uuid:learner>/log/download")
@declares(requires="signed_in", discloses="none")
@blueprint.alt_response(200, description="The log with its proofs, format manabi-access-log/1 (docs/access-log.md)")
def log_download(learner: UUID) -> ResponseReturnValue:
    """The caller's chain with every proof, to be checked offline."""
    return answer_download(learner)


def _learner(child: KnownChild) -> dict[str, Any]:
    name = child.details.name
    preferred = bool(name.preferred_family or name.preferred_given)
    return {
        "learner": child.facts.learner,
        "name": {
            "family": name.preferred_family if preferred else name.family,
            "given": name.preferred_given if preferred else name.given,
            "family_kana": name.preferred_family_kana if preferred else name.family_kana,
            "given_kana": name.preferred_given_kana if preferred else name.given_kana,
        },
    }


def _year(year: Year) -> dict[str, Any]:
    return {
        "school_year": year.school_year,
        "grade": year.grade_code,
        "class_name": year.class_name,
        "events": [{"on": event.day, "what": event.kind.value, "school": event.school} for event in year.events],
        "records": [_line(record) for source in year.sources for record in source.records],
    }


def _line(record: OpenedRecord) -> dict[str, Any]:
    place = record.place
    return {
        "record": place.record,
        "category": place.category.value,
        "school": {"code": place.school_code, "name": record.school_name},
        "version": place.version,
        "issued_at": record.issued_at,
        "signed_by": record.signed_by,
    }


def _instant(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat()
