"""Whether an opened total agrees with the noisy figures of its establishers: the one check of values that is possible.

Servers see shares, so they cannot see a figure that is wrong. After opening, the sum of a total's cells is held against
the sum of the noisy establisher figures of the same children. Both are unbiased for one truth; they differ by noise
alone, and by more than six standard errors in fewer than 2 of 10^9 honest sums. It catches a share that was damaged, a
mask that did not cancel, noise that was forgotten by the thousand. It does not catch a node that reports the same wrong
figure at all levels, nor a difference within the noise.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from aggregator.privacy.distribution import Noise

STANDARD_ERRORS: Final = 6


def agrees(cells: Sequence[int], noise: Noise, establishers: Sequence[int], establisher_noise: Noise | None) -> bool:
    """Whether a total, given by the cells that make it up, lies within six standard errors of its establishers."""
    difference = sum(cells) - sum(establishers)
    variance = len(cells) * noise.variance
    if establisher_noise is not None:
        variance += len(establishers) * establisher_noise.variance
    return Fraction(difference) ** 2 <= STANDARD_ERRORS**2 * variance
