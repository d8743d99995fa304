"""What this node takes part in, as pages tell it: plans, rounds, where its own reports are. No figure stands here."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from aggregator.plans.document import read_plan
from aggregator.plans.model import Plan
from pds.statistics.models import StatisticsPlan, StatisticsReport, StatisticsRound
from trust.framing import from_text


@dataclass(frozen=True, slots=True)
class SeenReport:
    """The newest report of a round. `leader` and `helper`: whether that server has signed for its half."""

    sequence: int
    state: str
    prepared_at: datetime
    sent_at: datetime | None
    leader: bool
    helper: bool


@dataclass(frozen=True, slots=True)
class SeenRound:
    """A round as the leader showed it last, and this node's part in it."""

    round_id: UUID
    plan: Plan
    kind: str
    state: str
    leader: str
    helper: str
    opens_at: datetime
    closes_at: datetime
    seen_at: datetime
    problem: dict[str, Any] | None
    report: SeenReport | None


@dataclass(frozen=True, slots=True)
class SeenPlan:
    """A plan with its rounds, the newest first."""

    plan: Plan
    rounds: tuple[SeenRound, ...]

    @property
    def reported(self) -> SeenReport | None:
        """The report that counts or will count, if there is one."""
        found = (one.report for one in self.rounds if one.report is not None and one.report.state != "missed")
        return next(found, None)


def list_plans(session: Session) -> tuple[SeenPlan, ...]:
    """Return every plan this node was asked to take part in, the newest school year first."""
    rounds = list_rounds(session)
    plans = [_plan_of(token) for token in session.scalars(select(StatisticsPlan.token))]
    plans.sort(key=lambda plan: (-plan.school_year, plan.plan_id, -plan.version))
    return tuple(SeenPlan(plan, tuple(one for one in rounds if one.plan == plan)) for plan in plans)


def find_plan(session: Session, digest: str) -> SeenPlan | None:
    """Return a plan by its digest in hexadecimal."""
    return next((seen for seen in list_plans(session) if seen.plan.digest.hex() == digest), None)


def list_rounds(session: Session) -> tuple[SeenRound, ...]:
    """Return every round, the one that opened last first."""
    newest: dict[UUID, SeenReport] = {}
    for row in session.scalars(select(StatisticsReport).order_by(StatisticsReport.sequence)):
        newest[row.round_id] = SeenReport(
            row.sequence, row.state, row.prepared_at, row.sent_at, row.leader_receipt is not None,
            row.helper_receipt is not None,
        )  # fmt: skip
    rows = session.execute(
        select(StatisticsRound, StatisticsPlan.token)
        .join(StatisticsPlan, StatisticsPlan.plan_digest == StatisticsRound.plan_digest)
        .order_by(StatisticsRound.opens_at.desc(), StatisticsRound.round_id)
    ).all()
    return tuple(
        SeenRound(
            row.round_id, _plan_of(token), row.kind, row.state, row.leader_id, row.helper_id, row.opens_at,
            row.closes_at, row.seen_at, row.problem, newest.get(row.round_id),
        )
        for row, token in rows
    )  # fmt: skip


def _plan_of(token: str) -> Plan:
    return read_plan(from_text(token.split(".")[1]))
