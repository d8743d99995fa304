"""A node for the browser with a whole school in it: twelve classes, one of them full, and everybody who works there."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy import update

from consent.vocabulary import StaffRole
from pds.access_log.sequencer import Sequencer
from pds.app import make_node_app
from pds.intake import service as intake
from pds.intake.tasks import handlers
from pds.node import Node
from pds.organisations.models import Enrolment
from pds.people.details import Name
from pds.people.models import Staff
from pds.people.models import StaffRole as RoleRow
from tests.browser.serving import open_node, served
from tests.factories.node import EAST, NOW, WEST, World
from tests.factories.oneroster import valid
from tests.integration.conftest import Cluster
from tests.integration.pds.intake.desk import guidance_row, sheet
from web.accounts.models import AccountKind
from web.jobs.runner import Runner

_FAMILIES = (
    "佐藤 さとう", "鈴木 すずき", "髙橋 たかはし", "田中 たなか", "伊藤 いとう", "渡邉 わたなべ",
    "山本 やまもと", "中村 なかむら", "小林 こばやし", "加藤 かとう", "𠮷田 よしだ",
)  # fmt: skip
_GIVEN = ("蓮 れん", "陽葵 ひまり", "湊 みなと")
_STAFF = {
    "clerk": (StaffRole.CLERK, "山口 美穂", "やまぐち みほ"),
    "principal": (StaffRole.PRINCIPAL, "石井 修", "いしい おさむ"),
    "teacher": (StaffRole.TEACHER, "松本 拓也", "まつもと たくや"),
    "nurse": (StaffRole.NURSE_TEACHER, "井上 さくら", "いのうえ さくら"),
    "ended": (StaffRole.TEACHER, "木村 大輔", "きむら だいすけ"),
}


@dataclass(frozen=True)
class StaffSite:
    """Where the node is served, who works there, and the children of its full class."""

    url: str
    node: Node
    worker: Node
    tokens: dict[str, str]
    staff: dict[str, UUID]
    school: UUID
    room: UUID
    pupils: list[UUID]
    mother: UUID
    runs: dict[str, UUID]


@contextmanager
def open_staff_site(cluster: Cluster, folder: Path) -> Iterator[StaffSite]:
    """Serve a node with a whole school over the loopback."""
    with open_node(cluster, folder, "staff") as opened:
        with opened.world() as world:
            site = _settle(world, opened.web.settings.public_url, opened.web)
        _hand_in(site, opened.worker)
        Sequencer(opened.worker).run_once(NOW - timedelta(minutes=2))
        with served(make_node_app(opened.web), opened.port):
            yield site


def _settle(world: World, url: str, node: Node) -> StaffSite:
    school, other = world.school(EAST), world.school(WEST)
    rooms = [
        world.school_class(school, name=f"{grade}年{number}組", grade=f"P{grade}")
        for grade in range(1, 7)
        for number in (1, 2)
    ]
    world.school_class(other, name="1年1組", grade="J1")
    room = rooms[8]
    names = [(family, given) for given in _GIVEN for family in _FAMILIES]
    pupils = [_pupil(world, school, room, number, *pair) for number, pair in enumerate(names, start=1)]
    for index, somewhere in enumerate(rooms):
        if somewhere is not room:
            for number in range(1, 4):
                _pupil(world, school, somewhere, number, *names[(index * 3 + number) % len(names)])
    mother = world.carer(Name("佐藤", "恵", "さとう", "めぐみ"))
    world.care(pupils[0], mother)
    staff = {
        key: _employ(world, role, school, name, reading, room if key == "teacher" else None)
        for key, (role, name, reading) in _STAFF.items()
    }
    staff["officer"] = _employ(world, StaffRole.BOARD_OFFICER, world.board, "近藤 由美", "こんどう ゆみ")
    staff["operator"] = _employ(world, StaffRole.OPERATOR, world.board, "後藤 学", "ごとう まなぶ")
    world.session.execute(update(RoleRow).where(RoleRow.staff_id == staff["ended"]).values(valid_to=date(2026, 10, 31)))
    world.session.commit()
    tokens = {key: world.signed_in(person, AccountKind.STAFF) for key, person in staff.items()}
    for learner, login in ((pupils[2], "minato-3"), (pupils[5], "hina-006")):
        world.account(learner, login=login)
    world.commit()
    return StaffSite(url, node, world.node, tokens, staff, school, room, pupils, mother, {})


def _hand_in(site: StaffSite, worker: Node) -> None:
    """Let the officer hand in a roster with errors, one that waits, one that is applied, and one not looked at yet."""
    broken = sheet("register_guidance", *(guidance_row(learner=f"m-s-{number:06d}") for number in range(60)))
    files = {
        "refused": (broken, "指導要録2025.csv"),
        "applied": (valid(), "名簿2026.zip"),
        "ready": (valid(), "名簿2026-11.zip"),
    }
    for key, (content, name) in files.items():
        _receive(site, key, content, name)
        _work(worker)
        if key == "applied":
            with site.node.database.session() as session:
                intake.request_apply(session, site.runs[key], by=site.staff["officer"], now=NOW)
                session.commit()
            _work(worker)
    _receive(site, "waiting", valid(), "名簿2026-12.zip")


def _receive(site: StaffSite, key: str, content: bytes, name: str) -> None:
    with site.node.database.session() as session:
        site.runs[key] = intake.receive(
            session, site.node, filename=name, stream=io.BytesIO(content), by=site.staff["officer"], now=NOW
        )
        session.commit()


def _work(worker: Node) -> None:
    runner = Runner(worker.database, handlers(worker), lambda: NOW, sweep=timedelta(1), lease=timedelta(seconds=60))
    while runner.run_one():
        pass


def _pupil(world: World, school: UUID, room: UUID, number: int, family: str, given: str) -> UUID:
    (last, last_kana), (first, first_kana) = family.split(), given.split()
    learner = world.learner(Name(last, first, last_kana, first_kana), date(2015, 6, 3))
    world.session.add(
        Enrolment(learner_id=learner, enrolment_id=uuid4(), source_id=str(uuid4()), class_id=room,
                  organisation_id=school, school_year=2026, number=number, begin=date(2026, 4, 1),
                  end=date(2027, 3, 31), withdrawn=False, revision=1)
    )  # fmt: skip
    world.session.flush()
    return learner


def _employ(
    world: World, role: StaffRole, organisation: UUID, name: str, reading: str, room: UUID | None = None
) -> UUID:
    staff = world.staff(role, organisation, room)
    world.session.execute(update(Staff).where(Staff.staff_id == staff).values(name=name, reading=reading))
    return staff
