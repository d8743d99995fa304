"""The line of years tells of every year and school there is a record of, and claims nothing else."""

from datetime import date, timedelta

from consent.vocabulary import Category
from pds.look_back.timeline import EventKind, build_years, find_news, is_in_first_grades, open_records
from pds.look_back.words import Listing, Quantity, Sentence
from tests.factories import bodies
from tests.unit.pds.look_back.disclosed import NOW, disclose

EAST = bodies.school()
WEST = bodies.school("C120299000017", "みらい市立西中学校")
THIS_YEAR = 2026


def test_years_run_from_the_first_to_the_present_one_without_a_hole() -> None:
    years = build_years([disclose(Category.ENROLMENT, bodies.enrolment(), year=2021)], THIS_YEAR)
    assert [year.school_year for year in years] == [2021, 2022, 2023, 2024, 2025, 2026]
    assert [year.grade_code for year in years] == ["P1", "P2", "P3", "P4", "P5", "P6"]


def test_a_child_who_moved_within_a_year_has_both_schools_in_it() -> None:
    left = {"kind": "transfer", "left_on": "2024-09-30"}
    came = {"on": "2024-10-01", "grade": "P4"}
    first = bodies.enrolment(2021, 2024, leaving=left)
    second = bodies.enrolment(2021, 2026, school=WEST, admission=None, transfer_in=came)
    second["years"] = second["years"][3:]
    years = build_years(
        [disclose(Category.ENROLMENT, first, year=2021), disclose(Category.ENROLMENT, second, year=2024)], THIS_YEAR
    )
    moved = next(year for year in years if year.school_year == 2024)
    assert moved.schools == (EAST["name"], WEST["name"])
    assert [(event.kind, event.day) for event in moved.events] == [
        (EventKind.LEFT, date(2024, 9, 30)),
        (EventKind.MOVED_IN, date(2024, 10, 1)),
    ]


def test_graduation_in_march_belongs_to_the_school_year_that_ends() -> None:
    body = bodies.enrolment(graduation={"on": "2027-03-19"})
    years = build_years([disclose(Category.ENROLMENT, body, year=2021)], THIS_YEAR)
    assert [event.kind for event in years[-1].events] == [EventKind.GRADUATED]
    assert years[-1].school_year == 2026


def test_tiles_say_what_is_in_them_and_the_present_year_when_results_come() -> None:
    records = [
        disclose(Category.GUIDANCE, bodies.guidance(2025)),
        disclose(Category.HEALTH_CHECK, bodies.health_check(2025)),
        disclose(Category.ATTENDANCE_DAILY, bodies.attendance_daily(2026)),
    ]
    before, now = build_years(records, THIS_YEAR)
    assert [tile.anchor for tile in before.tiles] == ["learning", "attendance", "health"]
    notes = [tile.note for tile in before.tiles]
    assert isinstance(notes[0], Sentence)
    assert isinstance(notes[1], Sentence)
    assert isinstance(notes[2], Quantity)
    assert (notes[0].count, notes[1].count, notes[2].number) == (9, 4, 148.2)
    assert [tile.anchor for tile in now.tiles] == [None, "attendance"]


def test_own_words_come_first_then_report_cards_and_tests() -> None:
    records = [
        disclose(Category.REPORT, bodies.report()),
        disclose(Category.ASSESSMENT, bodies.assessment()),
        disclose(Category.PORTFOLIO, bodies.portfolio()),
        disclose(Category.ATTENDANCE_DAILY, bodies.attendance_daily()),
    ]
    (year,) = build_years(records, THIS_YEAR)
    assert [tile.anchor for tile in year.tiles] == ["works", None, "reports", "tests", "attendance"]
    assert year.words == "水の色を何回もぬり重ねました。"
    counts = [tile.note.count for tile in year.tiles if isinstance(tile.note, Sentence)]
    assert counts == [3, None, 3, 2]
    terms = year.tiles[2].note
    assert isinstance(terms, Listing)
    assert len(terms.parts) == 2


def test_a_past_year_without_results_has_no_empty_tile() -> None:
    years = build_years([disclose(Category.HEALTH_CHECK, bodies.health_check(2022))], THIS_YEAR)
    assert [tile.anchor for tile in years[0].tiles] == ["health"]


def test_each_source_lists_the_records_that_its_school_signed() -> None:
    records = [
        disclose(Category.GUIDANCE, bodies.guidance(2025)),
        disclose(Category.HEALTH_CHECK, bodies.health_check(2025, school=WEST)),
    ]
    sources = build_years(records, THIS_YEAR)[0].sources
    assert [(source.school, len(source.records)) for source in sources] == [(EAST["name"], 1), (WEST["name"], 1)]
    assert all(record.place.school_code == source.school_code for source in sources for record in source.records)


def test_news_are_the_newest_three_of_the_last_two_months() -> None:
    ages = (1, 2, 3, 4, 90)
    records = [
        disclose(Category.HEALTH_CHECK, bodies.health_check(2026 - age), issued_at=NOW - timedelta(days=age))
        for age in ages
    ]
    news = find_news(records, NOW)
    assert [item.at for item in news] == [NOW - timedelta(days=age) for age in (1, 2, 3)]
    assert find_news(records[-1:], NOW) == ()


def test_of_an_import_of_many_years_the_present_one_is_the_news() -> None:
    records = [
        disclose(Category.ATTENDANCE_DAILY, bodies.attendance_daily(year), issued_at=NOW) for year in (2024, 2025)
    ] + [disclose(Category.HEALTH_CHECK, bodies.health_check(2026), issued_at=NOW - timedelta(hours=1))]
    assert [item.record for item in find_news(records, NOW, most=1)] == [records[-1].record.place.record]


def test_news_tell_a_correction_from_a_new_record() -> None:
    first = disclose(Category.HEALTH_CHECK, bodies.health_check())
    corrected = disclose(Category.HEALTH_CHECK, bodies.health_check(), version=2)
    said = [find_news([item], NOW)[0].sentence.msgid for item in (first, corrected)]
    assert said[0] != said[1]
    assert "changed" in said[1]


def test_only_the_first_two_grades_read_less() -> None:
    for grade, expected in (("P1", True), ("P2", True), ("P3", False), ("J2", False)):
        years = build_years([disclose(Category.HEALTH_CHECK, bodies.health_check(grade=grade))], THIS_YEAR)
        assert is_in_first_grades(years) is expected
    assert not is_in_first_grades(())


def test_presenters_never_get_a_closed_field() -> None:
    item = disclose(Category.GUIDANCE, bodies.guidance(), withheld=("overall_remarks",))
    assert "overall_remarks" in item.record.body
    assert "overall_remarks" not in open_records([item])[0].body
