"""What the code can say or be told is documented, in every language, and generated files are up to date."""

import ast
import re
from pathlib import Path

import pytest

from manabi import specs
from pds.access_log.entries import Act
from tests.architecture.tree import ROOT, modules, name, parse
from web.i18n import Locale, load_catalogues

TRANSLATIONS = [ROOT / package / "translations" for package in ("consent", "trust", "web", "pds", "aggregator")]
COMMAND_LINE_ONLY = {
    "demo.": "said on the command line of the demo, which speaks English",
    "embedded.": "said on the command line of the demo, which speaks English",
    "node.": "said to an operator on the command line",
    "check.": "said by the outside client on the command line",
    "bench.": "said on the command line of the benches",
    "registrar.": "said to the registrar on the command line",
    "sample.": "said on the command line of the sample",
    "settings.": "said to an operator on the command line, before any language is known",
    "schema.": "said to an operator on the command line",
    "startup.": "said to an operator on the command line",
}
"""Code prefixes that no page ever shows, with the reason."""


def test_every_error_has_a_code_of_its_own() -> None:
    codes = [error.code for error in specs.all_errors()]
    assert sorted(set(codes)) == codes
    assert all(re.fullmatch(r"[a-z_]+\.[a-z_]+", code) for code in codes)


def test_every_error_that_a_page_may_show_speaks_japanese() -> None:
    catalogues = load_catalogues(TRANSLATIONS)
    sentences = [
        sentence
        for error in specs.all_errors()
        if not error.code.startswith(tuple(COMMAND_LINE_ONLY))
        for sentence in (error.title, error.remedy)
    ]
    assert catalogues.missing(Locale.JA, sentences) == []


def marked_sentences(path: Path) -> set[str]:
    return {
        call.args[0].value
        for call in ast.walk(parse(path))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id in {"N_", "say", "say_plain"}
        and call.args
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
    }


def template_sentences(path: Path) -> set[str]:
    return {
        (match.group(1) or match.group(2)).replace('\\"', '"').replace("\\'", "'")
        for match in re.finditer(r"\b_t?\(\s*(?:\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)')", path.read_text())
    }


def test_every_sentence_of_pages_and_templates_has_its_japanese() -> None:
    catalogues = load_catalogues(TRANSLATIONS)
    faults = {
        name(path): missing
        for path in modules("web", "pds", "trust", "consent", "aggregator")
        if "migrations" not in path.parts
        and (missing := catalogues.missing(Locale.JA, sorted(marked_sentences(path) - operator_sentences())))
    }
    for package in ("web", "pds", "aggregator"):
        for path in sorted((ROOT / package).rglob("*.html")):
            if missing := catalogues.missing(Locale.JA, sorted(template_sentences(path))):
                faults[name(path)] = missing
    assert faults == {}


def operator_sentences() -> set[str]:
    return {
        sentence
        for error in specs.all_errors()
        if error.code.startswith(tuple(COMMAND_LINE_ONLY))
        for sentence in (error.title, error.remedy)
    }


@pytest.mark.parametrize("path", specs.GENERATED, ids=str)
def test_generated_files_are_what_the_code_says(path: Path) -> None:
    assert (ROOT / path).read_text() == specs.GENERATED[path](), "run `make specs`"


def test_every_event_is_said_in_words() -> None:
    text = (ROOT / specs.REFERENCE).read_text()
    assert all(f"`{act.value}`" in text for act in Act)
