"""The first page of the national side: three questions, each with its chart, then everything that was published."""

from dataclasses import dataclass
from math import prod

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from aggregator.pages import bench as benches
from aggregator.pages.workbench_pages import chart_of, map_of
from aggregator.plans.model import Level
from aggregator.query import queries
from aggregator.query.answers import cite
from aggregator.query.errors import NothingReleased
from aggregator.query.release import Edition
from aggregator.query.selection import Selection
from aggregator.query.service import open_edition
from web.accounts.current import current_account
from web.context import transaction
from web.routes import declares

blueprint = Blueprint("national_start", __name__)


@dataclass(frozen=True, slots=True)
class Precision:
    """How far a level can be trusted: how many of its figures may be quoted, and how wide their intervals are."""

    level: Level
    areas: int
    usable: int
    all: int
    half_width: int | None

    @property
    def percent(self) -> int:
        """Share of figures that may be quoted, rounded down: it is never said to be better than it is."""
        return 100 * self.usable // self.all if self.all else 0


@blueprint.get("/")
@declares(requires="anyone", discloses="none")
def start() -> ResponseReturnValue:
    """The first page."""
    try:
        edition = open_edition(transaction(), None)
    except NothingReleased:
        return render_template("national/nothing_yet.html", signed_in=current_account() is not None)
    nation = benches.lay_out(_plain(edition, Level.NATION)) if edition.tables.get(Level.NATION) else None
    country = benches.lay_out(_coarsest(edition, Level.PREFECTURE)) if edition.tables.get(Level.PREFECTURE) else None
    whole = benches.lay_out(_coarsest(edition, Level.NATION)) if nation else None
    return render_template(
        "national/start.html",
        signed_in=current_account() is not None,
        edition=edition,
        whole=whole,
        nation=nation,
        nation_chart=chart_of(nation) if nation else None,
        country=country,
        tiles=map_of(country) if country else None,
        precision=[_precision(edition, level) for level in Level if edition.tables.get(level)],
        releases=queries.list_releases(transaction()),
        citation=cite(edition),
    )


def _plain(edition: Edition, level: Level) -> Selection:
    return benches.settle(Selection(edition, level, edition.tables[level][0]))


def _coarsest(edition: Edition, level: Level) -> Selection:
    """Return the question to a level's table with the fewest cells: what is asked first."""
    tables = edition.tables[level]
    few = min(tables, key=lambda one: prod(len(edition.dimensions[name].codes) for name in one.dimensions))
    return benches.settle(Selection(edition, level, few))


def _precision(edition: Edition, level: Level) -> Precision:
    figures = [one for key, areas in edition.figures.items() if key[0] is level for of in areas.values() for one in of]
    widths = [one.half_width for one in figures if one.half_width is not None]
    return Precision(
        level,
        len(edition.areas[level]),
        sum(one.usable for one in figures),
        len(figures),
        max(widths, default=None),
    )
