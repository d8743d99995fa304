"""The noise of a committee, without the draws of those who collude, by exact convolution of the seats' distributions.

No sampling, so no false alarm. Every pmf value is a sum of positive terms in double precision: the relative error of 60
convolutions over at most 300 terms each stays below 60 * 300 * 2^-53 = 2e-12, far below the bounds compared with.
"""

from fractions import Fraction
from math import exp, log, pi

import numpy as np
import numpy.typing as npt
import pytest

from aggregator.plans.model import Level, Plan
from aggregator.plans.sensitivity import sensitivity_squared
from aggregator.privacy.accounting import UNITS_PER_RHO, Committee, committee, units_of_committee
from aggregator.protocol.seating import committee_of, sigma_squared_of
from tests.privacy.protocol.worlds import small_plan

Pmf = npt.NDArray[np.float64]
ERROR = 2e-12
LEAST = 9 / 4


def discrete_gaussian(sigma_squared: float, reach: int) -> Pmf:
    """Return the pmf from -reach to reach; what lies beyond is left out."""
    found = np.exp(-(np.arange(-reach, reach + 1, dtype=np.float64) ** 2) / (2 * sigma_squared))
    return np.asarray(found / found.sum())


def summed(seats: int, sigma_squared: float) -> Pmf:
    """Return the pmf of the sum of the seats' draws, each cut where less than 1e-40 is left."""
    reach = int(13.6 * sigma_squared**0.5) + 2
    one = found = discrete_gaussian(sigma_squared, reach)
    for _ in range(seats - 1):
        found = np.convolve(found, one)
    return found


def within(pmf: Pmf, sigma: float, widths: float) -> Pmf:
    """Return the middle of a pmf, so many sigma to each side: beyond it cutting the seats' tails would show."""
    middle, reach = len(pmf) // 2, int(widths * sigma)
    assert reach < middle
    return pmf[middle - reach : middle + reach + 1]


def distance(seats: int, sigma_squared: float) -> float:
    """Return the largest |log ratio| between the sum and the discrete Gaussian of the same variance parameter."""
    sigma = (seats * sigma_squared) ** 0.5
    exact = discrete_gaussian(sigma * sigma, int(20 * sigma))
    mine, theirs = within(summed(seats, sigma_squared), sigma, 8), within(exact, sigma, 8)
    return float(np.abs(np.log(mine) - np.log(theirs)).max())


def tau(seats: int, sigma_squared: float) -> float:
    """Return the bound of Kairouz, Liu and Steinke (2021), Theorem 1: 10 sum_k exp(-2 pi^2 s^2 k / (k + 1))."""
    return 10 * sum(exp(-2 * pi**2 * sigma_squared * k / (k + 1)) for k in range(1, seats))


def renyi(pmf: Pmf, shift: int, order: float) -> float:
    """Return the Renyi divergence of an order between a pmf and itself moved by ``shift``."""
    one, other = np.log(pmf[shift:]), np.log(pmf[: len(pmf) - shift])
    return log(float(np.exp(order * one + (1 - order) * other).sum())) / (order - 1)


@pytest.mark.parametrize("seats", [2, 3, 10, 27, 54, 60])
@pytest.mark.parametrize("sigma_squared", [LEAST, 3.0, 6.25])
def test_the_sum_of_the_seats_is_as_near_to_a_discrete_gaussian_as_the_theorem_says(
    seats: int, sigma_squared: float
) -> None:
    assert distance(seats, sigma_squared) <= tau(seats, sigma_squared) + ERROR


@pytest.mark.parametrize("sigma", [0.4, 0.5, 0.7])
def test_narrow_seats_are_far_from_it(sigma: float) -> None:
    """Why a seat has sigma 1.5 at least, and that the comparison can fail: the bound of 1.5 does not hold here."""
    assert distance(20, sigma * sigma) > 1000 * tau(20, LEAST)


def test_tau_at_the_least_width_is_what_the_account_takes() -> None:
    assert tau(60, LEAST) == pytest.approx(2.2702e-9, rel=1e-4)
    assert distance(2, LEAST) == pytest.approx(4.5376e-10, rel=1e-3), "measured, not drowned in rounding"
    assert distance(3, LEAST) < 1e-12


def committees() -> list[Committee]:
    plan: Plan = small_plan("committee")
    roster = [f"n{at}" for at in range(1741)]
    shipped = [Fraction(1113), Fraction(279), Fraction(45), Fraction(10)]
    found = [committee(one, 1741, Fraction(1, 10)) for one in shipped]
    for level in (Level.NATION, Level.PREFECTURE):
        drawn = committee_of(plan, level, roster)
        assert drawn is not None
        assert sensitivity_squared(plan, level) == 1
        found.append(drawn)
    return found


@pytest.mark.parametrize("drawn", committees())
@pytest.mark.parametrize("order", [1.01, 1.5, 2.0, 4.0, 16.0])
def test_what_is_left_without_the_colluders_costs_no_more_than_is_accounted(drawn: Committee, order: float) -> None:
    """zCDP is a bound on every Renyi divergence: D_a <= a rho (Bun and Steinke 2016). One cell moved by one."""
    variance = float(drawn.honest * drawn.seat_sigma_squared)
    pmf = within(summed(drawn.honest, float(drawn.seat_sigma_squared)), variance**0.5, min(6 + order, 12))
    rho = units_of_committee(1, 1, drawn) / UNITS_PER_RHO
    assert renyi(pmf, 1, order) <= order * rho * (1 + 1e-6)


@pytest.mark.parametrize("drawn", committees())
def test_one_colluder_more_than_tolerated_is_noticed(drawn: Committee) -> None:
    """The planted mutant: with one honest seat fewer the cost is above the account."""
    variance = float((drawn.honest - 1) * drawn.seat_sigma_squared)
    pmf = within(summed(drawn.honest - 1, float(drawn.seat_sigma_squared)), variance**0.5, 8)
    assert renyi(pmf, 1, 2.0) > 2.0 * units_of_committee(1, 1, drawn) / UNITS_PER_RHO


@pytest.mark.parametrize("level", [Level.NATION, Level.PREFECTURE])
def test_the_committee_costs_what_the_plan_bought(level: Level) -> None:
    plan = small_plan("committee")
    drawn = committee_of(plan, level, [f"n{at}" for at in range(1741)])
    assert drawn is not None
    assert units_of_committee(sensitivity_squared(plan, level), 1, drawn) <= plan.units[level]
    assert float(drawn.seat_sigma_squared) >= LEAST
    assert float(drawn.honest * drawn.seat_sigma_squared) == pytest.approx(
        float(sigma_squared_of(plan, level)), rel=1e-5
    )
