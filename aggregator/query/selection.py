"""A question to one release: which table of which level, which areas, which codes; read strictly, answered exactly.

A question names its release by digest, so that asking again gives the same figures for ever. Filters only ever leave
cells out: they compose in any order, and the answer is always a part of the release as it stands.
"""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from aggregator.plans.codes import code_lists
from aggregator.plans.document import Level, Table
from aggregator.query.areas import prefecture_of, prefectures
from aggregator.query.errors import QuestionRefused, QuestionUnknown
from aggregator.query.release import Area, Edition, Figure
from web.ruby import strip_readings

RESERVED = ("release", "level", "table", "area", "prefecture", "search", "limit", "offset", "format", "bom")
"""Parts of a question that are no dimension of a table."""
MAX_SEARCH = 60
_SHOWN = 60
"""How many known values an error names before it says how many more there are."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What is asked: one table, and of it the areas and codes that are kept. Nothing named means everything."""

    edition: Edition
    level: Level
    table: Table
    areas: tuple[str, ...] = ()
    prefecture: str | None = None
    search: str = ""
    codes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def to_query(self) -> list[tuple[str, str]]:
        """Return the question as the pairs of its permanent link, in one order for every way of asking it."""
        pairs = [("release", self.edition.digest), ("level", self.level.value), ("table", self.table.id)]
        pairs += [("area", area) for area in self.areas]
        if self.prefecture is not None:
            pairs.append(("prefecture", self.prefecture))
        if self.search:
            pairs.append(("search", self.search))
        return pairs + [(name, code) for name in self.table.dimensions for code in self.codes.get(name, ())]

    def kept_areas(self) -> tuple[Area, ...]:
        """Return the areas that the question keeps, by code."""
        known = self.edition.areas[self.level].values()
        wanted, sought = set(self.areas), fold(self.search)
        return tuple(
            area
            for area in known
            if (not wanted or area.code in wanted)
            and (self.prefecture is None or prefecture_of(self.level, area.code) == self.prefecture)
            and (not sought or sought in area.code or any(sought in fold(name) for name in names_of(area)))
        )

    def figures(self, areas: Sequence[Area] | None = None) -> Iterator[Figure]:
        """Return what is kept: area by area in the order of their codes, cells in the order of the plan."""
        found = self.edition.figures.get((self.level, self.table.id), {})
        kept = [frozenset(self.codes.get(name, ())) for name in self.table.dimensions]
        for area in self.kept_areas() if areas is None else areas:
            for figure in found.get(area.code, ()):
                if all(not codes or code in codes for code, codes in zip(figure.cell, kept, strict=True)):
                    yield figure


def read_selection(edition: Edition, asked: Sequence[tuple[str, str]]) -> Selection:
    """Return the question that some pairs of names and values ask of a release; empty values ask nothing.

    Raises `QuestionRefused` naming place, value and what is known there, `QuestionUnknown` for a name nobody reads.
    """
    parts: dict[str, list[str]] = {}
    for name, value in asked:
        if value.strip():
            parts.setdefault(name, []).append(value.strip())
    levels = [level for level in Level if edition.tables.get(level)]
    level = Level(_one_of(parts, "level", [one.value for one in levels]) or levels[0].value)
    tables = edition.tables[level]
    table = edition.table(level, _one_of(parts, "table", [one.id for one in tables]) or tables[0].id)
    known = (*RESERVED, *table.dimensions)
    for name in parts:
        if name not in known:
            raise QuestionUnknown(place=shorten(name), known=", ".join(known))
    codes = {name: _some_of(parts, name, edition.dimensions[name].codes) for name in table.dimensions if name in parts}
    return Selection(
        edition,
        level,
        table,
        _some_of(parts, "area", tuple(edition.areas[level])),
        _one_of(parts, "prefecture", list(prefectures())),
        " ".join(parts.get("search", ()))[:MAX_SEARCH],
        codes,
    )


def names_of(area: Area) -> tuple[str, ...]:
    """Return every name by which an area may be sought: its own, or those of the prefecture it is."""
    if area.level is Level.PREFECTURE and (known := prefectures().get(area.code)):
        return (strip_readings(known.name), known.english)
    return (area.name,) if area.name else ()


def code_label(dimension: str, code: str, language: str) -> str:
    """Return what a code means, with readings in Japanese; the code itself where the vocabulary has no words for it."""
    words = code_lists()[dimension].codes.get(code) if dimension in code_lists() else None
    return words.in_language(language) if words else code


def fold(text: str) -> str:
    """Return a text as it is compared in a search: full and half width, capitals and small letters are one."""
    return unicodedata.normalize("NFKC", text).casefold().strip()


def shorten(value: str) -> str:
    """Return what somebody asked, cut to what an error may repeat."""
    return value if len(value) <= MAX_SEARCH else value[:MAX_SEARCH] + "…"


def _one_of(parts: Mapping[str, Sequence[str]], place: str, known: Sequence[str]) -> str | None:
    values = _some_of(parts, place, known)
    if len(values) > 1:
        raise QuestionRefused(place=place, value=shorten(" + ".join(values)), known=_listed(known))
    return values[0] if values else None


def _some_of(parts: Mapping[str, Sequence[str]], place: str, known: Sequence[str]) -> tuple[str, ...]:
    """Return the values asked for a place, in the order in which they are known, each once."""
    values = parts.get(place, ())
    allowed = frozenset(known)
    for value in values:
        if value not in allowed:
            raise QuestionRefused(place=place, value=shorten(value), known=_listed(known))
    wanted = frozenset(values)
    return tuple(one for one in known if one in wanted)


def _listed(known: Sequence[str]) -> str:
    shown = ", ".join(known[:_SHOWN])
    return shown if len(known) <= _SHOWN else f"{shown}, … ({len(known)})"
