"""Writing staff and their dated roles: what rosters and the file of staff roles say of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, cast
from uuid import UUID

from sqlalchemy import Table, select, text
from sqlalchemy.orm import Session

from consent.vocabulary import ActorKind
from consent.vocabulary import StaffRole as Role
from pds.people.models import Person, Staff, StaffRole
from pds.rows import (
    Change,
    Key,
    Merged,
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

    source_id: str
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


def put_staff(
    session: Session, id_key: bytes, wanted: Sequence[WantedStaff], *, write: bool
) -> tuple[list[UUID], Merged]:
    """Merge staff and return their ids, in order."""
    found = find_staff(session, [one.source_id for one in wanted], withdrawn_too=True)
    rows = [
        Wanted(
            (found.get(one.source_id) or derive_id(id_key, "staff", one.source_id),),
            {"source_id": one.source_id, "name": one.name, "reading": one.reading, "withdrawn": False},
        )
        for one in wanted
    ]
    standing = standing_rows(session, STAFF, [row.key for row in rows])
    if write:
        fresh = [row.key[0] for row in rows if row.key not in standing]
        table = cast("Table", Person.__table__)
        insert_rows(session, table, [{"person_id": staff, "kind": ActorKind.STAFF.value} for staff in fresh])
    return [row.key[0] for row in rows], merge(session, STAFF, rows, standing, write=write)


def find_staff(session: Session, source_ids: Iterable[str], *, withdrawn_too: bool = False) -> dict[str, UUID]:
    """Return the staff that rosters call by these sourcedIds."""
    rows = session.execute(
        select(Staff.source_id, Staff.staff_id, Staff.withdrawn).where(Staff.source_id.in_(list(source_ids)))
    )
    return {row.source_id: row.staff_id for row in rows if withdrawn_too or not row.withdrawn}


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
