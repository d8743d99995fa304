"""The settings of a node: every variable with its meaning, read once into one frozen object."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from web.settings import Variable, parse_public_url, parse_seconds, parse_switch, read_variables

SERVICE_ID = "manabi-node"
"""What the names of a node's cookies begin with where nothing else is set."""


def _parse_node_id(text: str) -> str:
    if not (text and len(text) <= 64 and all(c.isascii() and (c.isalnum() or c in "-.") for c in text)):
        raise ValueError(f"expected letters, digits, '-' and '.', at most 64 of them, got {text!r}")
    return text


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
    Variable("MANABI_NODE_ID", _parse_node_id, "the node's own name, never changed once records are sealed"),
    Variable(
        "MANABI_SERVICE_ID",
        _parse_service_id,
        "begins the names of the node's cookies; nodes under one host name need different ones, whatever their ports",
        SERVICE_ID,
    ),
    Variable("MANABI_OPERATOR", str, "who runs the node, as families read it"),
    Variable("MANABI_CONTACT", str, "whom families call or write to"),
    Variable("MANABI_PUBLIC_URL", parse_public_url, "the address people reach the node under"),
    Variable("MANABI_DATABASE_URL", str, "PostgreSQL as the role manabi_app"),
    Variable("MANABI_JOBS_DATABASE_URL", str, "PostgreSQL as the role manabi_jobs, for the worker"),
    Variable("MANABI_POOL", _parse_pool, "database connections each process keeps", "4"),
    Variable("MANABI_KEYRING", Path, "folder of the keyring, apart from the database and its backups"),
    Variable("MANABI_UPLOADS", Path, "folder where school files wait for their import, emptied afterwards"),
    Variable("MANABI_BROKER_URL", str, "Celery broker; filesystem:// uses MANABI_BROKER_FOLDER"),
    Variable("MANABI_BROKER_FOLDER", Path, "folder of a filesystem broker's messages", ""),
    Variable("MANABI_SWEEP_SECONDS", parse_seconds, "how often a worker looks for due work without a ring", "2"),
    Variable(
        "MANABI_LEASE_SECONDS", parse_seconds, "how long a worker may be silent before its job is taken over", "60"
    ),
    Variable("MANABI_SEQUENCER_SECONDS", parse_seconds, "how often the access log is chained and signed", "5"),
    Variable(
        "MANABI_REGISTRAR_KEY",
        Path,
        "file of the registrar's public keys (JWK set); without it the node stands alone",
        "",
    ),
    Variable(
        "MANABI_POLL_SECONDS", parse_seconds, "how often this node asks another whether a family has decided", "900"
    ),
    Variable("MANABI_POLL_INTERVAL_SECONDS", parse_seconds, "how often others may ask this node, at most", "300"),
    Variable("MANABI_SYNTHETIC", parse_switch, "on: the data are made up, and every page says so", "off"),
)


@dataclass(frozen=True, slots=True)
class NodeSettings:
    """What a node's processes know of their surroundings."""

    node_id: str
    service_id: str
    operator: str
    contact: str
    public_url: str
    database_url: str
    jobs_database_url: str
    pool: int
    keyring: Path
    uploads: Path
    broker_url: str
    broker_folder: Path
    sweep: timedelta
    lease: timedelta
    sequencer: timedelta
    registrar_key: Path | None
    poll: timedelta
    poll_interval: timedelta
    synthetic: bool


def read_settings(environ: Mapping[str, str]) -> NodeSettings:
    """Read the node's settings; raises `SettingsRefused` with every missing or bad variable."""
    values: dict[str, Any] = read_variables(VARIABLES, environ)
    return NodeSettings(
        node_id=values["MANABI_NODE_ID"],
        service_id=values["MANABI_SERVICE_ID"],
        operator=values["MANABI_OPERATOR"],
        contact=values["MANABI_CONTACT"],
        public_url=values["MANABI_PUBLIC_URL"],
        database_url=values["MANABI_DATABASE_URL"],
        jobs_database_url=values["MANABI_JOBS_DATABASE_URL"],
        pool=values["MANABI_POOL"],
        keyring=values["MANABI_KEYRING"],
        uploads=values["MANABI_UPLOADS"],
        broker_url=values["MANABI_BROKER_URL"],
        broker_folder=values["MANABI_BROKER_FOLDER"],
        sweep=timedelta(seconds=values["MANABI_SWEEP_SECONDS"]),
        lease=timedelta(seconds=values["MANABI_LEASE_SECONDS"]),
        sequencer=timedelta(seconds=values["MANABI_SEQUENCER_SECONDS"]),
        registrar_key=values["MANABI_REGISTRAR_KEY"] if str(values["MANABI_REGISTRAR_KEY"]) != "." else None,
        poll=timedelta(seconds=values["MANABI_POLL_SECONDS"]),
        poll_interval=timedelta(seconds=values["MANABI_POLL_INTERVAL_SECONDS"]),
        synthetic=values["MANABI_SYNTHETIC"],
    )
