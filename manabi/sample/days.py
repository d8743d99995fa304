"""The calendar of the sample: national holidays, days of school and the dates the story is told from."""

from bisect import bisect_left, bisect_right
from datetime import date, timedelta
from functools import cache

SCHOOL_YEAR = 2026
"""The school year that is running; records are complete up to the one before."""

ROSTER_DAY = date(2026, 11, 1)
"""The state the bulk rosters show."""

LAST_ATTENDANCE_DAY = date(2026, 10, 30)
"""Daily attendance of the running year ends here."""

DELTA_DAY = date(2026, 11, 12)
"""The changes of the delta roster happened by this day."""

_ONE_DAY = timedelta(days=1)
_FIXED = ((1, 1), (2, 11), (4, 29), (5, 3), (5, 4), (5, 5), (11, 3), (11, 23))
_ENTHRONEMENT = (date(2019, 4, 30), date(2019, 5, 1), date(2019, 5, 2), date(2019, 10, 22))
_OLYMPIC = {
    2020: {"marine": date(2020, 7, 23), "sports": date(2020, 7, 24), "mountain": date(2020, 8, 10)},
    2021: {"marine": date(2021, 7, 22), "sports": date(2021, 7, 23), "mountain": date(2021, 8, 8)},
}


def _nth_monday(year: int, month: int, nth: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(7 - first.weekday()) % 7 + 7 * (nth - 1))


def _equinox(year: int, base: float) -> int:
    return int(base + 0.242194 * (year - 1980) - (year - 1980) // 4)


@cache
def holidays(year: int) -> frozenset[date]:
    """Return the national holidays of a calendar year from 2015 on (国民の祝日に関する法律, with its special acts)."""
    days = {date(year, month, day) for month, day in _FIXED}
    days |= {date(year, 3, _equinox(year, 20.8431)), date(year, 9, _equinox(year, 23.2488))}
    days |= {_nth_monday(year, 1, 2), _nth_monday(year, 9, 3)}
    moved = _OLYMPIC.get(year)
    days.add(moved["marine"] if moved else _nth_monday(year, 7, 3))
    days.add(moved["sports"] if moved else _nth_monday(year, 10, 2))
    if year >= 2016:
        days.add(moved["mountain"] if moved else date(year, 8, 11))
    if year <= 2018:
        days.add(date(year, 12, 23))
    elif year >= 2020:
        days.add(date(year, 2, 23))
    days |= {day for day in _ENTHRONEMENT if day.year == year}
    for day in sorted(days):
        if day.weekday() == 6:
            rest = day + _ONE_DAY
            while rest in days:
                rest += _ONE_DAY
            days.add(rest)
    for day in sorted(days):
        between = day + _ONE_DAY
        if between not in days and between + _ONE_DAY in days and between.weekday() != 6:
            days.add(between)
    return frozenset(days)


def is_working_day(day: date) -> bool:
    """Whether a day is neither Saturday, Sunday nor a national holiday."""
    return day.weekday() < 5 and day not in holidays(day.year)


def _terms(year: int) -> tuple[tuple[date, date], ...]:
    following = year + 1
    if year == 2019:  # schools closed from 2 March 2020
        return (
            (date(2019, 4, 8), date(2019, 7, 19)),
            (date(2019, 8, 28), date(2019, 12, 24)),
            (date(2020, 1, 8), date(2020, 2, 28)),
        )
    if year == 2020:  # schools reopened on 1 June 2020, with a short summer break
        return (
            (date(2020, 6, 1), date(2020, 7, 31)),
            (date(2020, 8, 24), date(2020, 12, 25)),
            (date(2021, 1, 6), date(2021, 3, 24)),
        )
    return (
        (date(year, 4, 7), date(year, 7, 20)),
        (date(year, 8, 28), date(year, 12, 24)),
        (date(following, 1, 8), date(following, 3, 24)),
    )


def last_day_of_grade(year: int, grade: int) -> date:
    """Return the day a grade's year ends in class: the day of the graduation ceremony where there is one."""
    limit = {6: (3, 19), 9: (3, 10), 12: (3, 1)}.get(grade, (3, 24))
    day = date(year + 1, *limit)
    while not is_working_day(day):
        day -= _ONE_DAY
    return day


@cache
def school_days(year: int, grade: int) -> tuple[date, ...]:
    """Return the days of school of a school year for a grade (1 to 12), in order."""
    last = last_day_of_grade(year, grade)
    days: list[date] = []
    for begin, end in _terms(year):
        day = begin
        while day <= min(end, last):
            if is_working_day(day):
                days.append(day)
            day += _ONE_DAY
    return tuple(days)


def school_days_between(year: int, grade: int, begin: date, end: date) -> tuple[date, ...]:
    """Return the days of school from `begin` to `end`, both included."""
    days = school_days(year, grade)
    first, last = bisect_left(days, begin), bisect_right(days, end)
    return days if first == 0 and last == len(days) else days[first:last]


def year_begin(year: int) -> date:
    """1 April of a school year."""
    return date(year, 4, 1)


def year_end(year: int) -> date:
    """31 March at the end of a school year."""
    return date(year + 1, 3, 31)
