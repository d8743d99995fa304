"""What a node keeps of its part in the national count. No figure stands here in the clear, and none of a child."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from web.database import Base


class StatisticsPlan(Base):
    """A signed collection plan that this node was asked to take part in, as families read it."""

    __tablename__ = "statistics_plan"

    plan_digest: Mapped[bytes] = mapped_column(primary_key=True)
    token: Mapped[str]
    fetched_at: Mapped[datetime]


class StatisticsRound(Base):
    """A round that this node was asked to report to, as its leader showed it last.

    `problem` is what keeps the node from reporting: code and places of an error, never a figure.
    """

    __tablename__ = "statistics_round"

    round_id: Mapped[UUID] = mapped_column(primary_key=True)
    plan_digest: Mapped[bytes] = mapped_column(ForeignKey("statistics_plan.plan_digest"))
    kind: Mapped[str]
    state: Mapped[str]
    leader_id: Mapped[str]
    helper_id: Mapped[str]
    opens_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    problem: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    seen_at: Mapped[datetime]


class StatisticsNoise(Base):
    """The noise of one round's cells inside this node: drawn once, sealed, destroyed when the round is closed."""

    __tablename__ = "statistics_noise"

    round_id: Mapped[UUID] = mapped_column(primary_key=True)
    sealed: Mapped[bytes]


class StatisticsReport(Base):
    """One submission to one round: header and shares are durable before they are sent, so a retry sends the same.

    Each share is sealed to its server; this node cannot open it again. Shares go when a newer sequence takes their
    place and when the round is closed. `read_digest` tells whether the records that were counted have changed since: a
    keyed hash of ids and versions.
    """

    __tablename__ = "statistics_report"
    __table_args__ = (CheckConstraint("state IN ('prepared', 'sent', 'settled', 'missed')", name="state"),)

    round_id: Mapped[UUID] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True)
    plan_digest: Mapped[bytes]
    state: Mapped[str]
    header: Mapped[str]
    leader_share: Mapped[bytes | None]
    helper_share: Mapped[bytes | None]
    leader_receipt: Mapped[str | None]
    helper_receipt: Mapped[str | None]
    read_digest: Mapped[bytes]
    prepared_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]


class StatisticsSeat(Base):
    """The noise of one seat of a committee for one total of a round; the shares go once both are received."""

    __tablename__ = "statistics_seat"

    round_id: Mapped[UUID] = mapped_column(primary_key=True)
    level: Mapped[str] = mapped_column(primary_key=True)
    area: Mapped[str] = mapped_column(primary_key=True)
    attempt: Mapped[int] = mapped_column(primary_key=True)
    header: Mapped[str]
    leader_share: Mapped[bytes | None]
    helper_share: Mapped[bytes | None]
    leader_receipt: Mapped[str | None]
    helper_receipt: Mapped[str | None]
    made_at: Mapped[datetime]
