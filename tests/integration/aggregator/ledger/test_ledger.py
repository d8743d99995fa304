"""The ledger on a real PostgreSQL: what it grants, what it refuses, what nobody may do to it."""

from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from aggregator.ledger import service as ledger
from aggregator.ledger.balance import Balance, Binding, BudgetExceeded
from aggregator.ledger.chain import FIRST, Head, Kind, LedgerBroken
from aggregator.ledger.service import NotInLedger
from aggregator.privacy.accounting import YEAR_UNITS
from tests.factories.plans import plan_of_units
from tests.integration.conftest import NOW, Address
from web.database import Database

HALF = YEAR_UNITS // 2
DIGEST = bytes(range(32))


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.session() as opened:
        yield opened


@pytest.fixture
def owner(address: Address) -> Iterator[Session]:
    """The owner of the tables: the one role that could alter the ledger, as an intruder in its place would."""
    opened = Database(address.url("manabi_owner"))
    with opened.session() as own:
        yield own
    opened.close()


def year(session: Session, school_year: int = 2025) -> Balance:
    return next(one for one in ledger.balances(session) if one.school_year == school_year)


def fill(session: Session) -> UUID:
    plan, round_id = plan_of_units("one", HALF), uuid4()
    ledger.reserve(session, plan, NOW)
    ledger.spend(session, plan, round_id, HALF, NOW, "main")
    ledger.publish(session, round_id, DIGEST, NOW)
    ledger.reserve(session, plan_of_units("two", 1000), NOW)
    session.commit()
    return round_id


def test_a_plan_is_reserved_then_spent_then_published_and_costs_its_units_once(session: Session) -> None:
    fill(session)
    assert [one.kind for one in ledger.lines(session)] == [
        Kind.RESERVED, Kind.SPENT, Kind.PUBLISHED, Kind.RESERVED,
    ]  # fmt: skip
    assert year(session).left == YEAR_UNITS - HALF - 1000
    assert year(session).spent == HALF
    assert ledger.verify(session).seq == 4


def test_every_step_may_be_repeated_and_costs_nothing_more(session: Session) -> None:
    plan, round_id = plan_of_units("one", HALF), uuid4()
    for _ in range(2):
        ledger.reserve(session, plan, NOW)
    for _ in range(2):
        ledger.spend(session, plan, round_id, HALF, NOW, "main")
    for _ in range(2):
        ledger.publish(session, round_id, DIGEST, NOW)
    assert len(ledger.lines(session)) == 3


def test_what_is_not_left_is_refused_with_what_was_wanted_and_what_is_left(session: Session) -> None:
    ledger.reserve(session, plan_of_units("one", HALF), NOW)
    with pytest.raises(BudgetExceeded) as refused:
        ledger.reserve(session, plan_of_units("two", HALF + 2), NOW)
    assert refused.value.params == {"school_year": 2025, "wanted": HALF + 2, "left": YEAR_UNITS - HALF}
    assert "are wanted" in str(refused.value)
    assert "Nothing was set aside" in str(refused.value)
    assert len(ledger.lines(session)) == 1
    ledger.reserve(session, plan_of_units("two", YEAR_UNITS - HALF), NOW)
    assert year(session).left == 0


def test_each_school_year_has_a_budget_of_its_own(session: Session) -> None:
    ledger.reserve(session, plan_of_units("one", YEAR_UNITS), NOW)
    ledger.reserve(session, plan_of_units("two", YEAR_UNITS, 2026), NOW)
    assert [(one.school_year, one.left) for one in ledger.balances(session)] == [(2026, 0), (2025, 0)]


def test_a_repeated_round_is_charged_again_and_refused_where_it_does_not_fit(session: Session) -> None:
    units = YEAR_UNITS * 2 // 5
    plan = plan_of_units("one", units)
    ledger.reserve(session, plan, NOW)
    ledger.spend(session, plan, uuid4(), units, NOW, "main")
    ledger.spend(session, plan, uuid4(), units, NOW, "repeat")
    assert year(session).plans[plan.digest] == Binding(units, 2 * units)
    with pytest.raises(BudgetExceeded):
        ledger.spend(session, plan, uuid4(), units, NOW, "repeat")
    assert year(session).spent == 2 * units


def test_a_supplement_over_other_children_costs_nothing_and_says_why(session: Session) -> None:
    plan = plan_of_units("one", HALF)
    ledger.reserve(session, plan, NOW)
    ledger.spend(session, plan, uuid4(), HALF, NOW, "main")
    line = ledger.spend(session, plan, uuid4(), 0, NOW, "disjoint")
    assert (line.units, line.detail["reason"]) == (0, "disjoint")
    assert year(session).spent == HALF


@pytest.mark.parametrize(("units", "reason"), [(0, "main"), (1, "main"), (-1, "disjoint"), (HALF - 1, "disjoint")])
def test_no_round_is_charged_anything_but_what_its_plan_costs(session: Session, units: int, reason: str) -> None:
    plan = plan_of_units("one", HALF)
    ledger.reserve(session, plan, NOW)
    with pytest.raises(ValueError, match="costs"):
        ledger.spend(session, plan, uuid4(), units, NOW, reason)


def test_a_round_of_a_plan_without_reservation_is_refused(session: Session) -> None:
    with pytest.raises(NotInLedger):
        ledger.spend(session, plan_of_units("one", HALF), uuid4(), HALF, NOW, "main")


def test_a_release_needs_a_round_that_was_spent_and_has_one_release_only(session: Session) -> None:
    with pytest.raises(NotInLedger):
        ledger.publish(session, uuid4(), DIGEST, NOW)
    round_id = fill(session)
    with pytest.raises(NotInLedger, match="another release"):
        ledger.publish(session, round_id, bytes(32), NOW)


def test_a_withdrawn_plan_gives_back_what_it_never_spent_and_may_come_again(session: Session) -> None:
    plan = plan_of_units("one", HALF)
    with pytest.raises(NotInLedger):
        ledger.free(session, plan, NOW)
    ledger.reserve(session, plan, NOW)
    ledger.free(session, plan, NOW)
    assert year(session).left == YEAR_UNITS
    with pytest.raises(NotInLedger):
        ledger.spend(session, plan, uuid4(), HALF, NOW, "main")
    assert ledger.reserve(session, plan, NOW).seq == 3
    ledger.spend(session, plan, uuid4(), HALF, NOW, "main")
    with pytest.raises(NotInLedger, match="spent"):
        ledger.free(session, plan, NOW)


def test_what_was_rolled_back_was_never_there(database: Database) -> None:
    with database.session() as session:
        ledger.reserve(session, plan_of_units("one", YEAR_UNITS), NOW)
    with database.session() as session:
        assert ledger.lines(session) == []
        assert ledger.verify(session) == Head(0, FIRST)


@pytest.mark.parametrize("role", ["database", "jobs_database"])
@pytest.mark.parametrize(
    "statement",
    ["UPDATE ledger_line SET units = 0", "DELETE FROM ledger_line", "TRUNCATE ledger_line", "DROP TABLE ledger_line"],
)
def test_no_role_of_a_server_may_change_or_remove_a_line(
    request: pytest.FixtureRequest, role: str, statement: str
) -> None:
    database: Database = request.getfixturevalue(role)
    with database.session() as session:
        fill(session)
        with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
            session.execute(text(statement))
        session.rollback()
        assert ledger.verify(session).seq == 4


@pytest.mark.parametrize(
    ("statement", "line"),
    [
        ("UPDATE ledger_line SET units = units - 1 WHERE seq = 2", 2),
        ("UPDATE ledger_line SET kind = 'freed' WHERE seq = 2", 2),
        ("UPDATE ledger_line SET at = at + interval '1 second' WHERE seq = 3", 3),
        ("UPDATE ledger_line SET detail = detail || '{\"reason\": \"disjoint\"}' WHERE seq = 2", 2),
        ("UPDATE ledger_line SET round_id = NULL WHERE seq = 3", 3),
        ("UPDATE ledger_line SET school_year = 2024 WHERE seq = 1", 1),
        ("UPDATE ledger_line SET plan_digest = sha256(plan_digest) WHERE seq = 4", 4),
        ("UPDATE ledger_line SET hash = sha256(hash) WHERE seq = 4", 4),
        ("DELETE FROM ledger_line WHERE seq = 1", 1),
        ("DELETE FROM ledger_line WHERE seq = 2", 2),
        ("UPDATE ledger_line SET seq = seq + 10 WHERE seq IN (2, 3); UPDATE ledger_line SET seq = 15 - seq "
         "WHERE seq > 10", 2),
        ("DELETE FROM ledger_line WHERE seq = 2; UPDATE ledger_line SET seq = seq - 1 WHERE seq > 2", 2),
        ("DELETE FROM budget_year", 1),
        ("UPDATE budget_year SET cap_units = 1000", 1),
    ],
)  # fmt: skip
def test_an_edited_removed_or_moved_line_is_found(session: Session, owner: Session, statement: str, line: int) -> None:
    fill(session)
    owner.execute(text(statement))
    owner.commit()
    session.expire_all()
    with pytest.raises(LedgerBroken) as broken:
        ledger.verify(session)
    assert broken.value.params["line"] == line


def test_cutting_off_the_newest_lines_is_found_by_whoever_kept_a_head(session: Session, owner: Session) -> None:
    fill(session)
    head = ledger.verify(session)
    ledger.reserve(session, plan_of_units("three", 1000), NOW)
    session.commit()
    assert ledger.verify(session, [head]).seq == 5
    owner.execute(text("DELETE FROM ledger_line WHERE seq >= 4"))
    owner.commit()
    session.expire_all()
    ledger.verify(session)
    with pytest.raises(LedgerBroken, match="longer before"):
        ledger.verify(session, [head])
    ledger.reserve(session, plan_of_units("another", 1000), NOW)
    with pytest.raises(LedgerBroken, match="not the line that was kept"):
        ledger.verify(session, [Head(0, FIRST), head])


def test_raising_the_years_row_grants_nothing(session: Session, owner: Session) -> None:
    ledger.reserve(session, plan_of_units("one", YEAR_UNITS), NOW)
    session.commit()
    owner.execute(text("UPDATE budget_year SET cap_units = cap_units * 10"))
    owner.commit()
    with pytest.raises(BudgetExceeded):
        ledger.reserve(session, plan_of_units("two", 3), NOW)
