"""The privacy ledger in public: what was promised to the children of each school year, line by line, and what is left.

The page walks the whole chain each time it is shown. Whoever keeps the head's number and hash can tell later whether
the ledger still extends it; `/ledger.json` has every byte that is hashed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from flask import Blueprint, jsonify, render_template
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from aggregator.ledger import service as ledger
from aggregator.ledger.balance import Balance
from aggregator.ledger.chain import FORMAT, Head, Kind, LedgerBroken, Line, to_wire
from aggregator.plans.model import Words
from aggregator.plans_kept import service as plans
from aggregator.privacy.accounting import YEAR_DELTA, YEAR_UNITS, epsilon_of
from trust.errors import N_
from web.context import transaction
from web.forms import explain
from web.i18n import say
from web.routes import declares

blueprint = Blueprint("national_ledger", __name__)

KINDS = {
    Kind.RESERVED: N_("Set aside: two officers approved the plan"),
    Kind.SPENT: N_("Spent: a round was closed"),
    Kind.PUBLISHED: N_("Published: the round’s figures are out"),
    Kind.FREED: N_("Given back: the plan was withdrawn before any of it was spent"),
}
REASONS = {
    "main": N_("first round of the plan"),
    "repeat": N_("repeated round, charged to every child again"),
    "disjoint": N_("supplement; no child of it was in an earlier round of this date, so it costs nothing"),
}
YEARS = (1, 9, 12)
"""One school year, elementary and junior high school, and with senior high school."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line in words."""

    line: Line
    title: Words | None
    what: Markup
    why: Markup | None


@dataclass(frozen=True, slots=True)
class Year:
    """A school year and what its spending comes to."""

    balance: Balance
    epsilon: Fraction


@blueprint.get("/ledger")
@declares(requires="anyone", discloses="none")
def show_ledger() -> ResponseReturnValue:
    """Every line in words, what is left of each school year, what it comes to, and the head."""
    titles = {one.plan.digest: one.plan.title for one in plans.every(transaction())}
    head, broken = _verified()
    return render_template(
        "national/ledger.html",
        years=[Year(one, epsilon_of(one.spent, YEAR_DELTA)) for one in ledger.balances(transaction())],
        entries=[_entry(line, titles.get(line.plan_digest)) for line in reversed(ledger.lines(transaction()))],
        head=head,
        broken=broken,
        cap=YEAR_UNITS,
        promises=[(years, epsilon_of(years * YEAR_UNITS, YEAR_DELTA)) for years in YEARS],
    )


@blueprint.get("/ledger.json")
@declares(requires="anyone", discloses="none")
def ledger_document() -> ResponseReturnValue:
    """The same for programs: `hash` is the SHA-256 of the line's canonical JSON without it."""
    lines: Sequence[Line] = ledger.lines(transaction())
    head, broken = _verified()
    return jsonify(
        format=FORMAT,
        holds=broken is None,
        head=None if head is None else {"seq": head.seq, "hash": head.hash.hex()},
        units_per_rho=10**12,
        delta="1e-9",
        years=[
            {
                "school_year": one.school_year, "cap": one.cap, "bound": one.bound, "spent": one.spent,
                "left": one.left, "epsilon_spent": f"{float(epsilon_of(one.spent, YEAR_DELTA)):.6f}",
            }
            for one in ledger.balances(transaction())
        ],
        lines=[{**to_wire(line), "hash": line.hash.hex()} for line in lines],
    )  # fmt: skip


def say_epsilon(units: int) -> str:
    """Return what so many picorho come to at the year's delta, rounded up to two places. Templates: `epsilon`."""
    hundredths = -(-epsilon_of(units, YEAR_DELTA) * 100 // 1)
    return f"{float(Fraction(hundredths, 100)):.2f}"


def _verified() -> tuple[Head | None, Markup | None]:
    try:
        return ledger.verify(transaction()), None
    except LedgerBroken as broken:
        return None, explain(broken)


def _entry(line: Line, title: Words | None) -> Entry:
    reason = REASONS.get(str(line.detail.get("reason")))
    return Entry(line, title, say(KINDS[line.kind]), say(reason) if reason else None)
