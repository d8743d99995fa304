"""Hand-overs of school files, for pages and the command line: receive, look at, apply, undo.

Nothing here reads a file or changes a record: that is done by jobs (`pds.intake.tasks`), in one transaction each.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import IO, Any, Final
from uuid import UUID, uuid4

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from pds.intake.errors import AlreadyApplied, HasErrors, NotChecked, NothingToUndo, RunUnknown, UndoTooLate
from pds.intake.findings import Finding, findings_from_json
from pds.intake.models import IntakeChange, IntakeRun, RunState
from pds.intake.reach import Reach
from pds.intake.uploads import store_upload
from pds.node import Node
from pds.organisations import registry as organisations
from trust.sealing import Binding, seal, unseal
from web.jobs import service as jobs
from web.jobs.models import JobState
from web.jobs.service import JobView

CHECK: Final = "intake.check"
APPLY: Final = "intake.apply"
UNDO: Final = "intake.undo"
CLOSE: Final = "intake.close"
WAITS: Final = timedelta(days=7)
"""How long a file that nobody applies is kept."""
FINDINGS_SCHEMA: Final = "urn:manabi:schema:intake-findings:1"
_LONGEST_NAME: Final = 120
_AT_WORK: Final = {RunState.CHECKING, RunState.APPLYING, RunState.UNDOING}


@dataclass(frozen=True, slots=True)
class RunView:
    """A run as a page shows it. `failed` tells that the job at work gave up; `report` holds numbers by kind."""

    run_id: UUID
    state: RunState
    failed: bool
    file_name: str
    size: int
    content: str | None
    received_by: UUID | None
    received_at: datetime
    checked_at: datetime | None
    applied_by: UUID | None
    applied_at: datetime | None
    undo_until: datetime | None
    undone_by: UUID | None
    undone_at: datetime | None
    report: dict[str, Any] | None
    undo_report: dict[str, Any] | None
    job: JobView | None

    @property
    def may_apply(self) -> bool:
        """Whether it can be applied now."""
        return self.state is RunState.CHECKED or (self.state is RunState.APPLYING and self.failed)

    def may_undo(self, now: datetime) -> bool:
        """Whether it can be undone at `now`."""
        undoable = self.state is RunState.APPLIED or (self.state is RunState.UNDOING and self.failed)
        return undoable and self.undo_until is not None and now < self.undo_until


def receive(session: Session, node: Node, *, filename: str, stream: IO[bytes], by: UUID | None, now: datetime) -> UUID:
    """Store what somebody hands in and order its dry run; return the run's id. The caller commits and rings the bell.

    Raises `UploadTooLarge` or `UploadEmpty`. `by` is the officer; None for the operator's command line.
    """
    run_id = uuid4()
    size, digest = store_upload(node.settings.uploads, run_id, stream)
    job = jobs.enqueue(session, CHECK, {"run": str(run_id)}, now=now, created_by=by)
    jobs.enqueue(session, CLOSE, {"run": str(run_id)}, now=now, due_at=now + WAITS)
    session.add(
        IntakeRun(
            run_id=run_id, state=RunState.CHECKING, file_name=_shown_name(filename), size=size, digest=digest,
            received_by=by, received_at=now, job=job, content=None, checked_at=None, applied_by=None, applied_at=None,
            undo_until=None, undone_by=None, undone_at=None, report=None, findings=None, undo_report=None,
            undo_findings=None,
        )
    )  # fmt: skip
    session.flush()
    return run_id


def view_run(session: Session, run_id: UUID) -> RunView | None:
    """Return what may be shown of a run, without its findings."""
    run = session.get(IntakeRun, run_id, populate_existing=True)
    return None if run is None else _view(session, run)


def list_runs(session: Session, *, most: int = 50) -> Sequence[RunView]:
    """Return the newest runs, newest first."""
    runs = session.scalars(select(IntakeRun).order_by(IntakeRun.received_at.desc()).limit(most))
    return [_view(session, run) for run in runs]


def may_handle(session: Session, node: Node, run: RunView, officer: UUID, *, now: datetime) -> bool:
    """Whether a run, its findings and its undo are for this officer: their own, or all of it where they may import.

    Findings quote the file, so a clerk sees nothing of another school's.
    """
    reach = Reach(session, node, officer, now)
    if officer in (run.received_by, run.applied_by):
        return reach.has_duty
    touched = [UUID(one) for one in (run.report or {}).get("organisations", [])]
    known = organisations.establishers_of(session, touched)
    return bool(touched) and all(one in known and reach.covers_place(one, known[one]) for one in touched)


def findings_of(session: Session, node: Node, run_id: UUID) -> list[Finding]:
    """Open the findings of a run's last check or apply: errors first, at most 1,000 of each severity."""
    run = _run(session, run_id)
    return [] if run.findings is None else _open_findings(node, run_id, "check", run.findings)


def undo_findings_of(session: Session, node: Node, run_id: UUID) -> list[Finding]:
    """Open what an undo could not take back."""
    run = _run(session, run_id)
    return [] if run.undo_findings is None else _open_findings(node, run_id, "undo", run.undo_findings)


def request_apply(session: Session, run_id: UUID, *, by: UUID | None, now: datetime) -> UUID:
    """Order the apply of a run whose dry run found no error; return the job's id. The caller commits and rings."""
    run = _run(session, run_id, lock=True)
    state = RunState(run.state)
    if state is RunState.REFUSED:
        raise HasErrors(errors=int((run.report or {}).get("findings", {}).get("error", 0)))
    if state is RunState.CHECKING:
        raise NotChecked
    if not _view(session, run).may_apply:
        raise AlreadyApplied
    run.state, run.applied_by = RunState.APPLYING, by
    run.job = jobs.enqueue(session, APPLY, {"run": str(run_id)}, now=now, created_by=by)
    session.flush()
    return run.job


def request_undo(session: Session, run_id: UUID, *, by: UUID | None, now: datetime) -> UUID:
    """Order the undo of an applied run, until midnight of its day; return the job's id. The caller commits."""
    run = _run(session, run_id, lock=True)
    view = _view(session, run)
    if view.state not in (RunState.APPLIED, RunState.UNDOING) or (view.state is RunState.UNDOING and not view.failed):
        raise NothingToUndo
    if not view.may_undo(now):
        raise UndoTooLate
    run.state, run.undone_by = RunState.UNDOING, by
    run.job = jobs.enqueue(session, UNDO, {"run": str(run_id)}, now=now, created_by=by)
    session.flush()
    return run.job


def request_cancel(session: Session, run_id: UUID) -> None:
    """Ask the job at work on a run to stop; nothing of it is applied."""
    jobs.request_cancel(session, _run(session, run_id).job)


def forget_learner(session: Session, learner: UUID) -> None:
    """Delete what runs keep of a child for undoing. The deletion of the child's row does the same by itself."""
    session.execute(delete(IntakeChange).where(IntakeChange.learner_id == learner))


def seal_findings(node: Node, run_id: UUID, part: str, findings: Sequence[Finding]) -> bytes:
    """Seal findings for storing: they may quote a name."""
    plain = json.dumps([finding.to_json() for finding in findings], ensure_ascii=False, separators=(",", ":"))
    return seal(node.keyring.node_key("intake"), _findings_binding(node, run_id, part), plain.encode())


def _open_findings(node: Node, run_id: UUID, part: str, sealed: bytes) -> list[Finding]:
    plain = unseal(node.keyring.node_key("intake"), _findings_binding(node, run_id, part), sealed)
    return findings_from_json(json.loads(plain))


def _findings_binding(node: Node, run_id: UUID, part: str) -> Binding:
    return Binding(node.node_id, run_id, f"findings/{part}", 1, FINDINGS_SCHEMA)


def _run(session: Session, run_id: UUID, *, lock: bool = False) -> IntakeRun:
    run = session.get(IntakeRun, run_id, populate_existing=True, with_for_update=lock or None)
    if run is None:
        raise RunUnknown
    return run


def _view(session: Session, run: IntakeRun) -> RunView:
    state = RunState(run.state)
    job = jobs.view(session, run.job)
    failed = state in _AT_WORK and job is not None and job.state in (JobState.FAILED, JobState.CANCELLED)
    return RunView(
        run.run_id, state, failed, run.file_name, run.size, run.content, run.received_by, run.received_at,
        run.checked_at, run.applied_by, run.applied_at, run.undo_until, run.undone_by, run.undone_at, run.report,
        run.undo_report, job,
    )  # fmt: skip


def _shown_name(filename: str) -> str:
    """Return the last part of a file name as it may be shown: no folder, no control characters, bounded."""
    last = PurePath(filename.replace("\\", "/")).name
    plain = "".join(character for character in last if character.isprintable())
    return plain[:_LONGEST_NAME] or "upload"
