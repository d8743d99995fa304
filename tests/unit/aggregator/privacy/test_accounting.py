"""What budgets buy and noise costs: monotone, rounded to the safe side, judged by two other libraries."""

import warnings
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.privacy import accounting
from aggregator.privacy.accounting import (
    SAMPLER_DELTA,
    UNITS_PER_RHO,
    YEAR_DELTA,
    YEAR_EPSILON,
    YEAR_UNITS,
    CommitteeImpossible,
    committee,
    epsilon_of,
    rho_units,
    sigma_squared,
    units_of,
    units_of_committee,
)

TENTH = Fraction(1, 10)
NO_FLOATS: list[Any] = [1.0, True, np.float64(1), np.int64(1), float("nan"), "1", None]


def test_the_year_is_what_the_conversion_allows_and_not_a_unit_more() -> None:
    assert rho_units(YEAR_EPSILON, YEAR_DELTA) == YEAR_UNITS
    assert epsilon_of(YEAR_UNITS, YEAR_DELTA - SAMPLER_DELTA) <= 1
    assert Decimal(YEAR_UNITS) / UNITS_PER_RHO == pytest.approx(Decimal("0.014973"), abs=Decimal("1e-6"))


def test_the_samplers_distance_is_taken_from_delta() -> None:
    least = SAMPLER_DELTA
    assert rho_units(Fraction(1), least) == 0
    assert rho_units(Fraction(1), 2 * least) > 0
    assert 0 < SAMPLER_DELTA < YEAR_DELTA / 10**15


def test_years_add_up_to_what_the_public_page_says() -> None:
    by_years = {years: float(epsilon_of(years * YEAR_UNITS, YEAR_DELTA)) for years in (1, 9, 12)}
    assert by_years == pytest.approx({1: 1.0, 9: 3.18, 12: 3.71}, abs=0.01)
    assert float(epsilon_of(4 * YEAR_UNITS, YEAR_DELTA)) == pytest.approx(2.07, abs=0.01)


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 2 * 10**12), st.integers(1, 10**12), st.integers(1, 12))
def test_more_units_never_mean_less_epsilon(units: int, more: int, places: int) -> None:
    delta = Fraction(1, 10**places)
    assert epsilon_of(units, delta) <= epsilon_of(units + more, delta)
    assert epsilon_of(units, delta) >= epsilon_of(units, delta * 2)


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 5 * 10**11))
def test_budget_and_epsilon_are_each_others_inverse(units: int) -> None:
    epsilon = epsilon_of(units, YEAR_DELTA)
    assert rho_units(epsilon, YEAR_DELTA) >= units
    assert rho_units(epsilon - Fraction(2, 10**6), YEAR_DELTA) < units


@settings(max_examples=200)
@given(st.integers(1, 10**6), st.integers(1, 10**11))
def test_noise_is_rounded_up_and_cost_too(sensitivity_squared: int, units: int) -> None:
    noise = sigma_squared(sensitivity_squared, units)
    assert noise * 2 * units >= sensitivity_squared * UNITS_PER_RHO
    assert noise - Fraction(sensitivity_squared * UNITS_PER_RHO, 2 * units) < Fraction(1, 10**6)
    if 1 <= noise <= 2**32:
        assert units_of(sensitivity_squared, noise) <= units


@pytest.mark.long
def test_discrete_gaussians_cost_what_opendp_says() -> None:
    maps = opendp_map()
    for scale, sensitivity in ((4, 1), (15, 2), (33, 7), (1, 1)):
        units = units_of(sensitivity**2, Fraction(scale**2))
        assert units == pytest.approx(maps(float(scale), sensitivity) * UNITS_PER_RHO, abs=2)


def opendp_map() -> Any:
    import opendp.prelude as dp

    dp.enable_features("contrib")
    space = dp.atom_domain(T=int), dp.absolute_distance(T=int)

    def cost(scale: float, sensitivity: int) -> float:
        made: Any = dp.m.make_gaussian(*space, scale=scale)
        return float(made.map(sensitivity))

    return cost


@pytest.mark.parametrize(
    "levels", [(5, 5, 5), (1, 4, 5), (1, 0, 0), (10, 10, 10, 10)], ids=lambda levels: "+".join(map(str, levels))
)
def test_the_conversion_is_never_below_pld_and_not_far_above(levels: tuple[int, ...]) -> None:
    """PLD (privacy loss distributions, dp-accounting) is exact but for its own, pessimistic, discretisation."""
    whole = YEAR_UNITS if sum(levels) > 10 else YEAR_UNITS * 3 // 10
    parts = [whole * part // sum(levels) for part in levels if part]
    ours = float(epsilon_of(sum(parts), YEAR_DELTA))
    judged = pld_epsilon(tuple(sigma_squared(1, units) for units in parts), YEAR_DELTA)
    assert judged <= ours
    assert judged >= 0.9 * ours


@cache
def pld_epsilon(noises: tuple[Fraction, ...], delta: Fraction) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from dp_accounting.pld import privacy_loss_distribution as pld  # type: ignore[import-untyped]

    found = None
    for noise in noises:
        one = pld.from_discrete_gaussian_mechanism(float(noise) ** 0.5, value_discretization_interval=1e-4)
        found = one if found is None else found.compose(one)
    assert found is not None
    return float(found.get_epsilon_for_delta(float(delta)))


def test_a_committee_is_as_large_as_seats_of_one_and_a_half_allow() -> None:
    drawn = committee(Fraction(1113), 1741, TENTH)
    assert (drawn.seats, drawn.tolerated, drawn.honest) == (60, 6, 54)
    assert drawn.scale == pytest.approx((60 / 54) ** 0.5, rel=1e-6)
    assert drawn.scale == pytest.approx(1.054, abs=0.001)
    assert committee(Fraction(1113), 20, TENTH).seats == 20
    assert committee(Fraction(45), 1741, TENTH).seats == 20


@pytest.mark.parametrize("most", range(20, 61))
def test_no_more_noise_is_wasted_than_a_tenth_of_the_seats_demands(most: int) -> None:
    """44 seats would tolerate 5, 40 tolerate 4: the latter are drawn. From 20 possible seats on it is always 1.054."""
    drawn = committee(Fraction(9, 4) * most, 1741, TENTH)
    assert drawn.seats == most - most % 10
    assert drawn.scale == pytest.approx((10 / 9) ** 0.5, rel=1e-6)


@settings(max_examples=30, deadline=None)
@given(
    st.fractions(3, 5000, max_denominator=10**6),
    st.integers(1, 2000),
    st.fractions(0, Fraction(9, 10), max_denominator=100),
    st.integers(1, 10**4),
    st.data(),
)
def test_a_committees_honest_seats_cost_no_more_than_the_plan_bought(
    noise: Fraction, roster: int, colluding: Fraction, sensitivity_squared: int, data: st.DataObject
) -> None:
    try:
        drawn = committee(noise, roster, colluding)
    except CommitteeImpossible:
        return
    coordinates = data.draw(st.integers(1, min(sensitivity_squared, 500)))
    assert drawn.seat_sigma_squared >= Fraction(9, 4)
    assert drawn.honest * drawn.seat_sigma_squared >= noise
    assert drawn.honest * drawn.seat_sigma_squared <= noise * (1 + Fraction(1, 10**5)) + drawn.honest * Fraction(
        1, 10**6
    )
    assert drawn.tolerated >= colluding * drawn.seats
    assert units_of_committee(sensitivity_squared, coordinates, drawn) <= units_of(sensitivity_squared, noise)


def test_a_sum_of_seats_is_charged_for_not_being_a_discrete_gaussian() -> None:
    """Kairouz, Liu and Steinke's tau for ten seats of sigma 1.5, against its first terms in floats."""
    drawn = accounting.Committee(Fraction(45, 2), 10, 0, Fraction(9, 4))
    tau = 10 * sum(np.exp(-2 * np.pi**2 * 2.25 * k / (k + 1)) for k in range(1, 10))
    expected = (1 / 22.5**0.5 + tau) ** 2 / 2 * UNITS_PER_RHO
    assert units_of_committee(1, 1, drawn) == pytest.approx(expected, abs=3)
    assert units_of_committee(1, 1, drawn) > units_of(1, Fraction(45, 2))


@pytest.mark.parametrize(("roster", "colluding"), [(0, TENTH), (1, TENTH), (5, Fraction(9, 10))])
def test_no_committee_where_no_honest_seat_would_be_left(roster: int, colluding: Fraction) -> None:
    with pytest.raises(CommitteeImpossible):
        committee(Fraction(100), roster, colluding)
    with pytest.raises(CommitteeImpossible):
        committee(Fraction(2), 100, TENTH)


@pytest.mark.parametrize("wrong", NO_FLOATS, ids=repr)
def test_accounting_takes_whole_numbers_and_exact_ratios_alone(wrong: Any) -> None:
    with pytest.raises(TypeError):
        rho_units(wrong, YEAR_DELTA)
    with pytest.raises(TypeError):
        rho_units(YEAR_EPSILON, wrong)
    with pytest.raises(TypeError):
        epsilon_of(wrong, YEAR_DELTA)
    with pytest.raises(TypeError):
        sigma_squared(wrong, 1)
    with pytest.raises(TypeError):
        sigma_squared(1, wrong)
    with pytest.raises(TypeError):
        units_of(wrong, Fraction(4))
    with pytest.raises(TypeError):
        units_of(1, wrong)
    with pytest.raises(TypeError):
        committee(wrong, 10, TENTH)
    with pytest.raises(TypeError):
        committee(Fraction(9), wrong, TENTH)
    with pytest.raises(TypeError):
        committee(Fraction(9), 10, wrong)


def test_what_promises_nothing_is_refused() -> None:
    for epsilon, delta in ((Fraction(0), TENTH), (Fraction(-1), TENTH), (Fraction(1), Fraction(0)), (Fraction(1),) * 2):
        with pytest.raises(ValueError, match="epsilon is positive"):
            rho_units(epsilon, delta)
    with pytest.raises(ValueError, match="never negative"):
        epsilon_of(-1, TENTH)
    with pytest.raises(ValueError, match="are positive"):
        sigma_squared(0, 1)
    with pytest.raises(ValueError, match="are positive"):
        sigma_squared(1, 0)
    with pytest.raises(ValueError, match="a sensitivity is positive"):
        units_of(0, Fraction(4))
    with pytest.raises(ValueError, match="colluding share"):
        committee(Fraction(9), 10, Fraction(1))
    with pytest.raises(ValueError, match="as many as"):
        units_of_committee(1, 2, committee(Fraction(90), 100, TENTH))
    assert epsilon_of(0, TENTH) == 0
