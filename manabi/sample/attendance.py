"""Attendance of one child in one year: believable exceptions day by day, and the sums the register holds."""

from dataclasses import dataclass
from datetime import date
from math import exp
from random import Random

from manabi.sample.days import LAST_ATTENDANCE_DAY, SCHOOL_YEAR, school_days_between
from manabi.sample.people import Absence, Learner, Place
from manabi.sample.tables import table

LONG_ABSENCE_DAYS = 30
"""From this many days a long absence and its main reason are recorded."""

Exception_ = tuple[str, str, str, str]
"""Mark, reason, place of learning, note: as the layout `attendance_exceptions` writes them."""

_INFECTION = {2020: 0.02, 2021: 0.06, 2022: 0.34, 2023: 0.27}
_SPELL = (1, 1, 1, 1, 1, 1, 2, 2, 2, 3)
_MAIN_REASON = {Absence.SCHOOL_REFUSAL: "school_refusal", Absence.ILLNESS: "illness", Absence.OTHER: "other"}


@dataclass(frozen=True, slots=True)
class YearAttendance:
    """The exceptions of a year in the order of days, and the counts drawn from them (all in days)."""

    days_of_school: int
    exceptions: tuple[tuple[date, Exception_], ...]
    main_reason: str

    def count(self, *marks: str) -> int:
        """How many days bear one of the marks."""
        return sum(entry[0] in marks for _, entry in self.exceptions)

    @property
    def suspended(self) -> int:
        """出席停止・忌引等の日数."""
        return self.count("suspended", "mourning")

    @property
    def absent(self) -> int:
        """欠席日数."""
        return self.count("absent")


class Habits:
    """How often a child is ill, late, or at the support centre; drawn once, kept over the years."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.frailty = 0.25 + 2.2 * rng.random() ** 2
        self.slowness = 1.6 * rng.random() ** 3
        self.goes_to_centre = rng.random() < 0.55

    def year(self, learner: Learner, place: Place) -> YearAttendance:
        """Draw one school year, or the part of it spent at one school."""
        last = min(place.end, LAST_ATTENDANCE_DAY) if place.school_year == SCHOOL_YEAR else place.end
        days = school_days_between(place.school_year, place.grade, place.begin, last)
        marks: dict[int, Exception_] = {}
        if days:
            self._everyday(marks, len(days), place.school_year)
            if place.grade in learner.absent_grades:
                self._long_absence(marks, days, learner, place)
        exceptions = tuple((days[index], marks[index]) for index in sorted(marks))
        absent = sum(entry[0] == "absent" for _, entry in exceptions)
        reason = ""
        if absent >= LONG_ABSENCE_DAYS:
            reason = _MAIN_REASON.get(learner.long_absence, "illness")
        return YearAttendance(len(days), exceptions, reason)

    def _everyday(self, marks: dict[int, Exception_], days: int, year: int) -> None:
        rng = self.rng
        share = days / 200
        for _ in range(_poisson(rng, 1.9 * self.frailty * share)):
            length = _SPELL[int(rng.random() * 10)]
            _spell(marks, int(rng.random() * days), length, days, ("absent", "illness", "", ""))
        if rng.random() < 0.12 * share:
            _spell(marks, int(rng.random() * days), 1, days, ("absent", "family", "", ""))
        for _ in range(_poisson(rng, self.slowness * share)):
            _spell(marks, int(rng.random() * days), 1, days, ("late", "other", "", ""))
        for _ in range(_poisson(rng, 0.35 * self.frailty * share)):
            _spell(marks, int(rng.random() * days), 1, days, ("left_early", "illness", "", ""))
        if rng.random() < _INFECTION.get(year, 0.16) * share:
            note = "新型コロナウイルス感染症" if 2020 <= year <= 2022 else "インフルエンザ"
            start = int(days * (0.5 + 0.4 * rng.random()))
            _spell(marks, start, 4 + int(rng.random() * 3), days, ("suspended", "infection", "", note))
        if rng.random() < 0.03 * share:
            length = 1 + int(rng.random() * 3)
            _spell(marks, int(rng.random() * days), length, days, ("mourning", "bereavement", "", ""))

    def _long_absence(
        self, marks: dict[int, Exception_], days: tuple[date, ...], learner: Learner, place: Place
    ) -> None:
        rng = self.rng
        if learner.long_absence is not Absence.SCHOOL_REFUSAL:
            reason = "illness" if learner.long_absence is Absence.ILLNESS else "family"
            length = min(len(days), 32 + int(rng.random() * 35))
            start = int(rng.random() * (len(days) - length + 1))
            _spell(marks, start, length, len(days), ("absent", reason, "", ""))
            return
        goes_on = place.grade - 1 in learner.absent_grades
        start = 0 if goes_on else int(rng.random() * 0.5 * len(days))
        rate = 0.35 + 0.6 * rng.random()
        centre = table("places")["support_centre"]
        for index in range(start, len(days)):
            drawn = rng.random()
            if self.goes_to_centre and days[index].weekday() in (1, 3) and drawn < 0.7:
                marks[index] = ("treated_as_attended", "school_refusal", centre, "")
            elif drawn < rate:
                marks[index] = ("absent", "school_refusal", "", "")
            elif drawn > 0.97:
                marks[index] = ("late_and_left_early", "school_refusal", "", "")


def remarks(attendance: YearAttendance) -> str:
    """Word the register's 備考 from the year's exceptions."""
    words = table("comments")["remarks"]
    parts: list[str] = []
    infected = sum(entry[1] == "infection" for _, entry in attendance.exceptions)
    mourning = attendance.count("mourning")
    treated = attendance.count("treated_as_attended")
    if infected:
        parts.append(words["infection"].format(n=infected))
    if mourning:
        parts.append(words["mourning"].format(n=mourning))
    if treated:
        parts.append(words["treated"].format(n=treated).rstrip("。"))
    if attendance.main_reason:
        parts.append(words[attendance.main_reason].rstrip("。"))
    elif not attendance.absent and not attendance.suspended and attendance.days_of_school:
        parts.append(words["perfect"])
    return "。".join(parts)


def _spell(marks: dict[int, Exception_], start: int, length: int, days: int, entry: Exception_) -> None:
    for index in range(start, min(start + length, days)):
        marks[index] = entry


def _poisson(rng: Random, mean: float) -> int:
    limit, product, count = exp(-mean), rng.random(), 0
    while product > limit:
        product *= rng.random()
        count += 1
    return count
