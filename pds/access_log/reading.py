"""Reading the log for those it is about: one viewer's chain, newest first, and the download with its proofs."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from pds.access_log.entries import entry_binding, entry_key
from pds.node import Node
from trust.sealing import unseal
from trust.transparency.chain import SECRET_BYTES

REFUSED = "refused"
OTHERS = "others"
"""Filters of the log beside the categories: refused attempts, and whatever was not the reader's own doing."""
_MOST_LOOKED_THROUGH = 2000
_PAGE = text(
    """
    SELECT e.entry_no, e.entry_id, e.at, e.sealed, e.leaf_index, l.position
    FROM log_entry e LEFT JOIN log_link l
      ON l.learner_id = e.learner_id AND l.entry_no = e.entry_no AND l.viewer_class = :chain
    WHERE e.learner_id = :learner AND :chain = ANY(e.classes)
      AND (CAST(:before AS bigint) IS NULL OR e.entry_no < :before)
    ORDER BY e.entry_no DESC LIMIT :most
    """
)


@dataclass(frozen=True, slots=True)
class SeenEntry:
    """One entry as a viewer of the chain may read it. `position` is None until the sequencer has placed it."""

    position: int | None
    at: datetime
    entry: dict[str, Any]

    @property
    def sequenced(self) -> bool:
        """Whether the entry stands under a signed checkpoint already."""
        return self.position is not None


@dataclass(frozen=True, slots=True)
class LogPage:
    """Entries, newest first, and where the next page begins; None on the last one."""

    entries: tuple[SeenEntry, ...]
    next_before: int | None


def entries_for(
    session: Session,
    node: Node,
    learner: UUID,
    chain: str,
    *,
    before: int | None,
    limit: int,
    only: str | None = None,
) -> LogPage:
    """Return a page of a viewer's chain; `only` is `REFUSED`, `OTHERS` or a category. Needs the context bound.

    Entries are sealed, so a filter opens them one by one; at most 2,000 are looked through for one page.
    """
    key, own = entry_key(node, learner), _owner(learner, chain)
    rows = session.execute(
        _PAGE,
        {"learner": learner, "chain": chain, "before": before, "most": _MOST_LOOKED_THROUGH if only else limit + 1},
    ).all()
    found: list[SeenEntry] = []
    for index, row in enumerate(rows):
        if len(found) == limit:
            return LogPage(tuple(found), rows[index - 1].entry_no)
        opened = unseal(key, entry_binding(node, learner, row.entry_id), bytes(row.sealed))
        entry: dict[str, Any] = json.loads(opened[SECRET_BYTES:])
        if only is None or _matches(entry, only, own):
            found.append(SeenEntry(row.position, row.at, entry))
    more = only is not None and len(rows) == _MOST_LOOKED_THROUGH
    return LogPage(tuple(found), rows[-1].entry_no if more else None)


def _owner(learner: UUID, chain: str) -> str:
    """Return whose chain it is: the child's own, or that of the carer it names."""
    return chain.partition(":")[2] or str(learner)


def _matches(entry: dict[str, Any], only: str, own: str) -> bool:
    if only == OTHERS:
        return bool(entry["who"]["person"] != own)
    return bool(entry["outcome"] == only or entry["category"] == only)
