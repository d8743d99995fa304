"""The OneRoster zips: both Japan profiles, bulk and delta, without a dangling reference."""

import re
import zipfile
from typing import Any

import pytest

from manabi.sample.cli import LEAST_LEARNERS
from manabi.sample.codes import check_digit
from manabi.sample.registers import LEARNER_LAYOUTS
from manabi.sample.world import World, make_world
from tests.unit.api_specs.contracts import contract
from tests.unit.manabi.sample.reading import Rows, Sample, csv_rows

FIELDS: Any = contract("oneroster/fields.json")
PROFILES = {"municipal": "jp_v1_2_1", "prefectural": "jp_k12_v1_0", "private": "jp_k12_v1_0"}
EVERY = pytest.mark.parametrize("establisher", PROFILES)
SCHOOL_CODE = contract("school_codes.json")["school_code"]["pattern"]
HALF_WIDTH_KANA = re.compile(r"[\uff61-\uff9f]")


def manifest(package: dict[str, Rows]) -> dict[str, str]:
    return {row["propertyName"]: row["value"] for row in package["manifest"]}


def check_references(rows: dict[str, Rows], known: dict[str, set[str]]) -> list[tuple[str, str, str]]:
    dangling = []
    for name, file in FIELDS["files"].items():
        for column in file["columns"]:
            for row in rows.get(name, []) if "references" in column else []:
                cell = row[column["name"]]
                values = cell.split(",") if column["type"] == "list" else [cell]
                dangling += [(name, column["name"], value) for value in values
                             if value and value not in known.get(column["references"], set())]  # fmt: skip
    return dangling


def ids(rows: dict[str, Rows]) -> dict[str, set[str]]:
    return {name: {row["sourcedId"] for row in found} for name, found in rows.items() if name != "manifest"}


@EVERY
def test_a_bulk_set_follows_its_profile(sample: Sample, establisher: str) -> None:
    package = sample.bulk(establisher)
    profile = FIELDS["profiles"][PROFILES[establisher]]
    told = manifest(package)
    assert told["oneroster.version"] == profile["oneroster_version"][0]
    for name in FIELDS["manifest"]["file_rows"]:
        assert told[f"file.{name}"] == ("bulk" if name in package else "absent")
    for name, rows in package.items():
        if name != "manifest":
            columns = [column["name"] for column in FIELDS["files"][name]["columns"]]
            assert list(rows[0]) == columns + profile["metadata"].get(name, [])


@EVERY
def test_a_bulk_set_is_filled_as_the_binding_asks(sample: Sample, establisher: str) -> None:
    package = sample.bulk(establisher)
    for name, file in FIELDS["files"].items():
        seen = set()
        for row in package.get(name, []):
            assert row["sourcedId"] not in seen
            seen.add(row["sourcedId"])
            for column in file["columns"]:
                cell = row[column["name"]]
                assert not (column["required"] == "always" and not cell), (name, column["name"])
                assert not (column["required"] == "delta" and cell), (name, column["name"])
                if cell and "codes" in column:
                    assert cell in column["codes"], (name, column["name"])
            assert not HALF_WIDTH_KANA.search("".join(row.values()))
    assert check_references(package, ids(package)) == []


@EVERY
def test_school_codes_are_valid_and_the_sets_do_not_share_ids(sample: Sample, establisher: str) -> None:
    orgs = sample.bulk(establisher)["orgs"]
    for row in orgs:
        if row["type"] == "school":
            assert re.fullmatch(SCHOOL_CODE, row["identifier"])
            assert check_digit(row["identifier"][:12]) == row["identifier"][12]
    others = [name for name in PROFILES if name != establisher]
    users = ids(sample.bulk(establisher))["users"]
    assert not users & set().union(*(ids(sample.bulk(name))["users"] for name in others))


def test_a_delta_set_is_stamped_and_builds_on_the_bulk_set(sample: Sample) -> None:
    bulk, delta = sample.bulk("municipal"), sample.delta("municipal")
    statuses = set()
    for name, rows in delta.items():
        if name != "manifest":
            assert manifest(delta)[f"file.{name}"] == "delta"
            for row in rows:
                statuses.add(row["status"])
                assert re.fullmatch(r"2026-11-12T\d\d:\d\d:\d\d\.\d{3}Z", row["dateLastModified"])
    assert statuses == {"active", "tobedeleted"}
    known = {name: found | ids(delta).get(name, set()) for name, found in ids(bulk).items()}
    assert check_references(delta, known) == []
    assert ids(delta)["enrollments"] - ids(bulk)["enrollments"]


def test_one_person_has_one_master_identifier_in_all_sets(sample: Sample, world: World) -> None:
    found: dict[str, set[str]] = {}
    for establisher in PROFILES:
        for row in sample.bulk(establisher)["users"]:
            found.setdefault(row["sourcedId"][2:], set()).add(row["userMasterIdentifier"])
    assert all(len(values) == 1 for values in found.values())
    assert len({next(iter(values)) for values in found.values()}) == len(found)
    abroad = [one for one in world.learners if len({stay.school.establisher.key for stay in one.stays}) > 1]
    former = [row for row in sample.bulk("municipal")["users"] if row["enabledUser"] == "false"]
    assert len(former) == len([one for one in abroad if one.now.school.establisher.key != "municipal"]) > 0


def test_every_file_names_people_of_the_roster(sample: Sample) -> None:
    users = set().union(*(ids(sample.bulk(name))["users"] for name in PROFILES))
    columns: dict[str, tuple[str, ...]] = dict.fromkeys(LEARNER_LAYOUTS, ("learner",))
    columns |= {"carer_authority": ("learner", "carer"), "staff_roles": ("staff",)}
    for kind, column in [(kind, column) for kind, names in columns.items() for column in names]:
        assert {row[column] for row in sample.rows(kind)} <= users, kind
    codes = {row["identifier"] for name in PROFILES for row in sample.bulk(name)["orgs"]}
    assert {row["school_code"] for row in sample.rows("register_enrolment")} <= codes
    assert {row["organisation"] for row in sample.rows("staff_roles")} <= codes


def test_no_two_children_of_a_class_share_a_number(sample: Sample) -> None:
    for establisher in PROFILES:
        column = FIELDS["profiles"][PROFILES[establisher]]["metadata"]["enrollments"][0]
        classes: dict[str, list[int]] = {}
        for row in sample.bulk(establisher)["enrollments"]:
            if row["role"] == "student":
                classes.setdefault(row["classSourcedId"], []).append(int(row[column]))
        assert all(len(set(numbers)) == len(numbers) and min(numbers) >= 1 for numbers in classes.values())


def test_the_people_of_the_demonstration_belong_together(sample: Sample) -> None:
    people = {role: person["sourcedId"] for role, person in sample.order["people"].items()}
    assert set(people) == {"student", "guardian", "clerk", "teacher", "principal", "nurse_teacher", "board_officer",
                           "operator", "moving_child", "moving_parent", "moving_clerk"}  # fmt: skip
    package = sample.bulk("municipal")
    rows = {row["userSourcedId"]: row for row in package["enrollments"]}
    assert rows[people["student"]]["classSourcedId"] == rows[people["teacher"]]["classSourcedId"]
    users = {row["sourcedId"]: row for row in package["users"]}
    assert users[people["student"]]["grades"] == "J3"
    children = users[people["guardian"]]["agentSourcedIds"].split(",")
    assert people["student"] in children
    assert len(children) >= 2
    roles = {row["userSourcedId"]: row for row in package["roles"]}
    school = rows[people["student"]]["schoolSourcedId"]
    assert roles[people["principal"]]["role"] == "principal"
    assert {roles[people[role]]["orgSourcedId"] for role in ("principal", "clerk", "nurse_teacher")} == {school}
    named = {row["staff"]: row["role"] for row in sample.rows("staff_roles")}
    for role in ("clerk", "nurse_teacher", "board_officer", "operator"):
        assert named[people[role]] == role
    ties = {(row["learner"], row["carer"]): row for row in sample.rows("carer_authority")}
    assert ties[people["student"], people["guardian"]]["basis"] == "joint"
    schools = {row["school_code"] for row in sample.rows("register_enrolment") if row["learner"] == people["student"]}
    assert len(schools) == 3
    assert [row["basis"] for (learner, _), row in ties.items() if learner == people["moving_child"]] == ["sole"]
    assert ties[people["moving_child"], people["moving_parent"]]["basis"] == "sole"
    assert roles[people["moving_clerk"]]["orgSourcedId"] == rows[people["moving_child"]]["schoolSourcedId"]


def test_two_municipalities_share_no_school_code_and_no_name(sample: Sample) -> None:
    neighbour = make_world(LEAST_LEARNERS, 7, 2, "asahi").schools
    here = make_world(LEAST_LEARNERS, 7, 2).schools
    assert not {one.code for one in here.every} & {one.code for one in neighbour.every}
    assert not {one.name for one in here.every} & {one.name for one in neighbour.every}
    assert not {one.code for one in here.establishers if one.code} & {one.code for one in neighbour.establishers}


def test_zips_hold_no_folder_and_no_time_of_writing(sample: Sample) -> None:
    for path in sample.files("oneroster"):
        with zipfile.ZipFile(path) as package:
            assert all("/" not in info.filename and info.date_time[0] == 2026 for info in package.infolist())
            assert csv_rows(package.read("manifest.csv"))
