"""What a release costs every child, in picorho, and how much noise a cost buys. Whole numbers and exact ratios only.

The unit is zero-concentrated differential privacy (zCDP; Bun and Steinke 2016): rho adds up over everything that is
ever released about a child. It is counted in *picorho*, 10^-12, and rounded so that privacy is never overstated: what
is spent is rounded up, what may be spent is rounded down, noise is rounded up.

The conversion to (epsilon, delta) is Canonne, Kamath and Steinke (2020, Proposition 12 and Corollary 13)::

    delta(rho, epsilon) = min over a > 1 of  e^((a-1)(a rho - epsilon)) / (a-1) * (1 - 1/a)^a

Every a gives a valid bound, so an inexact minimum costs a little budget and never privacy. The derivative of the
logarithm is (2a-1) rho - epsilon + ln(1 - 1/a), which grows with a, so its one root is found by halving. All of it is
evaluated with 40 decimal digits.
"""

from dataclasses import dataclass
from decimal import ROUND_CEILING, Context, Decimal, localcontext
from fractions import Fraction
from functools import lru_cache
from math import ceil, isqrt, sqrt
from typing import Final

from aggregator.privacy.mechanisms import check_sigma_squared, distance_per_draw

UNITS_PER_RHO: Final = 10**12
"""One unit is a picorho."""

YEAR_EPSILON: Final = Fraction(1)
YEAR_DELTA: Final = Fraction(1, 10**9)
"""What every child is promised for one school year, over all plans and levels."""

DRAWS_PER_CHILD: Final = 2**20
"""At most so many draws of noise fall on cells that hold one child in one school year; far more than plans could."""

SAMPLER_DELTA: Final = 4 * DRAWS_PER_CHILD * distance_per_draw()
"""What the sampler's distance from exact costs: (1 + e^epsilon) < 4 times the total variation of a year's draws."""

YEAR_UNITS: Final = 14_973_057_673
"""What may be spent on a child in one school year: ``rho_units(YEAR_EPSILON, YEAR_DELTA)``, rounded down."""

NOISE_STEP: Final = 10**6
"""Variances are whole multiples of 1/NOISE_STEP: decimals that a release can print in full."""

MOST_SEATS: Final = 60
LEAST_SEAT_SIGMA_SQUARED: Final = Fraction(9, 4)
"""A seat's sigma is at least 1.5; below that a sum of discrete Gaussians is noticeably none itself."""

_DIGITS: Final = Context(prec=40)
_SLACK: Final = Decimal("1e-25")
"""More than all rounding of an evaluation with 40 digits; taken off before anything is called safe."""
_EPSILON_STEP: Final = 10**6
_TWO_PI_SQUARED: Final = Fraction(19739, 1000)
"""A little less than 2 pi^2 = 19.7392..., so that what rests on it is an upper bound."""


class CommitteeImpossible(ValueError):
    """No committee can give this noise: too few seats would be left when those that may collude are taken off."""


@dataclass(frozen=True, slots=True)
class Committee:
    """Who adds the noise of one total together.

    ``seats`` are drawn, of which ``tolerated`` may know or leave out their part without the promise being broken;
    every seat draws a discrete Gaussian of ``seat_sigma_squared``. ``sigma_squared`` is the noise that the plan bought.
    """

    sigma_squared: Fraction
    seats: int
    tolerated: int
    seat_sigma_squared: Fraction

    @property
    def honest(self) -> int:
        """The seats that the promise rests on."""
        return self.seats - self.tolerated

    @property
    def variance(self) -> Fraction:
        """The variance of the noise when all seats answer."""
        return self.seats * self.seat_sigma_squared

    @property
    def scale(self) -> float:
        """How much wider the noise is than the plan's: sqrt(seats / honest), and next to nothing for its shape."""
        return sqrt(self.variance / self.sigma_squared)


def rho_units(epsilon: Fraction, delta: Fraction) -> int:
    """Return the most picorho that keep (epsilon, delta), the sampler's distance taken off delta first.

    Raises TypeError for anything but Fractions and ValueError for values that promise nothing.
    """
    _check_promise(epsilon, delta)
    least, most = 0, ceil(epsilon * UNITS_PER_RHO) + 1
    while most - least > 1:
        middle = (least + most) // 2
        if _keeps(middle, epsilon, delta):
            least = middle
        else:
            most = middle
    return least


def epsilon_of(units: int, delta: Fraction) -> Fraction:
    """Return the epsilon that so many picorho amount to at delta, rounded up to a millionth."""
    _check_units(units)
    _check_promise(Fraction(1), delta)
    return _epsilon_of(units, delta) if units else Fraction(0)


@lru_cache(maxsize=256)
def _epsilon_of(units: int, delta: Fraction) -> Fraction:
    most = 1
    while not _keeps(units, Fraction(most, _EPSILON_STEP), delta):
        most *= 2
    least = most // 2
    while most - least > 1:
        middle = (least + most) // 2
        if _keeps(units, Fraction(middle, _EPSILON_STEP), delta):
            most = middle
        else:
            least = middle
    return Fraction(most, _EPSILON_STEP)


def sigma_squared(sensitivity_squared: int, units: int) -> Fraction:
    """Return the variance parameter that makes a query of this squared L2 sensitivity cost at most so many picorho.

    A discrete Gaussian satisfies rho-zCDP with rho = sensitivity^2 / (2 sigma^2) (Canonne, Kamath and Steinke 2020,
    Theorem 4, and for vectors Theorem 14): sigma^2 = sensitivity^2 / (2 rho), rounded up to a millionth.
    """
    _check_units(units)
    if type(sensitivity_squared) is not int:
        raise TypeError("a squared sensitivity is a plain integer")
    if sensitivity_squared < 1 or units < 1:
        raise ValueError("sensitivity and units are positive")
    return Fraction(-(-sensitivity_squared * UNITS_PER_RHO * NOISE_STEP // (2 * units)), NOISE_STEP)


def units_of(sensitivity_squared: int, sigma_squared: Fraction) -> int:
    """Return what a discrete Gaussian of this variance parameter costs, in picorho, rounded up."""
    _check_noise(sensitivity_squared, sigma_squared)
    return ceil(sensitivity_squared * UNITS_PER_RHO / (2 * sigma_squared))


def committee(sigma_squared: Fraction, roster: int, colluding: Fraction) -> Committee:
    """Return the committee that gives a total the noise of sigma_squared, however ``colluding`` of its seats act.

    At most min(60, floor((sigma/1.5)^2), roster) seats n, tolerated t = ceil(colluding * n). Because t is rounded up,
    a few seats fewer may waste less noise: n is the number above half of the most for which n / (n-t) is smallest, the
    larger one of equals. Each seat draws sigma^2 / (n-t) and a part in millions more, so that the honest seats together
    cost no more than one discrete Gaussian of sigma_squared does, for every sensitivity (``units_of_committee`` says
    why). Raises CommitteeImpossible.
    """
    check_sigma_squared(sigma_squared)
    if type(roster) is not int or type(colluding) is not Fraction:
        raise TypeError("a roster is counted with a plain integer, the colluding share is a Fraction")
    if not 0 <= colluding < 1:
        raise ValueError("the colluding share lies from 0 to below 1")
    most = min(MOST_SEATS, int(sigma_squared / LEAST_SEAT_SIGMA_SQUARED), roster)
    possible = [
        (Fraction(n, n - t), -n, t) for n in range(most // 2 + 1, most + 1) for t in [ceil(colluding * n)] if t < n
    ]
    if not possible:
        raise CommitteeImpossible("no honest seat would be left")
    _, negative, tolerated = min(possible)
    seats = -negative
    honest = seats - tolerated
    plain = sigma_squared / honest
    shape = _shape(honest, plain) * (isqrt(ceil(sigma_squared)) + 1)
    mended = plain / (1 - shape) ** 2
    return Committee(sigma_squared, seats, tolerated, Fraction(ceil(mended * NOISE_STEP), NOISE_STEP))


def units_of_committee(sensitivity_squared: int, coordinates: int, drawn: Committee) -> int:
    """Return what the honest seats' noise costs, in picorho, rounded up, when a child moves so many cells.

    A sum of n discrete Gaussians of s^2 is none itself, but near: with tau = 10 sum_{k=1}^{n-1} e^(-2 pi^2 s^2 k/(k+1))
    it satisfies (e^2/2)-zCDP with e = D / (sqrt(n) s) + tau sqrt(d), D the L2 sensitivity and d the number of cells
    (Kairouz, Liu and Steinke 2021, Proposition 14; cells that a child does not move have the same distribution on both
    sides and add nothing). The seats that may collude are constants to this bound. A cell that is moved is moved by at
    least 1, so d <= D^2 and e <= (D/sigma) (sigma / (sqrt(n) s) + tau sigma): seats enlarged by 1 / (1 - tau sigma)
    make that D/sigma, the cost of the noise that the plan bought.
    """
    _check_noise(sensitivity_squared, drawn.seat_sigma_squared)
    if type(coordinates) is not int or not 1 <= coordinates <= sensitivity_squared:
        raise ValueError("a child moves between one cell and as many as its squared sensitivity")
    tau = _shape(drawn.honest, drawn.seat_sigma_squared)
    if tau == 0:
        return units_of(sensitivity_squared, drawn.seat_sigma_squared)
    with localcontext(_DIGITS):
        variance = _decimal(drawn.honest * drawn.seat_sigma_squared)
        epsilon = (sensitivity_squared / variance).sqrt() + _decimal(tau) * Decimal(coordinates).sqrt()
        units = epsilon * epsilon / 2 * UNITS_PER_RHO
        return int((units * (1 + _SLACK)).to_integral_value(ROUND_CEILING))


@lru_cache(maxsize=256)
def _shape(seats: int, seat_sigma_squared: Fraction) -> Fraction:
    """Return an upper bound of tau: how far a sum of so many discrete Gaussians is from being one."""
    with localcontext(_DIGITS):
        terms = (_decimal(-_TWO_PI_SQUARED * seat_sigma_squared * Fraction(k, k + 1)).exp() for k in range(1, seats))
        return Fraction(10 * sum(terms, Decimal(0)) * (1 + _SLACK))


def _keeps(units: int, epsilon: Fraction, delta: Fraction) -> bool:
    """Whether so many picorho and the sampler's distance together keep (epsilon, delta)."""
    left = delta - SAMPLER_DELTA
    if left <= 0:
        return False
    if units == 0:
        return True
    with localcontext(_DIGITS):
        rho, bound = Decimal(units) / UNITS_PER_RHO, _decimal(epsilon)
        order = _best_order(rho, bound)
        log_delta = (order - 1) * (order * rho - bound) + order * (1 - 1 / order).ln() - (order - 1).ln()
        return log_delta + _SLACK <= _decimal(left).ln()


def _best_order(rho: Decimal, epsilon: Decimal) -> Decimal:
    """Return the order a > 1 at which the bound is (all but) smallest."""
    least, most = Decimal(1), 2 + (epsilon + 1) / rho
    for _ in range(60):
        middle = (least + most) / 2
        if (2 * middle - 1) * rho - epsilon + (1 - 1 / middle).ln() < 0:
            least = middle
        else:
            most = middle
    return most


def _decimal(ratio: Fraction) -> Decimal:
    return Decimal(ratio.numerator) / Decimal(ratio.denominator)


def _check_promise(epsilon: Fraction, delta: Fraction) -> None:
    if type(epsilon) is not Fraction or type(delta) is not Fraction:
        raise TypeError("epsilon and delta are Fractions")
    if epsilon <= 0 or not 0 < delta < 1:
        raise ValueError("epsilon is positive, delta lies between 0 and 1")


def _check_units(units: int) -> None:
    if type(units) is not int:
        raise TypeError("units are a plain integer")
    if units < 0:
        raise ValueError("units are never negative")


def _check_noise(sensitivity_squared: int, sigma_squared: Fraction) -> None:
    if type(sensitivity_squared) is not int:
        raise TypeError("a squared sensitivity is a plain integer")
    if sensitivity_squared < 1:
        raise ValueError("a sensitivity is positive")
    check_sigma_squared(sigma_squared)
