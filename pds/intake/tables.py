"""The layouts that make no records: the list of schools, roles of staff, authority of carers."""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import islice
from typing import Any, Final
from uuid import UUID

from consent.vocabulary import Basis, CarerState
from consent.vocabulary import StaffRole as Role
from pds.intake import cell_problems, roster_problems
from pds.intake.layouts import Layout
from pds.intake.load import Load
from pds.intake.sheets import Sheet
from pds.organisations import registry as organisations
from pds.organisations.codes import fault_of_school_code, is_board_code
from pds.organisations.registry import KnownOrganisation, OrganisationKind
from pds.people import authority, registry, staffing
from pds.people.authority import WantedCare
from pds.people.details import CareNotes
from pds.people.staffing import WantedRole

_BATCH: Final = 1000
_ABOVE_SCHOOLS: Final = frozenset({"board_officer", "operator"})
Row = tuple[int, dict[str, Any]]


def load_school_list(load: Load, sheet: Sheet, layout: Layout) -> None:
    """Merge the list of schools: names, closing dates, successors. Schools it does not name stay as they are."""
    rows = list(_rows(load, sheet, layout))
    listed = {values["code"] for _, values in rows}
    wanted: list[KnownOrganisation] = []
    for row, values in rows:
        one = _listed_school(load, sheet.name, row, values, listed)
        if one is not None:
            wanted.append(one)
    load.take("organisation", load.directory.put(wanted, write=load.write))


def load_staff_roles(load: Load, sheet: Sheet, layout: Layout) -> None:
    """Merge roles of staff that OneRoster has no word for."""
    for batch in _batches(load, sheet, layout):
        staff = staffing.find_staff(load.session, load.node, {values["staff"] for _, values in batch})
        wanted = [
            role for row, values in batch if (role := _staff_role(load, sheet.name, row, values, staff)) is not None
        ]
        load.take("staff_role", staffing.put_roles(load.session, load.place_key, wanted, write=load.write))


def load_carer_authority(load: Load, sheet: Sheet, layout: Layout) -> None:
    """Merge who may decide and see what for a child."""
    for batch in _batches(load, sheet, layout):
        learners = registry.find_learners(load.session, load.node, {values["learner"] for _, values in batch})
        carers = registry.find_carers(load.session, load.node, {values["carer"] for _, values in batch})
        wanted: list[tuple[int, WantedCare]] = []
        for row, values in batch:
            care = _care(load, sheet.name, row, values, learners, carers)
            if care is not None:
                wanted.append((row, care))
        beyond = load.reach.learners_beyond(care.learner for _, care in wanted)
        for row, care in wanted:
            if care.learner in beyond:
                load.findings.add(roster_problems.OUT_OF_REACH, sheet.name, row, "learner")
        put = authority.put_authority(load.session, load.node, [care for _, care in wanted], write=load.write)
        load.take("care", put.merged)
        for row, care in wanted:
            if (care.learner, care.carer) in put.still_blocked:
                load.findings.add(roster_problems.BLOCK_STAYS, sheet.name, row, "contact_block", "false")


def _rows(load: Load, sheet: Sheet, layout: Layout) -> Iterator[Row]:
    """Yield the rows that read well, by column name; duplicates are reported and left out."""
    first: dict[tuple[str, ...], int] = {}
    names = layout.header
    waiting = 0
    for number, cells in sheet.rows():
        waiting += 1
        values = layout.read_row(cells, sheet.name, number, load.findings)
        if values is None:
            continue
        key = tuple(cells[place] for place in layout.row_key)
        seen = first.setdefault(key, number)
        if seen != number:
            column = names[layout.row_key[0]]
            load.findings.add(roster_problems.DUPLICATE, sheet.name, number, column, key[0], first=seen)
            continue
        if waiting >= _BATCH:
            load.advance(waiting)
            waiting = 0
        yield number, {names[place]: value for place, value in values.items()}
    load.advance(waiting)


def _batches(load: Load, sheet: Sheet, layout: Layout) -> Iterator[Sequence[Row]]:
    rows = _rows(load, sheet, layout)
    while batch := list(islice(rows, _BATCH)):
        yield batch


def _listed_school(
    load: Load, file: str, row: int, values: dict[str, Any], listed: set[str]
) -> KnownOrganisation | None:
    findings, directory, code = load.findings, load.directory, values["code"]
    if fault_of_school_code(code) is not None:
        findings.add(cell_problems.SCHOOL_CODE_DIGIT, file, row, "code", code)
        return None
    successor = values.get("successor_code")
    if successor is not None:
        if fault_of_school_code(successor) is not None:
            findings.add(cell_problems.SUCCESSOR_CODE_DIGIT, file, row, "successor_code", successor)
        elif successor not in listed and directory.by_code(successor) is None:
            findings.add(cell_problems.SUCCESSOR_UNKNOWN, file, row, "successor_code", successor)
    begin, end = values.get("valid_from"), values.get("closed_on")
    if begin is not None and end is not None and end < begin:
        findings.add(roster_problems.DATES_REVERSED, file, row, "closed_on", end.isoformat())
        return None
    known = directory.by_code(code)
    parent = None if known is None else known.parent
    if "establisher" in values:
        board = directory.by_code(values["establisher"])
        if board is None:
            findings.add_once(cell_problems.SCHOOL_UNKNOWN, file, row, "establisher", values["establisher"])
            return None
        parent = board.organisation
    one = KnownOrganisation(
        organisations.organisation_id(load.place_key, code) if known is None else known.organisation,
        OrganisationKind.SCHOOL, code, values["name"], code if known is None else known.source_id, parent, successor,
        begin, end,
    )  # fmt: skip
    if one != known and not load.may_touch(one):
        findings.add(roster_problems.OUT_OF_REACH, file, row, "code", code)
        return None
    return one


def _staff_role(load: Load, file: str, row: int, values: dict[str, Any], staff: dict[str, UUID]) -> WantedRole | None:
    findings, code = load.findings, values["organisation"]
    begin, end = values["valid_from"], values.get("valid_to")
    person = staff.get(values["staff"])
    if person is None:
        findings.add(roster_problems.STAFF_UNKNOWN, file, row, "staff", values["staff"])
    if not is_board_code(code) and fault_of_school_code(code) is not None:
        findings.add(cell_problems.SCHOOL_CODE_DIGIT, file, row, "organisation", code)
        return None
    organisation = load.directory.by_code(code)
    if organisation is None:
        findings.add(cell_problems.SCHOOL_UNKNOWN, file, row, "organisation", code)
    if not _in_order(load, file, row, begin, end) or person is None or organisation is None:
        return None
    keeper = load.directory.keeper_of(organisation, begin)
    if keeper is not organisation:
        findings.add_once(cell_problems.SUCCESSOR_FOLLOWED, file, row, "organisation", code, successor=keeper.code)
    if not load.may_touch(keeper):
        findings.add(roster_problems.OUT_OF_REACH, file, row, "organisation", code)
        return None
    if values["role"] in _ABOVE_SCHOOLS and keeper.kind is OrganisationKind.SCHOOL:
        findings.add(roster_problems.ROLE_NOT_HERE, file, row, "role", values["role"])
        return None
    class_id = None
    if "class" in values:
        class_id = organisations.class_id(load.place_key, keeper.organisation, values["class"])
        if class_id not in organisations.find_classes(load.session, [class_id]):
            findings.add(roster_problems.CLASS_UNKNOWN, file, row, "class", values["class"])
            return None
    origin = ("staff_roles", values["role"], code, values.get("class", ""), begin.isoformat())
    return WantedRole(person, origin, Role(values["role"]), keeper.organisation, class_id, begin, end)


def _care(
    load: Load, file: str, row: int, values: dict[str, Any], learners: dict[str, UUID], carers: dict[str, UUID]
) -> WantedCare | None:
    learner, carer = learners.get(values["learner"]), carers.get(values["carer"])
    if learner is None:
        load.findings.add(roster_problems.LEARNER_UNKNOWN, file, row, "learner", values["learner"])
    if carer is None:
        load.findings.add(roster_problems.CARER_UNKNOWN, file, row, "carer", values["carer"])
    begin, end = values["valid_from"], values.get("valid_to")
    if not _in_order(load, file, row, begin, end) or learner is None or carer is None:
        return None
    notes = CareNotes(values["relationship"], values["evidence"], values.get("court_order", ""))
    return WantedCare(
        learner, carer, Basis(values["basis"]), CarerState(values["state"]), begin, end, values["contact_block"], notes
    )


def _in_order(load: Load, file: str, row: int, begin: date, end: date | None) -> bool:
    if end is None or begin <= end:
        return True
    load.findings.add(roster_problems.DATES_REVERSED, file, row, "valid_to", end.isoformat())
    return False
