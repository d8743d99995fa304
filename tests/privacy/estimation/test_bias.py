"""Why negative figures are not clipped before they are summed, and that ours are unbiased before the projection.

Simulations with seeded, fast noise of the exact distribution; false-alarm rate of a new seed below 1e-4 each.
"""

from fractions import Fraction

import numpy as np
import pytest

from aggregator.estimation.groups import Estimates, Measurements, error_terms, estimate
from aggregator.estimation.projection import below, roots
from aggregator.estimation.tree import SCALE, Branch, Shape
from aggregator.privacy.distribution import Noise, Term, interval, variance
from manabi.bench.count_tree import Integers, noisy

NOISE = Noise(Fraction(134))
SHAPE = Shape(1, NOISE, tuple(Branch(NOISE, 5 + p, True) for p in range(12)), NOISE)
SPARSE = 2
"""Children an establisher's cell holds on average: where clipping does the most harm."""


def sparse_nation(rng: np.random.Generator, rows: int, shape: Shape) -> tuple[Integers, ...]:
    return tuple(rng.poisson(SPARSE, (rows, branch.establishers)).astype(np.int64) for branch in shape.branches)


def measure(rng: np.random.Generator, shape: Shape, truth: tuple[Integers, ...]) -> Measurements:
    rows = truth[0].shape[0]
    prefectures = np.stack([part.sum(axis=1) for part in truth], axis=1)
    assert shape.nation is not None
    assert shape.establisher is not None
    noises = [branch.noise for branch in shape.branches]
    noise = np.stack([noisy(one, rng.random((rows,))) for one in noises if one is not None], axis=1)
    inner = shape.establisher
    return Measurements(
        (prefectures.sum(axis=1) + noisy(shape.nation, rng.random((rows,))))[:, None],
        (prefectures + noise)[:, :, None],
        tuple(part + noisy(inner, rng.random(part.shape)) for part in truth),
    )


def solved(rows: int, seed: int) -> tuple[tuple[Integers, ...], Measurements, Estimates]:
    rng = np.random.default_rng(seed)
    truth = sparse_nation(rng, rows, SHAPE)
    measured = measure(rng, SHAPE, truth)
    return truth, measured, estimate(SHAPE, measured)


def test_clipping_before_summing_is_far_worse_than_what_is_done() -> None:
    truth, measured, found = solved(400, 1)
    nation = sum(part.sum(axis=1) for part in truth)
    assert found.nation is not None
    clipped = sum(np.maximum(part, 0).sum(axis=1) for part in measured.establishers)
    summed = sum(part.sum(axis=1) for part in measured.establishers)
    ours, theirs, plain = (
        float(np.sqrt(np.mean((one - nation) ** 2))) for one in (roots(found.nation)[:, 0], clipped, summed)
    )
    assert float(np.mean(clipped - nation)) > 250
    assert theirs > 20 * ours
    assert theirs > 2 * plain


def test_estimates_are_unbiased_before_the_projection() -> None:
    """The mean error of 4,000 nations lies within 4.5 standard errors of zero at every level."""
    truth, _, found = solved(4_000, 2)
    errors = error_terms(SHAPE)
    assert found.nation is not None
    nation = np.stack([part.sum(axis=1) for part in truth], axis=1).sum(axis=1)
    check(found.nation[:, 0] / SCALE - nation, errors.nation)
    for p, part in enumerate(truth):
        cells = found.prefectures[p]
        assert cells is not None
        check(cells[:, 0] / SCALE - part.sum(axis=1), errors.cells[p])
        check(found.establishers[p][:, 0] / SCALE - part[:, 0], errors.establishers[p])


def check(errors: np.ndarray[tuple[int, ...], np.dtype[np.float64]], terms: tuple[Term, ...] | None) -> None:
    assert terms is not None
    assert abs(errors.mean()) < 4.5 * float(variance(terms, SCALE) / len(errors)) ** 0.5


def test_the_projection_keeps_the_nation_unbiased_and_helps_its_smallest_parts() -> None:
    """Top-down: what is not negative is settled below a total that was fixed before, so no bias rises."""
    truth, _, found = solved(400, 3)
    assert found.nation is not None
    nation = roots(found.nation)[:, 0]
    true = np.stack([part.sum(axis=1) for part in truth], axis=1)
    cells = [one[:, 0] for one in found.prefectures if one is not None]
    prefectures = below(nation, np.stack(cells, axis=1), whole=True)
    assert (prefectures.sum(axis=1) == nation).all()
    assert abs(float((nation - true.sum(axis=1)).mean())) < 4.5 * float(nation.std()) / 20
    before, after = [], []
    for p, part in enumerate(truth):
        inside = below(prefectures[:, p], found.establishers[p], whole=True)
        before.append(found.establishers[p] / SCALE - part)
        after.append((inside - part).astype(np.float64))
    assert rms(after) < 0.6 * rms(before)


def rms(errors: list[np.ndarray[tuple[int, ...], np.dtype[np.float64]]]) -> float:
    return float(np.sqrt(np.mean(np.concatenate([one.ravel() for one in errors]) ** 2)))


@pytest.mark.long
def test_closed_form_variances_equal_simulation_within_two_percent() -> None:
    """60,000 nations, one prefecture with a single establisher: 2 % is 3.5 standard errors."""
    noise, inner = Noise(Fraction(60), 2), Noise(Fraction(90))
    shape = Shape(1, noise, tuple(Branch(noise, count, True) for count in (1, 2, 9, 30)), inner)
    rng = np.random.default_rng(8)
    truth = sparse_nation(rng, 60_000, shape)
    found, errors = estimate(shape, measure(rng, shape, truth)), error_terms(shape)
    assert found.nation is not None
    pairs = [(found.nation[:, 0], sum(part.sum(axis=1) for part in truth), errors.nation)]
    for p, part in enumerate(truth):
        cells = found.prefectures[p]
        assert cells is not None
        pairs.append((cells[:, 0], part.sum(axis=1), errors.cells[p]))
        pairs.append((found.establishers[p][:, 0], part[:, 0], errors.establishers[p]))
    for estimates, true, terms in pairs:
        assert terms is not None
        simulated = float(np.mean((estimates / SCALE - true) ** 2))
        assert simulated == pytest.approx(float(variance(terms, SCALE)), rel=0.02)
        width = interval(terms, SCALE)
        held = float(np.mean(np.abs((estimates + SCALE // 2) // SCALE - true) <= width.half_width))
        assert held == pytest.approx(width.coverage, abs=0.004)
