"""The written registers: every row makes a valid record, and the records of a child agree with each other."""

import struct
import zlib
from collections import Counter
from datetime import date

import jsonschema_rs
import pytest

from manabi.sample.cast import MOVING_SCENE
from manabi.sample.days import LAST_ATTENDANCE_DAY, SCHOOL_YEAR
from manabi.sample.pictures import HEIGHT, WIDTH
from manabi.sample.registers import learner_id
from manabi.sample.world import World
from pds.intake.media import media_type_of, suits
from tests.unit.api_specs.contracts import layout, record
from tests.unit.manabi.sample.reading import Sample, broken_rules, csv_of

KINDS = (
    "register_enrolment", "register_guidance", "health_check", "attendance_exceptions", "report", "assessment",
    "portfolio",
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_row_makes_a_record_that_the_schema_takes(sample: Sample, kind: str) -> None:
    schema = record(layout(kind)["record"])
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    count = 0
    for learner, body in sample.bodies(kind):
        assert next(validator.iter_errors(body), None) is None, learner
        assert broken_rules(schema, body) == [], learner
        count += 1
    assert count > 200


def test_files_are_named_by_rows_and_are_what_their_names_say(sample: Sample) -> None:
    kinds: Counter[str | None] = Counter()
    for row, content in sample.attached():
        kinds[media_type_of(content)] += 1
        assert suits(row["file1"], media_type_of(content) or ""), row["file1"]
        assert len(content) < 8 * 1024
    assert set(kinds) == {"image/png", "application/pdf", "text/plain"}
    assert sum(kinds.values()) > 100


def test_a_picture_is_a_whole_png(sample: Sample) -> None:
    content = next(content for row, content in sample.attached() if row["file1"].endswith(".png"))
    chunks, at = [], 8
    while at < len(content):
        size, kind = struct.unpack(">I4s", content[at : at + 8])
        body = content[at + 4 : at + 8 + size]
        assert struct.unpack(">I", content[at + 8 + size : at + 12 + size])[0] == zlib.crc32(body)
        chunks.append((kind, body[4:]))
        at += 12 + size
    assert [kind for kind, _ in chunks] == [b"IHDR", b"PLTE", b"IDAT", b"IEND"]
    raw = zlib.decompress(chunks[2][1])
    assert len(raw) == HEIGHT * (WIDTH + 1)
    assert max(raw) < len(chunks[1][1]) // 3


def test_the_terms_of_a_report_card_add_up_to_the_years_attendance(sample: Sample) -> None:
    absent: Counter[tuple[str, str, str]] = Counter()
    for row in sample.rows("report"):
        absent[row["learner"], row["school_code"], row["school_year"]] += int(row["attendance.absent"])
    compared = 0
    for row in sample.rows("register_guidance"):
        key = (row["learner"], row["school_code"], row["school_year"])
        if key in absent and row["subject.music.knowledge"]:
            compared += 1
            assert absent[key] == int(row["attendance.absent"]), key
    assert compared > 400


def test_the_last_report_card_of_a_year_says_what_the_register_says(sample: Sample) -> None:
    last = {
        (row["learner"], row["school_code"], row["school_year"]): row
        for row in sample.rows("report")
        if row["term"] in ("third_term", "second_half")
    }
    for row in sample.rows("register_guidance"):
        card = last.get((row["learner"], row["school_code"], row["school_year"]))
        if card is not None:
            marks = {name: row[name] for name in row if name.startswith("subject.") and name.endswith("knowledge")}
            assert {name: card[name] for name in marks} == marks


def test_the_child_who_moves_has_something_to_choose_from_in_several_years(sample: Sample, world: World) -> None:
    child = world.scene(MOVING_SCENE)[-1]
    for kind in ("report", "assessment", "portfolio"):
        years = {row["school_year"] for row in sample.rows(kind) if row["learner"].endswith(f"s-{child.number:06d}")}
        assert len(years) >= 2, kind
    named = [row for row, _ in sample.attached() if row["learner"].endswith(f"s-{child.number:06d}")]
    assert len(named) >= 3


def test_children_do_not_all_write_the_same(sample: Sample) -> None:
    written = [row["text"] for row in sample.rows("portfolio")]
    assert len(set(written)) > 90
    assert all(row["text"] for row in sample.rows("portfolio"))


@pytest.mark.parametrize("kind", [*KINDS, "carer_authority", "staff_roles", "school_list"])
def test_every_file_has_the_published_header_and_filled_required_cells(sample: Sample, kind: str) -> None:
    columns = layout(kind)["columns"]
    for path in sample.files(kind):
        head = csv_of(path, kind).decode().split("\n", 1)[0]
        assert head == ",".join(column["name"] for column in columns)
    keys: Counter[tuple[str, ...]] = Counter()
    for row in sample.rows(kind):
        assert [column["name"] for column in columns if column["required"] and not row[column["name"]]] == []
        for column in columns:
            if "codes" in column and row[column["name"]]:
                assert row[column["name"]] in column["codes"]
        keys[tuple(row[name] for name in layout(kind)["row_key"])] += 1
    assert [key for key, times in keys.items() if times > 1] == []


def test_the_years_attendance_is_the_sum_of_its_days(sample: Sample) -> None:
    marks: dict[tuple[str, str, str], Counter[str]] = {}
    for row in sample.rows("attendance_exceptions"):
        marks.setdefault((row["learner"], row["school_code"], row["school_year"]), Counter())[row["mark"]] += 1
    for row in sample.rows("register_guidance"):
        found = marks.get((row["learner"], row["school_code"], row["school_year"]), Counter())
        assert int(row["attendance.absent"]) == found["absent"]
        assert int(row["attendance.suspended"]) == found["suspended"] + found["mourning"]
        assert int(row["attendance.treated_as_attended"]) == found["treated_as_attended"]
        assert bool(row["attendance.main_reason"]) == (found["absent"] >= 30)


def test_a_long_absence_with_days_treated_as_attended_is_told(sample: Sample) -> None:
    rows = [row for row in sample.rows("register_guidance") if int(row["attendance.treated_as_attended"])]
    assert [row for row in rows if row["attendance.main_reason"] == "school_refusal"]


def test_the_running_year_has_attendance_to_date_and_no_guidance(sample: Sample) -> None:
    assert {int(row["school_year"]) for row in sample.rows("register_guidance")} == set(range(2015, SCHOOL_YEAR))
    days = [date.fromisoformat(row["date"]) for row in sample.rows("attendance_exceptions")]
    assert date(2026, 10, 1) <= max(days) <= LAST_ATTENDANCE_DAY


def test_every_finished_year_of_every_stay_has_its_guidance_record(sample: Sample, world: World) -> None:
    written = {(row["learner"], row["school_code"], row["school_year"]) for row in sample.rows("register_guidance")}
    expected = {
        (learner_id(stay.school.establisher, learner), stay.school.code, str(place.school_year))
        for learner in world.learners
        for stay in learner.stays
        for place in stay.places
        if place.school_year < SCHOOL_YEAR
    }
    assert written == expected


def test_nobody_shrinks(sample: Sample) -> None:
    heights: dict[str, dict[str, float]] = {}
    for row in sample.rows("health_check"):
        heights.setdefault(row["learner"][2:], {})[row["school_year"]] = float(row["height_cm"])
    for learner, years in heights.items():
        grown = [years[year] for year in sorted(years)]
        assert grown == sorted(grown), learner


def test_leaving_has_both_dates(sample: Sample) -> None:
    leaving = [row for row in sample.rows("register_enrolment") if row["leaving.kind"]]
    assert leaving
    assert all(row["leaving.left_on"] <= row["leaving.day_before_acceptance"] for row in leaving)
    assert [row for row in leaving if row["leaving.left_on"] < row["leaving.day_before_acceptance"]]


def test_the_address_of_a_child_who_must_not_be_found_is_not_told(sample: Sample, world: World) -> None:
    hidden = {f"s-{one.number:06d}" for one in world.learners if any(tie.contact_block for tie in one.ties)}
    rows = [row for row in sample.rows("register_enrolment") if row["learner"][2:] in hidden]
    assert rows
    assert [row for row in rows if row["address"] or row["guardian1.address"]] == []


def test_teachers_say_many_different_things(sample: Sample) -> None:
    said = [row["overall_remarks"] for row in sample.rows("register_guidance")]
    assert len(set(said)) > 0.75 * len(said)
    assert not [text for text in said if "{" in text or not text]
