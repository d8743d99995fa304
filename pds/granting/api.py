"""Asking and sharing as JSON: the same services as the pages, with the same decisions, entries and receipts."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue

from consent.age import japan_day
from consent.scope import Scope, Terms
from consent.vocabulary import Category, Channel
from pds.granting.asking import Opened, open_request, registry_in_force, step_up
from pds.granting.choices import kept_choice
from pds.granting.errors import WordsChanged
from pds.granting.receipt_pages import as_file
from pds.granting.schemas import (
    ChoiceForm,
    CommentForm,
    DecisionForm,
    GrantAnswer,
    GrantsAnswer,
    OutcomeAnswer,
    PreviewAnswer,
    ReceiptsAnswer,
    RequestAnswer,
    RequestsAnswer,
    SeenAnswer,
    StatutoryAnswer,
    WordsAnswer,
)
from pds.granting.showing import Asker, ask_question, find_asker
from pds.granting.stopping import GrantAct, words_of_act
from pds.granting.wording import Wording, word
from pds.sharing import deciding, grants, receipts, requests, reviews
from pds.sharing.asking import answer_damage, ask, current_node, current_viewer, settle
from pds.sharing.grants import GrantView
from pds.sharing.requests import RequestView
from web.context import now, transaction
from web.interface import JsonBlueprint
from web.problems import InvalidInput, NotFound
from web.routes import declares

blueprint = JsonBlueprint(
    "granting_api",
    __name__,
    url_prefix="/api/v1/learners/<uuid:learner>",
    description="What is asked of a family and what it shares. Signed in by the session cookie.",
)
answer_damage(blueprint)
_REQUEST = "/requests/<uuid:request_id>"


@blueprint.route("/requests")
@declares(requires="family", discloses="none")
@blueprint.response(200, RequestsAnswer)
def list_requests(learner: UUID) -> dict[str, Any]:
    """The requests for a child."""
    found = settle(requests.list_for(transaction(), current_node(), ask(), learner))
    person, registry = current_viewer().person, registry_in_force()
    return {"requests": [_request(view, find_asker(view.recipient, registry), person) for view in found]}


@blueprint.route(_REQUEST)
@declares(requires="family", discloses="any")
@blueprint.response(200, RequestAnswer)
def look(learner: UUID, request_id: UUID) -> dict[str, Any]:
    """One request. Looking at it is an entry of the log."""
    opened = open_request(learner, request_id)
    return _request(opened.view, opened.asker, current_viewer().person)


@blueprint.route(f"{_REQUEST}/preview/<category>")
@declares(requires="family", discloses="any")
@blueprint.response(200, PreviewAnswer)
def preview(learner: UUID, request_id: UUID, category: str) -> dict[str, Any]:
    """The very bytes that the asker would get of one category today."""
    if category not in list(Category):
        raise NotFound
    wanted = Category(category)
    copies = settle(deciding.preview(transaction(), current_node(), ask(), learner, request_id, wanted, None))
    return {"documents": copies}


@blueprint.route(f"{_REQUEST}/statutory")
@declares(requires="family", discloses="any")
@blueprint.response(200, StatutoryAnswer)
def read_statutory(learner: UUID, request_id: UUID) -> dict[str, Any]:
    """What the law moves, as far as it is open to the caller."""
    found = settle(reviews.read_statutory(transaction(), current_node(), ask(), learner, request_id))
    return {
        "dossier": found.dossier_id,
        "state": found.state.value,
        "review_until": found.review_until,
        "open": found.open,
        "records": [
            {
                "record": one.record.place.record,
                "category": one.record.place.category.value,
                "school_year": one.record.place.school_year,
                "version": one.record.place.version,
                "body": one.body,
                "withheld": one.withheld,
            }
            for one in found.records
        ],
        "unopened": [category.value for category in found.unopened],
        "comment": found.comment,
        "objects": found.objects,
        "seen_at": found.seen_at,
    }


@blueprint.route(f"{_REQUEST}/statutory/comment", methods=["POST"])
@declares(requires="family", discloses="none")
@blueprint.arguments(CommentForm)
@blueprint.response(204)
def comment(form: dict[str, Any], learner: UUID, request_id: UUID) -> None:
    """Write a comment that goes along; it replaces the caller's earlier one."""
    outcome = reviews.comment(
        transaction(), current_node(), ask(), learner, request_id, form["comment"], objects=form["objects"]
    )
    settle(outcome)


@blueprint.route(f"{_REQUEST}/statutory/seen", methods=["POST"])
@declares(requires="family", discloses="none")
@blueprint.response(200, SeenAnswer)
def mark_seen(learner: UUID, request_id: UUID) -> dict[str, Any]:
    """Say that one has read what the law moves."""
    return {"complete": settle(reviews.mark_seen(transaction(), current_node(), ask(), learner, request_id))}


@blueprint.route(f"{_REQUEST}/words", methods=["POST"])
@declares(requires="family", discloses="none")
@blueprint.arguments(ChoiceForm)
@blueprint.response(200, WordsAnswer)
def words(form: dict[str, Any], learner: UUID, request_id: UUID) -> dict[str, Any]:
    """The words to put before the decider for a choice; whoever answers names their version."""
    opened = open_request(learner, request_id)
    kept = _kept(form, opened.view)
    shown = _words_of(opened, kept, form["comment"]).shown
    return {
        "text": shown.text,
        "version": shown.version,
        "locale": shown.locale.value,
        "terms": None if kept is None else _terms(kept),
    }


@blueprint.route(f"{_REQUEST}/answer", methods=["POST"])
@declares(requires="family:fresh", discloses="none")
@blueprint.arguments(DecisionForm)
@blueprint.response(200, OutcomeAnswer)
def answer(form: dict[str, Any], learner: UUID, request_id: UUID) -> dict[str, Any]:
    """Decide. Needs a fresh proof of who is asking, and the version of the words of today."""
    opened = open_request(learner, request_id)
    kept = _kept(form, opened.view)
    wording = _words_of(opened, kept, form["comment"])
    if form["shown"] != wording.shown.version:
        raise WordsChanged
    outcome = deciding.answer(
        transaction(),
        current_node(),
        ask(),
        learner,
        request_id,
        kept=kept if form["share"] else None,
        comment=form["comment"],
        channel=Channel.ONLINE,
        shown=wording.shown,
        step_up=step_up(),
    )
    done = settle(outcome)
    return {
        "state": done.state.value,
        "others_awaited": bool(done.waiting_for),
        "grant": done.grant_id,
        "terms": None if done.terms is None else _terms(done.terms),
        "receipt": done.receipt_id,
    }


@blueprint.route("/grants")
@declares(requires="family", discloses="none")
@blueprint.response(200, GrantsAnswer)
def list_grants(learner: UUID) -> dict[str, Any]:
    """What is shared, paused and ended."""
    found = settle(grants.list_for(transaction(), current_node(), ask(), learner))
    return {"grants": [_grant(grant) for grant in found]}


@blueprint.route("/grants/<uuid:grant>/<any(pause, resume, stop):act>", methods=["POST"])
@declares(requires="family", discloses="none")
@blueprint.response(200, GrantAnswer)
def change_grant(learner: UUID, grant: UUID, act: str) -> dict[str, Any]:
    """Pause a sharing, let it go on, or stop it for good; at once, and by one person alone."""
    wanted = GrantAct(act)
    found = settle(grants.look(transaction(), current_node(), ask(), learner, grant))
    school = find_asker(found.recipient, registry_in_force()).name
    do = {GrantAct.PAUSE: grants.pause, GrantAct.RESUME: grants.resume, GrantAct.STOP: grants.revoke}[wanted]
    shown = words_of_act(wanted, found, school).shown
    return _grant(settle(do(transaction(), current_node(), ask(), learner, grant, shown=shown)))


@blueprint.route("/receipts")
@declares(requires="family", discloses="none")
@blueprint.response(200, ReceiptsAnswer)
def list_receipts(learner: UUID) -> dict[str, Any]:
    """The receipts of a child, without content."""
    found = settle(receipts.list_for(transaction(), current_node(), ask(), learner))
    return {
        "receipts": [
            {
                "receipt": note.receipt_id,
                "event": note.event.value,
                "issued_at": note.issued_at,
                "request": note.request_id,
                "grant": note.grant_id,
            }
            for note in found
        ]
    }


@blueprint.route("/receipts/<uuid:receipt>")
@declares(requires="family", discloses="none")
@blueprint.alt_response(200, description="A signed receipt, format manabi-receipt/1, as `manabi verify` checks it")
def receipt(learner: UUID, receipt: UUID) -> ResponseReturnValue:
    """One receipt as a file."""
    bundle = settle(receipts.read(transaction(), current_node(), ask(), learner, receipt))
    return as_file(bundle, f"manabi-receipt-{japan_day(now()).isoformat()}.json")


def _kept(form: dict[str, Any], view: RequestView) -> Terms | None:
    """Return what a form keeps of a request; raises `InvalidInput` for what was not asked for."""
    scope = Scope.of({Category(line["category"]): line["school_years"] for line in form["keep"]})
    until: datetime = form["until"] or view.asked.until
    kept = replace(view.offered, scope=scope, until=until)
    if not kept.within(view.offered):
        raise InvalidInput
    return None if scope.is_empty else kept


def _words_of(opened: Opened, kept: Terms | None, comment: str) -> Wording:
    choice = replace(kept_choice(kept, opened.view.offered), comment=comment)
    question = ask_question(
        opened.view, opened.child, opened.asker, choice, current_viewer().person, current_node().policy, now()
    )
    return word(replace(question, kept=kept))


def _request(view: RequestView, asker: Asker, person: UUID) -> dict[str, Any]:
    mine, dossier = view.mine, view.dossier
    return {
        "request": view.request_id,
        "learner": view.learner,
        "asker": _asker(asker),
        "move": view.move.value,
        "purpose": view.purpose.value,
        "state": view.state.value,
        "asked": _terms(view.asked),
        "choosable": view.choosable.to_wire(),
        "statutory": [category.value for category in view.statutory],
        "lodged_at": view.lodged_at,
        "expires_at": view.expires_at,
        "may_answer": view.is_open and person in view.waiting_for,
        "others_awaited": bool(view.waiting_for - {person}),
        "mine": None
        if mine is None
        else {
            "kept": None if mine.kept is None else _terms(mine.kept),
            "channel": mine.channel.value,
            "answered_at": mine.answered_at,
            "counts": mine.counts,
        },
        "dossier": None
        if dossier is None
        else {"dossier": dossier.dossier_id, "state": dossier.state.value, "review_until": dossier.review_until},
        "grant": view.grant_id,
    }


def _grant(grant: GrantView) -> dict[str, Any]:
    return {
        "grant": grant.grant_id,
        "request": grant.request_id,
        "asker": _asker(find_asker(grant.recipient, registry_in_force())),
        "terms": _terms(grant.terms),
        "state": grant.state.value,
        "begin": grant.begin,
        "paused_by_me": current_viewer().person in grant.paused_by,
        "closed_at": grant.closed_at,
        "told_at": grant.told_at,
        "end_answer": grant.end_answer,
        "end_answered_at": grant.end_answered_at,
    }


def _asker(asker: Asker) -> dict[str, Any]:
    return {
        "school_code": asker.code,
        "name": asker.name,
        "operator": asker.operator,
        "registry": asker.registry,
    }


def _terms(terms: Terms) -> dict[str, Any]:
    return {
        "categories": terms.scope.to_wire(),
        "mode": terms.mode.value,
        "until": terms.until,
        "erase_on": terms.erase_on,
        "frequency": terms.frequency.value,
    }
