"""Answers at the counter and on paper: entered with the family present, checked by a second person, printed.

The sheet that the person reads is drawn in their language from the same words as the page of the online answer, and
those words go with the answer. Neither way offers less.
"""

from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from flask import Blueprint, Response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from consent.age import japan_day, school_year_of
from consent.scope import Terms
from consent.vocabulary import Channel, Text
from pds.granting import drafts, queries
from pds.granting.asking import registry_in_force
from pds.granting.choices import Behalf, Choice, kept_terms, last_day_of, read_choice, say_sum
from pds.granting.counter_list import ADDRESS, address_of, build_list, lines_of, name_of
from pds.granting.scans import ENDINGS, read_scan
from pds.granting.showing import Asker, Offer, ask_question, build_offers, find_asker, purpose_of
from pds.granting.wording import Line, Passage, Wording, word
from pds.look_back.saying import say_part
from pds.look_back.words import Sentence
from pds.people import service as people
from pds.people.details import Name
from pds.people.service import KnownChild
from pds.sharing import counter
from pds.sharing.asking import ask, current_node, current_viewer, settle
from pds.sharing.counter import LARGEST_SCAN, CounterView, Entered, Scan, ScanRefused
from pds.sharing.enforcement import Refused
from trust.errors import N_
from web.context import current_shell, now, transaction
from web.forms import explain
from web.i18n import Locale, View, current_view, use_view
from web.notices import leave_notice
from web.problems import BadRequest, NotFound
from web.routes import declares
from web.ruby import strip_readings

blueprint = Blueprint("granting_counter", __name__, url_prefix=ADDRESS)
_REQUEST = "/<uuid:learner>/<uuid:request_id>"
_FORM_MARGIN = 64 * 1024
_CHANNELS = (Channel.COUNTER, Channel.PAPER)


@dataclass(frozen=True, slots=True)
class AtCounter:
    """A request before an officer: who may decide, by name, what was entered, and the officer's draft."""

    view: CounterView
    child: KnownChild
    asker: Asker
    names: dict[UUID, Name]
    choice: Choice

    @property
    def address(self) -> str:
        """Where an answer to it is entered."""
        return address_of(self.view)


@dataclass(frozen=True, slots=True)
class EnterPage:
    """The form at the counter."""

    address: str
    child: Markup
    asker: Asker
    purpose: Text
    answer_by: date
    asked_until: date
    rows: tuple[Offer, ...]
    deciders: tuple[tuple[str, str], ...]
    decider: str
    channel: Channel
    language: Locale
    last_day: str
    comment: str


@dataclass(frozen=True, slots=True)
class SheetPage:
    """The sheet to read and sign, and what belongs to entering it."""

    address: str
    child: Markup
    issuer: str
    decider_name: Markup
    sum: Sentence
    passages: tuple[Passage, ...]
    version: str
    channel: Channel
    may_share: bool
    changed: bool


@dataclass(frozen=True, slots=True)
class EnteredPage:
    """What was entered, for the second person, and afterwards as the printed receipt."""

    address: str
    child: Markup
    lines: tuple[Line, ...]
    text: str
    locale: str
    scan: str | None


@blueprint.get("/")
@declares(requires="duty:enter_family_decision", discloses="none")
def waiting() -> ResponseReturnValue:
    """What waits: requests without an answer, and answers to be checked."""
    viewer, today = current_viewer(), japan_day(now())
    schools = [role.organisation for role in viewer.actor.roles if role.in_force_on(today)]
    since = school_year_of(today) - 1
    found: list[tuple[KnownChild, CounterView]] = []
    names: dict[UUID, Name] = {}
    for learner in queries.children_asked_for(transaction(), schools, viewer.person, since, now()):
        views = counter.list_requests(transaction(), current_node(), ask(), learner)
        child = people.find_child(transaction(), current_node(), learner)
        if isinstance(views, Refused) or child is None:
            continue
        for view in views:
            found.append((child, view))
            names |= _names(view, child)
    transaction().commit()
    page = build_list(found, names, viewer.person)
    return render_template("granting/counter_list.html", page=page)


@blueprint.get(_REQUEST)
@declares(requires="duty:enter_family_decision", discloses="none")
def enter(learner: UUID, request_id: UUID) -> ResponseReturnValue:
    """The form: whose answer it is, how it is given, and what they choose."""
    at = _open(learner, request_id)
    return _enter_page(at, at.choice, {})


@blueprint.post(_REQUEST)
@declares(requires="duty:enter_family_decision", discloses="none")
def choose(learner: UUID, request_id: UUID) -> ResponseReturnValue:
    """Keep what was chosen, and go on to the sheet."""
    at = _open(learner, request_id)
    offered = at.view.request.choosable.categories
    choice, errors = read_choice(request.form.getlist, at.view.request.offered, offered, japan_day(now()))
    decider = next((one for one in at.names if str(one) == request.form.get("decider")), None)
    channel, locale = request.form.get("channel", ""), request.form.get("sheet_language", "")
    if decider is None or channel not in _CHANNELS or locale not in list(Locale):
        raise BadRequest
    choice = replace(choice, behalf=Behalf(decider, Channel(channel), Locale(locale)))
    person = current_viewer().person
    drafts.save_draft(transaction(), current_node(), learner, request_id, person, choice, now())
    transaction().commit()
    return _enter_page(at, choice, errors) if errors else redirect(f"{at.address}/check", 303)


@blueprint.get(f"{_REQUEST}/check")
@declares(requires="duty:enter_family_decision:fresh", discloses="none")
def check(learner: UUID, request_id: UUID) -> ResponseReturnValue:
    """The sheet that the person reads, and the buttons for what they say."""
    at = _open(learner, request_id)
    return redirect(at.address, 303) if at.choice.behalf is None else _sheet_page(at, at.choice.behalf)


@blueprint.post(f"{_REQUEST}/check")
@declares(requires="duty:enter_family_decision:fresh", discloses="none", max_body=LARGEST_SCAN + _FORM_MARGIN)
def take(learner: UUID, request_id: UUID) -> ResponseReturnValue:
    """Enter the answer; it counts when a second person has checked it."""
    at = _open(learner, request_id)
    behalf = at.choice.behalf
    if behalf is None:
        return redirect(at.address, 303)
    wording, kept = _words_of(at, behalf)
    if request.form.get("shown") != wording.shown.version:
        return _sheet_page(at, behalf, changed=True), 409
    answer = request.form.get("answer")
    if answer not in ("share", "refuse") or (answer == "share" and kept is None):
        raise BadRequest
    try:
        scan = _scan(behalf.channel)
        outcome = counter.enter_decision(
            transaction(),
            current_node(),
            ask(),
            learner,
            request_id,
            behalf.person,
            kept=kept if answer == "share" else None,
            comment=at.choice.comment,
            channel=behalf.channel,
            shown=wording.shown,
            scan=scan,
        )
    except ScanRefused as refused:
        transaction().rollback()
        return _sheet_page(at, behalf, error=explain(refused)), 422
    if not isinstance(outcome, Refused):
        drafts.drop_draft(transaction(), learner, request_id, current_viewer().person)
    settle(outcome)
    leave_notice("granting.entered")
    return redirect(f"{ADDRESS}/", 303)


@blueprint.get(f"{_REQUEST}/<uuid:person>")
@declares(requires="duty:check_family_decision:fresh", discloses="none")
def second(learner: UUID, request_id: UUID, person: UUID) -> ResponseReturnValue:
    """What was entered, for the second person to compare."""
    at = _open(learner, request_id)
    return render_template("granting/counter_second.html", page=_entered_page(at, _entered(at, person)))


@blueprint.post(f"{_REQUEST}/<uuid:person>")
@declares(requires="duty:check_family_decision:fresh", discloses="none")
def confirm(learner: UUID, request_id: UUID, person: UUID) -> ResponseReturnValue:
    """Confirm the entry, which then counts, and show the receipt to print; or take the entry back."""
    at = _open(learner, request_id)
    page = _entered_page(at, _entered(at, person))
    agrees = {"right": True, "wrong": False}.get(request.form.get("outcome", ""))
    if agrees is None:
        raise BadRequest
    outcome = settle(
        counter.check_decision(transaction(), current_node(), ask(), learner, request_id, person, agrees=agrees)
    )
    if outcome is None:
        leave_notice("granting.taken_back")
        return redirect(f"{ADDRESS}/", 303)
    number = Line(Sentence(N_("Reference number")), str(outcome.receipt_id))
    when = Line(Sentence(N_("When")), now())
    page = replace(page, lines=(when, *page.lines, number))
    return render_template("granting/counter_receipt.html", page=page, waits=bool(outcome.waiting_for))


@blueprint.get(f"{_REQUEST}/<uuid:person>/scan")
@declares(requires="duty:check_family_decision:fresh", discloses="none")
def scan(learner: UUID, request_id: UUID, person: UUID) -> ResponseReturnValue:
    """The scanned form, as a file for the second person."""
    found = _entered(_open(learner, request_id), person).scan
    if found is None:
        raise NotFound
    answer = Response(found.content, mimetype=found.media_type)
    answer.headers["Content-Disposition"] = f'attachment; filename="form.{ENDINGS[found.media_type]}"'
    return answer


def _open(learner: UUID, request_id: UUID) -> AtCounter:
    """Decide whether the officer may handle a request, and return it with the names of those who decide."""
    outcome = counter.list_requests(transaction(), current_node(), ask(), learner)
    found = None
    if not isinstance(outcome, Refused):
        view = next((one for one in outcome if one.request.request_id == request_id), None)
        child = people.find_child(transaction(), current_node(), learner)
        if view is not None and child is not None:
            asker = find_asker(view.request.recipient, registry_in_force())
            names = _names(view, child)
            person = current_viewer().person
            choice = drafts.find_draft(transaction(), current_node(), learner, request_id, person)
            found = AtCounter(view, child, asker, names, choice)
    settle(outcome)
    if found is None:
        raise NotFound
    return found


def _names(view: CounterView, child: KnownChild) -> dict[UUID, Name]:
    """Return the names of those who may decide; the officer has just been let in on this child's case."""
    names: dict[UUID, Name] = {}
    for person in sorted(view.deciders):
        if person == child.facts.learner:
            names[person] = child.details.name
        elif (carer := people.carer_details(transaction(), current_node(), person)) is not None:
            names[person] = carer.name
    return names


def _enter_page(at: AtCounter, choice: Choice, errors: dict[str, Sentence]) -> ResponseReturnValue:
    view, policy = at.view.request, current_node().policy
    behalf = choice.behalf
    awaited = [person for person in at.names if person in view.waiting_for]
    page = EnterPage(
        address=at.address,
        child=_name_of(at.child.details.name),
        asker=at.asker,
        purpose=purpose_of(view, policy, now()),
        answer_by=last_day_of(view.expires_at),
        asked_until=last_day_of(view.asked.until),
        rows=build_offers(view, at.child, choice, current_viewer().actor, policy, now()),
        deciders=tuple((str(person), _bare(at.names[person])) for person in awaited),
        decider="" if behalf is None else str(behalf.person),
        channel=Channel.COUNTER if behalf is None else behalf.channel,
        language=Locale.JA if behalf is None else behalf.locale,
        last_day="" if choice.last_day is None else choice.last_day.isoformat(),
        comment=choice.comment,
    )
    said = {name: say_part(sentence) for name, sentence in errors.items()}
    return render_template("granting/counter_enter.html", page=page, errors=said), 422 if errors else 200


def _sheet_page(at: AtCounter, behalf: Behalf, *, changed: bool = False, error: Markup | None = None) -> str:
    """Draw the sheet in the language of the person who decides, on a page in the officer's own."""
    wording, kept = _words_of(at, behalf)
    page = SheetPage(
        address=at.address,
        child=_name_of(at.child.details.name),
        issuer=next((office.organisation_name for office in current_viewer().offices), ""),
        decider_name=_name_of(at.names[behalf.person]),
        sum=say_sum(kept, len(at.view.request.choosable.categories)),
        passages=wording.passages,
        version=wording.shown.version,
        channel=behalf.channel,
        may_share=kept is not None,
        changed=changed,
    )
    before, shell = current_view(), current_shell()
    use_view(_view_for(behalf), shell.catalogues)
    sheet = Markup(render_template("granting/sheet.html", page=page))  # noqa: S704 — drawn by the template engine
    use_view(before, shell.catalogues)
    return render_template(
        "granting/counter_check.html", page=page, sheet=sheet, errors={} if error is None else {"scan": error}
    )


def _words_of(at: AtCounter, behalf: Behalf) -> tuple[Wording, Terms | None]:
    view = at.view.request
    before, shell = current_view(), current_shell()
    use_view(_view_for(behalf), shell.catalogues)
    question = ask_question(view, at.child, at.asker, at.choice, behalf.person, current_node().policy, now())
    wording = word(question)
    use_view(before, shell.catalogues)
    return wording, kept_terms(at.choice, view.offered, view.choosable.categories)


def _view_for(behalf: Behalf) -> View:
    return View(behalf.locale, ruby=behalf.locale is Locale.PLAIN)


def _entered(at: AtCounter, person: UUID) -> Entered:
    found = next((one for one in at.view.entered if one.person == person), None)
    if found is None:
        raise NotFound
    return found


def _entered_page(at: AtCounter, entered: Entered) -> EnteredPage:
    entered_by = people.staff_name(transaction(), entered.entered_by) or "—"
    address = f"{at.address}/{entered.person}"
    return EnteredPage(
        address=address,
        child=_name_of(at.child.details.name),
        lines=lines_of(at.view, entered, name_of(at.names, entered.person), entered_by),
        text=entered.shown.text,
        locale=entered.shown.locale.value,
        scan=None if entered.scan is None else f"{address}/scan",
    )


def _scan(channel: Channel) -> Scan | None:
    upload = request.files.get("scan")
    if channel is not Channel.PAPER:
        return None
    if upload is None or not upload.filename:
        raise ScanRefused(most=LARGEST_SCAN // 1024**2)
    with closing(upload):
        return read_scan(upload.stream)


def _name_of(name: Name) -> Markup:
    return say_part(Text(name.shown, name.shown, name.shown))


def _bare(name: Name) -> str:
    return strip_readings(name.shown)
