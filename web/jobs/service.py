"""Life of a job: enqueued with the change that causes it, leased, finished in the work's own transaction.

Nothing here relies on the broker. A lease is taken with FOR UPDATE SKIP LOCKED, so two workers never hold the same
job; a lapsed lease is taken again; `finish` refuses a worker whose fence is old, which makes the work exactly-once
as long as the work and `finish` share one transaction.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from trust.errors import N_, ManabiError
from web.jobs.models import Job, JobState

MOST_ATTEMPTS = 8


class LeaseLost(ManabiError):
    """Another worker took the job over; whatever this one did must not be committed."""

    code = "jobs.lease_lost"
    status = 409
    title = N_("This work was taken over by another worker.")
    remedy = N_("Nothing is lost. The other worker finishes it.")


class JobCancelled(ManabiError):
    """Somebody asked for the job to stop; nothing of it is applied."""

    code = "jobs.cancelled"
    status = 409
    title = N_("The work was cancelled.")
    remedy = N_("Nothing was changed. Start it again when you are ready.")


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to run one job until an instant; `fence` tells it from every other lease of the same job."""

    job_id: UUID
    kind: str
    arguments: dict[str, Any]
    attempt: int
    fence: int


@dataclass(frozen=True, slots=True)
class JobView:
    """What a page or a client may know of a job."""

    job_id: UUID
    kind: str
    state: JobState
    done: int
    total: int | None
    problem: dict[str, Any] | None
    created_at: datetime
    finished_at: datetime | None


def enqueue(
    session: Session,
    kind: str,
    arguments: dict[str, Any],
    *,
    now: datetime,
    created_by: UUID | None = None,
    due_at: datetime | None = None,
) -> UUID:
    """Write a job into the caller's transaction and return its id. The caller rings the doorbell after its commit.

    `due_at` is for work that must wait until then; without it the job is due at once.
    """
    job_id = uuid4()
    session.add(
        Job(
            job_id=job_id, kind=kind, arguments=arguments, state=JobState.QUEUED, attempts=0, fence=0,
            due_at=due_at or now, lease_until=None, done=0, total=None, cancel_requested=False, problem=None,
            created_by=created_by, created_at=now, finished_at=None,
        )
    )  # fmt: skip
    session.flush()
    return job_id


def take(session: Session, *, now: datetime, lease: timedelta) -> Lease | None:
    """Lease the longest-due job, a lapsed one included, or return None. The caller commits before it works."""
    job = session.scalars(
        select(Job)
        .where(
            or_(
                (Job.state == JobState.QUEUED) & (Job.due_at <= now),
                (Job.state == JobState.RUNNING) & (Job.lease_until < now),
            )
        )
        .order_by(Job.due_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    if job is None:
        return None
    if job.cancel_requested:
        _close(job, JobState.CANCELLED, now)
        session.flush()
        return None
    job.state, job.lease_until = JobState.RUNNING, now + lease
    job.attempts += 1
    job.fence += 1
    job.done, job.total = 0, None
    session.flush()
    return Lease(job.job_id, job.kind, job.arguments, job.attempts, job.fence)


def extend(session: Session, held: Lease, *, now: datetime, lease: timedelta, done: int, total: int | None) -> None:
    """Note progress and extend the lease; raises `LeaseLost`, or `JobCancelled` when somebody asked for that."""
    row = session.execute(
        update(Job)
        .where(Job.job_id == held.job_id, Job.fence == held.fence, Job.state == JobState.RUNNING)
        .values(lease_until=now + lease, done=done, total=total)
        .returning(Job.cancel_requested)
    ).first()
    if row is None:
        raise LeaseLost
    if row.cancel_requested:
        raise JobCancelled


def finish(session: Session, held: Lease, *, now: datetime) -> None:
    """Mark the job done in the transaction of its work; raises `LeaseLost` if the lease is no longer ours."""
    _close(_held(session, held), JobState.DONE, now)
    session.flush()


def fail(session: Session, held: Lease, *, now: datetime, problem: dict[str, Any], retry: bool) -> None:
    """Note a failure: due again after a growing pause (2 s, 4 s, … 5 min) while attempts last, otherwise failed."""
    job = _held(session, held)
    job.problem = problem
    if retry and job.attempts < MOST_ATTEMPTS:
        job.state, job.lease_until = JobState.QUEUED, None
        job.due_at = now + timedelta(seconds=min(2**job.attempts, 300))
    else:
        _close(job, JobState.FAILED, now)
    session.flush()


def stop_cancelled(session: Session, held: Lease, *, now: datetime) -> None:
    """Close a job whose worker stopped because somebody cancelled it."""
    _close(_held(session, held), JobState.CANCELLED, now)
    session.flush()


def request_cancel(session: Session, job_id: UUID) -> None:
    """Ask a job to stop. A queued one is not begun; a running one stops at its next progress note."""
    session.execute(
        update(Job)
        .where(Job.job_id == job_id, Job.state.in_([JobState.QUEUED, JobState.RUNNING]))
        .values(cancel_requested=True)
    )


def view(session: Session, job_id: UUID) -> JobView | None:
    """Return what may be shown of one job."""
    job = session.get(Job, job_id, populate_existing=True)
    if job is None:
        return None
    return JobView(
        job.job_id, job.kind, JobState(job.state), job.done, job.total, job.problem, job.created_at, job.finished_at
    )


def _held(session: Session, held: Lease) -> Job:
    job = session.scalars(
        select(Job)
        .where(Job.job_id == held.job_id, Job.fence == held.fence, Job.state == JobState.RUNNING)
        .with_for_update()
    ).first()
    if job is None:
        raise LeaseLost
    return job


def _close(job: Job, state: JobState, now: datetime) -> None:
    job.state, job.finished_at, job.lease_until = state, now, None
