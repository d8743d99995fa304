"""The family's pages of a request: who asks for what, what is inside, check and decide, what was decided.

Choices are kept in a sealed draft between the steps, so that a look inside, a change of language or a day of thought
costs nothing; an address names ids alone. Whatever is posted is met with what was asked before it counts.
"""

from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from consent.age import japan_day
from consent.scope import Terms
from consent.vocabulary import Category, Channel
from consent.wording import label
from pds.granting import drafts
from pds.granting.asking import Opened, draw, open_request, step_up
from pds.granting.choices import Choice, kept_terms, last_day_of, read_choice, say_sum
from pds.granting.documents import show_copy, show_disclosed
from pds.granting.done import build_done
from pds.granting.showing import address_of, ask_question, build_request, may_decide
from pds.granting.wording import Passage, Wording, word
from pds.look_back.saying import say_part
from pds.look_back.words import Sentence
from pds.sharing import deciding, receipts, reviews
from pds.sharing.asking import answer_damage, ask, current_node, current_viewer, settle
from trust.errors import N_
from web.context import now, transaction
from web.notices import leave_notice
from web.problems import BadRequest, NotFound
from web.routes import declares

blueprint = Blueprint("granting", __name__, url_prefix="/learners/<uuid:learner>/requests/<uuid:request_id>")
answer_damage(blueprint)


@dataclass(frozen=True, slots=True)
class CheckPage:
    """What stands before a decider: the words, their version, and whether there is anything to share."""

    address: str
    sum: Sentence
    passages: tuple[Passage, ...]
    version: str
    may_share: bool
    changed: bool


@blueprint.get("")
@declares(requires="family", discloses="any")
def show_request(learner: UUID, request_id: UUID) -> ResponseReturnValue:
    """The page of a request, with what the reader ticked so far."""
    opened = open_request(learner, request_id)
    return _request_page(opened, opened.choice, {})


@blueprint.post("")
@declares(requires="family", discloses="any")
def choose(learner: UUID, request_id: UUID) -> ResponseReturnValue:
    """Keep the choices and go where the button leads: inside a category, to what the law moves, on, or home."""
    opened = open_request(learner, request_id)
    step, address = request.form.get("step", ""), address_of(opened.view)
    choice, errors = opened.choice, dict[str, Sentence]()
    if _may_answer(opened):
        offered = opened.view.choosable.categories
        choice, errors = read_choice(request.form.getlist, opened.view.offered, offered, japan_day(now()))
        person = current_viewer().person
        drafts.save_draft(transaction(), current_node(), learner, request_id, person, choice, now())
        transaction().commit()
    match step.split(":"):
        case ["look", category] if category in opened.view.choosable.categories:
            return redirect(f"{address}/preview/{category}", 303)
        case ["statutory"]:
            return redirect(f"{address}/statutory", 303)
        case ["later"]:
            leave_notice("granting.kept")
            return redirect("/", 303)
        case ["check"] if errors:
            return _request_page(opened, choice, errors)
        case ["check"]:
            return redirect(f"{address}/check", 303)
    raise BadRequest


@blueprint.get("/preview/<category>")
@declares(requires="family", discloses="any")
def preview(learner: UUID, request_id: UUID, category: str) -> ResponseReturnValue:
    """What the school would get of one category, one document on a page, made of the very bytes."""
    opened = open_request(learner, request_id)
    if category not in opened.view.choosable.categories:
        raise NotFound
    wanted = Category(category)
    copies = settle(deciding.preview(transaction(), current_node(), ask(), learner, request_id, wanted, None))
    number = min(max(request.args.get("page", 1, int), 1), max(len(copies), 1))
    return draw(
        "preview.html",
        opened.child,
        asker=opened.asker,
        address=address_of(opened.view),
        category=wanted,
        label=label(wanted),
        shown=show_copy(copies[number - 1], number) if copies else None,
        number=number,
        total=len(copies),
    )


@blueprint.get("/statutory")
@declares(requires="family", discloses="any")
def statutory(learner: UUID, request_id: UUID) -> ResponseReturnValue:
    """What the law moves, as far as the reader may see it, and the reader's comment."""
    return _statutory_page(open_request(learner, request_id), {}, None)


@blueprint.post("/statutory")
@declares(requires="family", discloses="none")
def comment(learner: UUID, request_id: UUID) -> ResponseReturnValue:
    """Keep a comment that goes along, or note that the reader has read everything."""
    opened = open_request(learner, request_id)
    address = address_of(opened.view)
    if request.form.get("step") == "seen":
        settle(reviews.mark_seen(transaction(), current_node(), ask(), learner, request_id))
        leave_notice("granting.seen")
        return redirect(address, 303)
    text = request.form.get("comment", "").replace("\r\n", "\n").strip()
    objects = request.form.get("objects") == "yes"
    error = _fault_of_comment(text)
    if error is not None:
        return _statutory_page(opened, {"comment": say_part(error)}, text)
    settle(reviews.comment(transaction(), current_node(), ask(), learner, request_id, text, objects=objects))
    leave_notice("granting.commented")
    return redirect(f"{address}/statutory", 303)


@blueprint.get("/check")
@declares(requires="family:fresh", discloses="none")
def check(learner: UUID, request_id: UUID) -> ResponseReturnValue:
    """Check answers: what was chosen and what follows from each answer."""
    opened = open_request(learner, request_id)
    if not _may_answer(opened):
        return redirect(address_of(opened.view), 303)
    return _check_page(opened, changed=False)


@blueprint.post("/check")
@declares(requires="family:fresh", discloses="none")
def decide(learner: UUID, request_id: UUID) -> ResponseReturnValue:
    """Take the answer, if the words on the page are still the words of today."""
    opened = open_request(learner, request_id)
    if not _may_answer(opened):
        return redirect(address_of(opened.view), 303)
    wording, kept = _words_of(opened)
    if request.form.get("shown") != wording.shown.version:
        return _check_page(opened, changed=True), 409
    answer = request.form.get("answer")
    if answer not in ("share", "refuse") or (answer == "share" and kept is None):
        raise BadRequest
    outcome = deciding.answer(
        transaction(),
        current_node(),
        ask(),
        learner,
        request_id,
        kept=kept if answer == "share" else None,
        comment=opened.choice.comment,
        channel=Channel.ONLINE,
        shown=wording.shown,
        step_up=step_up(),
    )
    drafts.drop_draft(transaction(), learner, request_id, current_viewer().person)
    settle(outcome)
    return redirect(f"{address_of(opened.view)}/done", 303)


@blueprint.get("/done")
@declares(requires="family", discloses="none")
def done(learner: UUID, request_id: UUID) -> ResponseReturnValue:
    """What was decided, what happens next, and the receipt."""
    notes = receipts.list_for(transaction(), current_node(), ask(), learner)
    opened = open_request(learner, request_id)
    page = build_done(opened.view, opened.asker, settle(notes), current_viewer().person)
    if page is None:
        return redirect(address_of(opened.view), 303)
    return draw("done.html", opened.child, page=page)


def _request_page(opened: Opened, choice: Choice, errors: dict[str, Sentence]) -> ResponseReturnValue:
    actor, policy = current_viewer().actor, current_node().policy
    page = build_request(opened.view, opened.child, opened.asker, choice, actor, policy, now())
    said = {name: say_part(sentence) for name, sentence in errors.items()}
    return draw("request.html", opened.child, page=page, errors=said), 422 if errors else 200


def _check_page(opened: Opened, *, changed: bool) -> str:
    wording, kept = _words_of(opened)
    page = CheckPage(
        address_of(opened.view),
        say_sum(kept, len(opened.view.choosable.categories)),
        wording.passages,
        wording.shown.version,
        kept is not None,
        changed,
    )
    return draw("check.html", opened.child, page=page)


def _words_of(opened: Opened) -> tuple[Wording, Terms | None]:
    person, policy = current_viewer().person, current_node().policy
    question = ask_question(opened.view, opened.child, opened.asker, opened.choice, person, policy, now())
    return word(question), kept_terms(opened.choice, opened.view.offered, opened.view.choosable.categories)


def _may_answer(opened: Opened) -> bool:
    return may_decide(opened.view, current_viewer().person)


def _statutory_page(opened: Opened, errors: dict[str, Markup], written: str | None) -> ResponseReturnValue:
    learner, request_id = opened.view.learner, opened.view.request_id
    found = settle(reviews.read_statutory(transaction(), current_node(), ask(), learner, request_id))
    page = draw(
        "statutory.html",
        opened.child,
        address=address_of(opened.view),
        asker=opened.asker,
        copies=[show_disclosed(one, number) for number, one in enumerate(found.records, start=1)],
        closed=[label(category) for category in found.unopened],
        longest=reviews.LONGEST_COMMENT,
        until=last_day_of(found.review_until),
        review=found,
        comment=found.comment or "" if written is None else written,
        errors=errors,
    )
    return page, 422 if errors else 200


def _fault_of_comment(text: str) -> Sentence | None:
    if not text:
        return Sentence(N_("Write your comment, or press “I have read it”."))
    if len(text) > reviews.LONGEST_COMMENT:
        return Sentence(N_("Write at most %(most)s characters."), {"most": reviews.LONGEST_COMMENT})
    return None
