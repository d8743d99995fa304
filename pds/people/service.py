"""Who somebody is: the person behind an account, a child's facts for the rules, and blind look-up of identifiers."""

import hashlib
import hmac
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, select, text
from sqlalchemy.orm import Session

from consent.authority import Care as CareFact
from consent.decision import Actor, Child
from consent.placement import Placement, RoleHeld
from consent.vocabulary import ActorKind, Basis, CarerState
from consent.vocabulary import StaffRole as Role
from pds.node import Node
from pds.people.details import CarerDetails, LearnerDetails
from pds.people.models import Care, Carer, Learner, LearnerIdentifier, Person, Staff, StaffRole
from trust.keyring import KeyErased

_CHILD_FACTS = text(
    """
    SELECT l.details, l.revision,
      (SELECT jsonb_agg(jsonb_build_array(c.carer_id, c.basis, c.state, c.valid_from, c.valid_to, c.court_order,
                                          c.contact_block))
         FROM care c WHERE c.learner_id = l.learner_id AND NOT c.withdrawn) AS care,
      (SELECT jsonb_agg(jsonb_build_array(e.organisation_id, o.parent_id, e.class_id, e.school_year, e.begin, e."end"))
         FROM enrolment e JOIN organisation o USING (organisation_id)
        WHERE e.learner_id = l.learner_id AND NOT e.withdrawn) AS placements
    FROM learner l WHERE l.learner_id = :learner AND NOT l.withdrawn
    """
).bindparams(bindparam("learner"))


@dataclass(frozen=True, slots=True)
class Office:
    """A role somebody holds, with the name of the organisation as a page or a log entry shows it."""

    role: Role
    organisation: UUID
    organisation_name: str


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whoever is signed in: the actor of the rules, and under which names the log knows them."""

    actor: Actor
    offices: tuple[Office, ...] = ()

    @property
    def person(self) -> UUID:
        """The person; every viewer is somebody."""
        if self.actor.person is None:
            raise ValueError("a viewer is always a person")
        return self.actor.person


@dataclass(frozen=True, slots=True)
class KnownChild:
    """A child this node knows: the facts that the rules judge, and the opened details."""

    facts: Child
    details: LearnerDetails


def viewer_for(session: Session, person: UUID) -> Viewer | None:
    """Return who stands behind an account's subject, or None if that person is no longer known here."""
    row = session.execute(_PERSON, {"person": person}).first()
    if row is None:
        return None
    kind = ActorKind(row.kind)
    held = tuple(_office(*office) for office in row.roles or ())
    offices = tuple(Office(role.role, role.organisation, name) for role, name in held)
    return Viewer(Actor(kind, person, tuple(role for role, _ in held)), offices)


def _office(
    role: str, organisation: str, class_id: str | None, start: str, end: str | None, name: str
) -> tuple[RoleHeld, str]:
    classes = frozenset({UUID(class_id)} if class_id else ())
    return RoleHeld(Role(role), UUID(organisation), classes, date.fromisoformat(start), _day(end)), name


_PERSON = text(
    """
    SELECT p.kind,
      (SELECT jsonb_agg(jsonb_build_array(r.role, r.organisation_id, r.class_id, r.valid_from, r.valid_to, o.name)
                        ORDER BY r.valid_from, r.role)
         FROM staff_role r JOIN organisation o USING (organisation_id)
        WHERE r.staff_id = p.person_id AND NOT r.withdrawn) AS roles
    FROM person p WHERE p.person_id = :person
    """
)


def find_child(session: Session, node: Node, learner: UUID) -> KnownChild | None:
    """Return a child's facts for the rules, or None where no such child is known. Needs the context bound."""
    row = session.execute(_CHILD_FACTS, {"learner": learner}).first()
    if row is None:
        return None
    try:
        key = node.keyring.subject_key(learner)
    except KeyErased:  # rows that came back with an older backup and are about to go again
        return None
    details = LearnerDetails.opened(bytes(row.details), key, node.node_id, learner, row.revision)
    facts = Child(
        learner,
        details.birth_date,
        tuple(_care(*entry) for entry in row.care or ()),
        tuple(_placement(*entry) for entry in row.placements or ()),
    )
    return KnownChild(facts, details)


def children_of(session: Session, carer: UUID) -> list[UUID]:
    """Return the children a carer has an entry for, whatever it says; the rules decide what may be shown."""
    rows = session.execute(
        text("SELECT learner_id FROM care WHERE carer_id = :carer AND NOT withdrawn ORDER BY learner_id"),
        {"carer": carer},
    )
    return list(rows.scalars())


def learner_details(session: Session, node: Node, learners: Iterable[UUID]) -> dict[UUID, LearnerDetails]:
    """Open the details of several learners that the context names; erased ones are absent."""
    wanted = list(learners)
    keys = node.keyring.subject_keys(wanted)
    rows = session.execute(
        select(Learner.learner_id, Learner.details, Learner.revision).where(
            Learner.learner_id.in_(wanted), Learner.withdrawn.is_(False)
        )
    )
    return {
        row.learner_id: LearnerDetails.opened(
            row.details, keys[row.learner_id], node.node_id, row.learner_id, row.revision
        )
        for row in rows
        if row.learner_id in keys
    }


def carer_details(session: Session, node: Node, carer: UUID) -> CarerDetails | None:
    """Open a carer's details, for the carer's own pages."""
    row = session.get(Carer, carer)
    if row is None or row.withdrawn:
        return None
    return CarerDetails.opened(row.details, node.keyring.subject_key(carer), node.node_id, carer, row.revision)


def carers_left_without(session: Session, learner: UUID) -> list[UUID]:
    """Return the carers who have no child here but this one."""
    rows = session.execute(
        text(
            "SELECT c.carer_id FROM care c WHERE c.learner_id = :learner AND NOT EXISTS "
            "(SELECT FROM care o WHERE o.carer_id = c.carer_id AND o.learner_id <> :learner)"
        ),
        {"learner": learner},
    )
    return list(rows.scalars())


def known_among(session: Session, people: Iterable[UUID]) -> list[UUID]:
    """Return those of some people that this node has rows of."""
    return list(session.scalars(select(Person.person_id).where(Person.person_id.in_(list(people)))))


def forget(session: Session, people: Iterable[UUID]) -> None:
    """Delete learners and carers with everything that hangs on them: records, enrolments, identifiers, authority."""
    gone = list(people)
    session.execute(delete(Learner).where(Learner.learner_id.in_(gone)))
    session.execute(delete(Care).where(Care.carer_id.in_(gone)))
    session.execute(delete(Carer).where(Carer.carer_id.in_(gone)))
    session.execute(delete(Person).where(Person.person_id.in_(gone)))


def staff_name(session: Session, staff: UUID) -> str | None:
    """Return the name of a staff member."""
    return session.scalar(select(Staff.name).where(Staff.staff_id == staff))


def blind_index(index_key: bytes, scheme: str, value: str) -> bytes:
    """Return the keyed index of an identifier: HMAC-SHA256 over scheme and NFKC-normalised value, 16 bytes."""
    normal = unicodedata.normalize("NFKC", value).strip()
    message = len(scheme.encode()).to_bytes(2, "big") + scheme.encode() + normal.encode()
    return hmac.digest(index_key, message, hashlib.sha256)[:16]


def find_by_identifier(session: Session, node: Node, scheme: str, value: str) -> UUID | None:
    """Return the learner another system knows under `value`. For jobs: the application role sees named rows only."""
    blind = blind_index(node.keyring.node_key("index"), scheme, value)
    return session.scalar(select(LearnerIdentifier.learner_id).where(LearnerIdentifier.blind == blind))


def current_roles(session: Session, staff: UUID, day: date) -> list[StaffRole]:
    """Return the roles in force on a day."""
    rows = session.scalars(select(StaffRole).where(StaffRole.staff_id == staff, StaffRole.withdrawn.is_(False)))
    return [row for row in rows if row.valid_from <= day and (row.valid_to is None or day <= row.valid_to)]


def _care(
    carer: str, basis: str, state: str, start: str, end: str | None, court_order: bool, blocked: bool
) -> CareFact:
    return CareFact(
        UUID(carer), Basis(basis), CarerState(state), date.fromisoformat(start), _day(end),
        "recorded" if court_order else None, blocked,
    )  # fmt: skip


def _placement(
    organisation: str, board: str | None, class_id: str | None, school_year: int, begin: str, end: str | None
) -> Placement:
    return Placement(
        UUID(organisation), UUID(board) if board else None, UUID(class_id) if class_id else None, school_year,
        date.fromisoformat(begin), _day(end),
    )  # fmt: skip


def _day(value: Any) -> date | None:
    return None if value is None else date.fromisoformat(value)
