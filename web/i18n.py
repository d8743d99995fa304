"""Languages of the pages: Japanese, plain Japanese (やさしい日本語) and English, with readings over kanji on demand.

Message ids are the English sentences. Catalogues are gettext `.po` files read as they stand, one folder per package
(`<package>/translations/{ja,plain}.po`); plain Japanese falls back to Japanese, and whatever is missing stays English.
Each request has one `View`: its language and whether readings are drawn. The cookie that keeps it names nobody.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from babel.messages.pofile import read_po
from flask import g, has_request_context
from markupsafe import Markup, escape

from web.ruby import draw_name, draw_readings, strip_readings


class Locale(StrEnum):
    """A language a reader can choose; the values are kept in cookies and links."""

    JA = "ja"
    PLAIN = "plain"
    EN = "en"

    @property
    def html_lang(self) -> str:
        """Value of the `lang` attribute: plain Japanese is Japanese to a screen reader."""
        return "en" if self is Locale.EN else "ja"

    @property
    def own_name(self) -> str:
        """The language's name in itself, as the selector shows it."""
        return {"ja": "日本語", "plain": "やさしい日本語", "en": "English"}[self.value]


@dataclass(frozen=True, slots=True)
class View:
    """How one reader wants the pages: language, and readings over kanji or not."""

    locale: Locale = Locale.JA
    ruby: bool = False

    def to_cookie(self) -> str:
        """Return the value the view cookie carries."""
        return f"{self.locale}.{'all' if self.ruby else 'off'}"


DEFAULT_VIEW = View()
_FALLBACK = {Locale.JA: (Locale.JA,), Locale.PLAIN: (Locale.PLAIN, Locale.JA), Locale.EN: ()}


def parse_view(cookie: str | None, *, prefers_english: bool = False) -> View:
    """Read the view cookie; a first visit gets Japanese, or English where the browser asks for it before Japanese."""
    locale, _, ruby = (cookie or "").partition(".")
    if locale in list(Locale):
        return View(Locale(locale), ruby == "all")
    return View(Locale.EN if prefers_english else Locale.JA)


class Catalogues:
    """All sentences of a service: English message id to the sentence in each language."""

    def __init__(self, sentences: Mapping[Locale, Mapping[str, str]], clashes: Iterable[str] = ()) -> None:
        self._sentences = sentences
        self.clashes = tuple(clashes)
        """Message ids that two folders translate differently; the first folder won. A test keeps this empty."""

    def translate(self, locale: Locale, msgid: str) -> str:
        """Return the sentence, still in ruby notation and with `%(name)s` places, or the id itself."""
        for candidate in _FALLBACK[locale]:
            sentence = self._sentences[candidate].get(msgid)
            if sentence:
                return sentence
        return msgid

    def missing(self, locale: Locale, msgids: Iterable[str]) -> list[str]:
        """List the ids that have no sentence in a language, fallback included."""
        return [
            msgid for msgid in msgids if not any(self._sentences[option].get(msgid) for option in _FALLBACK[locale])
        ]


def load_catalogues(folders: Iterable[Path]) -> Catalogues:
    """Read `ja.po` and `plain.po` of every folder; the order of folders settles a clash."""
    sentences: dict[Locale, dict[str, str]] = {Locale.JA: {}, Locale.PLAIN: {}}
    clashes: list[str] = []
    for folder in folders:
        for locale, known in sentences.items():
            path = folder / f"{locale}.po"
            if not path.exists():
                continue
            for msgid, sentence in _read_sentences(path, path.stat().st_mtime_ns):
                if known.setdefault(msgid, sentence) != sentence:
                    clashes.append(msgid)
    return Catalogues(sentences, clashes)


@lru_cache(maxsize=32)
def _read_sentences(path: Path, _changed: int) -> tuple[tuple[str, str], ...]:
    """Read a catalogue once per process and state of its file: parsing them is most of what making a service costs."""
    with path.open("rb") as file:
        catalogue = read_po(file, locale="ja", abort_invalid=True)
    pairs = ((_first(message.id), _first(message.string)) for message in catalogue if not message.fuzzy)
    return tuple((msgid, sentence) for msgid, sentence in pairs if msgid and sentence)


def _first(forms: str | Sequence[str] | None) -> str:
    """Return the one form a Japanese sentence has, of however many gettext allows."""
    return forms if isinstance(forms, str) else (forms or ("",))[0]


def use_view(view: View, catalogues: Catalogues) -> None:
    """Fix language and readings for the present request; called by the shell."""
    g.view, g.catalogues = view, catalogues


def current_view() -> View:
    """Return how the present reader wants the page; Japanese without readings outside a request."""
    view = g.get("view") if has_request_context() else None
    return view if isinstance(view, View) else DEFAULT_VIEW


def _sentence(msgid: str) -> str:
    catalogues = g.get("catalogues") if has_request_context() else None
    return catalogues.translate(current_view().locale, msgid) if isinstance(catalogues, Catalogues) else msgid


def fill(sentence: str, params: Mapping[str, object]) -> str:
    """Put values into the `%(name)s` places of a sentence; a sentence without values keeps its percent signs."""
    return sentence % params if params else sentence


def say(msgid: str, /, **params: object) -> Markup:
    """Return a sentence as HTML in the reader's language, with readings if wanted. Templates know it as `_`.

    Values are escaped and never read as ruby notation; a `Markup` value (a name with its reading) stays as it is.
    """
    return render_sentence(_sentence(msgid), params)


def say_count(singular: str, plural: str, count: int, /, **params: object) -> Markup:
    """Return a sentence about a number of things; the place of the number is `%(count)s`. Templates: `ngettext`.

    Japanese has one form, filed under the singular id; English takes the plural id unless the number is 1.
    """
    sentence = _sentence(singular)
    if sentence == singular and count != 1:
        sentence = plural
    return render_sentence(sentence, {"count": count, **params})


def say_plain(msgid: str, /, **params: object) -> str:
    """Return a sentence as plain characters: for titles, attributes, options and JSON. Templates know it as `_t`."""
    return fill(strip_readings(_sentence(msgid)), params)


def render_sentence(sentence: str, params: Mapping[str, object]) -> Markup:
    """Draw or strip the readings of a sentence, then put the escaped values in."""
    html = _draw(sentence, current_view().ruby)
    return html % params if params else html


@lru_cache(maxsize=8192)
def _draw(sentence: str, ruby: bool) -> Markup:
    """Sentences of the catalogues are few and drawn on every page; values never pass through here."""
    return draw_readings(sentence) if ruby else escape(strip_readings(sentence))


def show_text(text: str) -> Markup:
    """Draw or strip the readings of a text from data. Templates know it as the filter `ruby`."""
    return draw_readings(text) if current_view().ruby else escape(strip_readings(text))


def show_name(name: str, reading: str | None) -> Markup:
    """Return a name, with its reading from data over it if the reader wants readings. The filter `with_reading`."""
    return draw_name(name, reading) if reading and current_view().ruby else escape(name)
