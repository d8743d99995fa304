"""What a plan would give before anything is spent: how wide its intervals are, and for how many areas that is useful.

A figure is called useful where half of its 95 % interval is at most 30 % of what the cell is expected to hold. A table
that is useful for fewer than a quarter of a level's areas is not approved for that level, unless the plan says why it
is wanted all the same. Expected values come from the plan, which takes them from published figures.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, exp, sqrt
from typing import Final

from aggregator.plans.model import Expectation, Level, NoiseSource, Override, Plan, Words
from aggregator.plans.sensitivity import sensitivity_squared
from trust.errors import N_, ManabiError

USEFUL: Final = Fraction(3, 10)
"""Half an interval is at most this part of the expected value."""
LEAST_SHARE: Final = Fraction(1, 4)
"""The part of a level's areas that must get a useful figure."""

_COVERAGE: Final = 0.95
_UNITS_PER_RHO: Final = 10**12


class TableTooNoisy(ManabiError):
    """A table that few areas could use; the plan does not say why it is wanted all the same."""

    code = "plan.too_noisy"
    status = 422
    title = N_("Only %(share)s %% of the areas would get a usable figure in table %(table)s for %(level)s.")
    remedy = N_("Give this level more units, use coarser cells, leave the table out, or state a reason in “overrides”.")


@dataclass(frozen=True, slots=True)
class Outlook:
    """What one table of one level comes to. ``useful`` of ``areas`` get a cell whose interval is narrow enough."""

    level: Level
    table: str
    sigma_squared: Fraction
    half_width: int
    areas: int
    useful: int
    source: Words
    override: Override | None

    @property
    def share(self) -> Fraction:
        """The part of the areas with a useful figure."""
        return Fraction(self.useful, self.areas)

    @property
    def wanted_value(self) -> int:
        """What a cell must be expected to hold for its figure to be useful."""
        return ceil(self.half_width / USEFUL)

    @property
    def acceptable(self) -> bool:
        """Whether the table may be approved for this level."""
        return self.share >= LEAST_SHARE or self.override is not None


def outlook(plan: Plan) -> Sequence[Outlook]:
    """Return what each table of each level comes to, in the order of the plan's levels and tables."""
    expected = {(one.level, one.table): one for one in plan.expectations}
    overrides = {(one.level, one.table): one for one in plan.overrides}
    return [
        _outlook(plan, expected[level, table.id], overrides.get((level, table.id)))
        for level, tables in plan.tables.items()
        for table in tables
    ]


def require_useful(plan: Plan) -> None:
    """Refuse a plan with a table that few areas could use; raises TableTooNoisy naming the first one."""
    for one in outlook(plan):
        if not one.acceptable:
            raise TableTooNoisy(share=int(one.share * 100), table=one.table, level=one.level.value)


def noise_of(plan: Plan, level: Level) -> Fraction:
    """Return the variance of the noise on a published cell of a level.

    An establisher's node adds the plan's noise once. Above, each server adds the whole of it, or a committee whose
    honest seats alone give it, so that the noise is larger by 1 / (1 - colluding share).
    """
    bought = Fraction(sensitivity_squared(plan, level) * _UNITS_PER_RHO, 2 * plan.units[level])
    if level is Level.ESTABLISHER:
        return bought
    return bought * 2 if plan.noise is NoiseSource.SERVERS else bought / (1 - plan.colluding)


def half_width(variance: Fraction) -> int:
    """Return the smallest whole h such that a discrete Gaussian lies within h of 0 with at least 95 %."""
    scale = 2 * float(variance)
    reach = ceil(12 * sqrt(variance)) + 2
    weights = [exp(-k * k / scale) for k in range(reach)]
    total, inside = weights[0] + 2 * sum(weights[1:]), weights[0]
    h = 0
    while inside < _COVERAGE * total:
        h += 1
        inside += 2 * weights[h]
    return h


def _outlook(plan: Plan, expected: Expectation, override: Override | None) -> Outlook:
    variance = noise_of(plan, expected.level)
    half = half_width(variance)
    return Outlook(
        expected.level,
        expected.table,
        variance,
        half,
        sum(band.areas for band in expected.bands),
        sum(band.areas for band in expected.bands if half <= USEFUL * band.value),
        expected.source,
        override,
    )
