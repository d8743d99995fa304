"""Writing staff and their dated roles: what rosters and the file of staff roles say of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, cast
from uuid import UUID

from sqlalchemy import Table, text
from sqlalchemy.orm import Session

from consent.vocabulary import ActorKind
from consent.vocabulary import StaffRole as Role
from pds.node import Node
from pds.people import identity
from pds.people.identity import Identified, IdentityFault, Named
from pds.people.models import Person, Staff, StaffRole
from pds.people.registry import PutPeople, PutPerson
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

STAFF: Final = Shelf("staff", Staff, ("staff_id",), ("source_id", "name", "reading", "withdrawn"))
ROLES: Final = Shelf(
    "staff_role", StaffRole, ("staff_id", "role_id"),
    ("role", "organisation_id", "class_id", "valid_from", "valid_to", "withdrawn"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class WantedStaff:
    """A staff member as a roster knows them."""

    named: Named
    name: str
    reading: str


@dataclass(frozen=True, slots=True)
class WantedRole:
    """A dated role. `origin` names the row it comes from, so that a later file changes this role and no other."""

    staff: UUID
    origin: tuple[str, ...]
    role: Role
    organisation: UUID
    class_id: UUID | None
    valid_from: date
    valid_to: date | None
    withdrawn: bool = False


def put_staff(session: Session, node: Node, id_key: bytes, wanted: Sequence[WantedStaff], *, write: bool) -> PutPeople:
    """Merge staff of a roster. A row with a fault changes nothing."""
    found = identity.identify(session, node, identity.STAFF, id_key, [one.named for one in wanted])
    known = [(who.person,) for who in found if isinstance(who, Identified) and not who.is_new]
    standing = standing_rows(session, STAFF, known)
    rows: list[Wanted] = []
    served: list[tuple[Named, Identified]] = []
    for one, who in zip(wanted, found, strict=True):
        if isinstance(who, IdentityFault):
            continue
        old = standing.get((who.person,))
        source_id = one.named.source_id if old is None else old["source_id"]
        values = {"source_id": source_id, "name": one.name, "reading": one.reading, "withdrawn": False}
        rows.append(Wanted((who.person,), values))
        served.append((one.named, who))
    if write:
        fresh = [row.key[0] for row in rows if row.key not in standing]
        table = cast("Table", Person.__table__)
        insert_rows(session, table, [{"person_id": staff, "kind": ActorKind.STAFF.value} for staff in fresh])
    merged = merge(session, STAFF, rows, standing, write=write)
    outcomes = iter(merged.outcomes)
    results = [
        PutPerson(None, Outcome.UNCHANGED, who)
        if isinstance(who, IdentityFault)
        else PutPerson(who.person, next(outcomes))
        for who in found
    ]
    changes = merged.changes
    if write:
        changes = changes + identity.add_identifiers(session, node, identity.STAFF, served, {})
    return PutPeople(results, changes)


def find_staff(session: Session, node: Node, source_ids: Iterable[str]) -> dict[str, UUID]:
    """Return the staff that rosters call by these sourcedIds; those who have left left out."""
    return identity.find(session, node, identity.STAFF, source_ids)


def put_roles(session: Session, id_key: bytes, wanted: Sequence[WantedRole], *, write: bool) -> Merged:
    """Merge roles; one that is wanted withdrawn and does not stand is nothing."""
    rows = [
        Wanted(
            (one.staff, derive_id(id_key, "role", str(one.staff), *one.origin)),
            {
                "role": one.role.value, "organisation_id": one.organisation, "class_id": one.class_id,
                "valid_from": one.valid_from, "valid_to": one.valid_to, "withdrawn": one.withdrawn,
            },
        )
        for one in wanted
    ]  # fmt: skip
    return merge(session, ROLES, rows, standing_rows(session, ROLES, [row.key for row in rows]), write=write)


def places_of(session: Session, staff: Iterable[UUID]) -> dict[UUID, set[tuple[UUID, UUID | None]]]:
    """Return the organisations, each with its establisher, where staff hold a role that was not taken back."""
    found: dict[UUID, set[tuple[UUID, UUID | None]]] = {}
    for row in session.execute(_PLACES_OF, {"staff": list(staff)}):
        found.setdefault(row.staff_id, set()).add((row.organisation_id, row.parent_id))
    return found


def end_staff(session: Session, staff: Sequence[UUID], *, write: bool) -> tuple[Merged, Merged]:
    """Withdraw staff and every role they hold, so that nothing is open to them any more."""
    roles = session.execute(_ROLES_OF, {"staff": list(staff)}).all()
    role_rows = [Wanted((row.staff_id, row.role_id), {"withdrawn": True}) for row in roles]
    ended_roles = merge(
        session, ROLES, role_rows, standing_rows(session, ROLES, [row.key for row in role_rows]), write=write
    )
    rows = [Wanted((one,), {"withdrawn": True}) for one in staff]
    return (
        merge(session, STAFF, rows, standing_rows(session, STAFF, [row.key for row in rows]), write=write),
        ended_roles,
    )


def take_back_rows(session: Session, kind: str, changes: Sequence[Change]) -> list[Stuck]:
    """Take back changes of staff and roles; whoever holds a role stays."""
    if kind == ROLES.kind:
        return take_back(session, ROLES, changes)

    def in_use(keys: Sequence[Key]) -> set[Key]:
        rows = session.execute(_ROLES_OF, {"staff": [key[0] for key in keys]})
        return {(row.staff_id,) for row in rows}

    return take_back(session, STAFF, changes, in_use=in_use)


_ROLES_OF = text("SELECT staff_id, role_id FROM staff_role WHERE staff_id = ANY(:staff) AND NOT withdrawn")
_PLACES_OF = text(
    "SELECT DISTINCT r.staff_id, r.organisation_id, o.parent_id FROM staff_role r JOIN organisation o "
    "USING (organisation_id) WHERE r.staff_id = ANY(:staff) AND NOT r.withdrawn"
)
