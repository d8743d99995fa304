"""One pass over what was handed in: the same reading for the dry run and for the real thing, told apart by `write`."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import Table
from sqlalchemy.orm import Session

from consent.age import japan_day
from pds.intake.archive import Parcel
from pds.intake.findings import Findings
from pds.intake.models import IntakeChange
from pds.intake.reach import Reach
from pds.node import Node
from pds.organisations.registry import Directory, KnownOrganisation
from pds.rows import Change, Merged, Outcome, insert_rows, key_to_json, to_json
from trust.sealing import Binding, seal, unseal
from web.clock import JAPAN

NOBODY: Final = UUID(int=0)
"""Stands for the child in the seal of a change that is about none."""
CHANGE_SCHEMA: Final = "urn:manabi:schema:intake-change:1"
_TABLE: Final = cast("Table", IntakeChange.__table__)
_KEPT_BACK: Final = 1000
_DAY: Final = timedelta(days=1)


class ChangeBook:
    """Writes what stood before each change, in the order of the changes, a batch at a time."""

    def __init__(self, session: Session, node: Node, run: UUID) -> None:
        self._session, self._node, self._run = session, node, run
        self._key = node.keyring.node_key("intake")
        self._waiting: list[dict[str, Any]] = []
        self._number = 0

    def add(self, changes: Iterable[Change]) -> None:
        """Note some changes."""
        for change in changes:
            self._number += 1
            learner = change.learner
            before = None
            if change.before is not None:
                plain = json.dumps(to_json(change.before), separators=(",", ":")).encode()
                binding = change_binding(self._node.node_id, self._run, learner, self._number)
                before = seal(self._key, binding, plain)
            self._waiting.append(
                {
                    "learner_id": learner,
                    "run_id": self._run,
                    "change_no": self._number,
                    "kind": change.kind,
                    "key": json.dumps(key_to_json(change.key)),
                    "before": before,
                    "revision": change.revision,
                }
            )
        if len(self._waiting) >= _KEPT_BACK:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        insert_rows(self._session, _TABLE, self._waiting)
        self._waiting = []


def change_binding(node_id: str, run: UUID, learner: UUID | None, number: int) -> Binding:
    """Return what the before-image of a change is bound to."""
    return Binding(node_id, learner or NOBODY, f"intake/{run}", number, CHANGE_SCHEMA)


def open_before(node: Node, run: UUID, learner: UUID | None, number: int, sealed: bytes) -> dict[str, Any]:
    """Open a before-image; raises `SealBroken`."""
    plain = unseal(node.keyring.node_key("intake"), change_binding(node.node_id, run, learner, number), sealed)
    return cast("dict[str, Any]", json.loads(plain))


@dataclass
class Load:
    """What one pass works with. `step` is told how many rows have been read, and may end the pass by raising."""

    session: Session
    node: Node
    run: UUID
    path: Path
    file_name: str
    officer: UUID | None
    now: datetime
    write: bool
    step: Callable[[int], None]
    findings: Findings = field(default_factory=Findings)
    tally: Counter[tuple[str, str]] = field(default_factory=Counter)
    content: str | None = None
    rows: int = 0
    touched: set[UUID] = field(default_factory=set)
    """Organisations the file is about."""

    @cached_property
    def parcel(self) -> Parcel:
        """What was handed in, opened; raises `Unreadable`."""
        return Parcel(self.path, self.file_name)

    @cached_property
    def directory(self) -> Directory:
        """The organisations of the node."""
        return Directory(self.session)

    @cached_property
    def reach(self) -> Reach:
        """How far the officer's imports reach."""
        return Reach(self.session, self.node, self.officer, self.now)

    @cached_property
    def changes(self) -> ChangeBook:
        """Where changes are noted."""
        return ChangeBook(self.session, self.node, self.run)

    @cached_property
    def place_key(self) -> bytes:
        """Makes ids of classes, places and roles: the same in every run."""
        return self.node.keyring.node_key("intake-ids")

    @cached_property
    def person_key(self) -> bytes:
        """Makes ids of new people: the same when this run is taken over, another in every other run."""
        return self.place_key + self.run.bytes

    @cached_property
    def today(self) -> date:
        """The day of the run in Japan."""
        return japan_day(self.now)

    def may_touch(self, organisation: KnownOrganisation) -> bool:
        """Whether rows about an organisation are the officer's to import; it is noted as touched."""
        self.touched.add(organisation.organisation)
        return self.reach.covers(organisation)

    def count(self, kind: str, outcomes: Iterable[Outcome]) -> None:
        """Count outcomes of a kind of row."""
        for outcome in outcomes:
            self.tally[kind, outcome.value] += 1

    def take(self, kind: str, merged: Merged) -> Sequence[Outcome]:
        """Count a merge and note its changes."""
        self.count(kind, merged.outcomes)
        self.changes.add(merged.changes)
        return merged.outcomes

    def advance(self, rows: int) -> None:
        """Tell that some more rows have been read."""
        self.rows += rows
        self.step(self.rows)

    def report(self) -> dict[str, Any]:
        """Return the numbers of the run."""
        kinds: dict[str, dict[str, int]] = {}
        for (kind, outcome), number in sorted(self.tally.items()):
            kinds.setdefault(kind, {name.value: 0 for name in Outcome})[outcome] = number
        return {
            "rows": self.rows,
            "organisations": sorted(str(one) for one in self.touched),
            "kinds": kinds,
            "findings": self.findings.counts(),
            "codes": self.findings.by_code(),
        }


def next_midnight(now: datetime) -> datetime:
    """Return the end of the day in Japan: until then a run can be undone."""
    local = now.astimezone(JAPAN)
    return datetime(local.year, local.month, local.day, tzinfo=JAPAN) + _DAY
