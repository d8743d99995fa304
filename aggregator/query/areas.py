"""The 47 prefectures as published data: standard codes, names, and where each tile of the map stands."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from aggregator.plans.document import Level

NATION = "JP"
"""The one area of the level of the nation."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A place on the tile map: column 0 is west, row 0 is north."""

    column: int
    row: int


@dataclass(frozen=True, slots=True)
class Grid:
    """Columns and rows of one form of the map; from ``inset_row`` on it shows the western part apart."""

    columns: int
    rows: int
    inset_row: int | None


@dataclass(frozen=True, slots=True)
class Prefecture:
    """A prefecture: JIS X 0401 code, name with its reading (東京都《とうきょうと》), short name for a tile, English."""

    code: str
    name: str
    short: str
    english: str
    wide: Tile
    narrow: Tile


@cache
def prefectures() -> dict[str, Prefecture]:
    """Return the 47 prefectures by code, in the order of the codes."""
    return {
        one["code"]: Prefecture(
            one["code"], one["name"], one["short"], one["english"], Tile(**one["tile"]), Tile(**one["narrow_tile"])
        )
        for one in _document()["prefectures"]
    }


@cache
def grids() -> tuple[Grid, Grid]:
    """Return the wide form of the map and the narrow one, for a phone."""
    wide, narrow = _document()["tiles"]["wide"], _document()["tiles"]["narrow"]
    return (
        Grid(wide["columns"], wide["rows"], None),
        Grid(narrow["columns"], narrow["rows"], narrow["western_from_row"]),
    )


def prefecture_of(level: Level, area: str) -> str | None:
    """Return the prefecture that an area lies in: board codes and strata begin with its two digits."""
    if level is Level.NATION:
        return None
    return area[:2] if area[:2] in prefectures() else None


@cache
def _document() -> dict[str, Any]:
    text = (files("api_specs") / "areas" / "prefectures.json").read_text("utf-8")
    document: dict[str, Any] = json.loads(text)
    return document
