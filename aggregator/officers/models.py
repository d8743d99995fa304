"""The people who answer for the national count: they propose plans, approve them, open and close rounds."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from web.database import Base


class Officer(Base):
    """An official by name and role: planners propose, officers approve, operators look after the server."""

    __tablename__ = "officer"
    __table_args__ = (CheckConstraint("role IN ('planner', 'officer', 'operator')", name="role"),)

    officer_id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    role: Mapped[str]
    created_at: Mapped[datetime]
