"""A household for the browser: a girl in junior high with eight years of records, her small brother, their mother."""

import random
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from consent.vocabulary import Category, StaffRole
from manabi.sample.pictures import landscape
from pds.access_log.entries import Purpose
from pds.node import Node
from pds.people import service as people
from pds.people.details import Name
from pds.records.bodies import published_categories
from pds.records.files import attach
from pds.sharing.enforcement import Asking, read_overview, read_record
from tests.factories import bodies
from tests.factories.node import EAST, NOW, WEST, World
from web.accounts.models import AccountKind
from web.accounts.service import issue_code

NORTH = ("B120299000027", "みらい市立北小学校")
_GRADES = ("P1", "P2", "P3", "P4", "P5", "P6", "J1", "J2")
_HEIGHTS = (115.3, 121.0, 126.8, 132.9, 139.5, 146.4, 151.2, 154.6)
_FIRST = 2019


@dataclass(frozen=True)
class Household:
    """Who lives in it, what the family signs in with, and the code of the brother's class teacher."""

    girl: UUID
    boy: UUID
    mother: UUID
    stranger: UUID
    girl_login: str
    boy_login: str
    mother_login: str
    stranger_login: str
    teacher_code: str
    guidance: UUID
    health: UUID
    enrolment: UUID
    attendance: UUID
    report: UUID
    assessment: UUID
    portfolio: UUID


def settle_household(world: World, reader: Node) -> Household:
    """Write the household into a node; `reader` is the same node in the role of the web, through which people look."""
    north, east, west = world.school(NORTH), world.school(EAST), world.school(WEST)
    girl = world.learner(Name("山﨑", "結衣", "やまざき", "ゆい"), date(2012, 9, 14))
    boy = world.learner(Name("山﨑", "湊", "やまざき", "みなと"), date(2019, 5, 20))
    mother = world.carer(Name("山﨑", "真理子", "やまざき", "まりこ"))
    stranger = world.carer(Name("鈴木", "一郎", "すずき", "いちろう"))
    for child in (girl, boy):
        world.care(child, mother)
    records = _write_girl(world, girl, north, east, west)
    class_of_girl = world.school_class(west, name="2年3組", grade="J2")
    world.enrol(girl, west, class_of_girl)
    class_of_boy = world.school_class(east, name="1年2組", grade="P1")
    world.enrol(boy, east, class_of_boy)
    _write_boy(world, boy, east)
    teacher = world.staff(StaffRole.TEACHER, west, class_of_girl)
    nurse = world.staff(StaffRole.NURSE_TEACHER, west)
    other = world.staff(StaffRole.CLERK, east)
    for person, login in ((girl, "yui2012"), (boy, "minato"), (mother, "mariko"), (stranger, "ichiro")):
        world.account(person, login=login)
    code = issue_code(world.accounts, teacher, AccountKind.STAFF, None, NOW)
    world.commit()
    _let_people_look(reader, girl, records, teacher, nurse, other, mother)
    return Household(girl, boy, mother, stranger, "yui2012", "minato", "mariko", "ichiro", code, **records)


def _write_girl(world: World, girl: UUID, north: UUID, east: UUID, west: UUID) -> dict[str, UUID]:
    kept: dict[str, UUID] = {}
    for index, grade in enumerate(_GRADES):
        year = _FIRST + index
        school, (code, name) = (north, NORTH) if index < 3 else (east, EAST) if index < 6 else (west, WEST)
        where = {"school": bodies.school(code, name)}
        place: dict[str, Any] = {
            "school_year": year,
            "code": code,
            "issued_at": NOW - timedelta(days=365 * (7 - index)),
        }
        daily = bodies.attendance_daily(year, grade, **where, class_name=f"{grade[1]}年1組")
        kept["attendance"] = world.record(girl, school, Category.ATTENDANCE_DAILY, [daily], **place)
        right = bodies.health_check(year, grade, _HEIGHTS[index], **where)
        typed_wrong = right | {"height_cm": round(_HEIGHTS[index] / 10, 2)}
        versions = [typed_wrong, right] if year == 2026 else [right]
        kept["health"] = world.record(girl, school, Category.HEALTH_CHECK, versions, **place)
        if year < 2026:
            guidance = bodies.guidance(year, grade, absent=index + 1, **where)
            kept["guidance"] = world.record(girl, school, Category.GUIDANCE, [guidance], **place)
        if year == 2025:
            _write_own(world, girl, school, grade, kept, where, place)
    _write_enrolments(world, girl, north, east, west, kept)
    return kept


def _write_own(
    world: World, girl: UUID, school: UUID, grade: str, kept: dict[str, UUID], where: Any, place: dict[str, Any]
) -> None:
    """What a year holds beside the register, with a picture that the girl painted."""
    picture = landscape(random.Random(11))
    body = bodies.portfolio(place["school_year"], grade, **where)
    body["entries"][1]["files"][0] |= {"size": len(picture), "sha256": sha256(picture).hexdigest()}
    report = bodies.report(place["school_year"], grade, **where)
    tests = bodies.assessment(place["school_year"], grade, **where)
    kept["report"] = world.record(girl, school, Category.REPORT, [report], **place)
    kept["assessment"] = world.record(girl, school, Category.ASSESSMENT, [tests], **place)
    kept["portfolio"] = world.record(girl, school, Category.PORTFOLIO, [body], **place)
    attach(
        world.session, world.node, girl, kept["portfolio"], 1,
        file_no=1, name=body["entries"][1]["files"][0]["name"], media_type="image/png", content=[picture],
    )  # fmt: skip


def _write_enrolments(world: World, girl: UUID, north: UUID, east: UUID, west: UUID, kept: dict[str, UUID]) -> None:
    at_north = bodies.enrolment(2019, 2021, school=bodies.school(*NORTH)) | {
        "leaving": {"kind": "transfer", "left_on": "2022-03-25", "day_before_acceptance": "2022-03-31",
                    "to_school": EAST[1], "to_address": None, "grade": "P4", "reason": "転居"},
    }  # fmt: skip
    at_east = bodies.enrolment(2019, 2024, school=bodies.school(*EAST)) | {
        "admission": None,
        "transfer_in": {"on": "2022-04-01", "grade": "P4", "from_school": NORTH[1],
                        "from_address": None, "reason": "転居"},
        "graduation": {"on": "2025-03-19"},
        "next_school": {"name": WEST[1], "address": None},
    }  # fmt: skip
    at_east["years"] = at_east["years"][3:]
    at_west = bodies.enrolment(2025, 2026, school=bodies.school(*WEST)) | {
        "admission": {"on": "2025-04-07", "grade": "J1", "kind": "entry", "reason": None},
    }
    for year in at_west["years"]:
        year["grade"] = year["grade"].replace("P", "J")
    for school, place, body, year in (
        (north, NORTH, at_north, 2019), (east, EAST, at_east, 2022), (west, WEST, at_west, 2025),
    ):  # fmt: skip
        kept["enrolment"] = world.record(
            girl,
            school,
            Category.ENROLMENT,
            [body],
            school_year=year,
            code=place[0],
            issued_at=NOW - timedelta(days=200),
        )


def _write_boy(world: World, boy: UUID, east: UUID) -> None:
    world.record(boy, east, Category.ENROLMENT, [bodies.enrolment(2026, 2026)])
    world.record(boy, east, Category.HEALTH_CHECK, [bodies.health_check(2026, "P1", 116.2)])
    world.record(boy, east, Category.ATTENDANCE_DAILY, [bodies.attendance_daily(2026, "P1")])


def _let_people_look(
    node: Node, girl: UUID, records: dict[str, UUID], teacher: UUID, nurse: UUID, other: UUID, mother: UUID
) -> None:
    """Several days of the log: the class teacher, the nurse teacher, the mother, and a clerk who may not."""
    looks = (
        (teacher, Purpose.SCHOOL_WORK, 9, "guidance"),
        (nurse, Purpose.SCHOOL_WORK, 6, "health"),
        (nurse, Purpose.SCHOOL_WORK, 6, "health"),
        (nurse, Purpose.SCHOOL_WORK, 6, "guidance"),
        (other, Purpose.SCHOOL_WORK, 3, "health"),
        (mother, Purpose.LOOK_BACK, 2, None),
        (teacher, Purpose.SCHOOL_WORK, 1, "attendance"),
    )
    for number, (person, purpose, days, kind) in enumerate(looks):
        at = NOW - timedelta(days=days, minutes=7 * number)
        with node.database.session() as session:
            viewer = people.viewer_for(session, person)
            assert viewer is not None
            asking = Asking(viewer, purpose, at, f"K7Q-{number}MX-4HT")
            if kind is None:
                read_overview(session, node, asking, girl, sorted(published_categories()))
            else:
                read_record(session, node, asking, girl, records[kind])
            session.commit()
