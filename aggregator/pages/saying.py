"""Words of plans and releases in the reader's language, and numbers as people read them."""

from markupsafe import Markup, escape

from aggregator.plans.codes import code_lists, level_words
from aggregator.plans.model import Level, Words
from aggregator.query.areas import prefectures
from aggregator.query.release import Area
from trust.errors import N_
from web.i18n import Locale, current_view, say, say_plain, show_text
from web.ruby import strip_readings

REASONS = {
    "below_floor": N_("too few nodes reported"),
    "split": N_("more than one node reports for it; counted in the levels above"),
    "inconsistent": N_("the parts do not add up to the total; being looked into"),
}
"""Why a figure is withheld, in words; the keys are those of the release."""


def say_words(words: Words) -> Markup:
    """Return a text from data, with readings if wanted. Templates know it as `words`."""
    return show_text(words.in_language(current_view().locale))


def say_bare(words: Words) -> str:
    """Return a text from data as plain characters. Templates know it as `bare_words`."""
    return strip_readings(words.in_language(current_view().locale))


def say_level(level: Level) -> Markup:
    """Return the name of a level."""
    return say_words(level_words()[level])


def say_dimension(name: str) -> str:
    """Return the name of a dimension as plain characters; its id where the vocabulary has no words for it."""
    known = code_lists().get(name)
    return say_bare(known.label) if known else name


def say_code(dimension: str, code: str) -> Markup:
    """Return what a code means, with readings if wanted."""
    words = code_lists()[dimension].codes.get(code) if dimension in code_lists() else None
    return say_words(words) if words else escape(code)


def say_area(area: Area) -> Markup:
    """Return the name of an area, with its reading where one is known."""
    if area.level is Level.NATION:
        return say_level(area.level)
    known = prefectures().get(area.code) if area.level is Level.PREFECTURE else None
    if known is not None:
        return escape(known.english) if current_view().locale is Locale.EN else show_text(known.name)
    return escape(area.name or area.code)


def bare_area(area: Area) -> str:
    """Return the name of an area as plain characters."""
    known = prefectures().get(area.code) if area.level is Level.PREFECTURE else None
    if known is not None:
        return known.english if current_view().locale is Locale.EN else strip_readings(known.name)
    return say_bare(level_words()[area.level]) if area.level is Level.NATION else area.name or area.code


def bare_code(dimension: str, code: str) -> str:
    """Return what a code means as plain characters."""
    words = code_lists()[dimension].codes.get(code) if dimension in code_lists() else None
    return say_bare(words) if words else code


def say_number(number: int) -> str:
    """Return a whole number with its thousands apart. Templates know it as `num`."""
    return f"{number:,}".replace("-", "−")


def say_reason(reason: str) -> Markup:
    """Return why a figure is withheld."""
    return say(REASONS[reason]) if reason in REASONS else escape(reason)


def bare_reason(reason: str) -> str:
    """Return why a figure is withheld, as plain characters."""
    return say_plain(REASONS[reason]) if reason in REASONS else reason
