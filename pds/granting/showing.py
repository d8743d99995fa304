"""What the family's pages of a request show: who asks, what the law moves, what may be chosen, what it comes to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from consent.age import age_band, grade_of, year_of_schooling
from consent.authority import act_class_of, deciders
from consent.decision import Actor, Read, decide
from consent.policy.model import Policy
from consent.verdict import Allowed
from consent.visibility import handling_of
from consent.vocabulary import AgeBand, Category, RequestState, SchoolStage, Text
from consent.wording import in_display_order, label
from pds.granting.choices import Choice, kept_terms, last_day_of, say_sum, say_years
from pds.granting.wording import Question
from pds.look_back.forms import find_form
from pds.look_back.saying import say_bare
from pds.look_back.words import Part, Sentence, same_everywhere
from pds.people.service import KnownChild
from pds.sharing.parties import Recipient
from pds.sharing.requests import RequestView
from trust.errors import N_
from trust.registry import Registry

_STAGE_LETTER = {SchoolStage.ELEMENTARY: "P", SchoolStage.JUNIOR_HIGH: "J", SchoolStage.SENIOR_HIGH: "H"}


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, by the registry; `operator` and `registry` are None where the registry no longer has the school."""

    name: str
    code: str
    operator: str | None
    registry: int | None


@dataclass(frozen=True, slots=True)
class YearOption:
    """A school year that may be ticked, with the grade the child was in by age."""

    year: int
    grade: Text | None
    ticked: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """One category that may be shared: what it is called, what is in it, which years are asked for, what is ticked."""

    category: Category
    label: Text
    content: Text
    asked: Part
    years: tuple[YearOption, ...]
    taken: bool
    narrowed: bool
    may_look: bool


@dataclass(frozen=True, slots=True)
class ByLaw:
    """One category that the law moves."""

    label: Text
    content: Text


@dataclass(frozen=True, slots=True)
class Sum:
    """The sum in words now, and the patterns from which a script says it while ticks change."""

    now: Part
    none: str
    some: str
    run: str
    year: str
    day: str


@dataclass(frozen=True, slots=True)
class Banner:
    """What stands above a request that needs no answer from the reader, or not any more."""

    title: Sentence
    kind: str
    text: Sentence | None = None


@dataclass(frozen=True, slots=True)
class RequestPage:
    """The page of a request for one reader."""

    address: str
    asker: Asker
    purpose: Text
    answer_by: date
    statutory: tuple[ByLaw, ...]
    citations: tuple[str, ...]
    review_until: date | None
    rows: tuple[Offer, ...]
    may_choose: bool
    who_decides: Sentence
    banner: Banner | None
    last_day: str
    asked_until: date
    comment: str
    sum: Sum


def find_asker(recipient: Recipient, registry: Registry | None) -> Asker:
    """Return a school as the registry in force names it; without one, by the name of the day it asked."""
    found = None if registry is None else registry.school(recipient.school_code)
    if registry is None or found is None or found[0].id != recipient.client_id:
        return Asker(recipient.school_name, recipient.school_code, None, None)
    participant, school = found
    return Asker(school.name, recipient.school_code, participant.name, registry.version)


def name_schools(registry: Registry | None) -> Callable[[Recipient], Asker]:
    """Return how recipients are named under a registry."""
    return lambda recipient: find_asker(recipient, registry)


def may_decide(view: RequestView, person: UUID) -> bool:
    """Tell whether a person's answer is awaited, or may still be changed because somebody else's is."""
    if not view.is_open or view.choosable.is_empty:
        return False
    changeable = view.mine is not None and view.mine.counts and bool(view.waiting_for)
    return person in view.waiting_for or changeable


def build_request(
    view: RequestView, child: KnownChild, asker: Asker, choice: Choice, actor: Actor, policy: Policy, now: datetime
) -> RequestPage:
    """Return the page of a request for somebody of the family."""
    person = actor.person
    assert person is not None  # noqa: S101  whoever is signed in is a person
    may_choose = may_decide(view, person)
    reviewing = view.dossier is not None and view.dossier.state == "reviewing" and now < view.dossier.review_until
    return RequestPage(
        address=address_of(view),
        asker=asker,
        purpose=purpose_of(view, policy, now),
        answer_by=last_day_of(view.expires_at),
        statutory=tuple(ByLaw(label(one), content_of(one, policy, now)) for one in in_display_order(view.statutory)),
        citations=_citations(view, policy, now),
        review_until=last_day_of(view.dossier.review_until) if reviewing and view.dossier is not None else None,
        rows=build_offers(view, child, choice, actor, policy, now),
        may_choose=may_choose,
        who_decides=_who_decides(view, child, person, policy, now),
        banner=_banner(view, person),
        last_day="" if choice.last_day is None else choice.last_day.isoformat(),
        asked_until=last_day_of(view.asked.until),
        comment=choice.comment,
        sum=build_sum(view, choice),
    )


def address_of(view: RequestView) -> str:
    """Return where the page of a request is."""
    return f"/learners/{view.learner}/requests/{view.request_id}"


def build_offers(
    view: RequestView, child: KnownChild, choice: Choice, actor: Actor, policy: Policy, now: datetime
) -> tuple[Offer, ...]:
    """Return the rows of what may be chosen, in the order in which pages list categories."""
    return tuple(
        Offer(
            category=category,
            label=label(category),
            content=content_of(category, policy, now),
            asked=say_years(view.choosable.years(category)),
            years=tuple(
                YearOption(year, grade_in(child.details.birth_date, year), year in choice.years.get(category, ()))
                for year in view.choosable.years(category)
            ),
            taken=category in choice.taken,
            narrowed=category in choice.years,
            may_look=_may_look(category, child, actor, policy, now),
        )
        for category in in_display_order(view.choosable.categories)
    )


def _may_look(category: Category, child: KnownChild, actor: Actor, policy: Policy, now: datetime) -> bool:
    """Tell whether the preview is open to the reader: only where nothing of the category stays closed to them."""
    verdict = decide(Read(actor, child.facts, category, now), policy)
    return isinstance(verdict, Allowed) and not verdict.withheld_fields


def build_sum(view: RequestView, choice: Choice) -> Sum:
    """Return the sum of a choice, and the patterns that a script fills in."""
    offered = len(view.choosable.categories)
    day = last_day_of(view.asked.until) if choice.last_day is None else choice.last_day
    pattern: dict[str, Part] = {"taken": "{taken}", "offered": offered, "years": "{years}", "day": day}
    return Sum(
        now=say_sum(kept_terms(choice, view.offered, view.choosable.categories), offered),
        none=say_bare(say_sum(None, offered)),
        some=say_bare(Sentence(_SUM, pattern)),
        run=say_bare(Sentence(_RUN, {"first": "{first}", "last": "{last}"})),
        year=say_bare(Sentence(N_("school year %(year)s"), {"year": "{year}"})),
        day=say_bare(day),
    )


_SUM = N_("%(taken)s of %(offered)s, for %(years)s, until %(day)s")
_RUN = N_("school years %(first)s to %(last)s")


def ask_question(
    view: RequestView, child: KnownChild, asker: Asker, choice: Choice, person: UUID, policy: Policy, now: datetime
) -> Question:
    """Return what is put before a decider: what they would keep, and what follows."""
    return Question(
        school=asker.name,
        child=same_everywhere(child.details.name.shown),
        purpose=purpose_of(view, policy, now),
        asked=view.offered,
        choosable=tuple(in_display_order(view.choosable.categories)),
        statutory=tuple(in_display_order(view.statutory)),
        answer_by=last_day_of(view.expires_at),
        kept=kept_terms(choice, view.offered, view.choosable.categories),
        comment=choice.comment,
        others_join=bool(others_who_answer(view, child, person, policy, now)),
    )


def others_who_answer(
    view: RequestView, child: KnownChild, person: UUID, policy: Policy, now: datetime
) -> frozenset[UUID]:
    """Return who else still has to answer once this person has; nobody where one of several carers is enough."""
    named = deciders(child.facts, act_class_of(view.choosable, now, policy), now, policy)
    left = view.waiting_for - {person}
    return left - named.carers if named.any_carer and person in named.carers else left


def purpose_of(view: RequestView, policy: Policy, at: datetime) -> Text:
    """Return what a request is for, in one sentence."""
    edition = policy.at(at)
    return label(view.purpose) if edition is None else edition.purposes[view.purpose].sentence


def content_of(category: Category, policy: Policy, at: datetime) -> Text:
    """Return what is in a category, in plain words."""
    rule = handling_of(category, policy, at)
    return same_everywhere("—") if rule is None else rule.content


def grade_in(birth_date: date, school_year: int) -> Text | None:
    """Return the grade of a school year by age, as the forms of schools call it."""
    found = grade_of(year_of_schooling(birth_date, school_year))
    if found is None or found[0] not in _STAGE_LETTER:
        return None
    return _grades().get(f"{_STAGE_LETTER[found[0]]}{found[1]}")


def _grades() -> Mapping[str, Text]:
    return find_form("urn:manabi:schema:guidance:1").inner("grade").codes


def _citations(view: RequestView, policy: Policy, now: datetime) -> tuple[str, ...]:
    edition = policy.at(now)
    rules = () if edition is None else [edition.lanes[category, view.move] for category in view.statutory]
    return tuple(dict.fromkeys(cited.ja for rule in rules for cited in rule.citations))


def _who_decides(view: RequestView, child: KnownChild, person: UUID, policy: Policy, now: datetime) -> Sentence:
    if person != view.learner:
        return Sentence(N_("You do not decide about these. You can see here what is asked for."))
    edition = policy.at(now)
    band = AgeBand.INFORMED if edition is None else age_band(child.details.birth_date, now, edition.ages.bands)
    if band is AgeBand.INFORMED:
        return Sentence(N_("Your parents or carers decide about these. You can see here what is asked for."))
    return Sentence(
        N_("Your parents or carers decide about these, and should ask you first. Tell them what you would like.")
    )


def _banner(view: RequestView, person: UUID) -> Banner | None:
    """Say how a request stands that the reader need not answer, or has answered."""
    if view.state is RequestState.EXPIRED:
        return Banner(Sentence(N_("The time for an answer is over. Nothing was shared.")), "info")
    if view.state is RequestState.REFUSED:
        return Banner(Sentence(N_("It was decided not to share.")), "info")
    if view.state in (RequestState.GRANTED, RequestState.GRANTED_IN_PART):
        return Banner(
            Sentence(N_("It was decided to share.")), "info",
            Sentence(N_("Under “Sharing” you see what the school gets, and can pause or stop it.")),
        )  # fmt: skip
    if view.state is RequestState.WITHDRAWN:
        return Banner(Sentence(N_("The school has taken its request back.")), "info")
    if view.mine is not None and not view.mine.counts:
        return Banner(
            Sentence(N_("Your answer was entered at the school.")), "info",
            Sentence(N_("A second person there checks it before it counts.")),
        )  # fmt: skip
    if view.mine is not None and view.waiting_for:
        return Banner(
            Sentence(N_("You have answered. Somebody else has to answer too.")), "info",
            Sentence(N_("The school is told only that it is being dealt with. Until then you can answer anew below.")),
        )  # fmt: skip
    if not view.waiting_for and not view.choosable.is_empty:
        return Banner(
            Sentence(N_("At present nobody can decide about this.")), "info",
            Sentence(N_("Nothing is shared. Ask the board of education if the entry of authority is not right.")),
        )  # fmt: skip
    return None
