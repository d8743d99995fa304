"""What the policy files on moving records say, read into values: lanes, purposes, school days, weight of acts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from consent.policy import faults
from consent.policy.model import (
    ActRule,
    CitationKind,
    Closure,
    LaneRule,
    PurposeRule,
    Review,
    SchoolCalendar,
)
from consent.policy.reading import Entry
from consent.policy.sections import Citations, read_sources, refuse_repeats
from consent.verdict import Allowed
from consent.vocabulary import ActClass, Category, Lane, Move, PurposeCode, Relation, Text

DAYS_OF_THE_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
"""In the order of ``date.weekday``."""

_LONGEST_CLOSURE = 183
_LONGEST_REVIEW = 30


@dataclass(frozen=True, slots=True)
class Lanes:
    """On what ground what moves, and how long the family may look before."""

    lanes: tuple[LaneRule, ...]
    review: Review


def read_lanes(entry: Entry, citations: Citations) -> Lanes:
    """The lanes, each category at most once per move, and the review period."""
    parts = entry.fields(("lanes", "review"))
    refuse_repeats(parts["lanes"], "rule")
    lanes: dict[tuple[Category, Move], LaneRule] = {}
    for item in parts["lanes"].items():
        for rule in _read_lane(item, citations):
            if (rule.category, rule.move) in lanes:
                raise faults.PolicyEntryRepeated(place=item.place, value=f"{rule.category}, {rule.move}")
            lanes[rule.category, rule.move] = rule
    review = parts["review"].fields(("school_days", "citations"))
    days = review["school_days"].number()
    if days > _LONGEST_REVIEW:
        raise faults.PolicyShapeWrong(
            place=review["school_days"].place, value=str(days), expected=f"at most {_LONGEST_REVIEW} school days"
        )
    return Lanes(tuple(lanes.values()), Review(days, read_sources(review["citations"], citations)))


def _read_lane(entry: Entry, citations: Citations) -> list[LaneRule]:
    """One rule for each of the moves an item names."""
    parts = entry.fields(("rule", "category", "moves", "lane", "citations"), ("incoming_only",))
    category, lane, rule = parts["category"].member(Category), parts["lane"].member(Lane), parts["rule"].text()
    moves = [item.member(Move) for item in parts["moves"].items()]
    incoming_only = "incoming_only" in parts and parts["incoming_only"].truth()
    sources = read_sources(parts["citations"], citations)
    if not moves:
        raise faults.PolicyEntryMissing(place=parts["moves"].place, value=Move.TRANSFER)
    by_law = any(source.kind in (CitationKind.LAW, CitationKind.ORDINANCE) for source in sources)
    if lane is Lane.STATUTORY and not (by_law and _TO_ANOTHER_SCHOOL.issuperset(moves)):
        raise faults.PolicyLaneForbidden(place=entry.place, value=category)
    allowed = Allowed(Relation.NEXT_SCHOOL, rule, "、".join(source.ja for source in sources))
    return [LaneRule(rule, category, move, lane, incoming_only, sources, allowed) for move in moves]


def read_purposes(entry: Entry, citations: Citations) -> Mapping[PurposeCode, PurposeRule]:
    """Every purpose, none left out."""
    return {purpose: _read_purpose(purpose, part, citations) for purpose, part in entry.every(PurposeCode).items()}


def _read_purpose(purpose: PurposeCode, entry: Entry, citations: Citations) -> PurposeRule:
    parts = entry.fields(("sentence", "moves", "dpv", "citations"))
    moves = frozenset(item.member(Move) for item in parts["moves"].items())
    if not moves:
        raise faults.PolicyEntryMissing(place=parts["moves"].place, value=Move.TRANSFER)
    sources = read_sources(parts["citations"], citations)
    return PurposeRule(purpose, parts["sentence"].wording(), moves, parts["dpv"].text(), sources)


def read_calendar(entry: Entry, citations: Citations) -> SchoolCalendar:
    """Weekends, national holidays and closed periods; refused where no school day is left in sight."""
    parts = entry.fields(("weekend", "holidays", "closed", "citations"))
    calendar = SchoolCalendar(
        weekend=frozenset(_read_weekday(item) for item in parts["weekend"].items()),
        holidays=_read_holidays(parts["holidays"]),
        closures=tuple(_read_closure(item) for item in parts["closed"].items()),
        citations=read_sources(parts["citations"], citations),
    )
    longest = sum(_length(closure) for closure in calendar.closures)
    if len(calendar.weekend) == len(DAYS_OF_THE_WEEK) or longest > _LONGEST_CLOSURE:
        raise faults.PolicyNeverOpen(place=entry.place)
    return calendar


def _read_weekday(entry: Entry) -> int:
    try:
        return DAYS_OF_THE_WEEK.index(entry.text())
    except ValueError:
        known = ", ".join(DAYS_OF_THE_WEEK)
        raise faults.PolicyNameUnknown(place=entry.place, value=entry.text(), known=known) from None


def _read_holidays(entry: Entry) -> Mapping[date, Text]:
    holidays: dict[date, Text] = {}
    for item in entry.items():
        parts = item.fields(("day", "name"))
        day = parts["day"].day()
        if day in holidays:
            raise faults.PolicyEntryRepeated(place=item.place, value=day.isoformat())
        holidays[day] = parts["name"].wording()
    return holidays


def _read_closure(entry: Entry) -> Closure:
    parts = entry.fields(("from", "to", "name"))
    return Closure(parts["from"].month_day(), parts["to"].month_day(), parts["name"].wording())


def _length(closure: Closure) -> int:
    """Days of a closed period in a leap year."""
    begin, end = date(2000, *closure.begin), date(2000, *closure.end)
    return (end - begin).days + 1 if begin <= end else (end - begin).days + 367


def read_acts(entry: Entry, citations: Citations) -> Mapping[Category, ActRule]:
    """How weighty it is to open each category: as listed, otherwise as the file says for the rest."""
    parts = entry.fields(("otherwise", "acts"))
    rest = parts["otherwise"].fields(("act", "citations"))
    act, sources = rest["act"].member(ActClass), read_sources(rest["citations"], citations)
    acts = {category: ActRule(category, act, sources) for category in Category}
    refuse_repeats(parts["acts"], "category")
    for item in parts["acts"].items():
        said = item.fields(("category", "act", "citations"))
        category = said["category"].member(Category)
        acts[category] = ActRule(category, said["act"].member(ActClass), read_sources(said["citations"], citations))
    return acts


_TO_ANOTHER_SCHOOL = frozenset({Move.TRANSFER, Move.PROMOTION, Move.ADMISSION})
