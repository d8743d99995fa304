"""Every sentence of the national side stands in Japanese and in plain Japanese, with a reading over every kanji."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract
from babel.messages.pofile import read_po

from aggregator.pages.saying import REASONS
from aggregator.protocol.totals import Withheld
from web.i18n import Locale, load_catalogues
from web.ruby import KANJI_RUN

PACKAGE = Path("aggregator")
FOLDERS = (PACKAGE / "pages", PACKAGE / "query")
KEYWORDS = {"_": None, "_t": None, "ngettext": (1, 2), "N_": None, "say": None, "say_plain": None}
CATALOGUES = load_catalogues([PACKAGE / "translations", Path("web/translations")])
PLACE = re.compile(r"%\((\w+)\)s")


def sentences_of(path: Path) -> Iterator[str]:
    method = "jinja2.ext:babel_extract" if path.suffix == ".html" else "python"
    with path.open("rb") as file:
        for _, found, _, _ in extract(method, file, KEYWORDS, options={"trim_blocks": "true", "silent": "false"}):
            yield found if isinstance(found, str) else found[0]


def all_sentences() -> list[str]:
    paths = [path for folder in FOLDERS for kind in ("*.html", "*.py") for path in folder.rglob(kind)]
    return sorted({sentence for path in paths for sentence in sentences_of(path)})


def test_extraction_finds_sentences_of_programs_and_templates() -> None:
    assert {"National figures", "too few nodes reported", "Skip the map: the same figures stand in the table"} <= set(
        all_sentences()
    )


@pytest.mark.parametrize("locale", [Locale.JA, Locale.PLAIN])
def test_no_sentence_is_missing(locale: Locale) -> None:
    assert CATALOGUES.missing(locale, all_sentences()) == []


@pytest.mark.parametrize("name", ["ja", "plain"])
def test_every_kanji_has_a_reading_and_every_place_is_kept(name: str) -> None:
    faults = []
    with (PACKAGE / "translations" / f"{name}.po").open("rb") as file:
        for message in read_po(file, locale="ja", abort_invalid=True):
            msgid = str(message.id if isinstance(message.id, str) else message.id[0])
            sentence = message.string if isinstance(message.string, str) else (message.string or ("",))[0]
            bare = [run[0] for run in KANJI_RUN.finditer(sentence) if sentence[run.end() : run.end() + 1] != "《"]
            if msgid and (bare or set(PLACE.findall(msgid)) != set(PLACE.findall(sentence))):
                faults.append((msgid, bare))
    assert faults == []


def test_no_sentence_is_translated_twice_differently() -> None:
    assert CATALOGUES.clashes == ()


def test_every_reason_for_withholding_is_said_in_words() -> None:
    assert {one.value for one in Withheld} <= set(REASONS)
