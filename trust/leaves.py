"""The leaf hashes of the access log, append-only and apart from the database and its backups.

When an older database is restored, it no longer knows the newest entries; their leaves stand here all the same, so
the log goes on from the root that was signed and never from an older one. The file is the bare sequence of 32-byte
hashes. Beside it stand the roots of complete subtrees of 2^8, 2^16 and 2^24 leaves: derived, mended from the leaves,
there so that a proof in a log of a hundred million entries reads a thousand hashes instead of all of them.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Final

from trust.errors import N_, ManabiError
from trust.files import lay_file
from trust.transparency.tree import HASH_BYTES, CompactRange, fold_peaks

_STRIDE: Final = 8
"""Levels between a file and the next: one stored root stands for 2^8 of the file before."""

_SUFFIXES: Final = ("", ".8", ".16", ".24")
_REMEMBERED: Final = 20_000
"""Subtree roots kept in memory, some three megabytes."""


class LeavesBroken(ManabiError):
    """The leaf file does not hold what was asked of it: it was shortened, or the question is of another log."""

    code = "leaves.broken"
    status = 500
    title = N_("The access log holds %(have)s leaves where %(want)s were signed for.")
    remedy = N_("Stop the node and put back the copy of the leaf file that is kept apart from the backups.")


class LeafStore:
    """One append-only file of leaf hashes with its derived subtree roots; one writer at a time, any reader."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._files = tuple(path.with_name(path.name + suffix) for suffix in _SUFFIXES)
        self._remembered: dict[tuple[int, int], bytes] = {}
        for file in self._files[1:]:
            lay_file(file)
        with self._alone() as handles:
            self._drop_wrong_roots(handles)
            self._derive(handles)

    @classmethod
    def lay(cls, path: Path) -> "LeafStore":
        """Create the file if it is missing, and open it. Opening alone never does: lost leaves must be noticed."""
        lay_file(path)
        return cls(path)

    @property
    def size(self) -> int:
        """Return how many complete leaves are on the disk."""
        return os.stat(self.path).st_size // HASH_BYTES

    def append(self, leaves: Sequence[bytes]) -> int:
        """Add leaf hashes durably and return the index of the first; a torn rest of an earlier append goes."""
        if any(len(leaf) != HASH_BYTES for leaf in leaves):
            raise ValueError("a leaf hash has 32 bytes")
        with self._alone() as handles:
            first = _count(handles[0])
            _write_at(handles[0], first, b"".join(leaves))
            self._derive(handles)
        return first

    def read(self, start: int, stop: int) -> list[bytes]:
        """Return leaf hashes ``start`` to ``stop`` (exclusive); raises LeavesBroken if they are not all there."""
        with self.path.open("rb") as file:
            return _read(file.fileno(), start, stop)

    def root(self, size: int | None = None) -> bytes:
        """Return the RFC 9162 root over the first ``size`` leaves, of all by default."""
        return self.range_root(0, self.size if size is None else size)

    def range_root(self, start: int, stop: int) -> bytes:
        """Return the root over a range that starts on a multiple of its width rounded up to a power of two.

        Every range of an RFC 9162 proof does; another raises ValueError.
        """
        width = stop - start
        if width < 0 or (width and start % (1 << (width - 1).bit_length())):
            raise ValueError("not a subtree of the log")
        peaks: list[bytes] = []
        for level in reversed(range(width.bit_length())):
            if width >> level & 1:
                peaks.append(self._complete_root(start, level))
                start += 1 << level
        return fold_peaks(peaks)

    def _complete_root(self, start: int, level: int) -> bytes:
        """Return the root of the complete subtree of 2^level leaves at ``start``, from the highest file that helps.

        A complete subtree never changes, so the larger ones are remembered: the proofs of one download share them.
        """
        if level < _STRIDE:
            return self._root_from(0, start, level)
        root = self._remembered.get((start, level))
        if root is None:
            root = self._root_from(min(level // _STRIDE, len(self._files) - 1), start, level)
            if len(self._remembered) >= _REMEMBERED:
                self._remembered.clear()
            self._remembered[start, level] = root
        return root

    def _root_from(self, file: int, start: int, level: int) -> bytes:
        shift = file * _STRIDE
        handle = os.open(self._files[file], os.O_RDONLY | os.O_CLOEXEC)
        try:
            return _tree_over(_read(handle, start >> shift, (start + (1 << level)) >> shift))
        finally:
            os.close(handle)

    @contextmanager
    def _alone(self) -> Iterator[list[int]]:
        handles = [os.open(file, os.O_RDWR | os.O_CLOEXEC) for file in self._files]
        try:
            fcntl.flock(handles[0], fcntl.LOCK_EX)
            yield handles
        finally:
            for handle in handles:
                os.close(handle)

    def _drop_wrong_roots(self, handles: list[int]) -> None:
        """Forget derived roots, newest first, until one agrees with the file it was derived from.

        Only an append that was cut short leaves wrong ones, and those are the newest.
        """
        for below, own in pairwise(handles):
            count = min(_count(own), _count(below) >> _STRIDE)
            while count and _read(own, count - 1, count)[0] != _derived(below, count - 1):
                count -= 1
            os.ftruncate(own, count * HASH_BYTES)

    def _derive(self, handles: list[int]) -> None:
        for below, own in pairwise(handles):
            have, want = _count(own), _count(below) >> _STRIDE
            if have < want:
                _write_at(own, have, b"".join(_derived(below, at) for at in range(have, want)))


def _count(handle: int) -> int:
    return os.fstat(handle).st_size // HASH_BYTES


def _write_at(handle: int, index: int, content: bytes) -> None:
    os.ftruncate(handle, index * HASH_BYTES)
    os.lseek(handle, 0, os.SEEK_END)
    while content:
        content = content[os.write(handle, content) :]
    os.fsync(handle)


def _read(handle: int, start: int, stop: int) -> list[bytes]:
    raw = os.pread(handle, (stop - start) * HASH_BYTES, start * HASH_BYTES)
    if len(raw) != (stop - start) * HASH_BYTES:
        raise LeavesBroken(have=_count(handle), want=stop)
    return [raw[at : at + HASH_BYTES] for at in range(0, len(raw), HASH_BYTES)]


def _derived(below: int, index: int) -> bytes:
    return _tree_over(_read(below, index << _STRIDE, (index + 1) << _STRIDE))


def _tree_over(hashes: Sequence[bytes]) -> bytes:
    compact = CompactRange()
    compact.extend(hashes)
    return compact.root()
