"""Coverage by a finite Fourier sum equals exact convolution; half-widths are the smallest that suffice."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.privacy.distribution import (
    CONFIDENCE,
    Noise,
    Term,
    characteristic,
    coverage,
    half_width,
    interval,
    pmf,
    variance,
)
from aggregator.privacy.mechanisms import NoiseRefused

NOISES = st.fractions(1, 12, max_denominator=8).map(Noise)
TERMS = st.lists(
    st.builds(
        Term,
        st.integers(-5, 5),
        st.builds(Noise, st.fractions(1, 12, max_denominator=8), st.integers(1, 2)),
        st.integers(0, 2),
    ),
    min_size=1,
    max_size=3,
)


def convolved(terms: Sequence[Term]) -> dict[int, float]:
    """The distribution of the weighted sum, value by value."""
    found = {0: 1.0}
    for term in terms:
        values, chances = pmf(term.noise.sigma_squared)
        for _ in range(term.count * term.noise.draws):
            grown: dict[int, float] = {}
            for at, chance in found.items():
                for value, other in zip(values.tolist(), chances.tolist(), strict=True):
                    key = at + term.weight * value
                    grown[key] = grown.get(key, 0.0) + chance * other
            found = {at: chance for at, chance in grown.items() if chance > 1e-19}
    return found


@settings(max_examples=25, deadline=None)
@given(TERMS, st.sampled_from([1, 2, 4, 6]), st.integers(0, 8))
def test_the_fourier_sum_equals_exact_convolution(terms: list[Term], scale: int, h: int) -> None:
    exact = sum(
        chance for at, chance in convolved(terms).items() if -(2 * h + 1) * scale <= 2 * at < (2 * h + 1) * scale
    )
    assert coverage(terms, scale, [h]) == pytest.approx([exact], abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(TERMS, st.sampled_from([1, 2, 1024]))
def test_a_half_width_is_the_smallest_that_covers_enough(terms: list[Term], scale: int) -> None:
    found = interval(terms, scale)
    assert found.coverage >= CONFIDENCE
    assert found.coverage == pytest.approx(coverage(terms, scale, [found.half_width])[0], abs=1e-12)
    if found.half_width:
        assert coverage(terms, scale, [found.half_width - 1])[0] < CONFIDENCE


@settings(max_examples=30, deadline=None)
@given(NOISES, st.integers(0, 20))
def test_one_measurement_is_covered_as_its_pmf_says(noise: Noise, h: int) -> None:
    values, chances = pmf(noise.sigma_squared)
    assert coverage([Term(1, noise, 1)], 1, [h]) == pytest.approx([chances[np.abs(values) <= h].sum()], abs=1e-12)
    assert half_width(noise) == interval([Term(1, noise, 1)], 1)


@settings(max_examples=30, deadline=None)
@given(st.fractions(1, 400, max_denominator=100))
def test_pmf_and_characteristic_function_belong_together(sigma_squared: Fraction) -> None:
    values, chances = pmf(sigma_squared)
    assert chances.sum() == pytest.approx(1, abs=1e-13)
    assert (chances == chances[::-1]).all()
    angles = np.linspace(-np.pi, np.pi, 41)
    summed = np.cos(np.outer(angles, values)) @ chances
    assert characteristic(sigma_squared, angles) == pytest.approx(summed, abs=1e-12)
    mean_square = float((values.astype(float) ** 2 * chances).sum())
    assert mean_square <= float(sigma_squared) * (1 + 1e-12)
    if sigma_squared >= Fraction(9, 4):
        assert mean_square == pytest.approx(float(sigma_squared), rel=1e-6)


@settings(max_examples=15, deadline=None)
@given(TERMS)
def test_the_pmf_is_that_of_exact_ratios(terms: list[Term]) -> None:
    """The normalised weights against a sum of 60-digit exponentials."""
    from decimal import Decimal, localcontext

    s = terms[0].noise.sigma_squared
    with localcontext() as context:
        context.prec = 60
        two_s = 2 * Decimal(s.numerator) / Decimal(s.denominator)
        weights = {x: (-Decimal(x * x) / two_s).exp() for x in range(-80, 81)}
        whole = sum(weights.values())
        exact = [float(weights[x] / whole) for x in range(-10, 11)]
    values, chances = pmf(s)
    near = np.abs(values) <= 10
    assert chances[near] == pytest.approx(exact[10 - int(near.sum()) // 2 : 11 + int(near.sum()) // 2], rel=1e-12)


def test_no_noise_needs_no_interval() -> None:
    assert interval([], 1024).half_width == 0
    assert interval([Term(0, Noise(Fraction(4)), 3), Term(5, Noise(Fraction(4)), 0)], 2).coverage == 1.0


def test_equal_terms_may_come_in_any_order_and_sign() -> None:
    a, b = Noise(Fraction(9)), Noise(Fraction(4), 2)
    one = interval([Term(1024, a, 1), Term(-30, b, 5)], 1024)
    assert one == interval([Term(30, Noise(Fraction(4)), 6), Term(-1024, a, 1), Term(30, b, 2)], 1024)


def test_variances_add_up() -> None:
    terms = [Term(3, Noise(Fraction(4), 2), 5), Term(-2, Noise(Fraction(9)), 1)]
    assert variance(terms, 6) == Fraction(9 * 8 * 5 + 4 * 9, 36)


def test_what_is_no_noise_is_refused() -> None:
    with pytest.raises(TypeError):
        Noise(4.0)  # type: ignore[arg-type]
    with pytest.raises(NoiseRefused):
        Noise(Fraction(1, 2))
    with pytest.raises(ValueError, match="one draw or more"):
        Noise(Fraction(4), 0)
    with pytest.raises(ValueError, match="1 or even"):
        interval([Term(1, Noise(Fraction(4)), 1)], 3)
    with pytest.raises(TypeError):
        interval([Term(1.5, Noise(Fraction(4)), 1)], 2)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        pmf(2.0)  # type: ignore[arg-type]
