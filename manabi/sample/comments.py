"""Teachers' sentences, put together so that they agree with the year's marks."""

from collections.abc import Sequence
from functools import cache
from random import Random
from typing import Any

from manabi.sample.schools import Stage, stage_of
from manabi.sample.tables import published, table

_STAGE = {Stage.ELEMENTARY: "elementary", Stage.JUNIOR_HIGH: "junior", Stage.SENIOR_HIGH: "senior"}


@cache
def subject_names() -> dict[str, str]:
    """Return the Japanese name of each subject code, without readings."""
    items = published("records/guidance.schema.json")["properties"]["subjects"]["items"]
    labels = items["properties"]["subject"]["x-codes"]
    return {code: _plain(label["ja"]) for code, label in labels.items()}


def _plain(text: str) -> str:
    out, inside = [], False
    for character in text:
        inside = (inside or character == "《") and character != "》"
        if not inside and character not in "》｜":
            out.append(character)
    return "".join(out)


def _pick(rng: Random, choices: Sequence[Any]) -> Any:
    return choices[int(rng.random() * len(choices))]


class Voice:
    """What teachers would say of one child: the club and the leaning stay over the years, sentences do not repeat."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.club = _pick(rng, table("comments")["clubs"]) if rng.random() < 0.85 else ""
        self._said: set[str] = set()

    def overall(self, grade: int, strong: str, weak: str, virtues: Sequence[str], long_reason: str) -> str:
        """Word the year's overall remarks: the strong subject, a virtue, a duty or an event, and what is growing."""
        words = table("comments")
        stage = _STAGE[stage_of(grade)]
        band = "lower" if grade <= 3 else "upper" if stage == "elementary" else stage
        parts: list[str] = []
        if long_reason:
            parts.append(words["remarks"][long_reason])
        subject_lines = words["strong"][stage].get(strong)
        if subject_lines:
            parts.append(self._fresh(subject_lines))
        virtue_lines = words["character" if stage == "elementary" else "character_junior"]
        if virtues:
            parts.append(self._fresh(virtue_lines[_pick(self.rng, virtues)]))
        parts.append(self._fresh(words["role_text"][band]).format(r=_pick(self.rng, words["roles"][band])))
        if stage != "elementary" and self.club:
            parts.append(self._fresh(words["club_text"]).format(c=self.club))
        elif self.rng.random() < 0.7:
            parts.append(self._fresh(words["events"][band]))
        if weak and self.rng.random() < 0.5:
            parts.append(self._fresh(words["growing"][stage]).format(s=subject_names()[weak]))
        return "".join(parts)

    def moral(self) -> str:
        """Word the entry on moral education."""
        return self._fresh(table("comments")["moral"])

    def foreign_language_activity(self) -> str:
        """Word the entry on foreign language activities."""
        return self._fresh(table("comments")["foreign_language_activity"])

    def integrated(self, grade: int) -> tuple[str, str]:
        """Return theme and evaluation of the period for integrated study."""
        key = {1: f"P{grade}", 2: f"J{grade - 6}"}.get((grade > 6) + 1, "H") if grade < 10 else "H"
        theme, evaluation = _pick(self.rng, table("comments")["integrated"][key])
        return str(theme), str(evaluation)

    def _fresh(self, lines: Sequence[str]) -> str:
        line = str(_pick(self.rng, lines))
        if line in self._said:
            line = str(_pick(self.rng, lines))
        self._said.add(line)
        return line
