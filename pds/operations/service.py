"""Measuring a node: what the operator's page and a monitoring system see of it."""

import shutil
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from pds.node import Node
from pds.operations.health import Disk, KeyFacts, Level, Vitals, judge
from pds.operations.queries import database_facts, job_facts, log_facts, message_facts, registry_facts
from trust.errors import N_
from trust.journal import JournalBroken
from trust.keyring import FileKeyring
from web.migrate import SchemaOutdated, check_schema

PACKAGES = ("web", "pds")
_FAILED_SINCE = timedelta(days=7)


def take_vitals(session: Session, node: Node, now: datetime) -> Vitals:
    """Measure everything now. Reads numbers only; nothing of it is about a child."""
    return Vitals(
        at=now,
        made_up=node.settings.synthetic,
        database=database_facts(session),
        schema_fault=_schema_fault(node),
        log=log_facts(session),
        jobs=job_facts(session, now, now - _FAILED_SINCE),
        keys=_key_facts(node),
        disks=_disks(node),
        messages=message_facts(session, now - _FAILED_SINCE),
        registry=registry_facts(session),
    )


def needs_operator(session: Session, node: Node, now: datetime) -> int:
    """Return how many lights are at fault or need attention."""
    lights = judge(take_vitals(session, node, now))
    return sum(light.level in (Level.FAULT, Level.ATTENTION) for light in lights)


def _schema_fault(node: Node) -> dict[str, str | int | datetime] | None:
    try:
        check_schema(node.settings.database_url, PACKAGES)
    except SchemaOutdated as outdated:
        return dict(outdated.params)
    return None


def _key_facts(node: Node) -> KeyFacts:
    try:
        lines: int | None = node.keyring.journal.verify()
    except JournalBroken:
        lines = None
    files = node.keyring if isinstance(node.keyring, FileKeyring) else None
    return KeyFacts(
        file_back_end=files is not None,
        epoch=None if files is None else files.epoch,
        epoch_began=None if files is None else files.epoch_began,
        journal_lines=lines,
        leaves=node.keyring.leaves.size,
    )


def _disks(node: Node) -> tuple[Disk, ...]:
    """Return the file systems of keyring and uploads; a folder that is not there yet is looked for in its parent."""
    found = []
    for holds, folder in (
        (N_("Storage of the keyring and the log's leaves"), node.settings.keyring),
        (N_("Storage of uploads"), node.settings.uploads),
    ):
        here = next(place for place in (folder, *folder.absolute().parents) if place.exists())
        usage = shutil.disk_usage(here)
        found.append(Disk(holds, usage.free, usage.total))
    return tuple(found)
