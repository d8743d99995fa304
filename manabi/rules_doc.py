"""`docs/rules.md` out of the policy data: who may see what, on which article, how long it is kept, what a refusal says.

For whoever must check the rules without reading code. The committed file is compared with this output by a test.
"""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from pathlib import Path

from consent.policy.model import Citation, Edition, LaneRule, Opening, Policy
from consent.policy.moves import DAYS_OF_THE_WEEK
from consent.verdict import DenialCode, Denied, public_code
from consent.vocabulary import (
    ActClass,
    Basis,
    CarerState,
    Category,
    Lane,
    Move,
    PlacementState,
    PurposeCode,
    Relation,
    Text,
)
from consent.wording import in_display_order, label, tell_next_step, tell_reason
from web.ruby import strip_readings

RULES_FILE = Path("docs/rules.md")
"""Where the rules are committed, from the top of the repository."""

_INTRODUCTION = """\
# Who may see what

This page is written by `manabi specs` from the dated policy data in `consent/policy/` and says the same as the
program. Each rule names its source; the sources are listed at the end. Nothing here is legal advice. A node may run
with a policy folder of its own; what is marked as fixed below holds everywhere.

## Fixed rules

- What no rule opens is closed. An operator sees no record, whatever a policy says.
- The learner reads their own record at any age.
- A carer reads from the first to the last day of an entry, both included, as days in Japan. Several entries of one
  carer add up to the narrowest: a contact block prevails over everything and does not lapse with time, then lost, then
  suspended authority.
- Carers' reading ends at 00:00 in Japan on the birthday on which the learner comes of age.
- Staff act in a dated role and see only children placed at their school on that day. A teacher sees the class held
  now; a placement never outlives its school year. A child who is only expected is not open to anyone.
- Former pupils stay open to principal and register clerk alone, no longer than the school keeps the record.
- First the asker is judged, then whether the child is theirs to ask about, only then the category. An unknown child, a
  stranger's child and a child with a contact block against the asker are answered with one and the same sentence.
- Every answer, yes or no, is one entry in the access log.
- A sign-in code is issued only to somebody to whom something is open, never for oneself, and to a colleague only by an
  office that reaches every office the colleague holds. Nobody issues an operator's code on a page.
- What no lane lists does not move. The statutory lane rests on a law or an ordinance and goes with a move to another
  school alone; there the family reads, comments and asks for correction, and is never asked for consent.
- What is agreed is what the asker asked and every decider kept, whatever the order of their answers. Nobody's answer
  widens what was asked or what another kept, and one refusal ends a request.
- One holder alone narrows, pauses or ends what was opened; a pause is lifted by whoever made it. From the joining age
  the learner may too. Behind a custodian or a court-named holder the other joint holder may not.
- Where the rule names nobody who can act, or a joint holder who must agree is kept away by a contact block, nothing
  widens.
- An original that went to the next school is seen by no staff of the school that sent it; the learner's copy stays.
- Whoever enters a family's decision at the counter or from paper does not check it, and staff handle no case of their
  own family.
"""


def render_rules(policy: Policy) -> str:
    """Return the page in Markdown, every edition of the policy in order of time."""
    parts = [_INTRODUCTION]
    for edition in policy.editions:
        parts += [
            f"## In force {_period(edition)}\n",
            *_who_sees(edition),
            *_withheld(edition),
            *_carers(edition),
            *_ages(edition),
            *_lanes(edition),
            *_purposes(edition),
            *_acts(edition),
            *_school_days(edition),
            *_categories(edition),
            *_offices(edition),
        ]
    parts += [*_refusals(), *_sources(policy)]
    return "\n".join(parts)


def _who_sees(edition: Edition) -> Iterator[str]:
    relations = [relation for relation in in_display_order(Relation) if relation in edition.opened_to]
    yield "### Who sees which record\n"
    yield "○ yes · ◎ yes, and former pupils too as long as the record is kept · △ yes, without the fields named below\n"
    yield _table(
        ["", *(_name(relation) for relation in relations)],
        [
            [_name(category), *(_mark(edition.openings.get((category, relation))) for relation in relations)]
            for category in in_display_order(Category)
        ],
    )
    yield "Sources:\n"
    for category in in_display_order(Category):
        opened = sorted((o for o in edition.openings.values() if o.category is category), key=lambda o: o.rank)
        for opening in opened:
            yield f"- `{opening.rule}`: {_cite(opening.citations)}"
    yield ""


def _mark(opening: Opening | None) -> str:
    if opening is None:
        return "–"
    if opening.allowed.withheld_fields:
        return "△"
    return "◎" if PlacementState.FORMER in opening.when else "○"


def _withheld(edition: Edition) -> Iterator[str]:
    yield "### Fields that stay closed\n"
    for field in edition.withheld:
        closed_to = ", ".join(_name(relation) for relation in in_display_order(field.withheld_from))
        yield f"- {_both(field.label)}, `{field.category}.{field.field}`, closed to {closed_to}"
        yield f"  ({_cite(field.citations)})"
        yield f"  - {_plain_text(field.notice.ja)}"
        yield f"  - {field.notice.en}"
    yield ""


def _carers(edition: Edition) -> Iterator[str]:
    yield "### Carers\n"
    rows = []
    for basis in in_display_order(Basis):
        rule = edition.bases[basis]
        decides = [label(rule.decides[act]).en for act in in_display_order(ActClass)]
        rows.append([_name(basis), _reads(rule.refused_as), *decides, _cite(rule.citations)])
    yield _table(["Right", "Reads", *(label(act).en for act in in_display_order(ActClass)), "Sources"], rows)
    yield _table(
        ["State", "Reads", "Decides", "Sources"],
        [
            [_name(state), _reads(rule.refused_as), "yes" if rule.decides else "no", _cite(rule.citations)]
            for state, rule in ((state, edition.states[state]) for state in in_display_order(CarerState))
        ],
    )


def _ages(edition: Edition) -> Iterator[str]:
    yield "### Ages\n"
    yield f"Of age at {edition.ages.adult_age} ({_cite(edition.ages.citations)}).\n"
    yield _table(["From age", "The child's own say"], [[str(b.from_age), _name(b.band)] for b in edition.ages.bands])


def _lanes(edition: Edition) -> Iterator[str]:
    yield "### What moves with a child\n"
    moves = in_display_order(Move)
    yield _table(
        ["", *(_name(move) for move in moves)],
        [
            [_name(category), *(_lane(edition.lanes.get((category, move))) for move in moves)]
            for category in in_display_order(Category)
        ],
    )
    yield "Sources:\n"
    said = {rule.rule: rule for rule in edition.lanes.values()}
    for name, rule in said.items():
        received = "; schools receive it and never send it" if rule.incoming_only else ""
        yield f"- `{name}`: {_cite(rule.citations)}{received}"
    yield ""
    days, sources = edition.review.school_days, _cite(edition.review.citations)
    yield f"Before the law's part goes, the family has {days} school days, the opening day not counted ({sources}).\n"


def _lane(rule: LaneRule | None) -> str:
    return label(Lane.FORBIDDEN if rule is None else rule.lane).en


def _purposes(edition: Edition) -> Iterator[str]:
    yield "### For what records may be asked\n"
    yield _table(
        ["Purpose", "In a sentence", "Goes with", "Sources"],
        [
            [
                f"`{purpose}` {_name(purpose)}",
                _both(rule.sentence),
                ", ".join(label(move).en for move in in_display_order(rule.moves)),
                _cite(rule.citations),
            ]
            for purpose, rule in ((purpose, edition.purposes[purpose]) for purpose in in_display_order(PurposeCode))
        ],
    )


def _acts(edition: Edition) -> Iterator[str]:
    yield "### How weighty it is to share\n"
    yield _table(
        ["Record", "Weight", "Sources"],
        [
            [_name(category), _name(edition.acts[category].act), _cite(edition.acts[category].citations)]
            for category in in_display_order(Category)
            if any(rule.lane is Lane.CONSENT for rule in edition.lanes.values() if rule.category is category)
        ],
    )


def _school_days(edition: Edition) -> Iterator[str]:
    calendar = edition.calendar
    yield "### Days without school\n"
    yield f"Sources: {_cite(calendar.citations)}. A node sets its own closed periods in `school_days.json`.\n"
    yield f"- Every {' and '.join(DAYS_OF_THE_WEEK[day] for day in sorted(calendar.weekend))}"
    for closure in calendar.closures:
        (from_month, from_day), (to_month, to_day) = closure.begin, closure.end
        yield f"- {from_month}/{from_day} to {to_month}/{to_day}: {_both(closure.name)}"
    for day, name in sorted(calendar.holidays.items()):
        yield f"- {day.isoformat()}: {_both(name)}"
    yield ""


def _categories(edition: Edition) -> Iterator[str]:
    yield "### The records\n"
    for category in in_display_order(Category):
        rule = edition.categories[category]
        kept = f"{rule.retention.years} years from: {_name(rule.retention.counted_from)}"
        yield f"#### {_name(category)}\n"
        yield f"- Content: {_both(rule.content)}"
        yield f"- Handling: {_name(rule.handling_class)} ({_cite(rule.handling_citations)})"
        yield f"- Controller: {_both(rule.controller)}"
        yield f"- Legal basis: {_cite(rule.legal_basis)}"
        yield f"- The school keeps its record {kept} ({_cite(rule.retention.citations)})"
        yield f"- {_both(rule.retention.note)}\n"


def _offices(edition: Edition) -> Iterator[str]:
    yield "### Duties of offices\n"
    entrusted = sorted(edition.offices.values(), key=lambda rule: rule.rank)
    yield _table(
        ["Duty", "Office", "Reaches", "Rule", "Sources"],
        [
            [_name(rule.duty), _name(rule.role), _name(rule.reach), f"`{rule.rule}`", _cite(rule.citations)]
            for rule in entrusted
        ],
    )
    for rule in entrusted:
        if rule.to_roles:
            to = ", ".join(_name(role) for role in in_display_order(rule.to_roles))
            yield f"- `{rule.rule}` goes to: {to}"
    yield ""


def _refusals() -> Iterator[str]:
    yield "## Refusals\n"
    yield "The reason stands in the child's log. The person refused is told the sentence of “shown as” alone.\n"
    yield _table(
        ["Code", "Shown as", "Reason in the log"],
        [[f"`{code}`", f"`{public_code(Denied(code))}`", _both(tell_reason(code))] for code in DenialCode],
    )
    for code in DenialCode:
        if public_code(Denied(code)) is code:
            told = tell_next_step(Denied(code))
            yield f"- `{code}`"
            yield f"  - {_plain_text(told.ja)}"
            yield f"  - {_plain_text(told.plain)}"
            yield f"  - {told.en}"
    yield ""


def _sources(policy: Policy) -> Iterator[str]:
    yield "## Sources\n"
    yield _table(
        ["Source", "In English", "Kind"],
        [[source.ja, source.en, label(source.kind).en] for source in policy.citations.values()],
    ).rstrip("\n")
    yield ""


def _period(edition: Edition) -> str:
    return f"from {edition.begin.isoformat()}" + ("" if edition.end is None else f" to {edition.end.isoformat()}")


def _reads(refused_as: DenialCode | None) -> str:
    return "yes" if refused_as is None else f"no (`{refused_as}`)"


def _cite(citations: Iterable[Citation]) -> str:
    return "、".join(citation.ja for citation in citations)


def _name(member: StrEnum) -> str:
    return _both(label(member))


def _both(text: Text) -> str:
    return f"{_plain_text(text.ja)} ({text.en})"


def _plain_text(text: str) -> str:
    return strip_readings(text)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines) + "\n"
