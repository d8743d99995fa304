"""The family's pages: home, the line of years, one year, one record, and how all this is protected."""

from dataclasses import dataclass
from urllib.parse import quote
from uuid import UUID

from flask import Blueprint, Response, current_app, render_template, request
from flask.typing import ResponseReturnValue

from consent.age import japan_day
from consent.policy.model import Citation, Retention
from consent.visibility import handling_of, who_sees, withheld_fields
from consent.vocabulary import ActorKind, Category, Relation, Text
from consent.wording import in_display_order, tell_nothing_here
from pds.look_back.changes import Change, compare
from pds.look_back.forms import find_form
from pds.look_back.own import subject_label
from pds.look_back.reading import draw, is_simple, read_all, years_of
from pds.look_back.register import build_register
from pds.look_back.sharing_counts import count_sharing
from pds.look_back.strip import ATTENDANCE_FORM, Strip, build_strip
from pds.look_back.subject import CATEGORIES as SUBJECT_CATEGORIES
from pds.look_back.subject import follow_subject, is_subject, subjects_in
from pds.look_back.timeline import find_news, open_records, sources_of
from pds.look_back.year import build_year, mark_meanings
from pds.people import service as people
from pds.records import service as records
from pds.records.bodies import published_categories
from pds.records.service import VersionNote
from pds.sharing.asking import answer_damage, ask, current_node, current_viewer, settle
from pds.sharing.children import list_children
from pds.sharing.enforcement import Disclosed, read_file, read_record
from web.accounts.current import current_account
from web.context import now, transaction
from web.problems import InvalidInput, NotFound
from web.routes import declares

blueprint = Blueprint("look_back", __name__)
answer_damage(blueprint)
STAFF_HOME = "staff.home"
"""The endpoint of another room that answers the first page for staff."""


@dataclass(frozen=True, slots=True)
class Handling:
    """What the rules say of a category: who sees it by default, how long the school keeps it, and by which law."""

    category: Category
    seen_by: tuple[Relation, ...]
    content: Text
    controller: Text
    retention: Retention
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a record's history, with what changed against the version before."""

    note: VersionNote
    changes: tuple[Change, ...]


@blueprint.get("/")
@declares(requires="signed_in", discloses="any")
def home() -> ResponseReturnValue:
    """The first page: a learner's own years, a guardian's children, or what staff have to do."""
    viewer = current_viewer()
    match viewer.actor.kind:
        case ActorKind.LEARNER:
            return _learner_home(viewer.person)
        case ActorKind.STAFF if STAFF_HOME in current_app.view_functions:
            answer: ResponseReturnValue = current_app.ensure_sync(current_app.view_functions[STAFF_HOME])()
            return answer
    children = [
        (child, count_sharing(child.facts.learner)) for child in list_children(transaction(), current_node(), ask())
    ]
    transaction().commit()
    return render_template("look_back/children.html", children=children, nothing_here=tell_nothing_here())


@blueprint.get("/learners/<uuid:learner>/")
@declares(requires="signed_in", discloses="any")
def timeline(learner: UUID) -> ResponseReturnValue:
    """All years and schools of a child, from the first one on, each with its source; or one subject through them."""
    wanted = request.args.get("subject", "")
    if wanted:
        return _subject_page(learner, wanted)
    overview = read_all(learner)
    return draw(
        "timeline.html",
        overview.child,
        years=years_of(overview),
        refused=in_display_order(overview.refused),
        subjects=subjects_in(overview.records),
    )


@blueprint.get("/learners/<uuid:learner>/years/<int:school_year>")
@declares(requires="signed_in", discloses="any")
def year(learner: UUID, school_year: int) -> ResponseReturnValue:
    """One school year, and no more of the record than that."""
    overview = read_all(learner, school_year)
    known = [item.school_year for item in years_of(overview)]
    page = build_year(overview.records, school_year, japan_day(now()))
    if page is None:
        raise NotFound
    return draw(
        "year.html",
        overview.child,
        page=page,
        meanings=mark_meanings(),
        before=max((item for item in known if item < school_year), default=None),
        after=min((item for item in known if item > school_year), default=None),
    )


@blueprint.get("/learners/<uuid:learner>/records/<uuid:record>")
@declares(requires="signed_in", discloses="any")
def record(learner: UUID, record: UUID) -> ResponseReturnValue:
    """One record as a readable page, with its history, who may see it and how long it is kept."""
    outcome = read_record(transaction(), current_node(), ask(), learner, record, every_version=True)
    known = notes = None
    if isinstance(outcome, Disclosed):
        known = people.find_child(transaction(), current_node(), learner)
        notes = records.history(transaction(), learner, record)
    disclosed = settle(outcome)
    if known is None or notes is None:
        raise NotFound
    opened = disclosed.record
    category, form = opened.place.category, find_form(opened.schema)
    return draw(
        "record.html",
        known,
        record=opened,
        grade=_grade(disclosed),
        register=build_register(form, disclosed.body, disclosed.withheld),
        strip=_strip(disclosed),
        withheld=[
            field
            for field in withheld_fields(category, disclosed.relation, current_node().policy, now())
            if field.field in disclosed.withheld
        ],
        history=_history(disclosed, notes),
        handling=_handling(category),
        source=sources_of(open_records([disclosed]))[0],
    )


@blueprint.get("/learners/<uuid:learner>/records/<uuid:record>/files/<int:number>")
@declares(requires="signed_in", discloses="any")
def record_file(learner: UUID, record: UUID, number: int) -> ResponseReturnValue:
    """One file of a record, to be saved: never shown inside the service's own pages."""
    found = settle(read_file(transaction(), current_node(), ask(), learner, record, number))
    if found is None:
        raise NotFound
    answer = Response(found.content, mimetype=found.note.media_type)
    answer.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(found.note.name, safe='')}"
    answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return answer


@blueprint.get("/protection")
@declares(requires="anyone", discloses="none")
def protection() -> ResponseReturnValue:
    """How records are protected, in plain words, and the rules in force as they are."""
    current_account()  # so that the page's head knows who is reading
    rules = [_handling(category) for category in in_display_order(published_categories())]
    return render_template("look_back/protection.html", rules=[rule for rule in rules if rule])


def _subject_page(learner: UUID, subject: str) -> ResponseReturnValue:
    if not is_subject(subject):
        raise InvalidInput
    overview = read_all(learner, categories=SUBJECT_CATEGORIES)
    years_of(overview)
    return draw(
        "subject.html",
        overview.child,
        subject=subject,
        name=subject_label(subject),
        years=follow_subject(overview.records, subject),
        subjects=subjects_in(overview.records),
    )


def _learner_home(learner: UUID) -> ResponseReturnValue:
    overview = read_all(learner)
    years = years_of(overview)
    counts = count_sharing(learner)
    transaction().commit()
    return draw(
        "home.html",
        overview.child,
        years=tuple(reversed(years)),
        news=find_news(overview.records, now()),
        simple=is_simple(overview.child, years),
        counts=counts,
    )


def _handling(category: Category) -> Handling | None:
    policy, at = current_node().policy, now()
    rule = handling_of(category, policy, at)
    if rule is None:
        return None
    cited = dict.fromkeys((*rule.legal_basis, *rule.retention.citations))
    return Handling(
        category, who_sees(category, policy, at), rule.content, rule.controller, rule.retention, tuple(cited)
    )


def _history(disclosed: Disclosed, notes: list[VersionNote]) -> tuple[Step, ...]:
    """Return the versions, the newest first; the first one changed nothing."""
    bodies = {version.place.version: version.body for version in disclosed.earlier}
    bodies[disclosed.record.place.version] = disclosed.body
    form = find_form(disclosed.record.schema)
    steps = [
        Step(
            note,
            compare(form, bodies[note.version - 1], bodies[note.version])
            if note.version in bodies and note.version - 1 in bodies
            else (),
        )
        for note in notes
        if note.version <= disclosed.record.place.version
    ]
    return tuple(reversed(steps))


def _strip(disclosed: Disclosed) -> Strip | None:
    if disclosed.record.schema != ATTENDANCE_FORM:
        return None
    return build_strip(disclosed.record.place.school_year, [disclosed.body], japan_day(now()))


def _grade(disclosed: Disclosed) -> Text | None:
    code = disclosed.body.get("grade")
    return None if code is None else find_form(disclosed.record.schema).inner("grade").codes[code]
