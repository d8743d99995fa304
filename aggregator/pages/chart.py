"""The chart of figures with their intervals: a dot, and whiskers from the lower to the upper end, on one common scale.

Positions are percentages of the chart's width, so that it fits a phone and a desk alike while its words keep the size
the reader chose. Each code of the last dimension has a shape of its own: colour only repeats it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from aggregator.pages.bench import Row

SHAPES = ("circle", "square", "diamond", "triangle")
_STEPS = (1, 2, 2.5, 5, 10)
_TICKS = 4


@dataclass(frozen=True, slots=True)
class Mark:
    """One figure on the scale: where dot and whiskers stand, in percent. A withheld one has no place."""

    row: Row
    label: str
    shape: str
    at: float | None
    low: float | None
    high: float | None

    @property
    def width(self) -> float:
        """Length of the whiskers, in percent."""
        return (self.high or 0) - (self.low or 0)


@dataclass(frozen=True, slots=True)
class Group:
    """Marks that stand together under one label: the sexes of one grade."""

    label: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the scale with its number."""

    at: float
    value: int


@dataclass(frozen=True, slots=True)
class Chart:
    """Groups from top to bottom, and the scale below them."""

    groups: tuple[Group, ...]
    ticks: tuple[Tick, ...]
    shapes: tuple[tuple[str, str], ...]
    """Label and shape of each code that shapes tell apart; empty where there is but one."""


def draw_chart(rows: Sequence[Row], labels: Sequence[tuple[str, str]], shaped: Sequence[str]) -> Chart:
    """Return the chart of some rows. `labels` are each row's group and own label; `shaped` the labels with shapes."""
    top = max((row.figure.high for row in rows if row.figure.high is not None), default=0)
    step = _step(top)
    end = max(step, -(-top // step) * step)
    shape_of = {label: SHAPES[index % len(SHAPES)] for index, label in enumerate(shaped)}
    marks = [
        (group, _mark(row, label, shape_of.get(label, SHAPES[0]), end))
        for row, (group, label) in zip(rows, labels, strict=True)
    ]
    groups = tuple(
        Group(label, tuple(mark for _, mark in found)) for label, found in groupby(marks, key=lambda one: one[0])
    )
    ticks = tuple(Tick(round(100 * value / end, 3), value) for value in range(0, end + 1, step))
    return Chart(groups, ticks, tuple(shape_of.items()) if len(shape_of) > 1 else ())


def _mark(row: Row, label: str, shape: str, end: int) -> Mark:
    figure = row.figure
    if figure.value is None or figure.low is None or figure.high is None:
        return Mark(row, label, shape, None, None, None)
    at, low, high = (round(100 * one / end, 3) for one in (figure.value, figure.low, figure.high))
    return Mark(row, label, shape, min(at, 100.0), low, high)


def _step(top: int) -> int:
    """Return the distance of the scale's lines: a round number, about four of them."""
    size = 1
    while True:
        for one in _STEPS:
            step = int(one * size)
            if step == one * size and step * _TICKS >= top:
                return step
        size *= 10
