"""Report cards: marks of each term that lead to the year's, the term's attendance, and the teacher's words."""

from random import Random

from manabi.sample.attendance import YearAttendance
from manabi.sample.comments import Voice
from manabi.sample.days import school_days_between
from manabi.sample.guidance import VIEWPOINTS, Mind, behaviour_items, rating_of, subjects_of
from manabi.sample.health import Cells
from manabi.sample.people import Place
from manabi.sample.schools import School
from manabi.sample.terms import Term, terms_of

FIRST_YEAR = 2023
"""From this school year on the schools hand in report cards, test results and portfolios."""

_BETTER = {"C": "B", "B": "A", "A": "A"}
_WORSE = {"A": "B", "B": "C", "C": "C"}
_POINTS = {"A": 3, "B": 2, "C": 1}
_GRADES_WITHOUT_RATING = 2


class ReportCards:
    """One child's report cards over the years; `mind` is how the child learns, which the register knows as well."""

    def __init__(self, rng: Random, mind: Mind) -> None:
        self.rng, self._mind = rng, mind
        self._voice = Voice(rng)

    def year(self, place: Place, school: School, attendance: YearAttendance, marks: Cells) -> list[Cells]:
        """Return one row per finished term in which the child was there when the cards were handed out.

        `marks` are the cells of the year's register, empty while the year is running.
        """
        return [
            self._term(place, term, attendance, marks)
            for term in terms_of(school, place.school_year, place.grade)
            if place.begin <= term.issued_on <= place.end
        ]

    def _term(self, place: Place, term: Term, attendance: YearAttendance, marks: Cells) -> Cells:
        cells: Cells = {"term": term.code, "issued_on": term.issued_on.isoformat()}
        last = term.code in ("third_term", "second_half")
        best, worst = ("", 0), ("", 9)
        for subject in subjects_of(place.grade, place.school_year):
            points = 0
            for viewpoint in VIEWPOINTS:
                name = f"subject.{subject}.{viewpoint}"
                mark = str(marks.get(name) or self._mind.likely_mark(subject))
                if not (last and name in marks):
                    mark = self._waver(mark)
                cells[name] = mark
                points += _POINTS[mark]
            if place.grade > _GRADES_WITHOUT_RATING:
                cells[f"subject.{subject}.rating"] = rating_of(points, self._mind.ability, place.grade)
            best, worst = max(best, (subject, points), key=_by_points), min(worst, (subject, points), key=_by_points)
        virtues = [
            item for item in behaviour_items() if self.rng.random() < (0.7 if item in self._mind.virtues else 0.1)
        ]
        if place.grade < 10:
            cells |= {f"behaviour.{item}": "true" if item in virtues else "false" for item in behaviour_items()}
        cells |= _attendance(place, term, attendance)
        weak = worst[0] if worst[1] <= 4 else ""
        cells["comment"] = self._voice.overall(place.grade, best[0], weak, virtues, "")
        return cells

    def _waver(self, mark: str) -> str:
        drawn = self.rng.random()
        return _WORSE[mark] if drawn < 0.14 else _BETTER[mark] if drawn > 0.94 else mark


def _by_points(found: tuple[str, int]) -> int:
    return found[1]


def _attendance(place: Place, term: Term, attendance: YearAttendance) -> Cells:
    begin, end = max(term.begin, place.begin), min(term.end, place.end)
    days = len(school_days_between(place.school_year, place.grade, begin, end))
    marks = [entry[0] for day, entry in attendance.exceptions if begin <= day <= end]
    suspended = marks.count("suspended") + marks.count("mourning")
    both = marks.count("late_and_left_early")
    absent = marks.count("absent")
    return {
        "attendance.days_of_school": days,
        "attendance.suspended": suspended,
        "attendance.required": days - suspended,
        "attendance.absent": absent,
        "attendance.present": days - suspended - absent,
        "attendance.late": marks.count("late") + both,
        "attendance.left_early": marks.count("left_early") + both,
    }
