"""Answers: the release's own numbers, JSON and CSV alike, harmless in a spreadsheet, never of two releases."""

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.query.answers import BOM, answer_csv, answer_json, cite, harmless
from aggregator.query.release import Edition, read_edition
from aggregator.query.schemas import FiguresAnswer
from aggregator.query.selection import read_selection
from aggregator.query.service import Shelf
from tests.factories.release import BELOW_FLOOR, make_release
from trust.framing import canonical_json

MADE = make_release(4)
EDITION = read_edition(MADE.raw)
NUMBERS = ("value", "half_width", "measured", "coverage", "sigma_squared", "status", "area", "level")


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize(
    ("level", "table"),
    [("nation", "grade_sex"), ("nation", "stage"), ("prefecture", "grade_sex"), ("prefecture", "stage"),
     ("establisher", "stage")],
)  # fmt: skip
def test_json_and_csv_hold_what_the_release_holds(level: str, table: str) -> None:
    selection = read_selection(EDITION, [("level", level), ("table", table)])
    published = [one for one in MADE.document["figures"] if (one["level"], one["table"]) == (level, table)]
    answer, found = answer_json(selection), rows_of(answer_csv(selection))
    assert answer["total"] == len(answer["figures"]) == len(found) == len(published)
    for one, row, raw in zip(answer["figures"], found, published, strict=True):
        assert {name: one[name] for name in NUMBERS} == {name: raw[name] for name in NUMBERS}
        assert list(one["codes"].values()) == raw["cell"]
        written = {name: "" if raw[name] is None else str(raw[name]) for name in NUMBERS}
        assert {name: row[name] for name in NUMBERS} == written
        assert (row["low_95"], row["high_95"]) == tuple(
            "" if raw[one] is None else str(raw[one]) for one in ("low", "high")
        )
        assert row["release_digest"] == EDITION.digest
        assert row["method_version"] == "1"
        assert row["citation"] == cite(EDITION)


def test_the_answer_fits_its_description() -> None:
    answer = answer_json(read_selection(EDITION, [("level", "prefecture"), ("area", BELOW_FLOOR), ("area", "13")]))
    assert FiguresAnswer().validate(json.loads(json.dumps(answer))) == {}


def test_standard_codes_and_names_stand_beside_every_figure() -> None:
    row = rows_of(answer_csv(read_selection(EDITION, [("level", "establisher")])))[0]
    assert (row["area"][:2], row["prefecture"], row["area_name_ja"]) == ("01", "01", "みらい市")
    row = rows_of(answer_csv(read_selection(EDITION, [("level", "prefecture"), ("area", "13")])))[0]
    assert (row["area"], row["area_name_ja"], row["area_name_en"], row["reporting_nodes"]) == (
        "13",
        "東京都",
        "Tokyo",
        "2",
    )


@given(st.integers(0, 200), st.integers(1, 40))
@settings(max_examples=40, deadline=None)
def test_parts_of_an_answer_put_together_are_the_answer(offset: int, limit: int) -> None:
    selection = read_selection(EDITION, [("level", "establisher")])
    whole = answer_json(selection)["figures"]
    assert answer_json(selection, offset, limit)["figures"] == whole[offset : offset + limit]
    assert len(rows_of(answer_csv(selection, offset, limit))) == len(whole[offset : offset + limit])


@given(st.text(max_size=30))
@settings(max_examples=200, deadline=None)
def test_no_text_reaches_a_spreadsheet_as_a_formula(text: str) -> None:
    safe = harmless(text)
    assert safe.lstrip()[:1] not in set("=+-@＝＋－＠")
    assert safe[:1] not in set("\t\r\n") or not text
    assert safe in (text, f"'{text}")


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "＝1"])
def test_a_name_that_looks_like_a_formula_is_defused_in_the_table(name: str) -> None:
    edition = renamed(name)
    row = rows_of(answer_csv(read_selection(edition, [("level", "establisher")])))[0]
    assert row["area_name_ja"] == f"'{name}"
    assert answer_json(read_selection(edition, [("level", "establisher")]))["figures"][0]["area_name"]["ja"] == name


def test_a_byte_order_mark_is_one_character_before_the_table() -> None:
    assert (BOM + "level").encode()[:3] == b"\xef\xbb\xbf"


def test_an_answer_never_mixes_releases() -> None:
    editions = [read_edition(make_release(seed).raw) for seed in (5, 6)]
    answers = [answer_json(read_selection(one, [("level", "nation")])) for one in editions]
    assert answers[0]["release"]["digest"] != answers[1]["release"]["digest"]
    own = [
        {id(figure) for areas in one.figures.values() for cells in areas.values() for figure in cells}
        for one in editions
    ]
    for one, ids in zip(editions, own, strict=True):
        assert {id(figure) for figure in read_selection(one, []).figures()} <= ids
    assert not own[0] & own[1]


def test_the_shelf_keeps_the_last_few_releases_under_their_digests() -> None:
    shelf, editions = Shelf(room=2), [read_edition(make_release(seed, establishers=3).raw) for seed in (7, 8, 9)]
    for one in editions[:2]:
        shelf.put(one)
    assert shelf.take(editions[0].digest) is editions[0]
    shelf.put(editions[2])
    assert [shelf.take(one.digest) for one in editions] == [editions[0], None, editions[2]]


def test_a_document_of_another_form_is_not_read() -> None:
    with pytest.raises(ValueError, match="manabi-release/1"):
        read_edition(b'{"format":"something/1"}')


def renamed(name: str) -> Edition:
    document: dict[str, Any] = json.loads(MADE.raw)
    next(one for one in document["areas"] if one["level"] == "establisher")["name"] = name
    return read_edition(canonical_json(document))
