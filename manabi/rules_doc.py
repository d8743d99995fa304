"""`docs/rules.md` out of the policy data: who may see what, on which article, how long it is kept, what a refusal says.

For whoever must check the rules without reading code. The committed file is compared with this output by a test.
"""

import argparse
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from pathlib import Path

from consent.policy.loader import SHIPPED, load_policy
from consent.policy.model import Citation, Edition, Opening, Policy
from consent.verdict import DenialCode, Denied, public_code
from consent.vocabulary import ActClass, Basis, CarerState, Category, PlacementState, Relation, Text
from consent.wording import in_display_order, label, tell_next_step, tell_reason
from web.ruby import strip_readings

RULES_FILE = Path("docs/rules.md")
"""Where the rules are committed, from the top of the repository."""

_INTRODUCTION = """\
# Who may see what

This page is written by `manabi rules-doc` from the dated policy data in `consent/policy/` and says the same as the
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
            *_categories(edition),
            *_offices(edition),
        ]
    parts += [*_refusals(), *_sources(policy)]
    return "\n".join(parts)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the words of `manabi rules-doc`."""
    parser.add_argument("--policy", type=Path, default=SHIPPED, help="policy folder (default: the shipped one)")
    parser.add_argument("--out", type=Path, default=RULES_FILE, help="file to write (default: %(default)s)")


def run(arguments: argparse.Namespace) -> int:
    """Write the page; raises PolicyFault where the policy folder cannot be used."""
    arguments.out.write_text(render_rules(load_policy(arguments.policy)), encoding="utf-8")
    print(f"wrote {arguments.out}")
    return 0


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
