"""How a plan comes into force: two officers, the ledger, the leader's signature, and the helper's own look at it."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from aggregator.ledger import service as ledger
from aggregator.ledger.balance import BudgetExceeded
from aggregator.officers.models import Officer
from aggregator.plans.document import PlanRefused
from aggregator.plans.planner import TableTooNoisy
from aggregator.plans_kept import service as plans
from aggregator.plans_kept.service import ApprovalRefused, Kept, PlanNotTrusted, PlanState, PlanTaken, PlanUnknown
from aggregator.privacy.accounting import YEAR_UNITS
from tests.factories.plans import make_plan, plan_bytes, plan_of_units
from tests.integration.aggregator.servers import Pair
from tests.integration.conftest import NOW
from trust.signing import SigningKey
from web.database import Database

WEAK = {"nation": 1000, "prefecture": 1000, "establisher": 1000}


@pytest.fixture
def session(pair: Pair) -> Iterator[Session]:
    with pair.leader.database.session() as opened:
        yield opened


@pytest.fixture
def other(pair: Pair) -> Iterator[Session]:
    with pair.helper.database.session() as opened:
        yield opened


@pytest.fixture
def officers(jobs_database: Database) -> list[UUID]:
    ids = [uuid4() for _ in range(3)]
    with jobs_database.session() as session:
        session.add_all(Officer(officer_id=one, name=f"officer {one}", role="officer", created_at=NOW) for one in ids)
        session.commit()
    return ids


def approved(session: Session, pair: Pair, officers: list[UUID], raw: bytes) -> Kept:
    kept = plans.propose(session, pair.leader, raw, officers[0], NOW)
    for officer in officers[:2]:
        kept = plans.approve(session, pair.leader, kept.plan.digest, officer, NOW)
    return kept


def test_a_plan_takes_two_different_officers_and_is_then_reserved_signed_and_put_on_its_way(
    session: Session, pair: Pair, officers: list[UUID]
) -> None:
    kept = plans.propose(session, pair.leader, plan_bytes(), officers[0], NOW)
    assert (kept.state, kept.token, kept.approvals) == (PlanState.DRAFT, None, ())
    first = plans.approve(session, pair.leader, kept.plan.digest, officers[0], NOW)
    assert (first.state, ledger.lines(session)) == (PlanState.DRAFT, [])
    with pytest.raises(ApprovalRefused):
        plans.approve(session, pair.leader, kept.plan.digest, officers[0], NOW)
    second = plans.approve(session, pair.leader, kept.plan.digest, officers[1], NOW)
    assert second.state is PlanState.APPROVED
    assert set(second.approvals) == set(officers[:2])
    assert second.token is not None
    assert pair.leader.key.public().verify(second.token, typ=plans.TYP) == kept.plan.to_bytes()
    assert [line.units for line in ledger.lines(session)] == [kept.plan.total_units]
    jobs = session.execute(text("SELECT kind, arguments FROM job")).all()
    assert jobs == [(plans.HAND_OVER, {"plan": kept.plan.digest.hex()})]
    with pytest.raises(ApprovalRefused):
        plans.approve(session, pair.leader, kept.plan.digest, officers[2], NOW)


def test_the_same_bytes_proposed_again_are_the_same_draft_and_others_need_a_new_version(
    session: Session, pair: Pair, officers: list[UUID]
) -> None:
    first = plans.propose(session, pair.leader, plan_bytes(), officers[0], NOW)
    assert plans.propose(session, pair.leader, plan_bytes(), officers[1], NOW) == first
    with pytest.raises(PlanTaken):
        plans.propose(session, pair.leader, plan_bytes(floor=7), officers[0], NOW)
    newer = plans.propose(session, pair.leader, plan_bytes(floor=7, version=2), officers[0], NOW)
    assert [one.plan.version for one in plans.every(session)] == [2, 1]
    assert plans.newest(session, "absence-2025") == newer
    approved(session, pair, officers, plan_bytes())
    assert plans.newest(session, "absence-2025").plan == first.plan
    assert plans.approved(session) == [plans.find(session, first.plan.digest)]


def test_a_plan_for_another_leader_or_another_budget_is_not_proposed(
    session: Session, pair: Pair, officers: list[UUID]
) -> None:
    for raw in (plan_bytes(servers__leader="somebody.else"), plan_bytes(budget__year_units=YEAR_UNITS + 1)):
        with pytest.raises(PlanRefused):
            plans.propose(session, pair.leader, raw, officers[0], NOW)
    assert plans.every(session) == []


def test_a_table_that_few_areas_could_use_is_not_approved(session: Session, pair: Pair, officers: list[UUID]) -> None:
    kept = plans.propose(session, pair.leader, plan_bytes(budget__units=WEAK), officers[0], NOW)
    with pytest.raises(TableTooNoisy):
        plans.approve(session, pair.leader, kept.plan.digest, officers[0], NOW)


def test_a_plan_that_does_not_fit_is_not_approved_and_nothing_is_kept_of_the_try(
    pair: Pair, officers: list[UUID]
) -> None:
    with pair.leader.database.session() as session:
        ledger.reserve(session, plan_of_units("other", YEAR_UNITS), NOW)
        kept = plans.propose(session, pair.leader, plan_bytes(), officers[0], NOW)
        plans.approve(session, pair.leader, kept.plan.digest, officers[0], NOW)
        session.commit()
        with pytest.raises(BudgetExceeded):
            plans.approve(session, pair.leader, kept.plan.digest, officers[1], NOW)
        session.rollback()
    with pair.leader.database.session() as session:
        after = plans.find(session, kept.plan.digest)
        assert (after.state, after.approvals) == (PlanState.DRAFT, (officers[0],))
        assert session.execute(text("SELECT count(*) FROM job")).scalar_one() == 0


def test_a_draft_that_was_put_away_stays_away(session: Session, pair: Pair, officers: list[UUID]) -> None:
    kept = plans.propose(session, pair.leader, plan_bytes(), officers[0], NOW)
    assert plans.decline(session, kept.plan.digest).state is PlanState.DECLINED
    with pytest.raises(ApprovalRefused):
        plans.approve(session, pair.leader, kept.plan.digest, officers[0], NOW)
    with pytest.raises(ApprovalRefused):
        plans.decline(session, kept.plan.digest)
    with pytest.raises(PlanUnknown):
        plans.newest(session, "absence-2025")


def test_what_is_not_here_is_named_so(session: Session, pair: Pair, officers: list[UUID]) -> None:
    with pytest.raises(PlanUnknown):
        plans.find(session, bytes(32))
    with pytest.raises(PlanUnknown):
        plans.approve(session, pair.leader, bytes(32), officers[0], NOW)


def test_the_helper_takes_a_signed_plan_in_once_and_reserves_it_in_its_own_ledger(
    session: Session, other: Session, pair: Pair, officers: list[UUID]
) -> None:
    kept = approved(session, pair, officers, plan_bytes())
    assert kept.token is not None
    for _ in range(2):
        taken = plans.receive(other, pair.helper, kept.token, NOW)
        assert (taken.plan, taken.state, taken.token) == (kept.plan, PlanState.APPROVED, kept.token)
    assert [line.units for line in ledger.lines(other)] == [kept.plan.total_units]
    assert plans.plan_of(other, kept.plan.digest) == kept.plan


def test_the_helper_refuses_what_its_own_ledger_has_no_room_for(
    session: Session, other: Session, pair: Pair, officers: list[UUID]
) -> None:
    kept = approved(session, pair, officers, plan_bytes())
    assert kept.token is not None
    ledger.reserve(other, plan_of_units("other", YEAR_UNITS), NOW)
    with pytest.raises(BudgetExceeded):
        plans.receive(other, pair.helper, kept.token, NOW)


def test_the_helper_refuses_every_plan_that_the_leader_did_not_sign_for_it(
    session: Session, other: Session, pair: Pair, officers: list[UUID]
) -> None:
    kept = approved(session, pair, officers, plan_bytes())
    assert kept.token is not None
    plan, header = make_plan(version=3), kept.token.split(".")
    strange = [
        SigningKey.generate().sign(plan.to_bytes(), typ=plans.TYP),
        pair.helper.key.sign(plan.to_bytes(), typ=plans.TYP),
        pair.leader.key.sign(plan.to_bytes(), typ="manabi-release+jws"),
        pair.leader.key.sign(make_plan(servers__helper="third.demo").to_bytes(), typ=plans.TYP),
        ".".join([header[0], header[1][:-4] + "AAAA", header[2]]),
        "not a token",
    ]
    for token in strange:
        with pytest.raises(PlanNotTrusted):
            plans.receive(other, pair.helper, token, NOW)
    for raw in (b"{}", plan_bytes(floor=1)):
        with pytest.raises(PlanRefused):
            plans.receive(other, pair.helper, pair.leader.key.sign(raw, typ=plans.TYP), NOW)
    weak = pair.leader.key.sign(make_plan(budget__units=WEAK).to_bytes(), typ=plans.TYP)
    with pytest.raises(TableTooNoisy):
        plans.receive(other, pair.helper, weak, NOW)
    with pytest.raises(PlanNotTrusted, match="no participant registry"):
        plans.receive(other, pair.helper, kept.token, NOW + timedelta(days=60))
    assert ledger.lines(other) == []
    plans.receive(other, pair.helper, kept.token, NOW)
    again = pair.leader.key.sign(make_plan(floor=9).to_bytes(), typ=plans.TYP)
    with pytest.raises(PlanTaken):
        plans.receive(other, pair.helper, again, NOW)
