"""Many processes at once never get more than there is, and a killed one leaves a ledger that holds together."""

from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from aggregator.ledger import service as ledger
from aggregator.ledger.balance import BudgetExceeded
from aggregator.ledger.chain import Line
from aggregator.plans.document import Plan
from aggregator.privacy.accounting import YEAR_UNITS
from tests.factories.plans import plan_of_units
from tests.integration.aggregator.ledger.writers import Act, die_before, race
from tests.integration.conftest import NOW, Address
from web.database import Database
from web.jobs.service import enqueue

ROUND = UUID("00000000-0000-4000-8000-000000000001")
PARTS = 7
UNITS = YEAR_UNITS // PARTS


def reserving(plan: Plan) -> Callable[[Session], Line]:
    return lambda session: ledger.reserve(session, plan, NOW)


def test_of_forty_plans_that_eight_processes_reserve_at_once_exactly_as_many_fit_as_there_is_budget(
    address: Address, database: Database
) -> None:
    plans = [plan_of_units(f"plan-{number}", UNITS) for number in range(40)]
    acts = [[reserving(plan) for plan in plans[worker::8]] for worker in range(8)]
    found = [one for own in race(address.url("manabi_app"), acts) for one in own]
    granted = [one for one in found if isinstance(one, Line)]
    assert len(granted) == PARTS
    assert len(granted) + sum(isinstance(one, BudgetExceeded) for one in found) == len(plans)
    with database.session() as session:
        (year,) = ledger.balances(session)
        assert year.left == YEAR_UNITS - PARTS * UNITS < UNITS
        assert ledger.verify(session).seq == PARTS


def test_repeated_rounds_of_several_years_closed_at_once_never_go_beyond_either_year(
    address: Address, database: Database
) -> None:
    plans = [plan_of_units(f"plan-{year}", UNITS, year) for year in (2024, 2025)]
    with database.session() as session:
        for plan in plans:
            ledger.reserve(session, plan, NOW)
        session.commit()

    def closing(plan: Plan, number: int) -> Act:
        return lambda session: ledger.spend(session, plan, UUID(int=number), UNITS, NOW, "repeat")

    acts = [[closing(plans[n % 2], 100 * n + m) for m in range(4)] for n in range(6)]
    found = [one for own in race(address.url("manabi_jobs"), acts) for one in own]
    assert sum(isinstance(one, Line) for one in found) == 2 * PARTS
    with database.session() as session:
        assert [one.spent for one in ledger.balances(session)] == [PARTS * UNITS] * 2
        assert ledger.verify(session).seq == 2 + 2 * PARTS


def test_one_round_that_six_processes_close_at_once_is_charged_once(address: Address, database: Database) -> None:
    plan = plan_of_units("one", UNITS)
    with database.session() as session:
        ledger.reserve(session, plan, NOW)
        session.commit()
    acts: list[list[Act]] = [[lambda session: ledger.spend(session, plan, ROUND, UNITS, NOW, "main")] for _ in range(6)]
    lines = {own[0].hash for own in race(address.url("manabi_app"), acts)}
    assert len(lines) == 1
    with database.session() as session:
        assert ledger.balances(session)[0].spent == UNITS


@pytest.mark.faults
@pytest.mark.parametrize("step", ["reserve", "spend", "publish"])
def test_a_process_killed_before_any_statement_of_a_step_leaves_all_of_it_or_nothing(
    address: Address, database: Database, step: str
) -> None:
    """The step stands in one transaction with what a round does next, here the job that opens its totals.

    Whichever statement the process dies before, the ledger verifies, and there is never a round without its spend: what
    was done without being charged for would be the one failure that counts.
    """
    plan = plan_of_units("one", UNITS)

    def act(session: Session) -> None:
        match step:
            case "reserve":
                ledger.reserve(session, plan, NOW)
            case "spend":
                ledger.spend(session, plan, ROUND, UNITS, NOW, "main")
            case "publish":
                ledger.publish(session, ROUND, bytes(32), NOW)
        _note_the_round(session)

    with database.session() as session:
        if step != "reserve":
            ledger.reserve(session, plan, NOW)
        if step == "publish":
            ledger.spend(session, plan, ROUND, UNITS, NOW, "main")
        session.commit()
        before = ledger.verify(session).seq
    outcomes: list[tuple[int, int]] = []
    statement = 1
    while die_before(address.url("manabi_app"), act, statement):
        with database.session() as session:
            outcomes.append((ledger.verify(session).seq - before, _noted(session)))
            if outcomes[-1] != (0, 0):
                break
        statement += 1
    with database.session() as session:
        act(session)
        session.commit()
        assert ledger.verify(session).seq == before + 1
    assert statement >= 6, "the step was not cut into its statements"
    assert outcomes[-1] == (1, 1), "killed after its commit, all of it stands"
    assert set(outcomes[:-1]) == {(0, 0)}


def _note_the_round(session: Session) -> None:
    enqueue(session, "count.open", {"round": str(ROUND)}, now=NOW)
    session.flush()


def _noted(session: Session) -> int:
    return int(session.execute(text("SELECT count(*) FROM job")).scalar_one())
