"""The one place that draws noise: the discrete Gaussian over the integers, exact but for 2^-108 per draw.

The sampler is Algorithm 3 of Canonne, Kamath and Steinke (2020, "The Discrete Gaussian for Differential Privacy"), run
by diffprivlib's ``GaussianDiscrete``. That class finds its scale from (epsilon, delta) and evaluates the algorithm in
floats. Here its scale is *given*, and given as an exact ratio, together with a random number that compares itself with
ratios as integers: every threshold of the algorithm is then formed and compared without a float.

**How far a draw may be from exact.** A uniform number has 128 bits, so a comparison with a threshold p succeeds with
probability p up to 2^-128. Run beside an ideal sampler on the same coins, a draw differs with probability at most
2^-128 times the expected number of comparisons (union bound, and Wald's equation over proposals). With s = sigma^2 >= 1
and t = 1 + floor(sigma): a proposal is accepted with probability (1 - e^(-1/t))/2 * e^(-s/2t^2) * sum_y e^(-y^2/2s)
>= (3/8t) * e^(-1/2) * sqrt(2 pi s) >= 0.285, so fewer than 4 proposals are expected; one of them takes at most
(4t/3) * sqrt(e) + 5 comparisons. For sigma <= 2^16 that is below 2^20 in all: total variation below 2^-108 per draw.
``accounting`` takes what this can cost from delta.

It is not constant in time: a draw takes as long as its number is large. Nobody outside waits for a draw; nodes and
servers make them in background work, in batches.
"""

import math
import os
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from secrets import SystemRandom
from typing import Any, Final

LEAST_SIGMA_SQUARED: Final = 1
MOST_SIGMA_SQUARED: Final = 2**32
"""Between these two the bound above was proved; outside of them nothing is drawn."""
MOST_DRAWS: Final = 2**24
"""Draws of one call: more is a mistake, not a table."""

_BITS: Final = 128
_BATCH: Final = 4096

Source = Callable[[int], bytes]
"""So many random bytes; ``os.urandom`` outside of tests."""


class NoiseRefused(ValueError):
    """A noise that is not drawn here: its variance or its number lies outside of what was proved."""


def distance_per_draw() -> Fraction:
    """Return how far the distribution of one draw may be from the discrete Gaussian, as total variation."""
    return Fraction(2**20, 2**_BITS)


def discrete_gaussian(sigma_squared: Fraction, n: int) -> list[int]:
    """Draw n independent numbers from the discrete Gaussian with parameter sigma_squared, from the system's randomness.

    The probability of x is proportional to e^(-x^2 / (2 sigma_squared)). Raises TypeError for anything but a Fraction
    of plain integers and a plain integer, NoiseRefused for values outside of what was proved.
    """
    return draw(sigma_squared, n, os.urandom)


def draw(sigma_squared: Fraction, n: int, source: Source) -> list[int]:
    """Draw as ``discrete_gaussian`` does, from a source of random bytes: the same bytes give the same numbers."""
    check_sigma_squared(sigma_squared)
    if type(n) is not int:
        raise TypeError("the number of draws is a plain integer")
    if not 0 <= n <= MOST_DRAWS:
        raise NoiseRefused("a call draws between 0 and 2^24 numbers")
    if n == 0:
        return []
    sampler = _backend()(sigma_squared, source)
    return [sampler.randomise(0) for _ in range(n)]


def check_sigma_squared(sigma_squared: Fraction) -> None:
    """Refuse a variance parameter that is not an exact ratio (TypeError) or lies out of range (NoiseRefused)."""
    exact = type(sigma_squared) is Fraction
    if not exact or type(sigma_squared.numerator) is not int or type(sigma_squared.denominator) is not int:
        raise TypeError("sigma_squared is a Fraction of plain integers")
    if not LEAST_SIGMA_SQUARED <= sigma_squared <= MOST_SIGMA_SQUARED:
        raise NoiseRefused("sigma_squared lies between 1 and 2^32")


class BackendChanged(AssertionError):
    """The library asks for something that its sampler did not ask for when this was written: nothing is drawn."""


class _Ratio:
    """A ratio of integers with the few operations that the sampler uses; never reduced, since none lives long."""

    __slots__ = ("above", "below")

    def __init__(self, above: int, below: int = 1) -> None:
        self.above = above
        self.below = below

    def __lt__(self, other: int) -> bool:
        return self.above < other * self.below

    def __gt__(self, other: int) -> bool:
        return self.above > other * self.below

    def __radd__(self, other: int) -> "_Ratio":
        return _Ratio(other * self.below + self.above, self.below)

    def __sub__(self, other: int) -> "_Ratio":
        return _Ratio(self.above - other * self.below, self.below)

    def __rsub__(self, other: int) -> "_Ratio":
        return _Ratio(other * self.below - self.above, self.below)

    def __mul__(self, other: "_Ratio") -> "_Ratio":
        return _Ratio(self.above * other.above, self.below * other.below)

    def __truediv__(self, other: "_Ratio | int") -> "_Ratio":
        if isinstance(other, int):
            return _Ratio(self.above, self.below * other)
        return _Ratio(self.above * other.below, self.below * other.above)

    def __rtruediv__(self, other: int) -> "_Ratio":
        return _Ratio(other * self.below, self.above)

    def __pow__(self, power: int) -> "_Ratio":
        return _Ratio(self.above**power, self.below**power)


class _Scale:
    """The standard deviation parameter, of which the sampler asks its floor and its square alone: both exact."""

    __slots__ = ("_square",)

    def __init__(self, sigma_squared: Fraction) -> None:
        self._square = sigma_squared

    def __floor__(self) -> _Ratio:
        return _Ratio(math.isqrt(self._square.numerator // self._square.denominator))

    def __pow__(self, power: int) -> _Ratio:
        if power != 2:
            raise BackendChanged
        return _Ratio(self._square.numerator, self._square.denominator)


class _Uniform:
    """A number k / 2^128, k uniform."""

    __slots__ = ("_k",)

    def __init__(self, k: int) -> None:
        self._k = k

    def __le__(self, threshold: "_Ratio | float") -> bool:
        if isinstance(threshold, float):
            # The one float of the backend: 1/c for its counter c, in e^(-1). c is exact, so the comparison is too.
            counter = round(1 / threshold)
            if 1 / counter != threshold:
                raise BackendChanged
            return self._k * counter <= 1 << _BITS
        return self._k * threshold.below <= threshold.above << _BITS

    def __lt__(self, half: float) -> bool:
        if half != 0.5:
            raise BackendChanged
        return self._k < 1 << (_BITS - 1)


class _Uniforms(SystemRandom):
    """The generator that the backend is given: every ``random()`` is 128 fresh bits of the source."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._bytes = b""
        self._at = 0

    def random(self) -> _Uniform:  # type: ignore[override]
        if self._at == len(self._bytes):
            self._bytes = self._source(_BATCH)
            self._at = 0
        self._at += _BITS // 8
        return _Uniform(int.from_bytes(self._bytes[self._at - _BITS // 8 : self._at], "big"))


@cache
def _backend() -> Callable[[Fraction, Source], Any]:
    """Return diffprivlib's sampler with the scale given; imported on first use, for it takes seconds."""
    from diffprivlib.mechanisms import GaussianDiscrete  # type: ignore[import-untyped]

    class Sampler(GaussianDiscrete):  # type: ignore[misc]
        def __init__(self, sigma_squared: Fraction, source: Source) -> None:
            self._given = _Scale(sigma_squared)
            # epsilon and delta are what the backend would find a scale from; the scale below is given instead.
            super().__init__(epsilon=1.0, delta=0.5, sensitivity=1, random_state=_Uniforms(source))

        def _find_scale(self) -> _Scale:
            return self._given

    return Sampler
