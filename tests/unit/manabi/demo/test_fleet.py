"""The fleet of a hundred municipalities: its entries in the registry, what it remembers, and its children as facts."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import pytest

from aggregator.plans.model import Level, Plan
from aggregator.plans.shipped import shipped_plan
from aggregator.protocol.shares import Side
from aggregator.reporter.errors import FactRefused, NoiseUnfit, Overtaken, ServerOutOfReach
from aggregator.reporter.noise import KeptNoise
from aggregator.reporter.report import Prepared
from aggregator.reporter.state import KeptSeat, ReportState, SeatPlace
from manabi.demo import fleet_source
from manabi.demo.fleet_nodes import fleet_nodes, join_requests, noise_key
from manabi.demo.fleet_source import FleetSource
from manabi.demo.fleet_store import FleetStore, lay_store
from manabi.registrar import Registrar
from manabi.sample.municipalities import children, municipalities
from trust.participants import ParticipantKind

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
PLAN = shipped_plan("absence-2025")
SMALLEST = min(municipalities(), key=lambda one: one.learners)
ROUND = str(uuid4())
NOISE = KeptNoise(PLAN.digest, {SMALLEST.code: (3, -4)})


# --- who they are


def test_every_municipality_is_a_node_of_the_registry_with_its_own_board_and_keys(tmp_path: Path) -> None:
    nodes = fleet_nodes(tmp_path)
    registrar = Registrar.create(tmp_path / "registrar", now=NOW)
    registry = registrar.admit_all(join_requests(nodes, registrar.current(), NOW), now=NOW)
    assert registry.version == 2
    assert len(registry.participants) == 100
    for node in nodes:
        entry = registry.by_id(node.node_id)
        assert entry is not None
        assert (entry.kind, entry.issuer) == (ParticipantKind.NODE, f"https://{node.municipality.code}.node.example")
        assert [one.code for one in entry.organisations] == [node.municipality.code]
        assert [key.thumbprint() for key in entry.keys_for("node", NOW)] == [node.node_key.kid]
    assert join_requests(nodes, registry, NOW) == []


def test_their_keys_stay_and_differ(tmp_path: Path) -> None:
    nodes = fleet_nodes(tmp_path / "one")
    assert [one.node_key.kid for one in fleet_nodes(tmp_path / "one")] == [one.node_key.kid for one in nodes]
    others = fleet_nodes(tmp_path / "two")
    kids = {key.kid for one in (*nodes, *others) for key in (one.node_key, one.client_key)}
    assert len(kids) == 400
    assert len({noise_key(tmp_path / "one", one) for one in nodes}) == 100
    assert (tmp_path / "one" / "fleet.secret").stat().st_mode & 0o077 == 0


# --- what they count


def test_a_municipalitys_facts_are_its_long_absent_children_in_its_own_areas() -> None:
    with FleetSource(SMALLEST, 7).read(PLAN) as reading:
        facts = list(reading.facts())
    assert (reading.areas.establishers, reading.areas.prefectures) == ((SMALLEST.code,), (SMALLEST.prefecture,))
    assert len(facts) == SMALLEST.learners
    drawn = [(one.grade, one.sex) for one in children(SMALLEST, 7) if one.absent >= PLAN.fact.at_least]
    assert [fact.cells for fact in facts if fact.cells] == [((codes, 1),) for codes in drawn]


def test_the_makers_know_how_many_there_really_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet_source, "municipalities", lambda: (SMALLEST,))
    with FleetSource(SMALLEST, 7).read(PLAN) as reading:
        counted = Counter(codes for fact in reading.facts() for codes, _ in fact.cells)
    assert fleet_source.truth(7) == {SMALLEST.prefecture: counted}


def test_another_seed_or_plan_has_another_digest_and_reading_has_the_stated_one() -> None:
    other = replace(PLAN, _bytes=PLAN.to_bytes() + b" ")
    digests = {FleetSource(SMALLEST, seed).digest(plan) for seed in (1, 2) for plan in (PLAN, other)}
    assert len(digests) == 4
    with FleetSource(SMALLEST, 1).read(PLAN) as reading:
        assert reading.digest == FleetSource(SMALLEST, 1).digest(PLAN)


def test_a_plan_that_asks_for_what_made_up_children_do_not_have_is_refused() -> None:
    other = replace(PLAN, dimensions=(replace(PLAN.dimensions[0], id="reason"), *PLAN.dimensions[1:]))
    with FleetSource(SMALLEST, 1).read(other) as reading, pytest.raises(FactRefused):
        next(reading.facts())


# --- what they remember


@pytest.fixture
def store(tmp_path: Path) -> FleetStore:
    return opened(tmp_path)


def opened(folder: Path, node: str = "one.node", key: bytes = bytes(32)) -> FleetStore:
    lay_store(folder / "fleet.sqlite3")
    return FleetStore(folder / "fleet.sqlite3", node, key)


def prepared(sequence: int = 1, plan: Plan = PLAN) -> Prepared:
    return Prepared(ROUND, sequence, plan.digest, "header", sha256(b"header").digest(), b"L", b"H", NOISE)


def test_a_kept_submission_is_there_after_a_restart_with_its_noise(store: FleetStore, tmp_path: Path) -> None:
    store.keep(prepared(), PLAN, b"read", NOW)
    again = opened(tmp_path)
    kept = again.newest(ROUND)
    assert kept is not None
    assert (kept.sequence, kept.state, kept.read_digest) == (1, ReportState.PREPARED, b"read")
    assert (kept.share(Side.LEADER), kept.share(Side.HELPER)) == (b"L", b"H")
    assert again.noise(ROUND) == NOISE


def test_a_sequence_is_taken_once(store: FleetStore) -> None:
    store.keep(prepared(), PLAN, b"read", NOW)
    with pytest.raises(Overtaken):
        store.keep(prepared(), PLAN, b"other", NOW)
    store.keep(prepared(2), PLAN, b"other", NOW)
    newest = store.newest(ROUND)
    assert newest is not None
    assert newest.sequence == 2


def test_a_submission_is_sent_when_both_servers_have_signed(store: FleetStore) -> None:
    store.keep(prepared(), PLAN, b"read", NOW)
    states = []
    for side in Side:
        store.acknowledge(ROUND, 1, side, f"receipt of {side}", NOW)
        newest = store.newest(ROUND)
        assert newest is not None
        assert newest.receipt(side) == f"receipt of {side}"
        states.append(newest.state)
    assert states == [ReportState.PREPARED, ReportState.SENT]


def test_with_the_list_noise_and_shares_are_gone(store: FleetStore, tmp_path: Path) -> None:
    for sequence in (1, 2):
        store.keep(prepared(sequence), PLAN, b"read", NOW)
    store.settle(ROUND, 1, NOW)
    newest = store.newest(ROUND)
    assert newest is not None
    assert (newest.state, newest.share(Side.LEADER), newest.share(Side.HELPER)) == (ReportState.MISSED, None, None)
    assert store.noise(ROUND) is None


def test_noise_does_not_open_for_another_node_or_under_another_key(store: FleetStore, tmp_path: Path) -> None:
    store.keep(prepared(), PLAN, b"read", NOW)
    assert opened(tmp_path, "other.node").noise(ROUND) is None
    with pytest.raises(NoiseUnfit):
        opened(tmp_path, key=bytes(31) + b"\x01").noise(ROUND)
    raw = b"".join(file.read_bytes() for file in tmp_path.glob("fleet.sqlite3*"))
    assert SMALLEST.code.encode() not in raw, "noise lies in the file sealed"


def test_each_node_has_its_own_problems(store: FleetStore, tmp_path: Path) -> None:
    store.note(ROUND, ServerOutOfReach(server="leader.demo", reason="x"), NOW)
    assert store.problems() == ["reporter.server_out_of_reach"]
    assert opened(tmp_path, "other.node").problems() == []
    store.note(None, None, NOW)
    assert store.problems() == ["reporter.server_out_of_reach"]
    store.note(ROUND, None, NOW)
    assert store.problems() == []


def test_a_seat_is_made_once_and_its_shares_go_when_both_have_signed(store: FleetStore) -> None:
    place = SeatPlace(ROUND, Level.PREFECTURE, "31", 0)
    seat = KeptSeat(place, "header", b"L", b"H")
    store.keep_seat(seat, NOW)
    assert store.seats(ROUND) == (seat,)
    with pytest.raises(Overtaken):
        store.keep_seat(seat, NOW)
    store.acknowledge_seat(place, Side.LEADER, "a")
    assert store.seats(ROUND)[0].share(Side.HELPER) == b"H"
    store.acknowledge_seat(place, Side.HELPER, "b")
    assert store.seats(ROUND) == (KeptSeat(place, "header", None, None, "a", "b"),)
