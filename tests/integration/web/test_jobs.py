"""Jobs are rows: leased by one worker, taken over when it is silent, finished with their work or not at all."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from sqlalchemy import text

from trust.errors import ManabiError
from web.database import Database
from web.jobs import service
from web.jobs.models import JobState
from web.jobs.runner import Handler, JobRun, Runner
from web.jobs.service import JobCancelled, Lease, LeaseLost

START = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
LEASE = timedelta(seconds=30)


@dataclass
class Clock:
    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def pass_time(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Bench:
    """A queue with one kind of work, and what was done."""

    database: Database
    clock: Clock = field(default_factory=Clock)
    done: list[UUID] = field(default_factory=list)

    def put(self) -> UUID:
        with self.database.session() as session:
            job = service.enqueue(session, "work", {"run": "1"}, now=self.clock())
            session.commit()
        return job

    def take(self) -> Lease | None:
        with self.database.session() as session:
            held = service.take(session, now=self.clock(), lease=LEASE)
            session.commit()
        return held

    def state(self, job: UUID) -> JobState:
        with self.database.session() as session:
            seen = service.view(session, job)
        assert seen is not None
        return seen.state

    def runner(self, handler: Handler) -> Runner:
        return Runner(self.database, {"work": handler}, self.clock, sweep=timedelta(seconds=1), lease=LEASE)

    def finish(self, run: JobRun) -> None:
        with run.database.session() as session:
            run.finish(session)
            session.commit()
        self.done.append(run.lease.job_id)


@pytest.fixture
def bench(jobs_database: Database) -> Bench:
    return Bench(jobs_database)


class BadFile(ManabiError):
    code = "test.bad_file"
    title = "Bad."
    remedy = "Mend it."


def test_work_is_done_once_and_then_there_is_none(bench: Bench) -> None:
    job = bench.put()
    runner = bench.runner(bench.finish)
    assert runner.run_one()
    assert not runner.run_one()
    assert bench.done == [job]
    assert bench.state(job) is JobState.DONE


def test_two_workers_never_hold_the_same_job(bench: Bench) -> None:
    bench.put()
    assert bench.take() is not None
    assert bench.take() is None


def test_a_silent_workers_job_is_taken_over_and_the_late_one_cannot_finish(bench: Bench) -> None:
    job = bench.put()
    first = bench.take()
    assert first is not None
    bench.clock.pass_time(31)
    second = bench.take()
    assert second is not None
    assert second.job_id == first.job_id
    assert second.fence > first.fence
    with bench.database.session() as session, pytest.raises(LeaseLost):
        service.finish(session, first, now=bench.clock())
    with bench.database.session() as session, pytest.raises(LeaseLost):
        service.extend(session, first, now=bench.clock(), lease=LEASE, done=1, total=2)
    with bench.database.session() as session:
        service.finish(session, second, now=bench.clock())
        session.commit()
    assert bench.state(job) is JobState.DONE


def test_a_worker_that_notes_progress_keeps_its_job(bench: Bench) -> None:
    job = bench.put()
    held = bench.take()
    assert held is not None
    run = JobRun(held, bench.database, bench.clock, LEASE)
    bench.clock.pass_time(25)
    run.note_progress(1, 4)
    bench.clock.pass_time(25)
    assert bench.take() is None
    with bench.database.session() as session:
        seen = service.view(session, job)
    assert seen is not None
    assert (seen.done, seen.total) == (1, 4)


def test_work_that_loses_its_lease_is_not_committed(bench: Bench) -> None:
    job = bench.put()

    def work_too_long(run: JobRun) -> None:
        bench.clock.pass_time(31)
        assert bench.take() is not None
        bench.finish(run)

    assert bench.runner(work_too_long).run_one()
    assert bench.done == []
    assert bench.state(job) is JobState.RUNNING


def test_a_cancelled_job_stops_at_its_next_note_or_is_never_begun(bench: Bench) -> None:
    running, waiting = bench.put(), bench.put()

    def work(run: JobRun) -> None:
        with bench.database.session() as session:
            service.request_cancel(session, running)
            service.request_cancel(session, waiting)
            session.commit()
        run.note_progress(1, 2)
        bench.finish(run)

    runner = bench.runner(work)
    assert runner.run_one()
    assert not runner.run_one()
    assert bench.state(running) is JobState.CANCELLED
    assert bench.state(waiting) is JobState.CANCELLED
    assert bench.done == []


def test_a_cancelled_note_raises(bench: Bench) -> None:
    job = bench.put()
    held = bench.take()
    assert held is not None
    with bench.database.session() as session:
        service.request_cancel(session, job)
        session.commit()
    with pytest.raises(JobCancelled):
        JobRun(held, bench.database, bench.clock, LEASE).note_progress(1, None)


def test_a_stated_failure_is_final_and_keeps_its_code(bench: Bench) -> None:
    job = bench.put()

    def refuse(run: JobRun) -> None:
        raise BadFile(row=3)

    assert bench.runner(refuse).run_one()
    with bench.database.session() as session:
        seen = service.view(session, job)
    assert seen is not None
    assert seen.state is JobState.FAILED
    assert seen.problem == {"code": "test.bad_file", "params": {"row": 3}}


def test_an_unexpected_failure_is_tried_again_after_growing_pauses_and_then_given_up(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    job = bench.put()
    tries: list[datetime] = []

    def fall(run: JobRun) -> None:
        tries.append(bench.clock())
        raise RuntimeError("unexpected")

    runner = bench.runner(fall)
    while bench.state(job) is not JobState.FAILED:
        runner.run_one()
        bench.clock.pass_time(1)
    pauses = [later - earlier for earlier, later in pairwise(tries)]
    assert len(tries) == service.MOST_ATTEMPTS
    assert pauses == sorted(pauses)
    assert pauses[0] >= timedelta(seconds=2)
    assert "unexpected" in caplog.text


def test_an_unknown_job_has_no_view(bench: Bench) -> None:
    with bench.database.session() as session:
        assert service.view(session, UUID(int=7)) is None


def test_the_application_role_may_order_work_but_not_unwrite_it(bench: Bench, database: Database) -> None:
    with database.session() as session:
        service.enqueue(session, "work", {}, now=START)
        session.commit()
        with pytest.raises(Exception, match="permission denied"):
            session.execute(text("DELETE FROM job"))
