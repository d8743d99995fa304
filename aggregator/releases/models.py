"""Published tables: bytes that never change."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from web.database import Base


class Release(Base):
    """One release: its canonical bytes, their SHA-256, and the leader's signature over them."""

    __tablename__ = "release"
    __table_args__ = (UniqueConstraint("round_id"),)

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    round_id: Mapped[UUID] = mapped_column(ForeignKey("collection_round.round_id"))
    plan_digest: Mapped[bytes] = mapped_column(ForeignKey("collection_plan.plan_digest"))
    document: Mapped[bytes]
    token: Mapped[str]
    released_at: Mapped[datetime]
