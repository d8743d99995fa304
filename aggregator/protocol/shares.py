"""Splitting a vector between two servers, so that neither learns anything from its own share.

The helper gets a seed of 32 bytes, the leader gets the vector minus the mask that the seed stands for. The mask is the
key stream of AES-256-CTR (NIST SP 800-38A) under HKDF-SHA256(seed, info = context) (RFC 5869). The context names round,
node, sequence, plan and strata: one seed used in two contexts still gives two unrelated masks. As long as AES-256 is a
pseudorandom permutation, the leader's share is indistinguishable from uniform, and the helper's *is* uniform.

Fresh seeds come from the caller (the operating system's randomness) and are never used twice: two vectors under one
mask would give away their difference to the leader alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from aggregator.protocol.ring import Words, pack, to_words, unpack
from trust.errors import N_, ManabiError
from trust.framing import frame

SEED_BYTES: Final = 32
_MASK: Final = b"manabi-mask-v1"
_ENVELOPE: Final = b"manabi-share-v1"


class Side(StrEnum):
    """Which of the two servers a share is for, or a sum comes from."""

    LEADER = "leader"
    HELPER = "helper"


class MaskReused(ManabiError):
    """Two submissions under one mask seed: their difference would lie open before the leader."""

    code = "protocol.mask_reused"
    status = 422
    title = N_("A mask was used twice.")
    remedy = N_("Nothing was added up. The operators look for the fault in the sending node's randomness.")


@dataclass(frozen=True, slots=True)
class Shares:
    """The two shares of one vector, before each is sealed to its server. Never printed."""

    leader: bytes = field(repr=False)
    helper: bytes = field(repr=False)


def split(values: Sequence[int], *, seed: bytes, context: bytes) -> Shares:
    """Return the shares of a vector under a fresh seed; raises ValueRefused before anything is masked."""
    words = to_words(values)
    return Shares(leader=pack(words - _mask(seed, context, len(words))), helper=seed)


def words(share: bytes, side: Side, context: bytes, n: int) -> Words:
    """Return a share as a vector of ``n`` words; the sum of both sides is the vector. Raises VectorBroken."""
    match side:
        case Side.LEADER:
            return unpack(share, n)
        case Side.HELPER:
            return _mask(share, context, n)


def share_bytes(side: Side, n: int) -> int:
    """Return how long a side's share of ``n`` words is, so that a server can refuse another length on arrival."""
    return 8 * n if side is Side.LEADER else SEED_BYTES


def envelope_context(context: bytes, side: Side) -> bytes:
    """Return what a share's envelope is bound to: its submission and the server it is for."""
    return frame(_ENVELOPE, side.value.encode(), context)


def require_fresh(seeds: Iterable[bytes]) -> None:
    """Refuse to add up where a seed stands twice; the helper calls this, who alone sees the seeds."""
    seen: set[bytes] = set()
    for seed in seeds:
        if seed in seen:
            raise MaskReused
        seen.add(seed)


def _mask(seed: bytes, context: bytes, n: int) -> Words:
    """Return the mask a seed stands for; the counter starts at zero because every key is used for one stream."""
    stream = Cipher(AES256(_key(seed, context)), CTR(bytes(16))).encryptor()
    return np.frombuffer(stream.update(bytes(8 * n)), dtype="<u8").astype(np.uint64)


def _key(seed: bytes, context: bytes) -> bytes:
    unpack(seed, SEED_BYTES // 8)  # a seed of another length is a broken share
    return HKDF(SHA256(), length=32, salt=None, info=frame(_MASK, context)).derive(seed)
