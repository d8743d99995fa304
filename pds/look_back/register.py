"""A record as a readable page: the form's own order and labels, empty fields out of the way, nothing left out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from consent.vocabulary import Text
from pds.look_back.forms import Field
from pds.look_back.words import Listing, Part, Quantity, SchoolYear, Sentence
from trust.errors import N_

_BASICS = ("school", "school_year", "grade", "class_name")
_A_SECTION_OF_ITS_OWN = 5
"""An object with this many fields gets a heading; a smaller one is a single line."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line: what the field is called and what stands in it. `value` None: exists, but closed to this reader."""

    label: Text
    value: Part | None


@dataclass(frozen=True, slots=True)
class Grid:
    """A list of the form as a table; cells are None where nothing was written.

    Marks stand as the letters that schools themselves use (A, B, C); `legend` says what each of them means.
    """

    columns: tuple[Text, ...]
    rows: tuple[tuple[Part | None, ...], ...]
    legend: tuple[tuple[str, Text], ...] = ()


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """A file that belongs to the record: its number in it, name, kind, and size in bytes."""

    no: int
    name: str
    kind: Text
    size: int


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page under one heading. Exactly one of the bodies after `heading` is filled."""

    name: str
    heading: Text | Sentence
    rows: tuple[Row, ...] = ()
    grid: Grid | None = None
    paragraph: str | None = None
    marks: tuple[tuple[Text, bool], ...] = ()
    cards: tuple["Card", ...] = ()
    files: tuple[AttachedFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Card:
    """One item of a list that is a small form of its own: a term of a report card, a work with its words and files."""

    heading: Part
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class Register:
    """The whole page: sections in the form's order, and the names of the fields in which nothing was written."""

    title: Text
    sections: tuple[Section, ...]
    unwritten: tuple[Text, ...]


def build_register(form: Field, body: Mapping[str, Any], withheld: Sequence[str] = ()) -> Register:
    """Lay out the body of a record; fields named in `withheld` are left to the page, which says what can be done."""
    sections: list[Section] = []
    basics: list[Row] = []
    lines: list[Row] = []
    unwritten: list[Text] = []
    for item in form.fields:
        value = body.get(item.name)
        if item.name in withheld:
            continue
        if is_empty(value):
            unwritten.append(item.label)
        elif item.name in _BASICS:
            basics.extend(_basic_rows(item, value))
        elif _stands_alone(item):
            sections.append(_section(item, value))
        else:
            lines.append(Row(item.label, _one_line(item, value)))
    last = [Section("basics", Sentence(N_("School, year and grade")), rows=tuple(basics))] if basics else []
    facts = [Section("facts", Sentence(N_("What was entered")), rows=tuple(lines))] if lines else []
    return Register(form.label, (*facts, *sections, *last), tuple(unwritten))


def _stands_alone(item: Field) -> bool:
    """Tell whether a field gets a heading: paragraphs, lists, and objects with paragraphs or many parts."""
    has_paragraphs = item.is_long or any(inner.is_long for inner in item.fields)
    return has_paragraphs or item.many or len(item.fields) >= _A_SECTION_OF_ITS_OWN


def is_empty(value: object) -> bool:
    """Tell whether nothing was written: absent, null, an empty text or list, an object of nothing else."""
    match value:
        case None | "" | []:
            return True
        case dict():
            return all(is_empty(inner) for inner in value.values())
        case _:
            return False


def show_value(item: Field, value: Any) -> Part:
    """Return a scalar as the page says it: a code by its label, a date as a date, a number with its unit."""
    if isinstance(value, str) and value in item.codes:
        return _coded(value, item.codes[value])
    if item.is_date:
        return date.fromisoformat(value)
    if item.name == "school_year":
        return SchoolYear(value)
    if item.unit is not None:
        return Quantity(value, item.unit)
    return value if isinstance(value, str | int | float) else str(value)


def _coded(code: str, label: Text) -> Text:
    """Keep the letter that schools themselves use (A, B, C) in front of what it means."""
    if _is_letter(code):
        return Text(f"{code}　{label.ja}", f"{code}　{label.plain}", f"{code}: {label.en}")
    return label


def _is_letter(code: str) -> bool:
    return len(code) == 1 and code.isalpha()


def _basic_rows(item: Field, value: Any) -> Iterator[Row]:
    if not item.fields:
        yield Row(item.label, show_value(item, value))
        return
    for inner in item.fields:
        if not is_empty(value.get(inner.name)):
            yield Row(inner.label, show_value(inner, value[inner.name]))


def _section(item: Field, value: Any) -> Section:
    if item.name == "files":
        return Section(item.name, item.label, files=tuple(_file(item, file) for file in value))
    if item.many and _is_deep(item):
        return Section(item.name, item.label, cards=tuple(_card(item, entry) for entry in value))
    if item.many and item.fields:
        marks = _marks(item, value)
        return Section(item.name, item.label, marks=marks) if marks else Section(item.name, item.label,
                                                                                   grid=_grid(item, value))  # fmt: skip
    if item.many:
        return Section(item.name, item.label, rows=(Row(item.label, Listing(tuple(value))),))
    if item.fields:
        rows = tuple(
            Row(inner.label, _one_line(inner, value[inner.name]))
            for inner in item.fields
            if not is_empty(value.get(inner.name))
        )
        return Section(item.name, item.label, rows=rows)
    return Section(item.name, item.label, paragraph=value)


def _is_deep(item: Field) -> bool:
    """Tell whether the items of a list hold paragraphs or lists of their own, which no table can show."""
    return any(inner.is_long or (inner.many and inner.fields) for inner in item.fields)


def _card(item: Field, entry: Mapping[str, Any]) -> Card:
    """Lay out one item of a list, named by its title or first field: facts first, yet after the child's own words."""
    named = next((inner for inner in item.fields if inner.name == "title"), item.fields[0])
    rest = [inner for inner in item.fields if inner is not named and not is_empty(entry.get(inner.name))]
    facts = tuple(Row(inner.label, _one_line(inner, entry[inner.name])) for inner in rest if not _stands_alone(inner))
    sections = tuple(_section(inner, entry[inner.name]) for inner in rest if _stands_alone(inner))
    first = (Section("facts", Sentence(N_("What was entered")), rows=facts),) if facts else ()
    own_words_first = any(section.name == "text" for section in sections)
    return Card(show_value(named, entry[named.name]), (*sections, *first) if own_words_first else (*first, *sections))


def _file(item: Field, file: Mapping[str, Any]) -> AttachedFile:
    return AttachedFile(file["no"], file["name"], item.inner("media_type").codes[file["media_type"]], file["size"])


def _marks(item: Field, value: Sequence[Mapping[str, Any]]) -> tuple[tuple[Text, bool], ...]:
    """A list of things that a teacher marks with a circle: each with whether it is marked."""
    if len(item.fields) != 2 or item.fields[1].name != "marked":
        return ()
    named = item.fields[0]
    return tuple((named.codes[entry[named.name]], bool(entry["marked"])) for entry in value)


def _grid(item: Field, value: Sequence[Mapping[str, Any]]) -> Grid:
    columns = [path for path in _leaves(item) if any(not is_empty(_dig(entry, path)) for entry in value)]
    rows = tuple(
        tuple(None if is_empty(_dig(entry, path)) else _cell(path[-1], _dig(entry, path)) for path in columns)
        for entry in value
    )
    legend = {letter: text for path in columns for letter, text in path[-1].codes.items() if _is_letter(letter)}
    return Grid(tuple(path[-1].label for path in columns), rows, tuple(legend.items()))


def _leaves(item: Field) -> Iterator[tuple[Field, ...]]:
    for inner in item.fields:
        if inner.fields and not inner.many:
            for path in _leaves(inner):
                yield (inner, *path)
        else:
            yield (inner,)


def _dig(entry: Any, path: Sequence[Field]) -> Any:
    for step in path:
        entry = entry.get(step.name) if isinstance(entry, Mapping) else None
    return entry


def _cell(item: Field, value: Any) -> Part:
    if isinstance(value, str) and value in item.codes and _is_letter(value):
        return value
    return Listing(tuple(value)) if isinstance(value, list) else show_value(item, value)


def _one_line(item: Field, value: Any) -> Part:
    """Say a small object in one line: a finding with its note, or each part with its name before it."""
    if isinstance(value, list):
        return Listing(tuple(value))
    if not item.fields:
        return show_value(item, value)
    parts: list[Part] = []
    for path in _leaves(item):
        inner = _dig(value, path)
        if is_empty(inner):
            continue
        said = Listing(tuple(inner)) if isinstance(inner, list) else show_value(path[-1], inner)
        if path[-1].name in ("finding", "note"):
            parts.append(said)
        else:
            parts.append(Sentence(N_("%(label)s: %(value)s"), {"label": _path_label(path), "value": said}))
    return Listing(tuple(parts))


def _path_label(path: Sequence[Field]) -> Part:
    if len(path) == 1:
        return path[0].label
    return Sentence(N_("%(outer)s (%(inner)s)"), {"outer": path[0].label, "inner": path[-1].label})
