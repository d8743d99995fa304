"""One server's view is uniform, however extreme the vector: nothing of its size or sign shows in the bytes.

Chi-square over the 256 values of each of the eight byte positions of a word. Seeds are fixed, so a run never alarms by
chance; over all choices of the fixed seeds a true uniform source would fail with probability below 1e-6 in all (each of
the 8 positions of each of the 5 vectors at 255 degrees of freedom is held against the quantile of 2.5e-8).
"""

from hashlib import sha256

import numpy as np
import pytest

from aggregator.protocol.ring import MOST_SUBMISSION, MOST_WORD
from aggregator.protocol.shares import Side, split, words

WORDS = 2**16
QUANTILE_255 = 394.0
"""P(chi-square with 255 degrees of freedom > 394) < 2.5e-8."""
LARGE = MOST_SUBMISSION // WORDS

VECTORS = {
    "all zero": [0] * WORDS,
    "all one": [1] * WORDS,
    "all large": [LARGE] * WORDS,
    "all large and negative": [-LARGE] * WORDS,
    "one huge": [MOST_WORD] + [0] * (WORDS - 1),
}


def chi_square(column: "np.ndarray[tuple[int], np.dtype[np.uint8]]") -> float:
    counts = np.bincount(column, minlength=256)
    expected = len(column) / 256
    return float(((counts - expected) ** 2).sum() / expected)


def worst(share: bytes) -> float:
    table = np.frombuffer(share, dtype=np.uint8).reshape(-1, 8)
    return max(chi_square(table[:, at]) for at in range(8))


@pytest.mark.parametrize("name", sorted(VECTORS))
def test_the_leaders_share_is_uniform(name: str) -> None:
    shares = split(VECTORS[name], seed=sha256(name.encode()).digest(), context=b"uniform")
    assert worst(shares.leader) < QUANTILE_255


def test_the_helpers_share_does_not_depend_on_the_vector() -> None:
    seed = sha256(b"seed").digest()
    assert {split(vector, seed=seed, context=b"uniform").helper for vector in VECTORS.values()} == {seed}


def test_the_test_catches_a_share_that_is_not_masked() -> None:
    bare = words(split([LARGE] * WORDS, seed=bytes(32), context=b"").leader, Side.LEADER, b"", WORDS)
    assert worst((bare & np.uint64(2**63 - 1)).tobytes()) > QUANTILE_255
    assert worst(np.array([LARGE] * WORDS, dtype=np.uint64).tobytes()) > QUANTILE_255


def test_two_contexts_give_unrelated_masks_under_one_seed() -> None:
    first, second = (words(bytes(32), Side.HELPER, context, WORDS) for context in (b"one", b"two"))
    assert worst((first - second).tobytes()) < QUANTILE_255
    assert not np.isin(first[:1000], second).any()
