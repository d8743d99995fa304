"""Who may read a child's record as a carer, who decides for the child, and who may narrow, alone, what was decided.

Which basis and which state may read or decide is policy data (``consent/policy/authority.json``). What is fixed here
is how several entries add up: for reading the narrower one of a carer prevails, in whatever order they were entered;
for deciding, the holder whom the law lets act alone goes before those who act together, and nobody widens where the
rule names nobody.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from consent.age import age_band, japan_day, legal_age_on
from consent.parties import Actor, Care, Child
from consent.policy.model import Citation, Edition, Policy
from consent.scope import Scope
from consent.verdict import Allowed, DenialCode, Denied
from consent.vocabulary import ActClass, ActorKind, AgeBand, CarerState, DecidesAs, Relation

__all__ = [
    "Care",
    "Deciders",
    "act_class_of",
    "carers_who_read",
    "deciders",
    "may_answer",
    "may_narrow",
    "may_review",
    "refusal_to_carer",
    "reviewers",
]


@dataclass(frozen=True, slots=True)
class Deciders:
    """Whose yes an act needs: every one of ``carers``, or any one where ``any_carer``; and the learner's.

    No carers and no joining learner means that nobody can decide: nothing widens. ``rule`` is the rule that named
    them, ``citation`` its sources in Japanese.
    """

    carers: frozenset[UUID]
    learner_joins: bool
    rule: str
    citation: str
    any_carer: bool = False
    learner: UUID | None = None

    @property
    def nobody(self) -> bool:
        """Whether no one at all can decide."""
        return not self.carers and not self.learner_joins

    @property
    def everyone(self) -> frozenset[UUID]:
        """Everybody whose answer counts."""
        return self.carers | ({self.learner} if self.learner_joins and self.learner is not None else frozenset())


def refusal_to_carer(
    carer: UUID, care: Iterable[Care], birth_date: date, at: datetime, edition: Edition
) -> DenialCode | None:
    """Why ``carer`` may not read the record of a child with these ``care`` entries at ``at``; None if they may.

    A contact block prevails over everything (no word of the child), then a lost or suspended authority, then the
    child's coming of age (民法4条: parental authority is over those who are not of age, 818条).
    """
    day = japan_day(at)
    entries = [entry for entry in care if entry.carer_id == carer and entry.begun_on(day)]
    if any(entry.contact_block for entry in entries):
        return DenialCode.CONTACT_BLOCKED
    held = [entry for entry in entries if entry.in_force_on(day)]
    if not held:
        return DenialCode.CARE_ENDED if entries else DenialCode.NOT_YOUR_CHILD
    states = {entry.state for entry in held}
    for state in _STRICTEST_FIRST:
        refused = edition.states[state].refused_as
        if state in states and refused is not None:
            return refused
    refusals = [edition.bases[entry.basis].refused_as for entry in held]
    if None not in refusals:
        return min(code for code in refusals if code is not None)
    if legal_age_on(birth_date, day) >= edition.ages.adult_age:
        return DenialCode.OF_AGE
    return None


def carers_who_read(care: Iterable[Care], birth_date: date, at: datetime, edition: Edition) -> tuple[UUID, ...]:
    """Every carer among the ``care`` entries of one child who may read its record at ``at``, in order of id."""
    entries = tuple(care)
    carers = sorted({entry.carer_id for entry in entries})
    return tuple(c for c in carers if refusal_to_carer(c, entries, birth_date, at, edition) is None)


def act_class_of(scope: Scope, at: datetime, policy: Policy) -> ActClass:
    """How weighty it is to open ``scope``: as weighty as its weightiest category; important where no rule is in force.

    A widening in the consent lane is important unless policy says that it is daily (care plans).
    """
    edition = policy.at(at)
    if edition is None or scope.is_empty:
        return ActClass.IMPORTANT
    classes = {edition.acts[category].act for category in scope.categories}
    return ActClass.DAILY if classes == {ActClass.DAILY} else ActClass.IMPORTANT


def deciders(child: Child, act: ActClass, at: datetime, policy: Policy) -> Deciders:
    """Who must say yes for ``act`` at ``at``. ``child.care`` must hold the entries of every carer.

    - From legal age on the learner alone (民法4条・818条).
    - A sole holder, a custodian or whoever may act alone: any one of them (民法819条・824条の2第2項・824条の3).
    - Joint holders and several guardians together, or the ones a court named (824条の2第1項・第3項・857条の2). One who
      is suspended, lost or unable is left out (824条の2第1項2号); one whom a contact block keeps away is neither asked
      nor left out: nothing happens without him or a court.
    - Where no holder can act, those whom the Child Welfare Act puts in their place (児童福祉法33条の2・47条).
    - From the joining age on the learner as well, for important acts; never instead of a carer.
    """
    edition = policy.at(at)
    if edition is None:
        return Deciders(frozenset(), False, "authority.no_rule", "")
    band = age_band(child.birth_date, at, edition.ages.bands)
    if band is AgeBand.ADULT:
        cited = _cite(edition.ages.citations)
        return Deciders(frozenset(), True, "authority.adult", cited, learner=child.learner)
    found = _carers_deciding(child, act, japan_day(at), edition)
    if not found.carers or act is not ActClass.IMPORTANT or band is not AgeBand.JOINS:
        return found
    cited = f"{found.citation}、{_cite(edition.ages.citations)}"
    return Deciders(found.carers, True, found.rule, cited, found.any_carer, child.learner)


def may_answer(actor: Actor, child: Child, act: ActClass, at: datetime, policy: Policy) -> Allowed | Denied:
    """Whether ``actor`` is one of those whose answer to a request counts."""
    refused = _refusal(actor, child, at, policy)
    if refused is not None:
        return Denied(refused)
    named = deciders(child, act, at, policy)
    if named.nobody:
        return Denied(DenialCode.NOBODY_DECIDES)
    if actor.person not in named.everyone:
        return Denied(DenialCode.NOT_A_DECIDER)
    return Allowed(_relation(actor), named.rule, named.citation)


def may_narrow(
    actor: Actor, child: Child, at: datetime, policy: Policy, *, act: ActClass = ActClass.IMPORTANT
) -> Allowed | Denied:
    """Whether ``actor`` may narrow, pause or withdraw, alone and at once, what was opened by an ``act``.

    Any one of those who would have to agree may, even where another of them is kept away; with a custodian or a
    court-named holder the other joint holder may not, whatever the act (民法824条の3第2項). The learner may from the
    joining age on.
    """
    refused = _refusal(actor, child, at, policy)
    edition = policy.at(at)
    if refused is not None or edition is None:
        return Denied(refused or DenialCode.NO_RULE)
    day, cited = japan_day(at), _cite(edition.ages.citations)
    if actor.kind is ActorKind.LEARNER:
        joins = age_band(child.birth_date, at, edition.ages.bands) in (AgeBand.JOINS, AgeBand.ADULT)
        return Allowed(Relation.SELF, "narrow.learner", cited) if joins else Denied(DenialCode.NOT_A_DECIDER)
    holders = _holders(child, ActClass.IMPORTANT, day, edition)
    if actor.person not in holders.carers and not _displaced(actor.person, child, day, edition):
        holders = _holders(child, act, day, edition)
    if actor.person not in holders.carers:
        return Denied(DenialCode.NOT_A_DECIDER)
    return Allowed(Relation.CARER, "narrow.any_holder", holders.citation)


def may_review(actor: Actor, child: Child, at: datetime, policy: Policy) -> Allowed | Denied:
    """Whether ``actor`` may read and comment on what the law sends: the learner at any age, and carers who may read."""
    refused = _refusal(actor, child, at, policy)
    edition = policy.at(at)
    if refused is not None or edition is None:
        return Denied(refused or DenialCode.NO_RULE)
    relation = _relation(actor)
    return Allowed(relation, f"review.{relation}", _cite(edition.review.citations))


def reviewers(child: Child, at: datetime, policy: Policy) -> frozenset[UUID]:
    """Whose view ends the review period early when all of them have had it: every carer who may read, and the learner.

    The learner is counted from the age on at which children are asked. ``child.care`` must hold every carer's entries.
    """
    edition = policy.at(at)
    if edition is None:
        return frozenset()
    band = age_band(child.birth_date, at, edition.ages.bands)
    reading = frozenset(carers_who_read(child.care, child.birth_date, at, edition))
    return reading if band is AgeBand.INFORMED else reading | {child.learner}


def _refusal(actor: Actor, child: Child, at: datetime, policy: Policy) -> DenialCode | None:
    """Why somebody is not of this child's family at all; None for the learner and for carers who may read."""
    if actor.kind in (ActorKind.JOB, ActorKind.ORGANISATION):
        return DenialCode.NO_RULE
    if actor.kind is ActorKind.UNKNOWN or actor.person is None:
        return DenialCode.SIGN_IN_NEEDED
    edition = policy.at(at)
    if edition is None:
        return DenialCode.NO_RULE
    if actor.kind is ActorKind.STAFF:
        return DenialCode.NOT_A_DECIDER
    if actor.kind is ActorKind.LEARNER:
        return None if actor.person == child.learner else DenialCode.NOT_YOUR_RECORD
    return refusal_to_carer(actor.person, child.care, child.birth_date, at, edition)


def _relation(actor: Actor) -> Relation:
    return Relation.SELF if actor.kind is ActorKind.LEARNER else Relation.CARER


def _carers_deciding(child: Child, act: ActClass, day: date, edition: Edition) -> Deciders:
    """The carers an act needs; nobody where one who must agree is kept away from the child."""
    found = _holders(child, act, day, edition)
    if found.rule == _TOGETHER and _kept_away(child, day) & found.carers:
        return Deciders(frozenset(), False, "authority.kept_away", found.citation)
    return found


def _holders(child: Child, act: ActClass, day: date, edition: Edition) -> Deciders:
    """The carers who hold the say in an act, those kept away by a contact block included where all must agree."""
    kept_away = _kept_away(child, day)
    ways = {carer: _way(entries, act, edition) for carer, entries in _by_carer(child.care, day).items()}
    alone = {carer for carer, way in ways.items() if way is DecidesAs.ALONE} - kept_away
    together = {carer for carer, way in ways.items() if way is DecidesAs.TOGETHER}
    named = {e.carer_id for e in child.care if e.carer_id in together and e.in_force_on(day) and e.court_order}
    standing_in = {carer for carer, way in ways.items() if way is DecidesAs.STANDS_IN} - kept_away
    if alone:
        return _deciders(alone, "authority.alone", child, day, edition, any_carer=True)
    if named and named < together:
        return _deciders(named, "authority.court_named", child, day, edition)
    if together:
        return _deciders(together, _TOGETHER, child, day, edition)
    if standing_in:
        return _deciders(standing_in, "authority.stands_in", child, day, edition, any_carer=True)
    return Deciders(frozenset(), False, "authority.nobody", "")


def _displaced(carer: UUID | None, child: Child, day: date, edition: Edition) -> bool:
    """Whether a joint holder stands back behind a custodian or a court-named holder; asked of one who is no holder."""
    entries = [entry for entry in child.care if entry.carer_id == carer and entry.in_force_on(day)]
    return _way(entries, ActClass.IMPORTANT, edition) is DecidesAs.TOGETHER


def _deciders(
    carers: Iterable[UUID], rule: str, child: Child, day: date, edition: Edition, *, any_carer: bool = False
) -> Deciders:
    held = frozenset(carers)
    bases = sorted({entry.basis for entry in child.care if entry.carer_id in held and entry.in_force_on(day)})
    cited = dict.fromkeys(citation for basis in bases for citation in edition.bases[basis].citations)
    return Deciders(held, False, rule, _cite(cited), any_carer)


def _by_carer(care: Iterable[Care], day: date) -> Mapping[UUID, list[Care]]:
    held: dict[UUID, list[Care]] = {}
    for entry in care:
        if entry.in_force_on(day):
            held.setdefault(entry.carer_id, []).append(entry)
    return held


def _way(entries: Iterable[Care], act: ActClass, edition: Edition) -> DecidesAs:
    """How one carer takes part in an act; not at all where any entry says that the right is not in use."""
    held = list(entries)
    if not all(edition.states[entry.state].decides for entry in held):
        return DecidesAs.NOT
    return min((edition.bases[entry.basis].decides[act] for entry in held), key=_STRONGEST_FIRST.index)


def _kept_away(child: Child, day: date) -> frozenset[UUID]:
    return frozenset(entry.carer_id for entry in child.care if entry.contact_block and entry.begun_on(day))


def _cite(citations: Iterable[Citation]) -> str:
    return "、".join(citation.ja for citation in citations)


_TOGETHER = "authority.together"
_STRICTEST_FIRST = (CarerState.LOST, CarerState.SUSPENDED, CarerState.UNABLE, CarerState.ACTIVE)
_STRONGEST_FIRST = (DecidesAs.ALONE, DecidesAs.TOGETHER, DecidesAs.STANDS_IN, DecidesAs.NOT)
