"""The privacy ledger: append-only lines, each naming the hash of the line before it, and one lock row per year."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from web.database import Base


class BudgetYear(Base):
    """What may be spent on the children of one school year, in picorho (zCDP rho times 10^12), over all plans."""

    __tablename__ = "budget_year"

    school_year: Mapped[int] = mapped_column(primary_key=True)
    cap_units: Mapped[int]


class LedgerLine(Base):
    """One entry: reserved, spent, published or freed. No role of the service may change or remove one."""

    __tablename__ = "ledger_line"
    __table_args__ = (
        CheckConstraint("kind IN ('reserved', 'spent', 'published', 'freed')", name="kind"),
        CheckConstraint("units >= 0", name="units"),
        Index("ix_ledger_line_school_year", "school_year"),
    )

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    kind: Mapped[str]
    school_year: Mapped[int]
    plan_digest: Mapped[bytes]
    round_id: Mapped[UUID | None]
    units: Mapped[int]
    detail: Mapped[dict[str, Any]]
    prev: Mapped[bytes]
    hash: Mapped[bytes]
