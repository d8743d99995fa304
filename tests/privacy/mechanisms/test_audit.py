"""Black-box audits: what a mechanism's outputs prove about its privacy, and that a planted mutant is caught.

A mechanism that claims delta(epsilon) gives, for neighbours x and x+1 and every set S, P[M(x+1) in S] - e^epsilon
P[M(x) in S] <= delta(epsilon) (the hockey-stick divergence). For additive noise with x = 0 the best set is {y >= t}, t
the first y at which the shifted probability is e^epsilon times the other: fixed before anything is drawn. Two
Clopper-Pearson bounds turn counts into a lower bound of delta that holds with probability 1 - FALSE_ALARM; an honest
mechanism exceeds its claim no more often than that.
"""

from collections.abc import Callable
from fractions import Fraction
from math import floor
from random import Random

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats  # type: ignore[import-untyped]

from aggregator.privacy.accounting import committee, sigma_squared
from aggregator.privacy.distribution import Noise, pmf
from aggregator.privacy.mechanisms import discrete_gaussian, draw
from manabi.bench.count_tree import noisy

FALSE_ALARM = 1e-3
EPSILON = 0.0625
SOLD = Fraction(121, 100)
"""Variance 1.21 for an audit in seconds: there the delta at epsilon 1/16 is 0.342, the mutant's 0.362."""
MUTANT = SOLD * Fraction(95, 100) ** 2

Values = npt.NDArray[np.int64]
Mechanism = Callable[[int, int], Values]
"""From a true count and a number of runs to so many outputs."""


def claimed(noise: Fraction, epsilon: float = EPSILON) -> float:
    """The exact delta of a discrete Gaussian for counts that differ by one."""
    _, chances = pmf(noise)
    shifted = np.concatenate([[0.0], chances[:-1]])
    return float(np.maximum(0, shifted - np.exp(epsilon) * chances).sum())


def proved(mechanism: Mechanism, sold: Fraction, count: int) -> float:
    """A lower bound of delta from ``count`` outputs for a count of 0 and as many for 1."""
    threshold = floor(sold * Fraction(EPSILON) + Fraction(1, 2)) + 1
    beside = int((mechanism(0, count) >= threshold).sum())
    above = int((mechanism(1, count) >= threshold).sum())
    least = stats.beta.ppf(FALSE_ALARM / 2, above, count - above + 1)
    most = stats.beta.ppf(1 - FALSE_ALARM / 2, beside + 1, count - beside)
    return float(least - np.exp(EPSILON) * most)


def adding(noise: Fraction, seed: int) -> Mechanism:
    source = Random(seed).randbytes
    return lambda true, count: np.array(draw(noise, count, source), dtype=np.int64) + true


def test_an_audit_of_the_sampler_finds_no_more_than_was_claimed() -> None:
    assert proved(adding(SOLD, 1), SOLD, 20_000) <= claimed(SOLD)


def test_an_audit_catches_noise_that_is_five_percent_too_small() -> None:
    """The planted mutant: 60,000 outputs each catch it in more than 95 % of runs (next test), and with this seed."""
    assert proved(adding(MUTANT, 2), SOLD, 60_000) > claimed(SOLD)


@pytest.mark.parametrize(("noise", "caught"), [(SOLD, False), (MUTANT, True)])
def test_the_power_of_the_audit_is_what_is_said(noise: Fraction, caught: bool) -> None:
    """200 audits on fast draws: an honest sampler never fails, the mutant fails in 95 % and more."""
    rng = np.random.default_rng(3)
    found = [
        proved(lambda true, count: noisy(Noise(noise), rng.random(count)) + true, SOLD, 60_000) > claimed(SOLD)
        for _ in range(200)
    ]
    assert sum(found) >= 190 if caught else sum(found) == 0


def test_every_exact_curve_lies_under_the_accountants() -> None:
    """A mechanism's exact delta, for every epsilon, is no more than the zCDP that it is charged for allows."""
    for units in (10**9, 5 * 10**9, 14 * 10**9):
        noise = sigma_squared(1, units)
        rho = units / 10**12
        for epsilon in (0.05, 0.2, 0.5, 1.0):
            orders = np.linspace(1.01, 200, 4000)
            logs = (orders - 1) * (orders * rho - epsilon) - np.log(orders - 1) + orders * np.log1p(-1 / orders)
            assert claimed(noise, epsilon) <= float(np.exp(logs.min()))


@pytest.mark.parametrize("seats_of", [Fraction(45), Fraction(222_622_087, 10**6)], ids=["20 seats", "60 seats"])
def test_the_honest_seats_of_a_committee_hide_as_much_as_one_discrete_gaussian(seats_of: Fraction) -> None:
    """By exact convolution: the hockey-stick curve of the honest seats' sum is that of the noise that was bought."""
    drawn = committee(seats_of, 1741, Fraction(1, 10))
    reach = int(14 * float(seats_of) ** 0.5)
    values, chances = pmf(drawn.seat_sigma_squared)
    summed = np.array([1.0])
    for _ in range(drawn.honest):
        summed = np.convolve(summed, chances)
    middle = len(summed) // 2
    summed = summed[middle - min(reach, middle) : middle + min(reach, middle) + 1]
    assert len(values) > 10
    for epsilon in (0.0, 0.1, 0.3):
        shifted = np.concatenate([[0.0], summed[:-1]])
        delta = float(np.maximum(0, shifted - np.exp(epsilon) * summed).sum())
        assert delta <= claimed(seats_of, epsilon) * (1 + 1e-6)
        assert delta >= claimed(seats_of, epsilon) * 0.99


@pytest.mark.long
@pytest.mark.parametrize(("noise", "caught"), [(SOLD, False), (MUTANT, True)])
def test_a_long_audit_of_the_real_sampler(noise: Fraction, caught: bool) -> None:
    """2 x 400,000 draws of the operating system's randomness: the mutant is 18 standard errors away."""
    bound = proved(lambda true, count: np.array(discrete_gaussian(noise, count)) + true, SOLD, 400_000)
    assert (bound > claimed(SOLD)) == caught


@pytest.mark.long
@pytest.mark.parametrize("shrunk", [Fraction(1), Fraction(95, 100) ** 2], ids=["honest", "mutant"])
def test_a_long_audit_of_two_servers_one_of_them_known(shrunk: Fraction) -> None:
    """A server takes its own noise off the total: what is left is the other's, and hides as much as was claimed."""
    mine = Random(9).randbytes

    def seen_by_a_server(true: int, count: int) -> Values:
        own = np.array(draw(SOLD, count, mine), dtype=np.int64)
        opened = own + np.array(discrete_gaussian(SOLD * shrunk, count), dtype=np.int64) + true
        return opened - own

    assert (proved(seen_by_a_server, SOLD, 80_000) > claimed(SOLD)) == (shrunk < 1)


@pytest.mark.long
@pytest.mark.parametrize("shrunk", [Fraction(1), Fraction(95, 100) ** 2], ids=["honest", "mutant"])
def test_a_long_audit_of_a_committee_whose_tolerated_seats_are_known(shrunk: Fraction) -> None:
    """Three seats, one of them tolerated, by fast draws: 2 x 2,000,000 outputs with the known seat taken off."""
    bought = Fraction(9)
    drawn = committee(bought, 3, Fraction(1, 10))
    assert (drawn.seats, drawn.tolerated) == (3, 1)
    rng = np.random.default_rng(12)
    seat = Noise(drawn.seat_sigma_squared * shrunk, drawn.honest)

    def seen_by_the_tolerated(true: int, count: int) -> Values:
        return noisy(seat, rng.random(count)) + true

    assert (proved(seen_by_the_tolerated, bought, 2_000_000) > claimed(bought)) == (shrunk < 1)


def test_neighbours_have_the_same_support_and_nothing_but_integers() -> None:
    """Grid test: no output tells a count of 0 from a count of 1 by its form, as the grids of float noise would."""
    here, there = (set(draw(Fraction(9, 4), 6_000, Random(seed).randbytes)) for seed in (1, 2))
    assert all(type(one) is int for one in here | there)
    near = set(range(-4, 5))
    assert near <= here
    assert near <= {one + 1 for one in there}
