"""The CBOR writer against an independent reader."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from webauthn.helpers.parse_cbor import parse_cbor

from manabi.check.cbor import Value, encode

_SCALARS = st.integers(-(2**64), 2**64 - 1) | st.binary(max_size=300) | st.text(max_size=300)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: (
        st.dictionaries(st.integers(-40, 40), inner, max_size=30) | st.dictionaries(st.text(), inner, max_size=30)
    ),
    max_leaves=20,
)


@given(_VALUES)
def test_what_is_written_is_read_back_by_another_reader(value: Value) -> None:
    assert parse_cbor(encode(value)) == value


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, "00"), (23, "17"), (24, "1818"), (256, "190100"), (-1, "20"), (-7, "26"), (-257, "390100"), (b"", "40"),
     ("a", "6161"), ({1: 2, 3: -7}, "a201020326"), (2**32, "1b0000000100000000")],
)  # fmt: skip
def test_numbers_take_the_fewest_bytes(value: Value, expected: str) -> None:
    """Examples of RFC 8949, appendix A."""
    assert encode(value).hex() == expected


def test_a_number_beyond_64_bits_is_refused() -> None:
    with pytest.raises(OverflowError):
        encode(2**64)
