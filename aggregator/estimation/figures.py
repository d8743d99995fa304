"""From opened totals to published figures: estimates, exact intervals, whole numbers that add up, what is too noisy.

Nothing here reads anything but noisy values and the plan. The true figures cannot be reached from it, so whatever it
does costs no child any protection (post-processing), and it may be repeated by anybody who holds the release.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Final

from aggregator.estimation import consistency
from aggregator.estimation.cells import CellGroup, cell_groups, summed_cells
from aggregator.estimation.opened import Area, Opened, tree_of
from aggregator.estimation.solving import Solved, form_of, solve
from aggregator.plans.cells import LevelCell, level_cells
from aggregator.plans.model import Level, Plan
from aggregator.plans.planner import USEFUL
from aggregator.privacy.distribution import Interval, Noise

METHOD_VERSION: Final = "1"
"""Named in every release. Whatever changes a published number gets a new one."""

OK: Final = "ok"
TOO_NOISY: Final = "too_noisy"
WITHHELD: Final = "withheld:"

_COVERAGE_STEP: Final = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Figure:
    """One published cell of one area; a withheld one has no numbers.

    ``measured`` is the noisy measurement (of a sum: the measurements added up) with noise of variance
    ``sigma_squared``, ``value`` the adjusted whole number
    that adds up with its neighbours. ``low`` to ``high`` is the interval of the unprojected estimate, cut at zero;
    before the cut it reaches ``half_width`` to both sides and holds the truth with probability ``coverage`` (rounded
    down).
    """

    level: Level
    area: str
    cell: LevelCell
    status: str
    measured: int | None = None
    value: int | None = None
    low: int | None = None
    high: int | None = None
    half_width: int | None = None
    coverage: str | None = None
    sigma_squared: str | None = None


def figures(plan: Plan, opened: Iterable[Opened], withheld: Mapping[Area, str]) -> tuple[Figure, ...]:
    """Return the figures of a release: level after level, areas by code, cells in plan order, then what they sum up to.

    ``withheld`` names what was not opened or not published, with the reason. Raises CountRefused.
    """
    totals = {(one.level, one.area): one for one in opened}
    tree = tree_of(plan, totals.values(), withheld)
    forms: dict[tuple[int, bool, bool, bool], list[CellGroup]] = defaultdict(list)
    for group in cell_groups(plan):
        forms[form_of(group)].append(group)
    solved = {
        (one.level, one.area, one.place, one.summed): one for groups in forms.values() for one in solve(tree, groups)
    }
    order = list(Level)
    found: list[Figure] = []
    for level, area in sorted((*totals, *withheld), key=lambda at: (order.index(at[0]), at[1])):
        cells = [(cell, place, False) for place, cell in enumerate(level_cells(plan, level))]
        cells += [(cell, place, True) for place, cell in summed_cells(plan, level)]
        for cell, place, summed in cells:
            if (level, area) in withheld:
                found.append(Figure(level, area, cell, WITHHELD + withheld[level, area]))
            else:
                parts = _parts(plan, level, place) if summed else (place,)
                found.append(_figure(totals[level, area], cell, parts, solved[level, area, place, summed]))
    return tuple(found)


def contradicted(plan: Plan, opened: Iterable[Opened], withheld: Mapping[Area, str]) -> frozenset[Area]:
    """Return the totals above the establishers that lie more than six standard errors from their noisy figures.

    A total is held against its establishers only where all of them were opened, stage sum after stage sum.
    """
    tree = tree_of(plan, opened, withheld)
    checked = [(one.opened, one.establishers) for one in tree.prefectures if one.opened is not None and one.whole]
    if tree.nation is not None and all(one.whole for one in tree.prefectures):
        checked.append((tree.nation, tuple(each for one in tree.prefectures for each in one.establishers)))
    return frozenset((one.level, one.area) for one, inside in checked if inside and not _agrees(plan, one, inside))


def too_noisy(value: int, half_width: int) -> bool:
    """Whether a figure is too noisy to use: half its interval is more than 30 % of it."""
    return half_width * USEFUL.denominator > value * USEFUL.numerator


def decimal(value: Fraction) -> str:
    """Return a ratio that is a whole multiple of a millionth in full, without an exponent: ``222.622087``."""
    millionths = value * 10**6
    if millionths.denominator != 1 or millionths < 0:
        raise ValueError("not a multiple of a millionth")
    whole, rest = divmod(int(millionths), 10**6)
    return f"{whole}.{rest:06d}".rstrip("0").rstrip(".")


@lru_cache(maxsize=4096)
def _coverage(interval: Interval) -> str:
    return str(Decimal(interval.coverage).quantize(_COVERAGE_STEP, ROUND_FLOOR))


@lru_cache(maxsize=256)
def _variance(noise: Noise, measurements: int) -> str:
    return decimal(measurements * noise.variance)


def _agrees(plan: Plan, one: Opened, inside: Sequence[Opened]) -> bool:
    for group in cell_groups(plan):
        places = group.nation if one.level is Level.NATION else group.prefecture
        if group.establisher is None or not places:
            continue
        parts = [each.values[group.establisher] for each in inside]
        if not consistency.agrees([one.values[at] for at in places], one.noise, parts, inside[0].noise):
            return False
    return True


@lru_cache(maxsize=256)
def _parts(plan: Plan, level: Level, establisher: int) -> tuple[int, ...]:
    """Return the places of a level's cells that together count what an establishers' cell counts."""
    group = next(one for one in cell_groups(plan) if one.establisher == establisher)
    return group.nation if level is Level.NATION else group.prefecture


def _figure(one: Opened, cell: LevelCell, places: Sequence[int], solved: Solved) -> Figure:
    half_width = solved.interval.half_width
    return Figure(
        one.level,
        one.area,
        cell,
        TOO_NOISY if too_noisy(solved.value, half_width) else OK,
        sum(one.values[place] for place in places),
        solved.value,
        max(0, solved.estimated - half_width),
        max(0, solved.estimated + half_width),
        half_width,
        _coverage(solved.interval),
        _variance(one.noise, len(places)),
    )
