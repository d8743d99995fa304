"""The published prefectures: 47 of them, and two forms of the map without overlap."""

from aggregator.plans.model import Level
from aggregator.query.areas import grids, prefecture_of, prefectures
from web.ruby import strip_readings


def test_there_are_47_prefectures_in_the_order_of_their_codes() -> None:
    assert list(prefectures()) == [f"{number:02d}" for number in range(1, 48)]
    names = [strip_readings(one.name) for one in prefectures().values()]
    assert (names[0], names[12], names[26], names[46]) == ("北海道", "東京都", "大阪府", "沖縄県")
    assert all(name.startswith(one.short) for name, one in zip(names, prefectures().values(), strict=True))
    assert all("《" in one.name and one.english.isascii() for one in prefectures().values())


def test_no_two_tiles_stand_on_one_place_and_none_stands_outside() -> None:
    for grid, form in zip(grids(), ("wide", "narrow"), strict=True):
        tiles = [getattr(one, form) for one in prefectures().values()]
        assert len({(tile.column, tile.row) for tile in tiles}) == 47
        assert all(0 <= tile.column < grid.columns and 0 <= tile.row < grid.rows for tile in tiles)


def test_the_map_lies_like_the_country() -> None:
    of = prefectures()
    north = [of[code].wide.row for code in ("01", "02", "04", "13", "46", "47")]
    west = [of[code].wide.column for code in ("42", "34", "27", "13")]
    assert north == sorted(north)
    assert west == sorted(west)


def test_establishers_lie_in_the_prefecture_their_code_begins_with() -> None:
    assert prefecture_of(Level.ESTABLISHER, "131016") == "13"
    assert prefecture_of(Level.ESTABLISHER, "27x-private.example") == "27"
    assert prefecture_of(Level.ESTABLISHER, "990001") is None
    assert prefecture_of(Level.NATION, "JP") is None
