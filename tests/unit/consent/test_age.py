"""Age, school year and grade are counted as the law counts them."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.age import (
    JAPAN,
    age_attained_on,
    age_band,
    birthday_in,
    first_school_year,
    grade_of,
    japan_day,
    japan_midnight,
    legal_age_at,
    legal_age_on,
    school_year_begin,
    school_year_end,
    school_year_of,
    year_of_schooling,
)
from consent.vocabulary import AgeBand, SchoolStage
from tests.unit.consent.people import POLICY

births = st.dates(date(1990, 1, 1), date(2030, 12, 31))
days = st.dates(date(1990, 1, 1), date(2099, 12, 31))
ONE_DAY = timedelta(days=1)
ONE_SECOND = timedelta(seconds=1)


def test_legal_age_turns_at_midnight_in_japan_and_not_a_second_earlier() -> None:
    midnight = datetime(2026, 6, 2, 15, 0, tzinfo=UTC)  # 00:00 on 3 June in Japan
    assert legal_age_at(date(2008, 6, 3), midnight) == 18
    assert legal_age_at(date(2008, 6, 3), midnight - ONE_SECOND) == 17


def test_the_time_zone_of_the_question_does_not_matter() -> None:
    midnight = datetime(2026, 6, 3, 0, 0, tzinfo=JAPAN)
    assert legal_age_at(date(2008, 6, 3), midnight) == legal_age_at(date(2008, 6, 3), midnight.astimezone(UTC)) == 18


def test_an_age_is_attained_on_the_day_before_the_birthday() -> None:
    assert age_attained_on(date(2020, 4, 1), date(2026, 3, 30)) == 5
    assert age_attained_on(date(2020, 4, 1), date(2026, 3, 31)) == 6


@pytest.mark.parametrize("year", [2026, 2028])
def test_whoever_is_born_on_29_february_attains_the_age_on_28_february(year: int) -> None:
    born = date(2012, 2, 29)
    assert age_attained_on(born, date(year, 2, 27)) == year - 2012 - 1
    assert age_attained_on(born, date(year, 2, 28)) == year - 2012


def test_whoever_is_born_on_29_february_is_of_age_when_28_february_is_over() -> None:
    assert legal_age_at(date(2008, 2, 29), datetime(2026, 2, 28, 23, 59, 59, tzinfo=JAPAN)) == 17
    assert legal_age_at(date(2008, 2, 29), datetime(2026, 3, 1, 0, 0, tzinfo=JAPAN)) == 18
    assert birthday_in(date(2008, 2, 29), 2028) == date(2028, 2, 29)
    assert birthday_in(date(2008, 2, 29), 2100) == date(2100, 3, 1)
    assert birthday_in(date(2008, 2, 29), 2000) == date(2000, 2, 29)


@given(births, days)
def test_an_age_attained_is_the_legal_age_of_the_next_day(born: date, day: date) -> None:
    assert age_attained_on(born, day) == legal_age_on(born, day + ONE_DAY)


@given(births, days)
def test_nobody_grows_younger(born: date, day: date) -> None:
    assert legal_age_on(born, day + ONE_DAY) - legal_age_on(born, day) in (0, 1)


@given(births, st.integers(1, 60))
def test_a_year_of_life_begins_exactly_at_midnight_of_the_birthday(born: date, age: int) -> None:
    midnight = japan_midnight(birthday_in(born, born.year + age))
    assert legal_age_at(born, midnight) == age
    assert legal_age_at(born, midnight - ONE_SECOND) == age - 1


@given(days)
def test_a_day_begins_at_its_midnight(day: date) -> None:
    assert japan_day(japan_midnight(day)) == day
    assert japan_day(japan_midnight(day) - ONE_SECOND) == day - ONE_DAY


@pytest.mark.parametrize(
    ("birthday", "band"),
    [
        (date(2014, 6, 4), AgeBand.INFORMED),
        (date(2014, 6, 3), AgeBand.ASKED),
        (date(2011, 6, 4), AgeBand.ASKED),
        (date(2011, 6, 3), AgeBand.JOINS),
        (date(2008, 6, 4), AgeBand.JOINS),
        (date(2008, 6, 3), AgeBand.ADULT),
        (date(2026, 6, 4), AgeBand.INFORMED),
    ],
)
def test_the_childs_own_say_grows_at_12_15_and_18(birthday: date, band: AgeBand) -> None:
    bands = POLICY.editions[-1].ages.bands
    assert age_band(birthday, datetime(2026, 6, 3, 0, 0, tzinfo=JAPAN), bands) is band


@given(days)
def test_every_day_lies_in_its_school_year(day: date) -> None:
    year = school_year_of(day)
    assert school_year_begin(year) <= day <= school_year_end(year)
    assert school_year_end(year) + ONE_DAY == school_year_begin(year + 1)


def test_a_school_year_begins_on_1_april() -> None:
    assert school_year_of(date(2026, 3, 31)) == 2025
    assert school_year_of(date(2026, 4, 1)) == 2026


def test_a_child_born_on_1_april_is_in_the_grade_above_one_born_on_2_april() -> None:
    assert year_of_schooling(date(2014, 4, 1), 2026) == 7
    assert year_of_schooling(date(2014, 4, 2), 2026) == 6


@given(st.integers(1990, 2030), st.integers(0, 364))
def test_children_born_from_2_april_to_1_april_start_school_together(year: int, offset: int) -> None:
    eldest = date(year, 4, 2)
    assert first_school_year(eldest + timedelta(days=offset)) == first_school_year(eldest) == year + 7


@given(births)
def test_a_child_has_attained_six_before_the_first_school_day_and_not_a_year_earlier(born: date) -> None:
    first_day = school_year_begin(first_school_year(born))
    assert age_attained_on(born, first_day - ONE_DAY) >= 6
    assert age_attained_on(born, school_year_begin(first_school_year(born) - 1) - ONE_DAY) < 6


@pytest.mark.parametrize(
    ("year", "grade"),
    [
        (0, None),
        (1, (SchoolStage.ELEMENTARY, 1)),
        (6, (SchoolStage.ELEMENTARY, 6)),
        (7, (SchoolStage.JUNIOR_HIGH, 1)),
        (9, (SchoolStage.JUNIOR_HIGH, 3)),
        (10, (SchoolStage.SENIOR_HIGH, 1)),
        (12, (SchoolStage.SENIOR_HIGH, 3)),
        (13, None),
    ],
)
def test_twelve_years_of_schooling_are_six_three_three(year: int, grade: tuple[SchoolStage, int] | None) -> None:
    assert grade_of(year) == grade
