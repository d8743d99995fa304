"""Estimates of a group in whole numbers: measurements plus rounded coefficients times differences, and their errors.

With coefficients that are multiples of 1/1024, an estimate times 1024 is an integer sum of integer measurements. Two
people who carry it out get the same bytes, and the error is a known weighted sum of known noises, so its interval is
exact (``aggregator.privacy.distribution``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from aggregator.estimation.tree import SCALE, Branch, Coefficients, Shape, least_squares
from aggregator.privacy.distribution import Interval, Noise, Term, interval

Integers = npt.NDArray[np.int64]

MOST_COUNT: Final = 2**40
"""Measurements are below this in size, so that no sum of theirs times 1024 leaves 64 bits."""


class CountRefused(ValueError):
    """A measurement that is no whole number of plausible size, or tables that do not fit their shape."""


@dataclass(frozen=True, slots=True)
class Measurements:
    """The opened measurements of some groups of one shape, one row per group.

    ``nation`` is groups by cells, ``prefectures`` groups by prefectures by cells, ``establishers`` one array of groups
    by establishers for each prefecture. What was not measured is None, and zero in ``prefectures``.
    """

    nation: Integers | None
    prefectures: Integers
    establishers: tuple[Integers, ...]


@dataclass(frozen=True, slots=True)
class Estimates:
    """Estimates times 1024, in the form of the measurements. Of what was not measured there is none."""

    nation: Integers | None
    prefectures: tuple[Integers | None, ...]
    establishers: tuple[Integers, ...]


@dataclass(frozen=True, slots=True)
class Intervals:
    """The intervals of a shape: of the nation's cells, and by prefecture of its cells and of its establishers.

    ``nation_sum`` and ``cell_sums`` are those of all cells of a group added up.
    """

    nation: Interval | None
    cells: tuple[Interval | None, ...]
    establishers: tuple[Interval | None, ...]
    nation_sum: Interval | None
    cell_sums: tuple[Interval | None, ...]


@dataclass(frozen=True, slots=True)
class _Whole:
    """Coefficients in units of 1/1024, as plain integers."""

    own: int
    rest: int
    totals: int
    branches: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Weights:
    nation: _Whole | None
    cells: tuple[_Whole | None, ...]
    establishers: tuple[_Whole | None, ...]


def estimate(shape: Shape, measured: Measurements) -> Estimates:
    """Return the estimates of every measured cell, times 1024. Raises CountRefused."""
    _check(shape, measured)
    weights = _weights(shape)
    sums = [part.sum(axis=1) for part in measured.establishers]
    totals = measured.prefectures.sum(axis=2)
    groups = measured.prefectures.shape[0]
    zero = np.zeros(groups, dtype=np.int64)
    cells_differ = np.zeros((groups, shape.cells), dtype=np.int64)
    total_differs = zero
    if measured.nation is not None and shape.compares_cells:
        cells_differ = measured.nation - measured.prefectures.sum(axis=1)
    if measured.nation is not None and shape.compares_totals:
        below = [sums[p] if one.summed else totals[:, p] for p, one in enumerate(shape.branches)]
        total_differs = measured.nation.sum(axis=1) - sum(below, zero)
    branch_differs = np.zeros((groups, len(shape.branches)), dtype=np.int64)
    for p, one in enumerate(shape.branches):
        if one.summed and one.noise is not None:
            branch_differs[:, p] = totals[:, p] - sums[p]

    def corrected(values: Integers, by: _Whole, of_cells: bool) -> Integers:
        found: Integers = values * SCALE
        inner = by.totals * total_differs + branch_differs @ np.array(by.branches, dtype=np.int64)
        found = found + inner[:, None]
        if of_cells:
            found = found + (by.own - by.rest) * cells_differ + by.rest * cells_differ.sum(axis=1)[:, None]
        return found

    nation = None
    if measured.nation is not None and weights.nation is not None:
        nation = corrected(measured.nation, weights.nation, True)
    prefectures = tuple(
        None if by is None else corrected(measured.prefectures[:, p, :], by, True) for p, by in enumerate(weights.cells)
    )
    establishers = tuple(
        values if by is None else corrected(values, by, False)
        for values, by in zip(measured.establishers, weights.establishers, strict=True)
    )
    return Estimates(nation, prefectures, establishers)


def rounded(estimates: Integers) -> Integers:
    """Return the nearest whole numbers of estimates times 1024, halves upwards."""
    found: Integers = (estimates + SCALE // 2) // SCALE
    return found


@lru_cache(maxsize=64)
def intervals(shape: Shape) -> Intervals:
    """Return the intervals of a shape's figures: the same for every group that has it."""
    errors = error_terms(shape)
    return Intervals(
        None if errors.nation is None else interval(errors.nation, SCALE),
        tuple(None if terms is None else interval(terms, SCALE) for terms in errors.cells),
        tuple(None if terms is None else interval(terms, SCALE) for terms in errors.establishers),
        None if errors.nation_sum is None else interval(errors.nation_sum, SCALE),
        tuple(None if terms is None else interval(terms, SCALE) for terms in errors.cell_sums),
    )


@dataclass(frozen=True, slots=True)
class Errors:
    """What the errors of a shape's estimates are made of, weights in units of 1/1024."""

    nation: tuple[Term, ...] | None
    cells: tuple[tuple[Term, ...] | None, ...]
    establishers: tuple[tuple[Term, ...] | None, ...]
    nation_sum: tuple[Term, ...] | None
    cell_sums: tuple[tuple[Term, ...] | None, ...]


def error_terms(shape: Shape) -> Errors:
    """Return the noises that a shape's estimates err by, with their weights."""
    weights = _weights(shape)
    return Errors(
        None if weights.nation is None else _terms(shape, weights.nation, "nation", 0),
        tuple(None if by is None else _terms(shape, by, "cell", p) for p, by in enumerate(weights.cells)),
        tuple(None if by is None else _terms(shape, by, "establisher", p) for p, by in enumerate(weights.establishers)),
        None if weights.nation is None else _sum_terms(shape, weights.nation, None),
        tuple(None if by is None else _sum_terms(shape, by, p) for p, by in enumerate(weights.cells)),
    )


def _terms(shape: Shape, by: _Whole, kind: str, place: int) -> tuple[Term, ...]:
    """Expand an estimate's differences into the measurements they consist of."""
    found: list[Term] = []

    def add(weight: int, noise: Noise | None, count: int) -> None:
        if weight and noise is not None and count:
            found.append(Term(weight, noise, count))

    others = shape.cells - 1
    add(by.own + by.totals + (SCALE if kind == "nation" else 0), shape.nation, 1)
    add(by.rest + by.totals, shape.nation, others)
    for p, branch in enumerate(shape.branches):
        here = p == place
        cell = by.branches[p] - (0 if branch.summed else by.totals)
        add(cell - by.own + (SCALE if here and kind == "cell" else 0), branch.noise, 1)
        add(cell - by.rest, branch.noise, others)
        inside = -by.branches[p] - (by.totals if branch.summed else 0)
        if here and kind == "establisher":
            add(inside + SCALE, shape.establisher, 1)
            add(inside, shape.establisher, branch.establishers - 1)
        else:
            add(inside, shape.establisher, branch.establishers)
    return tuple(found)


def _sum_terms(shape: Shape, by: _Whole, place: int | None) -> tuple[Term, ...]:
    """Expand the error of a group's cells added up: the nation's, or those of the prefecture at ``place``.

    Added up over a group, every cell's own difference counts with ``own`` once and with ``rest`` for each other cell.
    """
    cells = by.own + (shape.cells - 1) * by.rest
    own = cells + shape.cells * by.totals + (SCALE if place is None else 0)
    found: list[tuple[int, Noise | None, int]] = [(own, shape.nation, shape.cells)]
    for p, branch in enumerate(shape.branches):
        weight = shape.cells * (by.branches[p] - (0 if branch.summed else by.totals)) - cells
        inside = -shape.cells * (by.branches[p] + (by.totals if branch.summed else 0))
        found.append((weight + (SCALE if p == place else 0), branch.noise, shape.cells))
        found.append((inside, shape.establisher, branch.establishers))
    return tuple(Term(weight, noise, count) for weight, noise, count in found if weight and noise and count)


@lru_cache(maxsize=64)
def _weights(shape: Shape) -> _Weights:
    fit = least_squares(shape)
    return _Weights(
        None if fit.nation is None else _whole(shape, fit.nation),
        tuple(None if one is None else _whole(shape, one) for one in fit.cells),
        tuple(None if one is None else _whole(shape, one) for one in fit.establishers),
    )


def _whole(shape: Shape, exact: Coefficients) -> _Whole:
    """Round coefficients to multiples of 1/1024; a difference that does not exist has none."""
    cells, totals = shape.compares_cells, shape.compares_totals
    return _Whole(
        round(exact.own * SCALE) if cells else 0,
        round(exact.rest * SCALE) if cells else 0,
        round(exact.totals * SCALE) if totals else 0,
        tuple(
            round(float(one) * SCALE) if _compares(branch) else 0
            for one, branch in zip(exact.branches, shape.branches, strict=True)
        ),
    )


def _compares(branch: Branch) -> bool:
    return branch.summed and branch.noise is not None


def _check(shape: Shape, measured: Measurements) -> None:
    arrays: Sequence[Integers | None] = (measured.nation, measured.prefectures, *measured.establishers)
    for values in arrays:
        if values is None:
            continue
        if values.dtype != np.int64:
            raise CountRefused("measurements are 64-bit integers")
        if values.size and int(np.abs(values).max()) >= MOST_COUNT:
            raise CountRefused("a measurement is larger than any count")
    groups = measured.prefectures.shape[0]
    fits = (
        measured.prefectures.shape == (groups, len(shape.branches), shape.cells)
        and (measured.nation is None) == (shape.nation is None)
        and (measured.nation is None or measured.nation.shape == (groups, shape.cells))
        and len(measured.establishers) == len(shape.branches)
        and all(
            part.shape == (groups, branch.establishers)
            for part, branch in zip(measured.establishers, shape.branches, strict=True)
        )
    )
    if not fits:
        raise CountRefused("the measurements do not have the form of their shape")
