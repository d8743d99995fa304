"""Who has a child in their care at school: dated roles on one side, dated placements on the other.

Staff act for an organisation in a role that ends, and see children only through a placement there. A placement belongs
to one school year and never outlives it: on 1 April yesterday's class is nobody's class until the new one is formed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from consent.age import school_year_end, school_year_of
from consent.vocabulary import PlacementState, StaffRole


@dataclass(frozen=True, slots=True)
class RoleHeld:
    """An office held for an organisation from the first to the last day, both included (None: no end entered).

    ``class_ids`` are the classes of a teacher, as the roster of the school names them; empty for other roles.
    """

    role: StaffRole
    organisation: UUID
    class_ids: frozenset[UUID]
    valid_from: date
    valid_to: date | None = None

    def in_force_on(self, day: date) -> bool:
        """Whether the office is held on ``day``."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True)
class Placement:
    """A child's place at a school, in one class or none yet, during one school year.

    ``begin`` and ``end`` are the first and the last day; without ``end`` it runs to the end of the school year.
    ``board`` is the board of education (or the school corporation) the school belongs to.
    """

    organisation: UUID
    board: UUID | None
    class_id: UUID | None
    school_year: int
    begin: date
    end: date | None = None

    @property
    def last_day(self) -> date:
        """The last day of the placement, at the latest 31 March of its school year."""
        closing = school_year_end(self.school_year)
        return closing if self.end is None else min(self.end, closing)

    def current_on(self, day: date) -> bool:
        """Whether the child sits in this place on ``day``."""
        ended = self.end is not None and self.end < day
        return self.begin <= day and not ended and school_year_of(day) <= self.school_year

    def over_on(self, day: date) -> bool:
        """Whether the child sat in this place before ``day`` and no longer does; never true of a place not taken up."""
        return self.begin <= self.last_day < day


def placement_state(placements: Iterable[Placement], organisation: UUID, day: date) -> PlacementState:
    """Where the child stands with ``organisation`` on ``day``; the strongest of several placements counts."""
    state = PlacementState.NONE
    for placement in placements:
        if placement.organisation != organisation:
            continue
        if placement.current_on(day):
            return PlacementState.ENROLLED
        if placement.over_on(day):
            state = PlacementState.FORMER
        elif day < placement.begin and state is PlacementState.NONE:
            state = PlacementState.EXPECTED
    return state


def left_on(placements: Iterable[Placement], organisation: UUID, day: date) -> date | None:
    """The last day a child was at ``organisation``, None if the child never was there before ``day``."""
    return max((p.last_day for p in placements if p.organisation == organisation and p.over_on(day)), default=None)
