"""The closed form is generalised least squares, on unequal trees, with withheld areas, cell by cell."""

from fractions import Fraction
from random import Random

import numpy as np
import pytest

from aggregator.estimation.tree import Branch, Coefficients, Shape, least_squares
from aggregator.privacy.distribution import Noise
from tests.unit.aggregator.estimation.shapes import Floats, dense, some_shape


def closed_form(shape: Shape, keys: list[tuple[str, int, int]]) -> Floats:
    """What each estimate takes of each measurement, by the differences that the module describes."""
    at = {key: place for place, key in enumerate(keys)}
    zero = np.zeros(len(keys))

    def unit(*key: str | int) -> Floats:
        row = zero.copy()
        row[at[key]] = 1.0  # type: ignore[index]
        return row

    def inside(p: int) -> Floats:
        return sum((unit("establisher", p, e) for e in range(shape.branches[p].establishers)), zero)

    def cells(p: int) -> Floats:
        return sum((unit("cell", p, c) for c in range(shape.cells)), zero)

    count = range(len(shape.branches))
    differ = [zero] * shape.cells
    if shape.compares_cells:
        differ = [unit("nation", 0, c) - sum((unit("cell", p, c) for p in count), zero) for c in range(shape.cells)]
    totals = zero
    if shape.compares_totals:
        totals = sum((unit("nation", 0, c) for c in range(shape.cells)), zero)
        totals = totals - sum((inside(p) if shape.branches[p].summed else cells(p) for p in count), zero)
    branches = [cells(p) - inside(p) if one.summed and one.noise else zero for p, one in enumerate(shape.branches)]

    fit = least_squares(shape)
    rows = []
    for key in keys:
        kind, p, which = key
        by = {"nation": (fit.nation,), "cell": fit.cells, "establisher": fit.establishers}[kind][p]
        assert isinstance(by, Coefficients)
        row = unit(*key) + by.totals * totals
        row = row + sum((weight * one for weight, one in zip(by.branches, branches, strict=True)), zero)
        if kind != "establisher":
            row = row + by.own * differ[which] + by.rest * (sum(differ, zero) - differ[which])
        rows.append(row)
    return np.array(rows).reshape(len(keys), len(keys))


@pytest.mark.parametrize("seed", range(60))
def test_the_closed_form_equals_dense_least_squares(seed: int) -> None:
    shape = some_shape(Random(seed))
    judged = dense(shape)
    assert closed_form(shape, judged.keys) == pytest.approx(judged.hat, abs=1e-9)


@pytest.mark.long
def test_the_closed_form_equals_dense_least_squares_on_thousands_of_trees() -> None:
    for seed in range(1000, 4000):
        shape = some_shape(Random(seed))
        judged = dense(shape)
        assert np.abs(closed_form(shape, judged.keys) - judged.hat).max(initial=0) < 1e-9, seed


def test_nobodys_estimate_leans_on_a_withheld_prefecture() -> None:
    """With one prefecture unknown, the nation says nothing about the others; they keep to their establishers."""
    noise = Noise(Fraction(50))
    shape = Shape(2, noise, (Branch(noise, 3, True), Branch(None, 2, False)), noise)
    assert not shape.compares_cells
    assert not shape.compares_totals
    fit = least_squares(shape)
    assert fit.nation == Coefficients(0.0, 0.0, 0.0, fit.nation.branches)  # type: ignore[union-attr]
    assert fit.cells[0] is not None
    assert fit.cells[0].totals == 0
    assert fit.cells[0].branches[0] < 0
    assert fit.cells[1] is None


def test_a_withheld_prefecture_still_counts_by_its_establishers() -> None:
    noise = Noise(Fraction(50))
    shape = Shape(2, noise, (Branch(noise, 3, True), Branch(None, 2, True)), noise)
    assert not shape.compares_cells
    assert shape.compares_totals
    assert least_squares(shape).nation.totals < 0  # type: ignore[union-attr]


def test_a_shape_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="one cell or more"):
        Shape(0, None, (), None)
    with pytest.raises(ValueError, match="with noise"):
        Shape(1, None, (Branch(None, 2, True),), None)
