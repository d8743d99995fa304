"""What the ledger's units come to in epsilon and delta, and that no history of plans goes beyond the promise."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.ledger.balance import Balance, BudgetExceeded
from aggregator.ledger.chain import Kind
from aggregator.plans.document import Level
from aggregator.plans.sensitivity import sensitivity_squared
from aggregator.plans.shipped import shipped_plan
from aggregator.privacy.accounting import YEAR_DELTA, YEAR_EPSILON, YEAR_UNITS, epsilon_of, sigma_squared, units_of

PLAN = shipped_plan("absence-2025")

TABLE = [
    # (units, epsilon at delta 1e-9, to two places)
    (0, "0.00"),
    (PLAN.units[Level.NATION], "0.16"),
    (PLAN.units[Level.PREFECTURE], "0.33"),
    (PLAN.units[Level.ESTABLISHER], "0.37"),
    (PLAN.total_units, "0.53"),
    (YEAR_UNITS, "1.00"),
    (2 * YEAR_UNITS, "1.44"),
    (9 * YEAR_UNITS, "3.18"),
    (12 * YEAR_UNITS, "3.71"),
]


def judge(units: int) -> float:
    """Epsilon by its definition (Canonne, Kamath and Steinke 2020, Proposition 12), over a grid of orders.

    e = min over a of  a rho + (ln(1/delta) + (a-1) ln(1 - 1/a) - ln a) / (a-1): floats and a grid, nothing shared with
    what is judged.
    """
    rho = units / 10**12
    orders = (1 + 10 ** (step / 2000) for step in range(-4000, 8000))
    return min(a * rho + (math.log(1e9) + (a - 1) * math.log1p(-1 / a) - math.log(a)) / (a - 1) for a in orders)


@pytest.mark.parametrize(("units", "epsilon"), TABLE)
def test_units_come_to_this_epsilon(units: int, epsilon: str) -> None:
    found = float(epsilon_of(units, YEAR_DELTA))
    assert f"{found:.2f}" == epsilon
    if units:
        assert abs(found - judge(units)) < 1e-4


def test_a_whole_year_comes_to_what_is_promised_and_one_unit_more_does_not() -> None:
    assert epsilon_of(YEAR_UNITS, YEAR_DELTA) <= YEAR_EPSILON
    assert epsilon_of(YEAR_UNITS + 10**6, YEAR_DELTA) > YEAR_EPSILON


@pytest.mark.parametrize("level", Level)
def test_the_noise_that_a_level_gets_costs_no_more_than_its_units(level: Level) -> None:
    moved = sensitivity_squared(PLAN, level)
    assert units_of(moved, sigma_squared(moved, PLAN.units[level])) <= PLAN.units[level]


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from([1, 2, 3]), st.integers(1, YEAR_UNITS)), max_size=40))
def test_no_history_of_plans_rounds_and_repeats_comes_to_more_than_the_promise(
    history: list[tuple[int, int, int]],
) -> None:
    """Each entry is a plan, how often its round runs, and its units. The promise is that of the year's units."""
    year = Balance(2025, YEAR_UNITS)
    for plan, rounds, units in history:
        try:
            reserved = year.after(bytes([plan]), Kind.RESERVED, units)
        except BudgetExceeded:
            continue
        year = reserved
        for _ in range(rounds):
            try:
                year = year.after(bytes([plan]), Kind.SPENT, units)
            except BudgetExceeded:
                break
    assert year.spent <= year.bound <= YEAR_UNITS
