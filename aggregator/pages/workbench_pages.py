"""The workbench: a form that works by plain links, chart, tile map, table, and the way to take all of it along."""

from dataclasses import dataclass
from urllib.parse import parse_qsl

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from aggregator.pages import bench as benches
from aggregator.pages.bench import Bench
from aggregator.pages.chart import Chart, draw_chart
from aggregator.pages.saying import bare_area, bare_code
from aggregator.pages.tile_map import TileMap, draw_map
from aggregator.plans.model import Level, Table
from aggregator.query import queries
from aggregator.query.answers import cite, permanent_link
from aggregator.query.areas import prefectures
from aggregator.query.errors import NothingReleased, QuestionRefused
from aggregator.query.selection import Selection, read_selection, shorten
from aggregator.query.service import open_edition
from web.context import transaction
from web.i18n import Locale, current_view, say_plain
from web.routes import declares
from web.ruby import strip_readings

blueprint = Blueprint("national_workbench", __name__)


@dataclass(frozen=True, slots=True)
class Tab:
    """A way to another level of the same release."""

    level: Level
    address: str
    here: bool


@dataclass(frozen=True, slots=True)
class TableTab:
    """A way to another table of the same level."""

    table: Table
    address: str
    here: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """A select of the form: its name, its options with plain labels, and what is chosen."""

    name: str
    label: str
    options: tuple[tuple[str, str], ...]
    chosen: str


@blueprint.get("/workbench")
@declares(requires="anyone", discloses="none")
def workbench() -> ResponseReturnValue:
    """One question with its answer. Whatever is asked less exactly is sent on to the address that says all of it."""
    asked = [(name, value) for name, value in request.args.items(multi=True) if name != "page"]
    try:
        edition = open_edition(transaction(), request.args.get("release"))
    except NothingReleased:
        return render_template("national/nothing_yet.html", signed_in=False)
    if not any(name == "level" and value for name, value in asked):
        asked.append(("level", Level.PREFECTURE.value))
    settled = benches.settle(read_selection(edition, asked))
    page = _page(request.args.get("page", "1"))
    exact = benches.address(settled, page)
    if parse_qsl(request.query_string.decode("utf-8", "replace")) != parse_qsl(exact.partition("?")[2]):
        return redirect(exact, 302)
    bench = benches.lay_out(settled, page)
    return render_template(
        "national/workbench.html",
        bench=bench,
        chart=chart_of(bench),
        tiles=map_of(bench),
        tabs=_tabs(settled),
        tables=_tables(settled),
        choices=_choices(bench),
        all_areas=benches.of_all_areas(settled) if settled.level is not Level.NATION else None,
        previous=benches.address(settled, bench.page - 1) if bench.page > 1 else None,
        following=benches.address(settled, bench.page + 1) if bench.page < bench.pages else None,
        csv=permanent_link(settled, format="csv", bom="yes"),
        json=permanent_link(settled, format="json"),
        citation=cite(edition),
        releases=queries.list_releases(transaction()),
    )


def chart_of(bench: Bench) -> Chart:
    """Return the chart of a bench: areas as single lines, cells in groups with a shape for each last code."""
    if bench.by_area:
        labels = [("", bare_area(row.area)) for row in bench.rows]
        return draw_chart(bench.rows, labels, ())
    dimensions = bench.selection.table.dimensions
    names = [
        [bare_code(name, code) for name, code in zip(dimensions, row.figure.cell, strict=True)] for row in bench.rows
    ]
    if len(dimensions) == 1:
        return draw_chart(bench.rows, [("", name[0]) for name in names], ())
    shaped = dict.fromkeys(name[-1] for name in names)
    return draw_chart(bench.rows, [(" ".join(name[:-1]), name[-1]) for name in names], tuple(shaped))


def map_of(bench: Bench) -> TileMap | None:
    """Return the tile map where the question has one: one cell of all prefectures."""
    return draw_map(bench.map_rows) if bench.map_rows and not bench.selection.prefecture else None


def _page(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= 100_000:
        raise QuestionRefused(place="page", value=shorten(text), known="1, 2, 3, …")
    return int(text)


def _tabs(settled: Selection) -> tuple[Tab, ...]:
    return tuple(
        Tab(level, benches.address(benches.of_level(settled, level)), level is settled.level)
        for level in Level
        if settled.edition.tables.get(level)
    )


def _tables(settled: Selection) -> tuple[TableTab, ...]:
    """Return the tables of a level, where there is more than one to choose from."""
    tables = settled.edition.tables[settled.level]
    if len(tables) < 2:
        return ()
    return tuple(
        TableTab(one, benches.address(benches.of_table(settled, one)), one.id == settled.table.id) for one in tables
    )


def _choices(bench: Bench) -> tuple[Choice, ...]:
    """Return the selects of the form: which area, then each dimension of the table in its order."""
    settled, english = bench.selection, current_view().locale is Locale.EN
    choices: list[Choice] = []
    if settled.level is Level.PREFECTURE:
        options = [("", say_plain("All prefectures"))]
        options += [(area.code, bare_area(area)) for area in settled.edition.areas[settled.level].values()]
        choices.append(Choice("area", say_plain("Area"), tuple(options), settled.areas[0] if settled.areas else ""))
    elif settled.level is Level.ESTABLISHER and bench.by_area:
        options = [("", say_plain("All prefectures"))]
        options += [(code, one.english if english else strip_readings(one.name)) for code, one in prefectures().items()]
        choices.append(Choice("prefecture", say_plain("In which prefecture"), tuple(options), settled.prefecture or ""))
    for name in settled.table.dimensions:
        every = [] if bench.by_area else [("", say_plain("All"))]
        known = [(code, bare_code(name, code)) for code in settled.edition.dimensions[name].codes]
        chosen = settled.codes.get(name, ("",))
        choices.append(Choice(name, "", tuple(every + known), chosen[0] if len(chosen) == 1 else ""))
    return tuple(choices)
