"""The state of a node as traffic lights: what was found, how grave it is, and what to do. No name of any child.

Judging is pure: `judge` turns measured `Vitals` into lights. What cannot be known is said to be unknown, never good.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from pds.operations.queries import DatabaseFacts, JobFacts, LogFacts, MessageFacts, RegistryFacts
from trust.errors import N_

CLOCKS_APART: Final = timedelta(seconds=30)
LOG_WAITS: Final = timedelta(seconds=60)
"""The sequencer is promised within 10 s; a minute tells that it stands still."""
JOBS_WAIT: Final = timedelta(seconds=60)
EPOCH_LASTS: Final = timedelta(days=7)
"""The promise "unreadable everywhere within N days" that docs/operations.md gives."""
MESSAGES_WAIT: Final = timedelta(hours=2)
"""A message is tried again in growing pauses; two hours without an answer tell that the other service is down."""
REGISTRY_ENDS_SOON: Final = timedelta(days=7)
FREE_LITTLE: Final = 0.20
FREE_TOO_LITTLE: Final = 0.10

Value = str | int | datetime


class Level(StrEnum):
    """How a light shines, the gravest first. `unknown` is not good: nobody can say."""

    FAULT = "fault"
    ATTENTION = "attention"
    UNKNOWN = "unknown"
    OK = "ok"


@dataclass(frozen=True, slots=True)
class Light:
    """One light. `name`, `finding` and `remedy` are message ids; `values` fill the places of the latter two."""

    code: str
    level: Level
    name: str
    finding: str
    remedy: str = ""
    values: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """The keyring. `epoch` is None for a back end that does not tell it, `journal_lines` for a broken journal."""

    file_back_end: bool
    epoch: int | None
    epoch_began: datetime | None
    journal_lines: int | None
    leaves: int


@dataclass(frozen=True, slots=True)
class Disk:
    """A file system this process writes to. `holds` says what lies there, as a message id."""

    holds: str
    free: int
    total: int


@dataclass(frozen=True, slots=True)
class Vitals:
    """Everything measured at one instant. `schema_fault` is None where the schema is the one this release needs."""

    at: datetime
    made_up: bool
    database: DatabaseFacts
    schema_fault: Mapping[str, Value] | None
    log: LogFacts
    jobs: JobFacts
    keys: KeyFacts
    disks: tuple[Disk, ...]
    messages: MessageFacts
    registry: RegistryFacts | None


def judge(vitals: Vitals) -> tuple[Light, ...]:
    """Return every light, in the order in which an operator reads them."""
    return (
        *_database(vitals), _schema(vitals), _jobs(vitals), _failed_jobs(vitals), _sequencer(vitals),
        _checkpoint(vitals), _messages(vitals), _registry(vitals), _keys(vitals), _epoch(vitals), _journal(vitals),
        *_storage(vitals), _backup(),
    )  # fmt: skip


def gravest(lights: tuple[Light, ...]) -> Level:
    """Return how the node is as a whole."""
    levels = {light.level for light in lights}
    return next(level for level in Level if level in levels)


def _database(vitals: Vitals) -> Iterator[Light]:
    name, found = N_("Database"), vitals.database
    apart = abs(found.clock - vitals.at)
    values: dict[str, Value] = {
        "version": found.version, "size": found.bytes // 1024**2, "seconds": int(apart.total_seconds()),
    }  # fmt: skip
    if apart > CLOCKS_APART:
        yield Light(
            "database", Level.FAULT, name,
            N_("This machine's clock and the database's are %(seconds)s seconds apart."),
            N_("Set both by the same time service. Ages, expiries and the log depend on it."), values,
        )  # fmt: skip
    elif found.embedded and not vitals.made_up:
        yield Light(
            "database", Level.FAULT, name, N_("The embedded database of the demo is in use."),
            N_("Move to a PostgreSQL server that is run and backed up for this purpose."), values,
        )  # fmt: skip
    else:
        yield Light("database", Level.OK, name, N_("PostgreSQL %(version)s answers. %(size)s MB."), values=values)


def _schema(vitals: Vitals) -> Light:
    name = N_("Schema")
    if vitals.schema_fault is None:
        return Light("schema", Level.OK, name, N_("The schema is the one this release needs."))
    return Light(
        "schema", Level.FAULT, name, N_("The schema is at %(found)s, but this release needs %(needed)s."),
        N_("Run `manabi node migrate` with the owner role, then start web and worker again."), vitals.schema_fault,
    )  # fmt: skip


def _jobs(vitals: Vitals) -> Light:
    name, jobs = N_("Worker and queue"), vitals.jobs
    values: dict[str, Value] = {"due": jobs.due, "running": jobs.running}
    if jobs.overdue_since is not None and vitals.at - jobs.overdue_since > JOBS_WAIT:
        return Light(
            "jobs", Level.FAULT, name, N_("Work has been waiting since %(since)s; no worker takes it."),
            N_("Start the worker (`manabi node work`) and read its log. Nothing is lost while it waits."),
            values | {"since": jobs.overdue_since},
        )  # fmt: skip
    return Light("jobs", Level.OK, name, N_("%(running)s at work, %(due)s due now."), values=values)


def _failed_jobs(vitals: Vitals) -> Light:
    name, failed = N_("Failed work of the last 7 days"), vitals.jobs.failed
    if not failed:
        return Light("failed_jobs", Level.OK, name, N_("None."))
    return Light(
        "failed_jobs", Level.ATTENTION, name, N_("%(count)s given up: %(kinds)s. The latest on %(latest)s."),
        N_("Read the worker's log at that time. Work on a file is started again on the page of the file."),
        {"count": sum(one.count for one in failed), "kinds": ", ".join(f"{one.kind} ({one.count})" for one in failed),
         "latest": max(one.latest for one in failed)},
    )  # fmt: skip


def _sequencer(vitals: Vitals) -> Light:
    name, log = N_("Access log: chaining and signing"), vitals.log
    if log.oldest is not None and vitals.at - log.oldest > LOG_WAITS:
        return Light(
            "sequencer", Level.FAULT, name, N_("%(count)s entries have been waiting since %(since)s."),
            N_("Start the worker (`manabi node work`). Reads go on and are kept; they are signed as soon as it runs."),
            {"count": log.waiting, "since": log.oldest},
        )  # fmt: skip
    return Light(
        "sequencer", Level.OK, name, N_("%(count)s entries wait for the next pass."), values={"count": log.waiting}
    )


def _checkpoint(vitals: Vitals) -> Light:
    name, log, leaves = N_("Newest checkpoint"), vitals.log, vitals.keys.leaves
    if log.checkpoint_at is None:
        return Light(
            "checkpoint", Level.UNKNOWN, name, N_("Nothing has been signed yet."),
            N_("The first one stands a few seconds after the first read of a record."),
        )  # fmt: skip
    values: dict[str, Value] = {"size": log.checkpoint_size, "at": log.checkpoint_at, "leaves": leaves}
    if leaves < log.checkpoint_size:
        return Light(
            "checkpoint", Level.FAULT, name,
            N_("%(size)s entries are signed, but the keyring holds only %(leaves)s of their leaves."),
            N_("The keyring's leaves were set back. Stop the worker and bring back the newest copy of `leaves`."),
            values,
        )  # fmt: skip
    return Light("checkpoint", Level.OK, name, N_("Signed on %(at)s, over %(size)s entries."), values=values)


def _messages(vitals: Vitals) -> Light:
    name, found = N_("Messages to other services"), vitals.messages
    values: dict[str, Value] = {"waiting": found.waiting, "dead": found.dead}
    if found.dead and found.latest_dead is not None:
        return Light(
            "messages", Level.FAULT, name, N_("%(dead)s could not be delivered, the latest on %(latest)s."),
            N_("See in the list of messages to which service. Settle it there, then send them again from the list."),
            values | {"latest": found.latest_dead},
        )  # fmt: skip
    if found.oldest is not None and vitals.at - found.oldest > MESSAGES_WAIT:
        return Light(
            "messages", Level.ATTENTION, name, N_("%(waiting)s are waiting, the oldest since %(oldest)s."),
            N_("See in the list of messages to which service, and ask there whether it runs. They go on being tried."),
            values | {"oldest": found.oldest},
        )  # fmt: skip
    return Light("messages", Level.OK, name, N_("%(waiting)s are on their way."), values=values)


def _registry(vitals: Vitals) -> Light:
    name, found = N_("Registry of participants"), vitals.registry
    if found is None:
        return Light(
            "registry", Level.UNKNOWN, name, N_("No registry is installed; this service knows no other one."),
            N_("To exchange records with other services, hand in a join request (`manabi node join-request`)."),
        )  # fmt: skip
    values: dict[str, Value] = {
        "version": found.version, "accepted": found.accepted_at, "expires": found.expires_at,
    }  # fmt: skip
    remedy = N_("Get the newest one from the registrar and install it with `manabi node registry-install`.")
    if found.expires_at <= vitals.at:
        finding = N_("Version %(version)s expired on %(expires)s. Nothing is sent to or accepted from other services.")
        return Light("registry", Level.FAULT, name, finding, remedy, values)
    if found.expires_at - vitals.at < REGISTRY_ENDS_SOON:
        finding = N_("Version %(version)s expires on %(expires)s.")
        return Light("registry", Level.ATTENTION, name, finding, remedy, values)
    finding = N_("Version %(version)s, installed on %(accepted)s, good until %(expires)s.")
    return Light("registry", Level.OK, name, finding, values=values)


def _keys(vitals: Vitals) -> Light:
    name = N_("Keyring")
    if not vitals.keys.file_back_end:
        return Light("keyring", Level.OK, name, N_("The keys are in a back end outside this machine's files."))
    if vitals.made_up:
        return Light("keyring", Level.OK, name, N_("A file keyring, with made-up data only."))
    return Light(
        "keyring", Level.ATTENTION, name, N_("A file keyring: destroying a key is best effort."),
        N_("Use a hardware module or a key service for real children, and say in your notice to families which it is."),
    )  # fmt: skip


def _epoch(vitals: Vitals) -> Light:
    name, keys = N_("Epoch of the keys"), vitals.keys
    if keys.epoch is None or keys.epoch_began is None:
        return Light(
            "epoch", Level.UNKNOWN, name, N_("The back end does not tell the epoch."),
            N_("Look it up where the keys are kept."),
        )  # fmt: skip
    values: dict[str, Value] = {"epoch": keys.epoch, "began": keys.epoch_began}
    if vitals.at - keys.epoch_began > EPOCH_LASTS:
        return Light(
            "epoch", Level.ATTENTION, name, N_("Epoch %(epoch)s began on %(began)s, more than 7 days ago."),
            N_("Run `manabi node rotate`, so that older copies of erased children's keys are dead."), values,
        )  # fmt: skip
    return Light("epoch", Level.OK, name, N_("Epoch %(epoch)s began on %(began)s."), values=values)


def _journal(vitals: Vitals) -> Light:
    name, lines = N_("Journal of irreversible decisions"), vitals.keys.journal_lines
    if lines is None:
        return Light(
            "journal", Level.FAULT, name, N_("The journal was altered or cut: its hashes do not match."),
            N_("Stop web and worker. Bring back the newest copy of `journal.jsonl` and find out who touched it."),
        )  # fmt: skip
    return Light("journal", Level.OK, name, N_("Verified, %(lines)s lines."), values={"lines": lines})


def _storage(vitals: Vitals) -> Iterator[Light]:
    for place, disk in enumerate(vitals.disks, start=1):
        share = disk.free / disk.total if disk.total else 0.0
        values: dict[str, Value] = {"free": round(disk.free / 1024**3), "percent": int(share * 100)}
        code, finding = f"storage_{place}", N_("%(free)s GB free (%(percent)s %%).")
        if share >= FREE_LITTLE:
            yield Light(code, Level.OK, disk.holds, finding, values=values)
        else:
            level = Level.FAULT if share < FREE_TOO_LITTLE else Level.ATTENTION
            yield Light(
                code, level, disk.holds, finding,
                N_("Make room or enlarge the disk before it is full. A full disk stops imports and the log."), values,
            )  # fmt: skip


def _backup() -> Light:
    return Light(
        "backup", Level.UNKNOWN, N_("Backups and restore drill"),
        N_("This service knows of no backup: it makes none itself, and none has been reported to it."),
        N_("Back up the database with PostgreSQL's own tools, and try the restore as docs/operations.md describes."),
    )  # fmt: skip
