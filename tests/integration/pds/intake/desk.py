"""A clerk's desk for tests: hand a file in, let the worker run, look at what came of it."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from consent.vocabulary import Category
from pds.intake import service
from pds.intake.findings import Finding
from pds.intake.layouts import layout_named
from pds.intake.service import RunView
from pds.intake.tasks import handlers
from pds.node import Node
from pds.people import registry
from pds.people.details import LearnerDetails
from pds.people.service import learner_details
from pds.records import service as records
from pds.records.service import OpenedRecord
from web.jobs.models import JobState
from web.jobs.runner import Runner

T = TypeVar("T")
MORNING = datetime(2026, 11, 20, 0, 30, tzinfo=UTC)
"""09:30 in Japan."""
TABLES = (
    "organisation", "school_class", "person", "learner", "learner_identifier", "carer", "care", "staff", "staff_role",
    "person_identifier", "enrolment", "record", "record_version", "intake_change",
)  # fmt: skip


@dataclass
class Desk:
    """The node as web process and as worker, with a clock that tests turn."""

    web: Node
    worker: Node
    now: datetime = MORNING

    def clock(self) -> datetime:
        return self.now

    def runner(self) -> Runner:
        node = replace(self.worker, clock=self.clock)
        return Runner(node.database, handlers(node), self.clock, sweep=timedelta(1), lease=timedelta(seconds=60))

    def run_jobs(self) -> None:
        runner = self.runner()
        while runner.run_one():
            pass

    def hand_in(self, content: bytes, name: str = "set.zip", *, by: UUID | None = None) -> RunView:
        """Hand a file in and let its dry run be done."""
        with self.web.database.session() as session:
            run = service.receive(session, self.web, filename=name, stream=io.BytesIO(content), by=by, now=self.now)
            session.commit()
        self.run_jobs()
        return self.view(run)

    def apply(self, run: UUID) -> RunView:
        with self.web.database.session() as session:
            service.request_apply(session, run, by=None, now=self.now)
            session.commit()
        self.run_jobs()
        return self.view(run)

    def load(self, content: bytes, name: str = "set.zip") -> RunView:
        """Hand in and apply; the file must be without errors."""
        seen = self.hand_in(content, name)
        assert seen.may_apply, self.findings(seen.run_id)
        seen = self.apply(seen.run_id)
        assert seen.state == "applied", (seen.job, self.findings(seen.run_id))
        return seen

    def undo(self, run: UUID) -> RunView:
        with self.web.database.session() as session:
            service.request_undo(session, run, by=None, now=self.now)
            session.commit()
        self.run_jobs()
        return self.view(run)

    def view(self, run: UUID) -> RunView:
        with self.web.database.session() as session:
            seen = service.view_run(session, run)
        assert seen is not None
        return seen

    def findings(self, run: UUID) -> list[Finding]:
        with self.web.database.session() as session:
            return service.findings_of(session, self.web, run)

    def undo_findings(self, run: UUID) -> list[Finding]:
        with self.web.database.session() as session:
            return service.undo_findings_of(session, self.web, run)

    def ask(self, statement: str, **parameters: Any) -> Sequence[Any]:
        """Ask the database as background work may."""
        with self.worker.database.session() as session:
            return session.execute(text(statement), parameters).all()

    def scalar(self, statement: str, **parameters: Any) -> Any:
        return self.ask(statement, **parameters)[0][0]

    def counts(self) -> dict[str, int]:
        return {table: int(self.scalar(f"SELECT count(*) FROM {table}")) for table in TABLES}

    def contents(self) -> dict[str, list[Any]]:
        """Every row of every table, to see that nothing moved."""
        return {table: sorted(map(repr, self.ask(f"SELECT * FROM {table}"))) for table in TABLES}

    def learner(self, source_id: str) -> UUID:
        return self._in_session(lambda session: registry.find_learners(session, self.worker, [source_id]))[source_id]

    def details(self, source_id: str) -> LearnerDetails:
        learner = self.learner(source_id)
        return self._in_session(lambda session: learner_details(session, self.worker, [learner]))[learner]

    def record(self, source_id: str, category: Category) -> OpenedRecord:
        """Open the only record of a category as a reader would: seal, signature and place checked."""
        learner = self.learner(source_id)
        (found,) = self._in_session(lambda session: records.open_all_current(session, self.worker, learner, [category]))
        return found

    def records(self, source_id: str, category: Category) -> Sequence[OpenedRecord]:
        learner = self.learner(source_id)
        return self._in_session(lambda session: records.open_all_current(session, self.worker, learner, [category]))

    def _in_session(self, act: Callable[[Session], T]) -> T:
        with self.worker.database.session() as session:
            return act(session)


def outcomes(seen: RunView, kind: str) -> dict[str, int]:
    """Return the numbers of one kind of row that are not zero."""
    assert seen.report is not None
    return {name: number for name, number in seen.report["kinds"].get(kind, {}).items() if number}


def codes(seen: RunView) -> dict[str, int]:
    """Return how often each kind of finding came."""
    assert seen.report is not None
    found: dict[str, int] = seen.report["codes"]
    return found


def sheet(layout: str, *rows: Mapping[str, object]) -> bytes:
    """Return a CSV file of a published layout; a column that a row does not name stays empty."""
    header = layout_named(layout).header
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(header)
    for row in rows:
        unknown = set(row) - set(header)
        assert not unknown, unknown
        writer.writerow([_cell(row.get(name, "")) for name in header])
    return stream.getvalue().encode()


def guidance_row(learner: str = "s-1", school_year: int = 2025, **more: object) -> dict[str, object]:
    """One year of the guidance register, complete enough to be valid."""
    return {
        "learner": learner, "school_code": "B120299000018", "school_name": "みらい市立東小学校",
        "school_year": school_year, "grade": "P4", "subject.japanese.knowledge": "A", "subject.japanese.thinking": "B",
        "subject.japanese.attitude": "A", "subject.japanese.rating": 3, "behaviour.basic_habits": True,
        "moral": "友だちの気持ちを考えていました。", "attendance.days_of_school": 203, "attendance.suspended": 3,
        "attendance.required": 200, "attendance.absent": 4, "attendance.treated_as_attended": 0,
        "attendance.present": 196,
    } | {name.replace("__", "."): value for name, value in more.items()}  # fmt: skip


def attendance_row(day: date, mark: str = "absent", learner: str = "s-1", **more: object) -> dict[str, object]:
    """One exceptional day."""
    return {
        "learner": learner, "school_code": "B120299000018", "school_name": "みらい市立東小学校", "school_year": 2026,
        "grade": "P5", "date": day.isoformat(), "mark": mark,
    } | more  # fmt: skip


def authority_row(learner: str = "s-1", carer: str = "c-1", **more: object) -> dict[str, object]:
    """One carer's standing."""
    return {
        "learner": learner, "carer": carer, "basis": "sole", "state": "active", "valid_from": "2019-05-03",
        "evidence": "family_register", "contact_block": False, "relationship": "mother",
    } | more  # fmt: skip


def school_row(code: str, name: str, **more: object) -> dict[str, object]:
    """One line of the list of schools."""
    return {"code": code, "name": name, "establisher": "209201", "valid_from": "1990-04-01"} | more


def done(seen: RunView) -> bool:
    return seen.job is not None and seen.job.state is JobState.DONE


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
