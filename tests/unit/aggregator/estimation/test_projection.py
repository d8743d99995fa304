"""Whole numbers that are not negative and add up: the nearest there are, for every row."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.estimation.projection import below, roots
from aggregator.estimation.tree import SCALE

ESTIMATES = st.lists(st.integers(-6 * SCALE, 9 * SCALE), min_size=1, max_size=4)


def distance(values: tuple[int, ...], estimates: list[int]) -> int:
    return sum((value * SCALE - one) ** 2 for value, one in zip(values, estimates, strict=True))


@given(st.integers(0, 9), ESTIMATES)
def test_no_other_whole_numbers_that_add_up_are_nearer(total: int, estimates: list[int]) -> None:
    found = below(np.array([total]), np.array([estimates]), whole=True)[0].tolist()
    candidates = [one for one in product(range(total + 1), repeat=len(estimates)) if sum(one) == total]
    assert sum(found) == total
    assert min(found) >= 0
    assert distance(tuple(found), estimates) == min(distance(one, estimates) for one in candidates)


@given(
    st.lists(
        st.tuples(st.integers(0, 10**7), st.lists(st.integers(-(2**40), 2**40), min_size=5, max_size=5)), min_size=1
    )
)
def test_rows_are_projected_as_if_alone(rows: list[tuple[int, list[int]]]) -> None:
    totals, estimates = np.array([one for one, _ in rows]), np.array([one for _, one in rows])
    together = below(totals, estimates, whole=True)
    alone = [below(totals[at : at + 1], estimates[at : at + 1], whole=True)[0] for at in range(len(rows))]
    assert (together == np.array(alone)).all()
    assert (together.sum(axis=1) == totals).all()
    assert (together >= 0).all()


@given(st.integers(0, 9), ESTIMATES)
def test_with_children_unpublished_the_others_stay_below_the_total(total: int, estimates: list[int]) -> None:
    found = below(np.array([total]), np.array([estimates]), whole=False)[0]
    nearest = roots(np.array(estimates))
    assert found.sum() <= total
    assert (found >= 0).all()
    if nearest.sum() <= total:
        assert (found == nearest).all()
    else:
        assert found.sum() == total


def test_roots_are_rounded_and_never_negative() -> None:
    assert roots(np.array([-5000, -1, 511, 512, 2048])).tolist() == [0, 0, 0, 1, 2]


def test_totals_that_cannot_be_carried_are_refused() -> None:
    none = np.zeros((1, 0), dtype=np.int64)
    assert below(np.array([0]), none, whole=True).shape == (1, 0)
    assert below(np.array([5]), none, whole=False).shape == (1, 0)
    with pytest.raises(ValueError, match="without children"):
        below(np.array([5]), none, whole=True)
    with pytest.raises(ValueError, match="not negative"):
        below(np.array([-1]), np.array([[1]]), whole=True)
