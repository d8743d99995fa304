"""Every rule of the CSV binding, of the Japan profile and of this node, each broken once and found at its place."""

from collections.abc import Callable
from datetime import date

import pytest

from tests.factories.oneroster import STAMP, Package, Row, delta_package, pack, package
from tests.integration.pds.intake.desk import Desk, authority_row, codes, outcomes, school_row, sheet

Bend = Callable[[Package], None]
NORTH = "B120299000027"


def put(file: str, row: int, **cells: str) -> Bend:
    """Change cells of a row; `__` stands for a dot, and a trailing `_` keeps clear of keywords."""

    def bend(bent: Package) -> None:
        bent.rows[file][row] |= {name.replace("__", ".").rstrip("_"): value for name, value in cells.items()}

    return bend


def add(file: str, row: int, **cells: str) -> Bend:
    """Add a copy of a row with other cells."""

    def bend(bent: Package) -> None:
        bent.rows[file].append(bent.rows[file][row] | cells)

    return bend


def drop(file: str) -> Bend:
    """Drop the last row."""

    def bend(bent: Package) -> None:
        del bent.rows[file][-1]

    return bend


def header(file: str, column: str) -> Bend:
    return lambda bent: bent.headers[file].append(column)


def manifest(name: str, value: str) -> Bend:
    return lambda bent: bent.set_manifest(name, value)


def manifest_row(*row: str) -> Bend:
    return lambda bent: bent.manifest.append(list(row))


def both(*bends: Bend) -> Bend:
    def bend(bent: Package) -> None:
        for one in bends:
            one(bent)

    return bend


def session_of(year: int) -> Row:
    return {
        "sourcedId": f"y-{year}", "title": f"{year}年度", "startDate": f"{year}-04-01", "endDate": f"{year + 1}-03-31",
        "schoolYear": str(year),
    }  # fmt: skip


RULES: list[tuple[str, Bend, str, str, str | None]] = [
    ("manifest version", manifest("manifest.version", "1.1"), "manifest_version", "manifest.csv", "value"),
    ("manifest value", manifest("file.users", "full"), "manifest_value", "manifest.csv", "value"),
    ("manifest row twice", manifest_row("file.users", "bulk"), "manifest_row_twice", "manifest.csv", "propertyName"),
    ("manifest short row", manifest_row("file.users"), "cell_count", "manifest.csv", None),
    (
        "manifest row missing", lambda bent: bent.manifest.remove(["file.results", "absent"]), "manifest_row_missing",
        "manifest.csv", "propertyName",
    ),
    ("header twice", header("orgs", "name"), "header_twice", "orgs.csv", "name"),
    ("header of one's own", header("orgs", "color"), "header_extra", "orgs.csv", "color"),
    ("forbidden column", header("users", "metadata.jp.いじめ"), "forbidden_column", "users.csv", "metadata.jp.いじめ"),
    ("cell too long", put("orgs", 1, name="学" * 2001), "too_long", "orgs.csv", "name"),
    ("user ids", put("users", 0, userIds="{a:1},b:2"), "bad_user_id", "users.csv", "userIds"),
    ("capital true", put("users", 0, enabledUser="TRUE"), "mangled_boolean", "users.csv", "enabledUser"),
    ("boolean", put("users", 0, enabledUser="yes"), "not_true_or_false", "users.csv", "enabledUser"),
    ("grade", put("users", 0, grades="P5,P9"), "not_a_code", "users.csv", "grades"),
    ("slashed date", put("demographics", 0, birthDate="2015/8/20"), "mangled_date", "demographics.csv", "birthDate"),
    (
        "attendance number", put("enrollments", 0, metadata__jp__ShussekiNo="0"), "attendance_number",
        "enrollments.csv", "metadata.jp.ShussekiNo",
    ),
    ("session type", put("academicSessions", 0, type_="term"), "session_type", "academicSessions.csv", "type"),
    ("session title", put("academicSessions", 0, title="令和8年度"), "session_title", "academicSessions.csv", "title"),
    (
        "session year", put("academicSessions", 0, schoolYear="2024"),
        "session_year", "academicSessions.csv", "schoolYear",
    ),
    (
        "session dates", put("academicSessions", 0, startDate="2026-04-02"), "session_dates", "academicSessions.csv",
        "startDate",
    ),
    (
        "session parent", put("academicSessions", 0, parentSourcedId="y-1"), "dangling", "academicSessions.csv",
        "parentSourcedId",
    ),
    (
        "session year in letters", put("academicSessions", 0, schoolYear="26"),
        "not_a_number", "academicSessions.csv", "schoolYear",
    ),
    ("kind of organisation", put("orgs", 1, type_="department"), "org_type", "orgs.csv", "type"),
    ("school without code", put("orgs", 1, identifier=""), "required", "orgs.csv", "identifier"),
    ("school with another code", put("orgs", 1, identifier="0123"), "school_code_form", "orgs.csv", "identifier"),
    ("board without zero", put("orgs", 0, identifier="11000"), "lost_zero", "orgs.csv", "identifier"),
    ("board with another code", put("orgs", 0, identifier="990000"), "board_code_form", "orgs.csv", "identifier"),
    ("one code for two schools", add("orgs", 1, sourcedId="east2"), "duplicate", "orgs.csv", "identifier"),
    ("course code", put("courses", 0, courseCode="1"), "course_code_filled", "courses.csv", "courseCode"),
    ("course of nobody", put("courses", 0, orgSourcedId="x"), "dangling", "courses.csv", "orgSourcedId"),
    ("course of no year", put("courses", 0, schoolYearSourcedId="x"), "dangling", "courses.csv", "schoolYearSourcedId"),
    ("class of no course", put("classes", 0, courseSourcedId="x"), "dangling", "classes.csv", "courseSourcedId"),
    ("class of no school", put("classes", 0, schoolSourcedId="x"), "dangling", "classes.csv", "schoolSourcedId"),
    ("class of no year", put("classes", 0, termSourcedIds="x"), "dangling", "classes.csv", "termSourcedIds"),
    (
        "class of two years",
        both(add("academicSessions", 0, **session_of(2025)), put("classes", 0, termSourcedIds="y-2026,y-2025")),
        "class_sessions_differ", "classes.csv", "termSourcedIds",
    ),
    ("primary student", put("enrollments", 0, primary="true"), "primary_of_student", "enrollments.csv", "primary"),
    (
        "day before the year", put("enrollments", 0, beginDate="2026-03-31"),
        "outside_school_year", "enrollments.csv", "beginDate",
    ),
    (
        "day after the year", put("enrollments", 0, endDate="2027-04-01"),
        "outside_school_year", "enrollments.csv", "endDate",
    ),
    (
        "place that ends first", put("enrollments", 0, beginDate="2026-10-01", endDate="2026-09-30"), "dates_reversed",
        "enrollments.csv", "endDate",
    ),
    (
        "place at no school", put("enrollments", 0, schoolSourcedId="x"),
        "dangling", "enrollments.csv", "schoolSourcedId",
    ),
    (
        "place of the board", put("enrollments", 0, schoolSourcedId="board"),
        "class_of_other_school", "enrollments.csv", "schoolSourcedId",
    ),
    (
        "student's place for staff", put("enrollments", 0, userSourcedId="t-1"),
        "learner_unknown", "enrollments.csv", "userSourcedId",
    ),
    (
        "teacher's place for a child", put("enrollments", 2, userSourcedId="s-1"),
        "staff_unknown", "enrollments.csv", "userSourcedId",
    ),
    (
        "administrator of nobody", put("enrollments", 2, role="administrator", userSourcedId="x"),
        "dangling", "enrollments.csv", "userSourcedId",
    ),
    ("role of nobody", put("roles", 2, userSourcedId="x"), "dangling", "roles.csv", "userSourcedId"),
    ("role nowhere", put("roles", 3, orgSourcedId="x"), "dangling", "roles.csv", "orgSourcedId"),
    ("role that ends first", put("roles", 3, endDate="2026-03-01"), "dates_reversed", "roles.csv", "endDate"),
    ("facts of nobody", put("demographics", 1, sourcedId="x"), "dangling", "demographics.csv", "sourcedId"),
    (
        "first school of nobody", put("users", 0, primaryOrgSourcedId="x"),
        "dangling", "users.csv", "primaryOrgSourcedId",
    ),
    ("user without role", drop("roles"), "user_without_role", "users.csv", "sourcedId"),
    ("student and staff", add("roles", 0, sourcedId="r-x", role="teacher"), "role_conflict", "users.csv", "sourcedId"),
    (
        "one master for two", put("users", 1, userMasterIdentifier="0b7fbd0e-3a53-4f0c-9d3b-0f2f6d4c7a01"), "duplicate",
        "users.csv", "userMasterIdentifier",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("bend", "code", "file", "column"), [rule[1:] for rule in RULES], ids=[rule[0] for rule in RULES]
)
def test_a_broken_rule_is_found_at_its_place(desk: Desk, bend: Bend, code: str, file: str, column: str | None) -> None:
    bent = package()
    bend(bent)
    seen = desk.hand_in(bent.packed())
    assert seen.state == "refused"
    places = {(finding.code, finding.file, finding.column) for finding in desk.findings(seen.run_id)}
    assert (f"intake.{code}", file, column) in places


NOTED: list[tuple[str, Bend, str]] = [
    ("a row of the manifest that nobody knows", manifest_row("file.lunches", "absent"), "manifest_row_unknown"),
    ("a metadata column that is not read", header("users", "metadata.own"), "metadata_unused"),
    ("a subject group", put("classes", 0, classType="scheduled"), "scheduled_class"),
    ("an agent without a carer's role", put("users", 0, agentSourcedIds="t-1"), "agent_not_carer"),
]


@pytest.mark.parametrize(("bend", "code"), [rule[1:] for rule in NOTED], ids=[rule[0] for rule in NOTED])
def test_what_does_not_hinder_is_only_told(desk: Desk, bend: Bend, code: str) -> None:
    bent = package()
    bend(bent)
    seen = desk.load(bent.packed())
    assert codes(seen) == {f"intake.{code}": 1}


def test_an_extended_role_makes_staff_without_an_office(desk: Desk) -> None:
    bent = package()
    bent.rows["roles"][3]["role"] = "ext:gardener"
    bent.rows["enrollments"].pop()
    seen = desk.load(bent.packed())
    assert outcomes(seen, "staff") == {"new": 1}
    assert outcomes(seen, "staff_role") == {}


def test_files_of_the_standard_that_hold_nothing_for_us_are_not_read(desk: Desk) -> None:
    bent = package()
    bent.set_manifest("file.results", "bulk")
    seen = desk.load(pack(bent.members() | {"results.csv": b"sourcedId\r\nx\r\n"}))
    assert codes(seen) == {"intake.file_not_read": 1}


def test_a_file_that_no_set_has_is_refused(desk: Desk) -> None:
    seen = desk.hand_in(pack(package().members() | {"lunches.csv": b"a\r\nx\r\n"}))
    assert codes(seen) == {"intake.file_unknown": 1}


def test_the_newer_model_may_leave_out_what_it_no_longer_has(desk: Desk) -> None:
    bent = package()
    bent.set_manifest("oneroster.version", "1.2.1")
    bent.headers["users"].remove("resourceSourcedIds")
    desk.load(bent.packed())
    bent.set_manifest("oneroster.version", "1.2")
    assert set(codes(desk.hand_in(bent.packed()))) == {"intake.header_missing"}


def test_accounts_of_other_systems_are_checked_and_not_kept(desk: Desk) -> None:
    bent = package()
    bent.headers["userProfiles"] = [
        "sourcedId", "status", "dateLastModified", "userSourcedId", "profileType", "vendorId", "applicationId",
        "description", "credentialType", "username", "password",
    ]  # fmt: skip
    row = {"sourcedId": "p-1", "userSourcedId": "s-1", "profileType": "a", "vendorId": "v", "credentialType": "c",
           "username": "u", "password": "geheim"}  # fmt: skip
    bent.rows["userProfiles"] = [row, row | {"sourcedId": "p-2", "userSourcedId": "s-99"}]
    bent.set_manifest("file.userProfiles", "bulk")
    seen = desk.hand_in(bent.packed())
    (finding,) = desk.findings(seen.run_id)
    assert (finding.code, finding.file, finding.row) == ("intake.dangling", "userProfiles.csv", 3)
    bent.rows["userProfiles"].pop()
    desk.load(bent.packed())
    assert not any("geheim" in rows for table in desk.contents().values() for rows in table)


def delta(**files: list[Row]) -> Package:
    """A set of changes with some files; every row is stamped, active unless it says otherwise."""
    base, bent = package(), delta_package()
    bent.rows = {
        file: [{"status": "active", "dateLastModified": STAMP} | row for row in rows] for file, rows in files.items()
    }
    bent.headers = {file: base.headers[file] for file in files}
    for file in base.rows:
        bent.set_manifest(f"file.{file}", "delta" if file in files else "absent")
    return bent


def test_changes_lean_on_what_is_known_here(desk: Desk) -> None:
    desk.load(package().packed())
    base = package()
    moved = base.rows["enrollments"][0] | {"metadata.jp.ShussekiNo": "9", "endDate": "2026-11-30"}
    renamed = base.rows["classes"][0] | {"title": "5年い組"}
    seen = desk.load(delta(enrollments=[moved]).packed())
    assert outcomes(seen, "enrolment") == {"changed": 1}
    seen = desk.load(delta(classes=[renamed]).packed())
    assert outcomes(seen, "school_class") == {"changed": 1}
    (place,) = desk.ask('SELECT number, "end" FROM enrolment WHERE learner_id = :one', one=desk.learner("s-1"))
    assert tuple(place) == (9, date(2026, 11, 30))
    assert desk.scalar("SELECT name FROM school_class") == "5年い組"


def test_a_change_of_facts_alone_reaches_the_child(desk: Desk) -> None:
    desk.load(package().packed())
    seen = desk.load(delta(demographics=[{"sourcedId": "s-2", "sex": "unspecified"}]).packed())
    assert outcomes(seen, "learner") == {"changed": 1}
    details = desk.details("s-2")
    assert (details.birth_date, details.sex, details.name.family) == (date(2016, 2, 29), "unspecified", "𠮷田")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (delta(demographics=[{"sourcedId": "s-9", "sex": "male"}]), "dangling"),
        (delta(enrollments=[package().rows["enrollments"][0] | {"classSourcedId": "cl-9"}]), "dangling"),
        (delta(enrollments=[package().rows["enrollments"][0] | {"userSourcedId": "s-9"}]), "dangling"),
        (delta(classes=[package().rows["classes"][0] | {"sourcedId": "cl-9"}]), "session_unknown"),
        (
            delta(users=[package().rows["users"][0] | {"sourcedId": "s-9", "userMasterIdentifier": "x"}]),
            "user_without_role",
        ),
    ],
    ids=["facts", "class", "child", "year", "user"],
)
def test_changes_that_lean_on_nothing_are_refused(desk: Desk, change: Package, code: str) -> None:
    desk.load(package().packed())
    assert f"intake.{code}" in codes(desk.hand_in(change.packed()))


def test_taking_off_a_school_through_a_roster_is_only_warned_of(desk: Desk) -> None:
    desk.load(package().packed())
    gone = package().rows["orgs"][1] | {"status": "tobedeleted"}
    seen = desk.load(delta(orgs=[gone]).packed())
    assert codes(seen) == {"intake.organisation_stays": 1}


def test_an_empty_class_is_taken_off_with_its_last_places(desk: Desk) -> None:
    desk.load(package().packed())
    off = {"status": "tobedeleted"}
    places = [row | off for row in package().rows["enrollments"]]
    seen = desk.load(delta(classes=[package().rows["classes"][0] | off], enrollments=places).packed())
    assert outcomes(seen, "school_class") == {"ended": 1}
    assert desk.scalar("SELECT withdrawn FROM school_class") is True


def test_a_carer_with_authority_stays_and_a_mere_contact_goes(desk: Desk) -> None:
    desk.load(package().packed())
    off = delta(users=[package().rows["users"][2] | {"status": "tobedeleted"}]).packed()
    contact = desk.load(off)
    assert (outcomes(contact, "carer"), outcomes(contact, "care")) == ({"ended": 1}, {"ended": 1})
    desk.undo(contact.run_id)
    desk.load(sheet("carer_authority", authority_row()), "carers.csv")
    seen = desk.load(off)
    assert codes(seen) == {"intake.authority_stays": 1}
    assert desk.scalar("SELECT withdrawn FROM carer") is False


def test_a_class_of_a_closed_school_is_the_successors(desk: Desk) -> None:
    desk.load(package().packed())
    closed = school_row(NORTH, "みらい市立北小学校", closed_on="2021-03-31", successor_code="B120299000018")
    desk.load(sheet("school_list", closed), "schools.csv")
    bent = package()
    bent.rows["orgs"].append(
        {"sourcedId": "north", "name": "みらい市立北小学校", "type": "school", "identifier": NORTH,
         "parentSourcedId": "board"}
    )  # fmt: skip
    bent.rows["classes"].append(bent.rows["classes"][0] | {"sourcedId": "cl-n", "schoolSourcedId": "north"})
    seen = desk.load(bent.packed())
    assert codes(seen)["intake.successor_followed"] == 1
    code = desk.scalar(
        "SELECT o.code FROM school_class c JOIN organisation o USING (organisation_id) WHERE c.source_id = 'cl-n'"
    )
    assert code == "B120299000018"
