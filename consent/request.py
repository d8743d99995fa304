"""A request for a child's records, the answers of those who decide, and what they settle on together.

Answers are independent: what is settled does not depend on the order in which they came. An answer can strike and
shorten what was asked, never widen it; one refusal ends the request, since any one holder may narrow alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from uuid import UUID

from consent.authority import Deciders
from consent.scope import Terms
from consent.vocabulary import Move, PurposeCode, RequestState

__all__ = [
    "Agreed",
    "Answer",
    "AskedRequest",
    "Expired",
    "Refused",
    "RequestState",
    "Settlement",
    "Waiting",
    "settle",
    "state_after",
]


@dataclass(frozen=True, slots=True)
class AskedRequest:
    """What was asked, for which move and purpose, and until when it may be answered (``expires_at`` is exclusive)."""

    asked: Terms
    move: Move
    purpose: PurposeCode
    lodged_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """What one person decided: the terms they keep of those asked, or None for no."""

    person: UUID
    kept: Terms | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """Not settled yet: these people have not answered. Empty where nobody can decide."""

    for_: frozenset[UUID]


@dataclass(frozen=True, slots=True)
class Agreed:
    """Everyone needed said yes; ``in_part`` where less than what was asked is opened."""

    terms: Terms
    in_part: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """Somebody said no, or nothing is left of what each of them kept."""

    by: UUID


@dataclass(frozen=True, slots=True)
class Expired:
    """Time ran out before everyone needed had answered."""


Settlement = Waiting | Agreed | Refused | Expired


def settle(request: AskedRequest, answers: Iterable[Answer], deciders: Deciders, at: datetime) -> Settlement:
    """What the answers given by ``at`` come to. Answers of others than the ``deciders`` and late ones do not count.

    Of several answers of one person the last counts, of simultaneous ones the narrowest. A request is settled once:
    whoever changes their mind afterwards narrows the grant.
    """
    given = _standing(request, answers, deciders, at)
    refusing = min((a for a in given.values() if _refuses(a, request)), key=_when, default=None)
    if refusing is not None:
        return Refused(refusing.person)
    missing = _missing(deciders, given)
    if missing or deciders.nobody:
        return Expired() if at >= request.expires_at else Waiting(missing)
    agreed = reduce(Terms.meet, (a.kept for a in given.values() if a.kept is not None), request.asked)
    last = max(given.values(), key=_when)
    if agreed.scope.is_empty or agreed.until <= last.at:
        return Refused(last.person)
    return Agreed(agreed, in_part=agreed != request.asked)


def state_after(settlement: Settlement, before: RequestState) -> RequestState:
    """The state a settlement brings a request into that stood in ``before``; a waiting one stays."""
    match settlement:
        case Agreed(in_part=in_part):
            return RequestState.GRANTED_IN_PART if in_part else RequestState.GRANTED
        case Refused():
            return RequestState.REFUSED
        case Expired():
            return RequestState.EXPIRED
        case _:  # Waiting
            return before


def _standing(request: AskedRequest, answers: Iterable[Answer], deciders: Deciders, at: datetime) -> dict[UUID, Answer]:
    """The answer of each decider that counts."""
    standing: dict[UUID, Answer] = {}
    for answer in answers:
        if answer.person not in deciders.everyone or answer.at > at or answer.at >= request.expires_at:
            continue
        earlier = standing.get(answer.person)
        if earlier is None or earlier.at < answer.at:
            standing[answer.person] = answer
        elif earlier.at == answer.at:
            standing[answer.person] = _narrower(earlier, answer)
    return standing


def _narrower(one: Answer, other: Answer) -> Answer:
    kept = None if one.kept is None or other.kept is None else one.kept.meet(other.kept)
    return Answer(one.person, kept, one.at)


def _refuses(answer: Answer, request: AskedRequest) -> bool:
    """Whether an answer leaves nothing of what was asked."""
    return answer.kept is None or answer.kept.until <= answer.at or answer.kept.meet(request.asked).scope.is_empty


def _missing(deciders: Deciders, given: dict[UUID, Answer]) -> frozenset[UUID]:
    """Those whose answer is still needed; where any one carer suffices, all of them until one has answered."""
    missing = deciders.everyone - given.keys()
    if deciders.any_carer and not deciders.carers.isdisjoint(given.keys()):
        return missing - deciders.carers
    return missing


def _when(answer: Answer) -> tuple[datetime, UUID]:
    return answer.at, answer.person
