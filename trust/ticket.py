"""The transfer ticket (転学チケット): a code on paper that leads a new school to the old one, and to nothing else.

24 characters of Crockford's base32 in groups of four: one for the version, four for the registry number of the node
that issued it, sixteen with 80 random bits, three to check. It names nobody. The check characters are a Reed-Solomon
code over 32 symbols with distance four: any one, two or three wrong characters are noticed, and any two exchanged
ones; they prove nothing about who made it. Only the SHA-256 of the code is ever stored.
"""

import re
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final
from unicodedata import normalize

from trust.errors import N_, ManabiError

VERSION: Final = 1
RANDOM_BYTES: Final = 10
MAX_NUMBER: Final = 32**4 - 1

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES: Final = {character: value for value, character in enumerate(_ALPHABET)} | {"O": 0, "I": 1, "L": 1}
_NUMBER: Final = 4
_RANDOM: Final = 16
_CHECKS: Final = 3
_LENGTH: Final = 1 + _NUMBER + _RANDOM + _CHECKS
_GROUP: Final = 4
_MAX_TEXT: Final = 200
_BETWEEN: Final = re.compile(r"[\s\-_.‐‑‒–—―−ー·・]+")


class TicketMalformed(ManabiError):
    """What was typed or scanned is not a ticket's code: too short, a wrong character, or a slip of the pen."""

    code = "ticket.malformed"
    status = 422
    title = N_("This is not the code of a transfer ticket, or a character of it is wrong.")
    remedy = N_(
        "Compare all 24 characters with the paper, or scan the square code. The old school can issue a new one."
    )


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket: the issuing node's registry number, the code as printed, and the hash it is stored under."""

    number: int
    text: str = field(repr=False)
    hash: bytes = field(repr=False)


def make_ticket(number: int, random: bytes) -> Ticket:
    """Return the ticket of a node with fresh random bytes; raises ValueError for a number or length out of range."""
    if not 0 <= number <= MAX_NUMBER or len(random) != RANDOM_BYTES:
        raise ValueError("a ticket takes a registry number below 32^4 and ten random bytes")
    symbols = [VERSION, *_digits(number, _NUMBER), *_digits(int.from_bytes(random, "big"), _RANDOM)]
    return _ticket(number, [*symbols, *_checks(symbols)])


def read_ticket(text: str) -> Ticket:
    """Read a code as people write it: any case and width, spaces and hyphens anywhere, O for 0, I or L for 1.

    Raises TicketMalformed, also for a version that is not known.
    """
    if len(text) > _MAX_TEXT:
        raise TicketMalformed
    try:
        symbols = [_VALUES[character] for character in _BETWEEN.sub("", normalize("NFKC", text)).upper()]
    except KeyError as error:
        raise TicketMalformed from error
    if len(symbols) != _LENGTH or symbols[0] != VERSION or _checks(symbols[:-_CHECKS]) != symbols[-_CHECKS:]:
        raise TicketMalformed
    number = 0
    for symbol in symbols[1 : 1 + _NUMBER]:
        number = number * 32 + symbol
    return _ticket(number, symbols)


def _ticket(number: int, symbols: list[int]) -> Ticket:
    code = "".join(_ALPHABET[symbol] for symbol in symbols)
    groups = [code[at : at + _GROUP] for at in range(0, _LENGTH, _GROUP)]
    return Ticket(number, "-".join(groups), sha256(b"manabi-ticket-v1" + code.encode()).digest())


def _digits(value: int, length: int) -> list[int]:
    return [value >> 5 * place & 31 for place in range(length - 1, -1, -1)]


def _powers() -> tuple[int, ...]:
    """Return the powers of x in the field of 32 elements, x^5 = x^2 + 1."""
    powers = [1]
    while len(powers) < 31:
        doubled = powers[-1] << 1
        powers.append(doubled ^ 0b100101 if doubled & 32 else doubled)
    return tuple(powers)


_POWERS: Final = _powers()
_LOGARITHMS: Final = {value: power for power, value in enumerate(_POWERS)}


def _times(left: int, right: int) -> int:
    return _POWERS[(_LOGARITHMS[left] + _LOGARITHMS[right]) % 31] if left and right else 0


def _generator() -> tuple[int, ...]:
    """Return the polynomial whose roots are the first powers, highest coefficient (1) left out."""
    coefficients = [1]
    for power in range(1, _CHECKS + 1):
        shifted, scaled = [*coefficients, 0], [0, *(_times(one, _POWERS[power]) for one in coefficients)]
        coefficients = [left ^ right for left, right in zip(shifted, scaled, strict=True)]
    return tuple(coefficients[1:])


_GENERATOR: Final = _generator()


def _checks(symbols: list[int]) -> list[int]:
    """Return the remainder of the code, taken as a polynomial, by the generator."""
    remainder = [0] * _CHECKS
    for symbol in symbols:
        factor = symbol ^ remainder[0]
        remainder = [left ^ _times(factor, right) for left, right in zip([*remainder[1:], 0], _GENERATOR, strict=True)]
    return remainder
