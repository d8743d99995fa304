"""Asking at an edge: who is signed in, the circumstances of the read, and how a refusal is answered.

Pages and interfaces of every room use this. A view asks enforcement within `transaction()` and passes what comes back
through `settle`, which commits, refused or not, since a refusal is an entry as well; only then it answers.
"""

import logging
from typing import TypeVar

from flask import Blueprint, Flask, Response, current_app, g
from markupsafe import Markup

from consent.verdict import DenialCode, Denied
from consent.vocabulary import ActorKind
from consent.wording import tell_next_step
from pds.access_log.entries import Purpose
from pds.node import Node
from pds.people import service as people
from pds.people.service import Viewer
from pds.sharing.enforcement import Asking, Refused
from trust.errors import N_, ManabiError
from trust.sealing import SealBroken
from trust.signing import SignatureRefused
from web.accounts.current import require_account
from web.context import now, transaction
from web.i18n import current_view, show_text
from web.problems import answer_problem, reference, wants_page
from web.ruby import strip_readings

logger = logging.getLogger("pds.sharing")

_NODE = "manabi.node"
Outcome = TypeVar("Outcome")


class NothingHere(ManabiError):
    """404: no such child, or none this account may know of. All of these are answered alike."""

    code = "sharing.nothing_here"
    status = 404
    title = N_("There is no record here that you can see.")
    remedy = N_("%(next_step)s")


class NotOpen(ManabiError):
    """403: a record this account knows of and may not open."""

    code = "sharing.not_open"
    status = 403
    title = N_("You cannot see this record.")
    remedy = N_("%(next_step)s")


class RecordDamaged(ManabiError):
    """409: what is stored is not what the school signed and sealed for this child, so nothing of it is shown."""

    code = "sharing.record_damaged"
    status = 409
    title = N_("This record is not as the school signed it, so it is not shown.")
    remedy = N_("Tell the contact below the reference number. The school's own record is not affected.")


def keep_node(app: Flask, node: Node) -> None:
    """Let the edges of an application find its node."""
    app.extensions[_NODE] = node


def current_node() -> Node:
    """Return the node of the running application."""
    node: Node = current_app.extensions[_NODE]
    return node


def current_viewer() -> Viewer:
    """Return the person who is signed in, as the rules know them. Asked for again within a request it costs nothing.

    Raises `SignInNeeded`, or `NothingHere` for an account whose person is no longer known.
    """
    if "viewer" not in g:
        g.viewer = people.viewer_for(transaction(), require_account().subject)
    viewer: Viewer | None = g.viewer
    if viewer is None:
        raise answer_refusal(Refused(DenialCode.UNKNOWN_CHILD, DenialCode.NOTHING_HERE))
    return viewer


def ask() -> Asking:
    """Return the circumstances of this request's reads: families look back, staff do the work of their school."""
    viewer = current_viewer()
    purpose = Purpose.SCHOOL_WORK if viewer.actor.kind is ActorKind.STAFF else Purpose.LOOK_BACK
    return Asking(viewer, purpose, now(), reference())


def settle(outcome: Outcome | Refused) -> Outcome:
    """Commit the decision with its entry, then return what was opened, or raise what the person refused is told."""
    transaction().commit()
    if isinstance(outcome, Refused):
        raise answer_refusal(outcome)
    return outcome


def answer_damage(blueprint: Blueprint) -> None:
    """Let a blueprint's routes answer a broken seal or signature in words; the operator's log has the details."""

    def answer(error: Exception) -> Response:
        logger.error("%s a record is damaged", reference(), exc_info=error)
        return answer_problem(RecordDamaged())

    for kind in (SealBroken, SignatureRefused):
        blueprint.register_error_handler(kind, answer)


def answer_refusal(refused: Refused) -> ManabiError:
    """Return the error that tells a person what was refused, in the words of the rules and no more than these allow."""
    text = tell_next_step(Denied(refused.shown)).say(current_view().locale)
    words: Markup | str = show_text(text) if wants_page() else strip_readings(text)
    kind = NothingHere if refused.shown is DenialCode.NOTHING_HERE else NotOpen
    return kind(next_step=words)
