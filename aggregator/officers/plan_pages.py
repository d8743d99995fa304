"""The officers' desk: plans to propose, to look at before anything is spent, to approve or to put away."""

from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from aggregator.ledger import service as ledger
from aggregator.officers import service
from aggregator.officers.asking import current_official
from aggregator.officers.budget import year_of
from aggregator.officers.round_pages import possible_kinds, shown_rounds
from aggregator.officers.service import OfficerRole
from aggregator.plans.document import PlanRefused
from aggregator.plans.model import MAX_PLAN
from aggregator.plans.planner import TableTooNoisy, outlook
from aggregator.plans.shipped import SHIPPED, shipped_plan
from aggregator.plans_kept import service as plans
from aggregator.plans_kept.service import APPROVALS, ApprovalRefused, Kept, PlanState, PlanTaken
from aggregator.rounds.ground import current_aggregator, ring
from trust.errors import N_, ManabiError
from web.context import now, transaction
from web.forms import explain
from web.i18n import say
from web.notices import leave_notice
from web.problems import BadRequest, NotFound
from web.routes import declares

blueprint = Blueprint("officers", __name__, url_prefix="/officers")


@dataclass(frozen=True, slots=True)
class Decision:
    """What an officer may do about a plan, and who did what so far."""

    kept: Kept
    proposed_by: str
    approved_by: tuple[str, ...]
    missing: int
    may_approve: bool
    may_decline: bool


@blueprint.get("")
@declares(requires="officers:desk", discloses="none")
def home() -> ResponseReturnValue:
    """What waits for somebody, and every plan with how far it has come."""
    return render_template(
        "officers/home.html",
        decisions=[_decision(one) for one in plans.every(transaction())],
        may_propose=current_official().role is not OfficerRole.OPERATOR,
    )


@blueprint.get("/plans/propose")
@declares(requires="officers:propose", discloses="none")
def show_propose() -> ResponseReturnValue:
    """Choose a shipped plan or hand in a document."""
    return _propose_page(None)


@blueprint.post("/plans/propose")
@declares(requires="officers:propose", discloses="none", max_body=2 * MAX_PLAN)
def propose() -> ResponseReturnValue:
    """Keep a plan as a draft, or say what has to be mended and where."""
    raw = _handed_in()
    if raw is None:
        return _propose_page(say(N_("Choose a plan that is shipped, or a file.")))
    try:
        kept = plans.propose(transaction(), current_aggregator(), raw, current_official().officer_id, now())
    except (PlanRefused, PlanTaken) as refused:
        return _propose_page(explain(refused))
    transaction().commit()
    leave_notice("officers.proposed")
    return redirect(_address(kept), 303)


@blueprint.get("/plans/<digest>")
@declares(requires="officers:desk", discloses="none")
def plan(digest: str) -> ResponseReturnValue:
    """One plan: what it would give, what it costs, what is left, who has approved it."""
    return _plan_page(plans.find(transaction(), _digest(digest)), None)


@blueprint.get("/plans/<digest>/decide")
@declares(requires="officers:decide:fresh", discloses="none")
def show_decide(digest: str) -> ResponseReturnValue:
    """Check before deciding: what is approved is exactly these bytes."""
    kept = plans.find(transaction(), _digest(digest))
    if not _decision(kept).may_decline:
        return redirect(_address(kept), 303)
    return render_template("officers/decide.html", decision=_decision(kept), plan=kept.plan, error=None)


@blueprint.post("/plans/<digest>/decide")
@declares(requires="officers:decide:fresh", discloses="none")
def decide(digest: str) -> ResponseReturnValue:
    """Count the approval or put the draft away; the second approval reserves, signs and hands the plan over."""
    name, answer = _digest(digest), request.form.get("answer")
    try:
        if answer == "approve":
            kept = plans.approve(transaction(), current_aggregator(), name, current_official().officer_id, now())
        elif answer == "decline":
            kept = plans.decline(transaction(), name)
        else:
            raise BadRequest
    except (ApprovalRefused, TableTooNoisy, ledger.BudgetExceeded, PlanRefused) as refused:
        transaction().rollback()
        return _plan_page(plans.find(transaction(), name), refused)
    transaction().commit()
    if kept.state is PlanState.APPROVED:
        ring()
    leave_notice(
        {
            PlanState.APPROVED: "officers.approved",
            PlanState.DRAFT: "officers.approval_counted",
            PlanState.DECLINED: "officers.declined",
        }[kept.state]
    )
    return redirect(_address(kept), 303)


def _handed_in() -> bytes | None:
    upload, chosen = request.files.get("file"), request.form.get("shipped", "")
    if upload is not None and upload.filename:
        return upload.stream.read(MAX_PLAN + 1)
    return shipped_plan(chosen).to_bytes() if chosen in SHIPPED else None


def _propose_page(error: Markup | None) -> ResponseReturnValue:
    shipped = [shipped_plan(name) for name in SHIPPED]
    return render_template("officers/propose.html", shipped=shipped, error=error), 422 if error else 200


def _plan_page(kept: Kept, refused: ManabiError | None) -> ResponseReturnValue:
    page = render_template(
        "officers/plan.html",
        decision=_decision(kept),
        plan=kept.plan,
        outlook=outlook(kept.plan),
        year=year_of(kept.plan),
        rounds=shown_rounds(kept.plan),
        may_open=_may_open(kept),
        error=None if refused is None else explain(refused),
    )
    return page, 200 if refused is None else refused.status


def _may_open(kept: Kept) -> bool:
    officer = current_official().role is OfficerRole.OFFICER
    return officer and kept.state is PlanState.APPROVED and bool(possible_kinds(kept.plan))


def _decision(kept: Kept) -> Decision:
    official = current_official()
    known = service.names(transaction(), [*kept.approvals, *([kept.proposed_by] if kept.proposed_by else [])])
    draft = kept.state is PlanState.DRAFT and official.role is OfficerRole.OFFICER
    return Decision(
        kept,
        known.get(kept.proposed_by, "") if kept.proposed_by else "",
        tuple(known.get(one, "") for one in kept.approvals),
        APPROVALS - len(kept.approvals),
        draft and official.officer_id not in kept.approvals,
        draft,
    )


def _digest(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise NotFound from error


def _address(kept: Kept) -> str:
    return f"/officers/plans/{kept.plan.digest.hex()}"
