"""Rounds as the public may read them: states, who reported, what was withheld. Never a share, a sum or a nonce."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from aggregator.plans.document import read_plan
from aggregator.plans.model import Words
from aggregator.plans_kept.models import CollectionPlan
from aggregator.releases.models import Release
from aggregator.rounds.models import CollectionRound, OpenedSum, Submission


@dataclass(frozen=True, slots=True)
class Round:
    """One collection of one plan. ``nodes`` counts those that handed something in so far."""

    round_id: UUID
    plan_id: str
    plan_digest: str
    title: Words
    school_year: int
    kind: str
    state: str
    noise: str | None
    opens_at: datetime
    closes_at: datetime
    closed_at: datetime | None
    opened_at: datetime | None
    released_at: datetime | None
    nodes: int
    release: str | None


@dataclass(frozen=True, slots=True)
class Withheld:
    """A total that is not published, and why."""

    level: str
    area: str
    reason: str


def list_rounds(session: Session) -> tuple[Round, ...]:
    """Return every round, the newest first."""
    return tuple(_read(session, None))


def find_round(session: Session, round_id: UUID) -> Round | None:
    """Return one round."""
    return next(iter(_read(session, round_id)), None)


def withheld_totals(session: Session, round_id: UUID) -> tuple[Withheld, ...]:
    """Return what a round's totals withhold, by level and area."""
    rows = session.execute(
        select(OpenedSum.level, OpenedSum.area, OpenedSum.withheld)
        .where(OpenedSum.round_id == round_id, OpenedSum.withheld.is_not(None))
        .order_by(OpenedSum.level, OpenedSum.area)
    )
    return tuple(Withheld(level, area, reason) for level, area, reason in rows if reason is not None)


def _read(session: Session, round_id: UUID | None) -> list[Round]:
    nodes = (
        select(Submission.round_id, func.count(Submission.node_id.distinct()).label("nodes"))
        .group_by(Submission.round_id)
        .subquery()
    )
    query = (
        select(CollectionRound, CollectionPlan.document, nodes.c.nodes, Release.digest)
        .join(CollectionPlan, CollectionPlan.plan_digest == CollectionRound.plan_digest)
        .outerjoin(nodes, nodes.c.round_id == CollectionRound.round_id)
        .outerjoin(Release, Release.round_id == CollectionRound.round_id)
        .order_by(CollectionRound.opens_at.desc(), CollectionRound.round_id)
    )
    if round_id is not None:
        query = query.where(CollectionRound.round_id == round_id)
    found = []
    for one, document, reported, digest in session.execute(query):
        plan = read_plan(document)
        found.append(
            Round(
                one.round_id, plan.plan_id, plan.digest.hex(), plan.title, plan.school_year, one.kind, one.state,
                one.noise, one.opens_at, one.closes_at, one.closed_at, one.opened_at, one.released_at,
                reported or 0, digest.hex() if digest is not None else None,
            )
        )  # fmt: skip
    return found
