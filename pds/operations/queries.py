"""What the operator's page asks the database: the schema, the log's backlog, the newest checkpoint, jobs. Read only.

The tables belong to other rooms; only numbers and instants are read from them, never a name and never content.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """The server as this session meets it. `embedded` is the demo's own PostgreSQL."""

    clock: datetime
    version: str
    bytes: int
    embedded: bool


@dataclass(frozen=True, slots=True)
class LogFacts:
    """How many entries wait for the sequencer, since when, and the newest signed state."""

    waiting: int
    oldest: datetime | None
    checkpoint_at: datetime | None
    checkpoint_size: int


@dataclass(frozen=True, slots=True)
class FailedJobs:
    """Jobs of one kind that gave up since an instant."""

    kind: str
    count: int
    latest: datetime


@dataclass(frozen=True, slots=True)
class JobFacts:
    """Background work: how much is due, since when nobody has taken it, and what failed lately."""

    due: int
    overdue_since: datetime | None
    running: int
    failed: tuple[FailedJobs, ...]


@dataclass(frozen=True, slots=True)
class MessageFacts:
    """Messages to other nodes: how many wait, since when the oldest, and how many were given up."""

    waiting: int
    oldest: datetime | None
    dead: int
    latest_dead: datetime | None


@dataclass(frozen=True, slots=True)
class RegistryFacts:
    """The participant registry in force. A node that takes part in nothing yet has none."""

    version: int
    accepted_at: datetime
    expires_at: datetime


def database_facts(session: Session) -> DatabaseFacts:
    """Return clock, version and size of the database."""
    row = session.execute(
        text(
            "SELECT clock_timestamp() AS clock, current_setting('server_version') AS version, "
            "pg_database_size(current_database()) AS bytes, current_setting('manabi.embedded', true) AS embedded"
        )
    ).one()
    return DatabaseFacts(row.clock, row.version, row.bytes, row.embedded == "on")


def log_facts(session: Session) -> LogFacts:
    """Return the backlog of the access log and its newest checkpoint."""
    waiting = session.execute(text("SELECT entries, oldest FROM waiting_log_entries()")).one()
    newest = session.execute(text("SELECT at, size FROM log_checkpoint ORDER BY checkpoint_no DESC LIMIT 1")).first()
    return LogFacts(
        waiting.entries, waiting.oldest, None if newest is None else newest.at, 0 if newest is None else newest.size
    )


def job_facts(session: Session, now: datetime, since: datetime) -> JobFacts:
    """Return the state of background work; a lapsed lease counts as work that nobody has taken."""
    row = session.execute(
        text(
            "SELECT count(*) FILTER (WHERE state = 'queued' AND due_at <= :now) AS due, "
            "count(*) FILTER (WHERE state = 'running' AND lease_until >= :now) AS running, "
            "min(CASE WHEN state = 'queued' THEN due_at ELSE lease_until END) "
            "FILTER (WHERE (state = 'queued' AND due_at <= :now) OR (state = 'running' AND lease_until < :now)) "
            "AS overdue_since FROM job WHERE state IN ('queued', 'running')"
        ),
        {"now": now},
    ).one()
    failed: Sequence[FailedJobs] = [
        FailedJobs(found.kind, found.number, found.latest)
        for found in session.execute(
            text(
                "SELECT kind, count(*) AS number, max(finished_at) AS latest FROM job "
                "WHERE state = 'failed' AND finished_at >= :since GROUP BY kind ORDER BY kind"
            ),
            {"since": since},
        )
    ]
    return JobFacts(row.due, row.overdue_since, row.running, tuple(failed))


def message_facts(session: Session, since: datetime) -> MessageFacts:
    """Return the state of the outbox; those given up count from an instant on."""
    row = session.execute(
        text(
            "SELECT count(*) FILTER (WHERE state = 'queued') AS waiting, "
            "min(created_at) FILTER (WHERE state = 'queued') AS oldest, "
            "count(*) FILTER (WHERE state = 'dead' AND closed_at >= :since) AS dead, "
            "max(closed_at) FILTER (WHERE state = 'dead' AND closed_at >= :since) AS latest_dead FROM message_out"
        ),
        {"since": since},
    ).one()
    return MessageFacts(row.waiting, row.oldest, row.dead, row.latest_dead)


def registry_facts(session: Session) -> RegistryFacts | None:
    """Return the newest registry that was accepted, expired or not."""
    row = session.execute(
        text("SELECT version, accepted_at, expires_at FROM registry_version ORDER BY version DESC LIMIT 1")
    ).first()
    return None if row is None else RegistryFacts(row.version, row.accepted_at, row.expires_at)
