"""The Merkle tree of the access log, as RFC 9162 section 2.1 defines it: roots, proofs and their checks.

A leaf is hashed behind a zero byte and an inner node behind a one, so that neither can be passed off as the other.
The checks are the iterative algorithms of sections 2.1.3.2 and 2.1.4.2; the proofs are built from the roots of
subtrees, which a list of leaves computes and a leaf store mostly looks up.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, Protocol, runtime_checkable

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = sha256(b"").digest()
"""Root of the tree without leaves (RFC 9162 section 2.1.1)."""


@runtime_checkable
class SubtreeRoots(Protocol):
    """Whoever can give the root of a subtree without being read leaf by leaf."""

    def range_root(self, start: int, stop: int) -> bytes:
        """Return the root of the tree over these leaves alone."""
        ...


Leaves = Sequence[bytes] | SubtreeRoots


def leaf_hash(data: bytes) -> bytes:
    """Hash what a leaf stands for."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees into their parent."""
    return sha256(b"\x01" + left + right).digest()


def split_point(size: int) -> int:
    """Return the largest power of two below ``size``: how many leaves the left subtree holds."""
    return 1 << ((size - 1).bit_length() - 1)


@dataclass(slots=True)
class CompactRange:
    """The right edge of a growing tree: enough to append leaves and to know the root, in about log2(size) hashes."""

    size: int = 0
    peaks: list[bytes] = field(default_factory=list)
    """Roots of the complete subtrees, largest first; their sizes are the binary digits of ``size``."""

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash."""
        carried, size = leaf, self.size
        while size & 1:
            carried = node_hash(self.peaks.pop(), carried)
            size >>= 1
        self.peaks.append(carried)
        self.size += 1

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Add several leaf hashes in order."""
        for leaf in leaves:
            self.append(leaf)

    def root(self) -> bytes:
        """Return the root over everything added so far."""
        return fold_peaks(self.peaks)

    def to_bytes(self) -> bytes:
        """Return size and peaks for storage."""
        return self.size.to_bytes(8, "big") + b"".join(self.peaks)

    @classmethod
    def from_bytes(cls, stored: bytes) -> "CompactRange":
        """Read what ``to_bytes`` wrote; raises ValueError if the number of peaks does not fit the size."""
        size = int.from_bytes(stored[:8], "big")
        if len(stored) != 8 + HASH_BYTES * size.bit_count():
            raise ValueError("not a stored compact range")
        return cls(size, [stored[at : at + HASH_BYTES] for at in range(8, len(stored), HASH_BYTES)])


def fold_peaks(peaks: Sequence[bytes]) -> bytes:
    """Return the root over complete subtrees given largest first."""
    if not peaks:
        return EMPTY_ROOT
    root = peaks[-1]
    for peak in reversed(peaks[:-1]):
        root = node_hash(peak, root)
    return root


def range_root(leaves: Leaves, start: int, stop: int) -> bytes:
    """Return the root of the tree over leaves ``start`` to ``stop`` (exclusive) alone."""
    if isinstance(leaves, SubtreeRoots):
        return leaves.range_root(start, stop)
    compact = CompactRange()
    compact.extend(leaves[start:stop])
    return compact.root()


def root(leaves: Leaves, size: int) -> bytes:
    """Return the root over the first ``size`` leaves."""
    return range_root(leaves, 0, size)


def inclusion_proof(leaves: Leaves, index: int, size: int) -> list[bytes]:
    """Return the hashes that lead from leaf ``index`` to the root of the first ``size`` leaves (section 2.1.3.1)."""
    if not 0 <= index < size:
        raise ValueError("the leaf is not in the tree")
    path: list[bytes] = []
    start, stop = 0, size
    while stop - start > 1:
        middle = start + split_point(stop - start)
        if index < middle:
            path.append(range_root(leaves, middle, stop))
            stop = middle
        else:
            path.append(range_root(leaves, start, middle))
            start = middle
    path.reverse()
    return path


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], tree_root: bytes) -> bool:
    """Tell whether the proof leads from this leaf hash at this index to this root (section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    position, last, current = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if position & 1 or position == last:
            current = node_hash(sibling, current)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            current = node_hash(current, sibling)
        position >>= 1
        last >>= 1
    return last == 0 and current == tree_root


def consistency_proof(leaves: Leaves, earlier: int, later: int) -> list[bytes]:
    """Return the hashes showing that the tree of ``later`` leaves extends that of ``earlier`` (section 2.1.4.1).

    Empty for equal sizes and from the empty tree, where there is nothing to show.
    """
    if not 0 <= earlier <= later:
        raise ValueError("a tree extends only a tree that is not larger")
    if earlier in (0, later):
        return []
    path: list[bytes] = []
    start, stop, known = 0, later, True
    # ``known``: the subtree that remains is the earlier tree itself, whose root the checker already holds.
    while earlier != stop:
        middle = start + split_point(stop - start)
        if earlier <= middle:
            path.append(range_root(leaves, middle, stop))
            stop = middle
        else:
            path.append(range_root(leaves, start, middle))
            start, known = middle, False
    if not known:
        path.append(range_root(leaves, start, stop))
    path.reverse()
    return path


def verify_consistency(
    earlier: int, later: int, earlier_root: bytes, later_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Tell whether the proof shows the later tree to extend the earlier one (section 2.1.4.2)."""
    if not 0 <= earlier <= later:
        return False
    if earlier == later:
        return not proof and earlier_root == later_root
    if earlier == 0:
        return not proof and earlier_root == EMPTY_ROOT
    path = list(proof)
    if earlier & (earlier - 1) == 0:
        path.insert(0, earlier_root)
    if not path:
        return False
    position, last = earlier - 1, later - 1
    while position & 1:
        position >>= 1
        last >>= 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            old = node_hash(sibling, old)
            new = node_hash(sibling, new)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            new = node_hash(new, sibling)
        position >>= 1
        last >>= 1
    return last == 0 and old == earlier_root and new == later_root
