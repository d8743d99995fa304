"""Estimates in whole numbers: unbiased whatever was rounded, next to optimal, and erring as their terms say."""

from fractions import Fraction
from random import Random

import numpy as np
import pytest

from aggregator.estimation import groups
from aggregator.estimation.groups import (
    MOST_COUNT,
    CountRefused,
    Integers,
    Measurements,
    error_terms,
    estimate,
    intervals,
    rounded,
)
from aggregator.estimation.tree import SCALE, Branch, Shape
from aggregator.privacy.distribution import CONFIDENCE, Noise, Term, coverage, variance
from tests.unit.aggregator.estimation.shapes import dense, some_shape


def true_counts(shape: Shape, random: Random, rows: int = 1) -> Measurements:
    """Counts that add up: what would be measured without noise. Unmeasured places hold zeros or are None."""
    cells = np.array(
        [[[random.randint(0, 900) for _ in range(shape.cells)] for _ in shape.branches] for _ in range(rows)],
        dtype=np.int64,
    ).reshape(rows, len(shape.branches), shape.cells)
    nation = cells.sum(axis=1)
    inside = []
    for p, branch in enumerate(shape.branches):
        parts = np.array([[random.randint(0, 900) for _ in range(branch.establishers)] for _ in range(rows)])
        parts = parts.astype(np.int64).reshape(rows, branch.establishers)
        if branch.summed:
            cells[:, p, 0] += np.maximum(0, parts.sum(axis=1) - cells[:, p].sum(axis=1))
            parts[:, -1] += cells[:, p].sum(axis=1) - parts.sum(axis=1)
        inside.append(parts)
    nation = cells.sum(axis=1)
    shown = cells.copy()
    for p, branch in enumerate(shape.branches):
        if branch.noise is None:
            shown[:, p] = 0
    return Measurements(nation if shape.nation else None, shown, tuple(inside))


def changed(measured: Measurements, kind: str, p: int, which: int, by: int) -> Measurements:
    nation = None if measured.nation is None else measured.nation.copy()
    prefectures, inside = measured.prefectures.copy(), tuple(part.copy() for part in measured.establishers)
    if kind == "nation":
        assert nation is not None
        nation[0, which] += by
    elif kind == "cell":
        prefectures[0, p, which] += by
    else:
        inside[p][0, which] += by
    return Measurements(nation, prefectures, inside)


def taken(shape: Shape, measured: Measurements, keys: list[tuple[str, int, int]]) -> Integers:
    found = estimate(shape, measured)
    values = []
    for kind, p, which in keys:
        if kind == "nation":
            assert found.nation is not None
            values.append(int(found.nation[0, which]))
        elif kind == "cell":
            cells = found.prefectures[p]
            assert cells is not None
            values.append(int(cells[0, which]))
        else:
            values.append(int(found.establishers[p][0, which]))
    return np.array(values, dtype=np.int64)


@pytest.mark.parametrize("seed", range(20))
def test_without_noise_an_estimate_is_the_truth(seed: int) -> None:
    """Unbiased for any coefficients: every difference of true counts is zero."""
    random = Random(seed)
    shape = some_shape(random)
    truth = true_counts(shape, random, rows=3)
    found = estimate(shape, truth)
    if truth.nation is not None:
        assert found.nation is not None
        assert (found.nation == truth.nation * SCALE).all()
    for p, cells in enumerate(found.prefectures):
        assert cells is None or (cells == truth.prefectures[:, p] * SCALE).all()
    for parts, true in zip(found.establishers, truth.establishers, strict=True):
        assert (parts == true * SCALE).all()


@pytest.mark.parametrize("seed", range(20))
def test_whole_weights_are_least_squares_within_their_rounding(seed: int) -> None:
    """Each coefficient is off by at most half of 1/1024; a measurement enters a handful of differences."""
    random = Random(seed)
    shape = some_shape(random)
    judged = dense(shape)
    measured = true_counts(shape, random)
    before = taken(shape, measured, judged.keys)
    for place, key in enumerate(judged.keys):
        after = taken(shape, changed(measured, *key, by=1), judged.keys)
        assert (after - before) / SCALE == pytest.approx(judged.hat[:, place], abs=2.0 / SCALE)


@pytest.mark.parametrize("seed", range(12))
def test_the_terms_of_an_error_are_what_the_estimate_takes(seed: int) -> None:
    """Adding one to each measurement in turn gives every weight; together they are the terms, noise by noise."""
    random = Random(seed)
    shape = some_shape(random)
    keys = dense(shape).keys
    measured = true_counts(shape, random)
    before = taken(shape, measured, keys)
    weights = np.array([taken(shape, changed(measured, *key, by=1), keys) - before for key in keys])
    noises = {"nation": (shape.nation,), "cell": [one.noise for one in shape.branches]}
    errors = error_terms(shape)
    for column, (kind, p, _) in enumerate(keys):
        terms = {"nation": (errors.nation,), "cell": errors.cells, "establisher": errors.establishers}[kind][p]
        assert terms is not None
        found: dict[tuple[int, Noise], int] = {}
        for term in terms:
            found[term.weight, term.noise] = found.get((term.weight, term.noise), 0) + term.count
        expected: dict[tuple[int, Noise], int] = {}
        for row, (other, q, _) in enumerate(keys):
            noise = shape.establisher if other == "establisher" else noises[other][q]
            weight = int(weights[row, column])
            if weight:
                assert noise is not None
                expected[weight, noise] = expected.get((weight, noise), 0) + 1
        assert found == expected


@pytest.mark.parametrize("seed", range(10))
def test_rounding_weights_costs_next_to_nothing(seed: int) -> None:
    shape = some_shape(Random(seed), complete=True)
    judged = dense(shape)
    best = (judged.hat**2) @ judged.variances
    errors = error_terms(shape)
    for place, (kind, p, _) in enumerate(judged.keys):
        terms = {"nation": (errors.nation,), "cell": errors.cells, "establisher": errors.establishers}[kind][p]
        assert terms is not None
        assert 1 - 1e-9 <= float(variance(terms, SCALE)) / best[place] <= 1.001


def test_every_interval_of_a_shape_covers_enough_and_no_lattice_step_more() -> None:
    shape = some_shape(Random(5), complete=True)
    errors, widths = error_terms(shape), intervals(shape)
    pairs = [(errors.nation, widths.nation), *zip(errors.cells, widths.cells, strict=True)]
    pairs += zip(errors.establishers, widths.establishers, strict=True)
    assert len(pairs) > 3
    for terms, width in pairs:
        assert terms is not None
        assert width is not None
        below, exact = coverage(terms, SCALE, [width.half_width - 1, width.half_width])
        assert below < CONFIDENCE <= exact


def test_halves_are_rounded_upwards() -> None:
    values = np.array([-1537, -1536, -512, -513, 511, 512, 1024], dtype=np.int64)
    assert rounded(values).tolist() == [-2, -1, 0, -1, 0, 1, 1]


def test_a_prefecture_of_one_establisher_averages_both_measurements() -> None:
    noise = Noise(Fraction(100))
    shape = Shape(1, None, (Branch(noise, 1, True),), noise)
    measured = Measurements(None, np.array([[[10]]]), (np.array([[20]]),))
    found = estimate(shape, measured)
    assert found.prefectures[0] is not None
    assert found.prefectures[0].tolist() == [[15 * SCALE]]
    assert found.establishers[0].tolist() == [[15 * SCALE]]
    assert error_terms(shape).cells[0] == (Term(SCALE // 2, noise, 1), Term(SCALE // 2, noise, 1))


@pytest.mark.parametrize(
    ("prefectures", "establishers"),
    [
        (np.array([[[1.0]]]), np.array([[2]])),
        (np.array([[[True]]]), np.array([[2]])),
        (np.array([[[1]]], dtype=np.uint64), np.array([[2]])),
        (np.array([[[MOST_COUNT]]]), np.array([[2]])),
        (np.array([[[-MOST_COUNT]]]), np.array([[2]])),
        (np.array([[[1, 1]]]), np.array([[2]])),
        (np.array([[[1]]]), np.array([[2, 2]])),
        (np.array([[[float("nan")]]]), np.array([[2]])),
    ],
)
def test_measurements_of_another_kind_or_form_are_refused(prefectures: Integers, establishers: Integers) -> None:
    noise = Noise(Fraction(100))
    shape = Shape(1, None, (Branch(noise, 1, True),), noise)
    with pytest.raises(CountRefused):
        estimate(shape, Measurements(None, prefectures, (establishers,)))


def test_a_nation_that_was_not_to_be_measured_is_refused() -> None:
    noise = Noise(Fraction(100))
    shape = Shape(1, None, (Branch(noise, 0, True),), None)
    with pytest.raises(CountRefused):
        estimate(shape, Measurements(np.array([[1]]), np.array([[[1]]]), (np.zeros((1, 0), dtype=np.int64),)))


def test_coefficients_of_differences_that_do_not_exist_are_zero() -> None:
    noise = Noise(Fraction(100))
    shape = Shape(2, noise, (Branch(noise, 0, True), Branch(None, 0, True)), None)
    weights = groups._weights(shape)
    assert weights.nation == groups._Whole(0, 0, 0, (0, 0))
