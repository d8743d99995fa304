"""The sampler takes exact ratios alone, and is Canonne, Kamath and Steinke's algorithm coin for coin."""

import os
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from math import isqrt
from random import Random
from typing import Any

import numpy as np
import pytest

from aggregator.privacy import mechanisms
from aggregator.privacy.mechanisms import BackendChanged, NoiseRefused, discrete_gaussian, distance_per_draw, draw

NUMPY_INTEGER: Any = np.int64
WRONG: list[Any] = [
    4.0, 4, True, float("nan"), float("inf"), np.float64(4), np.int64(4), "4", None,
    Fraction(NUMPY_INTEGER(4)), Fraction(NUMPY_INTEGER(9), NUMPY_INTEGER(4)),
]  # fmt: skip


class ForgedFraction(Fraction):
    pass


@pytest.mark.parametrize("wrong", [*WRONG, ForgedFraction(4)], ids=repr)
def test_a_variance_is_a_fraction_of_plain_integers(wrong: Any) -> None:
    with pytest.raises(TypeError):
        discrete_gaussian(wrong, 1)


@pytest.mark.parametrize("wrong", [1.0, True, np.int64(1), Fraction(1), "1", None], ids=repr)
def test_a_number_of_draws_is_a_plain_integer(wrong: Any) -> None:
    with pytest.raises(TypeError):
        discrete_gaussian(Fraction(4), wrong)


@pytest.mark.parametrize(
    "outside", [Fraction(0), Fraction(-4), Fraction(999, 1000), Fraction(2**32 + 1), Fraction(10**400)]
)
def test_a_variance_that_was_not_proved_is_refused(outside: Fraction) -> None:
    with pytest.raises(NoiseRefused):
        discrete_gaussian(outside, 1)


@pytest.mark.parametrize("outside", [-1, 2**24 + 1, 10**100])
def test_an_absurd_number_of_draws_is_refused(outside: int) -> None:
    with pytest.raises(NoiseRefused):
        discrete_gaussian(Fraction(4), outside)


def test_no_draws_cost_nothing() -> None:
    assert discrete_gaussian(Fraction(4), 0) == []


def test_draws_are_plain_integers_of_the_systems_randomness(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    real = os.urandom

    def watched(size: int) -> bytes:
        asked.append(size)
        return real(size)

    monkeypatch.setattr(os, "urandom", watched)
    drawn = discrete_gaussian(Fraction(222_622_087, 10**6), 300)
    assert {type(one) for one in drawn} == {int}
    assert sum(asked) >= 300 * 16
    assert len(set(drawn)) > 20


def test_the_most_and_the_least_variance_are_drawn() -> None:
    assert max(map(abs, draw(Fraction(1), 200, Random(1).randbytes))) < 9
    assert 0 < max(map(abs, draw(Fraction(2**32), 2, Random(1).randbytes))) < 9 * 2**16


class Coins:
    """Uniform numbers k/2^128 from a source, in the batches in which the sampler takes them."""

    def __init__(self, seed: int) -> None:
        self._numbers = self._read(Random(seed))

    @staticmethod
    def _read(random: Random) -> Iterator[Fraction]:
        while True:
            batch = random.randbytes(4096)
            for start, end in pairwise(range(0, 4097, 16)):
                yield Fraction(int.from_bytes(batch[start:end], "big"), 2**128)

    def falls_below(self, probability: Fraction) -> bool:
        return next(self._numbers) <= probability

    def falls_into_lower_half(self) -> bool:
        return next(self._numbers) < Fraction(1, 2)


def bernoulli_exp(gamma: Fraction, coins: Coins) -> bool:
    """Algorithm 1 of the paper, in ratios."""
    while gamma > 1:
        if not bernoulli_exp(Fraction(1), coins):
            return False
        gamma -= 1
    k = 1
    while coins.falls_below(gamma / k):
        k += 1
    return k % 2 == 1


def reference(sigma_squared: Fraction, coins: Coins) -> int:
    """Algorithm 3 of the paper in ratios; the geometric part drawn trial by trial, as the backend does."""
    t = isqrt(int(sigma_squared)) + 1
    while True:
        size = 0
        while bernoulli_exp(Fraction(1, t), coins):
            size += 1
        negative = coins.falls_into_lower_half()
        if negative and size == 0:
            continue
        if bernoulli_exp((size - sigma_squared / t) ** 2 / (2 * sigma_squared), coins):
            return -size if negative else size


@pytest.mark.parametrize(
    "sigma_squared",
    [Fraction(1), Fraction(9, 4), Fraction(5_153_291, 10**6), Fraction(222_622_087, 10**6), Fraction(10**6, 7)],
    ids=str,
)
def test_every_draw_is_the_papers_algorithm_in_exact_ratios(sigma_squared: Fraction) -> None:
    """The same coins give the same numbers as an implementation with Fractions: no float decides anything."""
    count = 40 if sigma_squared > 1000 else 150
    coins = Coins(11)
    assert draw(sigma_squared, count, Random(11).randbytes) == [reference(sigma_squared, coins) for _ in range(count)]


def test_the_backends_one_float_is_read_back_exactly() -> None:
    for counter in (*range(1, 2000), 10**6, 2**26 - 1):
        k = 2**128 // counter
        assert mechanisms._Uniform(k) <= 1 / counter
        assert not mechanisms._Uniform(k + 1) <= 1 / counter
    with pytest.raises(BackendChanged):
        _ = mechanisms._Uniform(1) <= 0.3
    with pytest.raises(BackendChanged):
        _ = mechanisms._Uniform(1) < 0.4


def test_the_distance_from_exact_covers_the_comparisons_that_a_draw_takes() -> None:
    """The bound of the docstring: at the largest sigma it allows 2^20 comparisons, and draws take far fewer."""
    assert distance_per_draw() == Fraction(1, 2**108)
    used = [0]

    def counted(size: int) -> bytes:
        used[0] += size // 16
        return Random(used[0]).randbytes(size)

    draw(Fraction(2**32), 2, counted)
    assert used[0] / 2 < 2**20
