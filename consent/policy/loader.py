"""From policy files to a ``Policy``: nothing unknown, nothing uncited, nothing in force twice.

A node reads its policy once, at start, and refuses to start with a fault in it. The shipped files stand beside this
module; a node with rules of its own passes another folder with the same six names.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Generic, TypeVar

from consent.policy import faults
from consent.policy.model import Ages, CategoryRule, Edition, Entrusted, Policy
from consent.policy.reading import Entry, open_file
from consent.policy.sections import (
    Authority,
    Citations,
    Visibility,
    read_ages,
    read_authority,
    read_categories,
    read_citations,
    read_offices,
    read_visibility,
)
from consent.vocabulary import Category

SHIPPED = Path(__file__).parent
"""The folder of the policy that is shipped with the product."""

FILES = ("ages.json", "authority.json", "categories.json", "citations.json", "offices.json", "visibility.json")
"""The files of a policy folder."""

Rules = TypeVar("Rules")

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Version(Generic[Rules]):
    begin: date
    end: date | None
    rules: Rules
    place: str

    def covers(self, day: date) -> bool:
        return self.begin <= day and (self.end is None or day <= self.end)


@cache
def shipped_policy() -> Policy:
    """The shipped policy, read once per process."""
    return load_policy(SHIPPED)


def load_policy(folder: Path) -> Policy:
    """Read and check the six files of a policy folder. Raises PolicyFault, which names place, value and remedy."""
    citations = read_citations(open_file(folder, "citations.json"))
    editions = tuple(
        _editions(
            _read_versions(open_file(folder, "ages.json"), read_ages, citations),
            _read_versions(open_file(folder, "authority.json"), read_authority, citations),
            _read_versions(open_file(folder, "categories.json"), read_categories, citations),
            _read_versions(open_file(folder, "visibility.json"), read_visibility, citations),
            _read_versions(open_file(folder, "offices.json"), read_offices, citations),
        )
    )
    if not editions:
        raise faults.PolicyEntryMissing(place=folder.name, value="one day on which every file has a version in force")
    return Policy(editions=editions, citations=citations)


def _read_versions(
    file: Entry, read: Callable[[Entry, Citations], Rules], citations: Citations
) -> list[_Version[Rules]]:
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
    return versions


def _editions(
    ages: Sequence[_Version[Ages]],
    authority: Sequence[_Version[Authority]],
    categories: Sequence[_Version[dict[Category, CategoryRule]]],
    visibility: Sequence[_Version[Visibility]],
    offices: Sequence[_Version[tuple[Entrusted, ...]]],
) -> Iterator[Edition]:
    """Cut time wherever one of the files changes, and join what is in force in between."""
    spans = [
        (version.begin, version.end) for file in (ages, authority, categories, visibility, offices) for version in file
    ]
    ends = {end for _, end in spans if end is not None and end < date.max}
    cuts = sorted({begin for begin, _ in spans} | {end + _ONE_DAY for end in ends})
    for begin, following in zip(cuts, [*cuts[1:], None], strict=True):
        counted, cared = _covering(ages, begin), _covering(authority, begin)
        handled, shown = _covering(categories, begin), _covering(visibility, begin)
        held = _covering(offices, begin)
        if not (counted is None or cared is None or handled is None or shown is None or held is None):
            yield Edition(
                begin=begin,
                end=None if following is None else following - _ONE_DAY,
                ages=counted,
                bases=cared.bases,
                states=cared.states,
                categories=handled,
                openings={(opening.category, opening.relation): opening for opening in shown.openings},
                opened_to=frozenset(opening.relation for opening in shown.openings),
                withheld=shown.withheld,
                offices={(entrusted.duty, entrusted.role): entrusted for entrusted in held},
            )


def _covering(versions: Iterable[_Version[Rules]], day: date) -> Rules | None:
    return next((version.rules for version in versions if version.covers(day)), None)
