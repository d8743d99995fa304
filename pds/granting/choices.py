"""What a decider ticks on the page of a request, and what it comes to as terms. Pure: forms in, terms out.

Nothing is taken until it is ticked. A ticked category means every school year that was asked for, unless years are
ticked as well. Whatever is posted is met with the terms that were asked, so no form can widen them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from consent.age import japan_day, japan_midnight
from consent.scope import Scope, Terms
from consent.vocabulary import Category, Channel
from pds.look_back.words import Listing, Part, SchoolYear, Sentence
from trust.errors import N_
from web.i18n import Locale

LONGEST_COMMENT = 1000
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Behalf:
    """For whom somebody at the school enters an answer, by which channel, and in which language they read the sheet."""

    person: UUID
    channel: Channel
    locale: Locale


@dataclass(frozen=True, slots=True)
class Choice:
    """What stands ticked. `years` narrows a taken category; `last_day` is included, None for the day asked for."""

    taken: frozenset[Category] = frozenset()
    years: Mapping[Category, tuple[int, ...]] = field(default_factory=dict)
    last_day: date | None = None
    comment: str = ""
    behalf: Behalf | None = None

    def years_of(self, category: Category, asked: Sequence[int]) -> tuple[int, ...]:
        """Return the asked years that are kept of a category: all of them where none is ticked; none if not taken."""
        if category not in self.taken:
            return ()
        ticked = self.years.get(category, ())
        return tuple(year for year in asked if not ticked or year in ticked)

    def to_json(self) -> dict[str, Any]:
        """Return the choice as a draft keeps it."""
        return {
            "taken": sorted(self.taken),
            "years": {category.value: list(years) for category, years in self.years.items()},
            "last_day": None if self.last_day is None else self.last_day.isoformat(),
            "comment": self.comment,
            "behalf": None
            if self.behalf is None
            else [str(self.behalf.person), self.behalf.channel.value, self.behalf.locale.value],
        }


def choice_from_json(body: Mapping[str, Any]) -> Choice:
    """Return the choice that a draft keeps."""
    return Choice(
        taken=frozenset(Category(name) for name in body["taken"]),
        years={Category(name): tuple(years) for name, years in body["years"].items()},
        last_day=None if body["last_day"] is None else date.fromisoformat(body["last_day"]),
        comment=body["comment"],
        behalf=None if body["behalf"] is None else _read_behalf(*body["behalf"]),
    )


def _read_behalf(person: str, channel: str, locale: str) -> Behalf:
    return Behalf(UUID(person), Channel(channel), Locale(locale))


def last_day_of(until: datetime) -> date:
    """Return the last whole day in Japan before an exclusive end."""
    return japan_day(until - timedelta(microseconds=1))


def read_choice(
    values: Callable[[str], Sequence[str]], asked: Terms, choosable: Iterable[Category], today: date
) -> tuple[Choice, dict[str, Sentence]]:
    """Read the posted form of a request; return the choice and, by field, what has to be put right.

    `values` returns every value posted under a name. Categories and years that were not asked for are left out.
    """
    errors: dict[str, Sentence] = {}
    offered = tuple(choosable)
    taken = frozenset(category for category in offered if category.value in values("take"))
    years = {
        category: tuple(year for year in asked.scope.years(category) if str(year) in values(f"years-{category}"))
        for category in offered
    }
    for category, ticked in years.items():
        if ticked and category not in taken:
            errors[f"take-{category}"] = Sentence(
                N_("You ticked years here. Tick “Share” too, or take the ticks at the years away.")
            )
    last_day, fault = _read_day((values("last_day") or [""])[0], last_day_of(asked.until), today)
    if fault is not None:
        errors["last_day"] = fault
    comment = (values("comment") or [""])[0].replace("\r\n", "\n").strip()
    if len(comment) > LONGEST_COMMENT:
        errors["comment"] = Sentence(N_("Write at most %(most)s characters."), {"most": LONGEST_COMMENT})
    kept_years = {category: ticked for category, ticked in years.items() if ticked}
    return Choice(taken, kept_years, last_day, comment[:LONGEST_COMMENT]), errors


def _read_day(written: str, latest: date, today: date) -> tuple[date | None, Sentence | None]:
    """A day may be left empty, and may shorten; the day asked for is no change."""
    if not written:
        return None, None
    try:
        day = date.fromisoformat(written)
    except ValueError:
        return None, Sentence(N_("Enter a day, for example 2027-03-31."))
    if not today <= day <= latest:
        return None, Sentence(
            N_("Choose a day from %(first)s to %(last)s. You can shorten, not lengthen."),
            {"first": today, "last": latest},
        )
    return (None if day == latest else day), None


def kept_terms(choice: Choice, asked: Terms, choosable: Iterable[Category]) -> Terms | None:
    """Return the terms that a choice keeps of what was asked; None where nothing is taken."""
    scope = Scope.of(
        {category: years for category in choosable if (years := choice.years_of(category, asked.scope.years(category)))}
    )
    if scope.is_empty:
        return None
    until = asked.until
    if choice.last_day is not None:
        until = min(until, japan_midnight(choice.last_day + _ONE_DAY))
    return replace(asked, scope=scope, until=until)


def kept_choice(kept: Terms | None, asked: Terms) -> Choice:
    """Return the choice that a program names by its terms, for the same words as a page shows."""
    if kept is None:
        return Choice()
    years = {
        category: kept.scope.years(category)
        for category in kept.scope.categories
        if kept.scope.years(category) != asked.scope.years(category)
    }
    last_day = last_day_of(kept.until)
    return Choice(frozenset(kept.scope.categories), years, None if kept.until >= asked.until else last_day)


def say_years(years: Iterable[int]) -> Part:
    """Say school years: one, a run of several as from and to, or each of them."""
    ordered = sorted(set(years))
    if len(ordered) > 1 and ordered[-1] - ordered[0] == len(ordered) - 1:
        return Sentence(N_("school years %(first)s to %(last)s"), {"first": str(ordered[0]), "last": str(ordered[-1])})
    return Listing(tuple(SchoolYear(year) for year in ordered))


def say_sum(kept: Terms | None, offered: int) -> Sentence:
    """Say what a choice comes to: 3つのうち2つを、2024〜2026年度について、2027年3月31日まで."""
    if kept is None:
        return Sentence(N_("Nothing is chosen to be shared."))
    years = {year for category in kept.scope.categories for year in kept.scope.years(category)}
    return Sentence(
        N_("%(taken)s of %(offered)s, for %(years)s, until %(day)s"),
        {
            "taken": len(kept.scope.categories),
            "offered": offered,
            "years": say_years(years),
            "day": last_day_of(kept.until),
        },
    )
