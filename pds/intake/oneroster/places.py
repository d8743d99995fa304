"""Organisations, school years, courses and classes of a OneRoster set."""

import re
from typing import Final

from consent.age import school_year_begin, school_year_end
from pds.intake import cell_problems, roster_problems
from pds.intake.load import Load
from pds.intake.oneroster.forms import Values
from pds.intake.oneroster.roster import TO_BE_DELETED, Roster
from pds.intake.spreadsheet import mangled_board_code, mangled_school_code
from pds.organisations import registry as organisations
from pds.organisations.codes import CodeFault, fault_of_school_code, is_board_code
from pds.organisations.registry import KnownClass, KnownOrganisation, OrganisationKind

_TITLE: Final = re.compile(r"^(\d+)年度$", re.ASCII)
_KINDS: Final = {"district": OrganisationKind.BOARD, "school": OrganisationKind.SCHOOL}


def read_organisations(roster: Roster) -> None:
    """Read orgs.csv: establishers first, so that schools find theirs wherever in the file it stands."""
    rows = list(roster.rows("orgs"))
    for row, values in rows:
        if values.get("status") == TO_BE_DELETED:
            roster.load.findings.add(roster_problems.ORGANISATION_STAYS, "orgs.csv", row, "status", values["sourcedId"])
    rows = [(row, values) for row, values in rows if values.get("status") != TO_BE_DELETED]
    for kind in ("district", "school"):
        wanted: list[KnownOrganisation] = []
        for row, values in rows:
            if values["type"] == kind:
                one = _organisation(roster, row, values)
                if one is None:
                    roster.refuse("orgs", values["sourcedId"])
                else:
                    wanted.append(one)
                    roster.organisations[one.source_id] = one
        roster.load.take("organisation", roster.load.directory.put(wanted, write=roster.load.write))
    for row, values in rows:
        if values["type"] not in _KINDS:
            roster.refuse("orgs", values["sourcedId"])
            roster.load.findings.add(roster_problems.ORG_TYPE, "orgs.csv", row, "type", values["type"])


def read_sessions(roster: Roster) -> None:
    """Read academicSessions.csv: in the Japan profile each is one school year."""
    parents: list[tuple[int, str]] = []
    for row, values in roster.rows("academicSessions"):
        if values.get("status") == TO_BE_DELETED:
            continue
        year = _school_year(roster.load, row, values)
        if year is None:
            roster.refuse("academicSessions", values["sourcedId"])
        else:
            roster.school_years[values["sourcedId"]] = year
        if "parentSourcedId" in values:
            parents.append((row, values["parentSourcedId"]))
    for row, parent in parents:
        if parent not in roster.school_years and not roster.is_delta("academicSessions"):
            roster.dangling("academicSessions", row, "parentSourcedId", parent, "academicSessions")


def read_courses(roster: Roster) -> None:
    """Read courses.csv, which is only checked: courses are not kept."""
    for row, values in roster.rows("courses"):
        if values.get("status") == TO_BE_DELETED:
            continue
        roster.courses.add(values["sourcedId"])
        if values.get("courseCode"):
            roster.load.findings.add(
                roster_problems.COURSE_CODE_FILLED, "courses.csv", row, "courseCode", values["courseCode"]
            )
        if roster.organisation(values["orgSourcedId"]) is None:
            roster.dangling("courses", row, "orgSourcedId", values["orgSourcedId"], "orgs")
        year = values.get("schoolYearSourcedId")
        if year is not None and roster.has("academicSessions") and year not in roster.school_years:
            roster.dangling("courses", row, "schoolYearSourcedId", year, "academicSessions")


def read_classes(roster: Roster) -> None:
    """Read classes.csv and keep the homerooms."""
    load = roster.load
    wanted: list[KnownClass] = []
    for row, values in roster.rows("classes"):
        one = _class(roster, row, values)
        if one is None:
            roster.refuse("classes", values["sourcedId"])
            continue
        if values.get("status") == TO_BE_DELETED:
            roster.ended_classes[values["sourcedId"]] = (row, one)
        elif values["classType"] == "homeroom":
            roster.classes[values["sourcedId"]] = one
            wanted.append(one)
        else:
            roster.classes[values["sourcedId"]] = None
            load.findings.add_once(
                roster_problems.SCHEDULED_CLASS, "classes.csv", row, "classType", values["classType"]
            )
    load.take("school_class", organisations.put_classes(load.session, wanted, write=load.write))


def end_classes(roster: Roster, ended_places: set[bytes]) -> None:
    """Withdraw the classes that a set of changes takes off, save those in which children are left."""
    load = roster.load
    if not roster.ended_classes:
        return
    ids = [one.class_id for _, one in roster.ended_classes.values()]
    left = organisations.places_in_classes(load.session, ids)
    empty = []
    for source_id, (row, one) in roster.ended_classes.items():
        if {place.bytes for place in left.get(one.class_id, set())} - ended_places:
            load.findings.add(roster_problems.CLASS_STAYS, "classes.csv", row, "sourcedId", source_id)
        else:
            empty.append(one.class_id)
    load.take("school_class", organisations.end_classes(load.session, empty, write=load.write))


def report_unnamed_classes(roster: Roster) -> None:
    """Report classes of the set's schools and years that a complete set no longer names."""
    load = roster.load
    if not roster.has("classes") or roster.is_delta("classes"):
        return
    kept = [one for one in roster.classes.values() if one is not None]
    named = {one.class_id for one in kept}
    schools, years = {one.organisation for one in kept}, {one.school_year for one in kept}
    for class_id, source_id in organisations.named_classes(load.session, list(schools), list(years)):
        if class_id not in named:
            load.tally["school_class", "no_longer_named"] += 1
            load.findings.add(roster_problems.NO_LONGER_NAMED, "classes.csv", None, "sourcedId", source_id)


def _organisation(roster: Roster, row: int, values: Values) -> KnownOrganisation | None:
    load, source_id = roster.load, values["sourcedId"]
    kind = _KINDS[values["type"]]
    code = values.get("identifier", "")
    if kind is OrganisationKind.BOARD and not code:
        kind, code = OrganisationKind.ESTABLISHER, source_id
        load.findings.add(roster_problems.ESTABLISHER_WITHOUT_CODE, "orgs.csv", row, "identifier", source_id)
    elif not _is_good_code(load, row, kind, code):
        return None
    parent = None
    if "parentSourcedId" in values:
        found = roster.organisation(values["parentSourcedId"])
        if found is None:
            roster.dangling("orgs", row, "parentSourcedId", values["parentSourcedId"], "orgs")
            return None
        parent = found.organisation
    twin = next((one for one in roster.organisations.values() if one.code == code), None)
    if twin is not None:
        load.findings.add(roster_problems.DUPLICATE, "orgs.csv", row, "identifier", code, first=twin.source_id)
        return None
    known = load.directory.by_code(code)
    one = KnownOrganisation(
        organisations.organisation_id(load.place_key, code) if known is None else known.organisation,
        kind, code, values["name"], source_id,
        parent if parent is not None or known is None else known.parent,
        None if known is None else known.successor_code,
        None if known is None else known.valid_from,
        None if known is None else known.valid_to,
    )  # fmt: skip
    if one != known and not load.may_touch(one):
        load.findings.add(roster_problems.OUT_OF_REACH, "orgs.csv", row, "identifier", code)
        return None
    return one


def _is_good_code(load: Load, row: int, kind: OrganisationKind, code: str) -> bool:
    if kind is OrganisationKind.BOARD:
        if is_board_code(code):
            return True
        problem, params = mangled_board_code(code) or (cell_problems.BOARD_CODE_FORM, {})
    elif not code:
        problem, params = cell_problems.REQUIRED, {}
    else:
        fault = fault_of_school_code(code)
        if fault is None:
            return True
        if fault is CodeFault.CHECK_DIGIT:
            problem, params = cell_problems.SCHOOL_CODE_DIGIT, {}
        else:
            problem, params = mangled_school_code(code) or (cell_problems.SCHOOL_CODE_FORM, {})
    load.findings.add(problem, "orgs.csv", row, "identifier", code, **params)
    return False


def _school_year(load: Load, row: int, values: Values) -> int | None:
    file, findings = "academicSessions.csv", load.findings
    if values["type"] != "schoolYear":
        findings.add(roster_problems.SESSION_TYPE, file, row, "type", values["type"])
        return None
    start, end = values["startDate"], values["endDate"]
    year: int = start.year
    if start != school_year_begin(year) or end != school_year_end(year):
        findings.add(roster_problems.SESSION_DATES, file, row, "startDate", f"{start}–{end}")
        return None
    title = _TITLE.match(values["title"])
    if title is None or int(title[1]) != year:
        findings.add(roster_problems.SESSION_TITLE, file, row, "title", values["title"])
    if values["schoolYear"] not in (year, year + 1):  # the standard names the later year, the Japan profile the first
        findings.add(roster_problems.SESSION_YEAR, file, row, "schoolYear", str(values["schoolYear"]))
    return year


def _class(roster: Roster, row: int, values: Values) -> KnownClass | None:
    load, source_id = roster.load, values["sourcedId"]
    school = roster.organisation(values.get("schoolSourcedId", ""))
    if school is None:
        roster.dangling("classes", row, "schoolSourcedId", values.get("schoolSourcedId", ""), "orgs")
        return None
    course = values.get("courseSourcedId")
    if course is not None and roster.has("courses") and not roster.is_delta("courses") and course not in roster.courses:
        roster.dangling("classes", row, "courseSourcedId", course, "courses")
        return None
    year = _year_of_class(roster, row, values, school)
    if year is None:
        return None
    keeper = load.directory.keeper_of(school, school_year_begin(year))
    if keeper is not school and keeper.code != school.code:
        load.findings.add_once(
            cell_problems.SUCCESSOR_FOLLOWED, "classes.csv", row, "schoolSourcedId", school.code, successor=keeper.code
        )
    if not load.may_touch(keeper):
        load.findings.add(roster_problems.OUT_OF_REACH, "classes.csv", row, "schoolSourcedId", school.source_id)
        return None
    return KnownClass(
        organisations.class_id(load.place_key, keeper.organisation, source_id), keeper.organisation, source_id, year,
        values.get("title", ""), tuple(values.get("grades", ())), bool(values.get("metadata.jp.specialNeeds", False)),
    )  # fmt: skip


def _year_of_class(roster: Roster, row: int, values: Values, school: KnownOrganisation) -> int | None:
    """Return the school year of a class: from its sessions, or as it stands where a set of changes leaves them out."""
    load = roster.load
    terms = values.get("termSourcedIds", [])
    years = {roster.school_years[term] for term in terms if term in roster.school_years}
    missing = [term for term in terms if term not in roster.school_years]
    if len(years) > 1:
        load.findings.add(roster_problems.CLASS_SESSIONS_DIFFER, "classes.csv", row, "termSourcedIds", ",".join(terms))
        return None
    if years and not missing:
        return years.pop()
    if roster.has("academicSessions") and not roster.is_delta("academicSessions"):
        for term in missing:
            roster.dangling("classes", row, "termSourcedIds", term, "academicSessions")
        return None
    class_id = organisations.class_id(load.place_key, school.organisation, values["sourcedId"])
    known = organisations.find_classes(load.session, [class_id]).get(class_id)
    if known is not None:
        return known.school_year
    load.findings.add(roster_problems.SESSION_UNKNOWN, "classes.csv", row, "termSourcedIds", ",".join(terms))
    return None
