"""The whole way from sealed records in PostgreSQL: neighbours, a child that moved twice, planted figures, kills."""

import logging
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from aggregator.plans.model import Level, Plan
from aggregator.plans.sensitivity import sensitivity_squared
from aggregator.reporter.client import Identity, connect
from aggregator.reporter.facts import Areas, ChildFact
from aggregator.reporter.run import report_once
from consent.policy.loader import shipped_policy
from pds.node import Node
from pds.settings import NodeSettings
from pds.statistics.keeping import NodeStore
from pds.statistics.reading import NodeRecords
from tests.factories.count import NOW, PLAN, Count, node_participant
from tests.factories.plans import make_plan
from tests.integration.conftest import Address, Cluster
from tests.integration.pds.statistics.conftest import draw_quickly
from tests.integration.pds.statistics.records import Records
from trust.keyring import FileKeyring
from trust.registry import KeyUse
from web.database import Database

EAST, JUNIOR = "B120299000018", "C120299000017"
SEED = bytes(range(32))
COUNTED_COMMITTEE = make_plan(floor=2, noise={"source": "committee", "colluding": {"parts": 1, "of": 10}})


def same_draw(_: Fraction, n: int) -> list[int]:
    return [3 * number - 7 for number in range(n)]


def look_as(node: Node, count: Count, **options: object) -> None:
    identity = Identity(node.node_id, node.keyring.signing_key(KeyUse.NODE.value))
    with connect(count.registry, identity, count.transport()) as servers:
        report_once(NodeStore(node), NodeRecords(node), servers, NOW, **{"draw": draw_quickly, **options})  # type: ignore[arg-type]


def test_sensitivity_computed_is_sensitivity_measured_from_sealed_records(
    records: Records, count: Count, jobs_node: Node
) -> None:
    """Each child in turn is taken from the node; with the same randomness the submission moves by the bound at most."""
    schools = [records.school(EAST), records.school(JUNIOR)]
    children = [
        records.counted(schools[number % 2], absent, grade, sex)
        for number, (absent, grade, sex) in enumerate(
            (
                (30, "P1", "male"),
                (90, "P5", "female"),
                (29, "P5", "female"),
                (45, "J3", "unspecified"),
                (0, "J1", "male"),
            )
        )
    ]
    records.commit()

    def submitted() -> list[int]:
        units = {"nation": 10**6, "prefecture": 10**6, "establisher": 10**6}
        plan = make_plan(
            floor=2, plan_id=f"absence-{len(count.rounds)}", budget__units=units,
            budget__share={"parts": 1, "of": 1000},
        )  # fmt: skip
        round_id = count.announce(plan)
        look_as(jobs_node, count, draw=same_draw, random=lambda _: SEED)
        return count.vector(round_id, jobs_node.node_id)

    whole = submitted()
    moved = []
    for learner in children:
        records.session.execute(text("UPDATE enrolment SET withdrawn = true WHERE learner_id = :l"), {"l": learner})
        records.commit()
        moved.append([one - other for one, other in zip(whole, submitted(), strict=True)])
        records.session.execute(text("UPDATE enrolment SET withdrawn = false WHERE learner_id = :l"), {"l": learner})
        records.commit()
    for level, begin in ((Level.ESTABLISHER, slice(0, 2)), (Level.PREFECTURE, slice(2, None))):
        assert max(sum(value**2 for value in each[begin]) for each in moved) == sensitivity_squared(PLAN, level) == 1
    assert [sum(map(abs, each)) for each in moved] == [2, 2, 0, 2, 0]


@dataclass
class Town:
    """A node with a database and a keyring of its own."""

    node: Node
    records: Records


@contextmanager
def towns(cluster: Cluster, folder: Path, settings: NodeSettings, names: tuple[str, ...]) -> Iterator[list[Town]]:
    opened: list[Town] = []
    for name in names:
        address = Address(cluster.server, f"count_{uuid4().hex[:8]}")
        cluster.create(address.name)
        own = replace(settings, node_id=name, keyring=folder / name)
        keyring = FileKeyring.create(own.keyring, name)
        node = Node(own, Database(address.url("manabi_jobs")), keyring, shipped_policy(), lambda: NOW)
        opened.append(Town(node, Records(node, node.database.session().__enter__())))
    try:
        yield opened
    finally:
        for town in opened:
            database = str(town.node.database.engine.url.database)
            town.records.session.close()
            town.node.database.close()
            town.node.keyring.close()  # type: ignore[attr-defined]
            cluster.drop(database)


def test_a_child_that_moved_twice_is_counted_once_by_the_last_of_three_nodes(
    cluster: Cluster, tmp_path: Path, settings: NodeSettings
) -> None:
    """11 + 10 + 9 days at three schools of three nodes are one child with 30; none of the schools alone would count."""
    codes = ("B120299000018", "B113299900011", "B101299000013")
    boards = ("209201", "132012", "011000")
    with towns(cluster, tmp_path, settings, ("a.node", "b.node", "c.node")) as (a, b, c):
        keys = [town.node.keyring.signing_key(code) for town, code in zip((a, b, c), codes, strict=True)]
        schools = [town.records.school(code, board) for town, code, board in zip((a, b, c), codes, boards, strict=True)]
        here = a.records.counted(schools[0], 11)
        a.records.left(here, schools[0], date(2025, 7, 18))
        there = b.records.child()
        b.records.enrol(there, schools[1], begin=date(2025, 7, 19))
        b.records.guidance(there, schools[1], 10)
        b.records.received(there, b.records.arrived(there, schools[1]), ((codes[0], keys[0]),), 11)
        b.records.left(there, schools[1], date(2026, 1, 9))
        last = c.records.child()
        c.records.enrol(last, schools[2], begin=date(2026, 1, 10))
        c.records.guidance(last, schools[2], 9)
        case = c.records.arrived(last, schools[2])
        c.records.received(last, case, ((codes[1], keys[1]),), 10)
        c.records.received(last, case, ((codes[0], keys[0]), (codes[1], keys[1])), 11)
        count = Count(
            tuple(
                node_participant(town.node.node_id, town.node.keyring.signing_key("node"), (board,), number)
                for number, (town, board) in enumerate(zip((a, b, c), boards, strict=True), start=1)
            )
        )
        round_id = count.announce()
        exact = {}
        for town in (a, b, c):
            town.records.commit()
            look_as(town.node, count)
            exact[town.node.node_id] = sum(count.vector(round_id, town.node.node_id)[2:])
    assert exact == {"a.node": 0, "b.node": 0, "c.node": 1}


class Planted:
    """A source that counts a figure of seven digits."""

    figure = 7_654_321

    def __init__(self, plan: Plan) -> None:
        self.areas = Areas.of({"209201"}, {"20"})
        self.digest = plan.digest

    def facts(self) -> Iterator[ChildFact]:
        for value in (*(10**6,) * (self.figure // 10**6), self.figure % 10**6):
            yield ChildFact("209201", "20", ((("P5", "female"), value),))


class PlantedSource:
    @contextmanager
    def read(self, plan: Plan) -> Iterator[Planted]:
        yield Planted(plan)

    def digest(self, plan: Plan) -> bytes:
        return plan.digest


def test_no_table_log_or_message_of_the_node_shows_a_planted_figure(
    records: Records, count: Count, jobs_node: Node, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Looked for as text and as a word of eight bytes in either order, in the clear and hexadecimal."""
    caplog.set_level(logging.DEBUG)
    plan = make_plan(floor=2, bounds__per_cell=10**6)
    round_id = count.announce(plan)
    identity = Identity(jobs_node.node_id, jobs_node.keyring.signing_key("node"))
    count.helper.down = True
    for down in (True, False):
        count.helper.down = down
        with connect(count.registry, identity, count.transport()) as servers:
            report_once(NodeStore(jobs_node), PlantedSource(), servers, NOW, draw=lambda _, n: [0] * n)
    assert Planted.figure in count.vector(round_id, jobs_node.node_id)
    figure = Planted.figure
    forms = [str(figure).encode(), f"{figure:,}".encode(), struct.pack("<q", figure), struct.pack(">q", figure)]
    forms += [form.hex().encode() for form in forms[2:]]
    places = {"log": caplog.text.encode(), "output": "".join(capfd.readouterr()).encode()}
    for server in (count.leader, count.helper):
        for number, (path, body) in enumerate(server.requests):
            places[f"{server.name}/{number}"] = path.encode() + body
    with jobs_node.database.session() as session:
        tables = session.scalars(
            text("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
        ).all()
        for table in tables:
            try:
                rows = session.execute(text(f'SELECT * FROM "{table}"')).all()
            except Exception:  # noqa: BLE001 — not for background work
                session.rollback()
                continue
            for row in rows:
                for value in row:
                    raw = bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
                    places[table] = places.get(table, b"") + raw + b"\n"
    assert {"statistics_report", "statistics_noise", "log_entry"} <= set(places)
    assert [(place, form) for place, held in places.items() for form in forms if form in held] == []


class Killed(BaseException):
    """The process ends here; whatever was not committed is gone."""


@pytest.mark.parametrize("step", ["prepared", "sent-leader", "seat-kept"])
def test_stopped_between_two_steps_it_goes_on_with_the_same_bytes(
    records: Records, count: Count, jobs_node: Node, step: str
) -> None:
    records.counted(records.school(EAST), 40)
    records.commit()
    node = jobs_node.node_id
    round_id = count.announce(COUNTED_COMMITTEE)
    seats = step.startswith(("seat", "settled"))
    if seats:
        look_as(jobs_node, count)
        count.close(round_id)
        count.rounds[round_id].committees = {("nation", "JP"): (), ("prefecture", "20"): ()}

    def die(done: str) -> None:
        if done == step:
            raise Killed

    with pytest.raises(Killed):
        look_as(jobs_node, count, after=die)
    store = NodeStore(jobs_node)
    before = store.newest(round_id), store.noise(round_id), {seat.place: seat for seat in store.seats(round_id)}
    look_as(jobs_node, count)
    look_as(jobs_node, count)
    after = store.newest(round_id)
    assert after is not None
    if before[0] is not None:
        assert after.header == before[0].header
        assert count.leader.held[round_id, node][1][0].digest == count.helper.held[round_id, node][1][0].digest
    if before[1] is not None and not seats:
        assert store.noise(round_id) == before[1]
    assert after.state == ("settled" if seats else "sent")
    assert set(count.leader.held[round_id, node]) == set(count.helper.held[round_id, node]) == {1}
    for place, seat in before[2].items():
        assert next(one for one in store.seats(round_id) if one.place == place).header == seat.header
    if seats:
        assert {key[2:] for key in count.leader.noise} == {("nation", "JP"), ("prefecture", "20")}
        assert {key: held[0].digest for key, held in count.leader.noise.items()} == {
            key: held[0].digest for key, held in count.helper.noise.items()
        }
        assert all(seat.leader_share is None and seat.helper_share is None for seat in store.seats(round_id))
    for server in (count.leader, count.helper):
        bodies = [body for path, body in server.requests if path.endswith("/submissions")]
        assert len(set(bodies)) == 1, "whatever was sent twice was the same"


def test_a_seat_is_not_taken_on_a_servers_word(records: Records, count: Count, jobs_node: Node) -> None:
    """Nonces that were not committed to, or a total that names the node where the draw does not, get no noise."""
    records.school(EAST)
    records.commit()
    round_id = count.announce(COUNTED_COMMITTEE)
    look_as(jobs_node, count)
    honest = count.nonces
    count.nonces = (bytes(32), honest[1])
    count.close(round_id)
    count.rounds[round_id].committees = {("nation", "JP"): ()}
    look_as(jobs_node, count)
    assert count.leader.noise == {}
    count.nonces = honest
    count.close(round_id)
    count.rounds[round_id].committees = {("nation", "JP"): ((jobs_node.node_id,),), ("establisher", "209201"): ()}
    look_as(jobs_node, count)
    assert count.leader.noise == {}


@pytest.mark.parametrize("fault", ["helper", "plan", "round"])
def test_a_round_that_both_servers_did_not_announce_gets_nothing(
    records: Records, count: Count, jobs_node: Node, fault: str
) -> None:
    records.school(EAST)
    records.commit()
    round_id = count.announce()
    found = count.rounds[round_id]
    match fault:
        case "helper":
            count.helper.signing, _ = type(count.helper.signing).generate(), count.helper.signing
            registry = count.registry
            count.helper.signing = type(count.helper.signing).generate()
            assert registry.by_id("helper.demo") is not None
            identity = Identity(jobs_node.node_id, jobs_node.keyring.signing_key("node"))
            with connect(registry, identity, count.transport()) as servers:
                report_once(NodeStore(jobs_node), NodeRecords(jobs_node), servers, NOW, draw=draw_quickly)
        case "plan":
            other = make_plan(floor=3)
            found.opening = replace(found.opening, plan=other.digest)
            count.rounds["11111111-2222-3333-4444-555555555555"] = replace(found, plan=other)
            del count.rounds[round_id]
            look_as(jobs_node, count)
        case "round":
            found.opening = replace(found.opening, round_id=str(UUID(int=7)))
            look_as(jobs_node, count)
    assert count.leader.held == count.helper.held == {}
    assert re.search("submissions", str([path for path, _ in count.leader.requests])) is None
