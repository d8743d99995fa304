"""What families read about the national count, and what boards and operators read about this node's part in it."""

import logging
from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from pds.look_back.reading import whose
from pds.people.service import KnownChild
from pds.sharing.asking import RecordDamaged, answer_damage, ask, current_node, current_viewer, settle
from pds.sharing.children import list_children
from pds.statistics import queries, seen
from pds.statistics.facts import RecordUnreadable
from pds.statistics.family import is_here, read_own_count
from pds.statistics.seen import SeenPlan
from web.context import transaction
from web.problems import NotFound, answer_problem, reference
from web.routes import declares

logger = logging.getLogger(__name__)
blueprint = Blueprint("statistics", __name__)
answer_damage(blueprint)


@dataclass(frozen=True, slots=True)
class ChildLine:
    """One of the reader's children beside a plan: whether it was enrolled here at the plan's instant."""

    child: KnownChild
    here: bool


@blueprint.get("/statistics")
@declares(requires="signed_in", discloses="none")
def plans() -> ResponseReturnValue:
    """Every plan in plain words, and for each child of the reader whether it is among those looked at."""
    current_viewer()
    session, asking = transaction(), ask()
    known = seen.list_plans(session)
    children = list_children(session, current_node(), asking)
    lines: list[tuple[SeenPlan, tuple[ChildLine, ...]]] = [
        (
            one,
            tuple(ChildLine(child, is_here(session, asking, child.facts.learner, one.plan)) for child in children),
        )
        for one in known
    ]
    session.commit()
    return render_template("statistics/plans.html", plans=lines)


@blueprint.post("/learners/<uuid:learner>/statistics/<digest>")
@declares(requires="signed_in", discloses="guidance")
def counted(learner: UUID, digest: str) -> ResponseReturnValue:
    """What a plan reads of one child: opened through the rules about records, and logged like every read.

    A button and no link, so that nobody opens it, and leaves an entry, by looking ahead.
    """
    session = transaction()
    found = seen.find_plan(session, digest)
    if found is None:
        raise NotFound
    count = settle(read_own_count(session, current_node(), ask(), learner, found.plan))
    parts = () if count.counted is None else count.counted.parts
    names = queries.school_names(session, [part.school for part in parts])
    return render_template(
        "statistics/counted.html", whose=whose(count.child), learner=learner, count=count, seen=found, names=names
    )


@blueprint.errorhandler(RecordUnreadable)
def answer_unreadable(error: RecordUnreadable) -> ResponseReturnValue:
    """Answer a record that does not open as every page of the record does."""
    logger.error("%s a record is damaged", reference(), exc_info=error)
    return answer_problem(RecordDamaged())


@blueprint.get("/statistics/rounds")
@declares(requires="duty:statistics", discloses="none")
def rounds() -> ResponseReturnValue:
    """Which rounds there are, where this node's part in each is, and what to do about a problem. No figures."""
    return render_template("statistics/rounds.html", rounds=seen.list_rounds(transaction()))
