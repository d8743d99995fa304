"""The workbench brings a question into one of two shapes; chart and map draw exactly what stands in the table."""

from dataclasses import replace
from itertools import pairwise
from urllib.parse import parse_qsl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.pages.bench import PAGE_SIZE, Bench, Row, address, lay_out, of_all_areas, of_area, of_level, settle
from aggregator.pages.chart import draw_chart
from aggregator.pages.tile_map import draw_map
from aggregator.plans.model import Level
from aggregator.query.release import read_edition
from aggregator.query.selection import Selection, read_selection
from tests.factories.release import BELOW_FLOOR, make_release

EDITION = read_edition(make_release(1).raw)
MANY = read_edition(make_release(2, establishers=230).raw)


def question(*pairs: tuple[str, str]) -> Selection:
    return read_selection(EDITION, list(pairs))


def bench(*pairs: tuple[str, str]) -> Bench:
    return lay_out(settle(question(*pairs)))


def test_many_areas_are_compared_by_one_cell_and_unasked_by_the_fullest_one() -> None:
    shown = bench(("level", "prefecture"))
    assert shown.by_area
    assert len(shown.rows) == 47
    cells = {row.figure.cell for row in shown.rows}
    assert len(cells) == 1
    assert next(iter(cells))[0] == "J3"


def test_one_area_is_shown_by_all_its_cells_in_the_plans_order() -> None:
    shown = bench(("level", "prefecture"), ("area", "13"))
    assert not shown.by_area
    assert [row.figure.cell[0] for row in shown.rows][::3] == ["P1", "P2", "P3", "P4", "P5", "P6", "J1", "J2", "J3"]
    assert [row.figure.cell[1] for row in shown.rows][:3] == ["male", "female", "unspecified"]


def test_the_nation_is_one_area_however_it_is_asked() -> None:
    assert settle(question(("level", "nation"), ("area", "JP"), ("search", "x"))) == settle(
        question(("level", "nation"))
    )


@given(
    st.sampled_from(["nation", "prefecture", "establisher"]),
    st.sampled_from(["", "01", "13"]),
    st.sampled_from(["", "みらい"]),
)
@settings(max_examples=40, deadline=None)
def test_settling_twice_settles_nothing_more_and_the_address_leads_back(
    level: str, prefecture: str, search: str
) -> None:
    settled = settle(question(("level", level), ("prefecture", prefecture), ("search", search)))
    assert settle(settled) == settled
    asked = parse_qsl(address(settled).partition("?")[2])
    assert settle(read_selection(EDITION, asked)) == settled


def test_the_sentence_on_the_noise_has_the_true_half_widths_of_what_is_shown() -> None:
    for level in ("nation", "prefecture", "establisher"):
        shown = bench(("level", level))
        widths = {row.figure.half_width for row in shown.rows} - {None}
        assert shown.spread == (min(w for w in widths if w), max(w for w in widths if w))


def test_withheld_and_noisy_figures_are_counted() -> None:
    shown = bench(("level", "prefecture"))
    assert shown.withheld == 1
    assert shown.usable + shown.too_noisy + shown.withheld == 47
    assert next(row for row in shown.rows if row.figure.withheld).area.code == BELOW_FLOOR


def test_reporting_nodes_are_those_behind_what_is_shown() -> None:
    assert bench(("level", "nation")).reporting == 101
    assert bench(("level", "prefecture"), ("area", "13")).reporting == EDITION.areas[Level.PREFECTURE]["13"].nodes == 2


def test_establishers_are_paged_without_loss_or_repetition() -> None:
    settled = settle(read_selection(MANY, [("level", "establisher")]))
    pages = lay_out(settled).pages
    codes = [row.area.code for page in range(1, pages + 1) for row in lay_out(settled, page).rows]
    assert pages == -(-230 // PAGE_SIZE)
    assert codes == sorted(MANY.areas[Level.ESTABLISHER])
    assert lay_out(settled, 99).page == pages


def test_from_every_question_a_way_leads_to_other_levels_areas_and_back() -> None:
    one = settle(of_area(settle(question(("level", "prefecture"))), "13"))
    assert one.areas == ("13",)
    assert of_all_areas(one).areas == ()
    assert {of_level(one, level).level for level in Level} == set(Level)


@pytest.mark.parametrize("level", ["nation", "prefecture", "establisher"])
def test_the_chart_holds_every_row_on_one_scale(level: str) -> None:
    rows = bench(("level", level)).rows
    chart = draw_chart(rows, [("", row.area.code) for row in rows], ())
    marks = [mark for group in chart.groups for mark in group.marks]
    assert [mark.row for mark in marks] == list(rows)
    end = chart.ticks[-1].value
    for mark in marks:
        if mark.at is None or mark.low is None or mark.high is None:
            assert mark.row.figure.withheld
            continue
        assert 0 <= mark.low <= mark.high <= 100
        assert mark.row.figure.high is not None
        assert mark.high == pytest.approx(100 * mark.row.figure.high / end, abs=0.001)


def test_each_sex_has_a_shape_of_its_own() -> None:
    rows = bench(("level", "nation")).rows
    chart = draw_chart(
        rows, [(row.figure.cell[0], row.figure.cell[1]) for row in rows], ("male", "female", "unspecified")
    )
    assert len({shape for _, shape in chart.shapes}) == 3
    assert [group.label for group in chart.groups][:2] == ["P1", "P2"]
    assert all(len(group.marks) == 3 for group in chart.groups)


@given(st.integers(0, 10**9))
@settings(max_examples=60, deadline=None)
def test_the_scale_has_few_round_lines_and_reaches_the_longest_whisker(high: int) -> None:
    row = bench(("level", "nation")).rows[0]
    figure = replace(row.figure, value=high, low=0, high=high)
    chart = draw_chart([Row(row.area, figure)], [("", "x")], ())
    assert 2 <= len(chart.ticks) <= 5
    assert chart.ticks[0].value == 0
    assert chart.ticks[-1].value >= high
    assert all(tick.value == int(tick.value) for tick in chart.ticks)


def test_the_map_has_47_tiles_each_with_its_figure_and_its_step_of_the_legend() -> None:
    shown = bench(("level", "prefecture"))
    drawn = draw_map(shown.map_rows)
    assert len(drawn.tiles) == 47
    steps = {shade.number: shade for shade in drawn.shades}
    for tile in drawn.tiles:
        assert tile.row is not None
        value = tile.row.figure.value
        assert (tile.shade is not None) == tile.row.figure.usable
        if tile.shade is not None and value is not None:
            assert steps[tile.shade].low <= value <= steps[tile.shade].high
    usable = [tile.row.figure.value for tile in drawn.tiles if tile.row and tile.row.figure.usable]
    assert (drawn.shades[0].low, drawn.shades[-1].high) == (min(v for v in usable if v), max(v for v in usable if v))


@given(st.lists(st.integers(0, 10**7), min_size=0, max_size=47))
@settings(max_examples=80, deadline=None)
def test_the_steps_of_the_legend_cover_all_values_without_gap_or_overlap(values: list[int]) -> None:
    rows = bench(("level", "prefecture")).rows
    made = [
        Row(row.area, replace(row.figure, status="ok", value=value)) for row, value in zip(rows, values, strict=False)
    ]
    shades = draw_map(made).shades
    assert bool(shades) == bool(values)
    for one, after in pairwise(shades):
        assert after.low == one.high + 1
    assert all(one.low <= one.high for one in shades)


def test_a_prefecture_without_a_report_is_a_tile_all_the_same() -> None:
    rows = [row for row in bench(("level", "prefecture")).rows if row.area.code != "47"]
    okinawa = next(tile for tile in draw_map(rows).tiles if tile.prefecture.code == "47")
    assert okinawa.row is None
    assert okinawa.shade is None
