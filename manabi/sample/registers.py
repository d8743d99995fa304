"""Writes every layout about learners for every establisher: registers, health, attendance, report cards, works."""

import csv
from collections.abc import Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from manabi.sample.attendance import Habits
from manabi.sample.cast import CAST_SIZE
from manabi.sample.days import SCHOOL_YEAR
from manabi.sample.enrolment import enrolment_cells
from manabi.sample.guidance import Mind
from manabi.sample.health import Body, Cells
from manabi.sample.people import Learner, Place
from manabi.sample.portfolio import Pen, PortfolioZips
from manabi.sample.reports import FIRST_YEAR, ReportCards
from manabi.sample.results import Results
from manabi.sample.schools import Establisher, School, grade_code
from manabi.sample.tables import published
from manabi.sample.world import World

LEARNER_LAYOUTS = (
    "carer_authority",
    "register_enrolment",
    "register_guidance",
    "health_check",
    "attendance_exceptions",
    "report",
    "assessment",
)
"""CSV files in the order in which they are loaded; portfolios follow as zips."""


class Sheet:
    """One CSV file of a published layout, written row by row from named cells."""

    def __init__(self, path: Path, layout: str) -> None:
        self.header: list[str] = [column["name"] for column in published(f"layouts/{layout}.json")["columns"]]
        self.rows = 0
        self._stream = path.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._stream, lineterminator="\n")
        self._writer.writerow(self.header)

    def write(self, cells: Mapping[str, Any]) -> None:
        """Write one row; a column without a cell stays empty."""
        get = cells.get
        self._writer.writerow([get(name, "") for name in self.header])
        self.rows += 1

    def close(self) -> None:
        """Close the file."""
        self._stream.close()


def learner_id(establisher: Establisher, learner: Learner) -> str:
    """Return a child's `sourcedId` in an establisher's files."""
    return f"{establisher.prefix}-s-{learner.number:06d}"


def carer_id(establisher: Establisher, number: int) -> str:
    """Return a carer's `sourcedId` in an establisher's files."""
    return f"{establisher.prefix}-c-{number:06d}"


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: rows per establisher and CSV layout, and the names of the portfolio zips per establisher."""

    rows: dict[str, dict[str, int]]
    portfolios: dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class _Desk:
    """The open files of one establisher."""

    sheets: dict[str, Sheet]
    portfolios: PortfolioZips


class _Child:
    """Everything that one child's records are drawn from, year by year.

    What was added later draws from numbers of its own, so that the registers stay what they were.
    """

    def __init__(self, world: World, learner: Learner) -> None:
        rng = Random(f"{world.seed}/learner/{learner.number}")  # noqa: S311 - made-up people, not secrets
        self.learner = learner
        self.habits, self.body, self.mind = Habits(rng), Body(rng), Mind(rng)
        later = Random(f"{world.seed}/later/{learner.number}")  # noqa: S311
        self.cards, self.results = ReportCards(later, self.mind), Results(later, self.mind)
        self.pen = Pen(later, keeps_every_file=learner.number <= CAST_SIZE)


def write_registers(world: World, folder: Path) -> Written:
    """Write every layout about learners, child by child."""
    with ExitStack() as stack:
        desks = {
            establisher.key: _Desk(
                {
                    layout: stack.enter_context(closing(Sheet(folder / establisher.key / f"{layout}.csv", layout)))
                    for layout in LEARNER_LAYOUTS
                },
                stack.enter_context(closing(PortfolioZips(folder / establisher.key))),
            )
            for establisher in world.schools.establishers
        }
        for learner in world.learners:
            _write_learner(world, learner, desks)
        return Written(
            {key: {name: sheet.rows for name, sheet in desk.sheets.items()} for key, desk in desks.items()},
            {key: desk.portfolios.names for key, desk in desks.items()},
        )


def _write_learner(world: World, learner: Learner, desks: dict[str, _Desk]) -> None:
    child = _Child(world, learner)
    _write_ties(learner, desks[learner.now.school.establisher.key].sheets["carer_authority"])
    for position, stay in enumerate(learner.stays):
        school = stay.school
        desk = desks[school.establisher.key]
        who = learner_id(school.establisher, learner)
        enrolment = enrolment_cells(world, learner, position)
        desk.sheets["register_enrolment"].write({"learner": who, **enrolment})
        for place in stay.places:
            key: Cells = {
                "learner": who,
                "school_code": school.code,
                "school_name": school.name,
                "school_year": place.school_year,
                "grade": grade_code(place.grade),
            }
            sheet = child.body.sheet(learner, place, school)
            if sheet:
                desk.sheets["health_check"].write(key | sheet)
            _write_year(desk, key, child, place, school, world.schools.municipality)


def _write_year(desk: _Desk, key: Cells, child: _Child, place: Place, school: School, municipality: str) -> None:
    attendance = child.habits.year(child.learner, place)
    marks: Cells = {}
    if place.school_year < SCHOOL_YEAR:
        marks = child.mind.year(place, attendance)
        desk.sheets["register_guidance"].write(key | marks)
    key["class_name"] = f"{place.class_number}組"
    if place.school_year >= FIRST_YEAR:
        for cells in child.cards.year(place, school, attendance, marks):
            desk.sheets["report"].write(key | cells)
        for cells in child.results.year(place, municipality):
            desk.sheets["assessment"].write(key | cells)
        desk.portfolios.write(key, child.pen.year(place))
    for day, (mark, reason, where, note) in attendance.exceptions:
        key["date"], key["mark"], key["reason"], key["place"], key["note"] = day.isoformat(), mark, reason, where, note
        desk.sheets["attendance_exceptions"].write(key)


def _write_ties(learner: Learner, sheet: Sheet) -> None:
    establisher = learner.now.school.establisher
    for tie in learner.ties:
        sheet.write(
            {
                "learner": learner_id(establisher, learner),
                "carer": carer_id(establisher, tie.carer.number),
                "basis": tie.basis,
                "state": tie.state,
                "valid_from": tie.valid_from.isoformat(),
                "valid_to": tie.valid_to.isoformat() if tie.valid_to else "",
                "court_order": tie.court_order,
                "evidence": tie.evidence,
                "contact_block": "true" if tie.contact_block else "false",
                "relationship": tie.relationship,
            }
        )
