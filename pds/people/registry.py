"""Writing learners with their identifiers, and carers: what files of schools and boards say of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import delete, text, tuple_
from sqlalchemy.orm import Session

from consent.vocabulary import ActorKind
from pds.node import Node
from pds.people.details import CarerDetails, LearnerDetails, Name, seal_identifier
from pds.people.models import Carer, Learner, LearnerIdentifier, Person
from pds.people.service import blind_index
from pds.rows import (
    Change,
    Key,
    Merged,
    Outcome,
    Shelf,
    Stuck,
    Wanted,
    derive_id,
    insert_rows,
    merge,
    standing_rows,
    take_back,
)

LEARNER_SCHEME: Final = "oneroster"
MASTER_SCHEME: Final = "user_master"
CARER_SCHEME: Final = "oneroster-carer"
IDENTIFIERS: Final = "learner_identifier"
"""Kind of a change that added an identifier to a learner known before; it has no revision."""

_PERSON: Final = cast("Any", Person.__table__)
_IDENTIFIER: Final = cast("Any", LearnerIdentifier.__table__)


class IdentityFault(StrEnum):
    """Why a row of a roster cannot be said to be one certain child."""

    UNKNOWN = "unknown"
    TWO_CHILDREN = "two_children"
    OTHER_CHILD = "other_child"
    NO_BIRTH_DATE = "no_birth_date"


@dataclass(frozen=True, slots=True)
class WantedLearner:
    """A learner as a roster knows them. What the file leaves out (None) stays as it stands."""

    source_id: str
    master_id: str
    name: Name | None
    birth_date: date | None
    sex: str | None


@dataclass(frozen=True, slots=True)
class WantedCarer:
    """A carer as a roster knows them."""

    source_id: str
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


@dataclass(frozen=True, slots=True)
class _Identified:
    learner: UUID
    is_new: bool
    schemes: tuple[str, ...]
    """Schemes under which an identifier has to be added; the first is the sourcedId's unless only the master's is."""


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
    """Merge learners of a roster; `id_key` makes ids for those who are new.

    A child is known by sourcedId or by userMasterIdentifier; a second sourcedId of the same child is added to it. Where
    the two name different children, or the stored master identifier is another one, nothing is done for the row.
    """
    shelf = learner_shelf(node.node_id)
    identified = _identify(session, node, id_key, wanted)
    known = [one.learner for one in identified if isinstance(one, _Identified) and not one.is_new]
    standing = standing_rows(session, shelf, [(learner,) for learner in known])
    keys = dict(node.keyring.subject_keys(known))
    results: list[PutPerson | None] = []
    rows: list[Wanted] = []
    places: list[int] = []
    for one, found in zip(wanted, identified, strict=True):
        if isinstance(found, IdentityFault):
            results.append(PutPerson(None, Outcome.UNCHANGED, found))
            continue
        old = standing.get((found.learner,))
        said = None
        if old is not None and shelf.unseal is not None and found.learner in keys:
            unsealed = shelf.unseal(old["details"], keys[found.learner], (found.learner,), old["revision"])
            said = cast("LearnerDetails", unsealed)
        details = _completed(one, said)
        if isinstance(details, IdentityFault):
            results.append(PutPerson(None, Outcome.UNCHANGED, details))
            continue
        places.append(len(results))
        moved = said is not None and said.birth_date != details.birth_date
        results.append(PutPerson(found.learner, Outcome.UNCHANGED, None, moved))
        rows.append(Wanted((found.learner,), {"withdrawn": False}, details, {"created_at": now}))
    if write:
        keys.update(_make_people(session, node, ActorKind.LEARNER, rows, standing))
    merged = merge(session, shelf, rows, standing, keys=keys, write=write)
    for place, outcome in zip(places, merged.outcomes, strict=True):
        result = results[place]
        if result is not None:
            results[place] = replace(result, outcome=outcome)
    changes = merged.changes
    if write:
        served = [
            (one, found)
            for one, found, result in zip(wanted, identified, results, strict=True)
            if isinstance(found, _Identified) and result is not None and result.fault is None
        ]
        changes = changes + _add_identifiers(session, node, served, keys)
    return PutPeople([result for result in results if result is not None], changes)


def put_carers(session: Session, node: Node, id_key: bytes, wanted: Sequence[WantedCarer], *, write: bool) -> PutPeople:
    """Merge carers of a roster."""
    shelf = carer_shelf(node.node_id)
    index = node.keyring.node_key("index")
    blinds = [blind_index(index, CARER_SCHEME, one.source_id) for one in wanted]
    found = _carers_by_blind(session, blinds)
    rows = [
        Wanted(
            (found.get(blind) or derive_id(id_key, "carer", one.source_id),),
            {"blind": blind, "withdrawn": False},
            CarerDetails(one.name),
        )
        for one, blind in zip(wanted, blinds, strict=True)
    ]
    standing = standing_rows(session, shelf, [(carer,) for carer in found.values()])
    keys = dict(node.keyring.subject_keys(found.values()))
    if write:
        keys.update(_make_people(session, node, ActorKind.CARER, rows, standing))
    merged = merge(session, shelf, rows, standing, keys=keys, write=write)
    results = [PutPerson(row.key[0], outcome) for row, outcome in zip(rows, merged.outcomes, strict=True)]
    return PutPeople(results, merged.changes)


def find_learners(session: Session, node: Node, source_ids: Iterable[str]) -> dict[str, UUID]:
    """Return the learners that rosters call by these sourcedIds; withdrawn ones left out."""
    index = node.keyring.node_key("index")
    blinds = {blind_index(index, LEARNER_SCHEME, source_id): source_id for source_id in source_ids}
    rows = session.execute(_LEARNERS_BY_BLIND, {"blinds": list(blinds)})
    return {blinds[bytes(row.blind)]: row.learner_id for row in rows}


def find_carers(session: Session, node: Node, source_ids: Iterable[str]) -> dict[str, UUID]:
    """Return the carers that rosters call by these sourcedIds; withdrawn ones left out."""
    index = node.keyring.node_key("index")
    blinds = {blind_index(index, CARER_SCHEME, source_id): source_id for source_id in source_ids}
    rows = session.execute(_CARERS_BY_BLIND, {"blinds": list(blinds)})
    return {blinds[bytes(row.blind)]: row.carer_id for row in rows if not row.withdrawn}


def end_learners(session: Session, node: Node, learners: Sequence[UUID], *, write: bool) -> Merged:
    """Withdraw learners."""
    return _end(session, node, learner_shelf(node.node_id), learners, write=write)


def end_carers(session: Session, node: Node, carers: Sequence[UUID], *, write: bool) -> Merged:
    """Withdraw carers."""
    return _end(session, node, carer_shelf(node.node_id), carers, write=write)


def take_back_rows(session: Session, node: Node, kind: str, changes: Sequence[Change]) -> list[Stuck]:
    """Take back changes of learners, their identifiers and carers; whoever something hangs on stays.

    A withdrawn learner keeps the identifiers they came with, so that the same child found again is the same learner.
    """
    match kind:
        case "learner":
            shelf, statement = learner_shelf(node.node_id), _LEARNERS_IN_USE
        case "carer":
            shelf, statement = carer_shelf(node.node_id), _CARERS_IN_USE
        case "learner_identifier":
            keys = [change.key for change in changes]
            session.execute(delete(_IDENTIFIER).where(tuple_(_IDENTIFIER.c.learner_id, _IDENTIFIER.c.scheme).in_(keys)))
            return []
        case _:
            raise ValueError(f"{kind} is not kept here")

    def in_use(keys: Sequence[Key]) -> set[Key]:
        return {(found,) for found in session.execute(statement, {"ids": [key[0] for key in keys]}).scalars()}

    return take_back(session, shelf, changes, subject_keys=node.keyring.subject_keys, in_use=in_use)


def _identify(
    session: Session, node: Node, id_key: bytes, wanted: Sequence[WantedLearner]
) -> list[_Identified | IdentityFault]:
    index = node.keyring.node_key("index")
    sources = [blind_index(index, LEARNER_SCHEME, one.source_id) for one in wanted]
    masters = [blind_index(index, MASTER_SCHEME, one.master_id) if one.master_id else b"" for one in wanted]
    by_blind: dict[bytes, UUID] = {}
    for row in session.execute(_IDENTIFIERS_BY_BLIND, {"blinds": [*sources, *(m for m in masters if m)]}):
        by_blind[bytes(row.blind)] = row.learner_id
    held: dict[UUID, dict[str, bytes]] = {}
    for row in session.execute(_IDENTIFIERS_OF, {"learners": list(set(by_blind.values()))}):
        held.setdefault(row.learner_id, {})[row.scheme] = bytes(row.blind)
    identified: list[_Identified | IdentityFault] = []
    for one, source, master in zip(wanted, sources, masters, strict=True):
        by_source, by_master = by_blind.get(source), by_blind.get(master)
        if by_source is not None and by_master is not None and by_source != by_master:
            identified.append(IdentityFault.TWO_CHILDREN)
            continue
        learner = by_source or by_master
        if learner is None:
            both = (LEARNER_SCHEME, MASTER_SCHEME) if master else (LEARNER_SCHEME,)
            identified.append(_Identified(derive_id(id_key, "learner", one.source_id), True, both))
            continue
        own = held.get(learner, {})
        if master and by_master is None and MASTER_SCHEME in own:
            identified.append(IdentityFault.OTHER_CHILD)
            continue
        schemes: tuple[str, ...] = ()
        if by_source is None:
            schemes = (_free_scheme(own),)
        elif master and by_master is None:
            schemes = (MASTER_SCHEME,)
        identified.append(_Identified(learner, False, schemes))
    return identified


def _free_scheme(own: Mapping[str, bytes]) -> str:
    """Return the name for one more sourcedId of the same child; all of them are found through the same blind index."""
    number = 2
    while (scheme := f"{LEARNER_SCHEME}.{number}") in own:
        number += 1
    return scheme if LEARNER_SCHEME in own else LEARNER_SCHEME


def _completed(one: WantedLearner, said: LearnerDetails | None) -> LearnerDetails | IdentityFault:
    """Return a learner's details, what the file leaves out taken from what stands."""
    name = one.name or (said.name if said is not None else None)
    if name is None:
        return IdentityFault.UNKNOWN
    birth_date = one.birth_date or (said.birth_date if said is not None else None)
    if birth_date is None:
        return IdentityFault.NO_BIRTH_DATE
    return LearnerDetails(name, birth_date, one.sex or (said.sex if said is not None else "unspecified"))


def _make_people(
    session: Session, node: Node, kind: ActorKind, rows: Sequence[Wanted], standing: Mapping[Key, Any]
) -> dict[UUID, bytes]:
    """Make keys and person rows of those who are new; keys first, so that nothing sealed is ever without one."""
    fresh = [row.key[0] for row in rows if row.key not in standing]
    if not fresh:
        return {}
    node.keyring.create_subject_keys(fresh)
    insert_rows(session, _PERSON, [{"person_id": person, "kind": kind.value} for person in fresh])
    return node.keyring.subject_keys(fresh)


def _add_identifiers(
    session: Session, node: Node, served: Sequence[tuple[WantedLearner, _Identified]], keys: Mapping[UUID, bytes]
) -> list[Change]:
    index = node.keyring.node_key("index")
    rows: list[dict[str, Any]] = []
    changes: list[Change] = []
    for one, found in served:
        for scheme in found.schemes:
            of_master = scheme == MASTER_SCHEME
            value = one.master_id if of_master else one.source_id
            rows.append(
                {
                    "learner_id": found.learner,
                    "scheme": scheme,
                    "blind": blind_index(index, MASTER_SCHEME if of_master else LEARNER_SCHEME, value),
                    "sealed": seal_identifier(keys[found.learner], node.node_id, found.learner, scheme, value),
                }
            )
            if not found.is_new:
                changes.append(Change(IDENTIFIERS, (found.learner, scheme), found.learner, None, 0))
    insert_rows(session, _IDENTIFIER, rows)
    return changes


def _end(session: Session, node: Node, shelf: Shelf, people: Sequence[UUID], *, write: bool) -> Merged:
    rows = [Wanted((person,), {"withdrawn": True}) for person in people]
    standing = standing_rows(session, shelf, [row.key for row in rows])
    return merge(session, shelf, rows, standing, keys=node.keyring.subject_keys(people), write=write)


def _carers_by_blind(session: Session, blinds: Sequence[bytes]) -> dict[bytes, UUID]:
    return {bytes(row.blind): row.carer_id for row in session.execute(_CARERS_BY_BLIND, {"blinds": list(blinds)})}


_IDENTIFIERS_BY_BLIND = text("SELECT learner_id, blind FROM learner_identifier WHERE blind = ANY(:blinds)")
_IDENTIFIERS_OF = text("SELECT learner_id, scheme, blind FROM learner_identifier WHERE learner_id = ANY(:learners)")
_LEARNERS_BY_BLIND = text(
    "SELECT i.learner_id, i.blind FROM learner_identifier i JOIN learner l ON l.learner_id = i.learner_id "
    "WHERE i.blind = ANY(:blinds) AND NOT l.withdrawn"
)
_CARERS_BY_BLIND = text("SELECT carer_id, blind, withdrawn FROM carer WHERE blind = ANY(:blinds)")
_LEARNERS_IN_USE = text(
    """
    SELECT learner_id FROM record WHERE learner_id = ANY(:ids) AND NOT withdrawn
    UNION SELECT learner_id FROM enrolment WHERE learner_id = ANY(:ids) AND NOT withdrawn
    UNION SELECT learner_id FROM care WHERE learner_id = ANY(:ids) AND NOT withdrawn
    """
)
_CARERS_IN_USE = text("SELECT DISTINCT carer_id FROM care WHERE carer_id = ANY(:ids) AND NOT withdrawn")
