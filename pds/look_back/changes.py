"""What changed from one version of a record to the next, field by field, in the form's own words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pds.look_back.forms import Field
from pds.look_back.register import is_empty, show_value
from pds.look_back.words import Listing, Part

_NAMED_BY = ("subject", "activity", "item", "date", "school_year", "name", "term", "number")
"""The fields that tell the items of a list apart; a list in which none of them does is compared by position."""


@dataclass(frozen=True, slots=True)
class Change:
    """One field that differs: where it stands, what was written before and what is written now (None: nothing)."""

    place: tuple[Part, ...]
    before: Part | None
    after: Part | None


def compare(form: Field, before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """Return every field of a record that differs between two versions, in the form's order."""
    return tuple(_compare_fields(form, before, after, ()))


def _compare_fields(
    form: Field, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, place: tuple[Part, ...]
) -> Iterator[Change]:
    for item in form.fields:
        old, new = (before or {}).get(item.name), (after or {}).get(item.name)
        if old == new or (is_empty(old) and is_empty(new)):
            continue
        here = (*place, item.label)
        if item.many and item.fields:
            yield from _compare_items(item, old or [], new or [], here)
        elif item.fields:
            yield from _compare_fields(item, old, new, here)
        else:
            yield Change(here, _shown(item, old), _shown(item, new))


def _compare_items(item: Field, old: Any, new: Any, place: tuple[Part, ...]) -> Iterator[Change]:
    named_by = next((inner for inner in item.fields if inner.name in _NAMED_BY), None)
    if named_by is not None and not all(_tells_apart(named_by, entries) for entries in (old, new)):
        named_by = None
    before, after = _by_name(named_by, old), _by_name(named_by, new)
    for key in (*before, *(key for key in after if key not in before)):
        name: Part = key + 1 if named_by is None else show_value(named_by, key)
        was, now = before.get(key), after.get(key)
        if was is None or now is None:
            yield Change((*place, name), _whole(item, named_by, was), _whole(item, named_by, now))
        else:
            yield from _compare_fields(item, was, now, (*place, name))


def _tells_apart(named_by: Field, entries: list[Mapping[str, Any]]) -> bool:
    return len({entry[named_by.name] for entry in entries}) == len(entries)


def _by_name(named_by: Field | None, entries: list[Mapping[str, Any]]) -> dict[Any, Mapping[str, Any]]:
    return {entry[named_by.name] if named_by else index: entry for index, entry in enumerate(entries)}


def _whole(item: Field, named_by: Field | None, entry: Mapping[str, Any] | None) -> Part | None:
    """Say all fields of an item that was added or taken away, but not the one it is named by."""
    if entry is None:
        return None
    told = (_shown(inner, entry.get(inner.name)) for inner in item.fields if inner is not named_by and not inner.fields)
    parts = tuple(part for part in told if part is not None)
    return Listing(parts) if parts else None


def _shown(item: Field, value: Any) -> Part | None:
    if is_empty(value):
        return None
    return Listing(tuple(value)) if isinstance(value, list) else show_value(item, value)
