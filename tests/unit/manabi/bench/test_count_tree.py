"""The nation that the count's benches measure on has the size it claims, and its fast noise the real distribution."""

from fractions import Fraction
from random import Random

import numpy as np
import pytest

from aggregator.privacy.distribution import Noise, pmf
from aggregator.privacy.mechanisms import draw
from manabi.bench import accuracy, count_tree, coverage
from manabi.bench.count_tree import COMMITTEE, EQUAL, SERVERS, SHIPPED, noisy


def test_the_tree_is_as_uneven_and_as_large_as_the_real_one() -> None:
    schools = count_tree.schools()
    every = np.concatenate(schools)
    assert [len(part) for part in schools] == list(count_tree.MUNICIPALITIES)
    assert (len(schools), len(every), int(every.sum())) == (47, 1741, 31_302)
    assert (int(every.min()), int(every.max())) == (1, 500)


def test_fast_noise_is_the_exact_distribution() -> None:
    """At evenly spaced quantiles the values appear as often as the pmf says, to one in 200,000."""
    noise = Noise(Fraction(9, 4))
    count = 200_000
    found = noisy(noise, (np.arange(count) + 0.5) / count)
    values, chances = pmf(noise.sigma_squared)
    for value, chance in zip(values.tolist(), chances.tolist(), strict=True):
        assert abs(int((found == value).sum()) - chance * count) <= 1.01


def test_fast_noise_of_several_draws_is_their_sum() -> None:
    noise = Noise(Fraction(9, 4), 3)
    _, chances = pmf(noise.sigma_squared)
    summed = np.convolve(np.convolve(chances, chances), chances)
    middle, count = len(summed) // 2, 200_000
    found = noisy(noise, (np.arange(count) + 0.5) / count)
    for value in range(-6, 7):
        assert abs(int((found == value).sum()) - summed[middle + value] * count) <= 1.01


def test_fast_and_real_noise_have_the_same_variance() -> None:
    """10,000 real draws: 6.4 % are 4.5 standard errors of a variance; an honest one misses once in 150,000."""
    noise = Noise(EQUAL.sigma_squared(EQUAL.nation))
    real = np.array(draw(noise.sigma_squared, 10_000, Random(6).randbytes), dtype=np.float64)
    fast = noisy(noise, (np.arange(100_000) + 0.5) / 100_000).astype(np.float64)
    assert float((fast**2).mean()) == pytest.approx(float(noise.variance), rel=0.001)
    assert float((real**2).mean()) == pytest.approx(float((fast**2).mean()), rel=0.064)


@pytest.mark.long
def test_both_benches_meet_their_bars_on_few_nations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accuracy, "_RUNS", 10)
    monkeypatch.setattr(accuracy, "_REAL_DRAWS", 1000)
    monkeypatch.setattr(accuracy, "_TIED", None)
    monkeypatch.setattr(coverage, "_RUNS", 12)
    monkeypatch.setattr(coverage, "SPLITS", (SHIPPED,))
    lines = [*accuracy.measure(1), *coverage.measure(1)]
    assert [line.metric for line in lines if line.ok is not True and "simulated" not in line.metric] == []
    assert sum(line.bar is not None for line in lines) > 15
    assert {SERVERS, COMMITTEE} <= {
        source for source in (SERVERS, COMMITTEE) for line in lines if source in line.metric
    }
