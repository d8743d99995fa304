"""What a plan would give: half-widths against the exact distribution, shares of areas, the refusal under a quarter."""

from fractions import Fraction
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.plans.document import Level
from aggregator.plans.planner import TableTooNoisy, half_width, noise_of, outlook, require_useful
from aggregator.plans.shipped import shipped_plan
from aggregator.privacy.accounting import YEAR_UNITS, sigma_squared
from tests.factories.plans import make_plan, plan_document

PLAN = shipped_plan("absence-2025")
WEAK = {"nation": 449_000_000, "prefecture": 1_790_000_000, "establisher": 1_000_000_000}
WORDS = {"ja": "理由", "plain": "理由", "en": "a reason"}


def test_the_shipped_plan_would_give_useful_figures_at_every_level() -> None:
    found = {one.level: (one.half_width, one.useful, one.areas) for one in outlook(PLAN)}
    assert found == {
        Level.NATION: (92, 1, 1), Level.PREFECTURE: (46, 43, 47), Level.ESTABLISHER: (29, 515, 1741),
    }  # fmt: skip
    require_useful(PLAN)


def test_the_shipped_plan_costs_three_tenths_of_the_year_shared_one_four_five() -> None:
    assert PLAN.year_units == YEAR_UNITS
    assert PLAN.share == Fraction(3, 10)
    for level, tenths in zip(Level, (1, 4, 5), strict=True):
        assert PLAN.units[level] == YEAR_UNITS * 3 // 10 * tenths // 10
    assert PLAN.total_units <= YEAR_UNITS * 3 // 10


def test_the_planner_expects_the_noise_that_the_accounting_sells() -> None:
    for level, times in ((Level.NATION, 2), (Level.PREFECTURE, 2), (Level.ESTABLISHER, 1)):
        bought = sigma_squared(1, PLAN.units[level])
        assert 0 <= times * bought - noise_of(PLAN, level) <= Fraction(times, 10**6)


def test_a_committee_costs_less_noise_than_two_servers() -> None:
    seated = make_plan(noise__source="committee")
    assert noise_of(seated, Level.NATION) == noise_of(PLAN, Level.NATION) / 2 * Fraction(10, 9)
    assert noise_of(seated, Level.ESTABLISHER) == noise_of(PLAN, Level.ESTABLISHER)


def test_a_table_under_a_quarter_is_refused_unless_the_plan_says_why() -> None:
    with pytest.raises(TableTooNoisy) as refused:
        require_useful(make_plan(budget__units=WEAK))
    assert refused.value.params == {"share": 15, "table": "stage", "level": "establisher"}
    override = [{"level": "establisher", "table": "stage", "reason": WORDS}]
    allowed = make_plan(budget__units=WEAK, overrides=override)
    require_useful(allowed)
    (found,) = (one.override for one in outlook(allowed) if one.override)
    assert found.reason.en == "a reason"


@pytest.mark.parametrize(("good", "accepted"), [(25, True), (24, False)])
def test_a_quarter_of_the_areas_is_just_enough(good: int, accepted: bool) -> None:
    said = plan_document()["expectations"]
    said[2]["bands"] = [{"areas": good, "value": 10_000}, {"areas": 100 - good, "value": 1}]
    (found,) = (one for one in outlook(make_plan(expectations=said)) if one.level is Level.ESTABLISHER)
    assert (found.share == Fraction(good, 100)) is True
    assert found.acceptable is accepted


def test_an_interval_of_exactly_three_tenths_is_useful() -> None:
    said = plan_document()["expectations"]
    for value, useful in ((97, 1), (96, 0)):
        said[2]["bands"] = [{"areas": 1, "value": value}]
        (found,) = (one for one in outlook(make_plan(expectations=said)) if one.level is Level.ESTABLISHER)
        assert (found.half_width, found.wanted_value, found.useful) == (29, 97, useful)


@given(st.fractions(Fraction(1, 2), 5000))
def test_a_half_width_is_that_of_a_normal_to_within_a_lattice_step(variance: Fraction) -> None:
    """For a discrete Gaussian, half a step belongs to each end: h + 1/2 lies where 1.96 sigma does, rounded up."""
    assert abs(half_width(variance) + 0.5 - 1.96 * sqrt(variance)) <= 1
