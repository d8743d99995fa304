"""Writes the whole sample into a folder, with the order in which its files are loaded and whom to sign in as."""

import json
from pathlib import Path
from typing import Any

from manabi.sample.cast import MOVING_SCENE, STUDENT_SCENE
from manabi.sample.days import DELTA_DAY, ROSTER_DAY, SCHOOL_YEAR, year_end
from manabi.sample.delta import write_delta
from manabi.sample.last_year import LAST_DAY, write_last_year
from manabi.sample.oneroster import write_bulk
from manabi.sample.registers import LEARNER_LAYOUTS, Sheet, Written, carer_id, learner_id, write_registers
from manabi.sample.schools import Establisher
from manabi.sample.staff import StaffMember
from manabi.sample.world import World

BULK = f"oneroster-bulk-{ROSTER_DAY.isoformat()}.zip"
LAST_YEAR = f"oneroster-year-{SCHOOL_YEAR - 1}.zip"
DELTA = f"oneroster-delta-{DELTA_DAY.isoformat()}.zip"
ROLES_BEYOND_ONEROSTER = ("nurse_teacher", "clerk", "board_officer", "operator")


def write_sample(world: World, folder: Path) -> dict[str, Any]:
    """Write every file of the sample into `folder` and return what `load_order.json` says."""
    for establisher in world.schools.establishers:
        (folder / establisher.key).mkdir(parents=True, exist_ok=True)
        write_bulk(world, establisher, folder / establisher.key / BULK)
        _write_staff_roles(world, establisher, folder / establisher.key / "staff_roles.csv")
    _write_school_list(world, folder / "school_list.csv")
    written = write_registers(world, folder)
    before = [one for one in world.schools.establishers if write_last_year(world, one, folder / one.key / LAST_YEAR)]
    city = world.schools.establishers[0]
    write_delta(world, city, folder / city.key / DELTA)
    order = {
        "learners": len(world.learners),
        "seed": world.seed,
        "establishers": [
            {"key": one.key, "name": one.name, "code": one.code, "sourcedId": one.sourced_id, "profile": one.profile}
            for one in world.schools.establishers
        ],
        "files": _files(world, written, before),
        "people": demo_people(world),
    }
    text = json.dumps(order, ensure_ascii=False, indent=2)
    (folder / "load_order.json").write_text(text + "\n", encoding="utf-8")
    return order


def demo_people(world: World) -> dict[str, dict[str, str]]:
    """Return one person per role of the demonstration: a student, a parent, and the staff around that student."""
    city = world.schools.establishers[0]
    student = world.scene(STUDENT_SCENE)[0]
    parent = student.ties[-1].carer
    place, school = student.now.places[-1], student.now.school

    def member(role: str) -> StaffMember:
        return next(
            one
            for one in world.staff.members
            if one.establisher is city
            and one.role == role
            and one.school in (school, None)
            and (role != "teacher" or one.class_ == (place.grade, place.class_number))
        )

    people = {
        "student": _person(city, learner_id(city, student), student.name.full),
        "guardian": _person(city, carer_id(city, parent.number), parent.name.full),
    }
    for role in ("clerk", "teacher", "principal", "nurse_teacher", "board_officer", "operator"):
        found = member(role)
        people[role] = _person(city, found.sourced_id, found.name.full)
    return people | _moving_people(world, city)


def _moving_people(world: World, city: Establisher) -> dict[str, dict[str, str]]:
    """Return the family that moves away in the demonstration, mother and child, and the clerk of the child's school."""
    child = world.scene(MOVING_SCENE)[-1]
    clerk = next(one for one in world.staff.members if one.role == "clerk" and one.school == child.now.school)
    return {
        "moving_child": _person(city, learner_id(city, child), child.name.full),
        "moving_parent": _person(city, carer_id(city, child.ties[-1].carer.number), child.ties[-1].carer.name.full),
        "moving_clerk": _person(city, clerk.sourced_id, clerk.name.full),
    }


def _person(establisher: Establisher, sourced_id: str, name: str) -> dict[str, str]:
    return {"establisher": establisher.key, "sourcedId": sourced_id, "name": name}


def _files(world: World, written: Written, before: list[Establisher]) -> list[dict[str, str]]:
    bulk, roles, registers = [], [], []
    for establisher in world.schools.establishers:
        bulk.append(_file(establisher, BULK, "oneroster"))
        roles.append(_file(establisher, "staff_roles.csv", "staff_roles"))
        registers += [
            _file(establisher, f"{layout}.csv", layout)
            for layout in LEARNER_LAYOUTS
            if written.rows[establisher.key][layout]
        ]
        registers += [_file(establisher, name, "portfolio") for name in written.portfolios[establisher.key]]
    city = world.schools.establishers[0]
    schools = {
        "file": "school_list.csv",
        "kind": "school_list",
        "as_of": ROSTER_DAY.isoformat(),
        "establisher": city.key,
    }
    delta = _file(city, DELTA, "oneroster") | {"as_of": DELTA_DAY.isoformat()}
    last_year = [_file(one, LAST_YEAR, "oneroster") | {"as_of": LAST_DAY.isoformat()} for one in before]
    return [*bulk, *last_year, schools, *roles, *registers, delta]


def _file(establisher: Establisher, name: str, kind: str) -> dict[str, str]:
    return {
        "file": f"{establisher.key}/{name}",
        "kind": kind,
        "as_of": ROSTER_DAY.isoformat(),
        "establisher": establisher.key,
    }


def _write_staff_roles(world: World, establisher: Establisher, path: Path) -> None:
    sheet = Sheet(path, "staff_roles")
    for member in world.staff.members:
        if member.establisher is establisher and member.role in ROLES_BEYOND_ONEROSTER:
            sheet.write(
                {
                    "staff": member.sourced_id,
                    "role": member.role,
                    "organisation": member.school.code if member.school else establisher.code,
                    "valid_from": member.since.isoformat(),
                    "valid_to": year_end(SCHOOL_YEAR).isoformat(),
                }
            )
    sheet.close()


def _write_school_list(world: World, path: Path) -> None:
    sheet = Sheet(path, "school_list")
    for school in world.schools.every:
        sheet.write(
            {
                "code": school.code,
                "name": school.name,
                "address": school.address,
                "establisher": school.establisher.code,
                "valid_from": school.opened.isoformat(),
                "closed_on": school.closed_on.isoformat() if school.closed_on else "",
                "successor_code": school.successor,
            }
        )
    sheet.close()
