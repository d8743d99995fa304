"""The little CBOR that a passkey writes (RFC 8949): integers, byte strings, texts, and maps of these."""

from collections.abc import Mapping
from enum import IntEnum
from typing import TypeAlias, Union

Value: TypeAlias = Union[int, bytes, str, "Mapping[int, Value]", "Mapping[str, Value]"]

_WIDTHS = ((24, 1), (25, 2), (26, 4), (27, 8))


class _Major(IntEnum):
    """The kind of an item, in the three upper bits of its first byte."""

    UNSIGNED = 0
    NEGATIVE = 1
    BYTES = 2
    TEXT = 3
    MAP = 5


def encode(value: Value) -> bytes:
    """Return the shortest encoding; members of a map keep the order they are given in, which the caller chooses."""
    if isinstance(value, int):
        return _head(_Major.UNSIGNED, value) if value >= 0 else _head(_Major.NEGATIVE, -1 - value)
    if isinstance(value, bytes):
        return _head(_Major.BYTES, len(value)) + value
    if isinstance(value, str):
        text = value.encode()
        return _head(_Major.TEXT, len(text)) + text
    members = b"".join(encode(name) + encode(member) for name, member in value.items())
    return _head(_Major.MAP, len(value)) + members


def _head(major: _Major, number: int) -> bytes:
    """Return the first byte and, for a number above 23, its 1, 2, 4 or 8 bytes; OverflowError beyond 64 bits."""
    if number < 24:
        return bytes([major << 5 | number])
    for info, width in _WIDTHS:
        if number < 1 << 8 * width:
            return bytes([major << 5 | info]) + number.to_bytes(width, "big")
    raise OverflowError("CBOR integers have at most 64 bits")
