"""Writes the registers, health sheets, attendance and authority of every establisher as published CSV layouts."""

import csv
from collections.abc import Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from random import Random
from typing import Any

from manabi.sample.attendance import Habits
from manabi.sample.days import SCHOOL_YEAR
from manabi.sample.enrolment import enrolment_cells
from manabi.sample.guidance import Mind
from manabi.sample.health import Body, Cells
from manabi.sample.people import Learner, Place
from manabi.sample.schools import Establisher, grade_code
from manabi.sample.tables import published
from manabi.sample.world import World

LEARNER_LAYOUTS = (
    "carer_authority",
    "register_enrolment",
    "register_guidance",
    "health_check",
    "attendance_exceptions",
)
"""In the order in which they are loaded."""


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


def write_registers(world: World, folder: Path) -> dict[str, dict[str, int]]:
    """Write every layout about learners, child by child; returns the rows per establisher and layout."""
    with ExitStack() as stack:
        sheets = {
            establisher.key: {
                layout: stack.enter_context(closing(Sheet(folder / establisher.key / f"{layout}.csv", layout)))
                for layout in LEARNER_LAYOUTS
            }
            for establisher in world.schools.establishers
        }
        for learner in world.learners:
            _write_learner(world, learner, sheets)
        return {key: {name: sheet.rows for name, sheet in found.items()} for key, found in sheets.items()}


def _write_learner(world: World, learner: Learner, sheets: dict[str, dict[str, Sheet]]) -> None:
    rng = Random(f"{world.seed}/learner/{learner.number}")  # noqa: S311 - made-up people, not secrets
    habits, body, mind = Habits(rng), Body(rng), Mind(rng)
    _write_ties(learner, sheets[learner.now.school.establisher.key]["carer_authority"])
    for position, stay in enumerate(learner.stays):
        school = stay.school
        own = sheets[school.establisher.key]
        who = learner_id(school.establisher, learner)
        enrolment = enrolment_cells(world, learner, position)
        own["register_enrolment"].write({"learner": who, **enrolment})
        for place in stay.places:
            key: Cells = {
                "learner": who,
                "school_code": school.code,
                "school_name": school.name,
                "school_year": place.school_year,
                "grade": grade_code(place.grade),
            }
            sheet = body.sheet(learner, place, school)
            if sheet:
                own["health_check"].write(key | sheet)
            _write_year(own, key, learner, place, habits, mind)


def _write_year(own: dict[str, Sheet], key: Cells, learner: Learner, place: Place, habits: Habits, mind: Mind) -> None:
    attendance = habits.year(learner, place)
    if place.school_year < SCHOOL_YEAR:
        own["register_guidance"].write(key | mind.year(place, attendance))
    key["class_name"] = f"{place.class_number}組"
    for day, (mark, reason, where, note) in attendance.exceptions:
        key["date"], key["mark"], key["reason"], key["place"], key["note"] = day.isoformat(), mark, reason, where, note
        own["attendance_exceptions"].write(key)


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
