"""How values become bytes that are hashed or signed, and how hashes become text: one unambiguous way each."""

import json
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping


def frame(*parts: bytes) -> bytes:
    """Join parts, each behind its length in four bytes, so that no two lists of parts give the same bytes."""
    return b"".join(struct.pack(">I", len(part)) + part for part in parts)


def canonical_json(document: Mapping[str, object]) -> bytes:
    """Return the one spelling of a JSON object: sorted names, no spaces, UTF-8; equal to RFC 8785 for what it takes.

    Numbers are whole and below 2^53, member names are ASCII: with these two limits every language agrees. Anything
    else raises ValueError.
    """
    _check(document)
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _check(value: object) -> None:
    match value:
        case None | bool():
            pass
        case str():
            value.encode()  # a lone surrogate is not text; the error is a ValueError
        case int():
            if abs(value) >= 2**53:
                raise ValueError("a number is too large to be exact everywhere")
        case Mapping():
            for name, member in value.items():
                if not isinstance(name, str) or not name.isascii():
                    raise ValueError("a member name is not ASCII text")
                _check(member)
        case list() | tuple():
            for member in value:
                _check(member)
        case _:
            raise ValueError("a value is neither text, whole number, truth value, list nor object")


def to_text(raw: bytes) -> str:
    """Return base64url without padding (RFC 4648 section 5)."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def from_text(text: str) -> bytes:
    """Read what ``to_text`` wrote; raises ValueError for any other spelling of the same bytes."""
    raw = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    if to_text(raw) != text:
        raise ValueError("not base64url in its one canonical spelling")
    return raw
