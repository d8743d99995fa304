import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.protocol.ring import VectorBroken, add, signed, to_words
from aggregator.protocol.shares import Side, envelope_context, share_bytes, split, words

seeds = st.binary(min_size=32, max_size=32)
values = st.lists(st.integers(-(2**32), 2**32), max_size=40)


@settings(max_examples=40, deadline=None)
@given(values, seeds, st.binary(max_size=50))
def test_both_shares_together_are_the_vector(given_: list[int], seed: bytes, context: bytes) -> None:
    shares = split(given_, seed=seed, context=context)
    n = len(given_)
    both = [words(shares.leader, Side.LEADER, context, n), words(shares.helper, Side.HELPER, context, n)]
    assert signed(add(both, n)) == given_
    assert (len(shares.leader), len(shares.helper)) == tuple(share_bytes(side, n) for side in Side)


@settings(max_examples=40, deadline=None)
@given(seeds, st.binary(max_size=20), st.binary(max_size=20))
def test_shares_of_another_context_give_something_else(seed: bytes, one: bytes, other: bytes) -> None:
    shares = split([1, 2, 3, 4], seed=seed, context=one)
    both = [words(shares.leader, Side.LEADER, one, 4), words(shares.helper, Side.HELPER, other, 4)]
    assert (signed(add(both, 4)) == [1, 2, 3, 4]) is (one == other)


def test_the_mask_is_the_key_stream_that_the_method_page_names() -> None:
    """Recomputed from the description alone, so that another implementation can be written from it."""
    seed, context = bytes(range(32)), b"context"
    info = b"\x00\x00\x00\x0emanabi-mask-v1" + b"\x00\x00\x00\x07context"
    key = HKDF(SHA256(), 32, None, info).derive(seed)
    stream = Cipher(AES256(key), CTR(bytes(16))).encryptor().update(bytes(24))
    expected = [int.from_bytes(stream[at : at + 8], "little") for at in (0, 8, 16)]
    assert [int(one) for one in words(seed, Side.HELPER, context, 3)] == expected


def test_masks_of_parts_are_independent_of_how_many_there_are() -> None:
    """An opened establisher shows its own stretch of the mask and nothing of the prefectures behind it."""
    assert list(words(bytes(32), Side.HELPER, b"", 9))[:4] == list(words(bytes(32), Side.HELPER, b"", 4))


@pytest.mark.parametrize("seed", [b"", bytes(31), bytes(33)])
def test_a_seed_of_another_length_is_a_broken_share(seed: bytes) -> None:
    with pytest.raises(VectorBroken):
        words(seed, Side.HELPER, b"", 4)


def test_a_truncated_share_is_a_broken_share() -> None:
    shares = split([1, 2, 3], seed=bytes(32), context=b"")
    with pytest.raises(VectorBroken):
        words(shares.leader[:-1], Side.LEADER, b"", 3)


def test_shares_are_never_printed() -> None:
    assert repr(split([1], seed=bytes(32), context=b"")) == "Shares()"


def test_envelopes_are_bound_to_the_server_they_are_for() -> None:
    assert envelope_context(b"c", Side.LEADER) != envelope_context(b"c", Side.HELPER)


def test_zeros_and_ones_have_shares_that_differ_by_one() -> None:
    zeros, ones = (split([value] * 4, seed=bytes(32), context=b"") for value in (0, 1))
    difference = words(ones.leader, Side.LEADER, b"", 4) - words(zeros.leader, Side.LEADER, b"", 4)
    assert list(difference) == list(to_words([1, 1, 1, 1]))
