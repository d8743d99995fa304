"""Who a row of a roster is: found by the identifiers other systems use, through keyed indexes that tell nobody else.

A person is known by sourcedId or by userMasterIdentifier. A second sourcedId of the same person, as another
establisher gives it, is added to that person. Two identifiers that lead to two people, or a sourcedId whose person is
known under another master identifier, are left to a human being: merging two children is the one mistake that must
not happen.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import Table, delete, select, tuple_
from sqlalchemy.orm import Session

from consent.vocabulary import ActorKind
from pds.node import Node
from pds.people.details import seal_identifier
from pds.people.models import Carer, Learner, LearnerIdentifier, PersonIdentifier, Staff
from pds.people.service import blind_index
from pds.rows import Change, any_of, derive_id, insert_rows


class IdentityFault(StrEnum):
    """Why a row of a roster cannot be said to be one certain person."""

    UNKNOWN = "unknown"
    TWO_PEOPLE = "two_people"
    OTHER_PERSON = "other_person"
    NO_BIRTH_DATE = "no_birth_date"


@dataclass(frozen=True, slots=True)
class Realm:
    """One kind of people, and the names of the identifiers they are known by."""

    kind: ActorKind
    people: Table
    identifiers: Table
    column: str
    source_scheme: str
    master_scheme: str

    @property
    def change(self) -> str:
        """Kind of a change that added an identifier to somebody known before; such rows have no revision."""
        return self.identifiers.name


LEARNERS: Final = Realm(
    ActorKind.LEARNER, cast("Table", Learner.__table__), cast("Table", LearnerIdentifier.__table__), "learner_id",
    "oneroster", "user_master",
)  # fmt: skip
CARERS: Final = Realm(
    ActorKind.CARER, cast("Table", Carer.__table__), cast("Table", PersonIdentifier.__table__), "person_id",
    "oneroster-carer", "user_master-carer",
)  # fmt: skip
STAFF: Final = Realm(
    ActorKind.STAFF, cast("Table", Staff.__table__), cast("Table", PersonIdentifier.__table__), "person_id",
    "oneroster-staff", "user_master-staff",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Named:
    """The identifiers of one row; a blank master identifier says nothing."""

    source_id: str
    master_id: str


@dataclass(frozen=True, slots=True)
class Identified:
    """Who a row is. `schemes` are those under which an identifier is still to be added."""

    person: UUID
    is_new: bool
    schemes: tuple[str, ...]


def identify(
    session: Session, node: Node, realm: Realm, id_key: bytes, rows: Sequence[Named]
) -> list[Identified | IdentityFault]:
    """Say who each row is; `id_key` makes ids for those who are new."""
    index = node.keyring.node_key("index")
    sources = [blind_index(index, realm.source_scheme, row.source_id) for row in rows]
    masters = [blind_index(index, realm.master_scheme, row.master_id) if row.master_id else b"" for row in rows]
    known = _people_by_blind(session, realm, [*sources, *(blind for blind in masters if blind)])
    held = _schemes_of(session, realm, set(known.values()))
    found: list[Identified | IdentityFault] = []
    for row, source, master in zip(rows, sources, masters, strict=True):
        by_source, by_master = known.get(source), known.get(master)
        person = by_source or by_master
        if person is None:
            schemes = (realm.source_scheme, realm.master_scheme) if master else (realm.source_scheme,)
            found.append(Identified(derive_id(id_key, realm.kind.value, row.source_id), True, schemes))
        elif by_source is not None and by_master is not None and by_source != by_master:
            found.append(IdentityFault.TWO_PEOPLE)
        elif master and by_master is None and realm.master_scheme in held.get(person, ()):
            found.append(IdentityFault.OTHER_PERSON)
        elif by_source is None:
            found.append(Identified(person, False, (_free_scheme(realm, held.get(person, set())),)))
        else:
            found.append(Identified(person, False, (realm.master_scheme,) if master and by_master is None else ()))
    return found


def add_identifiers(
    session: Session,
    node: Node,
    realm: Realm,
    served: Sequence[tuple[Named, Identified]],
    keys: Mapping[UUID, bytes],
) -> list[Change]:
    """Add the identifiers that are still to be added. Those of people known before are changes of their own."""
    index = node.keyring.node_key("index")
    rows: list[dict[str, Any]] = []
    changes: list[Change] = []
    for named, found in served:
        for scheme in found.schemes:
            of_master = scheme == realm.master_scheme
            value = named.master_id if of_master else named.source_id
            blind = blind_index(index, realm.master_scheme if of_master else realm.source_scheme, value)
            row = {realm.column: found.person, "scheme": scheme, "blind": blind}
            if realm is LEARNERS:
                row["sealed"] = seal_identifier(keys[found.person], node.node_id, found.person, scheme, value)
            rows.append(row)
            if not found.is_new:
                learner = found.person if realm is LEARNERS else None
                changes.append(Change(realm.change, (found.person, scheme), learner, None, 0))
    insert_rows(session, realm.identifiers, rows)
    return changes


def find(session: Session, node: Node, realm: Realm, source_ids: Iterable[str]) -> dict[str, UUID]:
    """Return the people that rosters call by these sourcedIds; withdrawn ones left out."""
    index = node.keyring.node_key("index")
    blinds = {blind_index(index, realm.source_scheme, source_id): source_id for source_id in source_ids}
    if not blinds:
        return {}
    identifiers, people = realm.identifiers, realm.people
    person = identifiers.c[realm.column]
    rows = session.execute(
        select(identifiers.c.blind, person)
        .join(people, next(iter(people.primary_key)) == person)
        .where(identifiers.c.blind == any_of(identifiers.c.blind, blinds), people.c.withdrawn.is_(False))
    )
    return {blinds[bytes(blind)]: found for blind, found in rows}


def take_back_identifiers(session: Session, kind: str, changes: Sequence[Change]) -> None:
    """Remove identifiers that were added to people known before."""
    realm = LEARNERS if kind == LEARNERS.change else CARERS
    columns = (realm.identifiers.c[realm.column], realm.identifiers.c.scheme)
    session.execute(delete(realm.identifiers).where(tuple_(*columns).in_([change.key for change in changes])))


def _people_by_blind(session: Session, realm: Realm, blinds: Iterable[bytes]) -> dict[bytes, UUID]:
    table = realm.identifiers
    rows = session.execute(
        select(table.c.blind, table.c[realm.column]).where(table.c.blind == any_of(table.c.blind, blinds))
    )
    return {bytes(blind): person for blind, person in rows}


def _schemes_of(session: Session, realm: Realm, people: Iterable[UUID]) -> dict[UUID, set[str]]:
    table = realm.identifiers
    person = table.c[realm.column]
    held: dict[UUID, set[str]] = {}
    for one, scheme in session.execute(select(person, table.c.scheme).where(person == any_of(person, people))):
        held.setdefault(one, set()).add(scheme)
    return held


def _free_scheme(realm: Realm, held: set[str]) -> str:
    """Return the name for one more sourcedId of the same person; all of them are found through one blind index."""
    if realm.source_scheme not in held:
        return realm.source_scheme
    number = 2
    while (scheme := f"{realm.source_scheme}.{number}") in held:
        number += 1
    return scheme
