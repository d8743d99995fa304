"""The calendar of the sample is Japan's."""

from datetime import date, timedelta

import pytest

from manabi.sample.days import holidays, is_working_day, last_day_of_grade, school_days, school_days_between


@pytest.mark.parametrize(
    "day",
    [
        date(2015, 9, 22),  # between two holidays
        date(2018, 12, 24),  # in lieu of the Emperor's birthday on a Sunday
        date(2019, 4, 30), date(2019, 5, 6), date(2019, 10, 22),  # the accession and the ten days of rest
        date(2020, 2, 24), date(2020, 7, 24), date(2020, 8, 10),  # the year of the postponed games
        date(2021, 7, 22), date(2021, 8, 9),
        date(2026, 5, 6), date(2026, 9, 22), date(2026, 9, 23), date(2026, 11, 3),
    ],
)  # fmt: skip
def test_a_holiday_is_known(day: date) -> None:
    assert day in holidays(day.year)


@pytest.mark.parametrize("day", [date(2019, 12, 23), date(2019, 2, 23), date(2020, 7, 20), date(2020, 10, 12),
                                 date(2015, 8, 11), date(2026, 11, 2)])  # fmt: skip
def test_an_ordinary_day_is_no_holiday(day: date) -> None:
    assert day not in holidays(day.year)


@pytest.mark.parametrize("year", range(2015, 2027))
@pytest.mark.parametrize("grade", [1, 6, 9, 12])
def test_a_year_has_a_believable_number_of_days_of_school(year: int, grade: int) -> None:
    days = school_days(year, grade)
    assert 160 <= len(days) <= 206
    assert all(is_working_day(day) and date(year, 4, 1) <= day <= date(year + 1, 3, 31) for day in days)
    assert list(days) == sorted(set(days))


def test_schools_were_closed_in_the_spring_of_2020() -> None:
    assert not [day for day in school_days(2019, 5) if day >= date(2020, 3, 1)]
    assert school_days(2020, 5)[0] == date(2020, 6, 1)


def test_the_year_of_a_leaving_class_ends_with_its_ceremony() -> None:
    assert school_days(2023, 6)[-1] == last_day_of_grade(2023, 6) < school_days(2023, 5)[-1]
    assert last_day_of_grade(2025, 9) < last_day_of_grade(2025, 6)


def test_a_span_holds_the_days_between_its_ends() -> None:
    whole = school_days(2024, 4)
    part = school_days_between(2024, 4, date(2024, 8, 28), date(2025, 3, 31))
    assert part == tuple(day for day in whole if day >= date(2024, 8, 28))
    assert school_days_between(2024, 4, whole[0], whole[-1] + timedelta(days=30)) == whole
