"""The made-up nation that benches of the count measure on: its establishers, their schools, and noise for simulations.

**Why the noise here is numpy's.** A simulation takes tens of millions of draws, and the sampler of the count takes tens
of microseconds for one, because it is exact and uses the system's randomness. Here numbers are drawn from the same
distribution by its quantiles, with a generator that can be seeded. The same uniform number gives central, committee and
server-added noise, so that ratios of errors are not blurred by luck. Nothing but a bench may use it.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
import numpy.typing as npt

from aggregator.estimation.tree import Branch, Shape
from aggregator.privacy.accounting import YEAR_UNITS, committee, sigma_squared
from aggregator.privacy.distribution import Noise, characteristic

Integers = npt.NDArray[np.int64]

SCHOOLS: Final = 31_302
MUNICIPALITIES: Final = (
    179, 40, 33, 35, 25, 35, 59, 44, 25, 35, 63, 54, 62, 33, 30, 15, 19, 17, 27, 77, 42, 35, 54, 29, 19, 26, 43, 41,
    39, 30, 19, 19, 27, 23, 19, 24, 17, 20, 34, 60, 20, 21, 45, 18, 26, 43, 41,
)  # fmt: skip
"""Municipalities and special wards of the 47 prefectures, in the order of their codes."""
MOST_SCHOOLS: Final = 500
PER_SCHOOL: Final = 20
"""Children that a cell of one school holds on average."""
COLLUDING: Final = Fraction(1, 10)


@dataclass(frozen=True, slots=True)
class Split:
    """How the year's budget is divided, and into how many groups of how many cells the 20 cells of a table fall.

    With groups of one cell, every level has all 20 cells; otherwise an establisher has the groups' totals alone.
    """

    name: str
    nation: Fraction
    prefecture: Fraction
    establisher: Fraction
    groups: int
    cells: int

    def sigma_squared(self, share: Fraction) -> Fraction:
        """Return the variance that a level's share of the year's budget buys, one child in one cell."""
        return sigma_squared(1, int(YEAR_UNITS * share))


EQUAL: Final = Split("equal split", *(Fraction(1, 3),) * 3, 20, 1)
SHIPPED: Final = Split("shipped split", Fraction(1, 10), Fraction(4, 10), Fraction(5, 10), 2, 10)
SPLITS: Final = (EQUAL, SHIPPED)

CENTRAL, COMMITTEE, SERVERS = "central curator", "committee", "server-added noise"


def schools() -> tuple[Integers, ...]:
    """Return for each prefecture how many schools each establisher has: from 1 to 500, and 31,302 in all."""
    rng = np.random.default_rng(47)
    drawn = np.exp(rng.normal(2.0, 1.15, sum(MUNICIPALITIES)))
    drawn[int(np.argmax(drawn))] = 1e9
    low, high = 0.0, 100.0
    for _ in range(60):
        middle = (low + high) / 2
        if _whole(drawn * middle).sum() < SCHOOLS:
            low = middle
        else:
            high = middle
    counts = _whole(drawn * low)
    free = np.flatnonzero((counts > 1) & (counts < MOST_SCHOOLS))
    counts[free[: SCHOOLS - int(counts.sum())]] += 1
    return tuple(np.split(counts, np.cumsum(MUNICIPALITIES)[:-1]))


def _whole(counts: npt.NDArray[np.float64]) -> Integers:
    return np.clip(np.floor(counts), 1, MOST_SCHOOLS).astype(np.int64)


def above_node(split: Split, share: Fraction, source: str) -> Noise:
    """Return the noise of a total above the node: a curator's, a committee's with all seats, or both servers'."""
    bought = split.sigma_squared(share)
    if source == CENTRAL:
        return Noise(bought)
    if source == SERVERS:
        return Noise(bought, 2)
    drawn = committee(bought, sum(MUNICIPALITIES), COLLUDING)
    return Noise(drawn.seat_sigma_squared, drawn.seats)


def shape(split: Split, source: str) -> Shape:
    """Return the form of a group's tree under a split and a source of noise."""
    noise = above_node(split, split.prefecture, source)
    return Shape(
        split.cells,
        above_node(split, split.nation, source),
        tuple(Branch(noise, count, True) for count in MUNICIPALITIES),
        Noise(split.sigma_squared(split.establisher)),
    )


def noisy(noise: Noise, uniforms: npt.NDArray[np.float64]) -> Integers:
    """Return numbers with the distribution of a noise, as its quantiles at uniform numbers."""
    reach = int(10 * float(noise.variance) ** 0.5) + 2
    size = 2 * reach + 1
    at = (np.fft.fftfreq(size) * 2 * np.pi).astype(np.float64)
    chances = np.fft.fftshift(np.fft.ifft(characteristic(noise.sigma_squared, at) ** noise.draws).real)
    steps = np.cumsum(np.maximum(chances, 0))
    found: Integers = np.minimum(np.searchsorted(steps, uniforms), size - 1).astype(np.int64) - reach
    return found
