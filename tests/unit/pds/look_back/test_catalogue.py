"""Every sentence of these pages exists in Japanese and in plain Japanese, with a reading over every kanji."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_file
from jinja2.ext import babel_extract

from web.i18n import Locale, load_catalogues
from web.ruby import strip_readings

FOLDERS = [Path("pds/look_back"), Path("pds/granting"), Path("pds/sharing")]
OWN = load_catalogues([Path("web/translations"), Path("pds/translations")])
_KANJI = re.compile(r"[㐀-鿿]")
_PLACE = re.compile(r"%\((\w+)\)s")
_ANNOTATED = re.compile(r"｜[^｜《》]+《[^《》]+》|[㐀-鿿々〆ヶ]+《[^《》]+》")


def sentences() -> Iterator[str]:
    for folder in FOLDERS:
        for path in sorted(folder.rglob("*.py")):
            for _, found, _, _ in extract_from_file("python", path, keywords={"N_": None}):
                yield _first(found)
        for path in sorted(folder.rglob("*.html")):
            with path.open("rb") as file:
                for _, _, message, _ in babel_extract(file, ("_", "_t", "ngettext"), (), {"encoding": "utf-8"}):
                    yield _first(message)


def _first(message: str | Sequence[str | None] | None) -> str:
    return message if isinstance(message, str) else (message or ("",))[0] or ""


ALL = sorted(set(sentences()))


def test_sentences_are_found_in_programs_and_in_templates() -> None:
    assert {"%(who)s looked at %(what)s.", "Who looked", "%(count)s day", "%(next_step)s"} <= set(ALL)


@pytest.mark.parametrize("locale", [Locale.JA, Locale.PLAIN])
def test_no_sentence_is_missing(locale: Locale) -> None:
    assert OWN.missing(locale, ALL) == []


@pytest.mark.parametrize("locale", [Locale.JA, Locale.PLAIN])
@pytest.mark.parametrize("msgid", ALL)
def test_translations_fill_the_same_places_and_carry_readings(msgid: str, locale: Locale) -> None:
    sentence = OWN.translate(locale, msgid)
    assert set(_PLACE.findall(sentence)) == set(_PLACE.findall(msgid))
    assert not _KANJI.search(_ANNOTATED.sub("", sentence)), f"a kanji without its reading: {sentence}"
    assert strip_readings(sentence) != msgid or msgid.startswith("%(") or locale is Locale.EN
