"""The rows that background work is made of. The broker only says "look"; the work itself stands here."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from web.database import Base


class JobState(StrEnum):
    """Where a job is. `queued` waits for its due instant; `running` holds a lease; the other three are final."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Job(Base):
    """One piece of background work, written in the transaction of the change that causes it.

    `arguments` hold ids only, never contents. `fence` grows with every lease, so that a worker whose lease lapsed
    can no longer finish the job that another one has taken over.
    """

    __tablename__ = "job"
    __table_args__ = (Index("ix_job_due", "due_at", postgresql_where=text("state IN ('queued', 'running')")),)

    job_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    arguments: Mapped[dict[str, Any]]
    state: Mapped[str]
    attempts: Mapped[int]
    fence: Mapped[int]
    due_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    done: Mapped[int]
    total: Mapped[int | None]
    cancel_requested: Mapped[bool]
    problem: Mapped[dict[str, Any] | None]
    created_by: Mapped[UUID | None]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
