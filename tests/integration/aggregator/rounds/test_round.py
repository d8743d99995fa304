"""A whole round between two real servers: announced, reported to, closed, opened with noise, released."""

from aggregator.ledger import service as ledger
from aggregator.plans.document import Plan
from tests.integration.aggregator.rounds.country import Country


def test_a_round_goes_from_plan_to_release(country: Country, plan: Plan) -> None:
    country.approve(plan)
    round_id = country.open(plan)
    assert country.state(round_id) == ("collecting", "collecting"), country.problem(round_id)
    country.report(plan, round_id)
    country.close(round_id)
    country.pass_time(minutes=1)
    assert country.state(round_id) == ("released", "released"), country.problem(round_id)
    release = country.release(round_id)
    exact = country.exact(plan)
    nation = [one for one in release["figures"] if (one["level"], one["table"]) == ("nation", "grade_sex")]
    assert len(nation) == len(exact["nation", "JP"])
    for figure, truth in zip(nation, exact["nation", "JP"], strict=True):
        assert figure["measured"] != truth or figure["value"] is not None
        assert abs(figure["measured"] - truth) < 6 * float(figure["sigma_squared"]) ** 0.5
    for server in country.servers.values():
        with server.session() as session:
            kinds = [line.kind.value for line in ledger.lines(session)]
            ledger.verify(session)
        assert kinds == ["reserved", "spent", "published"]
