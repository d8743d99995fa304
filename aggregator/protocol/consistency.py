"""Whether an opened total agrees with the noisy figures of the establishers in it, within six standard errors.

A node reports twice: upwards exactly, of itself with noise. One that reports different children upwards than of itself
moves the two apart. What this catches: a gross fault or lie in *one* of the two places, larger than six standard
errors of the sum. What it does not: a lie told in both places alike, or a small one. It looks at noisy numbers only,
so it costs no budget. By chance it withholds a true total with a probability of at most 3.1e-8 for each sum compared:
a discrete Gaussian is sub-Gaussian with its own parameter (Canonne, Kamath and Steinke 2020), hence so is a sum of
independent ones, and P(|S| > 6 sigma) <= 2 e^-18.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cache
from typing import Final

from aggregator.plans.cells import level_cells, members
from aggregator.plans.model import Level, Plan
from aggregator.protocol.totals import NATION, TotalSpec

STANDARD_ERRORS: Final = 6


def comparable(spec: TotalSpec, specs: Sequence[TotalSpec]) -> tuple[TotalSpec, ...]:
    """Return the establishers whose figures add up to a total above the node; none where one of them stays shut.

    An establisher lies in the prefecture that its code begins with (JIS X 0401). A total whose establishers are not
    exactly its nodes' is not compared: a split area has no figure of its own.
    """
    if spec.level is Level.ESTABLISHER:
        return ()
    found = tuple(
        one for one in specs if one.level is Level.ESTABLISHER and (spec.area == NATION or one.area[:2] == spec.area)
    )
    covered = {node for one in found for node in one.nodes}
    return found if covered == set(spec.nodes) and all(one.withheld is None for one in found) else ()


def agrees(
    plan: Plan,
    spec: TotalSpec,
    values: Sequence[int],
    establishers: Mapping[str, Sequence[int]],
    *,
    variance: Fraction,
    establisher_variance: Fraction,
) -> bool:
    """Return whether a total and the establishers of ``comparable`` can belong to the same children.

    ``values`` are the total's cells, ``establishers`` the cells of each area; the variances are those of one cell's
    noise as it was added, so twice the plan's where two servers added it. Each establisher cell is compared with the
    cells of the first table above that divide it; one that no table divides is passed over.
    """
    for index, pieces in _divided(plan, spec.level):
        above = sum(values[piece] for piece in pieces)
        below = sum(each[index] for each in establishers.values())
        error = len(pieces) * variance + len(establishers) * establisher_variance
        if (above - below) ** 2 > STANDARD_ERRORS**2 * error:
            return False
    return True


@cache
def _divided(plan: Plan, level: Level) -> tuple[tuple[int, tuple[int, ...]], ...]:
    """Return for each establisher cell which cells of one table of a level make it up."""
    cells, groups = level_cells(plan, level), members(plan, level)
    found: list[tuple[int, tuple[int, ...]]] = []
    for index, wanted in enumerate(members(plan, Level.ESTABLISHER)):
        for table in plan.tables[level]:
            pieces = tuple(
                at for at, cell in enumerate(cells) if cell.table == table.id and set(groups[at]) <= set(wanted)
            )
            if sorted(base for at in pieces for base in groups[at]) == sorted(wanted):
                found.append((index, pieces))
                break
    return tuple(found)
