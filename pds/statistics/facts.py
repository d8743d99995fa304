"""What a collection plan counts of one child: from opened records to a fact that names nobody. Pure.

Long absence (長期欠席) is read from the year's attendance (出欠の記録) of the guidance record and nothing else. Which
of its days count is the plan's: those absent (欠席日数) alone, or those suspended, in mourning and the like
(出席停止・忌引き等) as well. The form keeps days treated as attended (出席扱い) apart: they are part of the days
present, so neither holds any of them. Each school writes its own days; the year's total is the sum over the schools
the child went to, each school's days once, by its newest version.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from aggregator.plans.model import Plan
from aggregator.reporter.facts import ChildFact
from trust.errors import N_, ManabiError

DAYS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "yearly_absence": ("absent",),
    "yearly_non_attendance": ("absent", "suspended"),
}
"""Which figures of the year's attendance each kind of fact adds up."""
GRADE: Final = "grade"
SEX: Final = "sex"
_MOST_DAYS: Final = 366
_AS_REGISTERED: Final = {"other": "unspecified"}
"""The register knows male, female and unspecified; a roster knows `other` as well (OneRoster 1.2)."""


class PlanNotUnderstood(ManabiError):
    """A plan that asks for something this node's software cannot count. Nothing is reported under it."""

    code = "statistics.plan_not_understood"
    status = 422
    title = N_("This service cannot count what the plan asks for (%(place)s).")
    remedy = N_("Bring the software of this service up to date. Until then nothing is reported for this plan.")


class RecordUnreadable(ManabiError):
    """A record that is to be counted and does not open, or is not what its school signed: the report stops."""

    code = "statistics.record_unreadable"
    status = 409
    title = N_("Record %(record)s cannot be counted: %(reason)s.")
    remedy = N_(
        "Nothing was sent. Restore the record from a backup, or have the school enter it again; it then goes on."
    )

    def __init__(self, *, record: str, reason: str) -> None:
        super().__init__(record=record, reason=reason)


@dataclass(frozen=True, slots=True)
class SchoolPart:
    """What one school wrote of one school year. `own` is a record of this node, not one that came with the child.

    `school` is the code of the school that keeps and signed the record: the successor of one that closed.
    """

    school: str
    grade: str
    days: int
    own: bool
    issued_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class Counted:
    """What is read of a child for a plan: grade and sex as the records give them, and each school's days that count."""

    grade: str
    sex: str
    parts: tuple[SchoolPart, ...]

    @property
    def days(self) -> int:
        """Days that count in the whole school year."""
        return sum(part.days for part in self.parts)


def read_part(
    plan: Plan, body: Mapping[str, Any], *, name: str, school: str, own: bool, issued_at: datetime, version: int
) -> SchoolPart:
    """Read a guidance record's body; `name` is the record's id. Raises `RecordUnreadable` for what is not the form."""
    try:
        grade, year = body["grade"], body["school_year"]
        figures = [body["attendance"][figure] for figure in DAYS_OF[plan.fact.kind]]
    except (KeyError, TypeError) as error:
        raise RecordUnreadable(record=name, reason="its form is not the one of a guidance record") from error
    whole = all(type(days) is int and 0 <= days <= _MOST_DAYS for days in figures)
    if not (whole and isinstance(grade, str) and year == plan.school_year):
        raise RecordUnreadable(record=name, reason="its form is not the one of a guidance record")
    return SchoolPart(school, grade, sum(figures), own, issued_at, version)


def sum_up(school: str, sex: str, parts: Iterable[SchoolPart]) -> Counted | None:
    """Return what is counted of a child that goes to `school`; None where that school has written nothing yet.

    Of two documents of one school the node's own record counts before a copy that came back with the child, and of two
    copies the newer one.
    """
    newest: dict[str, SchoolPart] = {}
    for part in parts:
        standing = newest.get(part.school)
        if standing is None or _rank(part) > _rank(standing):
            newest[part.school] = part
    here = newest.get(school)
    if here is None:
        return None
    return Counted(here.grade, _AS_REGISTERED.get(sex, sex), tuple(newest[code] for code in sorted(newest)))


def require_known(plan: Plan) -> None:
    """Refuse a plan whose fact or dimensions this software does not know; raises `PlanNotUnderstood`."""
    if plan.fact.kind not in DAYS_OF:
        raise PlanNotUnderstood(place="fact")
    for dimension in plan.base_dimensions:
        if dimension.id not in (GRADE, SEX):
            raise PlanNotUnderstood(place=f"dimension {dimension.id}")


def belongs(plan: Plan, counted: Counted) -> bool:
    """Whether a child is in the plan's population: its grade is one of the plan's, its codes have cells."""
    values = _values(counted)
    return counted.grade in plan.grades and all(values[one.id] in one.codes for one in plan.base_dimensions)


def fact_of(plan: Plan, counted: Counted, *, establisher: str, prefecture: str) -> ChildFact:
    """Return the fact of a child of the plan's population: one in its cell if enough of its days count, else none."""
    if counted.days < plan.fact.at_least:
        return ChildFact(establisher, prefecture, ())
    values = _values(counted)
    codes = tuple(values[dimension.id] for dimension in plan.base_dimensions)
    return ChildFact(establisher, prefecture, ((codes, 1),))


def _values(counted: Counted) -> dict[str, str]:
    return {GRADE: counted.grade, SEX: counted.sex}


def _rank(part: SchoolPart) -> tuple[bool, datetime, int]:
    return part.own, part.issued_at, part.version
