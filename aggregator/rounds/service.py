"""What the rooms above may ask of rounds: open and close them, take in what nodes send, show how far they are.

Everything else a round does by itself, in jobs (``aggregator.rounds.tasks``) and in answers to the other server.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from aggregator.protocol.seating import Total
from aggregator.protocol.statements import RoundKind
from aggregator.rounds import seating, standing
from aggregator.rounds.announcing import open_round
from aggregator.rounds.closing import close_round
from aggregator.rounds.collecting import accept, accept_noise
from aggregator.rounds.models import CollectionRound, OpenedSum, Submission
from aggregator.rounds.standing import RoundState
from aggregator.server import Aggregator

__all__ = [
    "RoundKind", "RoundState", "RoundView", "accept", "accept_noise", "close_round", "find_round", "list_rounds",
    "open_round", "reported_nodes", "show_round",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class RoundView:
    """A round in a list. ``reported`` counts nodes that sent something, ``listed`` those that count once it is closed.

    ``problem`` says why its next step is tried again: a code, and a reason in a few English words for operators.
    """

    round_id: UUID
    plan_digest: bytes
    kind: RoundKind
    state: RoundState
    announced: bool
    opens_at: datetime
    closes_at: datetime
    closed_at: datetime | None
    opened_at: datetime | None
    released_at: datetime | None
    noise: str | None
    reported: int
    listed: int | None
    problem: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class RoundStatements:
    """What both servers signed, by side, as far as it is there; who stayed silent; which totals stay shut, and why."""

    opening: Mapping[str, str]
    closing: Mapping[str, str]
    draw: Mapping[str, str]
    seating: Mapping[str, str]
    attempt: int
    silent: Mapping[Total, tuple[tuple[str, ...], ...]]
    withheld: Sequence[tuple[str, str, str]]


def list_rounds(session: Session, plan_digest: bytes | None = None) -> list[RoundView]:
    """Return the rounds, of one plan or of all, the newest first."""
    wanted = select(CollectionRound).order_by(CollectionRound.opens_at.desc(), CollectionRound.round_id)
    if plan_digest is not None:
        wanted = wanted.where(CollectionRound.plan_digest == plan_digest)
    return [_view(session, row) for row in session.scalars(wanted)]


def find_round(session: Session, round_id: UUID) -> RoundView:
    """Return one round; raises RoundUnknown."""
    return _view(session, standing.find(session, round_id))


def show_round(session: Session, aggregator: Aggregator, round_id: UUID) -> RoundStatements:
    """Return what is public of a round beside its view; raises RoundUnknown."""
    row = standing.find(session, round_id)
    shut = session.execute(
        select(OpenedSum.level, OpenedSum.area, OpenedSum.withheld)
        .where(OpenedSum.round_id == round_id, OpenedSum.withheld.is_not(None))
        .order_by(OpenedSum.level, OpenedSum.area)
    )
    return RoundStatements(
        standing.tokens(aggregator, row.opening_signature, row.peer_opening_signature),
        standing.tokens(aggregator, row.closing_signature, row.peer_closing_signature),
        standing.tokens(aggregator, row.draw_signature, row.peer_draw_signature),
        standing.tokens(aggregator, row.seating_signature, row.peer_seating_signature),
        row.attempt,
        seating.silent_of(session, row),
        [(level, area, str(reason)) for level, area, reason in shut],
    )


def reported_nodes(session: Session, round_id: UUID) -> list[tuple[str, int, datetime]]:
    """Return for each node its newest sequence and when it came in, by node."""
    rows = session.execute(
        select(Submission.node_id, Submission.sequence, Submission.received_at)
        .where(Submission.round_id == round_id)
        .ext(distinct_on(Submission.node_id))
        .order_by(Submission.node_id, Submission.sequence.desc())
    )
    return [(node, sequence, received_at) for node, sequence, received_at in rows]


def _view(session: Session, row: CollectionRound) -> RoundView:
    return RoundView(
        row.round_id, row.plan_digest, RoundKind(row.kind), RoundState(row.state),
        row.opening is not None and row.peer_opening_signature is not None, row.opens_at, row.closes_at,
        row.closed_at, row.opened_at, row.released_at, row.noise, standing.count_reported(session, row.round_id),
        None if row.closing is None else len(standing.closing_of(row).entries), row.problem,
    )  # fmt: skip
