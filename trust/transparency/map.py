"""The sparse Merkle map: under one root, how many entries each chain has and where it ends.

Keys and values are 32-byte hashes made in ``chain``; a key says nothing about child or viewer to whoever lacks its
salt. The checkpoint signs the map's root beside the log's, so a chain cannot be shown shorter than it is.

Two storeys. The first 16 bits of a key choose one of 65,536 buckets; above the buckets stands a complete binary tree
held in memory, so that an update costs 16 hashes plus those of one small bucket read from the database.

- An empty subtree is ``EMPTY``, 32 zero bytes. A node is H(0x01 | left | right), and EMPTY if both sides are.
- Within a bucket, a subtree with a single leaf is that leaf, H(0x00 | key | value), wherever it stands.

The leaf holds its whole key, so it cannot be shown in another's place. A proof always has the same size, whatever the
map holds: padding siblings are EMPTY, which a lone leaf passes unchanged.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from trust.framing import from_text, to_text

BUCKET_BITS: Final = 16
BUCKETS: Final = 1 << BUCKET_BITS
DEPTH: Final = 256
EMPTY: Final = bytes(32)
_HASH: Final = 32
_NO_OTHER: Final = bytes(2 * _HASH)


@dataclass(frozen=True, slots=True)
class MapProof:
    """What leads from a key's place to the root: 256 siblings from the top down, and who stands there instead.

    ``other`` is key and value of the lone leaf found on the way when the asked key is absent; None if nobody is.
    """

    siblings: tuple[bytes, ...]
    other: tuple[bytes, bytes] | None

    def to_document(self) -> dict[str, str]:
        """Return the proof for a download; its length is the same for every key of every map."""
        other = _NO_OTHER if self.other is None else b"".join(self.other)
        return {"siblings": to_text(b"".join(self.siblings)), "other": to_text(other)}

    @classmethod
    def from_document(cls, document: Mapping[str, str]) -> "MapProof":
        """Read what ``to_document`` wrote; raises ValueError for another shape."""
        siblings, other = from_text(document["siblings"]), from_text(document["other"])
        if len(siblings) != DEPTH * _HASH or len(other) != 2 * _HASH:
            raise ValueError("not a map proof")
        return cls(
            tuple(siblings[at : at + _HASH] for at in range(0, len(siblings), _HASH)),
            None if other == _NO_OTHER else (other[:_HASH], other[_HASH:]),
        )


def bucket_of(key: bytes) -> int:
    """Return the bucket a key belongs to."""
    return int.from_bytes(key[: BUCKET_BITS // 8], "big")


def bucket_root(bucket: int, items: Mapping[bytes, bytes]) -> bytes:
    """Return the root of one bucket over all its keys and values; raises ValueError for a key of another bucket."""
    keys, leaves = _laid_out(bucket, items)
    return _subtree(keys, leaves, BUCKET_BITS, 0, len(keys))


class TopTree:
    """The upper storey, four megabytes: every bucket's root and every node above."""

    def __init__(self, bucket_roots: Mapping[int, bytes]) -> None:
        self._nodes = bytearray(2 * BUCKETS * _HASH)
        touched = set()
        for bucket, root in bucket_roots.items():
            self._put(BUCKETS + bucket, root)
            touched.add((BUCKETS + bucket) >> 1)
        while touched:
            for node in touched:
                self._put(node, _join(self._get(2 * node), self._get(2 * node + 1)))
            touched = {node >> 1 for node in touched if node > 1}

    @property
    def root(self) -> bytes:
        """Return the root of the whole map."""
        return self._get(1)

    def update(self, bucket: int, root: bytes) -> None:
        """Set one bucket's root and renew the nodes above it."""
        node = BUCKETS + bucket
        self._put(node, root)
        while node := node >> 1:
            self._put(node, _join(self._get(2 * node), self._get(2 * node + 1)))

    def proof(self, key: bytes, items: Mapping[bytes, bytes]) -> MapProof:
        """Return the proof for a key, present or not; ``items`` is everything in the key's bucket."""
        node = BUCKETS + bucket_of(key)
        top: list[bytes] = []
        while node > 1:
            top.append(self._get(node ^ 1))
            node >>= 1
        siblings, other = _prove_in_bucket(key, items)
        return MapProof((*reversed(top), *siblings), other)

    def _get(self, node: int) -> bytes:
        return bytes(self._nodes[node * _HASH : (node + 1) * _HASH])

    def _put(self, node: int, value: bytes) -> None:
        if len(value) != _HASH:
            raise ValueError("a root has 32 bytes")
        self._nodes[node * _HASH : (node + 1) * _HASH] = value


def verify_map_proof(root: bytes, key: bytes, value: bytes | None, proof: MapProof) -> bool:
    """Tell whether the map with this root holds this value for the key; with None, that it holds nothing for it."""
    if len(proof.siblings) != DEPTH:
        return False
    depth = max((at + 1 for at, sibling in enumerate(proof.siblings) if sibling != EMPTY), default=0)
    depth = max(depth, BUCKET_BITS)
    if value is not None:
        if proof.other is not None:
            return False
        current = _leaf(key, value)
    elif proof.other is None:
        current = EMPTY
    else:
        other_key, other_value = proof.other
        if other_key == key or _number(other_key) >> (DEPTH - depth) != _number(key) >> (DEPTH - depth):
            return False
        current = _leaf(other_key, other_value)
    for at in reversed(range(depth)):
        sibling = proof.siblings[at]
        current = _join(sibling, current) if _bit(key, at) else _join(current, sibling)
    return current == root


def _leaf(key: bytes, value: bytes) -> bytes:
    return sha256(b"\x00" + key + value).digest()


def _join(left: bytes, right: bytes) -> bytes:
    if left == EMPTY and right == EMPTY:
        return EMPTY
    return sha256(b"\x01" + left + right).digest()


def _bit(key: bytes, at: int) -> int:
    return key[at >> 3] >> (7 - (at & 7)) & 1


def _number(key: bytes) -> int:
    return int.from_bytes(key, "big")


def _laid_out(bucket: int, items: Mapping[bytes, bytes]) -> tuple[list[bytes], list[bytes]]:
    keys = sorted(items)
    for key in keys:
        if len(key) != _HASH or len(items[key]) != _HASH or bucket_of(key) != bucket:
            raise ValueError("a key or value is not of this bucket")
    return keys, [_leaf(key, items[key]) for key in keys]


def _split(keys: Sequence[bytes], depth: int, low: int, high: int) -> int:
    """Return where, among the sorted keys from low to high, those begin that go right at this depth."""
    return bisect_left(keys, 1, low, high, key=lambda key: _bit(key, depth))


def _subtree(keys: Sequence[bytes], leaves: Sequence[bytes], depth: int, low: int, high: int) -> bytes:
    if low == high:
        return EMPTY
    if high - low == 1:
        return leaves[low]
    middle = _split(keys, depth, low, high)
    return _join(_subtree(keys, leaves, depth + 1, low, middle), _subtree(keys, leaves, depth + 1, middle, high))


def _prove_in_bucket(key: bytes, items: Mapping[bytes, bytes]) -> tuple[tuple[bytes, ...], tuple[bytes, bytes] | None]:
    keys, leaves = _laid_out(bucket_of(key), items)
    siblings = [EMPTY] * (DEPTH - BUCKET_BITS)
    low, high, depth = 0, len(keys), BUCKET_BITS
    while high - low > 1:
        middle = _split(keys, depth, low, high)
        if _bit(key, depth):
            siblings[depth - BUCKET_BITS] = _subtree(keys, leaves, depth + 1, low, middle)
            low = middle
        else:
            siblings[depth - BUCKET_BITS] = _subtree(keys, leaves, depth + 1, middle, high)
            high = middle
        depth += 1
    if low == high or keys[low] == key:
        return tuple(siblings), None
    return tuple(siblings), (keys[low], items[keys[low]])
