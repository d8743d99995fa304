"""The tile map: every prefecture one tile of the same size, so that a small one is as easy to read as a large one.

Its number stands in each tile; the shade repeats it in five steps of equal width. A tile without a usable figure is
hatched and says why. The wide form lies like the country; the narrow one, for a phone, puts the west below the rest.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from aggregator.pages.bench import Row
from aggregator.query.areas import Grid, Prefecture, Tile, grids, prefectures

CLASSES = 5


@dataclass(frozen=True, slots=True)
class MapTile:
    """A tile: its prefecture, its figure if the release has one, and its shade from 1 to 5, or None."""

    prefecture: Prefecture
    row: Row | None
    shade: int | None


@dataclass(frozen=True, slots=True)
class Shade:
    """A step of the legend: from ``low`` to ``high``, both included."""

    number: int
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class TileMap:
    """All 47 tiles and the legend."""

    tiles: tuple[MapTile, ...]
    shades: tuple[Shade, ...]
    wide: Grid
    narrow: Grid

    def place(self, tile: MapTile, narrow: bool) -> Tile:
        """Return where a tile stands on one of the two forms."""
        return tile.prefecture.narrow if narrow else tile.prefecture.wide


def draw_map(rows: Sequence[Row]) -> TileMap:
    """Return the map of one cell of all prefectures; one without a row is a tile that says that nobody reported."""
    by_code = {row.area.code: row for row in rows}
    values = [row.figure.value for row in rows if row.figure.usable and row.figure.value is not None]
    shades = _shades(values)
    tiles = tuple(
        MapTile(prefecture, row, _shade(row, shades))
        for code, prefecture in prefectures().items()
        for row in (by_code.get(code),)
    )
    wide, narrow = grids()
    return TileMap(tiles, shades, wide, narrow)


def _shades(values: Sequence[int]) -> tuple[Shade, ...]:
    """Return steps of equal width from the least to the greatest usable value; fewer where they lie close."""
    if not values:
        return ()
    low, high = min(values), max(values)
    count = min(CLASSES, high - low + 1)
    bounds = [low + (high - low + 1) * index // count for index in range(count + 1)]
    return tuple(Shade(index + 1, bounds[index], bounds[index + 1] - 1) for index in range(count))


def _shade(row: Row | None, shades: Sequence[Shade]) -> int | None:
    if row is None or not row.figure.usable or row.figure.value is None:
        return None
    return next(one.number for one in shades if one.low <= row.figure.value <= one.high)
