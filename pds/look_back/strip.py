"""A year of attendance as a strip: twelve months, a mark on each day that the school recorded something about.

A day without a mark is not claimed to be a day of attendance: the school writes exceptions, and holidays and free days
are not in the record.
"""

from calendar import monthrange
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from consent.vocabulary import Text
from pds.look_back.forms import Field, find_form

ATTENDANCE_FORM = "urn:manabi:schema:attendance_daily:1"
_APRIL = 4
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Day:
    """One cell of the strip; `mark` is the code of what was recorded, None for nothing. `coming`: not yet lived."""

    number: int
    free: bool
    coming: bool
    mark: str | None


@dataclass(frozen=True, slots=True)
class Month:
    """One line of the strip."""

    month: int
    days: tuple[Day, ...]


@dataclass(frozen=True, slots=True)
class MarkCount:
    """How often one kind of mark stands in the year."""

    code: str
    label: Text
    count: int


@dataclass(frozen=True, slots=True)
class RecordedDay:
    """One recorded day: what it was and why."""

    day: date
    mark: Text
    reason: Text | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Strip:
    """The year: months from April to March, the sums under it, and every recorded day in words."""

    months: tuple[Month, ...]
    counts: tuple[MarkCount, ...]
    days: tuple[RecordedDay, ...]


def build_strip(school_year: int, bodies: Iterable[Mapping[str, Any]], today: date) -> Strip:
    """Lay out the exceptions of one school year, of one school or of several, as they stand on `today`."""
    exceptions = sorted((entry for body in bodies for entry in body["exceptions"]), key=lambda entry: entry["date"])
    marks = {date.fromisoformat(entry["date"]): entry["mark"] for entry in exceptions}
    months = tuple(_month(school_year, month, marks, today) for month in (*range(_APRIL, 13), *range(1, _APRIL)))
    return Strip(months, _count(exceptions), tuple(_say(entry) for entry in exceptions))


def _month(school_year: int, month: int, marks: Mapping[date, str], today: date) -> Month:
    year = school_year if month >= _APRIL else school_year + 1
    days = (date(year, month, number) for number in range(1, monthrange(year, month)[1] + 1))
    return Month(month, tuple(Day(day.day, day.weekday() >= _SATURDAY, day > today, marks.get(day)) for day in days))


def _count(exceptions: Sequence[Mapping[str, Any]]) -> tuple[MarkCount, ...]:
    codes = _entry().inner("mark").codes
    counted = Counter(entry["mark"] for entry in exceptions)
    return tuple(MarkCount(code, label, counted[code]) for code, label in codes.items() if counted[code])


def _say(entry: Mapping[str, Any]) -> RecordedDay:
    form = _entry()
    reason, place, note = entry.get("reason"), entry.get("place"), entry.get("note")
    return RecordedDay(
        date.fromisoformat(entry["date"]),
        form.inner("mark").codes[entry["mark"]],
        form.inner("reason").codes[reason] if reason else None,
        "、".join(text for text in (place, note) if text) or None,
    )


def _entry() -> Field:
    return find_form(ATTENDANCE_FORM).inner("exceptions")
