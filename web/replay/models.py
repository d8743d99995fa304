"""What was presented once and must not be presented again: `jti` of proofs and assertions, each from its issuer."""

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from web.database import Base


class Replay(Base):
    """One token id that was used. `issuer` names the client or key it is unique for; after `expires_at` it may go."""

    __tablename__ = "replay"
    __table_args__ = (Index("ix_replay_expires_at", "expires_at"),)

    issuer: Mapped[str] = mapped_column(primary_key=True)
    jti: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime]
