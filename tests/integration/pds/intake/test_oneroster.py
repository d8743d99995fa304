"""OneRoster sets, from the zip to the rows: both Japan profiles, complete sets and changes."""

from collections.abc import Callable
from datetime import date
from uuid import UUID

import pytest

from pds.organisations.codes import check_digit
from pds.people.service import find_by_identifier
from tests.factories import broken_oneroster as broken
from tests.factories.oneroster import JAPAN_PROFILE, K12_PROFILE, Package, delta_package, package
from tests.integration.pds.intake.desk import Desk, codes, guidance_row, outcomes, sheet

HIGH_SCHOOL = "D12021000001" + check_digit("D12021000001")
Bend = Callable[[], bytes]


def load_base(desk: Desk, profile: str = JAPAN_PROFILE) -> None:
    desk.load(package(profile).packed())


@pytest.mark.parametrize("profile", [JAPAN_PROFILE, K12_PROFILE])
def test_a_set_of_either_profile_brings_everybody_in_it(desk: Desk, profile: str) -> None:
    seen = desk.load(package(profile).packed())
    assert seen.content == f"oneroster.{profile}"
    assert {kind: outcomes(seen, kind) for kind in ("organisation", "learner", "carer", "staff", "enrolment")} == {
        "organisation": {"new": 2}, "learner": {"new": 2}, "carer": {"new": 1}, "staff": {"new": 1},
        "enrolment": {"new": 2},
    }  # fmt: skip
    numbers = desk.ask('SELECT number, begin, "end", school_year FROM enrolment ORDER BY number')
    assert [tuple(row) for row in numbers] == [
        (1, date(2026, 4, 1), date(2027, 3, 31), 2026), (2, date(2026, 4, 1), date(2027, 3, 31), 2026),
    ]  # fmt: skip
    roles = desk.ask("SELECT role, class_id IS NOT NULL FROM staff_role ORDER BY 2")
    assert [tuple(row) for row in roles] == [("teacher", False), ("teacher", True)]
    (care,) = desk.ask("SELECT basis, state, contact_block, withdrawn FROM care")
    assert tuple(care) == ("contact", "active", False, False)


def test_names_readings_and_dates_of_birth_are_kept_sealed_and_whole(desk: Desk) -> None:
    load_base(desk)
    first, second = desk.details("s-1"), desk.details("s-2")
    assert (first.name.family, first.name.given_kana, first.birth_date, first.sex) == (
        "髙橋", "ユイ", date(2015, 8, 20), "female",
    )  # fmt: skip
    assert second.name.family == "𠮷田"
    assert second.birth_date == date(2016, 2, 29)
    for table in ("learner", "carer", "learner_identifier", "person_identifier"):
        assert not any("髙橋" in repr(row) or "s-1" in repr(row) for row in desk.ask(f"SELECT * FROM {table}"))


def test_a_name_in_daily_use_is_kept_only_where_it_differs(desk: Desk) -> None:
    load_base(desk)
    assert desk.details("s-1").name.preferred_family == ""
    desk.load(delta_package().packed())
    assert desk.details("s-1").name.preferred_family == "小川"


def test_a_child_is_found_under_both_identifiers(desk: Desk) -> None:
    load_base(desk)
    with desk.worker.database.session() as session:
        by_source = find_by_identifier(session, desk.worker, "oneroster", "s-1")
        by_master = find_by_identifier(session, desk.worker, "user_master", "0b7fbd0e-3a53-4f0c-9d3b-0f2f6d4c7a01")
    assert by_source == by_master == desk.learner("s-1")


def test_the_same_set_again_changes_nothing(desk: Desk) -> None:
    load_base(desk)
    before = desk.contents()
    seen = desk.load(package().packed())
    assert all(set(numbers) == {"unchanged"} for kind in seen.report["kinds"] if (numbers := outcomes(seen, kind)))  # type: ignore[index]
    assert desk.contents() == before


def test_a_dry_run_changes_nothing(desk: Desk) -> None:
    before = desk.contents()
    seen = desk.hand_in(package().packed())
    assert seen.state == "checked"
    assert outcomes(seen, "learner") == {"new": 2}
    assert desk.contents() == before


def test_a_set_of_changes_moves_only_what_it_names(desk: Desk) -> None:
    load_base(desk)
    second = desk.learner("s-2")
    seen = desk.load(delta_package().packed())
    assert outcomes(seen, "learner") == {"changed": 1}
    assert outcomes(seen, "enrolment") == {"ended": 1}
    (place,) = desk.ask("SELECT withdrawn, revision FROM enrolment WHERE learner_id = :learner", learner=second)
    assert tuple(place) == (True, 2)
    assert desk.scalar("SELECT count(*) FROM enrolment WHERE NOT withdrawn") == 1


def test_who_is_no_longer_named_in_a_complete_set_is_reported_and_stays(desk: Desk) -> None:
    load_base(desk)
    smaller = package()
    for file in ("users", "roles", "enrollments", "demographics"):
        smaller.rows[file] = [row for row in smaller.rows[file] if not row["sourcedId"].endswith("s-2")]
    seen = desk.load(smaller.packed())
    assert codes(seen) == {"intake.no_longer_named": 1}
    assert outcomes(seen, "enrolment") == {"unchanged": 1, "no_longer_named": 1}
    assert [finding.value for finding in desk.findings(seen.run_id)] == ["e-s-2"]
    assert desk.scalar("SELECT count(*) FROM enrolment WHERE NOT withdrawn") == 2


def taking_off(*users: str) -> Package:
    bent = delta_package()
    template = bent.rows["users"][0]
    bent.rows["users"] = [template | {"sourcedId": user, "status": "tobedeleted"} for user in users]
    del bent.rows["enrollments"]
    bent.set_manifest("file.enrollments", "absent")
    for row in bent.rows["users"]:
        row["userMasterIdentifier"] = ""
    return bent


def test_a_child_with_records_stays_whatever_the_roster_says(desk: Desk) -> None:
    load_base(desk)
    desk.load(sheet("register_guidance", guidance_row("s-1")), "guidance.csv")
    seen = desk.load(taking_off("s-1", "s-2").packed())
    assert codes(seen) == {"intake.records_stay": 1}
    assert outcomes(seen, "learner") == {"ended": 1}
    assert desk.details("s-1").name.given == "結衣"
    assert desk.scalar("SELECT count(*) FROM learner WHERE withdrawn") == 1


def test_a_child_who_comes_back_is_the_same_child(desk: Desk) -> None:
    load_base(desk)
    before = desk.learner("s-2")
    desk.load(taking_off("s-2").packed())
    desk.load(package().packed())
    assert desk.learner("s-2") == before


def test_staff_taken_off_lose_every_role(desk: Desk) -> None:
    load_base(desk)
    desk.load(taking_off("t-1").packed())
    assert desk.scalar("SELECT count(*) FROM staff_role WHERE NOT withdrawn") == 0
    assert desk.scalar("SELECT withdrawn FROM staff") is True


def test_staff_who_are_switched_off_hold_no_role(desk: Desk) -> None:
    load_base(desk)
    bent = package()
    bent.rows["users"][3]["enabledUser"] = "false"
    seen = desk.load(bent.packed())
    assert codes(seen) == {"intake.staff_disabled": 1}
    assert desk.scalar("SELECT count(*) FROM staff_role WHERE NOT withdrawn") == 0


def test_a_class_with_children_is_not_taken_off(desk: Desk) -> None:
    load_base(desk)
    bent = delta_package()
    stamp = {"status": "tobedeleted", "dateLastModified": "2026-11-12T08:30:00.000Z"}
    bent.rows = {"classes": [package().rows["classes"][0] | stamp]}
    bent.headers["classes"] = package().headers["classes"]
    for file, mode in (("users", "absent"), ("enrollments", "absent"), ("classes", "delta")):
        bent.set_manifest(f"file.{file}", mode)
    seen = desk.load(bent.packed())
    assert codes(seen) == {"intake.class_stays": 1}
    assert desk.scalar("SELECT withdrawn FROM school_class") is False


def other_establisher(*, master: str | None = None, source_id: str = "k-1") -> bytes:
    """A set of the prefecture with one child; `master` makes it the child of somebody else's set."""
    bent = package(K12_PROFILE)
    bent.rows["orgs"] = [
        {"sourcedId": "k-board", "name": "あおば県教育委員会", "type": "district", "identifier": "209000"},
        {"sourcedId": "k-high", "name": "県立あおば高等学校", "type": "school", "identifier": HIGH_SCHOOL,
         "parentSourcedId": "k-board"},
    ]  # fmt: skip
    bent.rows["courses"][0]["orgSourcedId"] = "k-board"
    bent.rows["classes"][0] |= {"sourcedId": "k-cl", "schoolSourcedId": "k-high"}
    child = bent.rows["users"][0] | {"sourcedId": source_id, "primaryOrgSourcedId": "k-high", "agentSourcedIds": ""}
    if master is not None:
        child["userMasterIdentifier"] = master
    bent.rows["users"] = [child]
    bent.rows["roles"] = [
        bent.rows["roles"][0] | {"sourcedId": "k-r", "userSourcedId": source_id, "orgSourcedId": "k-high"}
    ]
    bent.rows["enrollments"] = [
        bent.rows["enrollments"][0]
        | {"sourcedId": "k-e", "classSourcedId": "k-cl", "schoolSourcedId": "k-high", "userSourcedId": source_id}
    ]
    bent.rows["demographics"] = [{"sourcedId": source_id, "birthDate": "2015-08-20", "sex": "female"}]
    return bent.packed()


def test_a_second_establisher_finds_the_same_child_by_the_master_identifier(desk: Desk) -> None:
    load_base(desk)
    seen = desk.load(other_establisher())
    assert outcomes(seen, "learner") == {"unchanged": 1}
    assert desk.learner("k-1") == desk.learner("s-1")
    assert desk.scalar("SELECT count(*) FROM enrolment WHERE learner_id = :one", one=desk.learner("s-1")) == 2


def test_a_sourced_id_that_was_given_to_another_child_is_refused(desk: Desk) -> None:
    load_base(desk)
    seen = desk.hand_in(other_establisher(master="e1000000-0000-4000-8000-000000000000", source_id="s-1"))
    assert codes(seen) == {"intake.other_person": 1}
    (finding,) = desk.findings(seen.run_id)
    assert (finding.file, finding.row, finding.column) == ("users.csv", 2, "userMasterIdentifier")


def test_two_identifiers_of_two_children_are_refused(desk: Desk) -> None:
    load_base(desk)
    seen = desk.hand_in(other_establisher(source_id="s-2"))
    assert codes(seen) == {"intake.two_people": 1}


def test_a_student_without_a_date_of_birth_is_refused(desk: Desk) -> None:
    bent = package()
    bent.rows["demographics"][0]["birthDate"] = ""
    seen = desk.hand_in(bent.packed())
    assert codes(seen) == {"intake.birth_date_missing": 1}


def test_a_date_of_birth_that_moves_is_pointed_out(desk: Desk) -> None:
    load_base(desk)
    bent = package()
    bent.rows["demographics"][0]["birthDate"] = "2015-08-21"
    seen = desk.load(bent.packed())
    assert codes(seen) == {"intake.birth_date_moved": 1}
    assert desk.details("s-1").birth_date == date(2015, 8, 21)


def test_the_individual_number_is_refused_and_not_repeated(desk: Desk) -> None:
    bent = package()
    bent.rows["users"][0]["userIds"] = "{個人番号:123456789012}"
    seen = desk.hand_in(bent.packed())
    assert codes(seen) == {"intake.individual_number": 1}
    assert "123456789012" not in repr(desk.findings(seen.run_id))


def test_the_other_profile_spelling_of_a_column_is_refused_by_name(desk: Desk) -> None:
    bent = package()
    columns = bent.headers["enrollments"]
    columns[columns.index("metadata.jp.ShussekiNo")] = "metadata.jp.shussekiNo"
    seen = desk.hand_in(bent.packed())
    (finding,) = desk.findings(seen.run_id)
    assert (finding.code, finding.params) == ("intake.metadata_spelling", {"expected": "metadata.jp.ShussekiNo"})


def test_an_establisher_without_a_board_code_is_known_by_its_sourced_id(desk: Desk) -> None:
    bent = package()
    bent.rows["orgs"][0] |= {"name": "学校法人みらい学園", "identifier": ""}
    seen = desk.load(bent.packed())
    assert codes(seen) == {"intake.establisher_without_code": 1}
    assert desk.scalar("SELECT kind FROM organisation WHERE code = 'board'") == "establisher"


def test_a_byte_order_mark_is_accepted_and_noted(desk: Desk) -> None:
    seen = desk.load(broken.with_bom())
    assert set(codes(seen)) == {"intake.bom"}


EXPECTED = {
    "missing_manifest": "manifest_missing", "unknown_version": "profile_unknown",
    "announced_file_missing": "file_missing", "unannounced_file_present": "file_not_named",
    "wrong_header_order": "header_order", "missing_column": "header_missing", "cp932_bytes": "cp932",
    "path_traversal": "path_in_archive", "member_in_a_folder": "folder_in_archive",
    "unexpected_member": "not_csv_in_archive", "member_twice": "member_twice", "too_many_members": "too_many_members",
    "zip_bomb": "archive_bomb", "zip_bomb_with_a_false_size": "archive_damaged", "encrypted": "archive_encrypted",
    "truncated": "archive_damaged", "corrupted": "archive_damaged", "not_a_zip": "header_unknown",
    "empty_zip": "archive_empty", "short_row": "cell_count", "file_without_rows": "no_rows",
    "duplicate_ids": "duplicate", "invalid_sourced_id": "bad_sourced_id", "half_width_kana": "half_width_kana",
    "missing_required_cell": "required", "unknown_role": "not_a_code", "impossible_date": "not_a_date",
    "dangling_class": "dangling", "dangling_user": "dangling", "dangling_carer": "dangling",
    "dangling_parent_org": "dangling", "school_code_as_a_power_of_ten": "mangled_number",
    "school_code_without_its_letter": "lost_letter", "school_code_with_a_wrong_check_digit": "school_code_digit",
    "bulk_with_status": "bulk_filled", "delta_without_status": "delta_blank",
    "return_inside_a_cell": "control_character", "long_cell": "cell_too_long",
}  # fmt: skip


def test_every_broken_set_has_its_own_code() -> None:
    assert set(EXPECTED) == {bend.__name__ for bend in (*broken.REFUSED_SETS, *broken.FAULTY_ROWS)}


@pytest.mark.parametrize("bend", [*broken.REFUSED_SETS, *broken.FAULTY_ROWS], ids=lambda bend: bend.__name__)
def test_a_broken_set_is_refused_by_name_and_nothing_of_it_is_taken(desk: Desk, bend: Bend) -> None:
    before = desk.contents()
    seen = desk.hand_in(bend())
    assert (seen.state, seen.failed) == ("refused", False)
    assert f"intake.{EXPECTED[bend.__name__]}" in codes(seen)
    first = desk.findings(seen.run_id)[0]
    assert first.file
    if bend in broken.FAULTY_ROWS:
        assert first.row is not None or bend is broken.file_without_rows
    assert desk.contents() == before


def test_a_refused_row_is_not_reported_again_by_what_refers_to_it(desk: Desk) -> None:
    assert codes(desk.hand_in(broken.school_code_without_its_letter())) == {"intake.lost_letter": 1}
    assert codes(desk.hand_in(broken.half_width_kana())) == {"intake.half_width_kana": 1}
    assert codes(desk.hand_in(broken.unknown_role())) == {"intake.not_a_code": 1}


def test_ids_of_people_are_not_those_of_their_source(desk: Desk) -> None:
    load_base(desk)
    assert desk.learner("s-1") != UUID("0b7fbd0e-3a53-4f0c-9d3b-0f2f6d4c7a01")
