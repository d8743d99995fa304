"""Runs due jobs in a worker process: on a ring of the doorbell, and every few seconds without one."""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from trust.errors import ManabiError
from web.clock import Clock
from web.database import Database
from web.jobs import service
from web.jobs.service import JobCancelled, Lease, LeaseLost

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class JobRun:
    """What a handler gets: its lease, the database, the clock, and a way to tell how far it is."""

    lease: Lease
    database: Database
    clock: Clock
    lease_time: timedelta

    def note_progress(self, done: int, total: int | None) -> None:
        """Write progress and extend the lease in a transaction of its own."""
        with self.database.session() as session:
            service.extend(session, self.lease, now=self.clock(), lease=self.lease_time, done=done, total=total)
            session.commit()

    def finish(self, session: Session) -> None:
        """Mark the job done inside the transaction of its work."""
        service.finish(session, self.lease, now=self.clock())


Handler = Callable[[JobRun], None]
"""Does one job: its work and `run.finish(session)` in one transaction, which it commits itself."""


class Runner:
    """Takes due jobs one after another. `ring` makes it look now; otherwise it looks every `sweep` interval."""

    def __init__(
        self,
        database: Database,
        handlers: Mapping[str, Handler],
        clock: Clock,
        *,
        sweep: timedelta,
        lease: timedelta,
    ) -> None:
        self._database = database
        self._handlers = handlers
        self._clock = clock
        self._sweep = sweep
        self._lease = lease
        self._bell = threading.Event()
        self._stopping = threading.Event()

    def ring(self) -> None:
        """Look for due work now."""
        self._bell.set()

    def stop(self) -> None:
        """Let the loop end after the job in hand."""
        self._stopping.set()
        self._bell.set()

    def run_forever(self) -> None:
        """Loop until `stop`; a lost database is met with another try at the next sweep."""
        while not self._stopping.is_set():
            self._bell.wait(self._sweep.total_seconds())
            self._bell.clear()
            try:
                while not self._stopping.is_set() and self.run_one():
                    pass
            except OperationalError as error:
                log.warning("database out of reach, looking again at the next sweep: %s", type(error.orig).__name__)

    def run_one(self) -> bool:
        """Lease and run one due job; return whether there was one."""
        with self._database.session() as session:
            held = service.take(session, now=self._clock(), lease=self._lease)
            session.commit()
        if held is None:
            return False
        run = JobRun(held, self._database, self._clock, self._lease)
        try:
            self._handlers[held.kind](run)
        except LeaseLost:
            log.warning("job %s was taken over", held.job_id)
        except JobCancelled:
            self._settle(held, None, retry=False)
        except ManabiError as error:
            self._settle(held, {"code": error.code, "params": error.params}, retry=False)
        except OperationalError:
            raise
        except Exception as error:
            log.exception("job %s failed", held.job_id)
            self._settle(held, {"code": "jobs.failed", "params": {"kind": type(error).__name__}}, retry=True)
        return True

    def _settle(self, held: Lease, problem: dict[str, object] | None, *, retry: bool) -> None:
        with self._database.session() as session:
            try:
                if problem is None:
                    service.stop_cancelled(session, held, now=self._clock())
                else:
                    service.fail(session, held, now=self._clock(), problem=problem, retry=retry)
            except LeaseLost:
                return
            session.commit()
