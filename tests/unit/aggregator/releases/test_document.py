"""A release's bytes: one spelling, the same however often they are made, read back by the interface."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction

from aggregator.estimation.cells import summed_cells
from aggregator.estimation.opened import Opened
from aggregator.plans.cells import level_cells
from aggregator.plans.document import Level
from aggregator.plans.shipped import shipped_plan
from aggregator.privacy.distribution import Noise
from aggregator.query.release import read_edition
from aggregator.releases.document import CarriedOut, Reported, build
from trust.framing import canonical_json

PLAN = shipped_plan("absence-2025")
ROUND = CarriedOut("r", "main", "servers", 3, b"o", b"c", b"s", datetime(2026, 11, 20, 6, 0, tzinfo=UTC))
REPORTED = (
    Reported(Level.NATION, "JP", 3, None, None),
    Reported(Level.PREFECTURE, "13", 2, None, None),
    Reported(Level.PREFECTURE, "47", 1, None, "below_floor"),
    Reported(Level.ESTABLISHER, "131016", 1, "ちよだ \"区\" の\\教育委員会", None),
    Reported(Level.ESTABLISHER, "13x-a.node", 1, "a", None),
    Reported(Level.ESTABLISHER, "471011", 1, None, "split"),
)  # fmt: skip


def opened(shift: int = 0) -> list[Opened]:
    noise = {Level.ESTABLISHER: Noise(Fraction(222)), Level.PREFECTURE: Noise(Fraction(278), 2)}
    return [
        Opened(
            one.level, one.area, tuple(37 * at % 400 - 5 + shift for at in range(len(level_cells(PLAN, one.level)))),
            noise.get(one.level, Noise(Fraction(1113), 2)),
        )
        for one in REPORTED
        if one.withheld is None
    ]  # fmt: skip


def test_a_release_stands_in_the_one_spelling_of_canonical_json() -> None:
    raw = build(PLAN, ROUND, REPORTED, opened())
    assert canonical_json(json.loads(raw)) == raw
    figures = json.loads(raw)["figures"]
    assert len(figures) == sum(
        len(level_cells(PLAN, one.level)) + len(summed_cells(PLAN, one.level)) for one in REPORTED
    )
    assert json.loads(raw)["sums"].keys() == {"nation", "prefecture"}
    shut = [one for one in figures if one["area"] in ("47", "471011")]
    assert {one["status"] for one in shut} == {"withheld:below_floor", "withheld:split"}
    assert all(one["value"] is None and one["measured"] is None for one in shut)


def test_the_same_totals_give_the_same_bytes_and_others_give_others() -> None:
    raw = build(PLAN, ROUND, REPORTED, opened())
    assert build(PLAN, ROUND, REPORTED, opened()) == raw
    assert build(PLAN, ROUND, REPORTED, opened(1)) != raw
    assert build(PLAN, replace(ROUND, closing=b"d"), REPORTED, opened()) != raw


def test_the_interface_reads_what_was_written() -> None:
    edition = read_edition(build(PLAN, ROUND, REPORTED, opened()))
    assert (edition.round_id, edition.kind, edition.noise, edition.reporting) == ("r", "main", "servers", 3)
    assert edition.areas[Level.ESTABLISHER]["131016"].name == REPORTED[3].name
    assert edition.figures[Level.PREFECTURE, "grade_sex"]["47"][0].withheld == "below_floor"
    first = edition.figures[Level.NATION, "grade_sex"]["JP"][0]
    assert (first.measured, first.sigma_squared) == (-5, "2226")
