"""From sealed records to both servers: who is counted, where, and that nothing is sent twice in two ways."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from aggregator.protocol.statements import RoundKind
from pds.node import Node
from pds.statistics.keeping import NodeStore
from tests.factories import bodies
from tests.factories.count import PLAN, Count
from tests.integration.pds.statistics.records import ISSUED, YEAR, Records, School
from trust.signing import SigningKey

EAST, JUNIOR = "B120299000018", "C120299000017"
TOKYO = "B113299900011"
PRIVATE = "C120399900015"
P5_GIRLS = 4 * 3 + 1
Look = Callable[[], None]


@pytest.fixture
def east(records: Records) -> School:
    return records.school(EAST)


class Total:
    """What both halves of the node's newest submission come to."""

    def __init__(self, count: Count, round_id: str, node: str) -> None:
        held = count.leader.held[round_id, node]
        self.header = held[max(held)][0]
        self.words = count.vector(round_id, node, max(held))
        self._start = 2 * len(self.header.areas)

    def exact(self, prefecture: str = "20") -> list[int]:
        begin = self._start + 27 * self.header.prefectures.index(prefecture)
        return self.words[begin : begin + 27]

    @property
    def noisy(self) -> list[int]:
        return self.words[: self._start]


Counting = Callable[[], Total]


@pytest.fixture
def counting(records: Records, count: Count, look: Look, jobs_node: Node) -> Counting:
    """Announce a round if there is none, look once, and put both halves together."""

    def run() -> Total:
        records.commit()
        round_id = next(iter(count.rounds), None) or count.announce()
        look()
        return Total(count, round_id, jobs_node.node_id)

    return run


def problem(node: Node) -> dict[str, Any] | None:
    with node.database.session() as session:
        found: dict[str, Any] | None = session.execute(text("SELECT problem FROM statistics_round")).scalar_one()
    return found


def test_a_node_finds_the_round_and_both_servers_hold_its_halves(
    records: Records, counting: Counting, east: School
) -> None:
    for absent, sex in ((30, "female"), (29, "female"), (45, "male"), (200, "male"), (0, "male"), (31, "other")):
        records.counted(east, absent, "P5", sex)
    total = counting()
    assert (total.header.areas, total.header.prefectures, total.header.cells) == (("209201",), ("20",), 2 + 27)
    assert total.exact()[4 * 3 : 4 * 3 + 3] == [2, 1, 1]
    assert sum(total.exact()) == 4


def test_days_treated_as_attended_are_no_absence(records: Records, counting: Counting, east: School) -> None:
    body = bodies.guidance(YEAR, "P5", 10)
    body["attendance"] |= {"treated_as_attended": 100}
    learner = records.child()
    records.enrol(learner, east)
    records.guidance(learner, east, 0, body=body)
    assert sum(counting().exact()) == 0


def test_a_child_counts_where_its_place_is_open_at_midnight(records: Records, counting: Counting, east: School) -> None:
    for begin, end in (
        (date(2025, 4, 1), date(2026, 3, 31)),
        (date(2026, 3, 31), date(2026, 3, 31)),
        (date(2025, 4, 1), date(2026, 3, 30)),
        (date(2026, 4, 1), date(2027, 3, 31)),
    ):
        learner = records.child()
        records.enrol(learner, east, begin, end)
        records.guidance(learner, east, 40)
    assert sum(counting().exact()) == 2


def test_two_open_places_are_one_child_at_the_school_it_came_to(
    records: Records, counting: Counting, east: School
) -> None:
    tokyo = records.school(TOKYO, "132012")
    learner = records.child()
    records.enrol(learner, east)
    records.enrol(learner, tokyo, begin=date(2025, 10, 1))
    records.guidance(learner, east, 16)
    records.guidance(learner, tokyo, 16)
    total = counting()
    assert (sum(total.exact("20")), sum(total.exact("13"))) == (0, 1)


def test_a_place_that_the_school_itself_says_was_left_is_not_open(
    records: Records, counting: Counting, east: School
) -> None:
    for left_on, state in (
        (date(2026, 2, 27), "done"), (date(2026, 2, 27), "prepared"), (date(2026, 2, 27), "cancelled"),
        (date(2026, 3, 31), "done"), (date(2024, 9, 30), "done"),
    ):  # fmt: skip
        records.left(records.counted(east, 40), east, left_on, state)
    assert sum(counting().exact()) == 3


def test_days_at_earlier_schools_of_the_year_travel_with_the_child(
    records: Records, counting: Counting, east: School
) -> None:
    first, second = SigningKey.generate(), SigningKey.generate()
    learner = records.counted(east, 12)
    case = records.arrived(learner, east)
    records.received(learner, case, (("B113200000011", first),), 9)
    assert sum(counting().exact()) == 0
    records.received(learner, case, (("B101200000012", second), ("B113200000011", first)), 9)
    assert sum(counting().exact()) == 1


def test_each_schools_days_count_once_by_the_newest_version(records: Records, counting: Counting, east: School) -> None:
    key, later = SigningKey.generate(), ISSUED + timedelta(days=1)
    old = (("B113200000011", key),)
    learner = records.counted(east, 12)
    case = records.arrived(learner, east)
    doc = records.received(learner, case, old, 17)
    records.received(learner, case, old, 10, doc=doc, version=2)
    passed_on = (("B113200000011", key), ("B101200000012", key))
    records.received(learner, records.arrived(learner, east), passed_on, 17, issued_at=ISSUED - timedelta(days=9))
    assert sum(counting().exact()) == 0
    records.received(learner, case, old, 18, doc=doc, version=3, issued_at=later)
    assert sum(counting().exact()) == 1


def test_a_childs_own_record_counts_before_a_copy_that_came_back_with_it(
    records: Records, counting: Counting, east: School
) -> None:
    learner = records.counted(east, 12)
    case = records.arrived(learner, east)
    here = SigningKey.generate()
    records.received(learner, case, ((EAST, here), ("B113200000011", here)), 25, issued_at=datetime.max.replace(
        tzinfo=ISSUED.tzinfo
    ))  # fmt: skip
    assert sum(counting().exact()) == 0


def test_a_copy_that_was_not_accepted_does_not_count(records: Records, counting: Counting, east: School) -> None:
    learner = records.counted(east, 12)
    records.received(
        learner, records.arrived(learner, east, "rejected"), (("B113200000011", SigningKey.generate()),), 40
    )
    assert sum(counting().exact()) == 0


def test_who_has_no_record_another_grade_or_an_erased_key_does_not_count_and_stops_nothing(
    records: Records, counting: Counting, east: School, jobs_node: Node
) -> None:
    records.enrol(records.child(), east)
    records.guidance(without_year := records.child(), east, 50, year=2024)
    records.enrol(without_year, east)
    records.counted(east, 40, "H1")
    erased = records.counted(east, 40)
    records.counted(east, 40)
    records.commit()
    jobs_node.keyring.erase_subject(erased, by="test", now=ISSUED)
    assert sum(counting().exact()) == 1
    assert problem(jobs_node) is None


@pytest.mark.parametrize("damage", ["seal", "signature", "form", "details", "copy", "key", "school"])
def test_what_cannot_be_read_stops_the_report_by_name_and_nothing_is_sent(
    records: Records, count: Count, look: Look, east: School, jobs_node: Node, damage: str
) -> None:
    learner = records.counted(east, 40)
    record = None
    match damage:
        case "seal":
            flip = "sealed = set_byte(sealed, 40, (get_byte(sealed, 40) + 1) % 256)"
            records.session.execute(text(f"UPDATE record_version SET {flip}"))
        case "signature":
            liar = School(east.organisation, EAST, east.room)
            child = records.child()
            records.enrol(child, east)
            kept = jobs_node.keyring._signing_keys  # type: ignore[attr-defined]
            mine, kept[EAST] = jobs_node.keyring.signing_key(EAST), SigningKey.generate()
            record = records.guidance(child, liar, 40)
            kept[EAST] = mine
        case "form":
            body = bodies.guidance(YEAR, "P5", 40)
            body["attendance"]["absent"] = -1
            child = records.child()
            records.enrol(child, east)
            record = records.guidance(child, east, 0, body=body)
        case "details":
            records.session.execute(text("UPDATE learner SET revision = revision + 1"))
        case "copy":
            records.received(learner, records.arrived(learner, east), ((TOKYO, SigningKey.generate()),), 9)
            records.session.execute(text("UPDATE received_document SET version = version + 1"))
        case "key":
            jobs_node.keyring._wrappings.remove([learner])  # type: ignore[attr-defined]
        case "school":
            closed = records.school(JUNIOR, valid_to=date(2020, 3, 31))
            records.counted(closed, 40)
    records.commit()
    count.announce()
    look()
    found = problem(jobs_node)
    assert found is not None
    expected = {"key": "statistics.key_lost", "school": "statistics.school_out_of_place"}
    assert found["code"] == expected.get(damage, "statistics.record_unreadable")
    if record is not None:
        assert str(record) in str(found)
    assert not any(mark.isdigit() for mark in str(found["params"].get("reason")))
    assert count.leader.held == count.helper.held == {}
    with jobs_node.database.session() as session:
        for table in ("statistics_report", "statistics_noise"):
            assert session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0


def test_what_stopped_the_report_is_gone_once_it_is_mended(
    records: Records, counting: Counting, count: Count, look: Look, east: School, jobs_node: Node
) -> None:
    learner = records.counted(east, 40)
    records.session.execute(text("UPDATE learner SET revision = 2"))
    records.commit()
    count.announce()
    look()
    assert problem(jobs_node) is not None
    records.session.execute(text("UPDATE learner SET revision = 1 WHERE learner_id = :learner"), {"learner": learner})
    assert sum(counting().exact()) == 1
    assert problem(jobs_node) is None


def test_a_node_in_two_prefectures_and_under_three_establishers(
    records: Records, counting: Counting, east: School, jobs_node: Node
) -> None:
    tokyo = records.school(TOKYO, "132012")
    private = records.school(PRIVATE, "gakuen", "establisher")
    records.school("B120299000036", "202011")
    records.counted(east, 40, "P5")
    records.counted(tokyo, 40, "P1")
    records.counted(private, 40, "J1")
    total = counting()
    stratum = f"20x-{jobs_node.node_id}"
    assert total.header.areas == ("132012", "202011", "209201", stratum)
    assert total.header.prefectures == ("13", "20")
    assert (sum(total.exact("13")), sum(total.exact("20"))) == (1, 2)
    assert total.exact("20")[6 * 3 + 1] == 1


def test_looking_again_sends_nothing_new(
    records: Records, counting: Counting, count: Count, look: Look, east: School
) -> None:
    records.counted(east, 40)
    counting()
    sent = [path for path, _ in count.leader.requests if path.endswith("submissions")]
    look()
    look()
    assert [path for path, _ in count.leader.requests if path.endswith("submissions")] == sent
    assert len(sent) == 1


def test_a_correction_makes_a_new_sequence_with_the_same_noise_under_a_new_mask(
    records: Records, counting: Counting, count: Count, east: School, jobs_node: Node
) -> None:
    learner = records.child()
    records.enrol(learner, east)
    record = records.guidance(learner, east, 20)
    records.counted(east, 40)
    before = counting()
    records.correct(learner, record, east, 33)
    after = counting()
    assert (before.header.sequence, after.header.sequence) == (1, 2)
    assert [two - one for one, two in zip(before.noisy, after.noisy, strict=True)] == [1, 0]
    assert sum(after.exact()) - sum(before.exact()) == 1
    node, round_id = jobs_node.node_id, next(iter(count.rounds))
    masks = [count.helper.opened(round_id, node, sequence) for sequence in (1, 2)]
    assert not (masks[0] == masks[1]).any()


def test_a_server_out_of_reach_gets_the_same_bytes_later(
    records: Records, count: Count, look: Look, east: School, jobs_node: Node
) -> None:
    records.counted(east, 40)
    records.commit()
    round_id = count.announce()
    count.helper.down = True
    look()
    kept = NodeStore(jobs_node).newest(round_id)
    assert kept is not None
    assert (kept.state, kept.leader_receipt is None, kept.helper_receipt) == ("prepared", False, None)
    assert (problem(jobs_node) or {})["code"] == "reporter.server_out_of_reach"
    count.helper.down = False
    look()
    leader, helper = (side.held[round_id, jobs_node.node_id] for side in (count.leader, count.helper))
    assert set(leader) == set(helper) == {1}
    assert helper[1][1] == kept.helper_share
    assert problem(jobs_node) is None
    assert [path for path, _ in count.leader.requests].count(f"/rounds/v1/{round_id}/submissions") == 1


def test_a_receipt_for_something_else_is_no_receipt(
    records: Records, count: Count, look: Look, east: School, jobs_node: Node
) -> None:
    records.commit()
    round_id = count.announce()
    count.leader.lies = "receipt"
    look()
    kept = NodeStore(jobs_node).newest(round_id)
    assert kept is not None
    assert (kept.state, kept.leader_receipt) == ("prepared", None)


def test_when_the_round_is_closed_noise_and_shares_are_gone(
    records: Records, counting: Counting, count: Count, look: Look, east: School, jobs_node: Node
) -> None:
    records.counted(east, 40)
    counting()
    round_id = next(iter(count.rounds))
    store = NodeStore(jobs_node)
    assert store.noise(round_id) is not None
    count.close(round_id)
    look()
    kept = store.newest(round_id)
    assert kept is not None
    assert (kept.state, kept.leader_share, kept.helper_share) == ("settled", None, None)
    assert store.noise(round_id) is None
    assert kept.leader_receipt


def test_who_is_not_on_the_list_was_missed_and_may_come_in_a_supplement(
    records: Records, counting: Counting, count: Count, look: Look, east: School, jobs_node: Node
) -> None:
    records.counted(east, 40)
    counting()
    first = next(iter(count.rounds))
    count.close(first, without=(jobs_node.node_id,))
    look()
    store = NodeStore(jobs_node)
    assert [store.newest(first).state, store.noise(first)] == ["missed", None]  # type: ignore[union-attr]
    second = count.announce(kind=RoundKind.SUPPLEMENT, earlier=(first,))
    look()
    assert (second, jobs_node.node_id) in count.leader.held


def test_who_was_counted_stays_out_of_a_supplement(
    records: Records, counting: Counting, count: Count, look: Look, east: School, jobs_node: Node
) -> None:
    counting()
    first = next(iter(count.rounds))
    count.close(first)
    second = count.announce(kind=RoundKind.SUPPLEMENT, earlier=(first,))
    look()
    assert (second, jobs_node.node_id) not in count.leader.held
    with jobs_node.database.session() as session:
        said = session.execute(
            text("SELECT problem ->> 'code' FROM statistics_round WHERE round_id = CAST(:r AS uuid)"), {"r": second}
        ).scalar_one()
    assert said == "reporter.counted_already"


def test_a_node_refuses_a_round_beyond_the_years_budget_whatever_the_servers_say(
    records: Records, counting: Counting, count: Count, look: Look, east: School, jobs_node: Node
) -> None:
    counting()
    done = [next(iter(count.rounds))]
    for _ in range(3):
        count.close(done[-1])
        done.append(count.announce(kind=RoundKind.REPEAT, earlier=(done[-1],)))
        look()
    assert 3 * PLAN.total_units < PLAN.year_units < 4 * PLAN.total_units
    assert [(one, jobs_node.node_id) in count.leader.held for one in done] == [True, True, True, False]


def test_one_entry_of_the_nodes_own_chain_tells_of_a_report(
    records: Records, counting: Counting, look: Look, east: School, jobs_node: Node
) -> None:
    for _ in range(3):
        records.counted(east, 40)
    counting()
    look()
    with jobs_node.database.session() as session:
        rows = session.execute(text("SELECT learner_id, classes FROM log_entry")).all()
    assert [(row.learner_id.int, list(row.classes)) for row in rows] == [(0, ["node"])]
