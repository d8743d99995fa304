"""A OneRoster set as a whole: its files in the order in which they lean on each other, references held against it.

Complete (bulk) files say what there is; what they no longer name is reported and left as it is. Only files of changes
(delta) take anything off, row by row, with `tobedeleted`; an end date ends what has one.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from consent.age import school_year_of
from pds.intake import file_problems, roster_problems
from pds.intake.archive import Unreadable
from pds.intake.load import Load
from pds.intake.oneroster.forms import FileForm, Values, columns_of, kept_files, open_form
from pds.intake.oneroster.manifest import MANIFEST, Manifest, Mode, read_manifest
from pds.intake.sheets import Sheet
from pds.organisations.registry import KnownClass, KnownOrganisation

TO_BE_DELETED: Final = "tobedeleted"
ROLELESS: Final = "users whose role was refused"
_STEP: Final = 2000
_ROLE_USER: Final = columns_of("roles").index("userSourcedId")


@dataclass
class Roster:
    """A set while it is read: what its files have said so far, by sourcedId."""

    load: Load
    manifest: Manifest
    forms: dict[str, FileForm] = field(default_factory=dict)
    sheets: dict[str, Sheet] = field(default_factory=dict)
    organisations: dict[str, KnownOrganisation] = field(default_factory=dict)
    school_years: dict[str, int] = field(default_factory=dict)
    courses: set[str] = field(default_factory=set)
    classes: dict[str, KnownClass | None] = field(default_factory=dict)
    """Homerooms by sourcedId; None for a subject group, which is known but not kept."""
    ended_classes: dict[str, tuple[int, KnownClass]] = field(default_factory=dict)
    learners: dict[str, UUID] = field(default_factory=dict)
    carers: dict[str, UUID] = field(default_factory=dict)
    staff: dict[str, UUID] = field(default_factory=dict)
    refused: dict[str, set[str]] = field(default_factory=dict)
    """sourcedIds of rows that were refused, by file: what refers to them is not reported once more."""

    def has(self, file: str) -> bool:
        """Whether a file is in the set and its header is right."""
        return file in self.forms

    def is_delta(self, file: str) -> bool:
        """Whether a file holds changes only."""
        return self.manifest.modes.get(file) is Mode.DELTA

    def rows(self, file: str) -> Iterator[tuple[int, Values]]:
        """Yield the rows of a file that read well, duplicates reported and left out, progress told."""
        if file not in self.forms:
            return
        load, form, sheet = self.load, self.forms[file], self.sheets[file]
        first: dict[str, int] = {}
        waiting = 0
        for row, cells in sheet.rows():
            waiting += 1
            if waiting >= _STEP:
                load.advance(waiting)
                waiting = 0
            values = form.read_row(cells, row, load.findings)
            if values is None:
                self.refuse(file, cells[0])
                if file == "roles" and len(cells) > _ROLE_USER:
                    self.refuse(ROLELESS, cells[_ROLE_USER])
                continue
            source_id = values["sourcedId"]
            seen = first.setdefault(source_id, row)
            if seen != row:
                load.findings.add(roster_problems.DUPLICATE, form.member, row, "sourcedId", source_id, first=seen)
                continue
            yield row, values
        load.advance(waiting)
        if not first and not load.findings.errors:
            load.findings.add(file_problems.NO_ROWS, form.member)

    def organisation(self, source_id: str) -> KnownOrganisation | None:
        """Return the organisation that the set calls by a sourcedId, or the one known here."""
        return self.organisations.get(source_id) or self.load.directory.by_source(source_id)

    def refuse(self, file: str, source_id: str) -> None:
        """Remember that a row was refused."""
        self.refused.setdefault(file, set()).add(source_id)

    def was_refused(self, file: str, source_id: str) -> bool:
        """Whether a row of this sourcedId is in the file but was refused."""
        return source_id in self.refused.get(file, ())

    def dangling(self, file: str, row: int, column: str, value: str, target: str) -> None:
        """Report a reference that leads nowhere, unless it leads to a row that was refused and reported itself."""
        if self.was_refused(target, value):
            return
        self.load.findings.add(roster_problems.DANGLING, f"{file}.csv", row, column, value, target=f"{target}.csv")

    @property
    def newest_school_year(self) -> int:
        """The newest school year of the set, or the present one: where a role without a date begins."""
        return max(self.school_years.values(), default=school_year_of(self.load.today))


def open_roster(load: Load) -> Roster | None:
    """Read manifest and headers; None, with findings added, where the set cannot be read at all."""
    parcel, findings = load.parcel, load.findings
    try:
        manifest = read_manifest(_sheet(load, MANIFEST), set(parcel.members), findings)
    except Unreadable as refused:
        findings.add(refused.problem, refused.file, refused.row, None, refused.value, **refused.params)
        return None
    if manifest is None:
        return None
    load.content = f"oneroster.{manifest.profile.name}"
    roster = Roster(load, manifest)
    for file, mode in manifest.modes.items():
        if mode is Mode.ABSENT:
            continue
        if file not in kept_files():
            findings.add(file_problems.FILE_NOT_READ, f"{file}.csv")
            continue
        try:
            sheet = _sheet(load, f"{file}.csv")
            form = open_form(
                file, sheet.header, manifest.profile, manifest.version, delta=mode is Mode.DELTA, findings=findings
            )
        except Unreadable as refused:
            findings.add(refused.problem, refused.file, refused.row, None, refused.value, **refused.params)
            continue
        if form is not None:
            roster.forms[file], roster.sheets[file] = form, sheet
    return None if findings.errors else roster


def _sheet(load: Load, member: str) -> Sheet:
    sheet = Sheet(load.parcel, member)
    if sheet.has_bom:
        load.findings.add(file_problems.BOM, member, 1)
    return sheet
