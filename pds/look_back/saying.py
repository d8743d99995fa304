"""The words of one reader: what presenters made, in the language and with the readings that this reader wants."""

from calendar import month_abbr
from collections.abc import Iterable
from datetime import date, datetime

from markupsafe import Markup, escape

from consent.vocabulary import Text
from pds.look_back.words import Listing, Part, Quantity, SchoolYear, Sentence
from web.dates import say_day, say_moment, say_school_year
from web.i18n import Locale, current_view, say, say_count, say_plain, show_text
from web.ruby import strip_readings


def say_part(part: Part | None) -> Markup:
    """Return anything a presenter made as HTML. Templates know it as `words`; nothing at all is said as a dash."""
    match part:
        case None:
            return Markup("—")
        case Text():
            return show_text(part.say(current_view().locale))
        case Sentence(count=int(count)):
            params = {name: say_part(value) for name, value in part.params.items()}
            return say_count(part.msgid, part.plural or part.msgid, count, **params)
        case Sentence():
            return say(part.msgid, **{name: say_part(value) for name, value in part.params.items()})
        case Quantity():
            return Markup("{}{}{}").format(part.number, " " if _english() else "", say_part(part.unit))
        case Listing():
            return escape(say_joint()).join(say_part(inner) for inner in part.parts)
        case _:
            return escape(_say_scalar(part))


def say_bare(part: Part | None) -> str:
    """Return the same as plain characters, for titles, attributes and JSON. Templates know it as `bare_words`."""
    match part:
        case None:
            return "—"
        case Text():
            return strip_readings(part.say(current_view().locale))
        case Sentence():
            msgid = part.plural if _english() and part.count not in (None, 1) else part.msgid
            params: dict[str, object] = {name: say_bare(value) for name, value in part.params.items()}
            return say_plain(msgid, **(params if part.count is None else {"count": part.count, **params}))
        case Quantity():
            return f"{part.number}{' ' if _english() else ''}{say_bare(part.unit)}"
        case Listing():
            return say_joint().join(say_bare(inner) for inner in part.parts)
        case _:
            return _say_scalar(part)


def say_joined(parts: Iterable[Part]) -> Markup:
    """Return several things in one place. Templates know it as `joined`."""
    return say_part(Listing(tuple(parts)))


def say_month(month: int) -> str:
    """Return a month's short name: 4月, Apr. Templates know it as `month_name`."""
    return month_abbr[month] if _english() else f"{month}月"


def say_joint() -> str:
    """Return what stands between two things of a list. Templates know it as `joint`."""
    return ", " if _english() else "、"


def _say_scalar(part: str | int | float | date | SchoolYear) -> str:
    match part:
        case SchoolYear():
            return say_school_year(part.year)
        case datetime():
            return say_moment(part)
        case date():
            return say_day(part)
        case _:
            return str(part)


def _english() -> bool:
    return current_view().locale is Locale.EN
