"""The settings of a server of the national count: every variable with its meaning, read once into one frozen object."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from web.settings import Variable, parse_public_url, parse_seconds, parse_switch, read_variables

SERVICE_ID = "manabi-aggregator"
"""What the names of the server's cookies begin with where nothing else is set."""


class Role(StrEnum):
    """Which of the two servers this is. They are run by organisations that do not collude."""

    LEADER = "leader"
    """Approves plans, opens and closes rounds, publishes."""
    HELPER = "helper"
    """Follows only what it can check itself: plan, list, floor, its own ledger."""


def _parse_aggregator_id(text: str) -> str:
    if not (text and len(text) <= 64 and all(c.isascii() and (c.isalnum() or c in "-.") for c in text)):
        raise ValueError(f"expected letters, digits, '-' and '.', at most 64 of them, got {text!r}")
    return text


def _parse_role(text: str) -> Role:
    if text not in list(Role):
        raise ValueError(f"expected leader or helper, got {text!r}")
    return Role(text)


def _parse_service_id(text: str) -> str:
    if not (0 < len(text) <= 40 and all(c.isascii() and (c.isalnum() or c == "-") for c in text)):
        raise ValueError(f"expected letters, digits and '-', at most 40 of them, got {text!r}")
    return text


def _parse_pool(text: str) -> int:
    size = int(text)
    if not 1 <= size <= 20:
        raise ValueError("expected a number of connections from 1 to 20")
    return size


VARIABLES = (
    Variable("MANABI_AGGREGATOR_ID", _parse_aggregator_id, "the server's own name in the participant registry"),
    Variable("MANABI_AGGREGATOR_ROLE", _parse_role, "leader or helper"),
    Variable(
        "MANABI_SERVICE_ID",
        _parse_service_id,
        "begins the names of the server's cookies; services under one host name need different ones",
        SERVICE_ID,
    ),
    Variable("MANABI_OPERATOR", str, "who runs the server, as the public reads it"),
    Variable("MANABI_CONTACT", str, "whom the public calls or writes to"),
    Variable("MANABI_PUBLIC_URL", parse_public_url, "the address people, nodes and the other server reach it under"),
    Variable("MANABI_DATABASE_URL", str, "PostgreSQL as the role manabi_app"),
    Variable("MANABI_JOBS_DATABASE_URL", str, "PostgreSQL as the role manabi_jobs, for the worker"),
    Variable("MANABI_POOL", _parse_pool, "database connections each process keeps", "4"),
    Variable("MANABI_KEYRING", Path, "folder of the keyring, apart from the database and its backups"),
    Variable("MANABI_BROKER_URL", str, "Celery broker; filesystem:// uses MANABI_BROKER_FOLDER"),
    Variable("MANABI_BROKER_FOLDER", Path, "folder of a filesystem broker's messages", ""),
    Variable("MANABI_SWEEP_SECONDS", parse_seconds, "how often a worker looks for due work without a ring", "2"),
    Variable(
        "MANABI_LEASE_SECONDS", parse_seconds, "how long a worker may be silent before its job is taken over", "300"
    ),
    Variable("MANABI_POLL_SECONDS", parse_seconds, "how often the leader asks again what is not there yet", "60"),
    Variable(
        "MANABI_SEAT_SECONDS",
        parse_seconds,
        "how long a drawn seat of the noise committee may stay silent before the next node is called",
        "86400",
    ),
    Variable("MANABI_REGISTRAR_KEY", Path, "file of the registrar's public keys (JWK set)", ""),
    Variable("MANABI_SYNTHETIC", parse_switch, "on: the data are made up, and every page says so", "off"),
)


@dataclass(frozen=True, slots=True)
class AggregatorSettings:
    """What the processes of one server know of their surroundings."""

    aggregator_id: str
    role: Role
    service_id: str
    operator: str
    contact: str
    public_url: str
    database_url: str
    jobs_database_url: str
    pool: int
    keyring: Path
    broker_url: str
    broker_folder: Path
    sweep: timedelta
    lease: timedelta
    poll: timedelta
    seat: timedelta
    registrar_key: Path | None
    synthetic: bool


def read_settings(environ: Mapping[str, str]) -> AggregatorSettings:
    """Read the server's settings; raises `SettingsRefused` with every missing or bad variable."""
    values: dict[str, Any] = read_variables(VARIABLES, environ)
    return AggregatorSettings(
        aggregator_id=values["MANABI_AGGREGATOR_ID"],
        role=values["MANABI_AGGREGATOR_ROLE"],
        service_id=values["MANABI_SERVICE_ID"],
        operator=values["MANABI_OPERATOR"],
        contact=values["MANABI_CONTACT"],
        public_url=values["MANABI_PUBLIC_URL"],
        database_url=values["MANABI_DATABASE_URL"],
        jobs_database_url=values["MANABI_JOBS_DATABASE_URL"],
        pool=values["MANABI_POOL"],
        keyring=values["MANABI_KEYRING"],
        broker_url=values["MANABI_BROKER_URL"],
        broker_folder=values["MANABI_BROKER_FOLDER"],
        sweep=timedelta(seconds=values["MANABI_SWEEP_SECONDS"]),
        lease=timedelta(seconds=values["MANABI_LEASE_SECONDS"]),
        poll=timedelta(seconds=values["MANABI_POLL_SECONDS"]),
        seat=timedelta(seconds=values["MANABI_SEAT_SECONDS"]),
        registrar_key=values["MANABI_REGISTRAR_KEY"] if str(values["MANABI_REGISTRAR_KEY"]) != "." else None,
        synthetic=values["MANABI_SYNTHETIC"],
    )
