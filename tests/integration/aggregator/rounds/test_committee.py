"""The noise committee: drawn after closing, waited for, redrawn twice, replaced by the servers where it is silent."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import httpx
import pytest

from aggregator.plans.document import Level, Plan
from aggregator.protocol.committee import called, seed_of, total_seed
from aggregator.protocol.seating import committee_of
from aggregator.protocol.shares import Side
from aggregator.protocol.statements import CommitteeDraw, NoiseFrom, Opening, Seating
from aggregator.protocol.wire import Message, named_in
from tests.integration.aggregator.rounds.country import (
    COMMITTEE,
    Country,
    Place,
    a_country,
    make_plan,
    small_country,
)
from tests.integration.aggregator.rounds.test_kills import answer_seats, go_on
from tests.integration.conftest import Cluster


@pytest.fixture
def plan() -> Plan:
    return make_plan(noise=COMMITTEE)


@pytest.fixture
def closed(ready_country: Country, plan: Plan) -> tuple[Country, UUID]:
    """A round whose list is closed and whose committees are drawn."""
    round_id = ready_country.open(plan)
    ready_country.report(plan, round_id)
    ready_country.close(round_id)
    return ready_country, round_id


def seatings(country: Country, round_id: UUID) -> list[Seating]:
    return [named_in(Seating, token) for token in country.show(round_id)["seating"].values()]


def near(country: Country, plan: Plan, release: dict[str, Any]) -> bool:
    truth = country.exact(plan)["nation", "JP"]
    figures = [one for one in release["figures"] if (one["level"], one["table"]) == ("nation", "grade_sex")]
    return all(
        abs(one["measured"] - exact) < 8 * float(one["sigma_squared"]) ** 0.5
        for one, exact in zip(figures, truth, strict=True)
    )


def test_a_full_committee_adds_all_the_noise(closed: tuple[Country, UUID], plan: Plan) -> None:
    country, round_id = closed
    assert country.state(round_id) == ("closed", "closed")
    answer_seats(country, plan, round_id)
    go_on(country)
    assert country.state(round_id) == ("released", "released"), country.problem(round_id)
    release = country.release(round_id)
    assert release["round"]["noise"] == "committee"
    assert near(country, plan, release)
    drawn = committee_of(plan, Level.NATION, [one.name for one in country.places])
    assert drawn is not None
    nation = next(one for one in release["figures"] if one["level"] == "nation")
    assert float(nation["sigma_squared"]) == pytest.approx(float(drawn.variance))
    first, second = seatings(country, round_id)
    assert first == second
    assert {one.noise for one in first.totals if one.level is not Level.ESTABLISHER} == {NoiseFrom.COMMITTEE}


@pytest.mark.long
def test_a_silent_committee_is_replaced_by_the_servers_and_the_release_says_so(
    closed: tuple[Country, UUID], plan: Plan
) -> None:
    country, round_id = closed
    for _ in range(3):
        country.pass_time(hours=2)
    go_on(country)
    assert country.state(round_id) == ("released", "released"), country.problem(round_id)
    release = country.release(round_id)
    assert release["round"]["noise"] == "fallback"
    assert near(country, plan, release)


@pytest.mark.long
def test_a_seat_that_answered_one_server_only_is_silent(closed: tuple[Country, UUID], plan: Plan) -> None:
    country, round_id = closed
    for one in country.show(round_id)["committees"]:
        for place in country.places:
            sent = country.make_noise(plan, round_id, place, Level(one["level"]), one["area"], 0)
            sides = (Side.LEADER,) if (place.name, one["area"]) == ("a.node", "JP") else tuple(Side)
            assert {answer.status_code for answer in country.send_noise(round_id, sent, *sides)} == {201}
    for _ in range(3):
        country.pass_time(hours=2)
    go_on(country)
    assert country.state(round_id) == ("released", "released"), country.problem(round_id)
    sources = {(one.level, one.area): one.noise for one in seatings(country, round_id)[0].totals}
    assert sources[Level.NATION, "JP"] is NoiseFrom.FALLBACK
    assert sources[Level.PREFECTURE, "13"] is NoiseFrom.COMMITTEE
    assert near(country, plan, country.release(round_id))


@pytest.mark.long
def test_noise_that_no_seat_sent_is_refused(closed: tuple[Country, UUID], plan: Plan) -> None:
    country, round_id = closed
    place = country.places[0]

    def reasons(answers: list[httpx.Response]) -> list[str]:
        return [answer.json()["reason"] for answer in answers]

    good = country.make_noise(plan, round_id, place, Level.NATION, "JP", 0)
    again = country.make_noise(plan, round_id, place, Level.NATION, "JP", 0)
    assert [one.status_code for one in country.send_noise(round_id, good)] == [201, 201]
    assert [one.status_code for one in country.send_noise(round_id, good)] == [200, 200]
    assert reasons(country.send_noise(round_id, again)) == ["seat_taken"] * 2
    shut = country.make_noise(plan, round_id, place, Level.PREFECTURE, "47", 0)
    assert reasons(country.send_noise(round_id, shut)) == ["not_seated"] * 2, "a total below the floor has no seats"
    later = country.make_noise(plan, round_id, place, Level.PREFECTURE, "13", 1)
    assert reasons(country.send_noise(round_id, later)) == ["round_closed"] * 2


@pytest.mark.long
def test_the_draw_follows_from_nonces_that_were_committed_to(closed: tuple[Country, UUID], plan: Plan) -> None:
    country, round_id = closed
    said = country.show(round_id)
    draws = [named_in(CommitteeDraw, token) for token in said["draw"].values()]
    opening = named_in(Opening, said["opening"]["helper"])
    assert len(draws) == 2
    assert draws[0] == draws[1]
    drawn = committee_of(plan, Level.NATION, opening.roster)
    assert drawn is not None
    seed = total_seed(seed_of(draws[0]), Level.NATION, "JP")
    assert len(called(seed, opening.roster, drawn.seats, ())[0]) == drawn.seats
    assert country.show(round_id, Side.HELPER)["committees"] == said["committees"]


@pytest.mark.long
def test_silent_seats_are_replaced_by_the_next_in_the_order_of_the_draw(
    cluster: Cluster, count_template: str, tmp_path: Path
) -> None:
    """Seventy-six nodes, sixty seats of the nation's committee, five of which stay silent; one answers too late."""
    plan = make_plan(noise=COMMITTEE, floor=6)  # no prefecture of this country has six nodes: one committee is enough
    places = small_country(plan, random.Random(7))
    others = tuple(Place(f"x{n:02}.node", (f"01{n:04}",), ("01",), (f"01{n:04}",)) for n in range(1, 71))
    with a_country(cluster, count_template, tmp_path, (*places, *others)) as country:
        country.approve(plan)
        round_id = country.open(plan)
        country.report(plan, round_id, *places)
        country.close(round_id)
        said = country.show(round_id)
        opening, draw = (named_in(kind, said[name]["leader"]) for kind, name in STATEMENTS)
        assert isinstance(opening, Opening)
        assert isinstance(draw, CommitteeDraw)
        drawn = committee_of(plan, Level.NATION, opening.roster)
        assert drawn is not None
        seed = total_seed(seed_of(draw), Level.NATION, "JP")
        (first,) = called(seed, opening.roster, drawn.seats, ())
        silent = first[3:8]
        answer(country, plan, round_id, [node for node in first if node not in silent], 0)
        country.pass_time(minutes=5)
        assert country.show(round_id)["attempt"] == 0, "the silent ones are waited for"
        country.pass_time(hours=2)
        after = country.show(round_id)
        assert after["attempt"] == 1
        assert after["committees"] == [{"level": "nation", "area": "JP", "attempts": [list(silent)]}]
        late = country.make_noise(plan, round_id, country.place(silent[0]), Level.NATION, "JP", 0)
        assert [one.json()["reason"] for one in country.send_noise(round_id, late)] == ["round_closed"] * 2
        stranger = next(
            one for one in opening.roster if one not in called(seed, opening.roster, drawn.seats, [silent])[1]
        )
        sent = country.make_noise(plan, round_id, country.place(stranger), Level.NATION, "JP", 1)
        assert [one.json()["reason"] for one in country.send_noise(round_id, sent)] == ["not_seated"] * 2
        answer(country, plan, round_id, called(seed, opening.roster, drawn.seats, [silent])[1], 1)
        go_on(country)
        assert country.state(round_id) == ("released", "released"), country.problem(round_id)
        (seats,) = [one for one in seatings(country, round_id)[0].totals if one.level is Level.NATION]
        assert {one.node for one in seats.members} == set(first) - set(silent) | set(
            called(seed, opening.roster, drawn.seats, [silent])[1]
        )
        assert country.release(round_id)["round"]["noise"] == "committee"
        assert near(country, plan, country.release(round_id))


STATEMENTS: Final[tuple[tuple[type[Message], str], ...]] = ((Opening, "opening"), (CommitteeDraw, "draw"))


def answer(country: Country, plan: Plan, round_id: UUID, nodes: Sequence[str], attempt: int) -> None:
    for node in nodes:
        sent = country.make_noise(plan, round_id, country.place(node), Level.NATION, "JP", attempt)
        assert {one.status_code for one in country.send_noise(round_id, sent)} == {201}
