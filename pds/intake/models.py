"""What a hand-over of school files leaves behind: the run, its report, and what stood before each change."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from web.database import Base


class RunState(StrEnum):
    """Where a run is.

    `checking` until the dry run is done; then `checked` (may be applied) or `refused` (has errors). `applying` and
    `undoing` while a job works on it. `applied` may be undone until midnight; `undone` and `closed` are final.
    """

    CHECKING = "checking"
    CHECKED = "checked"
    REFUSED = "refused"
    APPLYING = "applying"
    APPLIED = "applied"
    UNDOING = "undoing"
    UNDONE = "undone"
    CLOSED = "closed"


class IntakeRun(Base):
    """One file handed in, from its arrival to the removal of the upload.

    The upload lies in the folder of uploads under the run's id until the run ends. `report` and `undo_report` hold
    numbers; `findings` and `undo_findings` hold rows with values from the file, sealed under the node's intake key,
    and go with the upload. `job` is the job at work, or the last one.
    """

    __tablename__ = "intake_run"
    __table_args__ = (Index("ix_intake_run_received_at", "received_at"),)

    run_id: Mapped[UUID] = mapped_column(primary_key=True)
    state: Mapped[str]
    file_name: Mapped[str]
    size: Mapped[int]
    digest: Mapped[bytes]
    received_by: Mapped[UUID | None]
    received_at: Mapped[datetime]
    job: Mapped[UUID]
    content: Mapped[str | None]
    checked_at: Mapped[datetime | None]
    applied_by: Mapped[UUID | None]
    applied_at: Mapped[datetime | None]
    undo_until: Mapped[datetime | None]
    undone_by: Mapped[UUID | None]
    undone_at: Mapped[datetime | None]
    report: Mapped[dict[str, Any] | None]
    findings: Mapped[bytes | None]
    undo_report: Mapped[dict[str, Any] | None]
    undo_findings: Mapped[bytes | None]


class IntakeChange(Base):
    """One row that an applied run made or changed, for as long as it may be undone.

    `learner_id` is the child the row is about, where it is about one: it goes when the child is erased. `before` is
    what stood there, sealed under the node's intake key and holding sealed columns as they were; None where the row is
    new. `revision` is the one the run wrote.
    """

    __tablename__ = "intake_change"
    __table_args__ = (
        ForeignKeyConstraint(["learner_id"], ["learner.learner_id"], ondelete="CASCADE"),
        Index("ix_intake_change_learner_id", "learner_id"),
    )

    run_id: Mapped[UUID] = mapped_column(primary_key=True)
    change_no: Mapped[int] = mapped_column(primary_key=True)
    learner_id: Mapped[UUID | None]
    kind: Mapped[str]
    key: Mapped[str]
    before: Mapped[bytes | None]
    revision: Mapped[int]
