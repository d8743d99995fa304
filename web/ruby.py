"""Readings over kanji: the notation `学校《がっこう》`, drawn as `<ruby>` for who wants it and stripped for the rest.

The reading belongs to the run of kanji just before it; `｜` marks where the base begins when it is more than kanji
(`｜お母さん《おかあさん》`). Readings come from data and from the catalogues, never from guessing.
"""

import re
from collections.abc import Iterator

from markupsafe import Markup, escape

# Ideographs with their compatibility forms and extensions B to H, the marks that stand for one, and the variation
# selectors that carry 異体字 (UTS #37).
_KANJI = "\u3005\u3006\u3007\u30f6\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_VARIATION = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
KANJI_RUN = re.compile(f"[{_KANJI}][{_KANJI}{_VARIATION}]*")
_ANNOTATED = re.compile(
    f"(?:｜(?P<marked>[^｜《》]+)|(?P<kanji>[{_KANJI}][{_KANJI}{_VARIATION}]*))《(?P<reading>[^《》]+)》"
)


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    """Cut a text into (base, reading) pieces; the reading is empty for what has none."""
    end = 0
    for match in _ANNOTATED.finditer(text):
        if match.start() > end:
            yield text[end : match.start()], ""
        yield match["marked"] or match["kanji"], match["reading"]
        end = match.end()
    if end < len(text):
        yield text[end:], ""


def strip_readings(text: str) -> str:
    """Return the text as plain characters: for titles, attributes, JSON, files and readers without ruby."""
    return "".join(base for base, _ in _pieces(text))


def draw_readings(text: str) -> Markup:
    """Return the text as HTML with `<ruby>`; `<rp>` keeps it readable where ruby cannot be drawn."""
    return Markup("").join(draw_ruby(base, reading) if reading else escape(base) for base, reading in _pieces(text))


def draw_ruby(base: str, reading: str) -> Markup:
    """Return one base with one reading over it, both as they stand in the data."""
    return Markup("<ruby>{}<rp>(</rp><rt>{}</rt><rp>)</rp></ruby>").format(base, reading)


def draw_name(name: str, reading: str) -> Markup:
    """Return a person's name with its reading, part by part where both are parted by spaces alike."""
    bases, readings = name.split(), reading.split()
    if not readings:
        return escape(name)
    if len(bases) != len(readings):
        return draw_ruby(name, reading)
    return Markup("　").join(draw_ruby(base, part) for base, part in zip(bases, readings, strict=True))
