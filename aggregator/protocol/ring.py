"""The ring that everything is added in: whole numbers modulo 2^64, two's complement, and why no sum ever wraps.

A share is uniform only over a whole ring, so wrapping is part of the masking. A *total*, however, must never wrap: it
would be another number, with another sensitivity (Casacuberta, Shoemate, Vadhan and Wagaman 2022). Three bounds are
checked before anything is split, and together they leave a factor of about eight below 2^63:

* one word of a submission: at most ``MOST_WORD`` = 2^40 in size;
* all words of one submission together: at most ``MOST_SUBMISSION`` = 2^46 in size, so that a coarse cell, which adds
  several words of a node, stays below it as well;
* submissions in one round: at most ``MOST_NODES`` = 2^14 (a registry lists at most 10,000 participants).

A total is then at most 2^14 * 2^46 = 2^60 in size, and noise adds at most 60 seats * 2^40 < 2^46 to that.
"""

from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from trust.errors import N_, ManabiError

Words: TypeAlias = npt.NDArray[np.uint64]
"""A vector over the ring: a share, a sum of shares, or a value that is not secret."""

MOST_WORD: Final = 2**40
MOST_SUBMISSION: Final = 2**46
MOST_NODES: Final = 2**14
MOST_WORDS: Final = 2**20
"""Words in one vector: 47 prefectures of a thousand base cells fit twenty times."""

_WORD_BYTES: Final = 8


class ValueRefused(ManabiError):
    """A value that may not be split: not a whole number, or so large that a total could wrap around."""

    code = "protocol.value_refused"
    status = 422
    title = N_("A figure cannot be taken into the count (%(reason)s at place %(place)s).")
    remedy = N_("Nothing was sent. Check the records of this node for figures that cannot be true.")


class VectorBroken(ManabiError):
    """Bytes that are no vector of the expected length."""

    code = "protocol.vector_broken"
    status = 422
    title = N_("A share has another length than its header says.")
    remedy = N_("The sender makes a new submission. Nothing was added up.")


def to_words(values: Sequence[int], *, least: int = -MOST_WORD, most: int = MOST_WORD) -> Words:
    """Return whole numbers as words; raises ValueRefused for another type or a size outside the bounds.

    Only Python's ``int`` is taken: ``bool``, floats, NaN and numpy scalars, which wrap or round silently, are not.
    """
    if len(values) > MOST_WORDS:
        raise ValueRefused(reason="too many figures", place=MOST_WORDS)
    size = 0
    for place, value in enumerate(values):
        if type(value) is not int:
            raise ValueRefused(reason="not a whole number", place=place)
        if not max(least, -MOST_WORD) <= value <= min(most, MOST_WORD):
            raise ValueRefused(reason="below the bound" if value < least else "above the bound", place=place)
        size += abs(value)
    if size > MOST_SUBMISSION:
        raise ValueRefused(reason="all figures together are above the bound", place=len(values))
    return np.array(values, dtype=np.int64).view(np.uint64)


def signed(words: Words) -> list[int]:
    """Return words as whole numbers from -2^63 to 2^63 - 1."""
    return [int(one) for one in words.view(np.int64)]


def pack(words: Words) -> bytes:
    """Return words as bytes, eight each, the least significant first."""
    return words.astype("<u8").tobytes()


def unpack(raw: bytes, n: int) -> Words:
    """Read ``n`` words; raises VectorBroken for any other length."""
    if len(raw) != n * _WORD_BYTES:
        raise VectorBroken
    return np.frombuffer(raw, dtype="<u8").astype(np.uint64)


def add(vectors: Iterable[Words], n: int) -> Words:
    """Return the sum of vectors of ``n`` words, modulo 2^64; no vector at all gives zeros."""
    total = np.zeros(n, dtype=np.uint64)
    for one in vectors:
        if one.shape != total.shape:
            raise VectorBroken
        total += one
    return total
