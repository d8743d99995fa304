"""What each policy file says, read into values: ages, authority, categories, visibility, offices, sources."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from consent.age import BandStart
from consent.policy import faults
from consent.policy.model import (
    Ages,
    BasisRule,
    CategoryRule,
    Citation,
    CitationKind,
    Entrusted,
    Opening,
    Retention,
    StateRule,
    WithheldField,
)
from consent.policy.reading import Entry
from consent.verdict import Allowed, DenialCode
from consent.visibility import RELATION_OF_ROLE
from consent.vocabulary import (
    ActClass,
    AgeBand,
    Basis,
    CarerState,
    Category,
    DecidesAs,
    Duty,
    HandlingClass,
    PlacementState,
    Reach,
    Relation,
    RetentionStart,
    StaffRole,
)

Citations = Mapping[str, Citation]

WITHOUT_PLACEMENT = frozenset({Relation.SELF, Relation.CARER})
"""Relations that do not hang on a place at a school."""

MAY_SEE_FORMER = frozenset({Relation.PRINCIPAL, Relation.REGISTER_CLERK})
"""The only ones who may see children who left: for certificates, closing, correction, disclosure. *fixed*"""

NEVER_OPENED = frozenset({Relation.OPERATOR, Relation.RECIPIENT, Relation.NEXT_SCHOOL})
"""No default opens anything to them: operators see no record, organisations only by grant or dossier. *fixed*"""


@dataclass(frozen=True, slots=True)
class Visibility:
    """Who sees what by default, and which fields stay closed even so."""

    openings: tuple[Opening, ...]
    withheld: tuple[WithheldField, ...]


@dataclass(frozen=True, slots=True)
class Authority:
    """What each basis and each state of care may do."""

    bases: Mapping[Basis, BasisRule]
    states: Mapping[CarerState, StateRule]


def read_citations(file: Entry) -> dict[str, Citation]:
    """The sources, by the key under which rules cite them."""
    sources: dict[str, Citation] = {}
    for key, entry in file.fields(("$schema", "citations"))["citations"].members().items():
        parts = entry.fields(("kind", "ja", "en"))
        sources[key] = Citation(key, parts["kind"].member(CitationKind), parts["ja"].text(), parts["en"].text())
    return sources


def read_ages(entry: Entry, citations: Citations) -> Ages:
    """Legal age and age bands; the lowest band begins at birth."""
    parts = entry.fields(("adult_age", "bands", "citations"))
    adult_age = parts["adult_age"].number()
    starts = parts["bands"].fields([band.value for band in AgeBand if band is not AgeBand.ADULT])
    ages = {AgeBand(name): start.number() for name, start in starts.items()} | {AgeBand.ADULT: adult_age}
    bands = tuple(sorted((BandStart(band, age) for band, age in ages.items()), key=lambda start: start.from_age))
    for earlier, later in pairwise(bands):
        if earlier.from_age == later.from_age:
            raise faults.PolicyEntryRepeated(place=parts["bands"].place, value=str(later.from_age))
    if bands[0].from_age != 0:
        raise faults.PolicyEntryMissing(place=parts["bands"].place, value="0")
    return Ages(adult_age, bands, read_sources(parts["citations"], citations))


def read_authority(entry: Entry, citations: Citations) -> Authority:
    """Every basis and every state, none left out."""
    parts = entry.fields(("bases", "states"))
    bases, states = parts["bases"].every(Basis), parts["states"].every(CarerState)
    return Authority(
        bases={basis: _read_basis(basis, part, citations) for basis, part in bases.items()},
        states={state: _read_state(state, part, citations) for state, part in states.items()},
    )


def _read_basis(basis: Basis, entry: Entry, citations: Citations) -> BasisRule:
    parts = entry.fields(("reads", "decides", "citations"), ("refused_as",))
    decides = {act: how.member(DecidesAs) for act, how in parts["decides"].every(ActClass).items()}
    return BasisRule(basis, _read_refusal(entry, parts), decides, read_sources(parts["citations"], citations))


def _read_state(state: CarerState, entry: Entry, citations: Citations) -> StateRule:
    parts = entry.fields(("reads", "decides", "citations"), ("refused_as",))
    decides, sources = parts["decides"].truth(), read_sources(parts["citations"], citations)
    return StateRule(state, _read_refusal(entry, parts), decides, sources)


def _read_refusal(entry: Entry, parts: Mapping[str, Entry]) -> DenialCode | None:
    """The denial of a basis or state: given exactly where it does not read."""
    if parts["reads"].truth():
        if "refused_as" in parts:
            raise faults.PolicyShapeWrong(
                place=parts["refused_as"].place, value=str(parts["refused_as"].value), expected="nothing where it reads"
            )
        return None
    if "refused_as" not in parts:
        raise faults.PolicyEntryMissing(place=entry.place, value="refused_as")
    return parts["refused_as"].member(DenialCode)


def read_categories(entry: Entry, citations: Citations) -> dict[Category, CategoryRule]:
    """Every category: content, handling class, controller, legal basis, retention of the school's record."""
    return {category: _read_category(category, part, citations) for category, part in entry.every(Category).items()}


def _read_category(category: Category, entry: Entry, citations: Citations) -> CategoryRule:
    parts = entry.fields(("content", "handling", "controller", "legal_basis", "school_retention"))
    handling = parts["handling"].fields(("class", "citations"))
    kept = parts["school_retention"].fields(("years", "counted_from", "note", "citations"))
    return CategoryRule(
        category=category,
        content=parts["content"].wording(),
        handling_class=handling["class"].member(HandlingClass),
        handling_citations=read_sources(handling["citations"], citations),
        controller=parts["controller"].wording(),
        legal_basis=read_sources(parts["legal_basis"], citations),
        retention=Retention(
            years=kept["years"].number(),
            counted_from=kept["counted_from"].member(RetentionStart),
            note=kept["note"].wording(),
            citations=read_sources(kept["citations"], citations),
        ),
    )


def read_visibility(entry: Entry, citations: Citations) -> Visibility:
    """The openings, each relation at most once per category, and the fields withheld within them."""
    parts = entry.fields(("openings", "withheld_fields"))
    withheld = tuple(_read_withheld(item, citations) for item in parts["withheld_fields"].items())
    refuse_repeats(parts["withheld_fields"], "category", "field")
    openings = tuple(
        _read_opening(item, rank, withheld, citations) for rank, item in enumerate(parts["openings"].items())
    )
    refuse_repeats(parts["openings"], "rule")
    refuse_repeats(parts["openings"], "category", "relation")
    return Visibility(openings, withheld)


def _read_opening(entry: Entry, rank: int, withheld: tuple[WithheldField, ...], citations: Citations) -> Opening:
    parts = entry.fields(("rule", "category", "relation", "citations"), ("when",))
    category, relation = parts["category"].member(Category), parts["relation"].member(Relation)
    when = _read_when(entry, parts, relation)
    sources = read_sources(parts["citations"], citations)
    closed = tuple(w.field for w in withheld if w.category is category and relation in w.withheld_from)
    return Opening(
        rule=parts["rule"].text(),
        category=category,
        relation=relation,
        when=when,
        rank=rank,
        citations=sources,
        allowed=Allowed(relation, parts["rule"].text(), "、".join(source.ja for source in sources), closed),
    )


def _read_when(entry: Entry, parts: Mapping[str, Entry], relation: Relation) -> frozenset[PlacementState]:
    """How the child must stand with the school; said for staff alone.

    Refuses what no policy may open: anything to an operator, children not yet enrolled, former pupils to anyone but
    principal and clerk.
    """
    if relation in WITHOUT_PLACEMENT:
        if "when" in parts:
            raise faults.PolicyShapeWrong(place=parts["when"].place, value=relation, expected="a relation at a school")
        return frozenset()
    if "when" not in parts:
        raise faults.PolicyEntryMissing(place=entry.place, value="when")
    when = frozenset(item.member(PlacementState) for item in parts["when"].items())
    if not when:
        raise faults.PolicyEntryMissing(place=parts["when"].place, value=PlacementState.ENROLLED)
    may_open = {PlacementState.ENROLLED} | ({PlacementState.FORMER} if relation in MAY_SEE_FORMER else set())
    if relation in NEVER_OPENED or not when <= may_open:
        raise faults.PolicyRuleForbidden(place=entry.place, value=relation)
    return when


def _read_withheld(entry: Entry, citations: Citations) -> WithheldField:
    parts = entry.fields(("category", "field", "withheld_from", "label", "notice", "citations"))
    return WithheldField(
        category=parts["category"].member(Category),
        field=parts["field"].text(),
        withheld_from=frozenset(item.member(Relation) for item in parts["withheld_from"].items()),
        label=parts["label"].wording(),
        notice=parts["notice"].wording(),
        citations=read_sources(parts["citations"], citations),
    )


def read_offices(entry: Entry, citations: Citations) -> tuple[Entrusted, ...]:
    """The duties of offices, each role at most once per duty."""
    items = entry.fields(("entrusted",))["entrusted"]
    entrusted = tuple(_read_entrusted(item, rank, citations) for rank, item in enumerate(items.items()))
    refuse_repeats(items, "rule")
    refuse_repeats(items, "duty", "role")
    return entrusted


def _read_entrusted(entry: Entry, rank: int, citations: Citations) -> Entrusted:
    parts = entry.fields(("rule", "duty", "role", "reach", "citations"), ("to_roles",))
    duty, role, reach = parts["duty"].member(Duty), parts["role"].member(StaffRole), parts["reach"].member(Reach)
    sources = read_sources(parts["citations"], citations)
    to_roles = _read_to_roles(entry, parts, duty)
    fitting = {Reach.CLASS: role is StaffRole.TEACHER, Reach.NODE: duty is Duty.SEE_NODE_HEALTH}
    of_the_node = role is StaffRole.OPERATOR, duty is Duty.SEE_NODE_HEALTH
    if not fitting.get(reach, True) or len(set(of_the_node)) == 2 or StaffRole.OPERATOR in to_roles:
        raise faults.PolicyOfficeForbidden(place=entry.place, value=parts["rule"].text())
    return Entrusted(
        rule=parts["rule"].text(),
        duty=duty,
        role=role,
        reach=reach,
        to_roles=to_roles,
        rank=rank,
        citations=sources,
        allowed=Allowed(RELATION_OF_ROLE[role], parts["rule"].text(), "、".join(source.ja for source in sources)),
    )


def _read_to_roles(entry: Entry, parts: Mapping[str, Entry], duty: Duty) -> frozenset[StaffRole]:
    """Whom staff codes go to: said for that duty alone, and never nobody."""
    if duty is not Duty.ISSUE_STAFF_CODE:
        if "to_roles" in parts:
            raise faults.PolicyShapeWrong(place=parts["to_roles"].place, value=duty, expected=Duty.ISSUE_STAFF_CODE)
        return frozenset()
    roles = frozenset(item.member(StaffRole) for item in parts["to_roles"].items()) if "to_roles" in parts else None
    if not roles:
        raise faults.PolicyEntryMissing(place=entry.place, value="to_roles")
    return roles


def refuse_repeats(entries: Entry, *names: str) -> None:
    """Refuse a second item that says the same under all of ``names``."""
    seen: set[str] = set()
    for item in entries.items():
        said = ", ".join(item.members()[name].text() for name in names)
        if said in seen:
            raise faults.PolicyEntryRepeated(place=item.place, value=said)
        seen.add(said)


def read_sources(entry: Entry, citations: Citations) -> tuple[Citation, ...]:
    """The sources of a rule: at least one, each of them known."""
    items = entry.items()
    if not items:
        raise faults.PolicyCitationMissing(place=entry.place)
    for item in items:
        if item.text() not in citations:
            raise faults.PolicyCitationUnknown(place=item.place, value=item.text())
    return tuple(citations[item.text()] for item in items)
