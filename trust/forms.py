"""Documents read member by member: exactly what should stand there, or a fault that names the place."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, TypeVar

_INSTANT: Final = "%Y-%m-%dT%H:%M:%SZ"
_Choice = TypeVar("_Choice", bound=StrEnum)


class FormFault(ValueError):
    """What is wrong with a document, in a few English words that name the place."""


class Form:
    """One JSON object with exactly the members it should have, read member by member; raises FormFault."""

    def __init__(self, wire: object, place: str, members: set[str]) -> None:
        if not isinstance(wire, Mapping):
            raise FormFault(f"{place}: not an object")
        if set(wire) != members:
            odd = sorted(str(name)[:40] for name in set(wire) ^ members)
            raise FormFault(f"{place}: missing or unknown {', '.join(odd[:3])}")
        self._wire: Mapping[str, object] = wire
        self._place = place

    def value(self, name: str) -> object:
        """Return a member as it stands."""
        return self._wire[name]

    def text(self, name: str, *, most: int) -> str:
        """Return a text of 1 to ``most`` characters without control characters."""
        value = self._wire[name]
        if not isinstance(value, str) or not 0 < len(value.strip()) <= len(value) <= most:
            raise FormFault(f"{self._place}.{name}: not a text of 1 to {most} characters")
        if any(ord(character) < 32 or ord(character) == 127 for character in value):
            raise FormFault(f"{self._place}.{name}: a control character")
        return value

    def token(self, name: str, *, most: int, also: str = "") -> str:
        """Return a text of ASCII letters, digits and the characters of ``also``."""
        value = self.text(name, most=most)
        if not (value.isascii() and all(one.isalnum() or one in also for one in value)):
            raise FormFault(f"{self._place}.{name}: not a name")
        return value

    def whole(self, name: str, least: int, most: int) -> int:
        """Return a whole number in a range."""
        value = self._wire[name]
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise FormFault(f"{self._place}.{name}: not a whole number from {least} to {most}")
        return value

    def choice(self, name: str, kind: type[_Choice]) -> _Choice:
        """Return a member that names one of an enumeration."""
        value = self._wire[name]
        if not isinstance(value, str) or value not in {one.value for one in kind}:
            raise FormFault(f"{self._place}.{name}: unknown")
        return kind(value)

    def instant(self, name: str) -> datetime:
        """Return an instant in its one spelling: UTC, whole seconds, 'Z'."""
        value = self._wire[name]
        try:
            at = datetime.strptime(value, _INSTANT).replace(tzinfo=UTC) if isinstance(value, str) else None
        except ValueError:
            at = None
        if at is None or write_instant(at) != value:
            raise FormFault(f"{self._place}.{name}: not an instant")
        return at

    def items(self, name: str, most: int) -> Iterator[tuple[object, str]]:
        """Yield the members of a list, each with its place."""
        value = self._wire[name]
        if not isinstance(value, list) or len(value) > most:
            raise FormFault(f"{self._place}.{name}: not a list of at most {most}")
        for at, one in enumerate(value):
            yield one, f"{self._place}.{name}[{at}]"


def write_instant(at: datetime) -> str:
    """Return an instant as documents write it: UTC, whole seconds, 'Z'."""
    return at.astimezone(UTC).strftime(_INSTANT)
