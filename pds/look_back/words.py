"""What a page says, before anybody's language is known: texts of three languages, and sentences with places to fill.

Presenters return these; `pds.look_back.saying` turns them into the words of one reader. The English sentence is the
message id of the catalogues.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TypeAlias

from consent.vocabulary import Text


@dataclass(frozen=True, slots=True)
class SchoolYear:
    """A school year (年度), to be said as one: 2026年度."""

    year: int


@dataclass(frozen=True, slots=True)
class Quantity:
    """A measured number with its unit."""

    number: int | float
    unit: Text


@dataclass(frozen=True, slots=True)
class Listing:
    """Several things in one place, joined as the reader's language joins them."""

    parts: "tuple[Part, ...]"


@dataclass(frozen=True, slots=True)
class Sentence:
    """A message id with what fills its `%(name)s` places.

    With `count` it is about a number of things: `%(count)s`; `plural` is the English sentence for more than one.
    """

    msgid: str
    params: "Mapping[str, Part]" = field(default_factory=dict, hash=False)
    count: int | None = None
    plural: str = ""


Part: TypeAlias = str | int | float | date | Text | Sentence | SchoolYear | Quantity | Listing
"""What may fill a place of a sentence, or stand in a cell: a bare string is somebody's own words and stays as it is."""


def same_everywhere(text: str) -> Text:
    """Return a name or a code as a text that is the same in every language."""
    return Text(text, text, text)
