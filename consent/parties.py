"""Who asks, whom it is about, and by which right grown-ups care for the child: the facts every rule starts from."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from consent.placement import Placement, RoleHeld
from consent.vocabulary import ActorKind, Basis, CarerState


@dataclass(frozen=True, slots=True)
class Care:
    """One carer's standing towards one child, from the first to the last day, both included.

    ``court_order`` names the ruling the entry rests on (court, case number): it settles who decides, never who reads.
    ``contact_block`` forbids this carer to learn anything of the child through the service. Once begun it does not
    lapse when the entry ends; it is lifted only by correcting the entry.
    """

    carer_id: UUID
    basis: Basis
    state: CarerState
    valid_from: date
    valid_to: date | None = None
    court_order: str | None = None
    contact_block: bool = False

    def begun_on(self, day: date) -> bool:
        """Whether the entry has taken effect by ``day``."""
        return self.valid_from <= day

    def in_force_on(self, day: date) -> bool:
        """Whether the entry holds on ``day``."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks. ``person`` is None only for jobs, organisations and for a caller who has not signed in."""

    kind: ActorKind
    person: UUID | None
    roles: tuple[RoleHeld, ...] = ()


@dataclass(frozen=True, slots=True)
class Child:
    """What the rules need to know of the child.

    To judge a read, the ``care`` entries of the asking carer suffice; to say who decides, all of them are needed.
    """

    learner: UUID
    birth_date: date
    care: tuple[Care, ...] = ()
    placements: tuple[Placement, ...] = ()
