"""The report of a run in words: two sentences per finding, and the whole list as a CSV file for the clerk's desk."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from consent.vocabulary import Category
from pds.intake.findings import Finding, Severity
from pds.intake.problems import problem_of
from pds.intake.record_rows import RULE_CODE
from pds.records.bodies import body_form
from trust.errors import N_
from web.ruby import strip_readings

Say = Callable[[str], str]
"""Turns an English message id into the reader's language."""

_HEADINGS: Final = (
    N_("File"), N_("Row"), N_("Column"), N_("Value"), N_("Severity"), N_("What was found"), N_("What to do"),
    N_("Code"),
)  # fmt: skip
_SEVERITIES: Final = {
    Severity.ERROR: N_("Must be corrected"),
    Severity.WARNING: N_("Please check"),
    Severity.NOTE: N_("For information"),
}
_RULE_REMEDY: Final = N_("Correct the cells of this row in the source system and export again.")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def severity_label(severity: Severity) -> str:
    """Return the name of a severity as a message id."""
    return _SEVERITIES[severity]


def sentences_of(finding: Finding, say: Say, locale: str) -> tuple[str, str]:
    """Return what was found and what to do, in the reader's language (`ja`, `plain` or `en`)."""
    problem = problem_of(finding.code)
    if problem is not None:
        return say(problem.title) % finding.places, say(problem.remedy) % finding.places
    category, _, rule = finding.code.removeprefix(RULE_CODE).partition(".")
    for known in body_form(Category(category)).rules:
        if known.rule == rule:
            return known.message.say(locale), say(_RULE_REMEDY)
    return finding.code, ""


def report_csv(findings: Iterable[Finding], say: Say, locale: str) -> Iterator[bytes]:
    """Yield findings as CSV in UTF-8 with a byte-order mark, which spreadsheets need to read Japanese.

    A cell that a spreadsheet would take for a formula gets an apostrophe in front: values come out of foreign files.
    Readings over kanji are left out.
    """

    def say_plainly(sentence: str) -> str:
        return strip_readings(say(sentence))

    yield "\ufeff".encode()
    yield _line(say_plainly(heading) for heading in _HEADINGS)
    for finding in findings:
        title, remedy = sentences_of(finding, say_plainly, locale)
        yield _line(
            (
                finding.file, "" if finding.row is None else str(finding.row), finding.column or "", finding.value,
                say_plainly(_SEVERITIES[finding.severity]), title, remedy, finding.code,
            )
        )  # fmt: skip


def _line(cells: Iterable[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(
        f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells
    )
    return text.getvalue().encode()
