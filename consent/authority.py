"""Grown-ups who care for a child: by which right, in which state, since when.

This module holds the facts. Which basis and which state may read the child's record is policy data
(``consent/policy/authority.json``).
"""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from consent.vocabulary import Basis, CarerState


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
