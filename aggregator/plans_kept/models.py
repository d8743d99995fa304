"""Collection plans as a server keeps them, and who approved them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from web.database import Base


class CollectionPlan(Base):
    """One version of a plan: its canonical bytes, whose SHA-256 is its name everywhere.

    `token` is the leader's signature over the approved plan; a draft has none. `proposed_by` is empty at the helper,
    which gets plans from the leader.
    """

    __tablename__ = "collection_plan"
    __table_args__ = (
        UniqueConstraint("plan_id", "version"),
        CheckConstraint("state IN ('draft', 'approved', 'declined')", name="state"),
        CheckConstraint("(state = 'approved') = (token IS NOT NULL)", name="signed_when_approved"),
    )

    plan_digest: Mapped[bytes] = mapped_column(primary_key=True)
    plan_id: Mapped[str]
    version: Mapped[int]
    document: Mapped[bytes]
    state: Mapped[str]
    token: Mapped[str | None]
    proposed_by: Mapped[UUID | None] = mapped_column(ForeignKey("officer.officer_id"))
    proposed_at: Mapped[datetime]
    approved_at: Mapped[datetime | None]


class PlanApproval(Base):
    """One officer's approval of exactly these bytes."""

    __tablename__ = "plan_approval"

    plan_digest: Mapped[bytes] = mapped_column(ForeignKey("collection_plan.plan_digest"), primary_key=True)
    officer_id: Mapped[UUID] = mapped_column(ForeignKey("officer.officer_id"), primary_key=True)
    approved_at: Mapped[datetime]
