"""Random small trees, and least squares done densely: what the closed form is judged by."""

from dataclasses import dataclass
from fractions import Fraction
from random import Random

import numpy as np
import numpy.typing as npt

from aggregator.estimation.tree import Branch, Shape
from aggregator.privacy.distribution import Noise

Floats = npt.NDArray[np.float64]


def some_noise(random: Random) -> Noise:
    return Noise(Fraction(random.randint(20, 500), 10), random.randint(1, 3))


def some_shape(random: Random, *, complete: bool = False) -> Shape:
    """Unequal branches: prefectures with one establisher, without any, unmeasured ones, groups of K cells."""
    branches = tuple(
        Branch(
            some_noise(random) if complete or random.random() < 0.8 else None,
            random.choice([1, 1, 2, 3, 5] if complete else [0, 1, 1, 2, 3, 5]),
            complete or random.random() < 0.8,
        )
        for _ in range(random.randint(1, 5))
    )
    nation = some_noise(random) if complete or random.random() < 0.85 else None
    return Shape(random.choice([1, 1, 2, 3]), nation, branches, some_noise(random))


@dataclass(frozen=True)
class Dense:
    """Measurements of a shape in a row: nation's cells, then by prefecture its cells and its establishers."""

    keys: list[tuple[str, int, int]]
    variances: Floats
    design: Floats
    """Measurements by free parameters: prefecture cells, and establishers (all but one where they make it up)."""

    @property
    def hat(self) -> Floats:
        """What generalised least squares makes of a unit of each measurement, at each measurement."""
        weighted = self.design.T / self.variances
        inverse = np.linalg.pinv(weighted @ self.design, rcond=1e-11)
        found: Floats = self.design @ inverse @ weighted
        return found


def dense(shape: Shape) -> Dense:
    columns: dict[tuple[str, int, int], int] = {}
    for p, branch in enumerate(shape.branches):
        for c in range(shape.cells):
            columns["cell", p, c] = len(columns)
        for e in range(branch.establishers - branch.summed):
            columns["establisher", p, e] = len(columns)

    def unit(kind: str, p: int, which: int) -> Floats:
        row = np.zeros(len(columns))
        row[columns[kind, p, which]] = 1.0
        return row

    def inside(p: int, e: int) -> Floats:
        branch = shape.branches[p]
        if not branch.summed or e < branch.establishers - 1:
            return unit("establisher", p, e)
        whole = sum((unit("cell", p, c) for c in range(shape.cells)), np.zeros(len(columns)))
        return whole - sum((unit("establisher", p, i) for i in range(e)), np.zeros(len(columns)))

    keys: list[tuple[str, int, int]] = []
    rows: list[Floats] = []
    variances: list[float] = []

    def add(key: tuple[str, int, int], row: Floats, noise: Noise | None) -> None:
        if noise is not None:
            keys.append(key)
            rows.append(row)
            variances.append(float(noise.variance))

    for c in range(shape.cells):
        everywhere = sum((unit("cell", p, c) for p in range(len(shape.branches))), np.zeros(len(columns)))
        add(("nation", 0, c), everywhere, shape.nation)
    for p, branch in enumerate(shape.branches):
        for c in range(shape.cells):
            add(("cell", p, c), unit("cell", p, c), branch.noise)
        for e in range(branch.establishers):
            add(("establisher", p, e), inside(p, e), shape.establisher)
    return Dense(keys, np.array(variances), np.array(rows).reshape(len(keys), len(columns)))
