"""Registers, health sheets and attendance: rows become signed, sealed, versioned records."""

from datetime import date

from sqlalchemy import text

from consent.vocabulary import Category
from pds.intake.report import sentences_of
from tests.factories.oneroster import pack, package
from tests.integration.pds.intake.desk import (
    Desk,
    attendance_row,
    codes,
    guidance_row,
    outcomes,
    school_row,
    sheet,
)

EAST, NORTH = "B120299000018", "B120299000027"


def load_base(desk: Desk) -> None:
    desk.load(package().packed())


def load_guidance(desk: Desk, *rows: dict[str, object]) -> None:
    desk.load(sheet("register_guidance", *rows), "guidance.csv")


def test_a_row_becomes_a_record_that_the_school_signed(desk: Desk) -> None:
    load_base(desk)
    seen = desk.load(sheet("register_guidance", guidance_row()), "guidance.csv")
    assert outcomes(seen, "record.guidance") == {"new": 1}
    record = desk.record("s-1", Category.GUIDANCE)
    assert record.signed_by == desk.worker.keyring.signing_key(EAST).kid
    assert (record.place.version, record.place.school_year, record.issued_at) == (1, 2025, desk.now)
    assert record.body == {
        "school": {"code": EAST, "name": "みらい市立東小学校"}, "school_year": 2025, "grade": "P4",
        "subjects": [
            {"subject": "japanese", "viewpoints": {"knowledge": "A", "thinking": "B", "attitude": "A"}, "rating": 3}
        ],
        "moral": "友だちの気持ちを考えていました。",
        "behaviour": [{"item": "basic_habits", "marked": True}],
        "attendance": {"days_of_school": 203, "suspended": 3, "required": 200, "absent": 4, "treated_as_attended": 0,
                       "present": 196},
    }  # fmt: skip


def test_the_same_body_makes_no_new_version(desk: Desk) -> None:
    load_base(desk)
    load_guidance(desk, guidance_row())
    before = desk.contents()
    seen = desk.load(sheet("register_guidance", guidance_row()), "guidance.csv")
    assert outcomes(seen, "record.guidance") == {"unchanged": 1}
    assert desk.contents() == before


def test_a_correction_is_the_next_version_and_the_earlier_one_stays(desk: Desk) -> None:
    load_base(desk)
    load_guidance(desk, guidance_row())
    load_guidance(desk, guidance_row(moral="考えを深めていました。"))
    record = desk.record("s-1", Category.GUIDANCE)
    assert (record.place.version, record.body["moral"]) == (2, "考えを深めていました。")
    assert desk.scalar("SELECT count(*) FROM record_version") == 2
    assert desk.scalar("SELECT count(*) FROM record") == 1


def test_attendance_rows_of_one_child_make_one_record_wherever_they_stand(desk: Desk) -> None:
    load_base(desk)
    rows = [
        attendance_row(date(2026, 4, 20), "absent"),
        attendance_row(date(2026, 4, 20), "late", learner="s-2"),
        attendance_row(date(2026, 5, 12), "suspended", reason="infection"),
        attendance_row(date(2026, 4, 21), "late", learner="s-2"),
    ]
    seen = desk.load(sheet("attendance_exceptions", *rows), "attendance.csv")
    assert outcomes(seen, "record.attendance_daily") == {"new": 2}
    assert desk.record("s-1", Category.ATTENDANCE_DAILY).body["exceptions"] == [
        {"date": "2026-04-20", "mark": "absent"},
        {"date": "2026-05-12", "mark": "suspended", "reason": "infection"},
    ]


def test_a_day_that_stands_twice_is_refused_with_the_rules_own_sentence(desk: Desk) -> None:
    load_base(desk)
    rows = [attendance_row(date(2026, 4, 20), "absent"), attendance_row(date(2026, 4, 20), "late")]
    seen = desk.hand_in(sheet("attendance_exceptions", *rows), "attendance.csv")
    (finding,) = desk.findings(seen.run_id)
    assert finding.code == "intake.rule.attendance_daily.date_once"
    assert sentences_of(finding, str, "ja")[0] == "同じ日が2回書かれています。1日は1行にしてください。"


def test_rows_of_one_record_that_differ_in_what_they_share_are_refused(desk: Desk) -> None:
    load_base(desk)
    rows = [attendance_row(date(2026, 4, 20)), attendance_row(date(2026, 4, 21), class_name="2組")]
    seen = desk.hand_in(sheet("attendance_exceptions", *rows), "attendance.csv")
    (finding,) = desk.findings(seen.run_id)
    assert (finding.code, finding.row, finding.column) == ("intake.rows_disagree", 3, "class_name")


def test_numbers_that_do_not_add_up_are_refused_at_their_column(desk: Desk) -> None:
    load_base(desk)
    seen = desk.hand_in(sheet("register_guidance", guidance_row(attendance__present=197)), "guidance.csv")
    (finding,) = desk.findings(seen.run_id)
    assert (finding.code, finding.row, finding.column, finding.value) == (
        "intake.rule.guidance.attendance_present", 2, "attendance.present", "197",
    )  # fmt: skip


def test_a_half_filled_block_is_refused_with_the_missing_field_named(desk: Desk) -> None:
    load_base(desk)
    row = {
        "learner": "s-1", "school_code": EAST, "school_name": "みらい市立東小学校", "family_name": "髙橋",
        "given_name": "結衣", "sex": "female", "birth_date": "2015-08-20", "year1.school_year": 2022,
        "year1.grade": "P1", "admission.on": "2022-04-07",
    }  # fmt: skip
    seen = desk.hand_in(sheet("register_enrolment", row), "enrolment.csv")
    assert [(finding.code, finding.column) for finding in desk.findings(seen.run_id)] == [
        ("intake.body_required", "admission.grade"), ("intake.body_required", "admission.kind"),
    ]  # fmt: skip


def test_blocks_are_filled_from_the_first_on(desk: Desk) -> None:
    load_base(desk)
    row = {
        "learner": "s-1", "school_code": EAST, "school_name": "みらい市立東小学校", "family_name": "髙橋",
        "given_name": "結衣", "sex": "female", "birth_date": "2015-08-20", "year1.school_year": 2022,
        "year1.grade": "P1", "year3.school_year": 2024, "year3.grade": "P3",
    }  # fmt: skip
    seen = desk.hand_in(sheet("register_enrolment", row), "enrolment.csv")
    (finding,) = desk.findings(seen.run_id)
    assert (finding.code, finding.column) == ("intake.body_list_gap", "year3.school_year")


def test_a_child_nobody_knows_is_refused(desk: Desk) -> None:
    load_base(desk)
    seen = desk.hand_in(sheet("register_guidance", guidance_row("s-9")), "guidance.csv")
    (finding,) = desk.findings(seen.run_id)
    assert (finding.code, finding.row, finding.column, finding.value) == ("intake.learner_unknown", 2, "learner", "s-9")


def test_the_same_row_twice_is_refused_once(desk: Desk) -> None:
    load_base(desk)
    seen = desk.hand_in(sheet("register_guidance", guidance_row(), guidance_row(moral="別")), "guidance.csv")
    (finding,) = desk.findings(seen.run_id)
    assert (finding.code, finding.row, finding.params) == ("intake.duplicate", 3, {"first": 2})


def test_what_a_spreadsheet_does_to_cells_is_named(desk: Desk) -> None:
    load_base(desk)
    rows = [
        guidance_row(school_code="1.20299E+11"),
        guidance_row(school_year=2024, school_code="120299000018"),
        guidance_row(school_year=2023, behaviour__basic_habits="TRUE"),
        guidance_row(school_year=2022, attendance__absent="#######"),
        guidance_row(school_year=2021, school_code="B120299000019"),
    ]
    seen = desk.hand_in(sheet("register_guidance", *rows), "guidance.csv")
    assert [(finding.code, finding.row) for finding in desk.findings(seen.run_id)] == [
        ("intake.mangled_number", 2), ("intake.lost_letter", 3), ("intake.mangled_boolean", 4),
        ("intake.mangled_hashes", 5), ("intake.school_code_digit", 6),
    ]  # fmt: skip


def close_north(desk: Desk) -> None:
    listed = [
        school_row(EAST, "みらい市立東小学校"),
        school_row(NORTH, "みらい市立北小学校", closed_on="2021-03-31", successor_code=EAST),
    ]
    seen = desk.load(sheet("school_list", *listed), "schools.csv")
    assert outcomes(seen, "organisation") == {"new": 1, "changed": 1}


def test_a_closed_school_hands_on_the_years_after_its_closing_and_keeps_those_before(desk: Desk) -> None:
    load_base(desk)
    close_north(desk)
    north = {"school_code": NORTH, "school_name": "みらい市立北小学校"}
    rows = [guidance_row(school_year=2020, **north), guidance_row("s-2", school_year=2021, **north)]
    seen = desk.load(sheet("register_guidance", *rows), "guidance.csv")
    assert codes(seen) == {"intake.successor_followed": 1}
    before, after = desk.record("s-1", Category.GUIDANCE), desk.record("s-2", Category.GUIDANCE)
    assert (before.place.school_code, before.school_name) == (NORTH, "みらい市立北小学校")
    assert (after.place.school_code, after.school_name) == (EAST, "みらい市立東小学校")
    assert after.body["school"] == {"code": NORTH, "name": "みらい市立北小学校"}


def test_two_schools_never_share_one_record(desk: Desk) -> None:
    load_base(desk)
    close_north(desk)
    north = {"school_code": NORTH, "school_name": "みらい市立北小学校"}
    rows = [guidance_row(school_year=2022, **north), guidance_row(school_year=2022)]
    assert codes(desk.hand_in(sheet("register_guidance", *rows), "a.csv"))["intake.place_taken"] == 1
    load_guidance(desk, guidance_row(school_year=2022))
    seen = desk.hand_in(sheet("register_guidance", guidance_row(school_year=2022, **north)), "b.csv")
    assert "intake.place_taken" in codes(seen)


def test_a_successor_with_a_wrong_digit_is_only_a_warning(desk: Desk) -> None:
    load_base(desk)
    row = school_row(NORTH, "みらい市立北小学校", closed_on="2021-03-31", successor_code="B120299000019")
    seen = desk.load(sheet("school_list", row), "schools.csv")
    assert codes(seen) == {"intake.successor_code_digit": 1}


def test_successors_that_run_in_a_ring_end(desk: Desk) -> None:
    load_base(desk)
    listed = [
        school_row(EAST, "みらい市立東小学校", closed_on="2022-03-31", successor_code=NORTH),
        school_row(NORTH, "みらい市立北小学校", closed_on="2021-03-31", successor_code=EAST),
    ]
    desk.load(sheet("school_list", *listed), "schools.csv")
    desk.load(sheet("register_guidance", guidance_row(school_year=2025)), "guidance.csv")
    assert desk.record("s-1", Category.GUIDANCE).place.school_code in (EAST, NORTH)


def test_several_files_go_in_one_zip_in_whatever_order(desk: Desk) -> None:
    load_base(desk)
    content = pack({
        "b.csv": sheet("register_guidance", guidance_row(school_code=NORTH, school_name="みらい市立北小学校")),
        "z.csv": sheet("school_list", school_row(NORTH, "みらい市立北小学校")),
    })  # fmt: skip
    seen = desk.load(content, "all.zip")
    assert seen.content == "school_list,register_guidance"
    assert outcomes(seen, "record.guidance") == {"new": 1}


def test_columns_of_forbidden_kinds_are_refused_by_name(desk: Desk) -> None:
    header, cells = sheet("health_check").decode().split("\r\n")[0] + ",いじめの記録", "x"
    seen = desk.hand_in(f"{header}\r\n{cells}\r\n".encode(), "health.csv")
    (finding,) = desk.findings(seen.run_id)
    assert (finding.code, finding.column) == ("intake.forbidden_column", "いじめの記録")


def test_a_header_that_is_nearly_right_is_explained(desk: Desk) -> None:
    header = sheet("carer_authority").decode().split("\r\n")[0].split(",")
    header[0], header[1] = header[1], header[0]
    seen = desk.hand_in((",".join(header) + "\r\n").encode(), "carers.csv")
    (finding,) = desk.findings(seen.run_id)
    assert (finding.code, finding.params) == ("intake.header_order", {"position": 1, "expected": "learner"})


def test_one_file_of_a_roster_is_told_to_bring_the_rest(desk: Desk) -> None:
    seen = desk.hand_in(package().members()["users.csv"], "users.csv")
    assert set(codes(seen)) == {"intake.oneroster_alone"}


def test_cp932_is_refused_by_name_in_a_single_file_too(desk: Desk) -> None:
    seen = desk.hand_in(sheet("school_list", school_row(NORTH, "みらい市立北小学校")).decode().encode("cp932"), "s.csv")
    assert codes(seen) == {"intake.cp932": 1}


def test_a_swapped_body_stops_the_run_and_is_shown_to_nobody(desk: Desk) -> None:
    load_base(desk)
    load_guidance(desk, guidance_row(), guidance_row("s-2"))
    with desk.worker.database.session() as session:
        session.execute(
            text("UPDATE record_version v SET sealed = o.sealed FROM record_version o WHERE o.record_id <> v.record_id")
        )
        session.commit()
    seen = desk.hand_in(sheet("register_guidance", guidance_row()), "guidance.csv")
    assert seen.failed
    assert seen.job is not None
    assert seen.job.problem == {"code": "sealing.broken", "params": {}}
