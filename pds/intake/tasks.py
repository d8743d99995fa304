"""The jobs of intake: dry run, apply, undo, and closing; each does its work and its end in one transaction."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from pds.intake.errors import NoLongerFits, RunUnknown, UploadGone
from pds.intake.load import Load, next_midnight
from pds.intake.models import IntakeChange, IntakeRun, RunState
from pds.intake.reading import read_parcel
from pds.intake.service import APPLY, CHECK, CLOSE, UNDO, seal_findings
from pds.intake.undo import Undo, count_changes
from pds.intake.uploads import check_upload, remove_upload, stray_uploads, upload_path
from pds.node import Node
from trust.files import nothing_follows
from web.jobs import service as jobs
from web.jobs.runner import Handler, JobRun

PROGRESS_ROWS: Final = 500
_STRAY_AFTER: Final = timedelta(days=1)
ONE_AT_A_TIME: Final = 0x6D616E61_62690001
"""Number of the advisory lock that whoever applies or undoes holds until the end of the transaction."""
_TRY_LOCK: Final = text("SELECT pg_try_advisory_xact_lock(:lock)")
_LOCK_PAUSE: Final = 0.5
_CLOSED: Final = {RunState.CLOSED, RunState.UNDONE}


def handlers(node: Node, after: Callable[[str], None] = nothing_follows) -> dict[str, Handler]:
    """Return the handlers for a worker's runner.

    `after` is told each step as it completes, so that tests can stop the process there: 'read', 'written', 'noted'
    (before the commit) and 'committed'; while rows are merged also 'rows' at every progress note.
    """
    return {
        CHECK: lambda run: _check(node, run),
        APPLY: lambda run: _apply(node, run, after),
        UNDO: lambda run: _undo(node, run, after),
        CLOSE: lambda run: _close(node, run),
    }


def _check(node: Node, job: JobRun) -> None:
    run_id = UUID(job.lease.arguments["run"])
    with job.database.session() as session:
        run = _run(session, run_id)
        if run.state != RunState.CHECKING:
            job.finish(session)
            session.commit()
            return
        path = upload_path(node.settings.uploads, run_id)
        if not path.exists():
            raise UploadGone
        load = _read(session, node, job, run, path, write=False, after=nothing_follows)
        run = _run(session, run_id)
        run.content, run.checked_at = load.content, job.clock()
        run.state = RunState.REFUSED if load.findings.errors else RunState.CHECKED
        _store_report(node, run, load)
        job.finish(session)
        session.commit()


def _apply(node: Node, job: JobRun, after: Callable[[str], None]) -> None:
    run_id = UUID(job.lease.arguments["run"])
    with job.database.session() as session:
        _wait_for_turn(session, job)
        run = _run(session, run_id)
        if run.state != RunState.APPLYING:
            job.finish(session)
            session.commit()
            return
        path = check_upload(node.settings.uploads, run_id, run.digest)
        load = _read(session, node, job, run, path, write=True, after=after)
        after("written")
        if load.findings.errors:
            session.rollback()
            _refuse(node, job, run_id, load)
            raise NoLongerFits
        now = job.clock()
        run = _run(session, run_id)
        run.state, run.applied_at, run.undo_until = RunState.APPLIED, now, next_midnight(now)
        _store_report(node, run, load)
        jobs.enqueue(session, CLOSE, {"run": str(run_id)}, now=now, due_at=run.undo_until)
        job.finish(session)
        after("noted")
        session.commit()
    after("committed")


def _undo(node: Node, job: JobRun, after: Callable[[str], None]) -> None:
    run_id = UUID(job.lease.arguments["run"])
    with job.database.session() as session:
        _wait_for_turn(session, job)
        run = _run(session, run_id)
        if run.state != RunState.UNDOING:
            job.finish(session)
            session.commit()
            return
        total = count_changes(session, run_id)
        now = job.clock()
        undo = Undo(session, node, run_id, now=now, step=_stepper(job, total, after))
        undo.run()
        after("written")
        run = _run(session, run_id)
        run.state, run.undone_at, run.undo_report = RunState.UNDONE, now, undo.report()
        run.undo_findings = seal_findings(node, run_id, "undo", undo.findings.kept())
        session.execute(delete(IntakeChange).where(IntakeChange.run_id == run_id))
        job.finish(session)
        after("noted")
        session.commit()
    after("committed")


def _close(node: Node, job: JobRun) -> None:
    """Remove the upload and what was kept for undoing, or come back later if the run is still in use."""
    run_id = UUID(job.lease.arguments["run"])
    now = job.clock()
    with job.database.session() as session:
        run = session.get(IntakeRun, run_id, with_for_update=True)
        if run is not None:
            later = _due_later(run, now)
            if later is not None:
                jobs.enqueue(session, CLOSE, {"run": str(run_id)}, now=now, due_at=later)
            else:
                remove_upload(node.settings.uploads, run_id)
                session.execute(delete(IntakeChange).where(IntakeChange.run_id == run_id))
                run.findings = run.undo_findings = None
                if run.state not in _CLOSED:
                    run.state = RunState.CLOSED
        _remove_strays(session, node, now)
        job.finish(session)
        session.commit()


def _due_later(run: IntakeRun, now: datetime) -> datetime | None:
    if run.state in (RunState.APPLYING, RunState.UNDOING):
        return now + timedelta(hours=1)
    if run.state == RunState.APPLIED and run.undo_until is not None and now < run.undo_until:
        return run.undo_until
    return None


def _remove_strays(session: Session, node: Node, now: datetime) -> None:
    """Remove uploads whose run was never committed."""
    found = stray_uploads(node.settings.uploads, before=now - _STRAY_AFTER)
    known = set(session.scalars(select(IntakeRun.run_id).where(IntakeRun.run_id.in_(found)))) if found else set()
    for run_id in found:
        if run_id not in known:
            remove_upload(node.settings.uploads, run_id)


def _read(
    session: Session, node: Node, job: JobRun, run: IntakeRun, path: Path, *, write: bool, after: Callable[[str], None]
) -> Load:
    total = None if run.report is None else int(run.report["rows"])
    load = Load(
        session, node, run.run_id, path, run.file_name, run.applied_by if write else run.received_by, job.clock(),
        write=write, step=_stepper(job, total, after),
    )  # fmt: skip
    after("read")
    read_parcel(load)
    return load


def _stepper(job: JobRun, total: int | None, after: Callable[[str], None]) -> Callable[[int], None]:
    noted = 0

    def step(done: int) -> None:
        nonlocal noted
        if done - noted >= PROGRESS_ROWS:
            noted = done
            job.note_progress(done, total)
            after("rows")

    return step


def _wait_for_turn(session: Session, job: JobRun) -> None:
    """Let one run at a time change anything: the others wait with their lease kept alive."""
    while not session.execute(_TRY_LOCK, {"lock": ONE_AT_A_TIME}).scalar_one():
        job.note_progress(0, None)
        time.sleep(_LOCK_PAUSE)


def _refuse(node: Node, job: JobRun, run_id: UUID, load: Load) -> None:
    with job.database.session() as session:
        run = _run(session, run_id)
        run.state = RunState.REFUSED
        _store_report(node, run, load)
        session.commit()


def _store_report(node: Node, run: IntakeRun, load: Load) -> None:
    run.report = load.report()
    run.findings = seal_findings(node, run.run_id, "check", load.findings.kept())


def _run(session: Session, run_id: UUID) -> IntakeRun:
    run = session.get(IntakeRun, run_id, populate_existing=True)
    if run is None:
        raise RunUnknown
    return run
