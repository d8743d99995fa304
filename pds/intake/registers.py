"""Registers, health sheets and attendance: rows of a published layout to signed records, a batch at a time."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from consent.age import school_year_begin
from pds.intake import cell_problems, roster_problems
from pds.intake.attachments import Attachments
from pds.intake.layouts import Layout
from pds.intake.load import Load
from pds.intake.record_rows import GapInList, RowValues, build_body, check_body, find_disagreement
from pds.intake.sheets import Sheet
from pds.organisations.codes import fault_of_school_code
from pds.organisations.registry import KnownOrganisation, OrganisationKind
from pds.people import registry as people
from pds.records import issuing
from pds.records.bodies import Body, BodyForm, body_form
from pds.records.files import NewFile
from pds.records.issuing import Place, StandingRecord, WantedRecord

BATCH: Final = 400
"""Records per round trip: their sealed bodies are what memory is spent on."""


@dataclass(frozen=True, slots=True)
class _Draft:
    """The rows that make one record."""

    learner: str
    school_code: str
    school_year: int
    rows: list[RowValues]


def load_register(load: Load, sheet: Sheet, layout: Layout, attachments: Attachments | None = None) -> None:
    """Read one file of a layout whose rows make records; `attachments` are the files that its rows name."""
    if layout.category is None:
        raise ValueError(f"{layout.name} makes no records")
    reader = _RegisterReader(load, sheet, layout, body_form(layout.category), attachments)
    batch: list[_Draft] = []
    waiting = 0
    for draft in reader.drafts():
        batch.append(draft)
        waiting += len(draft.rows)
        if len(batch) >= BATCH:
            reader.settle(batch)
            load.advance(waiting)
            batch, waiting = [], 0
    reader.settle(batch)
    load.advance(waiting)


class _RegisterReader:
    def __init__(
        self, load: Load, sheet: Sheet, layout: Layout, form: BodyForm, attachments: Attachments | None
    ) -> None:
        self._load, self._sheet, self._layout, self._form = load, sheet, layout, form
        self._attachments = attachments
        self._learner = layout.index("learner")
        self._school = layout.index("school_code")
        names = layout.header
        self._year = names.index("school_year") if "school_year" in names else names.index("year1.school_year")
        self._followed: dict[Place, str] = {}

    def drafts(self) -> Iterator[_Draft]:
        """Yield the rows of each record together, wherever in the file they stand."""
        return self._gathered() if self._layout.repeats else self._single()

    def _single(self) -> Iterator[_Draft]:
        first: dict[tuple[str, ...], int] = {}
        findings, layout, name = self._load.findings, self._layout, self._sheet.name
        for number, cells in self._sheet.rows():
            values = layout.read_row(cells, name, number, findings)
            if values is None:
                continue
            key = tuple(cells[place] for place in layout.row_key)
            seen = first.setdefault(key, number)
            if seen != number:
                findings.add(
                    roster_problems.DUPLICATE, name, number, layout.columns[layout.row_key[0]].name, key[0], first=seen
                )
                continue
            yield self._draft([RowValues(number, values)])

    def _gathered(self) -> Iterator[_Draft]:
        """Count the rows of each record first, so that each can be let go as soon as its last row was read."""
        layout = self._layout
        left = Counter(hash(self._key(cells)) for _, cells in self._sheet.rows())
        open_groups: dict[tuple[str, ...], list[RowValues]] = {}
        for number, cells in self._sheet.rows():
            key = self._key(cells)
            values = layout.read_row(cells, self._sheet.name, number, self._load.findings)
            if values is not None:
                open_groups.setdefault(key, []).append(RowValues(number, values))
            left[hash(key)] -= 1
            if left[hash(key)] == 0 and key in open_groups:
                yield self._draft(open_groups.pop(key))
        for rows in open_groups.values():
            yield self._draft(rows)

    def _key(self, cells: Sequence[str]) -> tuple[str, ...]:
        return tuple(cells[place] if place < len(cells) else "" for place in self._layout.record_key)

    def _draft(self, rows: list[RowValues]) -> _Draft:
        values = rows[0].values
        return _Draft(values[self._learner], values[self._school], values[self._year], rows)

    def settle(self, batch: Sequence[_Draft]) -> None:
        """Resolve, check and merge a batch."""
        if not batch:
            return
        load = self._load
        learners = people.find_learners(load.session, load.node, {draft.learner for draft in batch})
        wanted: list[tuple[_Draft, WantedRecord]] = []
        for draft in batch:
            record = self._wanted(draft, learners.get(draft.learner))
            if record is not None:
                wanted.append((draft, record))
        standing = issuing.standing_records(load.session, load.node, [record.place for _, record in wanted])
        due = [record for draft, record in wanted if self._has_its_place(draft, record, standing)]
        issued = issuing.issue(load.session, load.node, due, standing, origin=load.run, now=load.now, write=load.write)
        load.count(f"record.{self._form.category.value}", issued.outcomes)
        load.changes.add(issued.changes)

    def _wanted(self, draft: _Draft, learner: UUID | None) -> WantedRecord | None:
        findings, name, row = self._load.findings, self._sheet.name, draft.rows[0].row
        found = self._body(draft)
        school = self._school_of(draft)
        if learner is None:
            findings.add(roster_problems.LEARNER_UNKNOWN, name, row, "learner", draft.learner)
        if found is None or school is None or learner is None:
            return None
        body, files = found
        return WantedRecord(
            learner,
            self._form.category,
            school.organisation,
            school.code,
            draft.school_year,
            self._form.schema_id,
            body,
            files,
        )

    def _body(self, draft: _Draft) -> tuple[Body, tuple[NewFile, ...]] | None:
        findings, name, layout = self._load.findings, self._sheet.name, self._layout
        if len(draft.rows) > 1:
            differs = find_disagreement(layout, draft.rows)
            if differs is not None:
                findings.add(cell_problems.ROWS_DISAGREE, name, differs[0], differs[1])
                return None
        try:
            body = build_body(layout, self._form, draft.rows)
        except GapInList as gap:
            findings.add(cell_problems.BODY_LIST_GAP, name, draft.rows[0].row, layout.columns[gap.place].name)
            return None
        files = () if self._attachments is None else self._attachments.complete(body, draft.rows)
        if files is None or not check_body(layout, self._form, body, name, draft.rows, findings):
            return None
        return body, files

    def _school_of(self, draft: _Draft) -> KnownOrganisation | None:
        """Return who keeps the record: the school itself, or its successor for a year after the school was closed."""
        findings, name, row = self._load.findings, self._sheet.name, draft.rows[0].row
        if fault_of_school_code(draft.school_code) is not None:
            findings.add(cell_problems.SCHOOL_CODE_DIGIT, name, row, "school_code", draft.school_code)
            return None
        school = self._load.directory.by_code(draft.school_code)
        if school is None or school.kind is not OrganisationKind.SCHOOL:
            findings.add(cell_problems.SCHOOL_UNKNOWN, name, row, "school_code", draft.school_code)
            return None
        keeper = self._load.directory.keeper_of(school, school_year_begin(draft.school_year))
        if keeper is not school:
            findings.add_once(
                cell_problems.SUCCESSOR_FOLLOWED, name, row, "school_code", school.code, successor=keeper.code
            )
        if not self._load.may_touch(keeper):
            findings.add(roster_problems.OUT_OF_REACH, name, row, "school_code", draft.school_code)
            return None
        return keeper

    def _has_its_place(self, draft: _Draft, record: WantedRecord, standing: dict[Place, StandingRecord]) -> bool:
        """Whether a record does not come where another school's stands, as can be once a successor was followed."""
        old = standing.get(record.place)
        there = old.body["school"]["code"] if old is not None and old.body is not None else None
        if draft.school_code != record.issuer:
            there = there or self._followed.setdefault(record.place, draft.school_code)
        else:
            there = there or self._followed.get(record.place)
        if there is None or there == draft.school_code:
            return True
        row = draft.rows[0].row
        self._load.findings.add(cell_problems.PLACE_TAKEN, self._sheet.name, row, "school_code", draft.school_code)
        return False
