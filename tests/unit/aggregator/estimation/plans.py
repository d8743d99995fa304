"""Plans of other forms than the shipped one, and opened totals for them."""

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from random import Random

from aggregator.estimation.opened import Opened
from aggregator.plans.cells import base_cells, project
from aggregator.plans.model import Dimension, Level, Plan, Table
from aggregator.plans.shipped import shipped_plan
from aggregator.privacy.distribution import Noise

SHIPPED = shipped_plan("absence-2025")
NOISES = {
    Level.NATION: Noise(Fraction(1113), 2),
    Level.PREFECTURE: Noise(Fraction(278), 2),
    Level.ESTABLISHER: Noise(Fraction(222)),
}
SMALL = (Dimension("grade", ("P1", "P2", "J1")), Dimension("sex", ("male", "female")))
STAGE = Dimension("stage", ("elementary", "junior_high"), "grade", {"elementary": ("P1", "P2"), "junior_high": ("J1",)})
FINE, COARSE = Table("grade_sex", ("grade", "sex")), Table("stage", ("stage",))


def plan_of(tables: Mapping[Level, tuple[Table, ...]]) -> Plan:
    """A plan with three grades, two sexes and these tables."""
    return replace(SHIPPED, dimensions=(*SMALL, STAGE), tables=tables, _bytes=repr(tables).encode())


PLAN = plan_of({Level.NATION: (FINE,), Level.PREFECTURE: (FINE,), Level.ESTABLISHER: (COARSE,)})


def opened_totals(plan: Plan, establishers: Mapping[str, int], random: Random, spread: int) -> list[Opened]:
    """Totals that add up but for errors of up to ``spread``: so many establishers in each prefecture."""
    cells = len(base_cells(plan))
    nation = [0] * cells
    opened: list[Opened] = []

    def add(level: Level, area: str, base: list[int]) -> None:
        values = tuple(value + random.randint(-spread, spread) for value in project(plan, level, base))
        opened.append(Opened(level, area, values, NOISES[level]))

    for prefecture, count in establishers.items():
        total = [0] * cells
        for number in range(count):
            base = [random.randint(0, 40) for _ in range(cells)]
            add(Level.ESTABLISHER, f"{prefecture}{number:04d}", base)
            total = [one + two for one, two in zip(total, base, strict=True)]
        add(Level.PREFECTURE, prefecture, total)
        nation = [one + two for one, two in zip(nation, total, strict=True)]
    add(Level.NATION, "JP", nation)
    return opened
