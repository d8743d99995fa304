"""School terms as report cards know them: three of them, or two where a school divides its year in half."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from manabi.sample.days import LAST_ATTENDANCE_DAY, is_working_day, last_day_of_grade
from manabi.sample.schools import School


@dataclass(frozen=True, slots=True)
class Term:
    """One term: its code, its days, and the day on which the report card is handed out."""

    code: str
    begin: date
    end: date
    issued_on: date


def terms_of(school: School, year: int, grade: int) -> tuple[Term, ...]:
    """Return the finished terms of a school year for a grade; every third school has two terms."""
    return _halves(year, grade) if school.index % 3 == 2 else _thirds(year, grade)


@cache
def _thirds(year: int, grade: int) -> tuple[Term, ...]:
    last = last_day_of_grade(year, grade)
    return _finished(
        Term("first_term", date(year, 4, 1), date(year, 7, 31), _working_day(date(year, 7, 18))),
        Term("second_term", date(year, 8, 1), date(year, 12, 31), _working_day(date(year, 12, 24))),
        Term("third_term", date(year + 1, 1, 1), date(year + 1, 3, 31), last),
    )


@cache
def _halves(year: int, grade: int) -> tuple[Term, ...]:
    middle = _working_day(date(year, 10, 9))
    last = last_day_of_grade(year, grade)
    return _finished(
        Term("first_half", date(year, 4, 1), middle, middle),
        Term("second_half", middle + timedelta(days=1), date(year + 1, 3, 31), last),
    )


def _finished(*terms: Term) -> tuple[Term, ...]:
    return tuple(term for term in terms if term.issued_on <= LAST_ATTENDANCE_DAY)


def _working_day(day: date) -> date:
    while not is_working_day(day):
        day -= timedelta(days=1)
    return day
