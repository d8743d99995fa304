"""One school year as a page: two sentences from the data, learning, attendance, health, and whose word it is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from consent.vocabulary import Category, Text
from pds.look_back.forms import find_form
from pds.look_back.own import OwnPiece, SchoolTests, TermCard, own_pieces, results_of, term_cards
from pds.look_back.register import Row, build_register, is_empty, show_value
from pds.look_back.strip import Strip, build_strip
from pds.look_back.timeline import GUIDANCE_FORM, HEALTH_FORM, Source, open_records, sources_of
from pds.look_back.words import Listing, Part, Sentence
from pds.records.service import OpenedRecord
from pds.sharing.enforcement import Disclosed
from trust.errors import N_

VIEWPOINTS = ("knowledge", "thinking", "attitude")
_LEVELS = {"A": 3, "B": 2, "C": 1}
_NAMED_AT_MOST = 3
_HEALTH_FACTS = ("height_cm", "weight_kg")


@dataclass(frozen=True, slots=True)
class Mark:
    """One subject seen from one viewpoint: a letter with its meaning and a level from 1 to 3 to draw; None: no mark."""

    level: int
    letter: str
    meaning: Text


@dataclass(frozen=True, slots=True)
class Subject:
    """One line of the chart: a subject, its marks by viewpoint, and the rating where the form has one."""

    name: Text
    marks: tuple[Mark | None, ...]
    rating: int | None


@dataclass(frozen=True, slots=True)
class Comment:
    """Somebody's own words about the child, to be quoted: under which heading, by which school."""

    heading: Text
    text: str
    school: str


@dataclass(frozen=True, slots=True)
class Learning:
    """What one school wrote about learning in one year."""

    record: UUID
    viewpoints: tuple[Text, ...]
    subjects: tuple[Subject, ...]


@dataclass(frozen=True, slots=True)
class Attendance:
    """Attendance of the year: the register's sums, where they stand already, and the strip of recorded days."""

    sums: tuple[Row, ...]
    strip: Strip | None
    records: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Health:
    """A health sheet in short; the whole of it is its register page."""

    record: UUID
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class YearPage:
    """All of one school year. Parts without any record are empty."""

    school_year: int
    grade: Text | None
    sentences: tuple[Sentence, ...]
    learning: tuple[Learning, ...]
    comments: tuple[Comment, ...]
    attendance: Attendance | None
    health: tuple[Health, ...]
    sources: tuple[Source, ...]
    works: tuple[OwnPiece, ...]
    reports: tuple[TermCard, ...]
    tests: tuple[SchoolTests, ...]


def build_year(disclosed: Sequence[Disclosed], school_year: int, today: date) -> YearPage | None:
    """Return the page of one year as it stands on `today`, or None where there is no record of it."""
    here = [record for record in open_records(disclosed) if _is_of(record, school_year)]
    if not here:
        return None
    guidance = _pick(here, Category.GUIDANCE)
    daily = _pick(here, Category.ATTENDANCE_DAILY)
    learning = tuple(_learning(record) for record in guidance)
    return YearPage(
        school_year=school_year,
        grade=_grade(here, school_year),
        sentences=tuple(_sentences(guidance, daily, learning)),
        learning=tuple(part for part in learning if part.subjects),
        comments=tuple(comment for record in guidance for comment in _comments(record)),
        attendance=_attendance(school_year, guidance, daily, today),
        health=tuple(_health(record) for record in _pick(here, Category.HEALTH_CHECK)),
        sources=sources_of(here),
        works=own_pieces(here),
        reports=term_cards(here),
        tests=results_of(here),
    )


def mark_meanings() -> Mapping[str, Text]:
    """Return what the letters of the chart mean; the viewpoints share them."""
    return find_form(GUIDANCE_FORM).inner("subjects").inner("viewpoints").inner(VIEWPOINTS[0]).codes


def _is_of(record: OpenedRecord, school_year: int) -> bool:
    if record.place.category is Category.ENROLMENT:
        return any(entry["school_year"] == school_year for entry in record.body["years"])
    return record.place.school_year == school_year


def _pick(records: Iterable[OpenedRecord], category: Category) -> list[OpenedRecord]:
    return [record for record in records if record.place.category is category]


def _grade(records: Sequence[OpenedRecord], school_year: int) -> Text | None:
    codes = find_form(GUIDANCE_FORM).inner("grade").codes
    for record in records:
        years = record.body.get("years", ())
        code = record.body.get("grade") or next((y["grade"] for y in years if y["school_year"] == school_year), None)
        if code:
            return codes[code]
    return None


def _sentences(
    guidance: Sequence[OpenedRecord], daily: Sequence[OpenedRecord], learning: Sequence[Learning]
) -> Iterable[Sentence]:
    """Two sentences, about being there and about learning, from numbers that stand in the records."""
    sums = [record.body["attendance"] for record in guidance]
    if sums:
        yield Sentence(
            N_("Attended %(present)s of %(required)s school days."),
            {"present": sum(s["present"] for s in sums), "required": sum(s["required"] for s in sums)},
        )
    elif daily:
        absent = sum(entry["mark"] == "absent" for record in daily for entry in record.body["exceptions"])
        yield Sentence(N_("Absent on %(count)s day so far."), count=absent, plural="Absent on %(count)s days so far.")
    subjects = [subject for part in learning for subject in part.subjects]
    if not subjects:
        if daily and not guidance:
            yield Sentence(N_("The school enters the results at the end of the school year."))
        return
    best = tuple(subject.name for subject in subjects if all(mark and mark.level == 3 for mark in subject.marks))
    meaning = mark_meanings()["A"]
    if 0 < len(best) <= _NAMED_AT_MOST:
        yield Sentence(
            N_("In %(subjects)s all three viewpoints were “%(best)s”."), {"subjects": Listing(best), "best": meaning}
        )
    else:
        marks = [mark for subject in subjects for mark in subject.marks if mark]
        yield Sentence(
            N_("Of %(all)s marks, %(high)s were “%(best)s”."),
            {"all": len(marks), "high": sum(mark.level == 3 for mark in marks), "best": meaning},
        )


def _learning(record: OpenedRecord) -> Learning:
    form = find_form(GUIDANCE_FORM).inner("subjects")
    viewpoints = form.inner("viewpoints")
    subjects = tuple(
        Subject(
            form.inner("subject").codes[entry["subject"]],
            tuple(
                _mark(viewpoints.inner(name).codes, (entry.get("viewpoints") or {}).get(name)) for name in VIEWPOINTS
            ),
            entry.get("rating"),
        )
        for entry in record.body.get("subjects", ())
    )
    return Learning(record.place.record, tuple(viewpoints.inner(name).label for name in VIEWPOINTS), subjects)


def _mark(codes: Mapping[str, Text], letter: str | None) -> Mark | None:
    return None if letter is None else Mark(_LEVELS[letter], letter, codes[letter])


def _comments(record: OpenedRecord) -> Iterable[Comment]:
    form, body = find_form(GUIDANCE_FORM), record.body
    for name in ("moral", "foreign_language_activity", "overall_remarks"):
        if not is_empty(body.get(name)):
            yield Comment(form.inner(name).label, body[name], record.school_name)
    study = body.get("integrated_study") or {}
    words = [study.get("activity"), study.get("evaluation")]
    if any(words):
        text = "\n".join(word for word in words if word)
        yield Comment(form.inner("integrated_study").label, text, record.school_name)


def _attendance(
    school_year: int, guidance: Sequence[OpenedRecord], daily: Sequence[OpenedRecord], today: date
) -> Attendance | None:
    if not guidance and not daily:
        return None
    form = find_form(GUIDANCE_FORM).inner("attendance")
    rows = tuple(
        Row(item.label, _whose(record, guidance, show_value(item, record.body["attendance"][item.name])))
        for item in form.fields
        for record in guidance
        if not is_empty(record.body["attendance"].get(item.name))
    )
    strip = build_strip(school_year, (record.body for record in daily), today) if daily else None
    return Attendance(rows, strip, tuple(record.place.record for record in (*guidance, *daily)))


def _whose(record: OpenedRecord, among: Sequence[OpenedRecord], value: Part) -> Part:
    """Name the school beside a number when the child was at two schools in the year."""
    if len(among) == 1:
        return value
    return Sentence(N_("%(label)s: %(value)s"), {"label": record.school_name, "value": value})


def _health(record: OpenedRecord) -> Health:
    form = find_form(HEALTH_FORM)
    rows = [
        Row(form.inner(name).label, show_value(form.inner(name), record.body[name]))
        for name in _HEALTH_FACTS
        if not is_empty(record.body.get(name))
    ]
    facts = next((s for s in build_register(form, record.body).sections if s.name == "facts"), None)
    vision = form.inner("vision").label
    rows += [row for row in facts.rows if row.label == vision] if facts else []
    return Health(record.place.record, tuple(rows))
