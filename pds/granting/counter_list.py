"""What waits at the counter: requests without an answer, and entered answers that need a second person."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from consent.vocabulary import Text
from consent.wording import in_display_order, label
from pds.granting.choices import last_day_of, say_years
from pds.granting.wording import Line
from pds.look_back.words import Sentence, same_everywhere
from pds.people.details import Name
from pds.people.service import KnownChild
from pds.sharing.counter import CounterView, Entered
from trust.errors import N_

ADDRESS = "/staff/decisions"


@dataclass(frozen=True, slots=True)
class ToEnter:
    """A request whose answer may be entered."""

    child: Text
    school: str
    answer_by: date
    address: str


@dataclass(frozen=True, slots=True)
class ToCheck:
    """An entered answer; `own` where the reader entered it."""

    child: Text
    school: str
    person: Text
    address: str
    own: bool


@dataclass(frozen=True, slots=True)
class CounterList:
    """Both lists, the earliest deadline first."""

    to_enter: tuple[ToEnter, ...]
    to_check: tuple[ToCheck, ...]


def build_list(
    found: Iterable[tuple[KnownChild, CounterView]], names: Mapping[UUID, Name], reader: UUID
) -> CounterList:
    """Return what waits for whoever is at the counter."""
    ordered = sorted(found, key=lambda pair: pair[1].request.expires_at)
    to_enter = [
        ToEnter(
            same_everywhere(child.details.name.shown),
            view.request.recipient.school_name,
            last_day_of(view.request.expires_at),
            address_of(view),
        )
        for child, view in ordered
        if view.request.waiting_for - {one.person for one in view.entered}
    ]
    to_check = [
        ToCheck(
            same_everywhere(child.details.name.shown),
            view.request.recipient.school_name,
            name_of(names, one.person),
            f"{address_of(view)}/{one.person}",
            one.entered_by == reader,
        )
        for child, view in ordered
        for one in view.entered
    ]
    return CounterList(tuple(to_enter), tuple(to_check))


def address_of(view: CounterView) -> str:
    """Return where an answer to a request is entered."""
    return f"{ADDRESS}/{view.request.learner}/{view.request.request_id}"


def name_of(names: Mapping[UUID, Name], person: UUID) -> Text:
    """Return somebody's name with its readings."""
    return same_everywhere(names[person].shown if person in names else "—")


def lines_of(view: CounterView, entered: Entered, decider: Text, entered_by: str) -> tuple[Line, ...]:
    """Return what was entered, line by line."""
    kept = entered.kept
    lines = [
        Line(Sentence(N_("To whom")), view.request.recipient.school_name),
        Line(Sentence(N_("Who decided")), decider),
        Line(Sentence(N_("By which way")), label(entered.channel)),
        Line(Sentence(N_("Answer")), Sentence(N_("Do not share") if kept is None else N_("Share"))),
    ]
    if kept is not None:
        scope = kept.scope
        lines += [Line(label(one), say_years(scope.years(one))) for one in in_display_order(scope.categories)]
        lines.append(Line(Sentence(N_("Until when")), last_day_of(kept.until)))
    lines.append(Line(Sentence(N_("A word to the school")), entered.comment or Sentence(N_("None"))))
    lines.append(Line(Sentence(N_("Entered by")), entered_by))
    return tuple(lines)
