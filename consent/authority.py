"""Grown-ups who care for a child: by which right, in which state, since when, and who of them may read the record.

Which basis and which state may read is policy data (``consent/policy/authority.json``). What is fixed here is how
several entries of one carer add up: the narrower one prevails, in whatever order they were entered.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from consent.age import japan_day, legal_age_on
from consent.policy.model import Edition
from consent.verdict import DenialCode
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


def refusal_to_carer(
    carer: UUID, care: Iterable[Care], birth_date: date, at: datetime, edition: Edition
) -> DenialCode | None:
    """Why ``carer`` may not read the record of a child with these ``care`` entries at ``at``; None if they may.

    A contact block prevails over everything (no word of the child), then a lost or suspended authority, then the
    child's coming of age (民法4条: parental authority is over those who are not of age, 818条).
    """
    day = japan_day(at)
    entries = [entry for entry in care if entry.carer_id == carer and entry.begun_on(day)]
    if any(entry.contact_block for entry in entries):
        return DenialCode.CONTACT_BLOCKED
    held = [entry for entry in entries if entry.in_force_on(day)]
    if not held:
        return DenialCode.CARE_ENDED if entries else DenialCode.NOT_YOUR_CHILD
    states = {entry.state for entry in held}
    for state in _STRICTEST_FIRST:
        refused = edition.states[state].refused_as
        if state in states and refused is not None:
            return refused
    refusals = [edition.bases[entry.basis].refused_as for entry in held]
    if None not in refusals:
        return min(code for code in refusals if code is not None)
    if legal_age_on(birth_date, day) >= edition.ages.adult_age:
        return DenialCode.OF_AGE
    return None


def carers_who_read(care: Iterable[Care], birth_date: date, at: datetime, edition: Edition) -> tuple[UUID, ...]:
    """Every carer among the ``care`` entries of one child who may read its record at ``at``, in order of id."""
    entries = tuple(care)
    carers = sorted({entry.carer_id for entry in entries})
    return tuple(c for c in carers if refusal_to_carer(c, entries, birth_date, at, edition) is None)


_STRICTEST_FIRST = (CarerState.LOST, CarerState.SUSPENDED, CarerState.UNABLE, CarerState.ACTIVE)
