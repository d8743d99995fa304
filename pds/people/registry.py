"""Writing learners and carers: what files of schools and boards say of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from typing import Final, cast
from uuid import UUID

from sqlalchemy import Table, text
from sqlalchemy.orm import Session

from pds.node import Node
from pds.people import identity
from pds.people.details import CarerDetails, LearnerDetails, Name
from pds.people.identity import CARERS, LEARNERS, Identified, IdentityFault, Named, Realm
from pds.people.models import Carer, Learner, Person
from pds.people.service import blind_index
from pds.rows import Change, Key, Merged, Outcome, Shelf, Stuck, Values, Wanted, insert_rows, merge, standing_rows
from pds.rows import take_back as take_back_shelf

_PERSON: Final = cast("Table", Person.__table__)


@dataclass(frozen=True, slots=True)
class WantedLearner:
    """A learner as a roster knows them. What the file leaves out (None) stays as it stands."""

    named: Named
    name: Name | None
    birth_date: date | None
    sex: str | None


@dataclass(frozen=True, slots=True)
class WantedCarer:
    """A carer as a roster knows them."""

    named: Named
    name: Name


@dataclass(frozen=True, slots=True)
class PutPerson:
    """What came of one row: who it is, or why that is not certain. `moved_birth_date` asks somebody to look."""

    person: UUID | None
    outcome: Outcome
    fault: IdentityFault | None = None
    moved_birth_date: bool = False


@dataclass(frozen=True, slots=True)
class PutPeople:
    """One result per row, and the changes that were made."""

    results: list[PutPerson]
    changes: list[Change]


@lru_cache(maxsize=8)
def learner_shelf(node_id: str) -> Shelf:
    """Return how learners are kept on a node."""
    return Shelf(
        "learner", Learner, ("learner_id",), ("withdrawn",), learner=0, sealed="details", subject=0,
        seal=lambda content, key, row, revision: cast("LearnerDetails", content).sealed(key, node_id, row[0], revision),
        unseal=lambda sealed, key, row, revision: LearnerDetails.opened(sealed, key, node_id, row[0], revision),
    )  # fmt: skip


@lru_cache(maxsize=8)
def carer_shelf(node_id: str) -> Shelf:
    """Return how carers are kept on a node."""
    return Shelf(
        "carer", Carer, ("carer_id",), ("blind", "withdrawn"), sealed="details", subject=0,
        seal=lambda content, key, row, revision: cast("CarerDetails", content).sealed(key, node_id, row[0], revision),
        unseal=lambda sealed, key, row, revision: CarerDetails.opened(sealed, key, node_id, row[0], revision),
    )  # fmt: skip


def put_learners(
    session: Session, node: Node, id_key: bytes, wanted: Sequence[WantedLearner], *, now: datetime, write: bool
) -> PutPeople:
    """Merge learners of a roster; `id_key` makes ids for those who are new. A row with a fault changes nothing."""
    shelf = learner_shelf(node.node_id)
    found = identity.identify(session, node, LEARNERS, id_key, [one.named for one in wanted])
    known = _known(found)
    standing = standing_rows(session, shelf, [(learner,) for learner in known])
    keys = dict(node.keyring.subject_keys(known))
    rows: list[Wanted | IdentityFault] = []
    moved: list[bool] = []
    for one, who in zip(wanted, found, strict=True):
        said = None if isinstance(who, IdentityFault) else _details(shelf, who.person, standing, keys)
        details = who if isinstance(who, IdentityFault) else _completed(one, said)
        moved.append(said is not None and isinstance(details, LearnerDetails) and said.birth_date != details.birth_date)
        if isinstance(who, IdentityFault) or isinstance(details, IdentityFault):
            rows.append(who if isinstance(who, IdentityFault) else cast("IdentityFault", details))
        else:
            rows.append(Wanted((who.person,), {"withdrawn": False}, details, {"created_at": now}))
    names = [one.named for one in wanted]
    put = _put(session, node, LEARNERS, shelf, names, found, rows, standing, keys, write=write)
    results = [replace(one, moved_birth_date=flag) for one, flag in zip(put.results, moved, strict=True)]
    return PutPeople(results, put.changes)


def put_carers(session: Session, node: Node, id_key: bytes, wanted: Sequence[WantedCarer], *, write: bool) -> PutPeople:
    """Merge carers of a roster. A row with a fault changes nothing."""
    shelf = carer_shelf(node.node_id)
    index = node.keyring.node_key("index")
    found = identity.identify(session, node, CARERS, id_key, [one.named for one in wanted])
    known = _known(found)
    standing = standing_rows(session, shelf, [(carer,) for carer in known])
    rows: list[Wanted | IdentityFault] = []
    for one, who in zip(wanted, found, strict=True):
        if isinstance(who, IdentityFault):
            rows.append(who)
            continue
        old = standing.get((who.person,))
        blind = blind_index(index, CARERS.source_scheme, one.named.source_id) if old is None else old["blind"]
        rows.append(Wanted((who.person,), {"blind": blind, "withdrawn": False}, CarerDetails(one.name)))
    keys = dict(node.keyring.subject_keys(known))
    names = [one.named for one in wanted]
    return _put(session, node, CARERS, shelf, names, found, rows, standing, keys, write=write)


def find_learners(session: Session, node: Node, source_ids: Iterable[str]) -> dict[str, UUID]:
    """Return the learners that rosters call by these sourcedIds; withdrawn ones left out."""
    return identity.find(session, node, LEARNERS, source_ids)


def find_carers(session: Session, node: Node, source_ids: Iterable[str]) -> dict[str, UUID]:
    """Return the carers that rosters call by these sourcedIds; withdrawn ones left out."""
    return identity.find(session, node, CARERS, source_ids)


def end_learners(session: Session, node: Node, learners: Sequence[UUID], *, write: bool) -> Merged:
    """Withdraw learners."""
    return _end(session, node, learner_shelf(node.node_id), learners, write=write)


def end_carers(session: Session, node: Node, carers: Sequence[UUID], *, write: bool) -> Merged:
    """Withdraw carers."""
    return _end(session, node, carer_shelf(node.node_id), carers, write=write)


def take_back_rows(session: Session, node: Node, kind: str, changes: Sequence[Change]) -> list[Stuck]:
    """Take back changes of learners and carers; whoever something hangs on stays.

    Somebody withdrawn keeps the identifiers they came with, so that the same person found again is the same person.
    """
    shelf, statement = (
        (learner_shelf(node.node_id), _LEARNERS_IN_USE)
        if kind == "learner"
        else (carer_shelf(node.node_id), _CARERS_IN_USE)
    )

    def in_use(keys: Sequence[Key]) -> set[Key]:
        return {(found,) for found in session.execute(statement, {"ids": [key[0] for key in keys]}).scalars()}

    return take_back_shelf(session, shelf, changes, subject_keys=node.keyring.subject_keys, in_use=in_use)


def _put(
    session: Session,
    node: Node,
    realm: Realm,
    shelf: Shelf,
    names: Sequence[Named],
    found: Sequence[Identified | IdentityFault],
    rows: Sequence[Wanted | IdentityFault],
    standing: Mapping[Key, Values],
    keys: dict[UUID, bytes],
    *,
    write: bool,
) -> PutPeople:
    """Merge the rows without a fault, keys first, so that nothing sealed is ever without one."""
    good = [row for row in rows if isinstance(row, Wanted)]
    if write:
        fresh = [row.key[0] for row in good if row.key not in standing]
        if fresh:
            node.keyring.create_subject_keys(fresh)
            keys.update(node.keyring.subject_keys(fresh))
            insert_rows(session, _PERSON, [{"person_id": one, "kind": realm.kind.value} for one in fresh])
    merged = merge(session, shelf, good, standing, keys=keys, write=write)
    outcomes = iter(merged.outcomes)
    results = [
        PutPerson(None, Outcome.UNCHANGED, row)
        if isinstance(row, IdentityFault)
        else PutPerson(row.key[0], next(outcomes))
        for row in rows
    ]
    changes = merged.changes
    if write:
        served = [
            (named, who)
            for named, who, row in zip(names, found, rows, strict=True)
            if isinstance(who, Identified) and isinstance(row, Wanted)
        ]
        changes = changes + identity.add_identifiers(session, node, realm, served, keys)
    return PutPeople(results, changes)


def _known(found: Iterable[Identified | IdentityFault]) -> list[UUID]:
    return [who.person for who in found if isinstance(who, Identified) and not who.is_new]


def _details(
    shelf: Shelf, learner: UUID, standing: Mapping[Key, Values], keys: Mapping[UUID, bytes]
) -> LearnerDetails | None:
    old = standing.get((learner,))
    if old is None or learner not in keys or shelf.unseal is None:
        return None
    return cast("LearnerDetails", shelf.unseal(old["details"], keys[learner], (learner,), old["revision"]))


def _completed(one: WantedLearner, said: LearnerDetails | None) -> LearnerDetails | IdentityFault:
    """Return a learner's details, what the file leaves out taken from what stands."""
    name = one.name or (said.name if said is not None else None)
    if name is None:
        return IdentityFault.UNKNOWN
    birth_date = one.birth_date or (said.birth_date if said is not None else None)
    if birth_date is None:
        return IdentityFault.NO_BIRTH_DATE
    return LearnerDetails(name, birth_date, one.sex or (said.sex if said is not None else "unspecified"))


def _end(session: Session, node: Node, shelf: Shelf, people: Sequence[UUID], *, write: bool) -> Merged:
    rows = [Wanted((person,), {"withdrawn": True}) for person in people]
    standing = standing_rows(session, shelf, [row.key for row in rows])
    return merge(session, shelf, rows, standing, keys=node.keyring.subject_keys(people), write=write)


_LEARNERS_IN_USE = text(
    """
    SELECT learner_id FROM record WHERE learner_id = ANY(:ids) AND NOT withdrawn
    UNION SELECT learner_id FROM enrolment WHERE learner_id = ANY(:ids) AND NOT withdrawn
    UNION SELECT learner_id FROM care WHERE learner_id = ANY(:ids) AND NOT withdrawn
    """
)
_CARERS_IN_USE = text("SELECT DISTINCT carer_id FROM care WHERE carer_id = ANY(:ids) AND NOT withdrawn")
