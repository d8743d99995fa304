"""What a school year's budget comes to: set aside, spent, left. Pure; in picorho throughout.

A plan binds what it reserved or what it spent, whichever is more. A first round therefore uses up the reservation, and
a second round of the same plan is charged to the children again, on top.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from aggregator.ledger.chain import Kind
from trust.errors import N_, ManabiError

NOTHING: Final = 0


class BudgetExceeded(ManabiError):
    """More is wanted of a school year than is left of it. Nothing was set aside or spent."""

    code = "ledger.budget_exceeded"
    status = 409
    title = N_("%(wanted)s units of school year %(school_year)s are wanted, and %(left)s are left.")
    remedy = N_(
        "Nothing was set aside or spent. Lower the plan's units, leave out a table, or count in the next school year."
    )


@dataclass(frozen=True, slots=True)
class Binding:
    """What one plan has reserved (less what was given back) and spent."""

    reserved: int = NOTHING
    spent: int = NOTHING

    @property
    def bound(self) -> int:
        """What is no longer there for others."""
        return max(self.reserved, self.spent)

    def after(self, kind: Kind, units: int) -> "Binding":
        """Return the binding with one more line."""
        match kind:
            case Kind.RESERVED:
                return Binding(self.reserved + units, self.spent)
            case Kind.FREED:
                return Binding(self.reserved - units, self.spent)
            case Kind.SPENT:
                return Binding(self.reserved, self.spent + units)
        return self


@dataclass(frozen=True, slots=True)
class Balance:
    """A school year: what there is, and what each plan binds of it."""

    school_year: int
    cap: int
    plans: Mapping[bytes, Binding] = field(default_factory=dict)

    @property
    def bound(self) -> int:
        """What is set aside or spent."""
        return sum(one.bound for one in self.plans.values())

    @property
    def spent(self) -> int:
        """What every child of this year has been charged."""
        return sum(one.spent for one in self.plans.values())

    @property
    def left(self) -> int:
        """What may still be reserved."""
        return self.cap - self.bound

    def after(self, plan_digest: bytes, kind: Kind, units: int) -> "Balance":
        """Return the year with one more line; raises BudgetExceeded if that is more than there is."""
        before = self.plans.get(plan_digest, Binding())
        binding = before.after(kind, units)
        further = binding.bound - before.bound
        if further > max(self.left, 0):
            raise BudgetExceeded(school_year=self.school_year, wanted=further, left=self.left)
        return Balance(self.school_year, self.cap, {**self.plans, plan_digest: binding})


def balance_of(school_year: int, cap: int, entries: Iterable[tuple[bytes, Kind, int]]) -> Balance:
    """Return a year from the lines (or sums of lines) that stand in it, without asking whether they should."""
    plans: dict[bytes, Binding] = {}
    for plan_digest, kind, units in entries:
        plans[plan_digest] = plans.get(plan_digest, Binding()).after(kind, units)
    return Balance(school_year, cap, plans)
