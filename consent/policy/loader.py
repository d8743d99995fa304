"""From policy files to a ``Policy``: nothing unknown, nothing uncited, nothing in force twice.

A node reads its policy once, at start, and refuses to start with a fault in it. The shipped files stand beside this
module; a node with rules of its own passes another folder with the same ten names.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Generic, TypeVar

from consent.policy import faults
from consent.policy.model import Edition, Policy
from consent.policy.moves import read_acts, read_calendar, read_lanes, read_purposes
from consent.policy.reading import Entry, open_file
from consent.policy.sections import (
    Citations,
    read_ages,
    read_authority,
    read_categories,
    read_citations,
    read_offices,
    read_visibility,
)

SHIPPED = Path(__file__).parent
"""The folder of the policy that is shipped with the product."""

FILES = (
    "acts.json",
    "ages.json",
    "authority.json",
    "categories.json",
    "citations.json",
    "lanes.json",
    "offices.json",
    "purposes.json",
    "school_days.json",
    "visibility.json",
)
"""The files of a policy folder."""

Rules = TypeVar("Rules")
Held = TypeVar("Held", covariant=True)

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Version(Generic[Held]):
    begin: date
    end: date | None
    rules: Held
    place: str

    def covers(self, day: date) -> bool:
        return self.begin <= day and (self.end is None or day <= self.end)


@dataclass(frozen=True, slots=True)
class _Timeline(Generic[Held]):
    """The versions of one file in order of time, without overlap."""

    versions: tuple[_Version[Held], ...]

    def covers(self, day: date) -> bool:
        return any(version.covers(day) for version in self.versions)

    def on(self, day: date) -> Held:
        """What is in force on a day that is covered."""
        return next(version.rules for version in self.versions if version.covers(day))


@cache
def shipped_policy() -> Policy:
    """The shipped policy, read once per process."""
    return load_policy(SHIPPED)


def load_policy(folder: Path) -> Policy:
    """Read and check the ten files of a policy folder. Raises PolicyFault, which names place, value and remedy."""
    citations = read_citations(open_file(folder, "citations.json"))

    def read(name: str, rules: Callable[[Entry, Citations], Rules]) -> _Timeline[Rules]:
        return _Timeline(_read_versions(open_file(folder, name), rules, citations))

    ages, authority = read("ages.json", read_ages), read("authority.json", read_authority)
    categories, visibility = read("categories.json", read_categories), read("visibility.json", read_visibility)
    offices, acts = read("offices.json", read_offices), read("acts.json", read_acts)
    lanes, purposes = read("lanes.json", read_lanes), read("purposes.json", read_purposes)
    calendar = read("school_days.json", read_calendar)

    def edition(begin: date, end: date | None) -> Edition:
        cared, shown, moved = authority.on(begin), visibility.on(begin), lanes.on(begin)
        return Edition(
            begin=begin,
            end=end,
            ages=ages.on(begin),
            bases=cared.bases,
            states=cared.states,
            categories=categories.on(begin),
            openings={(opening.category, opening.relation): opening for opening in shown.openings},
            opened_to=frozenset(opening.relation for opening in shown.openings),
            withheld=shown.withheld,
            offices={(entrusted.duty, entrusted.role): entrusted for entrusted in offices.on(begin)},
            lanes={(rule.category, rule.move): rule for rule in moved.lanes},
            review=moved.review,
            purposes=purposes.on(begin),
            calendar=calendar.on(begin),
            acts=acts.on(begin),
        )

    files = (ages, authority, categories, visibility, offices, acts, lanes, purposes, calendar)
    editions = tuple(edition(begin, end) for begin, end in _spans(files))
    if not editions:
        raise faults.PolicyEntryMissing(place=folder.name, value="one day on which every file has a version in force")
    return Policy(editions=editions, citations=citations)


def _read_versions(
    file: Entry, read: Callable[[Entry, Citations], Rules], citations: Citations
) -> tuple[_Version[Rules], ...]:
    """The dated versions of a file in order of time; refused where two would be in force on one day."""
    versions = []
    for entry in file.fields(("$schema", "versions"))["versions"].items():
        parts = entry.fields(("valid_from", "rules"), ("valid_to",))
        begin = parts["valid_from"].day()
        end = parts["valid_to"].day() if "valid_to" in parts else None
        if end is not None and end < begin:
            raise faults.PolicyShapeWrong(
                place=parts["valid_to"].place, value=end.isoformat(), expected=f"a day not before {begin.isoformat()}"
            )
        versions.append(_Version(begin, end, read(parts["rules"], citations), entry.place))
    versions.sort(key=lambda version: version.begin)
    for earlier, later in pairwise(versions):
        if earlier.end is None or later.begin <= earlier.end:
            raise faults.PolicyValidityOverlaps(place=later.place, value=later.begin.isoformat(), earlier=earlier.place)
    return tuple(versions)


def _spans(files: Iterable[_Timeline[object]]) -> Iterator[tuple[date, date | None]]:
    """Cut time wherever one of the files changes; the spans in which every one of them has a version in force."""
    timelines = tuple(files)
    versions = [version for timeline in timelines for version in timeline.versions]
    ends = {version.end for version in versions if version.end is not None and version.end < date.max}
    cuts = sorted({version.begin for version in versions} | {end + _ONE_DAY for end in ends})
    for begin, following in zip(cuts, [*cuts[1:], None], strict=True):
        if all(timeline.covers(begin) for timeline in timelines):
            yield begin, None if following is None else following - _ONE_DAY
