"""Every sentence of these pages exists in Japanese, with a reading over every kanji and every place filled."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract

from pds.transfer.columns import _FAULTS
from pds.transfer.documents import Fault
from pds.transfer.message_pages import KINDS
from pds.transfer.messages import Kind
from web.i18n import Locale, load_catalogues

FOLDERS = [Path("pds/transfer"), Path("pds/school_work"), Path("pds/operations")]
CATALOGUES = load_catalogues([Path(package) / "translations" for package in ("web", "trust", "consent", "pds")])
_KEYWORDS = {"_": None, "_t": None, "ngettext": (1, 2), "N_": None, "say": None, "say_plain": None}
_KANJI = re.compile(r"[㐀-鿿]")
_PLACE = re.compile(r"%\((\w+)\)s")
_ANNOTATED = re.compile(r"｜[^｜《》]+《[^《》]+》|[㐀-鿿々〆ヶ]+《[^《》]+》")


def sentences() -> Iterator[str]:
    for folder in FOLDERS:
        for path in sorted([*folder.rglob("*.html"), *folder.rglob("*.py")]):
            method = "jinja2.ext:babel_extract" if path.suffix == ".html" else "python"
            with path.open("rb") as file:
                options = {"trim_blocks": "true", "silent": "false"}
                for _, found, _, _ in extract(method, file, _KEYWORDS, options=options):
                    yield found if isinstance(found, str) else found[0]


ALL = sorted({sentence for sentence in sentences() if sentence})


def test_sentences_are_found_in_programs_and_in_templates() -> None:
    assert {"Transfer ticket", "Choose what to ask the old school for.", "not disclosed"} <= set(ALL)


@pytest.mark.parametrize("locale", [Locale.JA, Locale.PLAIN])
def test_no_sentence_is_missing(locale: Locale) -> None:
    assert CATALOGUES.missing(locale, ALL) == []


@pytest.mark.parametrize("locale", [Locale.JA, Locale.PLAIN])
def test_translations_fill_the_same_places_and_carry_readings(locale: Locale) -> None:
    told = {msgid: CATALOGUES.translate(locale, msgid) for msgid in ALL}
    assert [one for one in told if set(_PLACE.findall(told[one])) != set(_PLACE.findall(one))] == []
    assert [one for one in told if _KANJI.search(_ANNOTATED.sub("", told[one]))] == []


def test_every_fault_of_a_document_and_every_message_has_words() -> None:
    assert set(_FAULTS) == set(Fault)
    assert set(KINDS) == set(Kind)
