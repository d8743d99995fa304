"""Questions to a release: the answer is a part of the release, filters compose, and what is wrong is named."""

from itertools import pairwise
from urllib.parse import parse_qsl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.plans.model import Level
from aggregator.query.answers import permanent_link
from aggregator.query.errors import QuestionRefused, QuestionUnknown
from aggregator.query.release import Edition, Figure, read_edition
from aggregator.query.selection import RESERVED, Selection, read_selection
from tests.factories.release import make_release

MADE = make_release(3)
EDITION = read_edition(MADE.raw)
LEVELS = [level for level in Level if EDITION.tables[level]]


def ask(*pairs: tuple[str, str], edition: Edition = EDITION) -> Selection:
    return read_selection(edition, list(pairs))


def found(*pairs: tuple[str, str]) -> list[Figure]:
    return list(ask(*pairs).figures())


@st.composite
def questions(draw: st.DrawFn) -> list[tuple[str, str]]:
    level = draw(st.sampled_from(LEVELS))
    table = EDITION.tables[level][0]
    pairs = [("level", level.value)]
    pairs += [("area", one) for one in draw(st.lists(st.sampled_from(sorted(EDITION.areas[level])), max_size=3))]
    for name in table.dimensions:
        codes = draw(st.lists(st.sampled_from(EDITION.dimensions[name].codes), max_size=3))
        pairs += [(name, code) for code in codes]
    if draw(st.booleans()):
        pairs.append(("prefecture", draw(st.sampled_from(("01", "13", "47")))))
    return draw(st.permutations(pairs))


@pytest.mark.parametrize("level", LEVELS)
def test_everything_asked_is_everything_the_release_has(level: Level) -> None:
    published = [one for one in MADE.document["figures"] if one["level"] == level]
    tables = [table.id for table in EDITION.tables[level]]
    figures = [one for table in tables for one in found(("level", level.value), ("table", table))]
    published.sort(key=lambda one: tables.index(one["table"]))
    assert len(figures) == len(published) > 0
    for one, raw in zip(figures, published, strict=True):
        shown = {name: getattr(one, name) for name in raw if name not in ("level", "cell")}
        assert shown == {name: raw[name] for name in shown}
        assert (one.level.value, list(one.cell)) == (raw["level"], raw["cell"])


@given(questions())
@settings(max_examples=60, deadline=None)
def test_a_question_only_ever_leaves_figures_out(question: list[tuple[str, str]]) -> None:
    whole = found(*[pair for pair in question if pair[0] == "level"])
    part = found(*question)
    kept = set(map(id, part))
    assert [one for one in whole if id(one) in kept] == part
    selection = ask(*question)
    for one in part:
        codes = dict(zip(selection.table.dimensions, one.cell, strict=True))
        assert all(codes[name] in wanted for name, wanted in selection.codes.items())
        assert not selection.areas or one.area in selection.areas
        assert selection.prefecture is None or one.area[:2] == selection.prefecture


@given(questions(), questions())
@settings(max_examples=60, deadline=None)
def test_filters_compose(first: list[tuple[str, str]], second: list[tuple[str, str]]) -> None:
    level = dict(first)["level"]
    names = {name for name, _ in first}
    added = [pair for pair in second if pair[0] not in names] if dict(second)["level"] == level else []
    alone = {id(one) for one in found(("level", level), *added)}
    assert found(*first, *added) == [one for one in found(*first) if id(one) in alone]


@given(questions())
@settings(max_examples=60, deadline=None)
def test_the_permanent_link_asks_the_same_question(question: list[tuple[str, str]]) -> None:
    selection = ask(*question)
    link = parse_qsl(permanent_link(selection).partition("?")[2])
    assert read_selection(EDITION, link) == selection
    assert ("release", EDITION.digest) in link


@given(questions())
@settings(max_examples=40, deadline=None)
def test_the_order_of_a_question_changes_nothing(question: list[tuple[str, str]]) -> None:
    assert ask(*question) == ask(*reversed(question))


def test_grades_stand_in_the_order_of_the_vocabulary_and_sexes_in_a_fixed_one() -> None:
    figures = found(("level", "nation"), ("sex", "female"), ("sex", "male"))
    assert [one.cell[0] for one in figures[::2]] == ["P1", "P2", "P3", "P4", "P5", "P6", "J1", "J2", "J3"]
    assert {(a.cell[1], b.cell[1]) for a, b in list(pairwise(figures))[::2]} == {("male", "female")}


@pytest.mark.parametrize(
    ("pairs", "place", "value", "known"),
    [
        ([("level", "school")], "level", "school", "nation"),
        ([("level", "prefecture"), ("area", "48")], "area", "48", "47"),
        ([("level", "prefecture"), ("grade", "P7")], "grade", "P7", "J3"),
        ([("level", "prefecture"), ("table", "sex")], "table", "sex", "grade_sex"),
        ([("level", "establisher"), ("prefecture", "00")], "prefecture", "00", "01"),
        ([("level", "nation"), ("level", "prefecture")], "level", "nation + prefecture", "establisher"),
    ],
)
def test_a_value_nobody_knows_is_named_with_its_place_and_what_is_known(
    pairs: list[tuple[str, str]], place: str, value: str, known: str
) -> None:
    with pytest.raises(QuestionRefused) as refused:
        ask(*pairs)
    assert (refused.value.params["place"], refused.value.params["value"]) == (place, value)
    assert known in str(refused.value.params["known"])


def test_a_part_that_nobody_reads_is_refused_instead_of_ignored() -> None:
    with pytest.raises(QuestionUnknown) as refused:
        ask(("level", "establisher"), ("grade", "P1"))
    assert refused.value.params["place"] == "grade"
    assert "stage" in str(refused.value.params["known"])


@given(st.text(min_size=1, max_size=400), st.text(min_size=1, max_size=400))
@settings(max_examples=80, deadline=None)
def test_whatever_is_asked_ends_in_an_answer_or_in_a_short_refusal(name: str, value: str) -> None:
    refusal = ""
    try:
        list(ask((name, value)).figures())
    except (QuestionRefused, QuestionUnknown) as refused:
        refusal = str(refused)
    assert len(refusal) < 2000
    assert refusal or name in RESERVED or not value.strip()


@pytest.mark.parametrize("words", ["みらい", " みらい市 ", "13000", "１３０００"])
def test_an_establisher_is_found_by_a_part_of_its_name_or_code(words: str) -> None:
    areas = ask(("level", "establisher"), ("search", words)).kept_areas()
    assert areas
    assert all("みらい" in (one.name or "") or one.code.startswith("13000") for one in areas)


def test_a_prefecture_is_found_by_its_english_name() -> None:
    assert [one.code for one in ask(("level", "prefecture"), ("search", "hokk")).kept_areas()] == ["01"]


def test_empty_values_of_a_form_ask_nothing() -> None:
    assert ask(("level", "prefecture"), ("area", ""), ("grade", " ")) == ask(("level", "prefecture"))
