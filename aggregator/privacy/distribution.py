"""The exact distribution of noise, and of weighted sums of noise: what every published interval rests on.

A discrete Gaussian with parameter s = sigma^2 has the pmf e^(-x^2/2s) / Z over the integers, Z the sum of all. Its
characteristic function is, by Poisson's summation, a quotient of theta series of which two terms are all that double
precision can hold (s >= 1)::

    phi(t) = sum_k e^(-s (t - 2 pi k)^2 / 2) / sum_k e^(-2 pi^2 k^2 s)

A published figure errs by E = sum of w_i X_i / q, the w_i whole numbers, the X_i independent noises (``estimation``
chooses its weights so). E lives on the multiples of 1/q, so that its probabilities are a *finite* Fourier sum::

    P(E = j/q  modulo M/q) = 1/M sum_{m < M} e^(-2 pi i m j / M) prod_i phi_i(2 pi w_i m / M)

The only inexactness is what lies beyond M/q, at least nine standard errors away: below 1e-12, since a discrete Gaussian
is sub-Gaussian with its own parameter (Canonne, Kamath and Steinke 2020, section 3), and rounding, below 1e-10.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from aggregator.privacy.mechanisms import check_sigma_squared

CONFIDENCE: Final = Fraction(95, 100)
"""What an interval covers at least."""

_TAIL: Final = 9
"""Standard errors beyond which nothing is counted: 2 e^(-81/2) < 1e-17 for one, well below 1e-12 for what is cut."""
_NOTHING: Final = 1e-18
"""Products of characteristic functions below this are left out; a million of them are 1e-12."""


@dataclass(frozen=True, slots=True)
class Noise:
    """The noise of one measurement: a sum of ``draws`` independent discrete Gaussians of ``sigma_squared``.

    One draw at a node; two where each server adds the whole; as many as seats answered where a committee does.
    """

    sigma_squared: Fraction
    draws: int = 1

    def __post_init__(self) -> None:
        check_sigma_squared(self.sigma_squared)
        if type(self.draws) is not int or self.draws < 1:
            raise ValueError("noise is one draw or more")

    @property
    def variance(self) -> Fraction:
        """The variance; a discrete Gaussian's own is below its parameter by less than 1e-6 of it from 1.5 sigma on."""
        return self.draws * self.sigma_squared


@dataclass(frozen=True, slots=True)
class Term:
    """So many measurements with the same noise that enter a figure with the same whole weight."""

    weight: int
    noise: Noise
    count: int


@dataclass(frozen=True, slots=True)
class Interval:
    """A half-width in whole children, and with which probability the truth lies within: all of it exact."""

    half_width: int
    coverage: float


def pmf(sigma_squared: Fraction) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return the values that a draw takes and their probabilities, out to where less than 1e-18 is left."""
    check_sigma_squared(sigma_squared)
    reach = math.ceil(_TAIL * math.sqrt(sigma_squared)) + 1
    values = np.arange(-reach, reach + 1)
    weights = np.exp(-(values.astype(np.float64) ** 2) / (2 * float(sigma_squared)))
    return values, weights / math.fsum(weights)


def characteristic(sigma_squared: Fraction, angles: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the characteristic function of a draw at angles from -pi to pi."""
    s = float(sigma_squared)
    folded = np.abs(angles)
    above = np.exp(-s * folded**2 / 2) + np.exp(-s * (folded - 2 * math.pi) ** 2 / 2)
    above += np.exp(-s * (folded + 2 * math.pi) ** 2 / 2)
    return above / (1 + 2 * math.exp(-2 * math.pi**2 * s))


def half_width(noise: Noise, confidence: Fraction = CONFIDENCE) -> Interval:
    """Return the smallest half-width that covers a single measurement with at least this probability."""
    return interval((Term(1, noise, 1),), 1, confidence)


def variance(terms: Sequence[Term], scale: int) -> Fraction:
    """Return the variance of a weighted sum of noises, in children squared."""
    return sum((term.count * term.weight**2 * term.noise.variance for term in terms), Fraction(0)) / scale**2


def interval(terms: Sequence[Term], scale: int, confidence: Fraction = CONFIDENCE) -> Interval:
    """Return the smallest interval of whole numbers around a rounded figure that covers the truth often enough.

    The figure is (truth * scale + sum of weights times noise) / scale, rounded to a whole number, halves upwards; its
    interval is figure - h .. figure + h. ``scale`` is 1 or even. Without noise the half-width is 0.
    """
    return _interval(_gathered(terms), scale, confidence)


def coverage(terms: Sequence[Term], scale: int, half_widths: Sequence[int]) -> list[float]:
    """Return the probability that the rounded figure lies within each of these half-widths of the truth."""
    gathered = _gathered(terms)
    return [_Error(gathered, scale, max(half_widths, default=0)).within(wanted) for wanted in half_widths]


@lru_cache(maxsize=4096)
def _interval(terms: tuple[Term, ...], scale: int, confidence: Fraction) -> Interval:
    if not terms:
        return Interval(0, 1.0)
    spread = math.sqrt(variance(terms, scale))
    guess = max(0, round(1.96 * spread))
    error = _Error(terms, scale, guess + 4)
    least = float(confidence)
    while guess > 0 and error.within(guess - 1) >= least:
        guess -= 1
    while error.within(guess) < least:
        guess += 1
    return Interval(guess, error.within(guess))


class _Error:
    """The distribution of a figure's error, as its characteristic function on a grid that wraps nothing of note."""

    def __init__(self, terms: tuple[Term, ...], scale: int, reach: int) -> None:
        if scale != 1 and scale % 2:
            raise ValueError("a scale is 1 or even")
        self._scale = scale
        spread = math.sqrt(variance(terms, scale))
        size = math.ceil((reach + 1 + _TAIL * spread) * scale)
        self._size = size = size + size % 2
        self._at, self._values = _product(terms, size)

    def within(self, half_width: int) -> float:
        """Return P(-h - 1/2 <= E < h + 1/2), the lower bound a half that rounds upwards."""
        if self._scale == 1:
            return self._window(half_width)
        edge = (2 * half_width + 1) * self._scale // 2
        return (self._window(edge) + self._window(edge - 1)) / 2

    def _window(self, most: int) -> float:
        """Return P(|E| <= most/q): Dirichlet's kernel against the characteristic function."""
        angles = np.pi * self._at / self._size
        width = 2 * most + 1
        with np.errstate(divide="ignore", invalid="ignore"):
            # sin(width * angle) by the residue of width * at modulo 2 * size: exact where a product of floats is not.
            turned = (width * self._at) % (2 * self._size)
            kernel = np.where(self._at == 0, float(width), np.sin(np.pi * turned / self._size) / np.sin(angles))
        return float(np.sum(kernel * self._values)) / self._size


def _product(terms: tuple[Term, ...], size: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return the places of the grid at which the product of characteristic functions is not nothing, and it there."""
    strongest = sorted(terms, key=lambda term: -(term.weight**2) * term.noise.sigma_squared)
    at = np.arange(size, dtype=np.int64)
    values = np.ones(size)
    for term in strongest:
        turned = (at * (term.weight % size)) % size
        turned = np.where(2 * turned > size, turned - size, turned)
        values = values * characteristic(term.noise.sigma_squared, 2 * np.pi * turned / size) ** (
            term.count * term.noise.draws
        )
        kept = values > _NOTHING
        at, values = at[kept], values[kept]
    return at, values


def _gathered(terms: Sequence[Term]) -> tuple[Term, ...]:
    """Return the terms in one fixed shape: positive weights, equal ones together, none of weight or count zero."""
    found: dict[tuple[int, Fraction], int] = {}
    for term in terms:
        if type(term.weight) is not int or type(term.count) is not int or term.count < 0:
            raise TypeError("weights and counts are plain integers")
        key = (abs(term.weight), term.noise.sigma_squared)
        found[key] = found.get(key, 0) + term.count * term.noise.draws
    return tuple(
        Term(weight, Noise(sigma_squared), count)
        for (weight, sigma_squared), count in sorted(found.items())
        if weight and count
    )
