"""`bench coverage`: whether intervals hold the truth as often as they say, by exact probability and by simulation.

A half-width is a whole number of children, so its coverage is 95 % or more and lies below 95 % one child narrower: that
is what "one lattice step above" means. Under both splits, with each source of noise, at every level.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np

from aggregator.estimation.groups import Integers, error_terms, estimate, intervals, rounded
from aggregator.estimation.tree import SCALE, Shape
from aggregator.privacy.distribution import Interval, Term, coverage
from manabi.bench import count_tree
from manabi.bench.accuracy import Nation, measured, nation
from manabi.bench.count_tree import COMMITTEE, SERVERS, SPLITS, Split
from manabi.bench.lines import Bar, Line, Relation

BENCH: Final = "coverage"

_LEVELS: Final = ("nation", "prefecture", "establisher")
_RUNS: Final = 40
_ENOUGH: Final = Bar(Relation.AT_LEAST, 95)
_NO_WIDER: Final = Bar(Relation.AT_MOST, 95)
_AGREES: Final = Bar(Relation.AT_MOST, 2)
"""Percentage points: the nation has 20 cells in each of the runs, so even there this is 2.6 standard errors or more."""


def measure(rounds: int) -> list[Line]:
    """State exact coverage, that of one child less, and how far a simulation of so many rounds is from it."""
    lines = []
    for split in SPLITS:
        for source in (SERVERS, COMMITTEE):
            shape = count_tree.shape(split, source)
            exact = _exact(shape)
            hits = _simulated(split, shape, rounds)
            for level in _LEVELS:
                name = f"{split.name}, {source}: {level}"
                at_least = min(one[0] for one in exact[level]) * 100
                narrower = max(one[1] for one in exact[level]) * 100
                count = len(exact[level])
                lines.append(Line(BENCH, f"{name}, exact coverage, least", at_least, "%", count, _ENOUGH))
                lines.append(Line(BENCH, f"{name}, one child narrower, most", narrower, "%", count, _NO_WIDER))
                share, cells, expected = hits[level]
                off = abs(share - expected) * 100
                lines.append(Line(BENCH, f"{name}, simulated coverage", share * 100, "%", cells))
                lines.append(Line(BENCH, f"{name}, simulated off exact", off, "points", cells, _AGREES))
    return lines


def _exact(shape: Shape) -> dict[str, list[tuple[float, float]]]:
    """Return by level the coverage of every different interval, and what one child less would cover."""
    found: dict[str, list[tuple[float, float]]] = {level: [] for level in _LEVELS}
    for level, terms, width in _intervals(shape):
        narrower, wide = coverage(terms, SCALE, [width.half_width - 1, width.half_width])
        found[level].append((wide, narrower))
    return found


def _intervals(shape: Shape) -> Iterator[tuple[str, tuple[Term, ...], Interval]]:
    errors, widths = error_terms(shape), intervals(shape)
    levels = (
        ("nation", (errors.nation,), (widths.nation,)),
        ("prefecture", errors.cells, widths.cells),
        ("establisher", errors.establishers, widths.establishers),
    )
    for level, terms, found in levels:
        for each, width in zip(terms, found, strict=True):
            if each is not None and width is not None:
                yield level, each, width


def _simulated(split: Split, shape: Shape, rounds: int) -> dict[str, tuple[float, int, float]]:
    """Return by level the share of intervals that held the truth, of how many, and the share expected of them."""
    widths = intervals(shape)
    held: dict[str, list[tuple[int, int, float]]] = {level: [] for level in _LEVELS}

    def count(level: str, estimates: Integers | None, truth: Integers, width: Interval | None) -> None:
        if estimates is not None and width is not None:
            inside = int((np.abs(rounded(estimates) - truth) <= width.half_width).sum())
            held[level].append((inside, truth.size, width.coverage * truth.size))

    for seed in range(rounds):
        rng = np.random.default_rng(1000 + seed)
        rows = _RUNS * split.groups
        true: Nation = nation(split, rng, rows)
        luck = (
            rng.random((rows, split.cells)),
            rng.random(true.prefectures.shape),
            tuple(rng.random(part.shape) for part in true.establishers),
        )
        found = estimate(shape, measured(shape, true, *luck))
        count("nation", found.nation, true.prefectures.sum(axis=1), widths.nation)
        for p, parts in enumerate(true.establishers):
            count("prefecture", found.prefectures[p], true.prefectures[:, p], widths.cells[p])
            count("establisher", found.establishers[p], parts, widths.establishers[p])
    summed = {level: [sum(column) for column in zip(*rows, strict=True)] for level, rows in held.items()}
    return {level: (inside / of, int(of), expected / of) for level, (inside, of, expected) in summed.items()}
