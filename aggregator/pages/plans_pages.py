"""Collection plans in public: each on one page for families, in plain words, and on one for specialists."""

from flask import Blueprint, Response, render_template
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from aggregator.plans.codes import fact_words
from aggregator.plans.model import Fact
from aggregator.plans.planner import outlook
from aggregator.plans_kept import service as plans
from aggregator.plans_kept.service import Kept, PlanUnknown
from web.context import transaction
from web.i18n import current_view, show_text
from web.routes import declares

blueprint = Blueprint("national_plans", __name__, url_prefix="/plans")


@blueprint.get("")
@declares(requires="anyone", discloses="none")
def every_plan() -> ResponseReturnValue:
    """Every approved plan."""
    return render_template("national/plans.html", plans=plans.approved(transaction()))


@blueprint.get("/<plan_id>")
@declares(requires="anyone", discloses="none")
def for_families(plan_id: str) -> ResponseReturnValue:
    """What is counted of a child, what leaves the node and what does not, for whoever is asked about it at home."""
    return render_template("national/plan_families.html", plan=_approved(plan_id).plan)


@blueprint.get("/<plan_id>/details")
@declares(requires="anyone", discloses="none")
def for_specialists(plan_id: str) -> ResponseReturnValue:
    """Cells, noise, cost and expected intervals, and the signed document itself."""
    kept = _approved(plan_id)
    return render_template("national/plan_details.html", kept=kept, plan=kept.plan, outlook=outlook(kept.plan))


@blueprint.get("/<plan_id>.json")
@declares(requires="anyone", discloses="none")
def document(plan_id: str) -> ResponseReturnValue:
    """The canonical bytes, whose SHA-256 is the plan's name."""
    return Response(_approved(plan_id).plan.to_bytes(), mimetype="application/json")


def say_fact(fact: Fact) -> Markup:
    """Return what is counted, in words. Templates know it as `fact_sentence`."""
    return show_text(fact_words()[fact.kind].in_language(current_view().locale) % {"at_least": fact.at_least})


def _approved(plan_id: str) -> Kept:
    for one in plans.approved(transaction()):
        if one.plan.plan_id == plan_id:
            return one
    raise PlanUnknown()
