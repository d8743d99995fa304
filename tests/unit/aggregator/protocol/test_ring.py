import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.protocol.ring import (
    MOST_NODES,
    MOST_SUBMISSION,
    MOST_WORD,
    MOST_WORDS,
    ValueRefused,
    VectorBroken,
    add,
    pack,
    signed,
    to_words,
    unpack,
)

values = st.lists(st.integers(-(2**32), 2**32), max_size=50)


@settings(max_examples=40, deadline=None)
@given(values)
def test_whole_numbers_come_back_as_they_went_in(given_: list[int]) -> None:
    assert signed(unpack(pack(to_words(given_)), len(given_))) == given_


@settings(max_examples=40, deadline=None)
@given(st.lists(values.filter(lambda one: len(one) >= 3).map(lambda one: one[:3]), max_size=20))
def test_sums_are_those_of_whole_numbers(vectors: list[list[int]]) -> None:
    assert signed(add([to_words(one) for one in vectors], 3)) == [sum(one[at] for one in vectors) for at in range(3)]


@pytest.mark.parametrize("value", [1.0, 1.5, float("nan"), True, None, "1", np.int64(1), np.uint64(1), np.float64(2.0)])
def test_only_plain_whole_numbers_are_split(value: object) -> None:
    with pytest.raises(ValueRefused, match="not a whole number at place 1"):
        to_words([0, value])  # type: ignore[list-item]


@pytest.mark.parametrize("value", [MOST_WORD + 1, 2**63, 2**64, 10**30])
def test_a_value_above_the_bound_is_refused_whole_and_never_wrapped(value: int) -> None:
    with pytest.raises(ValueRefused, match="above the bound"):
        to_words([value])
    with pytest.raises(ValueRefused, match="below the bound"):
        to_words([-value])


def test_bounds_of_a_plan_are_kept() -> None:
    assert signed(to_words([0, 5], least=0, most=5)) == [0, 5]
    with pytest.raises(ValueRefused, match="above the bound"):
        to_words([6], least=0, most=5)
    with pytest.raises(ValueRefused, match="below the bound"):
        to_words([-1], least=0, most=5)


def test_many_values_that_are_large_together_are_refused() -> None:
    fitting = [MOST_WORD] * (MOST_SUBMISSION // MOST_WORD)
    assert len(to_words(fitting)) == 64
    with pytest.raises(ValueRefused, match="all figures together"):
        to_words([*fitting, 1])


def test_a_vector_has_a_longest_length() -> None:
    with pytest.raises(ValueRefused, match="too many"):
        to_words([0] * (MOST_WORDS + 1))


def test_no_total_that_passed_the_bounds_can_wrap() -> None:
    """The headroom: every node at its bound in one coarse cell, and the noise of sixty seats at its bound."""
    assert MOST_NODES * MOST_SUBMISSION + 60 * MOST_WORD < 2**63 // 7


@pytest.mark.parametrize("raw", [b"", bytes(7), bytes(9), bytes(24)])
def test_bytes_of_another_length_are_no_vector(raw: bytes) -> None:
    with pytest.raises(VectorBroken):
        unpack(raw, 2)


def test_vectors_of_different_length_are_never_added() -> None:
    with pytest.raises(VectorBroken):
        add([to_words([1, 2]), to_words([1])], 2)


def test_an_error_names_the_place_and_never_the_value() -> None:
    with pytest.raises(ValueRefused) as refused:
        to_words([0, 0, 9_876_543_210_123])
    assert "9876543210123" not in str(refused.value)
    assert refused.value.params["place"] == 2
