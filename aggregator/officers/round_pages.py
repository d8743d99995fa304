"""The officers' desk: a round is opened and closed here, each after a look at what it costs and what has come in."""

from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from aggregator.ledger.balance import BudgetExceeded
from aggregator.officers.asking import current_official
from aggregator.officers.budget import year_of
from aggregator.officers.service import OfficerRole
from aggregator.plans.model import Plan
from aggregator.plans_kept import service as plans
from aggregator.rounds import service as rounds
from aggregator.rounds.errors import RoundNotNow
from aggregator.rounds.ground import current_aggregator, ring
from aggregator.rounds.service import RoundKind, RoundState, RoundView
from trust.errors import N_, ManabiError
from web.context import now, transaction
from web.forms import explain
from web.notices import leave_notice
from web.problems import BadRequest, NotFound
from web.routes import declares

blueprint = Blueprint("officer_rounds", __name__, url_prefix="/officers")

KINDS = {
    RoundKind.MAIN: N_("Main round"),
    RoundKind.SUPPLEMENT: N_("Supplement for nodes that were late"),
    RoundKind.REPEAT: N_("Repeated round"),
}
COSTS = {
    RoundKind.MAIN: N_("Spends the units that were set aside for the plan."),
    RoundKind.SUPPLEMENT: N_("Only nodes that were in no earlier round; no child of it was counted, so it is free."),
    RoundKind.REPEAT: N_("Charged to every child again, on top of what was spent."),
}  # fmt: skip
STATES = {
    RoundState.OPEN: N_("Being agreed with the other server"),
    RoundState.COLLECTING: N_("Nodes report"),
    RoundState.CLOSING: N_("The list is being closed"),
    RoundState.CLOSED: N_("Closed; noise and totals are being made"),
    RoundState.OPENED: N_("Opened; the release is being made"),
    RoundState.RELEASED: N_("Published"),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A round with its words, and what an officer may do about it."""

    view: RoundView
    kind: str
    state: str
    may_close: bool


def shown_rounds(plan: Plan) -> list[Shown]:
    """Return the rounds of a plan, the newest first."""
    return [_shown(one) for one in rounds.list_rounds(transaction(), plan.digest)]


def possible_kinds(plan: Plan) -> list[RoundKind]:
    """Return the kinds of round that may be opened now: none while one runs, the main round first, others after it."""
    known = rounds.list_rounds(transaction(), plan.digest)
    if any(one.closed_at is None for one in known):
        return []
    return [RoundKind.SUPPLEMENT, RoundKind.REPEAT] if known else [RoundKind.MAIN]


@blueprint.get("/plans/<digest>/round")
@declares(requires="officers:decide:fresh", discloses="none")
def show_open(digest: str) -> ResponseReturnValue:
    """Check before opening a round: kind, cost, dates."""
    return _open_page(_approved(digest), None)


@blueprint.post("/plans/<digest>/round")
@declares(requires="officers:decide:fresh", discloses="none")
def open_round(digest: str) -> ResponseReturnValue:
    """Open a round of an approved plan; both servers then agree on its announcement."""
    plan, kind = _approved(digest), request.form.get("kind", "")
    if kind not in list(RoundKind):
        raise BadRequest
    try:
        round_id = rounds.open_round(transaction(), current_aggregator(), plan, RoundKind(kind), now())
    except (RoundNotNow, BudgetExceeded) as refused:
        transaction().rollback()
        return _open_page(plan, refused)
    transaction().commit()
    ring()
    leave_notice("officers.round_opened")
    return redirect(f"/officers/rounds/{round_id}", 303)


@blueprint.get("/rounds/<uuid:round_id>")
@declares(requires="officers:desk", discloses="none")
def show_round(round_id: UUID) -> ResponseReturnValue:
    """How far a round is, who has reported, and why a step is being tried again."""
    return _round_page(round_id, "officers/round.html", None)


@blueprint.get("/rounds/<uuid:round_id>/close")
@declares(requires="officers:decide:fresh", discloses="none")
def show_close(round_id: UUID) -> ResponseReturnValue:
    """Check before closing a round ahead of its time."""
    return _round_page(round_id, "officers/close.html", None)


@blueprint.post("/rounds/<uuid:round_id>/close")
@declares(requires="officers:decide:fresh", discloses="none")
def close_round(round_id: UUID) -> ResponseReturnValue:
    """Order the end of collecting."""
    try:
        rounds.close_round(transaction(), current_aggregator(), round_id, now())
    except RoundNotNow as refused:
        transaction().rollback()
        return _round_page(round_id, "officers/round.html", refused)
    transaction().commit()
    ring()
    leave_notice("officers.round_closing")
    return redirect(f"/officers/rounds/{round_id}", 303)


def _open_page(plan: Plan, refused: ManabiError | None) -> ResponseReturnValue:
    page = render_template(
        "officers/open.html",
        plan=plan,
        kinds=[(one, KINDS[one], COSTS[one]) for one in possible_kinds(plan)],
        year=year_of(plan),
        error=None if refused is None else explain(refused),
    )
    return page, 200 if refused is None else refused.status


def _round_page(round_id: UUID, template: str, refused: ManabiError | None) -> ResponseReturnValue:
    view = rounds.find_round(transaction(), round_id)
    page = render_template(
        template,
        shown=_shown(view),
        plan=plans.plan_of(transaction(), view.plan_digest),
        nodes=rounds.reported_nodes(transaction(), round_id),
        error=None if refused is None else explain(refused),
    )
    return page, 200 if refused is None else refused.status


def _shown(view: RoundView) -> Shown:
    officer = current_official().role is OfficerRole.OFFICER
    may_close = officer and view.announced and view.state is RoundState.COLLECTING
    return Shown(view, KINDS[view.kind], STATES[view.state], may_close)


def _approved(digest: str) -> Plan:
    try:
        kept = plans.find(transaction(), bytes.fromhex(digest))
    except ValueError as error:
        raise NotFound from error
    if kept.state is not plans.PlanState.APPROVED:
        raise NotFound
    return kept.plan
