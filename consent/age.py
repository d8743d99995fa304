"""Age, school year and grade as Japanese law counts them.

Two questions that look alike have different answers. *Is this person of age now?* turns at 00:00 of the birthday
(``legal_age_at``). *On which day is an age attained?* counts the day before the birthday already (``age_attained_on``),
because the age is attained when that day ends: 年齢計算ニ関スル法律, 民法143条2項. Hence a child born on 1 April starts
school a year before one born on 2 April.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone

from consent.vocabulary import AgeBand, SchoolStage

JAPAN = timezone(timedelta(hours=9), "JST")
"""Japan Standard Time (明治28年勅令第167号). A fixed offset: no summer time since 1951."""

_ONE_DAY = timedelta(days=1)
_APRIL_1 = (4, 1)
_SCHOOL_ENTRY_AGE = 6


@dataclass(frozen=True, slots=True)
class BandStart:
    """From which legal age on a band applies."""

    band: AgeBand
    from_age: int


def japan_day(instant: datetime) -> date:
    """The calendar day in Japan at ``instant`` (aware)."""
    return instant.astimezone(JAPAN).date()


def japan_midnight(day: date) -> datetime:
    """The instant at which ``day`` begins in Japan, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=JAPAN).astimezone(UTC)


def birthday_in(birth_date: date, year: int) -> date:
    """The first day of a new year of life that falls in ``year``: the birthday, or 1 March for 29 February.

    Where the birthday is missing from the year, the age is attained when 28 February ends (民法143条2項 proviso).
    """
    if (birth_date.month, birth_date.day) == (2, 29) and not _is_leap(year):
        return date(year, 3, 1)
    return birth_date.replace(year=year)


def legal_age_on(birth_date: date, day: date) -> int:
    """Completed years of life throughout ``day``; negative before birth."""
    return day.year - birth_date.year - (1 if day < birthday_in(birth_date, day.year) else 0)


def legal_age_at(birth_date: date, instant: datetime) -> int:
    """Age for rights that change with age, at an aware instant: turns at 00:00 JST of the birthday."""
    return legal_age_on(birth_date, japan_day(instant))


def age_attained_on(birth_date: date, day: date) -> int:
    """Age attained by the end of ``day``, for grades and school age: the day before the birthday counts.

    Someone born on 29 February attains the age on 28 February, in leap years too.
    """
    return legal_age_on(birth_date, day + _ONE_DAY)


def age_band(birth_date: date, instant: datetime, bands: Sequence[BandStart]) -> AgeBand:
    """The band whose starting age is the highest one reached at ``instant``; ``bands`` begin at 0."""
    age = max(legal_age_at(birth_date, instant), 0)
    return max((start for start in bands if start.from_age <= age), key=lambda start: start.from_age).band


def school_year_of(day: date) -> int:
    """The school year (年度) of a day: it begins on 1 April and ends on 31 March (学校教育法施行規則59条)."""
    return day.year if (day.month, day.day) >= _APRIL_1 else day.year - 1


def school_year_begin(school_year: int) -> date:
    """1 April of the school year."""
    return date(school_year, *_APRIL_1)


def school_year_end(school_year: int) -> date:
    """31 March, the last day of the school year."""
    return date(school_year + 1, *_APRIL_1) - _ONE_DAY


def first_school_year(birth_date: date) -> int:
    """The school year in which compulsory schooling begins for a child.

    The first one to begin on or after the day following the one on which the child attains six (学校教育法17条1項).
    """
    day_after = birthday_in(birth_date, birth_date.year + _SCHOOL_ENTRY_AGE)
    year = school_year_of(day_after)
    return year if day_after == school_year_begin(year) else year + 1


def year_of_schooling(birth_date: date, school_year: int) -> int:
    """The year of schooling by age: 1 in the first grade, 9 in the last compulsory one; 0 or less before school."""
    return school_year - first_school_year(birth_date) + 1


def grade_of(year_of_schooling: int) -> tuple[SchoolStage, int] | None:
    """Stage and grade of a year of schooling in the 6-3-3 course: 7 is junior high 1; None outside 1 to 12."""
    for stage, before, years in _COURSE:
        if before < year_of_schooling <= before + years:
            return stage, year_of_schooling - before
    return None


_COURSE = ((SchoolStage.ELEMENTARY, 0, 6), (SchoolStage.JUNIOR_HIGH, 6, 3), (SchoolStage.SENIOR_HIGH, 9, 3))


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
