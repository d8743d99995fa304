"""Reading a collection plan: the strict form first, then what its parts say about one another.

Whatever is refused names its place in the document, what stands there and what may stand there instead, because the
people who write plans are statisticians, not programmers. ``api_specs/plans/plan.schema.json`` states the same form for
other programs; what a schema cannot say (codes, cover, overlap, budget, order of dates) is said here alone.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Final

from aggregator.plans.checking import check
from aggregator.plans.model import (
    FORMAT,
    MAX_PLAN,
    Band,
    Bounds,
    Dimension,
    Expectation,
    Fact,
    Level,
    NoiseSource,
    Override,
    Plan,
    PlanRefused,
    Table,
    Words,
)
from trust.forms import Form, FormFault
from trust.framing import canonical_json
from trust.tokens import TokenFault, read_object

__all__ = [
    "FORMAT",
    "Band",
    "Bounds",
    "Dimension",
    "Expectation",
    "Fact",
    "Level",
    "NoiseSource",
    "Override",
    "Plan",
    "PlanRefused",
    "Table",
    "Words",
    "read_plan",
]

_MOST_UNITS: Final = 2**53 - 1
_CODE_CHARACTERS: Final = frozenset(chr(point) for point in range(33, 127))
_MEMBERS: Final = {
    "format", "plan_id", "version", "title", "purpose", "families", "legal_basis", "citation", "school_year",
    "attributed_at", "population", "fact", "dimensions", "tables", "bounds", "budget", "floor", "noise", "servers",
    "schedule", "expectations", "overrides",
}  # fmt: skip


def read_plan(raw: bytes) -> Plan:
    """Read a plan, canonical or not; raises PlanRefused naming place, value and remedy."""
    if len(raw) > MAX_PLAN:
        raise PlanRefused(place="plan", reason=f"it has {len(raw)} bytes", mend=f"at most {MAX_PLAN} bytes")
    try:
        document = read_object(raw)
        canonical = canonical_json(document)
    except (TokenFault, ValueError) as fault:
        raise PlanRefused(place="plan", reason=str(fault), mend="write one JSON object with whole numbers") from fault
    try:
        plan = _read(document, canonical)
    except FormFault as fault:
        place, _, reason = str(fault).partition(": ")
        raise PlanRefused(place=place, reason=f"{reason}{_found(document, place)}") from fault
    check(plan)
    return plan


def _read(document: Mapping[str, object], canonical: bytes) -> Plan:
    form = Form(document, "plan", _MEMBERS)
    if form.value("format") != FORMAT:
        raise PlanRefused(place="plan.format", reason=f"it is not {FORMAT}", mend=f"write {FORMAT}")
    population = Form(form.value("population"), "plan.population", {"grades"})
    fact = Form(form.value("fact"), "plan.fact", {"kind", "at_least"})
    bounds = Form(form.value("bounds"), "plan.bounds", {"cells_per_child", "per_cell"})
    budget = Form(form.value("budget"), "plan.budget", {"year_units", "share", "units"})
    noise = Form(form.value("noise"), "plan.noise", {"source", "colluding"})
    servers = Form(form.value("servers"), "plan.servers", {"leader", "helper"})
    schedule = Form(form.value("schedule"), "plan.schedule", {"opens_at", "closes_at"})
    units = Form(budget.value("units"), "plan.budget.units", {level.value for level in Level})
    return Plan(
        plan_id=form.token("plan_id", most=64, also="-"),
        version=form.whole("version", 1, 10_000),
        title=_words(form, "title", 200),
        purpose=_words(form, "purpose", 1000),
        families=_words(form, "families", 3000),
        legal_basis=_words(form, "legal_basis", 1000),
        citation=form.text("citation", most=500),
        school_year=form.whole("school_year", 2000, 2100),
        attributed_at=form.instant("attributed_at"),
        grades=_names(population, "grades", 12),
        fact=Fact(fact.token("kind", most=40, also="_"), fact.whole("at_least", 1, 365)),
        dimensions=tuple(_dimension(*one) for one in form.items("dimensions", 8)),
        tables=_tables(form),
        bounds=Bounds(bounds.whole("cells_per_child", 1, 64), bounds.whole("per_cell", 1, 1_000_000)),
        year_units=budget.whole("year_units", 1, _MOST_UNITS),
        share=_part(budget.value("share"), "plan.budget.share"),
        units={level: units.whole(level.value, 1, _MOST_UNITS) for level in Level},
        floor=form.whole("floor", 2, 1000),
        noise=noise.choice("source", NoiseSource),
        colluding=_part(noise.value("colluding"), "plan.noise.colluding"),
        leader=servers.token("leader", most=64, also=".-"),
        helper=servers.token("helper", most=64, also=".-"),
        opens_at=schedule.instant("opens_at"),
        closes_at=schedule.instant("closes_at"),
        expectations=tuple(_expectation(*one) for one in form.items("expectations", 32)),
        overrides=tuple(_override(*one) for one in form.items("overrides", 32)),
        _bytes=canonical,
    )


def _words(form: Form, name: str, most: int) -> Words:
    return _read_words(form.value(name), f"plan.{name}", most)


def _read_words(wire: object, place: str, most: int) -> Words:
    words = Form(wire, place, {"ja", "plain", "en"})
    return Words(words.text("ja", most=most), words.text("plain", most=most), words.text("en", most=most))


def _names(form: Form, name: str, most: int) -> tuple[str, ...]:
    names: list[str] = []
    for value, place in form.items(name, most):
        if not isinstance(value, str) or not 0 < len(value) <= 64 or not _CODE_CHARACTERS.issuperset(value):
            raise FormFault(f"{place}: not a code")
        names.append(value)
    return tuple(names)


def _part(wire: object, place: str) -> Fraction:
    """Read a part of a whole, more than nothing and at most all of it."""
    part = Form(wire, place, {"parts", "of"})
    parts, of = part.whole("parts", 1, 10_000), part.whole("of", 1, 10_000)
    if parts > of:
        raise PlanRefused(place=place, reason=f"{parts}/{of} is more than all", mend="at most the whole")
    return Fraction(parts, of)


def _dimension(wire: object, place: str) -> Dimension:
    if isinstance(wire, Mapping) and "of" in wire:
        form = Form(wire, place, {"id", "of", "groups"})
        groups: dict[str, tuple[str, ...]] = {}
        for one, at in form.items("groups", 64):
            group = Form(one, at, {"code", "members"})
            code = group.token("code", most=64, also="_")
            if code in groups:
                raise PlanRefused(place=at, reason=f"the group “{code}” stands twice", mend="name each group once")
            groups[code] = _names(group, "members", 64)
        of = form.token("of", most=40, also="_")
        return Dimension(form.token("id", most=40, also="_"), tuple(groups), of, groups)
    form = Form(wire, place, {"id", "codes"})
    return Dimension(form.token("id", most=40, also="_"), _names(form, "codes", 64))


def _tables(form: Form) -> dict[Level, tuple[Table, ...]]:
    value = form.value("tables")
    if isinstance(value, Mapping) and any(str(name).startswith("school") for name in value):
        mend = "tables stand for nation, prefecture and establisher"
        raise PlanRefused(place="plan.tables", reason="figures by school are not offered", mend=mend)
    levels = Form(value, "plan.tables", {level.value for level in Level})
    found: dict[Level, tuple[Table, ...]] = {}
    for level in Level:
        tables: list[Table] = []
        for wire, place in levels.items(level.value, 8):
            one = Form(wire, place, {"id", "dimensions"})
            tables.append(Table(one.token("id", most=40, also="_"), _names(one, "dimensions", 8)))
        found[level] = tuple(tables)
    return found


def _expectation(wire: object, place: str) -> Expectation:
    form = Form(wire, place, {"level", "table", "bands", "source"})
    bands: list[Band] = []
    for one, at in form.items("bands", 64):
        band = Form(one, at, {"areas", "value"})
        bands.append(Band(band.whole("areas", 1, 100_000), band.whole("value", 0, 100_000_000)))
    level, table = form.choice("level", Level), form.token("table", most=40, also="_")
    return Expectation(level, table, tuple(bands), _read_words(form.value("source"), f"{place}.source", 500))


def _override(wire: object, place: str) -> Override:
    form = Form(wire, place, {"level", "table", "reason"})
    reason = _read_words(form.value("reason"), f"{place}.reason", 1000)
    return Override(form.choice("level", Level), form.token("table", most=40, also="_"), reason)


def _found(document: Mapping[str, object], place: str) -> str:
    """Return what stands at a place, cut short, for the sentence that refuses it; nothing where nothing stands."""
    value: object = document
    for step in place.replace("[", ".[").split(".")[1:]:
        if step.startswith("[") and isinstance(value, list):
            value = value[int(step[1:-1])]
        elif isinstance(value, Mapping) and step in value:
            value = value[step]
        else:
            return ""
    return "" if isinstance(value, Mapping | list) else f", found “{str(value)[:60]}”"
