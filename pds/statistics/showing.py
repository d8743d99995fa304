"""The words of a plan and of a round: states, problems with their remedy, grades and sexes by the forms' own names."""

from dataclasses import dataclass
from typing import Final

from aggregator.plans.model import Plan, Words
from aggregator.reporter import errors
from consent.vocabulary import Text
from pds.look_back.forms import find_form
from pds.look_back.words import Sentence
from pds.statistics import facts, reading
from pds.statistics.seen import SeenRound
from trust.errors import N_, ManabiError

_GUIDANCE: Final = "urn:manabi:schema:guidance:1"
_ENROLMENT: Final = "urn:manabi:schema:enrolment:1"
_KNOWN: Final[dict[str, type[ManabiError]]] = {
    kind.code: kind
    for kind in (
        errors.FactRefused, errors.NoiseUnfit, errors.NotAnnounced, errors.BudgetReached, errors.CountedAlready,
        errors.ServerOutOfReach, errors.ServerRefused, facts.PlanNotUnderstood, facts.RecordUnreadable,
        reading.SchoolOutOfPlace, reading.KeyLost,
    )
}  # fmt: skip
_UNKNOWN: Final = (
    N_("The report could not be made (%(code)s)."),
    N_("Nothing was sent. Ask the makers of this software, and name the code."),
)


@dataclass(frozen=True, slots=True)
class Situation:
    """Where a node's part in a round is: in words, and how urgent."""

    words: Sentence
    level: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """What keeps a node from reporting, and what to do."""

    title: Sentence
    remedy: Sentence


def text_of(words: Words) -> Text:
    """Return a plan's words as pages say them."""
    return Text(words.ja, words.plain, words.en)


def grade_label(code: str) -> Text:
    """Return the name of a grade."""
    return find_form(_GUIDANCE).inner("grade").codes[code]


def sex_label(code: str) -> Text | str:
    """Return how the register names a sex."""
    return find_form(_ENROLMENT).inner("learner").inner("sex").codes.get(code, code)


def kind_label(plan: Plan) -> Sentence:
    """Return in one sentence what a plan counts."""
    return Sentence(
        N_("Children who were not at school on %(days)s days or more in the year"), {"days": plan.fact.at_least}
    )


def situation_of(seen: SeenRound) -> Situation:
    """Return where the node's part in a round is; a problem comes first."""
    report = seen.report
    if seen.problem is not None:
        return Situation(Sentence(N_("Something is in the way")), "error")
    if report is None:
        closed = seen.state not in ("open", "collecting")
        if closed:
            return Situation(Sentence(N_("Closed without a report of this service")), "none")
        return Situation(Sentence(N_("Not reported yet")), "info")
    match report.state:
        case "prepared":
            return Situation(Sentence(N_("Ready, on its way to both servers")), "info")
        case "sent":
            return Situation(Sentence(N_("Both servers have it")), "success")
        case "settled":
            return Situation(Sentence(N_("Counted")), "success")
    return Situation(Sentence(N_("Not counted: it had not reached both servers in time")), "warning")


def trouble_of(seen: SeenRound) -> Trouble | None:
    """Return what keeps the node from reporting to a round, in the words of the error."""
    if seen.problem is None:
        return None
    code, params = str(seen.problem["code"]), dict(seen.problem.get("params") or {})
    known = _KNOWN.get(code)
    if known is None:
        return Trouble(Sentence(_UNKNOWN[0], {"code": code}), Sentence(_UNKNOWN[1]))
    return Trouble(Sentence(known.title, params), Sentence(known.remedy, params))
