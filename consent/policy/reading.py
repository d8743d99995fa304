"""Reading policy files with their places: every value knows where it stands, so that a fault can say so.

This is the plain structural check a node makes at start; the JSON Schemas in ``api_specs/policy`` say the same for
editors and tests.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from consent.policy.faults import (
    PolicyEntryMissing,
    PolicyNameUnknown,
    PolicyShapeWrong,
    PolicyUnreadable,
)
from consent.vocabulary import Member, Text


@dataclass(frozen=True, slots=True)
class Entry:
    """A value in a policy file and its place, such as ``visibility.json: versions[0].rules[3].relation``."""

    value: object
    place: str

    def fields(self, required: Collection[str], optional: Collection[str] = ()) -> dict[str, "Entry"]:
        """The members of an object that must have exactly the ``required`` names and may have the ``optional``."""
        members = self.members()
        for name, member in members.items():
            if name not in required and name not in optional:
                raise PolicyNameUnknown(place=member.place, value=name, known=_list([*required, *optional]))
        for name in required:
            if name not in members:
                raise PolicyEntryMissing(place=self.place, value=name)
        return members

    def members(self) -> dict[str, "Entry"]:
        """The members of an object, whatever their names."""
        if not isinstance(self.value, dict):
            raise self._not("an object")
        joint = " " if self.place.endswith(":") else "."
        return {str(name): Entry(value, f"{self.place}{joint}{name}") for name, value in self.value.items()}

    def every(self, enum: type[Member]) -> dict[Member, "Entry"]:
        """The members of an object that has one entry for every member of ``enum`` and nothing else."""
        members = self.fields([member.value for member in enum])
        return {member: members[member.value] for member in enum}

    def items(self) -> list["Entry"]:
        """The items of a list."""
        if not isinstance(self.value, list):
            raise self._not("a list")
        return [Entry(value, f"{self.place}[{index}]") for index, value in enumerate(self.value)]

    def text(self) -> str:
        """A text that is not empty."""
        if not isinstance(self.value, str) or not self.value.strip():
            raise self._not("a text")
        return self.value

    def truth(self) -> bool:
        """True or false."""
        if not isinstance(self.value, bool):
            raise self._not("true or false")
        return self.value

    def number(self) -> int:
        """A whole number from 0 on."""
        if not isinstance(self.value, int) or isinstance(self.value, bool) or self.value < 0:
            raise self._not("a whole number from 0 on")
        return self.value

    def day(self) -> date:
        """A calendar day written YYYY-MM-DD."""
        written = self.text()
        try:
            day = date.fromisoformat(written)
        except ValueError:
            day = None
        if day is None or day.isoformat() != written:
            raise self._not("a date written YYYY-MM-DD")
        return day

    def month_day(self) -> tuple[int, int]:
        """A day of every year written MM-DD; 29 February is one."""
        try:
            day = date.fromisoformat(f"2000-{self.text()}")
        except ValueError:
            raise self._not("a day of the year written MM-DD") from None
        return day.month, day.day

    def member(self, enum: type[Member]) -> Member:
        """A member of the vocabulary."""
        try:
            return enum(self.text())
        except ValueError:
            known = _list([member.value for member in enum])
            raise PolicyNameUnknown(place=self.place, value=str(self.value), known=known) from None

    def wording(self) -> Text:
        """One text in the three languages."""
        said = self.fields(("ja", "plain", "en"))
        return Text(ja=said["ja"].text(), plain=said["plain"].text(), en=said["en"].text())

    def _not(self, expected: str) -> PolicyShapeWrong:
        return PolicyShapeWrong(place=self.place, value=json.dumps(self.value, ensure_ascii=False), expected=expected)


def open_file(folder: Path, name: str) -> Entry:
    """The content of one policy file. Raises PolicyUnreadable."""
    try:
        value = json.loads((folder / name).read_text(encoding="utf-8"), object_pairs_hook=_once)
    except (OSError, ValueError) as cause:
        raise PolicyUnreadable(place=name, value=str(cause)) from cause
    return Entry(value, f"{name}:")


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object whose names are all different; JSON itself would silently keep the last."""
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name “{repeated}” stands twice in one object")
    return members


def _list(names: list[str]) -> str:
    return ", ".join(names)
