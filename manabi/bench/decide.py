"""`bench decide`: how long the rules take for one read, without database, seal or log."""

import statistics
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID, uuid4

from consent.decision import Actor, Care, Child, Placement, Read, RoleHeld, decide
from consent.dossier import allows_dossier
from consent.grant import Grant, allows
from consent.policy.loader import shipped_policy
from consent.scope import Scope, Terms
from consent.vocabulary import (
    ActorKind,
    Basis,
    CarerState,
    Category,
    Frequency,
    GrantState,
    Mode,
    Move,
    StaffRole,
)
from manabi.bench.lines import Bar, Line, Relation

BENCH: Final = "decide"
_MOST: Final = Bar(Relation.AT_MOST, 20)
_CALLS: Final = 20_000
_NOW: Final = datetime(2026, 11, 20, 3, tzinfo=UTC)


def measure(rounds: int) -> list[Line]:
    """Time each kind of decision; the figure is the median round's time per call."""
    return [_timed(name, call, rounds) for name, call in _calls().items()]


def _timed(name: str, call: Callable[[], object], rounds: int) -> Line:
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        for _ in range(_CALLS):
            call()
        taken.append((time.perf_counter() - began) / _CALLS * 1e6)
    return Line(BENCH, name, statistics.median(taken), "us", rounds * _CALLS, _MOST)


def _calls() -> dict[str, Callable[[], object]]:
    policy = shipped_policy()
    school, board, room, learner, mother = (uuid4() for _ in range(5))
    child = Child(
        learner,
        date(2015, 6, 1),
        (Care(mother, Basis.JOINT, CarerState.ACTIVE, date(2015, 6, 1)),),
        (Placement(school, board, room, 2026, date(2026, 4, 1), date(2027, 3, 31)),),
    )
    offices = _offices(school, room)
    reads = {
        "learner": Read(Actor(ActorKind.LEARNER, learner), child, Category.GUIDANCE, _NOW),
        "carer": Read(Actor(ActorKind.CARER, mother), child, Category.GUIDANCE, _NOW),
        "class teacher": Read(Actor(ActorKind.STAFF, uuid4(), offices), child, Category.GUIDANCE, _NOW),
        "staff elsewhere": Read(Actor(ActorKind.STAFF, uuid4(), _offices(uuid4(), None)), child, Category.REPORT, _NOW),
    }
    years = range(2018, 2027)
    scope = Scope.of(dict.fromkeys((Category.REPORT, Category.ASSESSMENT, Category.PORTFOLIO), years))
    terms = Terms(scope, Mode.STORE, _NOW + timedelta(days=365), None, Frequency.REPEATED)
    grant = Grant(uuid4(), learner, "asahi", terms, GrantState.ACTIVE, _NOW - timedelta(days=1), frozenset())
    return {
        **{f"read as {name}": partial(decide, read, policy) for name, read in reads.items()},
        "page under a grant": lambda: allows(grant, Category.REPORT, 2026, _NOW),
        "page of a dossier": lambda: allows_dossier(True, Category.GUIDANCE, Move.TRANSFER, _NOW, policy),
    }


def _offices(school: UUID, room: UUID | None) -> tuple[RoleHeld, ...]:
    classes = frozenset() if room is None else frozenset({room})
    return (RoleHeld(StaffRole.TEACHER, school, classes, date(2026, 4, 1), date(2027, 3, 31)),)
