"""Who looked, in sentences: the entries of one viewer's chain by day, said once for what happened several times.

One look at a page of several categories is one act of one person; its entries share a reference number and become one
sentence. What the same person did on the same day in the same way is one line with the times; what the reader did
is one line whatever was opened, since it is the others' looks that count here.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from consent.age import japan_day
from consent.verdict import DenialCode
from consent.vocabulary import ActorKind, Category, Relation, Text
from consent.wording import in_display_order, label, tell_reason
from pds.access_log.entries import Act, Purpose
from pds.access_log.reading import SeenEntry
from pds.look_back.deeds import AS_SHARED, BY_LAW, TOLD
from pds.look_back.words import Listing, Part, Sentence
from trust.errors import N_

_RECEIVED = {Purpose.TRANSFER.value: BY_LAW, Purpose.SHARING.value: AS_SHARED}


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom the log is told: the child, or one of its carers."""

    person: UUID
    kind: ActorKind


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence of a day. `reason` says why it was refused; `own` marks what the reader did."""

    sentence: Sentence
    refused: bool
    own: bool
    reason: Text | None
    times: tuple[datetime, ...]
    references: tuple[str, ...]
    citations: tuple[str, ...]
    signed: bool


@dataclass(frozen=True, slots=True)
class Day:
    """A day in Japan with what happened on it, the latest first."""

    day: date
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class _Deed:
    """One act as a person would tell it; everything but the moment, so that equal deeds of a day can be joined."""

    person: str | None
    who: Part
    act: str
    categories: tuple[Category, ...]
    purpose: str
    refused: bool
    reason: str | None
    whom: Part | None


def tell_days(entries: Sequence[SeenEntry], reader: Reader) -> tuple[Day, ...]:
    """Return the days of some entries, newest first, as the log hands them out."""
    days: dict[date, dict[_Deed, list[SeenEntry]]] = {}
    for group in _acts(entries):
        deeds = days.setdefault(japan_day(group[0].at), {})
        deeds.setdefault(_deed(group, reader), []).extend(group)
    return tuple(
        Day(day, tuple(_line(deed, found, reader) for deed, found in deeds.items())) for day, deeds in days.items()
    )


def _acts(entries: Iterable[SeenEntry]) -> Iterator[list[SeenEntry]]:
    """Put together the entries that one request of one person left."""
    acts: dict[tuple[Any, ...], list[SeenEntry]] = {}
    for seen in entries:
        entry = seen.entry
        key = (entry["reference"], entry["act"], entry["who"]["person"], entry["outcome"], entry["reason"])
        acts.setdefault(key, []).append(seen)
    yield from acts.values()


def _deed(group: Sequence[SeenEntry], reader: Reader) -> _Deed:
    entry = group[0].entry
    refused, own = entry["outcome"] == "refused", entry["who"]["person"] == str(reader.person)
    named = {Category(seen.entry["category"]) for seen in group if seen.entry["category"]}
    return _Deed(
        person=entry["who"]["person"],
        who=_who(entry["who"], reader),
        act=Act.RECORD_READ if entry["act"] == Act.OVERVIEW_READ else entry["act"],
        categories=() if own and not refused else tuple(in_display_order(named)),
        purpose=entry["purpose"],
        refused=refused,
        reason=entry["reason"] if refused else None,
        whom=_whom(entry, reader) if "concerns" in entry else None,
    )


def _line(deed: _Deed, found: Sequence[SeenEntry], reader: Reader) -> Line:
    named = {Category(seen.entry["category"]) for seen in found if seen.entry["category"]}
    moments = {seen.entry["reference"]: seen.at for seen in reversed(found)}
    return Line(
        sentence=_sentence(deed, in_display_order(named)),
        refused=deed.refused,
        own=deed.person == str(reader.person),
        reason=tell_reason(DenialCode(deed.reason)) if deed.reason else None,
        times=tuple(sorted(moments.values())),
        references=tuple(moments),
        citations=tuple(dict.fromkeys(seen.entry["citation"] for seen in found if seen.entry["citation"])),
        signed=all(seen.sequenced for seen in found),
    )


def _sentence(deed: _Deed, categories: Sequence[Category]) -> Sentence:
    what: Part = Listing(tuple(Sentence(N_("“%(category)s”"), {"category": label(item)}) for item in categories))
    if not categories:
        what = Sentence(N_("the record"))
    params: dict[str, Part] = {"who": deed.who, "what": what}
    telling = TOLD.get(Act(deed.act)) if deed.act in list(Act) else None
    if deed.act == Act.DOCUMENT_PULLED and not deed.refused and deed.purpose in _RECEIVED:
        return Sentence(_RECEIVED[deed.purpose], params)
    if telling is not None:
        return Sentence(telling.tried if deed.refused else telling.done, params)
    if deed.act == Act.CODE_ISSUED and deed.whom is not None:
        return Sentence(
            N_("%(who)s tried to issue a code for signing in to %(whom)s.")
            if deed.refused
            else N_("%(who)s issued a code for signing in to %(whom)s."),
            {"who": deed.who, "whom": deed.whom},
        )
    if deed.act != Act.RECORD_READ:
        return Sentence(N_("%(who)s used the record."), params)
    if deed.refused:
        return Sentence(N_("%(who)s tried to look at %(what)s."), params)
    if deed.purpose == Purpose.SCHOOL_WORK:
        return Sentence(N_("%(who)s looked at %(what)s, for the work of the school."), params)
    if deed.purpose == Purpose.OPERATION:
        return Sentence(N_("%(who)s looked at %(what)s, to keep the service running."), params)
    return Sentence(N_("%(who)s looked at %(what)s."), params)


def _who(who: dict[str, Any], reader: Reader) -> Part:
    """Name the person as this reader knows them; staff by school and office, never by name."""
    if who["person"] == str(reader.person):
        return Sentence(N_("You"))
    match ActorKind(who["kind"]):
        case ActorKind.LEARNER if who["relation"] == Relation.SELF:
            return Sentence(N_("Your child"))
        case ActorKind.LEARNER:
            return Sentence(N_("Another pupil"))
        case ActorKind.CARER if who["relation"] == Relation.CARER:
            if reader.kind is ActorKind.LEARNER:
                return Sentence(N_("Your parent or carer"))
            return Sentence(N_("Another carer of the child"))
        case ActorKind.CARER:
            return Sentence(N_("Someone signed in as a carer"))
        case ActorKind.ORGANISATION if who["organisation_name"]:
            return str(who["organisation_name"])
        case kind:
            office = label(Relation(who["relation"])) if who["relation"] else label(kind)
            if not who["organisation_name"]:
                return office
            return Sentence(N_("%(office)s of %(place)s"), {"office": office, "place": who["organisation_name"]})


def _whom(entry: dict[str, Any], reader: Reader) -> Part:
    """Name for whom a code was: the reader, the child, or another, of whom a carer learns no more than that."""
    if entry["concerns"] == str(reader.person):
        return Sentence(N_("you"))
    if entry["concerns"] == entry["learner"]:
        return Sentence(N_("your child"))
    if reader.kind is ActorKind.LEARNER and entry["outcome"] == "allowed":
        return Sentence(N_("your parent or carer"))
    return Sentence(N_("another person"))
