"""Taking back an applied run: newest rows first, each only where nothing later builds on it."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from pds.intake import roster_problems
from pds.intake.findings import Findings
from pds.intake.load import open_before
from pds.node import Node
from pds.organisations import registry as organisations
from pds.people import authority, identity, registry, staffing
from pds.records import issuing
from pds.rows import Change, Shelf, Stuck, from_json, key_from_json

_BATCH: Final = 500
_REASONS: Final = {
    "changed_later": roster_problems.UNDO_CHANGED_LATER,
    "in_use": roster_problems.UNDO_IN_USE,
    "gone": roster_problems.UNDO_GONE,
}
_IDENTIFIERS: Final = (identity.LEARNERS.change, identity.CARERS.change)
_ORDER: Final = (
    issuing.KIND, "care", "enrolment", "staff_role", *_IDENTIFIERS, "learner", "carer", "staff", "school_class",
    "organisation",
)  # fmt: skip
"""What hangs on something comes before what it hangs on."""


class Undo:
    """Takes back the changes of one run in the caller's transaction."""

    def __init__(self, session: Session, node: Node, run: UUID, *, now: Any, step: Callable[[int], None]) -> None:
        self._session, self._node, self._run, self._now, self._step = session, node, run, now, step
        self._shelves = _shelves(node.node_id)
        self.findings = Findings()
        self.tally: Counter[tuple[str, str]] = Counter()
        self._done = 0

    def run(self) -> None:
        """Take back everything that can be."""
        for kind in _ORDER:
            changes = self._changes(kind)
            while batch := list(islice(changes, _BATCH)):
                stuck = self._take_back(kind, batch)
                for one in stuck:
                    self.findings.add(
                        _REASONS[one.code], kind, None, None, "/".join(str(part) for part in one.change.key)
                    )
                self.tally[kind, "stayed"] += len(stuck)
                self.tally[kind, "undone"] += len(batch) - len(stuck)
                self._done += len(batch)
                self._step(self._done)

    def report(self) -> dict[str, Any]:
        """Return the numbers."""
        kinds: dict[str, dict[str, int]] = {}
        for (kind, outcome), number in sorted(self.tally.items()):
            kinds.setdefault(kind, {"undone": 0, "stayed": 0})[outcome] = number
        return {"kinds": kinds, "findings": self.findings.counts(), "codes": self.findings.by_code()}

    def _take_back(self, kind: str, changes: Sequence[Change]) -> list[Stuck]:
        session, node = self._session, self._node
        match kind:
            case "record":
                return issuing.take_back_records(session, node, changes, origin=self._run, now=self._now)
            case "care":
                return authority.take_back_rows(session, node, changes)
            case "learner_identifier" | "person_identifier":
                identity.take_back_identifiers(session, kind, changes)
                return []
            case "learner" | "carer":
                return registry.take_back_rows(session, node, kind, changes)
            case "staff" | "staff_role":
                return staffing.take_back_rows(session, kind, changes)
            case _:
                return organisations.take_back_rows(session, kind, changes)

    def _changes(self, kind: str) -> Iterator[Change]:
        """Yield one change per row: what stood before the first, the revision after the last."""
        rows = self._session.execute(
            _CHANGES, {"run": self._run, "kind": kind}, execution_options={"yield_per": _BATCH}
        )
        for row in rows:
            before = None
            if row.before is not None:
                before = open_before(self._node, self._run, row.learner_id, row.first, bytes(row.before))
            parts = json.loads(row.key)
            shelf = self._shelves.get(kind)
            if shelf is not None:
                key = key_from_json(shelf, parts)
                before = None if before is None else from_json(shelf, before)
            else:
                key = (UUID(parts[0]), UUID(parts[1]) if kind == issuing.KIND else parts[1])
            yield Change(kind, key, row.learner_id, before, row.revision)


def count_changes(session: Session, run: UUID) -> int:
    """Return how many changes a run has noted."""
    return int(session.execute(_COUNT, {"run": run}).scalar_one())


def _shelves(node_id: str) -> dict[str, Shelf]:
    known = (
        organisations.ORGANISATIONS, organisations.CLASSES, organisations.ENROLMENTS, staffing.STAFF, staffing.ROLES,
        registry.learner_shelf(node_id), registry.carer_shelf(node_id), authority.care_shelf(node_id),
    )  # fmt: skip
    return {shelf.kind: shelf for shelf in known}


_CHANGES = text(
    """
    SELECT learner_id, key, max(revision) AS revision, min(change_no) AS first,
           (array_agg(before ORDER BY change_no))[1] AS before
    FROM intake_change WHERE run_id = :run AND kind = :kind
    GROUP BY learner_id, key ORDER BY min(change_no) DESC
    """
)
_COUNT = text("SELECT count(*) FROM intake_change WHERE run_id = :run")
