"""Who is in a round and what may be opened of it: lists, mendings, floors, split areas, supplements, repeats."""

from typing import Any
from uuid import UUID

import pytest

from aggregator.ledger import service as ledger
from aggregator.ledger.balance import BudgetExceeded
from aggregator.plans.document import Plan
from aggregator.protocol.shares import Side
from aggregator.protocol.statements import Closing, RoundKind
from aggregator.protocol.wire import named_in
from aggregator.rounds import service
from aggregator.rounds.errors import NotThisServer, RoundNotNow
from tests.integration.aggregator.rounds.country import Country


@pytest.fixture
def country(ready_country: Country) -> Country:
    return ready_country


def listed(country: Country, round_id: UUID) -> dict[str, int]:
    found = [named_in(Closing, token) for token in country.show(round_id)["closing"].values()]
    assert len(found) == 2
    assert found[0] == found[1]
    return {one.node: one.sequence for one in found[0].entries}


def statuses(release: dict[str, Any], level: str) -> dict[str, str]:
    return {one["area"]: one["status"] for one in release["figures"] if one["level"] == level}


def finish(country: Country, round_id: UUID) -> dict[str, Any]:
    country.close(round_id)
    country.pass_time(minutes=1)
    country.pass_time(minutes=1)
    assert country.state(round_id) == ("released", "released"), country.problem(round_id)
    return country.release(round_id)


def near(release: dict[str, Any], level: str, area: str, truth: list[int]) -> bool:
    place = (level, area, "grade_sex")
    figures = [one for one in release["figures"] if (one["level"], one["area"], one["table"]) == place]
    return len(figures) == len(truth) and all(
        abs(one["measured"] - exact) < 8 * float(one["sigma_squared"]) ** 0.5
        for one, exact in zip(figures, truth, strict=True)
    )


def test_what_reached_one_server_only_does_not_count_and_a_mending_that_did_changes_nothing(
    country: Country, plan: Plan
) -> None:
    round_id = country.open(plan)
    a, b, c, d, e, f = country.places
    country.report(plan, round_id, a, b, c, d, e)
    country.send(round_id, country.make(plan, round_id, f), Side.LEADER)
    before = {area: list(counts) for area, counts in b.counts.items()}
    b.counts["131024"][0] += 500_000
    country.send(round_id, country.make(plan, round_id, b, 2), Side.HELPER)
    c.counts["131041"][0] += 900_000
    country.report(plan, round_id, c, sequence=2)
    release = finish(country, round_id)
    assert listed(country, round_id) == {"a.node": 1, "b.node": 1, "c.node": 2, "d.node": 1, "e.node": 1}
    b.counts = before
    exact = country.exact(plan, "a.node", "b.node", "c.node", "d.node", "e.node")
    assert near(release, "nation", "JP", exact["nation", "JP"])
    assert near(release, "prefecture", "13", exact["prefecture", "13"])
    assert "47" not in statuses(release, "prefecture")


@pytest.mark.long
def test_the_floor_and_split_areas_are_withheld_and_named(country: Country, plan: Plan) -> None:
    country.place("a.node").boards = ("131016", "131024")
    country.place("a.node").areas = ("131016", "131024")
    country.place("a.node").counts["131024"] = [9] * len(country.place("a.node").counts["131016"])
    country.place("b.node").boards = ("131032",)
    country.place("b.node").areas = ("131032",)
    moved = country.place("b.node").counts.pop("131024")
    country.publish()
    round_id = country.open(plan)
    country.report(plan, round_id, country.place("a.node"))
    country.place("b.node").boards, country.place("a.node").boards = ("131024", "131032"), ("131016",)
    country.place("b.node").areas = ("131024", "131032")
    country.place("b.node").counts["131024"] = moved
    country.publish()  # the board changes hands while the round collects: both have reported it in good faith
    country.report(plan, round_id, *country.places[1:])
    release = finish(country, round_id)
    assert statuses(release, "prefecture")["47"] == "withheld:below_floor"
    assert statuses(release, "establisher")["131024"] == "withheld:split"
    assert near(release, "prefecture", "13", country.exact(plan)["prefecture", "13"])
    for server in country.servers.values():
        shut = "SELECT count(*) FROM opened_sum WHERE withheld IN ('below_floor', 'split') AND own IS NULL"
        assert server.count(shut) == 2
    said = {(one["level"], one["area"]): one["reason"] for one in country.show(round_id)["withheld"]}
    assert said == {("prefecture", "47"): "below_floor", ("establisher", "131024"): "split"}
    assert all(one["measured"] is None for one in release["figures"] if one["status"].startswith("withheld"))


@pytest.mark.long
def test_a_total_that_its_establishers_contradict_is_withheld_and_stays_spent(country: Country, plan: Plan) -> None:
    round_id = country.open(plan)
    liar = country.place("d.node")
    liar.noise[str(round_id), "271004"] = [70_000_000, 70_000_000]
    country.report(plan, round_id)
    release = finish(country, round_id)
    assert statuses(release, "prefecture")["27"] == "withheld:inconsistent"
    assert statuses(release, "nation")["JP"] == "withheld:inconsistent"
    assert statuses(release, "prefecture")["13"] == "ok"
    with country.leader.session() as session:
        assert [line.units for line in ledger.lines(session)] == [plan.total_units, plan.total_units, 0]


@pytest.mark.long
def test_late_nodes_count_in_a_supplement_that_costs_nobody_anything(country: Country, plan: Plan) -> None:
    first = country.open(plan)
    country.report(plan, first, *country.places[:4])
    finish(country, first)
    with country.leader.request() as session, pytest.raises(RoundNotNow):
        service.open_round(session, country.leader.web, plan, RoundKind.MAIN, country.clock())
    second = country.open(plan, RoundKind.SUPPLEMENT)
    for answer in country.send(second, country.make(plan, second, country.places[0])):
        assert answer.json()["reason"] == "already_counted"
    e, f = country.place("e.node"), country.place("f.node")
    e.areas, e.boards = ("271004", "271012"), ("271004", "271012")
    e.counts["271004"] = [5] * len(e.counts["271012"])
    country.place("d.node").boards = ()
    country.publish()
    country.report(plan, second, e, f)
    release = finish(country, second)
    assert listed(country, second) == {"e.node": 1, "f.node": 1}
    assert near(release, "nation", "JP", country.exact(plan, "e.node", "f.node")["nation", "JP"])
    assert statuses(release, "prefecture") == {"27": "withheld:below_floor", "47": "withheld:below_floor"}
    assert statuses(release, "establisher")["271004"] == "withheld:split"
    for server in country.servers.values():
        with server.session() as session:
            spent = [(line.units, line.detail["reason"]) for line in ledger.lines(session) if line.kind == "spent"]
        assert spent == [(plan.total_units, "main"), (0, "disjoint")]


@pytest.mark.long
def test_a_repeat_is_charged_again_and_refused_when_too_little_is_left(country: Country, plan: Plan) -> None:
    finish_all(country, plan, country.open(plan))
    with country.leader.request() as session, pytest.raises(RoundNotNow):
        service.open_round(session, country.leader.web, plan, RoundKind.MAIN, country.clock())
    for _ in range(2):
        finish_all(country, plan, country.open(plan, RoundKind.REPEAT))
    with country.leader.request() as session, pytest.raises(BudgetExceeded):
        service.open_round(session, country.leader.web, plan, RoundKind.REPEAT, country.clock())
    for server in country.servers.values():
        with server.session() as session:
            spent = [line.units for line in ledger.lines(session) if line.kind == "spent"]
        assert spent == [plan.total_units] * 3


def finish_all(country: Country, plan: Plan, round_id: UUID) -> None:
    country.report(plan, round_id)
    finish(country, round_id)


def test_only_the_leader_opens_and_closes_and_one_round_at_a_time(country: Country, plan: Plan) -> None:
    with country.helper.request() as session, pytest.raises(NotThisServer):
        service.open_round(session, country.helper.web, plan, RoundKind.MAIN, country.clock())
    round_id = country.open(plan)
    with country.leader.request() as session, pytest.raises(RoundNotNow):
        service.open_round(session, country.leader.web, plan, RoundKind.SUPPLEMENT, country.clock())
    with country.helper.request() as session, pytest.raises(NotThisServer):
        service.close_round(session, country.helper.web, round_id, country.clock())


@pytest.mark.long
def test_a_round_closes_by_itself_when_its_time_is_over(country: Country, plan: Plan) -> None:
    round_id = country.open(plan)
    country.report(plan, round_id)
    country.pass_time(days=500)
    assert country.state(round_id) == ("released", "released"), country.problem(round_id)


@pytest.mark.long
def test_a_helper_that_is_away_delays_and_loses_nothing(country: Country, plan: Plan) -> None:
    round_id = country.open(plan)
    country.report(plan, round_id)
    country.helper.stop()
    country.close(round_id)
    assert country.state(round_id) == ("collecting", "collecting")
    assert (country.problem(round_id) or {})["code"] == "out_of_reach"
    country.helper.serve()
    country.pass_time(minutes=10)
    country.pass_time(minutes=1)
    assert country.state(round_id) == ("released", "released"), country.problem(round_id)
    assert country.problem(round_id) is None
