"""On what ground each category moves with a child, and how long a family may look before the law sends it.

Lanes, review period and school days are policy data (``lanes.json``, ``school_days.json``). Fixed here: what no rule
lists is forbidden, and the review runs in whole school days of Japan, the opening day not counted.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from consent.age import japan_day, japan_midnight
from consent.policy.model import Policy
from consent.vocabulary import Category, Lane, Move

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Arrangement:
    """The categories of a request by what the family can do about them, each in the order of the vocabulary.

    ``statutory``: read and comment; ``choosable``: theirs to give; ``closed``: not moved at all, listed by name alone.
    """

    statutory: tuple[Category, ...]
    choosable: tuple[Category, ...]
    closed: tuple[Category, ...]


def lane_of(category: Category, move: Move, at: datetime, policy: Policy, *, incoming: bool = False) -> Lane:
    """On what ground ``category`` goes with ``move``; forbidden where no rule in force lists it.

    Said for the school that sends, or with ``incoming`` for the one that receives: some categories (``early_years``)
    schools receive and never send.
    """
    edition = policy.at(at)
    rule = None if edition is None else edition.lanes.get((category, move))
    return Lane.FORBIDDEN if rule is None or (rule.incoming_only and not incoming) else rule.lane


def arrange(categories: Iterable[Category], move: Move, at: datetime, policy: Policy) -> Arrangement:
    """Sort what was asked for by lane. ``on_application`` is choosable for an application and closed otherwise."""
    asked = frozenset(categories)
    lanes = {category: lane_of(category, move, at, policy) for category in Category if category in asked}
    choosable = {Lane.CONSENT, Lane.OPT_OUT} | ({Lane.ON_APPLICATION} if move is Move.APPLICATION else set())
    return Arrangement(
        statutory=tuple(category for category, lane in lanes.items() if lane is Lane.STATUTORY),
        choosable=tuple(category for category, lane in lanes.items() if lane in choosable),
        closed=tuple(c for c, lane in lanes.items() if lane is not Lane.STATUTORY and lane not in choosable),
    )


def is_school_day(day: date, policy: Policy) -> bool:
    """Whether schools are open on ``day``: no weekend, holiday or closed period of the calendar in force then.

    A day for which no calendar is in force counts as one, so that no period grows without an end.
    """
    edition = policy.on(day)
    return edition is None or edition.calendar.is_open(day)


def review_ends(opened_at: datetime, policy: Policy) -> datetime:
    """When the family's review of a dossier opened at ``opened_at`` ends: an exclusive instant, midnight in Japan.

    The opening day is not counted (民法140条). Ends at once, at ``opened_at``, where no rule is in force.
    """
    edition = policy.at(opened_at)
    if edition is None:
        return opened_at
    day, left = japan_day(opened_at), edition.review.school_days
    while left:
        day += _ONE_DAY
        left -= is_school_day(day, policy)
    return japan_midnight(day + _ONE_DAY)
