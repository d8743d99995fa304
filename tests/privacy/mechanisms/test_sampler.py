"""The sampler of the count against the exact distribution: counts, tails, parity, symmetry.

Every test draws from a seeded source, so it gives the same verdict each time; with another seed an honest sampler would
fail a test once in 10,000 runs.
"""

from collections import Counter
from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pytest
from scipy import stats  # type: ignore[import-untyped]

from aggregator.privacy.accounting import committee
from aggregator.privacy.distribution import pmf
from aggregator.privacy.mechanisms import draw

FALSE_ALARM = 1e-4
SEATS = committee(Fraction(222_622_087, 10**6), 1741, Fraction(1, 10)).seat_sigma_squared

QUICK = [pytest.param(Fraction(9, 4), 25_000, id="a seat at its least"), pytest.param(SEATS, 20_000, id="a seat")]
LONG = [
    pytest.param(Fraction(1), 400_000, id="the least"),
    pytest.param(Fraction(9, 4), 300_000, id="a seat at its least"),
    pytest.param(Fraction(222_622_087, 10**6), 150_000, id="an establisher"),
    pytest.param(Fraction(1_113_110_431, 10**6), 80_000, id="the nation"),
    pytest.param(Fraction(65_536), 20_000, id="wide"),
]
CASES = [*QUICK, *(pytest.param(*one.values, id=f"long: {one.id}", marks=pytest.mark.long) for one in LONG)]


@pytest.mark.parametrize(("sigma_squared", "count"), CASES)
def test_the_sampler_follows_the_exact_distribution(sigma_squared: Fraction, count: int) -> None:
    """Chi-square over all values expected at least 10 times (tails together), parity, sign, and the farthest draw."""
    drawn = draw(sigma_squared, count, Random(2026).randbytes)
    values, chances = pmf(sigma_squared)
    verdicts = {
        "counts": chi_square(drawn, values, chances),
        "parity": two_kinds(sum(one % 2 == 0 for one in drawn), count, float(chances[values % 2 == 0].sum())),
        "sign": two_kinds(sum(one > 0 for one in drawn), count, float(chances[values > 0].sum())),
        "zero": two_kinds(drawn.count(0), count, float(chances[values == 0].sum())),
        "farthest": beyond(max(map(abs, drawn)), count, values, chances),
    }
    assert {name: p for name, p in verdicts.items() if p < FALSE_ALARM / len(verdicts)} == {}
    assert {type(one) for one in drawn} == {int}


def test_the_check_itself_catches_noise_that_is_five_percent_too_small() -> None:
    """Power: 25,000 draws of sigma 1.5 sold as 1.58 fail the chi-square far beyond the false-alarm rate."""
    drawn = draw(Fraction(9, 4), 25_000, Random(2026).randbytes)
    assert chi_square(drawn, *pmf(Fraction(9, 4) / Fraction(95, 100) ** 2)) < 1e-6


@pytest.mark.long
def test_opendps_exact_sampler_draws_the_same_distribution() -> None:
    """Two samples of 300,000, one of each library: chi-square for a common distribution."""
    import opendp.prelude as dp

    dp.enable_features("contrib")
    count, sigma = 300_000, 15
    gaussian: Any = dp.m.make_gaussian
    judge = gaussian(dp.vector_domain(dp.atom_domain(T=int)), dp.l2_distance(T=int), scale=float(sigma))
    theirs = Counter(judge([0] * count))
    ours = Counter(draw(Fraction(sigma**2), count, Random(5).randbytes))
    common = [value for value in range(-4 * sigma, 4 * sigma + 1) if theirs[value] + ours[value] >= 40]
    table = [[counted[value] for value in common] for counted in (theirs, ours)]
    for row in table:
        row.append(count - sum(row))
    assert float(stats.chi2_contingency(table).pvalue) > FALSE_ALARM


def chi_square(drawn: list[int], values: Any, chances: Any) -> float:
    count = len(drawn)
    kept = chances * count >= 10
    expected = [*(chances[kept] * count), max(count * (1 - chances[kept].sum()), 1e-9)]
    seen = Counter(drawn)
    found = [seen[int(value)] for value in values[kept]]
    found.append(count - sum(found))
    if expected[-1] < 10:
        expected[-2] += expected.pop()
        found[-2] += found.pop()
    total = sum((f - e) ** 2 / e for f, e in zip(found, expected, strict=True))
    return float(stats.chi2.sf(total, len(found) - 1))


def two_kinds(found: int, count: int, chance: float) -> float:
    return float(stats.binomtest(found, count, chance).pvalue)


def beyond(farthest: int, count: int, values: Any, chances: Any) -> float:
    """How likely the farthest of so many draws would be at least, and at most, as far."""
    inside = float(chances[np.abs(values) < farthest].sum())
    at_most = float(chances[np.abs(values) <= farthest].sum())
    return min(1 - inside**count, at_most**count) * 2
