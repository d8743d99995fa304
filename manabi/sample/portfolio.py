"""What children wrote and made: goals, looking back and works of each year, some of them with a file."""

import csv
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from random import Random
from typing import Any, Final

from manabi.sample.days import LAST_ATTENDANCE_DAY, SCHOOL_YEAR
from manabi.sample.health import Cells
from manabi.sample.people import Place
from manabi.sample.pictures import card, landscape
from manabi.sample.tables import published, table

FILES_PER_ZIP: Final = 2000
_FILES_FROM: Final = SCHOOL_YEAR - 1
"""Most children have files of the last two years only; the cast of the story has them of every year."""
_ZIP_TIME: Final = (2026, 11, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a portfolio, and the file that comes with it: name without number and ending, ending, content."""

    cells: Cells
    file: tuple[str, str, bytes] | None = None


class Pen:
    """One child's own hand over the years; sentences do not repeat as long as there are others."""

    def __init__(self, rng: Random, *, keeps_every_file: bool) -> None:
        self.rng, self._keeps_every_file = rng, keeps_every_file
        self._used: set[str] = set()

    def year(self, place: Place) -> list[Entry]:
        """Return the entries of one school year, as far as it has come."""
        band, year = _band(place.grade), place.school_year
        found = [
            (date(year, 4, 24), self._goal(band)),
            (date(year, 7, 14), self._reflection("1学期をふり返って", band)),
            (date(year, 10, 21), self._work(band, place)),
            (date(year + 1, 3, 9), self._reflection("一年をふり返って", band)),
        ]
        there = [(day, entry) for day, entry in found if place.begin <= day <= min(place.end, LAST_ATTENDANCE_DAY)]
        for number, (day, entry) in enumerate(there, start=1):
            entry.cells["number"] = number
            entry.cells["written_on"] = day.isoformat()
        return [entry for _, entry in there]

    def _goal(self, band: str) -> Entry:
        title, text = self._pick("goals", band)
        cells: Cells = {"kind": "goal", "title": title, "text": text + self._pick("because", band)}
        return Entry(cells | self._answers(band))

    def _reflection(self, title: str, band: str) -> Entry:
        text = self._pick("reflections", band) + self._pick("next", band)
        return Entry({"kind": "reflection", "title": title, "text": text} | self._answers(band))

    def _work(self, band: str, place: Place) -> Entry:
        subject, title, form, text = self._pick("works", band)
        cells: Cells = {"kind": "work", "title": title, "subject": subject, "text": text}
        drawn = self.rng.random()
        if not (self._keeps_every_file or (place.school_year >= _FILES_FROM and drawn < 0.6)):
            return Entry(cells)
        return Entry(cells, (title.replace(" ", ""), *self._file(form, title, text)))

    def _file(self, form: str, title: str, text: str) -> tuple[str, bytes]:
        if form == "picture":
            return "png", landscape(self.rng)
        lines = [line + "。" for line in text.split("。") if line]
        if form == "card":
            return "pdf", card(title, lines)
        return "txt", "\n".join([title, "", *lines, ""]).encode()

    def _answers(self, band: str) -> Cells:
        words: Cells = {}
        if self.rng.random() < 0.6:
            words["teacher_words"] = self._pick("teacher", band)
        if self.rng.random() < 0.4:
            words["family_words"] = self.rng.choice(table("own_words")["family"])
        return words

    def _pick(self, kind: str, band: str) -> Any:
        choices = table("own_words")[kind][band]
        fresh = [choice for choice in choices if str(choice) not in self._used]
        found = self.rng.choice(fresh or choices)
        self._used.add(str(found))
        return found


class PortfolioZips:
    """Portfolios of one establisher: an index and the files it names, in as many zips as the files need."""

    def __init__(self, folder: Path) -> None:
        self.rows = 0
        self.names: list[str] = []
        self._folder = folder
        self._header: list[str] = [column["name"] for column in published("layouts/portfolio.json")["columns"]]
        self._zip: zipfile.ZipFile | None = None
        self._index = io.StringIO(newline="")
        self._files = 0

    def write(self, key: Mapping[str, Any], entries: list[Entry]) -> None:
        """Write the entries of one child, school and year, which stay together in one zip."""
        if not entries:
            return
        package = self._package()
        writer = csv.writer(self._index, lineterminator="\n")
        for entry in entries:
            cells = {**key, **entry.cells}
            if entry.file is not None:
                stem, suffix, content = entry.file
                self._files += 1
                cells["file1"] = f"{stem}-{self._files:04d}.{suffix}"
                package.writestr(_member(cells["file1"], zipfile.ZIP_STORED), content)
            writer.writerow([cells.get(name, "") for name in self._header])
        self.rows += len(entries)

    def close(self) -> None:
        """Write the index of the zip that is open, and close it."""
        if self._zip is not None:
            self._zip.writestr(_member("portfolio.csv", zipfile.ZIP_DEFLATED), self._index.getvalue().encode())
            self._zip.close()
            self._zip = None

    def _package(self) -> zipfile.ZipFile:
        if self._files >= FILES_PER_ZIP:
            self.close()
        if self._zip is None:
            number = len(self.names) + 1
            self.names.append("portfolio.zip" if number == 1 else f"portfolio-{number}.zip")
            self._zip = zipfile.ZipFile(self._folder / self.names[-1], "w")
            self._files = 0
            self._index = io.StringIO(newline="")
            csv.writer(self._index, lineterminator="\n").writerow(self._header)
        return self._zip


def _member(name: str, mode: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _ZIP_TIME)
    entry.compress_type = mode
    entry.external_attr = 0o644 << 16
    return entry


def _band(grade: int) -> str:
    return "lower" if grade <= 2 else "middle" if grade <= 4 else "upper" if grade <= 6 else (
        "junior" if grade <= 9 else "senior")  # fmt: skip
