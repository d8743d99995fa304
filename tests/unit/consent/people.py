"""People of the tests of the rules: one child, one carer, one school, and how they stand to each other."""

from datetime import UTC, date, datetime
from uuid import UUID

from consent.authority import Care
from consent.decision import Actor, Child
from consent.placement import Placement, RoleHeld
from consent.policy.loader import shipped_policy
from consent.vocabulary import ActorKind, Basis, CarerState, StaffRole

POLICY = shipped_policy()
NOW = datetime(2026, 6, 3, 3, 0, tzinfo=UTC)  # noon in Japan
TODAY = date(2026, 6, 3)

HANAKO = UUID(int=1)
MOTHER = UUID(int=10)
FATHER = UUID(int=11)
STRANGER = UUID(int=12)
TEACHER = UUID(int=20)
EAST = UUID(int=100)
WEST = UUID(int=101)
BOARD = UUID(int=200)
CLASS_6_1 = UUID(int=301)
CLASS_6_2 = UUID(int=302)

BORN = date(2014, 7, 10)


def care(
    carer: UUID = MOTHER,
    basis: Basis = Basis.JOINT,
    state: CarerState = CarerState.ACTIVE,
    valid_from: date = BORN,
    valid_to: date | None = None,
    *,
    contact_block: bool = False,
) -> Care:
    return Care(carer, basis, state, valid_from, valid_to, None, contact_block)


def placement(
    school: UUID = EAST,
    class_id: UUID | None = CLASS_6_1,
    school_year: int = 2026,
    begin: date | None = None,
    end: date | None = None,
) -> Placement:
    return Placement(school, BOARD, class_id, school_year, begin or date(school_year, 4, 1), end)


def child(*entries: Care, placements: tuple[Placement, ...] = (), born: date = BORN) -> Child:
    return Child(HANAKO, born, tuple(entries), placements)


def role(
    office: StaffRole = StaffRole.TEACHER,
    organisation: UUID = EAST,
    classes: frozenset[UUID] = frozenset(),
    valid_from: date = date(2026, 4, 1),
    valid_to: date | None = date(2027, 3, 31),
) -> RoleHeld:
    return RoleHeld(office, organisation, classes, valid_from, valid_to)


def staff(*roles: RoleHeld) -> Actor:
    return Actor(ActorKind.STAFF, TEACHER, tuple(roles))


def carer(person: UUID = MOTHER) -> Actor:
    return Actor(ActorKind.CARER, person)


def learner(person: UUID = HANAKO) -> Actor:
    return Actor(ActorKind.LEARNER, person)
