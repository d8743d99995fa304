"""What was handed in, and in which order its files are read: a OneRoster set, or files of the published layouts."""

from collections.abc import Sequence
from typing import Final

from pds.intake import file_problems
from pds.intake.archive import Unreadable
from pds.intake.attachments import open_attachments, refuse_attachments
from pds.intake.forbidden import is_forbidden
from pds.intake.layouts import Layout, all_layouts, nearest_layout
from pds.intake.load import Load
from pds.intake.oneroster.forms import binding
from pds.intake.oneroster.manifest import MANIFEST
from pds.intake.oneroster.persons import read_people
from pds.intake.oneroster.placements import Placements
from pds.intake.oneroster.places import (
    end_classes,
    read_classes,
    read_courses,
    read_organisations,
    read_sessions,
    report_unnamed_classes,
)
from pds.intake.oneroster.roster import open_roster
from pds.intake.registers import load_register
from pds.intake.sheets import Sheet
from pds.intake.tables import load_carer_authority, load_school_list, load_staff_roles

_ORDER: Final = (
    "school_list", "staff_roles", "carer_authority", "register_enrolment", "register_guidance", "health_check",
    "attendance_exceptions", "report", "assessment", "portfolio",
)  # fmt: skip

_WITH_FILES: Final = "portfolio"


def read_parcel(load: Load) -> None:
    """Read everything that was handed in. What cannot be read is a finding, never an exception."""
    try:
        if MANIFEST in load.parcel.members:
            refuse_attachments(load)
            _read_roster(load)
        elif load.parcel.is_zip and any(_is_roster_file(name) for name in load.parcel.members):
            load.findings.add(file_problems.MANIFEST_MISSING, load.parcel.name)
        else:
            _read_layouts(load)
    except Unreadable as refused:
        note_unreadable(load, refused)
    load.changes.flush()


def note_unreadable(load: Load, refused: Unreadable) -> None:
    """Carry what could not be read into the report."""
    load.findings.add(refused.problem, refused.file, refused.row, None, refused.value, **refused.params)


def _read_roster(load: Load) -> None:
    roster = open_roster(load)
    if roster is None:
        return
    read_organisations(roster)
    read_sessions(roster)
    read_courses(roster)
    read_classes(roster)
    people = read_people(roster)
    placements = Placements(roster, people)
    placements.read()
    end_classes(roster, placements.ended)
    placements.report_unnamed()
    report_unnamed_classes(roster)


def _read_layouts(load: Load) -> None:
    found: dict[str, tuple[Sheet, Layout]] = {}
    for name in load.parcel.members:
        try:
            sheet = Sheet(load.parcel, name)
        except Unreadable as refused:
            note_unreadable(load, refused)
            continue
        if sheet.has_bom:
            load.findings.add(file_problems.BOM, name, 1)
        layout = _recognise(load, sheet)
        if layout is None:
            continue
        if layout.name in found:
            load.findings.add(file_problems.LAYOUT_TWICE, name)
        found[layout.name] = (sheet, layout)
    if _WITH_FILES not in found:
        refuse_attachments(load)
    load.content = ",".join(name for name in _ORDER if name in found) or None
    for name in _ORDER:
        if name in found:
            _read_layout(load, *found[name])


def _read_layout(load: Load, sheet: Sheet, layout: Layout) -> None:
    before = load.rows
    try:
        match layout.name:
            case "school_list":
                load_school_list(load, sheet, layout)
            case "staff_roles":
                load_staff_roles(load, sheet, layout)
            case "carer_authority":
                load_carer_authority(load, sheet, layout)
            case name if name == _WITH_FILES:
                with open_attachments(load, sheet.name) as attachments:
                    load_register(load, sheet, layout, attachments)
            case _:
                load_register(load, sheet, layout)
    except Unreadable as refused:
        note_unreadable(load, refused)
        return
    if load.rows == before and not load.findings.errors:
        load.findings.add(file_problems.NO_ROWS, sheet.name)


def _recognise(load: Load, sheet: Sheet) -> Layout | None:
    """Return the layout whose header this is; say what is nearest where it is none."""
    findings, header = load.findings, sheet.header
    layout = all_layouts().get(tuple(header))
    if layout is not None:
        return layout
    for name in header:
        if is_forbidden(name):
            findings.add(file_problems.FORBIDDEN_COLUMN, sheet.name, 1, name)
    if header[:3] == ["sourcedId", "status", "dateLastModified"]:
        findings.add(file_problems.ONEROSTER_ALONE, sheet.name)
        return None
    nearest = nearest_layout(header)
    shared = set(header) & set(nearest.header)
    if len(shared) < 3:
        findings.add(file_problems.HEADER_UNKNOWN, sheet.name, 1, None, ",".join(header), nearest=nearest.name)
    else:
        _explain(load, sheet.name, header, nearest)
    return None


def _explain(load: Load, name: str, header: Sequence[str], layout: Layout) -> None:
    """Say column by column how a header differs from the layout it nearly is."""
    findings = load.findings
    missing = [column for column in layout.header if column not in header]
    for column in missing:
        findings.add(file_problems.HEADER_MISSING, name, 1, column, expected=column)
    for place, column in enumerate(header):
        if column in header[:place]:
            findings.add(file_problems.HEADER_TWICE, name, 1, column, column)
        elif column not in layout.header and not is_forbidden(column):
            findings.add(file_problems.HEADER_EXTRA, name, 1, column, column)
    if not missing:
        for place, column in enumerate(layout.header):
            if header[place] != column:
                found = header[place]
                findings.add(file_problems.HEADER_ORDER, name, 1, found, found, position=place + 1, expected=column)
                return


def _is_roster_file(member: str) -> bool:
    return member.removesuffix(".csv") in binding().file_rows
