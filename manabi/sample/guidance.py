"""The guidance part of the register: subjects by grade, viewpoints that lead to ratings, and the year's text."""

from random import Random

from manabi.sample.attendance import YearAttendance, remarks
from manabi.sample.comments import Voice
from manabi.sample.days import last_day_of_grade
from manabi.sample.health import Cells
from manabi.sample.people import Place
from manabi.sample.tables import published, table

_LOWER = ("japanese", "arithmetic", "living_environment", "music", "arts_and_handicrafts", "physical_education")
_MIDDLE = ("japanese", "social_studies", "arithmetic", "science", "music", "arts_and_handicrafts",
           "physical_education")  # fmt: skip
_UPPER = ("japanese", "social_studies", "arithmetic", "science", "music", "arts_and_handicrafts", "home_economics",
          "physical_education", "foreign_language")  # fmt: skip
_JUNIOR = ("japanese", "social_studies", "mathematics", "science", "music", "fine_arts",
           "health_and_physical_education", "technology_and_home_economics", "foreign_language")  # fmt: skip
_SENIOR = (
    {"japanese": 4, "geography_history": 4, "mathematics": 5, "science": 4, "health_and_physical_education": 3,
     "arts": 2, "foreign_language": 5, "information": 2},
    {"japanese": 4, "civics": 2, "mathematics": 5, "science": 6, "health_and_physical_education": 3,
     "home_economics": 2, "arts": 2, "foreign_language": 6},
    {"japanese": 5, "geography_history": 6, "mathematics": 5, "science": 5, "health_and_physical_education": 2,
     "foreign_language": 6},
)  # fmt: skip
VIEWPOINTS = ("knowledge", "thinking", "attitude")
_POINTS = {"A": 3, "B": 2, "C": 1}
_BEHAVIOUR = tuple(
    published("records/guidance.schema.json")["properties"]["behaviour"]["items"]["properties"]["item"]["enum"]
)
NEW_CURRICULUM = 2020
"""From this school year elementary grades 5 and 6 have foreign language as a subject, 3 and 4 its activities."""


def subjects_of(grade: int, year: int) -> tuple[str, ...]:
    """Return the subjects of a grade (1 to 12) in a school year."""
    if grade <= 4:
        return _LOWER if grade <= 2 else _MIDDLE
    if grade <= 6:
        return _UPPER if year >= NEW_CURRICULUM else _UPPER[:-1]
    return _JUNIOR if grade <= 9 else tuple(_SENIOR[grade - 10])


def behaviour_items() -> tuple[str, ...]:
    """Return the ten items of behaviour that are marked with a circle."""
    return _BEHAVIOUR


class Mind:
    """One child's leanings as a learner; drawn once, wavering a little from year to year."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.ability = rng.gauss(0.15, 0.75)
        self.zeal = rng.gauss(0.25, 0.7)
        self.leanings: dict[str, float] = {}
        self.virtues = tuple(item for item in _BEHAVIOUR if rng.random() < 0.4)
        self.voice = Voice(rng)

    def year(self, place: Place, attendance: YearAttendance) -> Cells:
        """Return one year's guidance record as cells of the layout.

        Where the child left during the year, the record ends with attendance; the next school marks the year.
        """
        cells = self._attendance(attendance)
        if place.end < last_day_of_grade(place.school_year, place.grade):
            cells["overall_remarks"] = "学年の途中で転出した。"
            return cells
        strong, weak = self._marks(cells, place, attendance)
        virtues = self._behaviour(cells, place.grade)
        self._texts(cells, place)
        cells["overall_remarks"] = self.voice.overall(
            place.grade, strong, weak, virtues, attendance.main_reason
        )  # fmt: skip
        return cells

    def likely_mark(self, subject: str) -> str:
        """Return the mark this child would most likely get now, before anything of the year is written down."""
        value = self.ability + self.leanings.get(subject, 0.0)
        return _mark(value)

    def _marks(self, cells: Cells, place: Place, attendance: YearAttendance) -> tuple[str, str]:
        rng = self.rng
        missed = min(1.2, attendance.absent / 90)
        best, worst = ("", -9.0), ("", 9.0)
        for subject in subjects_of(place.grade, place.school_year):
            leaning = self.leanings.get(subject)
            if leaning is None:
                leaning = rng.gauss(0, 0.6)
            leaning = self.leanings[subject] = leaning + rng.gauss(0, 0.15)
            base = self.ability + leaning - missed
            points = 0
            for viewpoint in VIEWPOINTS:
                value = (base + self.zeal) / 2 + 0.1 if viewpoint == "attitude" else base
                value += rng.gauss(0, 0.4)
                mark = _mark(value)
                cells[f"subject.{subject}.{viewpoint}"] = mark
                points += _POINTS[mark]
            if place.grade > 2:
                cells[f"subject.{subject}.rating"] = rating_of(points, base, place.grade)
            if place.grade >= 10:
                cells[f"subject.{subject}.credits"] = _SENIOR[place.grade - 10][subject]
            if base > best[1]:
                best = (subject, base)
            if base < worst[1]:
                worst = (subject, base)
        return best[0], worst[0] if worst[1] < 0 else ""

    def _behaviour(self, cells: Cells, grade: int) -> list[str]:
        rng = self.rng
        if grade <= 6:
            activities = ["class_activities", "pupil_council", "school_events"] + ["clubs"] * (grade >= 4)
        elif grade <= 9:
            activities = ["class_activities", "student_council", "school_events"]
        else:
            activities = ["homeroom_activities", "student_council", "school_events"]
        for activity in activities:
            cells[f"special_activities.{activity}"] = "true" if rng.random() < 0.5 else "false"
        if grade >= 10:
            return list(self.virtues)
        marked = [item for item in _BEHAVIOUR if rng.random() < (0.75 if item in self.virtues else 0.12)]
        for item in _BEHAVIOUR:
            cells[f"behaviour.{item}"] = "true" if item in marked else "false"
        return marked

    def _texts(self, cells: Cells, place: Place) -> None:
        grade, year = place.grade, place.school_year
        if grade <= 9 and year >= (2018 if grade <= 6 else 2019):
            cells["moral"] = self.voice.moral()
        if (grade in (3, 4) and year >= NEW_CURRICULUM) or (grade in (5, 6) and year < NEW_CURRICULUM):
            cells["foreign_language_activity"] = self.voice.foreign_language_activity()
        if grade >= 3:
            theme, evaluation = self.voice.integrated(grade)
            cells["integrated_study.activity"] = theme
            cells["integrated_study.viewpoints"] = ",".join(table("comments")["integrated_viewpoints"])
            cells["integrated_study.evaluation"] = evaluation

    @staticmethod
    def _attendance(attendance: YearAttendance) -> Cells:
        required = attendance.days_of_school - attendance.suspended
        return {
            "attendance.days_of_school": attendance.days_of_school,
            "attendance.suspended": attendance.suspended,
            "attendance.required": required,
            "attendance.absent": attendance.absent,
            "attendance.treated_as_attended": attendance.count("treated_as_attended"),
            "attendance.present": required - attendance.absent,
            "attendance.main_reason": attendance.main_reason,
            "attendance.remarks": remarks(attendance),
        }


def _mark(value: float) -> str:
    return "A" if value > 0.55 else "C" if value < -1.05 else "B"


def rating_of(points: int, base: float, grade: int) -> int:
    """The rating that three viewpoints (3 to 9 points) add up to: 3-2-1, from junior high school on 5 to 1."""
    if grade <= 6:
        return 3 if points >= 8 else 1 if points <= 4 else 2
    if points == 9:
        return 5 if base > 0.7 else 4
    return {8: 4, 7: 4 if base > 0.3 else 3, 6: 3, 5: 3 if base > -0.8 else 2, 4: 2, 3: 1}[points]
