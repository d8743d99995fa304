"""Intervals of whole releases hold the truth in 95 of 100 cases, simulated from the plan to the printed figure."""

from collections.abc import Iterator
from fractions import Fraction
from random import Random

import numpy as np

from aggregator.estimation.figures import figures
from aggregator.estimation.opened import Opened
from aggregator.plans.cells import base_cells, level_cells, members, project
from aggregator.plans.model import Level, Plan
from aggregator.plans.sensitivity import sensitivity_squared
from aggregator.plans.shipped import shipped_plan
from aggregator.privacy.accounting import sigma_squared
from aggregator.privacy.distribution import Noise
from aggregator.privacy.mechanisms import draw
from manabi.bench.count_tree import noisy

PLAN = shipped_plan("absence-2025")
COUNTS = (1, 2, 3, 8, 20)
"""Establishers of each prefecture of the made-up nation."""


def noise_of(plan: Plan, level: Level) -> Noise:
    bought = sigma_squared(sensitivity_squared(plan, level), plan.units[level])
    return Noise(bought, 1 if level is Level.ESTABLISHER else 2)


def exact_totals(random: Random) -> Iterator[tuple[Level, str, list[int]]]:
    cells = len(base_cells(PLAN))
    nation = [0] * cells
    for number, count in enumerate(COUNTS, 1):
        total = [0] * cells
        for place in range(count):
            base = [random.randint(0, 60) for _ in range(cells)]
            yield Level.ESTABLISHER, f"{number:02d}{place:04d}", project(PLAN, Level.ESTABLISHER, base)
            total = [one + two for one, two in zip(total, base, strict=True)]
        yield Level.PREFECTURE, f"{number:02d}", project(PLAN, Level.PREFECTURE, total)
        nation = [one + two for one, two in zip(nation, total, strict=True)]
    yield Level.NATION, "JP", project(PLAN, Level.NATION, nation)


def test_released_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """25 rounds, 725 figures at the nation: 93 to 97 % is 2.4 standard errors there, and far more below it."""
    rng = np.random.default_rng(95)
    held: dict[Level, list[bool]] = {level: [] for level in Level}
    place = {level: {cell: at for at, cell in enumerate(level_cells(PLAN, level))} for level in Level}
    parts = dict(zip(level_cells(PLAN, Level.ESTABLISHER), members(PLAN, Level.ESTABLISHER), strict=True))
    for seed in range(25):
        truth = {(level, area): values for level, area, values in exact_totals(Random(seed))}
        opened = []
        for (level, area), values in truth.items():
            noise = noise_of(PLAN, level)
            drawn = noisy(noise, rng.random(len(values))).tolist()
            opened.append(Opened(level, area, tuple(a + b for a, b in zip(values, drawn, strict=True)), noise))
        for one in figures(PLAN, opened, {}):
            assert one.low is not None
            assert one.high is not None
            values = truth[one.level, one.area]
            at = place[one.level].get(one.cell)
            exact = values[at] if at is not None else sum(values[part] for part in parts[one.cell])
            held[one.level].append(one.low <= exact <= one.high)
    for shares in held.values():
        assert 0.93 <= sum(shares) / len(shares) <= 0.97


def test_taint_other_truths_with_the_same_noisy_values_give_the_same_release() -> None:
    """The truth is changed and the noise is changed against it; not one byte of what is published may differ."""
    source = Random(3).randbytes
    truth = list(exact_totals(Random(1)))
    other = [(level, area, [value + 7 * at - 11 for at, value in enumerate(values)]) for level, area, values in truth]
    found = []
    drawn = {
        (level, area): draw(noise_of(PLAN, level).sigma_squared, len(values), source) for level, area, values in truth
    }
    for exact in (truth, other):
        opened = []
        for (level, area, values), (_, _, first) in zip(exact, truth, strict=True):
            noise = [n - (a - b) for n, a, b in zip(drawn[level, area], values, first, strict=True)]
            totals = tuple(a + b for a, b in zip(values, noise, strict=True))
            opened.append(Opened(level, area, totals, noise_of(PLAN, level)))
        found.append(repr(figures(PLAN, opened, {})).encode())
    assert [values for *_, values in truth] != [values for *_, values in other]
    assert found[0] == found[1]


def test_intervals_and_statuses_depend_on_noisy_values_alone() -> None:
    """A width is the plan's, not the data's: two releases of one shape have the same widths and coverage."""
    first, second = (
        [
            Opened(level, area, tuple(values), noise_of(PLAN, level))
            for level, area, values in exact_totals(Random(seed))
        ]
        for seed in (1, 2)
    )
    widths = [[(one.half_width, one.coverage) for one in figures(PLAN, opened, {})] for opened in (first, second)]
    assert widths[0] == widths[1]
    assert Fraction(1113) < noise_of(PLAN, Level.NATION).sigma_squared < Fraction(1114)
