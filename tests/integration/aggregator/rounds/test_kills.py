"""SIGKILL of either server's worker at every named step, and of the helper's web server in every kind of call.

Whatever dies where: exactly one release, spent exactly once in each ledger, and no half is ever drawn a second time.
Nothing rings a doorbell here: work is found in the database alone, as after a broker was emptied.
"""

import json
from hashlib import sha256
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from aggregator.ledger import service as ledger
from aggregator.plans.document import Level, Plan
from aggregator.protocol.wire import named_in
from aggregator.releases.document import ReleaseStatement
from aggregator.rounds.tasks import STEPS
from tests.integration.aggregator.rounds.country import COMMITTEE, Country, Server, make_plan

OF_BOTH = frozenset({"sums-made", "sums-stored"})
OF_HELPER = frozenset({"shares-ended"})
OF_COMMITTEE = frozenset({"draw-made", "draw-signed", "draw-kept", "attempt-over", "attempt-compared", "attempt-kept"})
KILLS = [
    (server, step)
    for step in STEPS
    for server in ("leader", "helper")
    if step in OF_BOTH or (step in OF_HELPER) is (server == "helper")
]
CALLS = ["/plans", "/rounds", "/openings", "/holdings", "/close", "/seating", "/open", "/released"]
CALLS_OF_COMMITTEE = ["/draw", "/noise"]
FEW = [("leader", "list-signed")]


def dying(country: Country, name: str) -> Server:
    return country.leader if name == "leader" else country.helper


def walk(country: Country, plan: Plan) -> UUID:
    """A whole round; leases of killed workers lapse, and what waits is waited for."""
    country.approve(plan)
    country.work()
    round_id = country.open(plan)
    go_on(country)
    country.report(plan, round_id)
    country.close(round_id)
    go_on(country)
    if plan.noise == "committee":
        answer_seats(country, plan, round_id)
        go_on(country)
    return round_id


def go_on(country: Country) -> None:
    for _ in range(3):
        country.pass_time(minutes=2)


def answer_seats(country: Country, plan: Plan, round_id: UUID) -> None:
    """Every node is in every committee of this country, and answers."""
    for one in country.show(round_id)["committees"]:
        for place in country.places:
            sent = country.make_noise(plan, round_id, place, Level(one["level"]), one["area"], 0)
            for answer in country.send_noise(round_id, sent):
                assert answer.status_code == 201, answer.text


def check(country: Country, plan: Plan, round_id: UUID) -> None:
    assert country.state(round_id) == ("released", "released"), country.problem(round_id)
    with country.leader.session() as session:
        raw, token, digest = session.execute(text("SELECT document, token, digest FROM release")).one()
    statement = named_in(ReleaseStatement, token)
    assert statement.release == sha256(bytes(raw)).digest() == bytes(digest)
    assert statement.round_id == str(round_id) == json.loads(bytes(raw))["round"]["id"]
    for server in country.servers.values():
        with server.session() as session:
            found = [(line.kind.value, line.units) for line in ledger.lines(session)]
            ledger.verify(session)
            published = ledger.lines(session)[-1].detail["release"]
        assert found == [("reserved", plan.total_units), ("spent", plan.total_units), ("published", 0)]
        assert published == sha256(bytes(raw)).hexdigest()
        assert server.count("SELECT count(*) FROM submission WHERE share IS NOT NULL") == 0
        assert server.count("SELECT count(*) FROM job WHERE state IN ('running', 'failed')") == 0
        with server.session() as session:
            assert session.execute(text("SELECT DISTINCT problem FROM collection_round")).scalars().all() == [None]
    halves = "SELECT own FROM opened_sum WHERE own IS NOT NULL ORDER BY level, area"
    sent = "SELECT peer FROM opened_sum WHERE peer IS NOT NULL ORDER BY level, area"
    with country.helper.session() as there, country.leader.session() as here:
        assert [bytes(one) for one in there.execute(text(halves)).scalars()] == [
            bytes(one) for one in here.execute(text(sent)).scalars()
        ], "the leader holds other halves than the helper has stored"


@pytest.fixture
def plan(request: pytest.FixtureRequest) -> Plan:
    step = getattr(request.node, "callspec", None)
    names = set(step.params.values()) if step is not None else set()
    return make_plan(noise=COMMITTEE) if names & (OF_COMMITTEE | set(CALLS_OF_COMMITTEE)) else make_plan()


@pytest.mark.faults
@pytest.mark.parametrize(("name", "step"), FEW)
def test_a_worker_killed_at_a_step_releases_once(country: Country, plan: Plan, name: str, step: str) -> None:
    dying(country, name).dies_at = step
    round_id = walk(country, plan)
    assert dying(country, name).dies_at is None, "the step was never reached"
    check(country, plan, round_id)


@pytest.mark.long
@pytest.mark.faults
@pytest.mark.parametrize(("name", "step"), [kill for kill in KILLS if kill not in FEW])
def test_a_worker_killed_at_any_step_releases_once(country: Country, plan: Plan, name: str, step: str) -> None:
    dying(country, name).dies_at = step
    round_id = walk(country, plan)
    assert dying(country, name).dies_at is None, "the step was never reached"
    check(country, plan, round_id)


@pytest.mark.long
@pytest.mark.faults
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("path", CALLS + CALLS_OF_COMMITTEE)
def test_a_helper_killed_in_any_call_changes_nothing_in_the_end(
    country: Country, plan: Plan, path: str, moment: str
) -> None:
    country.helper.serve_until(f"/peer/v1{path}", moment)
    round_id = walk(country, plan)
    assert country.helper.doomed is None, "the call never came"
    check(country, plan, round_id)


@pytest.mark.long
@pytest.mark.faults
@pytest.mark.parametrize("name", ["leader", "helper"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_server_killed_while_a_node_submits_keeps_all_or_nothing(
    country: Country, plan: Plan, name: str, moment: str
) -> None:
    country.approve(plan)
    round_id = country.open(plan)
    server, place = dying(country, name), country.places[0]
    sent = country.make(plan, round_id, place)
    server.serve_until("/submissions", moment)
    with pytest.raises(httpx.TransportError):
        country.send(round_id, sent)
    assert server.doomed is not None
    server.doomed.wait()
    assert server.revive()
    again = country.send(round_id, sent)
    assert all(answer.status_code in (200, 201) for answer in again)
    assert server.count("SELECT count(*) FROM submission") == 1
