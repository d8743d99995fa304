"""Asking at the edge of granting: a request as it stands for whoever is signed in, and a fresh proof of who that is."""

from dataclasses import dataclass
from urllib.parse import quote
from uuid import UUID

from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue

from consent.vocabulary import ActorKind
from pds.granting import drafts
from pds.granting.choices import Choice
from pds.granting.showing import Asker, find_asker
from pds.look_back.reading import whose
from pds.people import service as people
from pds.people.service import KnownChild
from pds.sharing import deciding
from pds.sharing.asking import ask, current_node, current_viewer, settle
from pds.sharing.enforcement import Refused
from pds.sharing.requests import RequestView
from trust.errors import ManabiError
from trust.registry import Registry
from web.accounts.current import require_account, require_family, require_stepped_up
from web.context import now, transaction
from web.participants.service import current_registry
from web.problems import NotFound, wants_page


@dataclass(frozen=True, slots=True)
class Opened:
    """A request before somebody of the family: what is asked, about whom, by whom, and what they ticked so far."""

    view: RequestView
    child: KnownChild
    asker: Asker
    choice: Choice


def open_request(learner: UUID, request_id: UUID) -> Opened:
    """Decide whether the reader may see a request, note that it was seen, and return it; raises what they are told."""
    outcome = deciding.look(transaction(), current_node(), ask(), learner, request_id)
    found = None
    if not isinstance(outcome, Refused):
        child = people.find_child(transaction(), current_node(), learner)
        asker = find_asker(outcome.recipient, registry_in_force())
        person = current_viewer().person
        choice = drafts.find_draft(transaction(), current_node(), learner, request_id, person)
        found = None if child is None else Opened(outcome, child, asker, choice)
    settle(outcome)
    if found is None:
        raise NotFound
    return found


def registry_in_force() -> Registry | None:
    """Return the registry of participants, or None where there is none to rely on; the pages then say less."""
    try:
        return current_registry(transaction(), current_node(), now())
    except ManabiError:
        return None


def step_up() -> str:
    """Say how the person proved who they are: as what the account signs in, and when it was last proved."""
    account = require_account()
    return f"{account.kind.value} session, proved {account.stepped_up_at.isoformat(timespec='seconds')}"


def require_fresh_family() -> ResponseReturnValue | None:
    """Rule `family:fresh`: a child's or carer's account that proved anew who is asking.

    A form that is sent too late leads there and back to the page it stood on.
    """
    answer = require_family()
    if answer is not None:
        return answer
    if require_account().is_stepped_up(now()) or not wants_page():
        return require_stepped_up()
    return redirect(f"/confirm?next={quote(request.full_path.rstrip('?'))}", 303)


def draw(template: str, child: KnownChild, **context: object) -> str:
    """Draw a page about one child."""
    return render_template(
        f"granting/{template}", whose=whose(child), learner=child.facts.learner, reader=_reader(child), **context
    )


def _reader(child: KnownChild) -> str:
    """Tell whether the page is read by the child itself, to whom it speaks of itself."""
    viewer = current_viewer()
    return "child" if viewer.actor.kind is ActorKind.LEARNER else "carer"
