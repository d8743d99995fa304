"""Health sheets: bodies that grow, eyes that tire and teeth that change, by age and sex.

Means and spreads are round figures near the published national ones, for believable values only.
"""

from math import exp
from random import Random

from manabi.sample.days import school_days
from manabi.sample.people import Learner, Place
from manabi.sample.schools import School
from manabi.sample.tables import table

Cells = dict[str, str | int | float]

_HEIGHT = {
    "male": (117, 123, 128, 134, 139.5, 146, 154, 161, 166, 168.5, 170, 170.7),
    "female": (116, 122, 128, 134, 141, 147.5, 152, 155, 156.4, 157, 157.6, 158),
}
_HEIGHT_SPREAD = {
    "male": (4.9, 5.2, 5.4, 5.8, 6.3, 7.2, 8.0, 7.6, 6.7, 6.0, 5.9, 5.8),
    "female": (4.9, 5.2, 5.6, 6.3, 6.8, 6.5, 5.9, 5.4, 5.3, 5.3, 5.3, 5.4),
}
_WEIGHT = {
    "male": (21.8, 24.5, 27.8, 31.3, 35.3, 39.8, 45.5, 50.4, 54.9, 58.9, 60.6, 62.4),
    "female": (21.3, 23.9, 27.1, 30.9, 35.2, 40.3, 44.4, 47.6, 49.9, 51.2, 52.0, 52.4),
}
_MOST_APART = 1.9
_BABY_TEETH = (18, 15, 12, 11, 8, 4, 1, 0, 0, 0, 0, 0)
_PERMANENT_TEETH = (5, 9, 12, 13, 17, 22, 26, 28, 28, 28, 28, 28)
_FINDINGS = (("eyes", 0.05), ("ear_nose_throat", 0.11), ("skin", 0.035), ("heart", 0.008), ("spine_chest_limbs", 0.01))
_NOTES = {
    "eyes": "アレルギー性結膜炎", "ear_nose_throat": "アレルギー性鼻炎", "skin": "アトピー性皮膚炎",
    "heart": "心電図要精密検査", "spine_chest_limbs": "脊柱側わんの疑い",
}  # fmt: skip


class Body:
    """One child's body over the years; what is drawn once stays, what grows never shrinks."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.tall = max(-_MOST_APART, min(_MOST_APART, rng.gauss(0, 1)))
        self.heavy = max(-_MOST_APART, min(_MOST_APART, rng.gauss(0, 1)))
        self.sight = 0.4 + rng.gauss(0, 0.9)
        self.tiring = 0.02 + 0.36 * rng.random() ** 2
        self.uneven = rng.gauss(0, 0.25)
        self.decay = rng.random() ** 2
        self.last_height = 0.0
        self.lasting = tuple(name for name, share in _FINDINGS if rng.random() < share)

    def sheet(self, learner: Learner, place: Place, school: School) -> Cells | None:
        """Return the sheet of one year as cells of the layout, or None where the child was not there that day."""
        days = school_days(place.school_year, place.grade)
        checked, dental = days[6 + school.index % 12], days[21 + school.index % 12]
        if not place.begin <= checked <= place.end:
            return None
        cells: Cells = {"checked_on": checked.isoformat(), "tuberculosis": "none", "other": "none"}
        self._growth(cells, learner.sex, place.grade - 1)
        self._eyesight(cells, place.grade)
        self._findings(cells)
        if place.begin <= dental <= place.end:
            cells["dental.checked_on"] = dental.isoformat()
            self._teeth(cells, place.grade - 1)
        return cells

    def _growth(self, cells: Cells, sex: str, age: int) -> None:
        rng = self.rng
        mean = _HEIGHT[sex][age]
        height = mean + _HEIGHT_SPREAD[sex][age] * (self.tall + rng.gauss(0, 0.08))
        height = max(height, self.last_height + (0.1 if age > 9 else 1.2))
        self.last_height = height
        self.heavy += rng.gauss(0, 0.12)
        factor = exp(0.125 * self.heavy + 0.015 * max(self.heavy, 0) ** 2)
        weight = max(_WEIGHT[sex][age] * (height / mean) ** 2 * factor, 12.0)
        cells["height_cm"] = round(height, 1)
        cells["weight_kg"] = round(weight, 1)
        cells["nutrition"] = "overweight" if factor > 1.25 else "thin" if factor < 0.79 else "good"

    def _eyesight(self, cells: Cells, grade: int) -> None:
        for side, offset in (("right", 0.0), ("left", self.uneven)):
            strain = self.tiring * grade - self.sight + offset
            band = "A" if strain < 0.35 else "B" if strain < 0.9 else "C" if strain < 1.8 else "D"
            if strain > 1.1:
                cells[f"vision.{side}.corrected"] = "A" if self.rng.random() < 0.7 else "B"
                if self.rng.random() < 0.5:
                    cells[f"vision.{side}.uncorrected"] = band
            else:
                cells[f"vision.{side}.uncorrected"] = band
            cells[f"hearing.{side}"] = "normal" if self.rng.random() < 0.994 else "reduced"

    def _findings(self, cells: Cells) -> None:
        rng = self.rng
        for name, _ in _FINDINGS:
            if name in self.lasting and rng.random() < 0.8:
                cells[name] = "found" if rng.random() < 0.6 else "under_treatment"
                cells[f"{name}.note"] = _NOTES[name]
            else:
                cells[name] = "none"
        for name, share in (("protein", 0.012), ("sugar", 0.001), ("blood", 0.008)):
            drawn = rng.random()
            cells[f"urine.{name}"] = "positive" if drawn < share / 3 else "trace" if drawn < share else "negative"
        advice = table("comments")["doctor"]
        weak_eyes = "C" in (cells.get("vision.right.uncorrected"), cells.get("vision.left.uncorrected"))
        cells["doctor_remarks"] = (
            advice[3] if "ear_nose_throat.note" in cells else advice[1] if weak_eyes else advice[0]
        )
        if weak_eyes:
            cells["follow_up"] = "眼科の受診を勧めた"

    def _teeth(self, cells: Cells, age: int) -> None:
        rng = self.rng
        shift = int(rng.random() * 3) - 1
        baby = max(0, _BABY_TEETH[age] - shift) if age < 7 else 0
        permanent = min(28, max(2, _PERMANENT_TEETH[age] + shift))
        decayed = int(self.decay * 5 * rng.random())
        cells["dental.baby_present"] = baby
        cells["dental.baby_untreated"] = min(baby, decayed // 2)
        cells["dental.baby_treated"] = min(baby - min(baby, decayed // 2), decayed)
        cells["dental.permanent_present"] = permanent
        cells["dental.permanent_untreated"] = int(decayed * 0.4) if age > 2 else 0
        cells["dental.permanent_treated"] = decayed if age > 4 else 0
        cells["dental.permanent_lost"] = 0
        for name, share in (("jaw", 0.01), ("occlusion", 0.16), ("plaque", 0.2), ("gums", 0.12)):
            drawn = rng.random()
            cells[f"dental.{name}"] = "2" if drawn < share / 4 else "1" if drawn < share else "0"
