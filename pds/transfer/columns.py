"""What was asked, what was allowed, what came: a row for each kind of record, and the proof of it in words."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from consent.scope import Scope, Terms
from consent.vocabulary import Category
from consent.wording import in_display_order, label
from pds.look_back.words import Listing, Part, SchoolYear, Sentence
from pds.sharing.copies import COMMENT
from pds.transfer.documents import Fault
from pds.transfer.incoming_views import IncomingView, ReceivedRow
from pds.transfer.reading import ReceivedDocumentView
from pds.transfer.states import ConsentState
from trust.errors import N_

_NOTHING: Final = "–"
_CLOSED: Final = Sentence(N_("not disclosed"))
_ANSWERS: Final = {
    ConsentState.NONE: Sentence(N_("not asked yet")),
    ConsentState.PENDING: Sentence(N_("in progress")),
    ConsentState.REFUSED: Sentence(N_("not allowed")),
    ConsentState.GRANTED: Sentence(N_("not allowed")),
    ConsentState.GRANTED_IN_PART: Sentence(N_("not allowed")),
    ConsentState.EXPIRED: Sentence(N_("no answer in time")),
    ConsentState.ENDED: Sentence(N_("ended")),
}
"""What stands in the middle column of a kind that is not (or no longer) allowed."""


@dataclass(frozen=True, slots=True)
class ShownDocument:
    """A document as a cell names it. `erased` tells when its content went."""

    doc: UUID
    version: int
    school_year: int
    erased: datetime | None


@dataclass(frozen=True, slots=True)
class ColumnRow:
    """One kind of record in the three columns."""

    kind: Part
    by_law: bool
    asked: Part
    granted: Part
    documents: tuple[ShownDocument, ...]
    note: Part | None


def build_columns(case: IncomingView, statutory: Collection[Category]) -> tuple[ColumnRow, ...]:
    """Return a row for every kind that was asked for, came, or is withheld; the family's comment is the last."""
    withheld = withheld_years(case)
    came = {Category(one.category) for one in case.received if one.category in list(Category)}
    named = {*_scope(case.asked).categories, *came, *withheld}
    rows = [_row(case, category, category in statutory, withheld) for category in in_display_order(named)]
    comments = _documents(case, COMMENT)
    if comments:
        rows.append(ColumnRow(name_kind(COMMENT), False, _NOTHING, _NOTHING, comments, None))
    return tuple(rows)


def withheld_years(case: IncomingView) -> dict[Category, tuple[int, ...]]:
    """Return the kinds that exist at the old school and stay closed, with the years; why is told to nobody here."""
    return {
        Category(one["category"]): tuple(one.get("school_years", ()))
        for one in case.withheld
        if one.get("category") in list(Category)
    }


def say_years(years: Iterable[int]) -> Part:
    """Say school years as short as they can be said: 2021年度から2024年度まで, 2026年度."""
    runs: list[list[int]] = []
    for year in sorted(set(years)):
        if runs and runs[-1][-1] == year - 1:
            runs[-1].append(year)
        else:
            runs.append([year])
    return Listing(tuple(_run(run) for run in runs)) if runs else _NOTHING


def check_signatures(documents: Sequence[ReceivedRow]) -> tuple[Sentence, ...]:
    """Say for each school whose documents are here that its signature was checked, and against what."""
    kept = sorted(newest(documents), key=lambda one: (one.issuer_name, one.signed_by))
    kept = [one for one in kept if one.erased_at is None]
    return tuple(
        _signed(name, len(list(found)))
        for (name, _), found in groupby(kept, key=lambda one: (one.issuer_name, one.signed_by))
    )


def tell_signatures(opened: ReceivedDocumentView) -> tuple[Sentence, ...]:
    """Say of one document whose signature it bears, and whose the copies bear that an earlier school had sent along."""
    sender, *earlier = opened.chain
    first = Sentence(
        N_("%(school)s signed it. The signature was checked just now: nobody has changed it since."),
        {"school": sender.school_name},
    )
    enclosed = N_("Enclosed is the copy that %(school)s had sent before; that signature was checked as well.")
    return (first, *(Sentence(enclosed, {"school": link.school_name}) for link in earlier))


def newest(documents: Iterable[ReceivedRow]) -> list[ReceivedRow]:
    """Return each document once, in the newest version that came."""
    found: dict[UUID, ReceivedRow] = {}
    for one in documents:
        if one.doc not in found or found[one.doc].version < one.version:
            found[one.doc] = one
    return list(found.values())


def name_documents(announced: Iterable[Mapping[str, Any]]) -> dict[str, Part]:
    """Return how to call each document of a manifest: its kind and school year."""
    return {
        str(one.get("doc")): Sentence(
            N_("%(kind)s of %(year)s"),
            {"kind": name_kind(str(one.get("category"))), "year": SchoolYear(one["school_year"])},
        )
        for one in announced
        if isinstance(one.get("school_year"), int)
    }


def name_kind(category: str) -> Part:
    """Return what a kind of document is called, the family's own comment included."""
    if category == COMMENT:
        return Sentence(N_("Comment of the family"))
    return label(Category(category)) if category in list(Category) else category


def tell_problems(problems: Iterable[Mapping[str, Any]], names: Mapping[str, Part]) -> tuple[Part, ...]:
    """Return what did not verify, a line each: which document, and what was wrong with it."""
    return tuple(_problem(one, names) for one in problems if one.get("code") not in _HINDRANCES)


def tell_hindrance(problems: Iterable[Mapping[str, Any]]) -> Part | None:
    """Return why the request does not get through to the old school, if it does not."""
    found = next((one for one in problems if one.get("code") in _HINDRANCES), None)
    if found is None:
        return None
    return Sentence(_HINDRANCES[str(found["code"])], {"reason": str(found.get("reason", ""))})


def _row(
    case: IncomingView, category: Category, by_law: bool, withheld: Mapping[Category, tuple[int, ...]]
) -> ColumnRow:
    documents = _documents(case, category)
    asked, granted = _scope(case.asked).years(category), _scope(case.granted).years(category)
    allowed = Sentence(N_("needs no consent")) if by_law else _allowed(case, granted)
    note: Part | None = None
    if category in withheld:
        closed = say_years(withheld[category])
        note = Sentence(N_("not disclosed: %(years)s"), {"years": closed}) if withheld[category] else _CLOSED
    elif not documents and (granted or by_law) and case.row.closed_at is None:
        note = Sentence(N_("still to come"))
    elif not documents and case.row.closed_at is not None:
        note = Sentence(N_("nothing came"))
    return ColumnRow(label(category), by_law, say_years(asked), allowed, documents, note)


def _allowed(case: IncomingView, granted: Sequence[int]) -> Part:
    """Say which years are allowed. What was struck stays "not allowed" when the rest has ended."""
    if case.granted is not None and not granted:
        return _ANSWERS[ConsentState.GRANTED]
    return say_years(granted) if granted and case.row.consent is not ConsentState.ENDED else _ANSWERS[case.row.consent]


def _documents(case: IncomingView, category: str) -> tuple[ShownDocument, ...]:
    return tuple(
        ShownDocument(one.doc, one.version, one.school_year, one.erased_at)
        for one in newest(case.received)
        if one.category == category
    )


def _scope(terms: Terms | None) -> Scope:
    return Scope() if terms is None else terms.scope


def _run(run: Sequence[int]) -> Part:
    if len(run) == 1:
        return SchoolYear(run[0])
    return Sentence(N_("%(first)s to %(last)s"), {"first": SchoolYear(run[0]), "last": SchoolYear(run[-1])})


def _signed(school: str, count: int) -> Sentence:
    return Sentence(
        N_(
            "%(count)s document carries the signature of %(school)s. "
            "It was checked on arrival with the key that the registry lists: nobody has changed it."
        ),
        {"school": school},
        count,
        "%(count)s documents carry the signature of %(school)s. "
        "They were checked on arrival with the key that the registry lists: nobody has changed them.",
    )


_HINDRANCES: Final[Mapping[str, str]] = {
    "out_of_reach": N_("The old school's service does not answer (%(reason)s). It is tried again by itself."),
    "refused": N_("The old school's service refused the request (%(reason)s). Ask again, or tell your operator."),
}
_FAULTS: Final[Mapping[str, str]] = {
    Fault.UNKNOWN_SCHOOL: N_("the registry knows no such school there"),
    Fault.UNKNOWN_KEY: N_("it is signed with a key that the registry does not list"),
    Fault.SIGNATURE: N_("the signature does not fit the content"),
    Fault.HASH: N_("the content is not the one that was announced"),
    Fault.OTHER_RECIPIENT: N_("it was made for another school"),
    Fault.OTHER_DOCUMENT: N_("it is another document or version than was listed"),
    Fault.FORM: N_("it does not keep to the published form"),
    Fault.NOT_GRANTED: N_("it is more than was allowed, so it was not kept"),
    Fault.FILE_HASH: N_("a file of it is damaged"),
    Fault.FILE_SIZE: N_("a file of it has another size than was stated"),
    Fault.MISSING: N_("it was announced and did not come"),
}


def _problem(one: Mapping[str, Any], names: Mapping[str, Part]) -> Part:
    code = str(one.get("code", ""))
    what: Part = Sentence(_FAULTS[code]) if code in _FAULTS else code
    place = names.get(str(one.get("doc", ""))) or Sentence(N_("A document"))
    return Sentence(N_("%(place)s: %(what)s."), {"place": place, "what": what})
