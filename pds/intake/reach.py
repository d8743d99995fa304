"""How far an officer's imports reach: the rule is policy (`consent.offices`), here it is asked row by row."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from consent.age import japan_day
from consent.decision import Actor
from consent.offices import Place, may_do
from consent.verdict import Allowed
from consent.vocabulary import ActorKind, Duty
from pds.node import Node
from pds.organisations import registry as organisations
from pds.organisations.registry import KnownOrganisation
from pds.people import service as people
from pds.people import staffing


class Reach:
    """What one officer may import for. Without an officer, on the operator's command line, it is the whole node."""

    def __init__(self, session: Session, node: Node, officer: UUID | None, now: datetime) -> None:
        self._session, self._node, self._now = session, node, now
        self._actor: Actor | None = None
        if officer is not None:
            viewer = people.viewer_for(session, officer)
            self._actor = Actor(ActorKind.UNKNOWN, None) if viewer is None else viewer.actor
        self._asked: dict[tuple[UUID, UUID | None], bool] = {}

    @property
    def is_whole(self) -> bool:
        """Whether nothing is out of reach."""
        return self._actor is None

    @property
    def has_duty(self) -> bool:
        """Whether importing is among the officer's duties at all."""
        if self._actor is None:
            return True
        return isinstance(may_do(self._actor, Duty.IMPORT_FILES, self._now, self._node.policy), Allowed)

    def covers(self, organisation: KnownOrganisation) -> bool:
        """Whether rows about a school or board are the officer's to import."""
        return self.covers_place(organisation.organisation, organisation.parent)

    def covers_place(self, organisation: UUID, board: UUID | None) -> bool:
        """Whether rows about a school or board, known by its id and that of its establisher, are the officer's."""
        if self._actor is None:
            return True
        place = (organisation, board)
        if place not in self._asked:
            verdict = may_do(self._actor, Duty.IMPORT_FILES, self._now, self._node.policy, where=[Place(*place)])
            self._asked[place] = isinstance(verdict, Allowed)
        return self._asked[place]

    def learners_beyond(self, learners: Iterable[UUID]) -> set[UUID]:
        """Return those of some learners who have no place, now or to come, where the officer's imports reach."""
        asked = set(learners)
        if self._actor is None or not asked:
            return set()
        found = organisations.places_of(self._session, asked, japan_day(self._now))
        return asked - self._reached(found)

    def staff_beyond(self, staff: Iterable[UUID]) -> set[UUID]:
        """Return those of some staff who hold a role where the officer's imports do not reach, or none at all."""
        asked = set(staff)
        if self._actor is None or not asked:
            return set()
        held = staffing.places_of(self._session, asked)
        return {one for one in asked if not held.get(one) or not all(self.covers_place(*place) for place in held[one])}

    def _reached(self, places: Mapping[UUID, set[tuple[UUID, UUID | None]]]) -> set[UUID]:
        return {one for one, found in places.items() if any(self.covers_place(*place) for place in found)}
