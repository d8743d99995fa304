"""The officials of the national count: who they are here, and how each gets a passkey of their own."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from aggregator.officers.models import Officer
from trust.errors import N_, ManabiError
from web.accounts.models import AccountKind
from web.accounts.service import issue_code


class OfficerRole(StrEnum):
    """What an official is for."""

    PLANNER = "planner"  # proposes plans
    OFFICER = "officer"  # proposes and approves plans, opens and closes rounds
    OPERATOR = "operator"  # looks after the server


class NotForYourRole(ManabiError):
    """A step that belongs to another role."""

    code = "officers.not_for_your_role"
    status = 403
    title = N_("This step is not part of your role.")
    remedy = N_("Ask an officer of the national count. The operator gives out roles.")


@dataclass(frozen=True, slots=True)
class Official:
    """One official."""

    officer_id: UUID
    name: str
    role: OfficerRole


def invite(session: Session, name: str, role: OfficerRole, now: datetime) -> str:
    """Add an official, or find the one of this name and role, and return a single-use code for a first passkey.

    Called from the command line alone. An earlier code of the same official ends; flushes.
    """
    known = session.execute(select(Officer).where(Officer.name == name, Officer.role == role.value)).scalars().first()
    if known is None:
        known = Officer(officer_id=uuid4(), name=name, role=role.value, created_at=now)
        session.add(known)
        session.flush()
    return issue_code(session, known.officer_id, AccountKind.STAFF, None, now)


def find(session: Session, officer_id: UUID) -> Official | None:
    """Return an official, or None for an account that is nobody's here."""
    row = session.get(Officer, officer_id)
    return None if row is None else Official(row.officer_id, row.name, OfficerRole(row.role))


def names(session: Session, officers: Iterable[UUID]) -> Mapping[UUID, str]:
    """Return the names of some officials."""
    rows = session.execute(select(Officer).where(Officer.officer_id.in_(list(officers)))).scalars()
    return {row.officer_id: row.name for row in rows}
