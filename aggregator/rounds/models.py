"""A round as one server keeps it: what was announced, what came in, what was put together. Never an exact figure."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from web.database import Base


class CollectionRound(Base):
    """One collection of one plan.

    `opening`, `closing`, `draw` and `seating` are the canonical bytes that both servers sign; a round that is merely
    `open` has none of them, because the other server has not committed to its nonce yet. `nonce` is this server's own
    part of the seed that draws the noise committee; the other server's comes after closing. `attempt` is the drawing
    that seats are waited for, while `waiting`; `answers` lists for each drawing that is over which headers both servers
    held. `noise` says, once it is settled, who added the noise above the nodes; `problem` why a step is tried again.
    """

    __tablename__ = "collection_round"
    __table_args__ = (
        CheckConstraint("kind IN ('main', 'supplement', 'repeat')", name="kind"),
        CheckConstraint("state IN ('open', 'collecting', 'closing', 'closed', 'opened', 'released')", name="state"),
        CheckConstraint("noise IN ('servers', 'committee', 'fallback')", name="noise"),
        CheckConstraint("(state = 'open') = (opening IS NULL)", name="opening"),
        Index("ix_collection_round_plan_digest", "plan_digest"),
    )

    round_id: Mapped[UUID] = mapped_column(primary_key=True)
    plan_digest: Mapped[bytes] = mapped_column(ForeignKey("collection_plan.plan_digest"))
    kind: Mapped[str]
    state: Mapped[str]
    opens_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    nonce: Mapped[bytes]
    peer_nonce: Mapped[bytes | None]
    opening: Mapped[bytes | None]
    opening_signature: Mapped[str | None]
    peer_opening_signature: Mapped[str | None]
    closing: Mapped[bytes | None]
    closing_signature: Mapped[str | None]
    peer_closing_signature: Mapped[str | None]
    draw: Mapped[bytes | None]
    draw_signature: Mapped[str | None]
    peer_draw_signature: Mapped[str | None]
    attempt: Mapped[int]
    waiting: Mapped[bool]
    attempt_ends_at: Mapped[datetime | None]
    answers: Mapped[dict[str, Any]]
    seating: Mapped[bytes | None]
    seating_signature: Mapped[str | None]
    peer_seating_signature: Mapped[str | None]
    noise: Mapped[str | None]
    problem: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    closed_at: Mapped[datetime | None]
    opened_at: Mapped[datetime | None]
    released_at: Mapped[datetime | None]


class Submission(Base):
    """What one node sent to this server: the signed header, and this server's sealed share.

    Every sequence is kept until the round is closed, because the newest one that both servers hold counts. The share
    goes when the round is released; header and digest stay.
    """

    __tablename__ = "submission"

    round_id: Mapped[UUID] = mapped_column(ForeignKey("collection_round.round_id"), primary_key=True)
    node_id: Mapped[str] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True)
    header: Mapped[str]
    header_digest: Mapped[bytes]
    share: Mapped[bytes | None]
    received_at: Mapped[datetime]


class NoiseShare(Base):
    """A seat's share of its noise for one total; it holds no figure of any record."""

    __tablename__ = "noise_share"

    round_id: Mapped[UUID] = mapped_column(ForeignKey("collection_round.round_id"), primary_key=True)
    level: Mapped[str] = mapped_column(primary_key=True)
    area: Mapped[str] = mapped_column(primary_key=True)
    attempt: Mapped[int] = mapped_column(primary_key=True)
    node_id: Mapped[str] = mapped_column(primary_key=True)
    header: Mapped[str]
    header_digest: Mapped[bytes]
    share: Mapped[bytes | None]
    received_at: Mapped[datetime]


class OpenedSum(Base):
    """One total of a round: this server's part with its noise, stored before it is sent, and the other server's.

    `withheld` names why a total is not published: its spend stays spent.
    """

    __tablename__ = "opened_sum"

    round_id: Mapped[UUID] = mapped_column(ForeignKey("collection_round.round_id"), primary_key=True)
    level: Mapped[str] = mapped_column(primary_key=True)
    area: Mapped[str] = mapped_column(primary_key=True)
    own: Mapped[bytes | None]
    peer: Mapped[bytes | None]
    withheld: Mapped[str | None]
