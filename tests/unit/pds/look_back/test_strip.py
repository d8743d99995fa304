"""A school year of attendance as a strip: twelve months, each recorded day marked on its own place."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from pds.look_back.strip import build_strip
from tests.factories import bodies

TODAY = date(2026, 11, 20)


def test_the_year_begins_in_april_and_ends_in_march() -> None:
    strip = build_strip(2026, [], TODAY)
    assert [month.month for month in strip.months] == [4, 5, 6, 7, 8, 9, 10, 11, 12, 1, 2, 3]
    assert sum(len(month.days) for month in strip.months) == 365


def test_a_school_year_with_a_leap_day_has_it() -> None:
    february = build_strip(2027, [], TODAY).months[10]
    assert len(february.days) == 29


def test_marks_stand_on_their_days_and_are_counted() -> None:
    strip = build_strip(2026, [bodies.attendance_daily()], TODAY)
    april = strip.months[0]
    assert [day.number for day in april.days if day.mark == "absent"] == [20, 21]
    assert (strip.counts[0].code, strip.counts[0].count) == ("absent", 2)
    assert sum(mark.count for mark in strip.counts) == len(strip.days) == 6


def test_the_place_of_learning_and_the_note_stand_together() -> None:
    strip = build_strip(2026, [bodies.attendance_daily()], TODAY)
    assert strip.days[-1].note == "みらい市教育支援センター"


def test_weekends_are_told_apart_from_days_of_school() -> None:
    april = build_strip(2026, [], TODAY).months[0]
    assert [day.number for day in april.days if day.free][:4] == [4, 5, 11, 12]


@given(st.integers(1990, 2100), st.dates(date(1990, 4, 1), date(2101, 3, 31)))
def test_every_day_of_the_year_has_one_place(school_year: int, day: date) -> None:
    inside = date(school_year, 4, 1) <= day <= date(school_year + 1, 3, 31)
    strip = build_strip(school_year, [{"exceptions": [{"date": day.isoformat(), "mark": "absent"}]}], TODAY)
    marked = [(month.month, cell.number) for month in strip.months for cell in month.days if cell.mark]
    assert marked == ([(day.month, day.day)] if inside else [])


def test_days_to_come_are_told_apart_from_days_without_a_mark() -> None:
    november = build_strip(2026, [], TODAY).months[7]
    assert [day.number for day in november.days if day.coming] == list(range(21, 31))
    assert not any(day.coming for month in build_strip(2025, [], TODAY).months for day in month.days)
