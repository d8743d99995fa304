"""What a year holds beside the register: the child's own words and works, report cards term by term, test results."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from consent.vocabulary import Category, Text
from pds.look_back.forms import Field, find_form
from pds.look_back.words import Part, Sentence
from pds.records.service import OpenedRecord
from trust.errors import N_

REPORT_FORM: Final = "urn:manabi:schema:report:1"
ASSESSMENT_FORM: Final = "urn:manabi:schema:assessment:1"
PORTFOLIO_FORM: Final = "urn:manabi:schema:portfolio:1"


@dataclass(frozen=True, slots=True)
class OwnPiece:
    """Something the child wrote or made: `files` is how many files belong to it."""

    record: UUID
    kind: Text
    title: str
    day: date | None
    text: str
    files: int


@dataclass(frozen=True, slots=True)
class TermCard:
    """One term of a report card in short; the whole of it is the record's page."""

    record: UUID
    term: Text
    issued_on: date | None
    absent: Sentence | None
    comment: str
    school: str


@dataclass(frozen=True, slots=True)
class TestLine:
    """One test in one subject, with what came of it."""

    day: date
    name: str
    subject: Text
    result: Part


@dataclass(frozen=True, slots=True)
class SchoolTests:
    """The tests that one school recorded in one year."""

    record: UUID
    tests: tuple[TestLine, ...]


def own_pieces(records: Sequence[OpenedRecord]) -> tuple[OwnPiece, ...]:
    """Return what the child wrote and made, the newest first; of what has no date, the last one first."""
    form = find_form(PORTFOLIO_FORM).inner("entries")
    found = [(record, entry) for record in _of(records, Category.PORTFOLIO) for entry in record.body["entries"]]
    found.sort(key=lambda pair: (pair[1].get("written_on") or "", pair[1]["number"]), reverse=True)
    return tuple(
        OwnPiece(
            record.place.record,
            form.inner("kind").codes[entry["kind"]],
            entry["title"],
            _day(entry.get("written_on")),
            entry.get("text") or "",
            len(entry.get("files") or ()),
        )
        for record, entry in found
    )


def term_cards(records: Sequence[OpenedRecord]) -> tuple[TermCard, ...]:
    """Return the terms of a year's report cards as the schools order them."""
    form = find_form(REPORT_FORM).inner("terms").inner("term")
    return tuple(
        TermCard(
            record.place.record,
            form.codes[term["term"]],
            _day(term.get("issued_on")),
            _absent(term.get("attendance") or {}),
            term.get("comment") or "",
            record.school_name,
        )
        for record in _of(records, Category.REPORT)
        for term in record.body["terms"]
    )


def results_of(records: Sequence[OpenedRecord]) -> tuple[SchoolTests, ...]:
    """Return the tests of a year, school by school, in the order of their days."""
    return tuple(
        SchoolTests(record.place.record, tuple(_tests(record))) for record in _of(records, Category.ASSESSMENT)
    )


def say_result(test: Mapping[str, Any]) -> Part:
    """Say what came of a test in the way it was counted: right answers, points, or a band."""
    if test.get("correct") is not None and test.get("items") is not None:
        return Sentence(
            N_("%(correct)s of %(items)s right"), {"correct": test["correct"], "items": test["items"]}
        )  # fmt: skip
    if test.get("score") is not None and test.get("max_score") is not None:
        return Sentence(
            N_("%(score)s of %(most)s points"), {"score": _number(test["score"]), "most": _number(test["max_score"])}
        )
    if test.get("score") is not None:
        return Sentence(N_("%(score)s points"), {"score": _number(test["score"])})
    if test.get("band") is not None:
        return Sentence(N_("Band %(band)s of 5"), {"band": test["band"]})
    return "—"


def subject_label(subject: str) -> Text:
    """Return the name of a subject; all forms share the codes."""
    return subject_field().codes[subject]


def subject_field() -> Field:
    """Return the field that names a subject, with the codes in the order of the forms."""
    return find_form(ASSESSMENT_FORM).inner("tests").inner("subject")


def _tests(record: OpenedRecord) -> Iterator[TestLine]:
    for test in sorted(record.body["tests"], key=lambda one: str(one["held_on"])):
        yield TestLine(
            date.fromisoformat(test["held_on"]), test["name"], subject_label(test["subject"]), say_result(test)
        )


def _absent(attendance: Mapping[str, Any]) -> Sentence | None:
    absent = attendance.get("absent")
    if absent is None:
        return None
    return Sentence(N_("Absent on %(count)s day"), count=absent, plural="Absent on %(count)s days")


def _number(value: float) -> int | float:
    return int(value) if value == int(value) else value


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _of(records: Sequence[OpenedRecord], category: Category) -> list[OpenedRecord]:
    return [record for record in records if record.place.category is category]
