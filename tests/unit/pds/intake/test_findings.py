"""Findings are counted whole, kept in bounds, said in every language, and harmless in a spreadsheet."""

import csv
import io
import re
from pathlib import Path

import pytest

from consent.vocabulary import Category
from pds.intake import attachment_problems, cell_problems, file_problems, roster_problems
from pds.intake.findings import MOST_KEPT, Finding, Findings, Problem, Severity
from pds.intake.problems import EVERY_PROBLEM, problem_of
from pds.intake.record_rows import rule_problem
from pds.intake.report import report_csv, sentences_of
from pds.intake.spreadsheet import mangled
from pds.records.bodies import body_form, published_categories
from web.i18n import Locale, load_catalogues

CATALOGUES = load_catalogues([Path("pds/translations")])
ROOMS = (file_problems, attachment_problems, cell_problems, roster_problems)
KANJI = re.compile(r"[㐀-鿿々]")
READ = re.compile(r"[㐀-鿿々]+《[^《》]+》")
GIVEN = {"file", "row", "column", "value"}


def say(sentence: str) -> str:
    return CATALOGUES.translate(Locale.JA, sentence)


def test_the_first_of_each_severity_are_kept_and_all_are_counted() -> None:
    findings = Findings()
    for row in range(MOST_KEPT + 50):
        findings.add(roster_problems.NO_LONGER_NAMED, "f.csv", row)
        findings.add(cell_problems.REQUIRED, "f.csv", row)
    assert findings.counts() == {"error": MOST_KEPT + 50, "warning": 0, "note": MOST_KEPT + 50}
    kept = findings.kept()
    assert len(kept) == 2 * MOST_KEPT
    assert (kept[0].severity, kept[-1].severity) == (Severity.ERROR, Severity.NOTE)


def test_a_long_value_is_cut_and_a_repeated_one_said_once() -> None:
    findings = Findings()
    findings.add(cell_problems.TOO_LONG, "f.csv", 2, "moral", "あ" * 5000)
    for row in range(3):
        findings.add_once(cell_problems.SUCCESSOR_FOLLOWED, "f.csv", row, "school_code", "B120299000027")
    assert len(findings.kept()[0].value) == 80
    assert findings.by_code()["intake.successor_followed"] == 1


def test_a_finding_survives_being_stored() -> None:
    finding = Finding(Severity.WARNING, "intake.dangling", "f.csv", 3, "c", "v", {"target": "orgs.csv"})
    assert Finding.from_json(finding.to_json()) == finding


def test_codes_are_unique_and_every_problem_is_reported_somewhere() -> None:
    assert len({problem.code for problem in EVERY_PROBLEM}) == len(EVERY_PROBLEM)
    source = "\n".join(path.read_text() for path in Path("pds/intake").rglob("*.py"))
    for room in ROOMS:
        short = room.__name__.rpartition(".")[2]
        for name, value in vars(room).items():
            if value in EVERY_PROBLEM:
                assert f"{short}.{name}" in source, f"{short}.{name} is never reported"


@pytest.mark.parametrize("problem", EVERY_PROBLEM, ids=lambda problem: problem.code)
def test_every_problem_speaks_japanese_and_keeps_its_places(problem: Problem) -> None:
    for sentence in (problem.title, problem.remedy):
        japanese = say(sentence)
        assert japanese != sentence
        assert set(re.findall(r"%\((\w+)\)s", japanese)) <= set(re.findall(r"%\((\w+)\)s", sentence)) | GIVEN
        assert japanese.endswith(("。", "s", "）"))
        assert not KANJI.search(READ.sub("", japanese)), f"a kanji without its reading: {japanese}"


@pytest.mark.parametrize("category", sorted(published_categories()))
def test_every_rule_of_a_schema_is_said_in_every_language(category: Category) -> None:
    form = body_form(category)
    for rule in form.rules:
        finding = Finding(Severity.ERROR, rule_problem(form, rule.rule).code, "f.csv", 2)
        said = {sentences_of(finding, say, locale)[0] for locale in ("ja", "plain", "en")}
        assert rule.message.ja in said
        assert len(said) >= 2


def test_the_downloaded_report_opens_in_a_spreadsheet_without_running_anything() -> None:
    finding = Finding(Severity.ERROR, "intake.bad_pattern", "=f.csv", 2, "learner", '=HYPERLINK("x")', {"example": "m"})
    content = b"".join(report_csv([finding], say, "ja"))
    assert content.startswith("\ufeff".encode())
    header, row = csv.reader(io.StringIO(content.decode("utf-8-sig")))
    assert header == ["ファイル", "行", "列", "値", "種別", "内容", "直し方", "コード"]
    assert row[:5] == ["'=f.csv", "2", "learner", '\'=HYPERLINK("x")', "直す必要があります"]
    assert row[-1] == "intake.bad_pattern"
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row)


def test_an_unknown_code_is_no_problem() -> None:
    assert problem_of("intake.nothing_of_the_kind") is None


@pytest.mark.parametrize(
    ("value", "kind", "code"),
    [
        ("8.2E+15", "code", "mangled_number"), ("1E+11", "code", "mangled_number"), ("#N/A", "text", "mangled_hashes"),
        ("####", "date", "mangled_hashes"), ("2026/04/01", "date", "mangled_date"), ("R8.4.1", "date", None),
        ("1E5", "code", None), ("true", "boolean", None), ("FALSE", "boolean", "mangled_boolean"),
    ],
)  # fmt: skip
def test_what_a_spreadsheet_does_is_told_from_what_it_does_not(value: str, kind: str, code: str | None) -> None:
    found = mangled(value, kind=kind)
    assert (None if found is None else found[0].code) == (None if code is None else f"intake.{code}")
