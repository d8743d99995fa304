"""Asking at an edge of staff: the offices held now, what they are for, and how a refusal is answered."""

from dataclasses import dataclass
from datetime import date
from urllib.parse import quote

from flask import g, redirect, request
from flask.typing import ResponseReturnValue

from consent.age import japan_day, school_year_of
from consent.offices import duties_of, may_do
from consent.verdict import Denied, public_code
from consent.vocabulary import Duty
from pds.people import service as people
from pds.people.service import Viewer
from pds.school_work.home import Held, held_on
from pds.sharing.asking import answer_refusal, current_node, current_viewer
from pds.sharing.enforcement import Refused
from web.accounts.current import account_in_view, require_account, require_staff, require_stepped_up
from web.context import now, transaction
from web.database import bind_context
from web.problems import wants_page
from web.routes import Rule


@dataclass(frozen=True, slots=True)
class Desk:
    """Who of the staff is asking: offices and duties of today, and the school year they belong to."""

    viewer: Viewer
    name: str
    held: tuple[Held, ...]
    duties: frozenset[Duty]
    today: date
    school_year: int


def current_desk() -> Desk:
    """Return the desk of whoever is signed in; the transaction sees the enrolments of their organisations."""
    viewer = current_viewer()
    bind_context(transaction(), person=viewer.person)
    if "desk" not in g:
        today = japan_day(now())
        g.desk = Desk(
            viewer,
            people.staff_name(transaction(), viewer.person) or "",
            held_on(viewer.offices, viewer.actor.roles, today),
            duties_of(viewer.actor, now(), current_node().policy),
            today,
            school_year_of(today),
        )
    desk: Desk = g.desk
    return desk


def desk_in_view() -> Desk | None:
    """Return the desk if this request has asked for it; pages without one (errors, sign-in) show no staff sections."""
    desk: Desk | None = g.get("desk")
    return desk if account_in_view() is not None else None


def require_duty(*duties: Duty, fresh: bool = False) -> Rule:
    """Return the rule of routes that belong to one of some duties: an office held today that has it.

    With `fresh` the person must have proved anew who they are; a form sent too late leads there and back to its page.
    """

    def check() -> ResponseReturnValue | None:
        answer = require_staff()
        if answer is not None:
            return answer
        actor, policy = current_viewer().actor, current_node().policy
        verdicts = [may_do(actor, duty, now(), policy) for duty in duties]
        refusals = [verdict for verdict in verdicts if isinstance(verdict, Denied)]
        if len(refusals) == len(verdicts):
            raise answer_refusal(Refused(refusals[0].code, public_code(refusals[0])))
        answer = _require_fresh() if fresh else None
        if answer is None:
            current_desk()
        return answer

    return check


def require_desk(*, fresh: bool = False) -> Rule:
    """Return the rule of routes about one child: staff at their desk. Their office is asked for behind it.

    A refusal by the rule alone would leave no entry in the child's log.
    """

    def check() -> ResponseReturnValue | None:
        answer = require_staff() or (_require_fresh() if fresh else None)
        if answer is None:
            current_desk()
        return answer

    return check


def require_fresh_staff() -> ResponseReturnValue | None:
    """Rule `staff:fresh`: staff who proved anew who they are; what they may do is decided, and logged, by the view."""
    return require_staff() or _require_fresh()


def _require_fresh() -> ResponseReturnValue | None:
    if require_account().is_stepped_up(now()) or not wants_page():
        return require_stepped_up()
    return redirect(f"/confirm?next={quote(request.full_path.rstrip('?'))}", 303)
