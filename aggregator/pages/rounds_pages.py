"""Rounds in public: what is being collected, how far it is, who reported, and what was withheld and why."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from aggregator.pages import queries
from aggregator.pages.queries import Round
from aggregator.pages.saying import bare_area
from aggregator.plans.model import Level
from aggregator.query.release import Area
from trust.errors import N_
from web.context import transaction
from web.dates import say_moment
from web.i18n import say
from web.problems import NotFound
from web.routes import declares

blueprint = Blueprint("national_rounds", __name__)

STEPS = (
    ("collecting", N_("Nodes report"), N_("Each node counts its own children and sends two halves of no meaning.")),
    ("closed", N_("The list is closed"), N_("Both servers sign which reports count. The rest waits for a supplement.")),
    ("opened", N_("Totals are opened"), N_("Each total is put together once, with its noise already in it.")),
    ("released", N_("Figures are published"), N_("The figures stand for ever under one digest.")),
)  # fmt: skip
KINDS = {
    "main": N_("Main round"),
    "supplement": N_("Supplement for nodes that were late"),
    "repeat": N_("Repeated round"),
}
NOISES = {
    "servers": N_("each of the two servers adds the whole noise"),
    "committee": N_("a committee drawn from all nodes adds the noise"),
    "fallback": N_("no full committee answered, so each server added the whole noise"),
}
_REACHED = {"open": 0, "collecting": 0, "closing": 1, "closed": 1, "opened": 2, "released": 3}


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a round, in words."""

    title: Markup
    text: Markup | str
    state: str


@blueprint.get("/rounds")
@declares(requires="anyone", discloses="none")
def rounds() -> ResponseReturnValue:
    """Every round, the newest first."""
    return render_template("national/rounds.html", rounds=queries.list_rounds(transaction()), kinds=KINDS)


@blueprint.get("/rounds/<uuid:round_id>")
@declares(requires="anyone", discloses="none")
def one_round(round_id: UUID) -> ResponseReturnValue:
    """One round: where it stands, who reported, what is withheld."""
    found = queries.find_round(transaction(), round_id)
    if found is None:
        raise NotFound
    withheld = [
        (Level(one.level), bare_area(Area(Level(one.level), one.area, 0, None)), one.reason)
        for one in queries.withheld_totals(transaction(), round_id)
    ]
    return render_template(
        "national/round.html", round=found, steps_done=_steps(found), withheld=withheld, kinds=KINDS, noises=NOISES
    )


def _steps(found: Round) -> list[Step]:
    reached = _REACHED[found.state]
    moments: dict[str, datetime | None] = {
        "closed": found.closed_at, "opened": found.opened_at, "released": found.released_at,
    }  # fmt: skip
    steps = []
    for index, (name, title, text) in enumerate(STEPS):
        done = index < reached or found.state == "released"
        state = "completed" if done else "reached" if index == reached else "coming"
        moment = moments.get(name)
        steps.append(Step(say(title), say_moment(moment) if moment and done else say(text), state))
    return steps
