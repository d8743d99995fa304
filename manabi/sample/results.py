"""Test results: the national survey, the town's own, exercises on MEXCBT, and tests of the senior high school."""

from datetime import date
from math import exp
from random import Random

from manabi.sample.days import LAST_ATTENDANCE_DAY
from manabi.sample.guidance import Mind
from manabi.sample.health import Cells
from manabi.sample.people import Place

_PRIMARY = {"japanese": 20, "arithmetic": 24}
_JUNIOR = {"japanese": 22, "social_studies": 25, "mathematics": 24, "science": 25, "foreign_language": 26}
_SENIOR = ("japanese", "mathematics", "foreign_language")
_NATIONAL = {6: {"japanese": 14, "arithmetic": 16}, 9: {"japanese": 14, "mathematics": 15}}
_NATIONAL_SCIENCE = (2025,)
_EXERCISES = {
    5: ("arithmetic", "小数のかけ算・わり算", ""),
    6: ("arithmetic", "分数のわり算", ""),
    7: ("japanese", "話すこと・聞くことの確認", "8310213221100000"),
    8: ("mathematics", "連立二元一次方程式", "8350223121300000"),
    9: ("japanese", "文章を読んで考えを広げる", "8310233231400000"),
}
"""Subject, name, and the code of the course of study where the table of its stage is published."""


class Results:
    """One child's results; what is easy stays easy over the years."""

    def __init__(self, rng: Random, mind: Mind) -> None:
        self.rng, self._mind = rng, mind

    def year(self, place: Place, municipality: str) -> list[Cells]:
        """Return one row per test and subject of a school year, as cells of the layout."""
        year, grade = place.school_year, place.grade
        rows: list[Cells] = []
        if grade in _NATIONAL:
            subjects = _NATIONAL[grade] | ({"science": 17} if year in _NATIONAL_SCIENCE else {})
            for subject, items in subjects.items():
                on_computer = subject == "science" and grade == 9
                rows.append(
                    self._counted(date(year, 4, 16), "全国学力・学習状況調査", "national_survey", subject, items)
                )
                rows[-1]["way"] = "cbt" if on_computer else "paper"
                if on_computer:
                    rows[-1]["band"] = 1 + int(4.99 * self._chance(subject))
        if 2 <= grade <= 9 and grade != 6:
            for subject, items in (_PRIMARY if grade <= 6 else _JUNIOR).items():
                name = f"{municipality}学力調査"
                rows.append(
                    self._counted(date(year + 1, 1, 20), name, "local_survey", subject, items) | {"way": "paper"}
                )
        if grade in _EXERCISES:
            subject, name, code = _EXERCISES[grade]
            rows.append(
                self._counted(date(year, 9, 17), name, "mexcbt", subject, 8) | {"way": "cbt", "curriculum": code}
            )
        if grade >= 10:
            for subject in _SENIOR:
                score = min(100, max(5, int(100 * self._chance(subject))))
                rows.append(
                    {"held_on": date(year, 7, 3).isoformat(), "test": "実力テスト", "kind": "school_test",
                     "way": "paper", "subject": subject, "score": score, "max_score": 100}
                )  # fmt: skip
        return [row for row in rows if _was_there(row, place)]

    def _counted(self, day: date, name: str, kind: str, subject: str, items: int) -> Cells:
        correct = min(items, max(0, round(items * self._chance(subject))))
        return {
            "held_on": day.isoformat(), "test": name, "kind": kind, "subject": subject, "items": items,
            "correct": correct,
        }  # fmt: skip

    def _chance(self, subject: str) -> float:
        """Return the share of right answers to expect, between 0 and 1."""
        value = self._mind.ability + self._mind.leanings.get(subject, 0.0) + self.rng.gauss(0, 0.35)
        return 1 / (1 + exp(-(0.6 + 1.1 * value)))


def _was_there(row: Cells, place: Place) -> bool:
    day = date.fromisoformat(str(row["held_on"]))
    return place.begin <= day <= min(place.end, LAST_ATTENDANCE_DAY)
