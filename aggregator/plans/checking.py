"""What the parts of a plan say about one another: codes, cover, overlap, budget, dates, expectations."""

from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from fractions import Fraction
from math import prod
from typing import Final

from aggregator.plans.codes import CodeList, code_lists, fact_words
from aggregator.plans.model import MAX_CELLS, Dimension, Level, Plan, PlanRefused, Table

_JAPAN: Final = timezone(timedelta(hours=9), "JST")


def check(plan: Plan) -> None:
    """Refuse a plan whose parts contradict one another or the code lists; raises PlanRefused."""
    if plan.fact.kind not in fact_words():
        raise PlanRefused(
            place="plan.fact.kind", reason=f"“{plan.fact.kind}” is not a fact", mend=_one_of(fact_words())
        )
    _check_dimensions(plan)
    for level, tables in plan.tables.items():
        _check_tables(plan, level, tables)
    _check_budget(plan)
    _check_dates(plan)
    _check_expectations(plan)
    if plan.leader == plan.helper:
        mend = "name two participants that do not collude"
        raise PlanRefused(place="plan.servers", reason=f"leader and helper are both “{plan.leader}”", mend=mend)


def _check_dimensions(plan: Plan) -> None:
    known = code_lists()
    _once("plan.dimensions", "dimension", [one.id for one in plan.dimensions])
    for at, dimension in enumerate(plan.dimensions):
        place = f"plan.dimensions[{at}]"
        found = known.get(dimension.id)
        if found is None:
            raise PlanRefused(place=place, reason=f"“{dimension.id}” is not a dimension", mend=_one_of(known))
        if dimension.of != found.of:
            mend = f"“{dimension.id}” sums up “{found.of}”" if found.of else f"“{dimension.id}” is written with codes"
            raise PlanRefused(place=place, reason="it is built in another way than its code list", mend=mend)
        if not dimension.codes:
            raise PlanRefused(place=place, reason="it has no codes", mend=_one_of(found.codes))
        _check_codes(place, dimension.codes, found)
        if dimension.of is not None:
            _check_groups(place, dimension, found, plan.dimensions)
    if not plan.base_dimensions:
        raise PlanRefused(place="plan.dimensions", reason="there is none", mend=_one_of(known))
    if prod(len(one.codes) for one in plan.base_dimensions) > MAX_CELLS:
        raise PlanRefused(place="plan.dimensions", reason="too many cells", mend=f"at most {MAX_CELLS}")
    _check_codes("plan.population.grades", plan.grades, known["grade"])
    if not plan.grades:
        raise PlanRefused(
            place="plan.population.grades", reason="nobody is counted", mend=_one_of(known["grade"].codes)
        )
    for dimension in plan.base_dimensions:
        if dimension.id == "grade" and set(dimension.codes) != set(plan.grades):
            odd = sorted(set(dimension.codes) ^ set(plan.grades))
            reason = f"population and dimension “grade” differ in {', '.join(odd)}"
            raise PlanRefused(place="plan.population.grades", reason=reason, mend="both name the same grades")


def _check_codes(place: str, codes: tuple[str, ...], known: CodeList) -> None:
    for code in codes:
        if code not in known.codes:
            raise PlanRefused(place=place, reason=f"“{code}” is not a code of “{known.id}”", mend=_one_of(known.codes))
    _once(place, "code", codes)
    if list(codes) != [code for code in known.codes if code in codes]:
        order = ", ".join(code for code in known.codes if code in codes)
        raise PlanRefused(place=place, reason="the codes are out of order", mend=f"write {order}")


def _check_groups(place: str, dimension: Dimension, known: CodeList, dimensions: Iterable[Dimension]) -> None:
    """Every code of the base dimension in exactly one group, and each group what its name says."""
    base = next((one for one in dimensions if one.id == dimension.of and one.of is None), None)
    if base is None:
        mend = f"add the dimension “{dimension.of}” with its codes"
        raise PlanRefused(place=place, reason=f"the dimension “{dimension.of}” is missing", mend=mend)
    seen: dict[str, str] = {}
    for group, members in dimension.groups.items():
        for member in members:
            if member not in base.codes:
                reason = f"“{member}” is not a code of “{base.id}” in this plan"
                raise PlanRefused(place=place, reason=reason, mend=_one_of(base.codes))
            if member in seen:
                reason = f"“{member}” stands in “{seen[member]}” and in “{group}”"
                raise PlanRefused(place=place, reason=reason, mend="each code belongs to one group")
            seen[member] = group
    missing = [code for code in base.codes if code not in seen]
    if missing:
        reason = f"no group holds {', '.join(missing)}"
        raise PlanRefused(place=place, reason=reason, mend="the groups together hold every code")
    for group, members in dimension.groups.items():
        meant = tuple(code for code in base.codes if code in known.groups[group])
        if not members or members != meant:
            mend = f"write {', '.join(meant)}" if meant else "leave this group out"
            raise PlanRefused(place=place, reason=f"“{group}” is not what its name says", mend=mend)


def _check_tables(plan: Plan, level: Level, tables: tuple[Table, ...]) -> None:
    place = f"plan.tables.{level}"
    known = {one.id: one for one in plan.dimensions}
    if not tables:
        raise PlanRefused(place=place, reason="there is no table", mend="name at least one")
    _once(place, "table", [one.id for one in tables])
    for at, table in enumerate(tables):
        here = f"{place}[{at}]"
        if not table.dimensions:
            raise PlanRefused(place=here, reason="it has no dimension", mend=_one_of(known))
        for name in table.dimensions:
            if name not in known:
                raise PlanRefused(place=here, reason=f"“{name}” is not a dimension of this plan", mend=_one_of(known))
        _once(here, "dimension", table.dimensions)
        roots = [known[name].of or name for name in table.dimensions]
        if len(set(roots)) < len(roots):
            reason = f"its cells overlap: {', '.join(table.dimensions)} count the same thing twice"
            raise PlanRefused(place=here, reason=reason, mend="keep the finer or the coarser dimension")
        for earlier in tables[:at]:
            if set(earlier.dimensions) == set(table.dimensions):
                reason = f"“{table.id}” is the same table as “{earlier.id}”"
                raise PlanRefused(place=here, reason=reason, mend="leave one of them out; it would be paid for twice")
    if sum(prod(len(known[name].codes) for name in table.dimensions) for table in tables) > MAX_CELLS:
        raise PlanRefused(place=place, reason="too many cells", mend=f"at most {MAX_CELLS}")


def _check_budget(plan: Plan) -> None:
    allowed = plan.year_units * plan.share.numerator // plan.share.denominator
    if plan.total_units > allowed:
        reason = f"{plan.total_units} units are more than {plan.share} of the year's {plan.year_units}"
        raise PlanRefused(place="plan.budget.units", reason=reason, mend=f"at most {allowed} units over all levels")
    if plan.colluding > Fraction(1, 2):
        raise PlanRefused(
            place="plan.noise.colluding", reason=f"{plan.colluding} is too much to protect against", mend="at most 1/2"
        )


def _check_dates(plan: Plan) -> None:
    begins = datetime(plan.school_year, 4, 1, tzinfo=_JAPAN)
    ends = datetime(plan.school_year + 1, 4, 1, tzinfo=_JAPAN)
    if not begins <= plan.attributed_at < ends:
        reason = f"{plan.attributed_at:%Y-%m-%d %H:%M} UTC is not in school year {plan.school_year}"
        raise PlanRefused(
            place="plan.attributed_at", reason=reason, mend="an instant from 1 April to 31 March in Japan"
        )
    if plan.opens_at < plan.attributed_at:
        reason = "a round would open before it is known who belongs where"
        raise PlanRefused(place="plan.schedule.opens_at", reason=reason, mend="on or after attributed_at")
    if plan.closes_at <= plan.opens_at:
        reason = "a round would close before it opens"
        raise PlanRefused(place="plan.schedule.closes_at", reason=reason, mend="after opens_at")


def _check_expectations(plan: Plan) -> None:
    """Each table of each level has one expectation, so that its usefulness can be told before anything is spent."""
    tables = [(level, table.id) for level, tables in plan.tables.items() for table in tables]
    named = [(one.level, one.table) for one in plan.expectations]
    over = [(one.level, one.table) for one in plan.overrides]
    for place, pairs in (("plan.expectations", named), ("plan.overrides", over)):
        _once(place, "table", [f"{level}/{table}" for level, table in pairs])
        for level, table in pairs:
            if (level, table) not in tables:
                mend = _one_of(f"{one}/{name}" for one, name in tables)
                raise PlanRefused(place=place, reason=f"“{level}/{table}” is not a table of this plan", mend=mend)
    for level, table in tables:
        if (level, table) not in named:
            reason = f"nothing is said about “{level}/{table}”"
            raise PlanRefused(place="plan.expectations", reason=reason, mend="say what its cells are expected to hold")
    for one in plan.expectations:
        if not one.bands:
            reason = f"“{one.level}/{one.table}” has no areas"
            raise PlanRefused(place="plan.expectations", reason=reason, mend="name at least one band")


def _once(place: str, what: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise PlanRefused(place=place, reason=f"the {what} “{name}” stands twice", mend=f"name each {what} once")
        seen.add(name)


def _one_of(names: Iterable[object]) -> str:
    return "one of " + ", ".join(str(name) for name in names)
