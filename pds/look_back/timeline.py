"""The years of a child as a line: at which school, in which grade, what happened, and which records there are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from consent.age import japan_day, school_year_of
from consent.vocabulary import Category, Text
from consent.wording import label
from pds.look_back.forms import find_form
from pds.look_back.own import OwnPiece, SchoolTests, TermCard, own_pieces, results_of, term_cards
from pds.look_back.words import Listing, Part, Quantity, SchoolYear, Sentence, same_everywhere
from pds.records.service import OpenedRecord
from pds.sharing.enforcement import Disclosed
from trust.errors import N_

ENROLMENT_FORM = "urn:manabi:schema:enrolment:1"
GUIDANCE_FORM = "urn:manabi:schema:guidance:1"
HEALTH_FORM = "urn:manabi:schema:health_check:1"
_NEW_FOR = timedelta(days=60)
_FIRST_GRADES = ("P1", "P2")
_Stay = tuple[OpenedRecord, dict[str, Any]]
"""A year that an enrolment record names, with that record."""


class EventKind(StrEnum):
    """What an enrolment record can tell of one day."""

    ENTERED = "entered"
    MOVED_IN = "moved_in"
    LEFT = "left"
    GRADUATED = "graduated"


_SAID = {
    EventKind.ENTERED: N_("Entered %(school)s"),
    EventKind.MOVED_IN: N_("Moved to %(school)s"),
    EventKind.LEFT: N_("Left %(school)s"),
    EventKind.GRADUATED: N_("Graduated from %(school)s"),
}


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened on one day at one school."""

    day: date
    kind: EventKind
    school: str

    @property
    def sentence(self) -> Sentence:
        """The event in words."""
        return Sentence(_SAID[self.kind], {"school": self.school})


@dataclass(frozen=True, slots=True)
class Tile:
    """One kind of record of a year: `anchor` is its place on the year's page, None where there is nothing yet."""

    title: Sentence
    note: Part | None
    anchor: str | None


@dataclass(frozen=True, slots=True)
class Source:
    """Whose word this is: the school that keeps and signed the records, and the records themselves."""

    school: str
    school_code: str
    records: tuple[OpenedRecord, ...]


@dataclass(frozen=True, slots=True)
class Year:
    """One school year of the line. `grade_code` (P1 to H3) is None where no record says it."""

    school_year: int
    grade_code: str | None
    class_name: str | None
    schools: tuple[str, ...]
    events: tuple[Event, ...]
    tiles: tuple[Tile, ...]
    sources: tuple[Source, ...]
    words: str | None = None
    """What the child wrote last in this year, in the child's own words."""

    @property
    def grade(self) -> Text | None:
        """The grade in words."""
        return None if self.grade_code is None else find_form(GUIDANCE_FORM).inner("grade").codes[self.grade_code]


@dataclass(frozen=True, slots=True)
class News:
    """A record that came or was changed lately."""

    record: UUID
    sentence: Sentence
    at: datetime


def build_years(disclosed: Sequence[Disclosed], current_year: int) -> tuple[Year, ...]:
    """Return the years in which the child has any record, the first one first."""
    records = open_records(disclosed)
    years = {record.place.school_year for record in records if record.place.category is not Category.ENROLMENT}
    stays: dict[int, list[_Stay]] = {}
    for record in _of(records, Category.ENROLMENT):
        for entry in record.body["years"]:
            stays.setdefault(entry["school_year"], []).append((record, entry))
    events = _events(records)
    years |= set(stays) | set(events)
    return tuple(
        _year(year, records, stays.get(year, ()), events.get(year, ()), current_year) for year in sorted(years)
    )


def open_records(disclosed: Iterable[Disclosed]) -> list[OpenedRecord]:
    """Return the records without the fields that are closed to the reader, so that no page can show one by mistake."""
    return [replace(item.record, body=item.body) for item in disclosed]


def is_in_first_grades(years: Sequence[Year]) -> bool:
    """Tell whether a child is so young that pages say less: in the first two grades in the latest year."""
    return bool(years) and years[-1].grade_code in _FIRST_GRADES


def find_news(disclosed: Sequence[Disclosed], now: datetime, most: int = 3) -> tuple[News, ...]:
    """Return what came or changed in the last two months, the newest first, at most three things.

    Of what came on one day the latest school year counts most: an import brings many years at once.
    """
    fresh = [item.record for item in disclosed if now - item.record.issued_at <= _NEW_FOR]
    fresh.sort(
        key=lambda record: (japan_day(record.issued_at), record.place.school_year, record.issued_at), reverse=True
    )
    return tuple(News(record.place.record, _news(record), record.issued_at) for record in fresh[:most])


def sources_of(records: Iterable[OpenedRecord]) -> tuple[Source, ...]:
    """Group records by the school that signed them."""
    by_school: dict[tuple[str, str], list[OpenedRecord]] = {}
    for record in records:
        by_school.setdefault((record.school_name, record.place.school_code), []).append(record)
    return tuple(Source(name, code, tuple(found)) for (name, code), found in by_school.items())


def _year(
    year: int,
    records: Sequence[OpenedRecord],
    stays: Sequence[_Stay],
    events: Sequence[Event],
    current_year: int,
) -> Year:
    here = [r for r in records if r.place.school_year == year and r.place.category is not Category.ENROLMENT]
    grades = [record.body.get("grade") for record in here] + [entry["grade"] for _, entry in stays]
    code = next((grade for grade in grades if grade), None)
    classes = [entry.get("class_name") for _, entry in stays]
    sources = sources_of([*(record for record, _ in stays), *here])
    return Year(
        school_year=year,
        grade_code=code,
        class_name=next((name for name in reversed(classes) if name), None),
        schools=tuple(source.school for source in sources),
        events=tuple(events),
        tiles=_tiles(here, is_current=year == current_year),
        sources=sources,
        words=next((piece.text for piece in own_pieces(here) if piece.text), None),
    )


def grades_by_year(records: Iterable[OpenedRecord]) -> dict[int, Text]:
    """Return the grade of every year of which a record says it."""
    codes = find_form(GUIDANCE_FORM).inner("grade").codes
    found: dict[int, Text] = {}
    for record in records:
        entries = record.body["years"] if record.place.category is Category.ENROLMENT else (record.body,)
        for entry in entries:
            if entry.get("grade"):
                found.setdefault(entry["school_year"], codes[entry["grade"]])
    return found


def _tiles(here: Sequence[OpenedRecord], *, is_current: bool) -> tuple[Tile, ...]:
    guidance = _of(here, Category.GUIDANCE)
    daily = _of(here, Category.ATTENDANCE_DAILY)
    health = _of(here, Category.HEALTH_CHECK)
    later = Sentence(N_("Comes at the end of the school year")) if is_current else None
    works, reports, tests = own_pieces(here), term_cards(here), results_of(here)
    tiles = [
        Tile(Sentence(N_("Own words and works")), _works_note(works), "works" if works else None),
        Tile(Sentence(N_("Learning")), _learning_note(guidance) or later, "learning" if guidance else None),
        Tile(Sentence(N_("Report cards")), _reports_note(reports), "reports" if reports else None),
        Tile(Sentence(N_("Tests")), _tests_note(tests), "tests" if tests else None),
        Tile(Sentence(N_("Attendance")), _attendance_note(guidance, daily),
             "attendance" if guidance or daily else None),
        Tile(Sentence(N_("Health")), _health_note(health), "health" if health else None),
    ]  # fmt: skip
    return tuple(tile for tile in tiles if tile.anchor or tile.note)


def _works_note(works: Sequence[OwnPiece]) -> Part | None:
    return Sentence(N_("%(count)s piece"), count=len(works), plural="%(count)s pieces") if works else None


def _reports_note(terms: Sequence[TermCard]) -> Part | None:
    return Listing(tuple(card.term for card in terms)) if terms else None


def _tests_note(results: Sequence[SchoolTests]) -> Part | None:
    number = sum(len(one.tests) for one in results)
    return Sentence(N_("%(count)s result"), count=number, plural="%(count)s results") if number else None


def _learning_note(guidance: Sequence[OpenedRecord]) -> Part | None:
    subjects = {entry["subject"] for record in guidance for entry in record.body.get("subjects", ())}
    return Sentence(N_("%(count)s subject"), count=len(subjects), plural="%(count)s subjects") if subjects else None


def _attendance_note(guidance: Sequence[OpenedRecord], daily: Sequence[OpenedRecord]) -> Part | None:
    if guidance:
        absent = sum(record.body["attendance"]["absent"] for record in guidance)
    elif daily:
        absent = sum(e["mark"] == "absent" for record in daily for e in record.body["exceptions"])
    else:
        return None
    return Sentence(N_("Absent on %(count)s day"), count=absent, plural="Absent on %(count)s days")


def _health_note(health: Sequence[OpenedRecord]) -> Part | None:
    """The height with its short unit, which fits a tile in every language."""
    unit = find_form(HEALTH_FORM).inner("height_cm").unit
    height = next((r.body["height_cm"] for r in reversed(health) if r.body.get("height_cm") is not None), None)
    return None if height is None or unit is None else Quantity(height, same_everywhere(unit.en))


def _events(records: Sequence[OpenedRecord]) -> dict[int, list[Event]]:
    """Return what the enrolment records tell of entering, moving and graduating, by school year."""
    events: dict[int, list[Event]] = {}
    for record in _of(records, Category.ENROLMENT):
        for event in _events_of(record):
            events.setdefault(school_year_of(event.day), []).append(event)
    for found in events.values():
        found.sort(key=lambda event: event.day)
    return events


def _events_of(record: OpenedRecord) -> Iterable[Event]:
    places = (
        (EventKind.ENTERED, "admission", "on"),
        (EventKind.MOVED_IN, "transfer_in", "on"),
        (EventKind.LEFT, "leaving", "left_on"),
        (EventKind.GRADUATED, "graduation", "on"),
    )
    for kind, name, on in places:
        if found := record.body.get(name):
            yield Event(date.fromisoformat(found[on]), kind, record.school_name)


def _news(record: OpenedRecord) -> Sentence:
    params: dict[str, Part] = {
        "school": record.school_name,
        "what": label(record.place.category),
        "year": SchoolYear(record.place.school_year),
    }
    if record.place.version > 1:
        return Sentence(N_("%(school)s changed: %(what)s, %(year)s"), params)
    return Sentence(N_("%(school)s added: %(what)s, %(year)s"), params)


def _of(records: Sequence[OpenedRecord], category: Category) -> list[OpenedRecord]:
    return [record for record in records if record.place.category is category]
