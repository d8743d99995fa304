"""One subject through all years: marks of the register and of report cards, tests, and what the child made in it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from consent.vocabulary import Category, Text
from consent.wording import label
from pds.look_back.forms import Field, find_form
from pds.look_back.own import PORTFOLIO_FORM, REPORT_FORM, say_result, subject_field, subject_label
from pds.look_back.timeline import GUIDANCE_FORM, grades_by_year, open_records
from pds.look_back.words import Listing, Part, Sentence
from pds.records.service import OpenedRecord
from pds.sharing.enforcement import Disclosed
from trust.errors import N_

CATEGORIES: Final = (
    Category.ENROLMENT, Category.GUIDANCE, Category.REPORT, Category.ASSESSMENT, Category.PORTFOLIO,
)  # fmt: skip
"""What is opened to follow a subject, and no more: the enrolment record says the grade of a year."""


@dataclass(frozen=True, slots=True)
class SubjectLine:
    """One thing that stands about the subject: in which kind of record, when, and what it says."""

    record: UUID
    kind: Text
    when: Part | None
    said: Part


@dataclass(frozen=True, slots=True)
class SubjectYear:
    """One school year of the subject."""

    school_year: int
    grade: Text | None
    lines: tuple[SubjectLine, ...]


def is_subject(code: str) -> bool:
    """Whether the forms know a subject of this name."""
    return code in subject_field().codes


def subjects_in(disclosed: Sequence[Disclosed]) -> tuple[tuple[str, Text], ...]:
    """Return the subjects that anything stands about, in the order of the forms."""
    found = {code for record in open_records(disclosed) for code, _ in _about(record)}
    return tuple((code, name) for code, name in subject_field().codes.items() if code in found)


def follow_subject(disclosed: Sequence[Disclosed], subject: str) -> tuple[SubjectYear, ...]:
    """Return the years in which anything stands about a subject, the latest one first."""
    records = sorted(
        (record for record in open_records(disclosed) if record.place.category in CATEGORIES),
        key=lambda record: CATEGORIES.index(record.place.category),
    )
    grades = grades_by_year(records)
    years: dict[int, list[SubjectLine]] = {}
    for record in records:
        lines = [line for code, line in _about(record) if code == subject]
        if lines:
            years.setdefault(record.place.school_year, []).extend(lines)
    return tuple(SubjectYear(year, grades.get(year), tuple(years[year])) for year in sorted(years, reverse=True))


def _about(record: OpenedRecord) -> Iterator[tuple[str, SubjectLine]]:
    """Yield every line of a record that is about a subject, with the subject."""
    kind = label(record.place.category)

    def line(when: Part | None, said: Part) -> SubjectLine:
        return SubjectLine(record.place.record, kind, when, said)

    match record.place.category:
        case Category.GUIDANCE:
            form = find_form(GUIDANCE_FORM).inner("subjects")
            for entry in record.body.get("subjects") or ():
                yield entry["subject"], line(None, _marks(form, entry))
        case Category.REPORT:
            form = find_form(REPORT_FORM).inner("terms")
            for term in record.body["terms"]:
                for entry in term.get("subjects") or ():
                    when = form.inner("term").codes[term["term"]]
                    yield entry["subject"], line(when, _marks(form.inner("subjects"), entry))
        case Category.ASSESSMENT:
            for test in record.body["tests"]:
                said = Sentence(N_("%(label)s: %(value)s"), {"label": test["name"], "value": say_result(test)})
                yield test["subject"], line(date.fromisoformat(test["held_on"]), said)
        case Category.PORTFOLIO:
            kinds = find_form(PORTFOLIO_FORM).inner("entries").inner("kind").codes
            for entry in record.body["entries"]:
                if entry.get("subject"):
                    day = entry.get("written_on")
                    said = Sentence(
                        N_("%(label)s: %(value)s"), {"label": kinds[entry["kind"]], "value": entry["title"]}
                    )
                    yield entry["subject"], line(date.fromisoformat(day) if day else None, said)


def _marks(form: Field, entry: dict[str, Any]) -> Part:
    """Say the marks of one subject: each viewpoint with its letter, and the rating."""
    parts: list[Part] = []
    viewpoints = form.inner("viewpoints")
    given = entry.get("viewpoints") or {}
    for viewpoint in viewpoints.fields:
        if given.get(viewpoint.name):
            parts.append(_named(viewpoint.label, given[viewpoint.name]))
    if entry.get("rating") is not None:
        parts.append(_named(form.inner("rating").label, entry["rating"]))
    return Listing(tuple(parts)) if parts else subject_label(entry["subject"])


def _named(name: Text, value: str | int) -> Sentence:
    return Sentence(N_("%(label)s: %(value)s"), {"label": name, "value": value})
