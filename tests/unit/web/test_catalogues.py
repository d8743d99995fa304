"""Every sentence of this package stands in Japanese, with a reading over every kanji."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract
from babel.messages.pofile import read_po

from web.i18n import Locale, load_catalogues
from web.ruby import KANJI_RUN

WEB = Path("web")
KEYWORDS = {"_": None, "_t": None, "ngettext": (1, 2), "N_": None, "say": None, "say_plain": None}
CATALOGUES = load_catalogues([WEB / "translations"])


def sentences_of(path: Path) -> Iterator[str]:
    method = "jinja2.ext:babel_extract" if path.suffix == ".html" else "python"
    with path.open("rb") as file:
        for _, found, _, _ in extract(method, file, KEYWORDS, options={"trim_blocks": "true", "silent": "false"}):
            yield found if isinstance(found, str) else found[0]


def all_sentences() -> set[str]:
    paths = [*WEB.rglob("*.html"), *WEB.rglob("*.py")]
    return {sentence for path in paths for sentence in sentences_of(path)}


def test_extraction_finds_the_sentences() -> None:
    assert {"Sign in", "This page was not found.", "Enter your password."} <= all_sentences()


def test_every_sentence_has_its_japanese() -> None:
    assert CATALOGUES.missing(Locale.JA, sorted(all_sentences())) == []
    assert CATALOGUES.missing(Locale.PLAIN, sorted(all_sentences())) == []


def test_no_sentence_is_kept_that_nobody_says() -> None:
    with (WEB / "translations" / "ja.po").open("rb") as file:
        kept = {message.id for message in read_po(file, locale="ja") if message.id}
    assert kept - all_sentences() == set()


def test_no_sentence_is_translated_twice_differently() -> None:
    assert CATALOGUES.clashes == ()


@pytest.mark.parametrize("name", ["ja", "plain"])
def test_every_kanji_has_a_reading_and_every_place_is_kept(name: str) -> None:
    faults = []
    with (WEB / "translations" / f"{name}.po").open("rb") as file:
        for message in read_po(file, locale="ja"):
            if not message.id:
                continue
            msgid, sentence = str(message.id), str(message.string)
            bare = [run[0] for run in KANJI_RUN.finditer(sentence) if sentence[run.end() : run.end() + 1] != "《"]
            places = {kind: sorted(re.findall(r"%\(\w+\)s", text)) for kind, text in (("id", msgid), ("ja", sentence))}
            if bare or places["id"] != places["ja"]:
                faults.append((msgid, bare, places))
    assert faults == []
