"""Answers to a question: JSON for programs, CSV for a spreadsheet. Both say which release and method they come from."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlencode

from aggregator.plans.model import Level
from aggregator.query.areas import prefecture_of, prefectures
from aggregator.query.release import Area, Edition, Figure
from aggregator.query.selection import Selection
from web.ruby import strip_readings

ADDRESS = "/data/v1/figures"
BOM = "\ufeff"
NATION_NAMES = ("全国", "Japan")
_FORMULA = frozenset("=+-@\t\r\n＝＋－＠")
"""Characters at which a spreadsheet takes a text for a formula, in full width as well (Japanese editions)."""


def cite(edition: Edition) -> str:
    """Return how the figures are quoted: what, of which year, from which release, made by which method."""
    return (
        f"{strip_readings(edition.title.ja)}. {edition.plan_id} v{edition.plan_version}, "
        f"release sha256:{edition.digest}, method {edition.method}"
    )


def permanent_link(selection: Selection, **more: str) -> str:
    """Return the address under which this very question is answered for ever, as a path."""
    return f"{ADDRESS}?{urlencode(selection.to_query() + list(more.items()))}"


def area_names(area: Area) -> tuple[str, str]:
    """Return an area's name in Japanese and in English; where the release has no name, the code stands for it."""
    if area.level is Level.NATION:
        return NATION_NAMES
    known = prefectures().get(area.code) if area.level is Level.PREFECTURE else None
    if known is not None:
        return strip_readings(known.name), known.english
    name = area.name or area.code
    return name, name


def describe_edition(edition: Edition) -> dict[str, Any]:
    """Return what every answer says of its release."""
    return {
        "digest": edition.digest,
        "method": edition.method,
        "plan": {"id": edition.plan_id, "version": edition.plan_version, "digest": edition.plan_digest},
        "title": {"ja": strip_readings(edition.title.ja), "en": edition.title.en},
        "school_year": edition.school_year,
        "attributed_at": edition.attributed_at.isoformat(),
        "round": {"id": edition.round_id, "kind": edition.kind, "noise": edition.noise, "nodes": edition.reporting},
        "released_at": edition.released_at.isoformat(),
        "citation": cite(edition),
    }


def describe_figure(figure: Figure, area: Area, dimensions: Sequence[str]) -> dict[str, Any]:
    """Return one figure as the release has it, with the codes and names of its area beside it."""
    ja, en = area_names(area)
    return {
        "level": figure.level.value,
        "area": figure.area,
        "area_name": {"ja": ja, "en": en},
        "prefecture": prefecture_of(figure.level, figure.area),
        "reporting_nodes": area.nodes,
        "table": figure.table,
        "codes": dict(zip(dimensions, figure.cell, strict=True)),
        "status": figure.status,
        "value": figure.value,
        "low": figure.low,
        "high": figure.high,
        "half_width": figure.half_width,
        "coverage": figure.coverage,
        "measured": figure.measured,
        "sigma_squared": figure.sigma_squared,
    }


def answer_json(selection: Selection, offset: int = 0, limit: int | None = None) -> dict[str, Any]:
    """Return the answer as JSON; `total` counts all figures of the question, of which `figures` shows a part."""
    rows = list(selection.figures())
    known = selection.edition.areas[selection.level]
    shown = rows[offset:] if limit is None else rows[offset : offset + limit]
    return {
        "release": describe_edition(selection.edition),
        "level": selection.level.value,
        "table": selection.table.id,
        "dimensions": list(selection.table.dimensions),
        "permanent_link": permanent_link(selection, format="json"),
        "total": len(rows),
        "offset": offset,
        "figures": [describe_figure(one, known[one.area], selection.table.dimensions) for one in shown],
    }


def answer_csv(selection: Selection, offset: int = 0, limit: int | None = None) -> str:
    """Return the answer as CSV (RFC 4180): one row per figure, codes and names as texts, numbers as they are."""
    edition, dimensions = selection.edition, selection.table.dimensions
    columns = [
        "level", "area", "area_name_ja", "area_name_en", "prefecture", *dimensions, "status", "value", "low_95",
        "high_95", "half_width", "coverage", "measured", "sigma_squared", "reporting_nodes", "table", "school_year",
        "method_version", "release_digest", "citation",
    ]  # fmt: skip
    known, tail = edition.areas[selection.level], (edition.school_year, edition.method, edition.digest, cite(edition))
    rows = list(selection.figures())
    rows = rows[offset:] if limit is None else rows[offset : offset + limit]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows(_rows(rows, known, tail))
    return out.getvalue()


def _rows(figures: Iterable[Figure], known: Any, tail: Sequence[object]) -> Iterable[list[object]]:
    for one in figures:
        area = known[one.area]
        ja, en = area_names(area)
        yield [
            one.level.value, harmless(one.area), harmless(ja), harmless(en),
            harmless(prefecture_of(one.level, one.area) or ""), *map(harmless, one.cell), harmless(one.status),
            one.value, one.low, one.high, one.half_width, one.coverage, one.measured, one.sigma_squared, area.nodes,
            harmless(one.table), *(harmless(value) if isinstance(value, str) else value for value in tail),
        ]  # fmt: skip


def harmless(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: an apostrophe goes before what would begin one."""
    return f"'{text}" if text and (text[0] in _FORMULA or text.lstrip()[:1] in _FORMULA) else text
