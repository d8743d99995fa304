"""`bench accuracy`: how far published figures are from the truth, beside a central curator with the same budget.

The curator holds all records and adds one discrete Gaussian to each total; whatever noise is added, the same estimation
follows. Under the promise of one year (epsilon 1, delta 1e-9), on 31,302 schools of 1,741 establishers.
"""

import statistics
from dataclasses import dataclass
from functools import cache
from math import sqrt
from typing import Final

import numpy as np
import numpy.typing as npt

from aggregator.estimation.groups import Measurements, error_terms, estimate
from aggregator.estimation.tree import SCALE, Shape
from aggregator.privacy.accounting import YEAR_UNITS, sigma_squared
from aggregator.privacy.distribution import Noise, variance
from aggregator.privacy.mechanisms import discrete_gaussian
from manabi.bench import count_tree
from manabi.bench.count_tree import CENTRAL, COMMITTEE, EQUAL, SERVERS, SPLITS, Integers, Split
from manabi.bench.lines import Bar, Line, Relation

BENCH: Final = "accuracy"

_RUNS: Final = 60
"""Made-up nations of one round; every one has 20 cells."""
_MOST: Final = {COMMITTEE: Bar(Relation.AT_MOST, 1.06), SERVERS: Bar(Relation.AT_MOST, 1.42)}
_CLOSE: Final = Bar(Relation.AT_MOST, 2)
_REAL_DRAWS: Final = 20_000
_TIED: Final = Bar(Relation.AT_MOST, 4.5)
"""Percent: 4.5 standard errors of a variance from 20,000 draws; an honest sampler misses it once in 150,000 runs."""


@dataclass(frozen=True, slots=True)
class Errors:
    """Root mean square errors, in children per cell."""

    nation: float
    prefecture: float
    establisher: float


@dataclass(frozen=True, slots=True)
class Nation:
    """True counts of some groups (rows): by prefecture cells, by prefecture establishers."""

    prefectures: Integers
    establishers: tuple[Integers, ...]


def measure(rounds: int) -> list[Line]:
    """Simulate both splits with each source of noise; each figure is the median over rounds."""
    lines = [_tied_to_the_real_sampler(rounds)]
    for split in SPLITS:
        found = [_round(split, np.random.default_rng(seed)) for seed in range(rounds)]
        lines.extend(_compared(split, found))
        lines.append(_beside_the_closed_form(split, found))
        if split is EQUAL:
            lines.extend(_beside_schools(found))
    return lines


def _compared(split: Split, found: list[dict[str, Errors]]) -> list[Line]:
    lines = []
    cells = len(found) * _RUNS * 20
    for level, count in (("nation", cells), ("prefecture", cells * len(count_tree.MUNICIPALITIES))):
        error = statistics.median(getattr(one[CENTRAL], level) for one in found)
        lines.append(Line(BENCH, f"{split.name}: {level}, RMSE of a {CENTRAL}", error, "children", count))
        for source, bar in _MOST.items():
            ratio = statistics.median(getattr(one[source], level) / getattr(one[CENTRAL], level) for one in found)
            metric = f"{split.name}: {level}, RMSE with {source} / {CENTRAL}"
            lines.append(Line(BENCH, metric, ratio, "x", count, bar))
    return lines


def _beside_the_closed_form(split: Split, found: list[dict[str, Errors]]) -> Line:
    """State how far the establishers' simulated RMSE is from that of the closed form."""
    shape = count_tree.shape(split, SERVERS)
    terms = [one for one in error_terms(shape).establishers if one is not None]
    weights = [branch.establishers for branch in shape.branches]
    exact = sqrt(sum(n * float(variance(one, SCALE)) for n, one in zip(weights, terms, strict=True)) / sum(weights))
    off = statistics.median(abs(one[SERVERS].establisher / exact - 1) * 100 for one in found)
    count = len(found) * _RUNS * split.groups * sum(weights)
    return Line(BENCH, f"{split.name}: establisher, RMSE off its closed form", off, "%", count, _CLOSE)


def _beside_schools(found: list[dict[str, Errors]]) -> list[Line]:
    """State what would come of noise in every school and sums of that: the whole budget is the schools', for once."""
    noise = Noise(sigma_squared(1, YEAR_UNITS))
    rng = np.random.default_rng(7)
    schools = count_tree.schools()
    sums = []
    for _ in range(_RUNS // 10 * 20):
        each = count_tree.noisy(noise, rng.random(count_tree.SCHOOLS))
        ends = np.cumsum([int(one.sum()) for one in schools])[:-1]
        sums.append([int(part.sum()) for part in np.split(each, ends)])
    prefectures = np.array(sums, dtype=np.float64)
    errors = {"nation": _rms(prefectures.sum(axis=1)), "prefecture": _rms(prefectures)}
    return [
        Line(BENCH, f"sum of noisy schools: {level}, RMSE / ours with {SERVERS}", error / ours, "x", len(sums))
        for level, error in errors.items()
        for ours in [statistics.median(getattr(one[SERVERS], level) for one in found)]
    ]


def _tied_to_the_real_sampler(rounds: int) -> Line:
    """State how far the variance of the count's own sampler is from the parameter that the simulation rests on."""
    wanted = EQUAL.sigma_squared(EQUAL.nation)
    found = []
    for _ in range(rounds):
        drawn = np.array(discrete_gaussian(wanted, _REAL_DRAWS), dtype=np.float64)
        found.append(abs(float((drawn**2).mean()) / float(wanted) - 1) * 100)
    metric = "variance of the real sampler off its parameter"
    return Line(BENCH, metric, statistics.median(found), "%", rounds * _REAL_DRAWS, _TIED)


def _round(split: Split, rng: np.random.Generator) -> dict[str, Errors]:
    """Return the errors of every source of noise on the same nations with the same luck."""
    rows = _RUNS * split.groups
    truth = nation(split, rng, rows)
    shapes = {source: count_tree.shape(split, source) for source in (CENTRAL, COMMITTEE, SERVERS)}
    luck = (
        rng.random((rows, split.cells)),
        rng.random(truth.prefectures.shape),
        tuple(rng.random(part.shape) for part in truth.establishers),
    )
    return {source: _errors(shape, truth, *luck) for source, shape in shapes.items()}


def nation(split: Split, rng: np.random.Generator, rows: int) -> Nation:
    """Make up true counts: Poisson, 20 to a cell of a school, an establisher's total being that of its cells."""
    prefectures, inside = [], []
    for schools in _schools():
        each = rng.poisson(count_tree.PER_SCHOOL * schools[None, :, None], (rows, len(schools), split.cells))
        prefectures.append(each.sum(axis=1))
        inside.append(each.sum(axis=2).astype(np.int64))
    return Nation(np.stack(prefectures, axis=1).astype(np.int64), tuple(inside))


def measured(
    shape: Shape,
    truth: Nation,
    above: npt.NDArray[np.float64],
    prefectures: npt.NDArray[np.float64],
    establishers: tuple[npt.NDArray[np.float64], ...],
) -> Measurements:
    """Return noisy measurements of a nation from uniform numbers of the same form."""
    noise, inner = shape.branches[0].noise, shape.establisher
    if shape.nation is None or noise is None or inner is None:
        raise ValueError("the bench measures every level")
    return Measurements(
        truth.prefectures.sum(axis=1) + count_tree.noisy(shape.nation, above),
        truth.prefectures + count_tree.noisy(noise, prefectures),
        tuple(
            part + count_tree.noisy(inner, luck) for part, luck in zip(truth.establishers, establishers, strict=True)
        ),
    )


def _errors(
    shape: Shape,
    truth: Nation,
    above: npt.NDArray[np.float64],
    prefectures: npt.NDArray[np.float64],
    establishers: tuple[npt.NDArray[np.float64], ...],
) -> Errors:
    found = estimate(shape, measured(shape, truth, above, prefectures, establishers))
    cells = np.stack([one for one in found.prefectures if one is not None], axis=1)
    if found.nation is None:
        raise ValueError("the bench measures every level")
    off = np.concatenate(
        [part - SCALE * true for part, true in zip(found.establishers, truth.establishers, strict=True)], axis=1
    )
    return Errors(
        _rms((found.nation - SCALE * truth.prefectures.sum(axis=1)) / SCALE),
        _rms((cells - SCALE * truth.prefectures) / SCALE),
        _rms(off / SCALE),
    )


def _rms(errors: npt.NDArray[np.float64]) -> float:
    return float(np.sqrt((errors**2).mean()))


@cache
def _schools() -> tuple[Integers, ...]:
    return count_tree.schools()
