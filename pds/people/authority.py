"""Writing who cares for a child: contacts out of rosters, and entries of authority out of the board's own file.

The entries of one carer for one child form a line in time: each runs until the day before the next. An entry that
comes in takes its place in that line; none is thrown away, so a file that is older than what stands cannot bring back
an authority that was suspended since.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Final, cast
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from consent.vocabulary import Basis, CarerState
from pds.node import Node
from pds.people.details import CareNotes
from pds.people.models import Care
from pds.rows import Change, Key, Merged, Shelf, Stuck, Values, Wanted, merge, take_back

ROSTER_EVIDENCE: Final = "roster"
"""Evidence of an entry that only a roster speaks for: a contact, until a file of authority says more."""


@dataclass(frozen=True, slots=True)
class WantedCare:
    """One row of the board's file: what a carer may decide and see for a child from a day on."""

    learner: UUID
    carer: UUID
    basis: Basis
    state: CarerState
    valid_from: date
    valid_to: date | None
    contact_block: bool
    notes: CareNotes


@dataclass(frozen=True, slots=True)
class PutCare:
    """What came of the rows. `still_blocked` are pairs for which an earlier entry keeps a contact block."""

    merged: Merged
    still_blocked: frozenset[tuple[UUID, UUID]]


@lru_cache(maxsize=8)
def care_shelf(node_id: str) -> Shelf:
    """Return how entries of authority are kept on a node."""
    return Shelf(
        "care", Care, ("learner_id", "carer_id", "valid_from"),
        ("basis", "state", "valid_to", "court_order", "contact_block", "withdrawn"), learner=0,
        sealed="notes", subject=0,
        seal=lambda content, key, row, revision: cast("CareNotes", content).sealed(
            key, node_id, row[0], _entry(row), revision
        ),
        unseal=lambda sealed, key, row, revision: CareNotes.opened(sealed, key, node_id, row[0], _entry(row), revision),
    )  # fmt: skip


def put_authority(session: Session, node: Node, wanted: Sequence[WantedCare], *, write: bool) -> PutCare:
    """Merge rows of the board's file. The contact that a roster had brought gives way to the entry.

    The outcomes are those of the wanted rows alone; entries that had to be shortened for them are among the changes.
    """
    shelf = care_shelf(node.node_id)
    standing = _entries_of(session, {one.learner for one in wanted})
    keys = node.keyring.subject_keys({one.learner for one in wanted})
    lines: dict[Key, list[tuple[Key, Values]]] = {}
    for key, row in standing.items():
        if not row["withdrawn"]:
            lines.setdefault(key[:2], []).append((key, row))
    rows: list[Wanted] = []
    others: list[Wanted] = []
    blocked: set[tuple[UUID, UUID]] = set()
    for one in wanted:
        line = lines.get((one.learner, one.carer), [])
        contacts = {key for key, row in line if key[2] != one.valid_from and _is_from_roster(shelf, key, row, keys)}
        others += [Wanted(key, {"withdrawn": True}) for key in contacts]
        line = [(key, row) for key, row in line if key not in contacts]
        later = [key[2] for key, _ in line if key[2] > one.valid_from]
        rows.append(_wanted_row(one, until=min(later) - timedelta(days=1) if later else None))
        before = one.valid_from - timedelta(days=1)
        for key, row in line:
            if key[2] < one.valid_from:
                if row["contact_block"] and not one.contact_block:
                    blocked.add((one.learner, one.carer))
                if row["valid_to"] is None or row["valid_to"] > before:
                    others.append(Wanted(key, {"valid_to": before}))
    shortened = merge(session, shelf, others, standing, keys=keys, write=write)
    merged = merge(session, shelf, rows, standing, keys=keys, write=write)
    return PutCare(Merged(merged.outcomes, shortened.changes + merged.changes), frozenset(blocked))


def put_contacts(
    session: Session, node: Node, pairs: Sequence[tuple[UUID, UUID]], *, since: date, write: bool
) -> Merged:
    """Note adults whom a roster names for a child and of whom nothing else is known: contacts, who see nothing.

    A pair that has an entry, whatever it says, is left as it is.
    """
    shelf = care_shelf(node.node_id)
    standing = _entries_of(session, {learner for learner, _ in pairs})
    spoken_for = {key[:2] for key, row in standing.items() if not row["withdrawn"]}
    keys = node.keyring.subject_keys({learner for learner, _ in pairs})
    notes = CareNotes(relationship="other", evidence=ROSTER_EVIDENCE, court_order="")
    rows = [
        Wanted((learner, carer, since), _values(Basis.CONTACT, CarerState.ACTIVE, None, False, False), notes)
        for learner, carer in dict.fromkeys(pairs)
        if (learner, carer) not in spoken_for
    ]
    return merge(session, shelf, rows, standing, keys=keys, write=write)


def children_of(session: Session, carers: Iterable[UUID]) -> dict[UUID, set[UUID]]:
    """Return the children each of some carers has an entry for."""
    found: dict[UUID, set[UUID]] = {}
    rows = session.execute(
        select(Care.carer_id, Care.learner_id).where(Care.carer_id.in_(list(carers)), Care.withdrawn.is_(False))
    )
    for carer, learner in rows:
        found.setdefault(carer, set()).add(learner)
    return found


def end_contacts(session: Session, node: Node, carers: Iterable[UUID], *, write: bool) -> tuple[Merged, set[UUID]]:
    """Withdraw contacts of carers whom a roster takes off; return also the carers whom real authority keeps."""
    shelf = care_shelf(node.node_id)
    rows = session.execute(select(Care.__table__).where(Care.carer_id.in_(list(carers)), Care.withdrawn.is_(False)))
    standing = {shelf.key_of(values): values for values in (dict(row._mapping) for row in rows)}
    keys = node.keyring.subject_keys({key[0] for key in standing})
    contacts = [key for key, row in standing.items() if _is_from_roster(shelf, key, row, keys)]
    kept = {key[1] for key in standing if key not in contacts}
    wanted = [Wanted(key, {"withdrawn": True}) for key in contacts if key[1] not in kept]
    return merge(session, shelf, wanted, standing, keys=keys, write=write), kept


def take_back_rows(session: Session, node: Node, changes: Sequence[Change]) -> list[Stuck]:
    """Take back changes of entries."""
    return take_back(session, care_shelf(node.node_id), changes, subject_keys=node.keyring.subject_keys)


def _entries_of(session: Session, learners: Iterable[UUID]) -> dict[Key, Values]:
    shelf = care_shelf("")
    rows = session.execute(select(Care.__table__).where(Care.learner_id.in_(list(learners))))
    return {shelf.key_of(values): values for values in (dict(row._mapping) for row in rows)}


def _is_from_roster(shelf: Shelf, key: Key, row: Values, keys: "dict[UUID, bytes]") -> bool:
    if row["basis"] != Basis.CONTACT or shelf.unseal is None or key[0] not in keys:
        return False
    notes = cast("CareNotes", shelf.unseal(row["notes"], keys[key[0]], key, row["revision"]))
    return notes.evidence == ROSTER_EVIDENCE


def _wanted_row(one: WantedCare, *, until: date | None) -> Wanted:
    ends = [day for day in (one.valid_to, until) if day is not None]
    values = _values(one.basis, one.state, min(ends) if ends else None, bool(one.notes.court_order), one.contact_block)
    return Wanted((one.learner, one.carer, one.valid_from), values, one.notes)


def _values(basis: Basis, state: CarerState, valid_to: date | None, court_order: bool, blocked: bool) -> Values:
    return {
        "basis": basis.value, "state": state.value, "valid_to": valid_to, "court_order": court_order,
        "contact_block": blocked, "withdrawn": False,
    }  # fmt: skip


def _entry(key: Key) -> str:
    return f"{key[1]}/{key[2].isoformat()}"
