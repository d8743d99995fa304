"""Hand-overs as a clerk reads them: where one stands, its numbers by kind, and its findings a page at a time."""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from itertools import groupby
from math import ceil
from typing import Any, Final, Literal, TypeVar

from consent.vocabulary import Category, Text
from consent.wording import label
from pds.intake.findings import Finding, Severity
from pds.intake.models import RunState
from pds.intake.report import Say, sentences_of
from pds.intake.service import RunView
from trust.errors import N_

Value = TypeVar("Value")
ChipKind = Literal["info", "success", "warning", "error", "waiting", "none"]
PER_PAGE: Final = 50
_CORRECTION_WAITS: Final = timedelta(days=2)
_STATES: Final[Mapping[RunState, tuple[str, ChipKind]]] = {
    RunState.CHECKING: (N_("Being checked"), "waiting"),
    RunState.CHECKED: (N_("Checked, waits for you"), "info"),
    RunState.REFUSED: (N_("Has errors"), "error"),
    RunState.APPLYING: (N_("Being applied"), "waiting"),
    RunState.APPLIED: (N_("Applied"), "success"),
    RunState.UNDOING: (N_("Being undone"), "waiting"),
    RunState.UNDONE: (N_("Undone"), "none"),
    RunState.CLOSED: (N_("Closed"), "none"),
}
AT_WORK: Final = frozenset({RunState.CHECKING, RunState.APPLYING, RunState.UNDOING})
_KINDS: Final = {
    "organisation": N_("Schools and boards"),
    "school_class": N_("Classes"),
    "learner": N_("Learners"),
    "enrolment": N_("Places in classes"),
    "carer": N_("Carers and contacts"),
    "care": N_("Entries of authority"),
    "staff": N_("Staff"),
    "staff_role": N_("Roles of staff"),
    "record": N_("Records"),
    "learner_identifier": N_("Identifiers"),
    "person_identifier": N_("Identifiers"),
}
_LAYOUT_ORDER: Final = (
    "school_list", "staff_roles", "carer_authority", "register_enrolment", "register_guidance", "health_check",
    "attendance_exceptions", "report", "assessment", "portfolio",
)  # fmt: skip


class Waiting(StrEnum):
    """What a run waits for from its officer."""

    APPLY = "apply"
    CORRECTION = "correction"
    SECOND_TRY = "second_try"


@dataclass(frozen=True, slots=True)
class KindRow:
    """The numbers of one kind of row. `name` is a message id or a text of the rules."""

    name: str | Text
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class FindingGroup:
    """Findings that say the same, in the reader's words: what is wrong, what to do, how it should look, and where."""

    title: str
    remedy: str
    example: str
    places: tuple[Finding, ...]

    @property
    def file(self) -> str | None:
        """The file in which all of the places are, None where there are several."""
        return _only({place.file for place in self.places})

    @property
    def column(self) -> str | None:
        """The column in which all of the places are, None where there are several."""
        return _only({place.column for place in self.places})


@dataclass(frozen=True, slots=True)
class FindingsPage:
    """The findings of one severity, one page of them, those that say the same together.

    `kept` may be fewer than `counted`, which is whole.
    """

    severity: Severity
    groups: tuple[FindingGroup, ...]
    page: int
    pages: int
    kept: int
    counted: int


@dataclass(frozen=True, slots=True)
class PublishedLayout:
    """A CSV layout that this service publishes: its name, what it holds, its header and an example row."""

    name: str
    title: Text
    header: tuple[str, ...]
    example: tuple[str, ...]

    def as_csv(self) -> bytes:
        """Return an empty file of this layout with one example row, for spreadsheets to open."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\r\n").writerows([self.header, self.example])
        return ("\ufeff" + text.getvalue()).encode()


def standing(run: RunView) -> tuple[str, ChipKind]:
    """Return where a run stands, as a message id with the kind of its chip."""
    return (N_("Stopped"), "error") if run.failed else _STATES[run.state]


def waiting_for(run: RunView, now: datetime) -> Waiting | None:
    """Return what a run waits for; a file with errors is no longer waited for once a corrected one should be there."""
    if run.failed:
        return Waiting.SECOND_TRY
    if run.state is RunState.CHECKED:
        return Waiting.APPLY
    if run.state is RunState.REFUSED and now - run.received_at < _CORRECTION_WAITS:
        return Waiting.CORRECTION
    return None


def kind_rows(report: Mapping[str, Any] | None, columns: Sequence[str]) -> tuple[KindRow, ...]:
    """Return the numbers of a report by kind of row, in the order in which things hang on one another."""
    kinds: Mapping[str, Mapping[str, int]] = (report or {}).get("kinds", {})
    order = {kind: place for place, kind in enumerate(_KINDS)}
    return tuple(
        KindRow(_kind_name(kind), tuple(int(kinds[kind].get(column, 0)) for column in columns))
        for kind in sorted(kinds, key=lambda kind: (order.get(kind, len(order)), kind))
    )


def page_of(
    findings: Sequence[Finding], counts: Mapping[str, int], severity: Severity, page: int, say: Say, locale: str
) -> FindingsPage:
    """Return one page of the findings of one severity, in the reader's words."""
    found = _by_kind([finding for finding in findings if finding.severity is severity])
    pages = max(1, ceil(len(found) / PER_PAGE))
    here = min(max(page, 1), pages)
    return FindingsPage(
        severity,
        tuple(_groups(found[(here - 1) * PER_PAGE : here * PER_PAGE], say, locale)),
        here,
        pages,
        len(found),
        int(counts.get(severity.value, len(found))),
    )


def gravest(counts: Mapping[str, int]) -> Severity:
    """Return the gravest severity of which there is a finding; errors where there is none."""
    return next((severity for severity in Severity if counts.get(severity.value)), Severity.ERROR)


@lru_cache(maxsize=1)
def published_layouts() -> tuple[PublishedLayout, ...]:
    """Return the published layouts in the order in which they are best handed in."""
    folder = files("api_specs") / "layouts"
    found = [json.loads((folder / f"{name}.json").read_text("utf-8")) for name in _LAYOUT_ORDER]
    return tuple(
        PublishedLayout(
            data["layout"],
            Text(data["title"]["ja"], data["title"]["plain"], data["title"]["en"]),
            tuple(column["name"] for column in data["columns"]),
            tuple(column["example"] for column in data["columns"]),
        )
        for data in found
    )


def _by_kind(findings: Sequence[Finding]) -> list[Finding]:
    """Put findings of the same kind together, kinds in the order in which they first appear."""
    first: dict[str, int] = {}
    for finding in findings:
        first.setdefault(finding.code, len(first))
    return sorted(findings, key=lambda finding: first[finding.code])


def _groups(findings: Sequence[Finding], say: Say, locale: str) -> Iterator[FindingGroup]:
    def saying(finding: Finding) -> tuple[str, str, str]:
        return (*sentences_of(finding, say, locale), _example_of(finding.column or ""))

    for (title, remedy, example), places in groupby(findings, key=saying):
        yield FindingGroup(title, remedy, example, tuple(places))


def content_names(content: str | None) -> tuple[str | Text, ...]:
    """Return what a file holds, as a message id or the title of a published layout."""
    titles = {layout.name: layout.title for layout in published_layouts()}
    return tuple(
        N_("OneRoster set") if part.startswith("oneroster.") else titles.get(part, part)
        for part in (content or "").split(",")
        if part
    )


def _example_of(column: str) -> str:
    """Return what a cell of a published layout's column looks like; columns of the same name look alike."""
    for layout in published_layouts():
        if column in layout.header:
            return layout.example[layout.header.index(column)]
    return ""


def _kind_name(kind: str) -> str | Text:
    if kind.startswith("record."):
        return label(Category(kind.removeprefix("record.")))
    return _KINDS.get(kind, kind)


def _only(values: set[Value]) -> Value | None:
    """Return the one value that a set holds, None for an empty set and for several."""
    return next(iter(values)) if len(values) == 1 else None
