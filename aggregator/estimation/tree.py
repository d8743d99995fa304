"""Weighted least squares over nation, prefectures and establishers, in closed form, with unequal branches.

One *group* is what one establisher cell counts: at the nation and in every prefecture its K cells (for instance twelve
cells of grade and sex), in every establisher their total. The measurements fall apart into two independent parts:

* **totals**, a tree of three levels with variances K V_nation, K V_prefecture and V_establisher;
* **contrasts** (cell minus total/K), a tree of two levels with variances V_nation and V_prefecture.

The best linear unbiased estimate is each part's two-pass solution (Hay, Rastogi, Miklau and Suciu 2010, for unequal
branches and variances): upwards, a node's own measurement and the sum of its children's estimates are averaged with
inverse variances; downwards, what is left between a parent and its children is shared out by their variances.

It is written here by what it *adds* to a measurement. Every redundancy of the tree is a difference whose expectation is
zero whatever the truth is:

* A_c = nation's cell c minus the sum of the prefectures' cells c,
* D_p = sum of prefecture p's K cells minus the sum of its establishers,
* E = sum of the nation's K cells minus, over the prefectures, the establishers where they make up the prefecture and
  its own cells where they do not.

An estimate is a measurement plus a linear combination of these, so it is unbiased *for any* coefficients; least squares
gives the best. A difference with an unmeasured part is not used, and neither is what would follow from it.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from aggregator.privacy.distribution import Noise

SCALE: Final = 1024
"""Coefficients are rounded to multiples of 1/1024. It costs less than 0.1 % of the variance, and makes an estimate an
integer divided by 1024 and its error a lattice variable, whose coverage can be computed exactly."""

_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Branch:
    """One prefecture: the noise of its cells (None if they were not opened), and how many establishers were measured.

    ``whole`` says that the measured establishers make up the prefecture: none of them was withheld.
    """

    noise: Noise | None
    establishers: int
    whole: bool

    @property
    def summed(self) -> bool:
        """Whether the prefecture's total is measured by the sum of its establishers."""
        return self.whole and self.establishers > 0


@dataclass(frozen=True, slots=True)
class Shape:
    """Everything about a group that does not depend on any figure: equal shapes have equal weights and intervals."""

    cells: int
    nation: Noise | None
    branches: tuple[Branch, ...]
    establisher: Noise | None

    def __post_init__(self) -> None:
        if self.cells < 1:
            raise ValueError("a group has one cell or more")
        if self.establisher is None and any(branch.establishers for branch in self.branches):
            raise ValueError("establishers are measured with noise")

    @property
    def compares_cells(self) -> bool:
        """Whether A_c exists: the nation and all prefectures are measured."""
        return self.nation is not None and bool(self.branches) and all(one.noise for one in self.branches)

    @property
    def compares_totals(self) -> bool:
        """Whether E exists: the nation is measured, and every prefecture by itself or by its establishers."""
        known = all(one.noise or one.summed for one in self.branches)
        return self.nation is not None and bool(self.branches) and known


@dataclass(frozen=True, slots=True)
class Coefficients:
    """What one measured cell, or one establisher's total, adds of each difference, in units of 1/scale.

    ``own`` of the cell's A, ``rest`` of every other A of the group, ``totals`` of E, ``branches[p]`` of D_p.
    """

    own: float
    rest: float
    totals: float
    branches: _Floats


@dataclass(frozen=True, slots=True)
class Fit:
    """The coefficients of a shape: of the nation's cells, and by prefecture of its cells and of its establishers."""

    nation: Coefficients | None
    cells: tuple[Coefficients | None, ...]
    establishers: tuple[Coefficients | None, ...]


def least_squares(shape: Shape) -> Fit:
    """Return the coefficients of the best linear unbiased estimate, as they are (not rounded)."""
    k, count = shape.cells, len(shape.branches)
    above = _variance(shape.nation)
    noisy = np.array([_variance(one.noise) for one in shape.branches])
    inner = np.array([one.establishers * _variance(shape.establisher) for one in shape.branches])
    summed = np.array([one.summed for one in shape.branches], dtype=bool)
    measured = np.array([one.noise is not None for one in shape.branches], dtype=bool)
    both = summed & measured
    # Upwards: what D_p tells about a prefecture whose establishers are summed, and how sure its total then is.
    taken = np.zeros(count)
    taken[both] = inner[both] / (inner[both] + k * noisy[both])
    spread = np.where(summed, inner, k * noisy)
    spread[both] = (1 - taken[both]) * inner[both]
    # Downwards: how much of what is left over a prefecture gets, and of E.
    whole, shared, kept = 0.0, np.zeros(count), 0.0
    if shape.compares_totals:
        whole = float(spread.sum())
        shared, kept = spread / (whole + k * above), whole / (whole + k * above)
    contrast, contrasts = 0.0, np.zeros(count)
    if shape.compares_cells and k > 1:
        contrast = float(noisy.sum() / (noisy.sum() + above))
        contrasts = noisy / (noisy.sum() + above)
    nation = None
    if shape.nation is not None:
        # E holds the nation's total, so dropping E altogether leaves the measurement as it is.
        left = (1 - kept) if shape.compares_totals else 0.0
        nation = Coefficients(
            *_of_contrast(-(1 - contrast) if shape.compares_cells and k > 1 else 0.0, k), -left / k, left * taken / k
        )
    cells: list[Coefficients | None] = []
    inside: list[Coefficients | None] = []
    for p in range(count):
        shift = -shared[p] * taken
        unit = np.zeros(count)
        unit[p] = 1.0
        if measured[p]:
            cell_shift = shift - (1 - taken[p]) * unit * both[p]
            cells.append(Coefficients(*_of_contrast(contrasts[p], k), shared[p] / k, cell_shift / k))
        else:
            cells.append(None)
        if not shape.branches[p].establishers:
            inside.append(None)
        elif summed[p]:
            parts = shape.branches[p].establishers
            inside.append(Coefficients(0.0, 0.0, shared[p] / parts, (shift + taken[p] * unit) / parts))
        else:
            inside.append(Coefficients(0.0, 0.0, 0.0, np.zeros(count)))
    return Fit(nation, tuple(cells), tuple(inside))


def _of_contrast(amount: float, cells: int) -> tuple[float, float]:
    """Return what an amount of the contrast A_c - (sum of all A)/K is of the own A and of each other one."""
    return amount * (1 - 1 / cells), -amount / cells


def _variance(noise: Noise | None) -> float:
    return 0.0 if noise is None else float(noise.variance)
