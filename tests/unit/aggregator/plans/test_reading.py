"""What is refused in a plan, each with place, value and remedy, and what every plan that is read keeps to."""

import json
import pickle
from itertools import chain
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.plans.cells import base_cells, level_cells, members
from aggregator.plans.document import Level, Plan, PlanRefused, read_plan
from aggregator.plans.model import MAX_PLAN
from aggregator.plans.shipped import SHIPPED, shipped_plan
from tests.factories.plans import make_plan, plan_bytes, plan_document

SCHEMA = jsonschema_rs.validator_for(json.loads(Path("api_specs/plans/plan.schema.json").read_text("utf-8")))
SAID = {"ja": "x", "plain": "x", "en": "x"}
GRADE = {"id": "grade", "codes": ["P1", "P2", "P3", "P4", "P5", "P6", "J1", "J2", "J3"]}
SEX = {"id": "sex", "codes": ["male", "female", "unspecified"]}
LOW, HIGH = ["P1", "P2", "P3", "P4", "P5", "P6"], ["J1", "J2", "J3"]
CROSS = {"id": "grade_sex", "dimensions": ["grade", "sex"]}


def stage(*groups: tuple[str, list[str]]) -> list[dict[str, Any]]:
    found = [{"code": code, "members": found} for code, found in groups]
    return [GRADE, SEX, {"id": "stage", "of": "grade", "groups": found}]


def refusal(**changes: object) -> PlanRefused:
    with pytest.raises(PlanRefused) as refused:
        make_plan(**changes)
    return refused.value


SEMANTIC: list[tuple[dict[str, object], str, str]] = [
    ({"fact__kind": "daily_absence"}, "plan.fact.kind", "daily_absence"),
    ({"dimensions": [{"id": "grade", "codes": ["P1", "Q9"]}, SEX]}, "plan.dimensions[0]", "Q9"),
    ({"dimensions": [{"id": "grade", "codes": ["P1", "P1"]}, SEX]}, "plan.dimensions[0]", "P1"),
    ({"dimensions": [{"id": "grade", "codes": ["P2", "P1"]}, SEX]}, "plan.dimensions[0]", "out of order"),
    ({"dimensions": [GRADE, SEX, SEX]}, "plan.dimensions", "sex"),
    ({"dimensions": [GRADE, {"id": "income", "codes": ["low"]}]}, "plan.dimensions[1]", "income"),
    ({"dimensions": [GRADE, {"id": "sex", "codes": []}]}, "plan.dimensions[1]", "no codes"),
    ({"dimensions": []}, "plan.dimensions", "there is none"),
    ({"dimensions": [GRADE, {"id": "stage", "codes": ["elementary"]}]}, "plan.dimensions[1]", "another way"),
    ({"dimensions": [{"id": "grade", "of": "sex", "groups": []}, SEX]}, "plan.dimensions[0]", "another way"),
    ({"dimensions": [SEX, stage(("elementary", LOW))[2]]}, "plan.dimensions[1]", "“grade” is missing"),
    ({"dimensions": stage(("elementary", LOW))}, "plan.dimensions[2]", "no group holds J1, J2, J3"),
    ({"dimensions": stage(("elementary", LOW), ("junior_high", [*HIGH, "P6"]))}, "plan.dimensions[2]", "“P6” stands"),
    ({"dimensions": stage(("elementary", LOW), ("elementary", HIGH))}, "plan.dimensions[2].groups[1]", "elementary"),
    ({"dimensions": stage(("elementary", [*LOW, "H1"]), ("junior_high", HIGH))}, "plan.dimensions[2]", "H1"),
    ({"dimensions": stage(("elementary", HIGH), ("junior_high", LOW))}, "plan.dimensions[2]", "not what its name"),
    ({"dimensions": stage(("elementary", LOW), ("junior_high", HIGH), ("senior_high", []))}, "plan.dimensions[2]",
     "not what its name"),
    ({"dimensions": stage(("middle", LOW))}, "plan.dimensions[2]", "middle"),
    ({"population__grades": ["P1"]}, "plan.population.grades", "differ"),
    ({"population__grades": []}, "plan.population.grades", "nobody"),
    ({"population__grades": ["X1"]}, "plan.population.grades", "X1"),
    ({"tables__nation": []}, "plan.tables.nation", "no table"),
    ({"tables__nation": [CROSS, CROSS]}, "plan.tables.nation", "grade_sex"),
    ({"tables__nation": [CROSS, {"id": "t", "dimensions": ["sex", "grade"]}]}, "plan.tables.nation[1]", "same table"),
    ({"tables__nation": [{"id": "t", "dimensions": []}]}, "plan.tables.nation[0]", "no dimension"),
    ({"tables__nation": [{"id": "t", "dimensions": ["income"]}]}, "plan.tables.nation[0]", "income"),
    ({"tables__nation": [{"id": "t", "dimensions": ["sex", "sex"]}]}, "plan.tables.nation[0]", "sex"),
    ({"tables__nation": [{"id": "t", "dimensions": ["grade", "stage"]}]}, "plan.tables.nation[0]", "overlap"),
    ({"tables__school": [CROSS]}, "plan.tables", "school"),
    ({"tables__schools": [CROSS]}, "plan.tables", "school"),
    ({"budget__units__nation": 10**12}, "plan.budget.units", "are more than 3/10"),
    ({"budget__share": {"parts": 3, "of": 2}}, "plan.budget.share", "3/2"),
    ({"noise__colluding": {"parts": 2, "of": 3}}, "plan.noise.colluding", "2/3"),
    ({"attributed_at": "2026-03-31T15:00:00Z"}, "plan.attributed_at", "2025"),
    ({"attributed_at": "2025-03-31T14:59:59Z"}, "plan.attributed_at", "2025"),
    ({"schedule__opens_at": "2026-03-30T14:59:59Z"}, "plan.schedule.opens_at", "open before"),
    ({"schedule__closes_at": "2026-04-14T15:00:00Z"}, "plan.schedule.closes_at", "close before"),
    ({"servers__helper": "leader.demo"}, "plan.servers", "leader.demo"),
    ({"expectations": []}, "plan.expectations", "nation/grade_sex"),
    ({"overrides": [{"level": "nation", "table": "stage", "reason": {"ja": "a", "plain": "a", "en": "a"}}]},
     "plan.overrides", "nation/stage"),
]  # fmt: skip

FORMAL: list[tuple[dict[str, object], str, str]] = [
    ({"format": "manabi-plan/2"}, "plan.format", "manabi-plan/1"),
    ({"surprise": 1}, "plan", "surprise"),
    ({"budget__units__nation": 0}, "plan.budget.units.nation", "“0”"),
    ({"budget__units__prefecture": -5}, "plan.budget.units.prefecture", "“-5”"),
    ({"budget__units__school": 5}, "plan.budget.units", "school"),
    ({"budget__units__nation": True}, "plan.budget.units.nation", "True"),
    ({"floor": 1}, "plan.floor", "“1”"),
    ({"bounds__cells_per_child": 0}, "plan.bounds.cells_per_child", "“0”"),
    ({"bounds__per_cell": -1}, "plan.bounds.per_cell", "“-1”"),
    ({"fact__at_least": 366}, "plan.fact.at_least", "“366”"),
    ({"attributed_at": "2026-03-31T00:00:00+09:00"}, "plan.attributed_at", "not an instant"),
    ({"noise__source": "nobody"}, "plan.noise.source", "nobody"),
    ({"noise__colluding": {"parts": 0, "of": 2}}, "plan.noise.colluding.parts", "“0”"),
    ({"title": "a title"}, "plan.title", "not an object"),
    ({"title": {"ja": "a", "en": "b"}}, "plan.title", "plain"),
    ({"plan_id": "a plan"}, "plan.plan_id", "a plan"),
    ({"dimensions": "grade"}, "plan.dimensions", "grade"),
    ({"dimensions": [{"id": "grade", "codes": [1]}]}, "plan.dimensions[0].codes[0]", "“1”"),
    ({"expectations": [{"level": "nation", "table": "grade_sex", "bands": [{"areas": 0, "value": 1}], "source": SAID}]},
     "plan.expectations[0].bands[0].areas", "“0”"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "place", "named"), SEMANTIC + FORMAL)
def test_a_fault_is_refused_with_its_place_what_stands_there_and_what_to_do(
    changes: dict[str, object], place: str, named: str
) -> None:
    refused = refusal(**changes)
    assert refused.params["place"] == place
    assert named in f"{refused.params['reason']} {refused.params['mend']}"
    assert refused.params["mend"]
    assert place in str(refused)


@pytest.mark.parametrize(("changes", "place", "named"), FORMAL)
def test_the_published_schema_refuses_every_fault_of_form(changes: dict[str, object], place: str, named: str) -> None:
    if place != "plan.attributed_at" or named != "not an instant":
        assert not SCHEMA.is_valid(plan_document(**changes)), named
    assert not SCHEMA.is_valid(plan_document(**changes))


@pytest.mark.parametrize(
    "raw",
    [b"", b"[]", b"null", b'{"format": 1.5}', b'{"a": NaN}', b'{"format": 1, "format": 1}', b"\xff", b"{" * 5000,
     b'{"a": 99999999999999999999}'],
)  # fmt: skip
def test_what_is_no_document_is_refused_as_a_whole(raw: bytes) -> None:
    with pytest.raises(PlanRefused) as refused:
        read_plan(raw)
    assert refused.value.params["place"] == "plan"


def test_a_document_above_the_size_is_not_even_parsed() -> None:
    with pytest.raises(PlanRefused, match=str(MAX_PLAN)):
        read_plan(b" " * (MAX_PLAN + 1))


def test_too_many_cells_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for most, place in ((20, "plan.dimensions"), (26, "plan.dimensions")):
        monkeypatch.setattr("aggregator.plans.checking.MAX_CELLS", most)
        assert refusal().params["place"] == place
    monkeypatch.setattr("aggregator.plans.checking.MAX_CELLS", 30)
    two = [CROSS, {"id": "sex", "dimensions": ["sex"]}, {"id": "grade", "dimensions": ["grade"]}]
    bands = [{"areas": 1, "value": 1}]
    said = [*plan_document()["expectations"]]
    said += [{"level": "nation", "table": name, "bands": bands, "source": SAID} for name in ("sex", "grade")]
    assert refusal(tables__nation=two, expectations=said).params["place"] == "plan.tables.nation"


def test_an_expectation_without_areas_is_refused() -> None:
    said = plan_document()["expectations"]
    said[0]["bands"] = []
    assert "no areas" in str(refusal(expectations=said))


@pytest.mark.parametrize("name", SHIPPED)
def test_what_is_shipped_reads_and_fits_the_published_schema(name: str) -> None:
    plan = shipped_plan(name)
    SCHEMA.validate(json.loads(plan.to_bytes()))
    assert plan.plan_id == name
    assert plan.floor == 5
    assert set(plan.families.ja) - set(plan.families.en)


def test_only_what_is_shipped_is_shipped() -> None:
    with pytest.raises(KeyError):
        shipped_plan("../records/report")


def test_a_plan_is_its_canonical_bytes_however_it_was_written() -> None:
    document = plan_document()
    shuffled = json.dumps(dict(reversed(document.items())), indent=3).encode()
    plan = read_plan(shuffled)
    assert plan == shipped_plan("absence-2025")
    assert hash(plan) == hash(shipped_plan("absence-2025"))
    assert plan.to_bytes() == shipped_plan("absence-2025").to_bytes()
    assert read_plan(plan.to_bytes()) == plan
    assert pickle.loads(pickle.dumps(plan)) == plan  # noqa: S301  what this test itself wrote
    assert plan != make_plan(version=2)
    assert plan != "plan"


def test_a_refusal_survives_the_way_between_processes() -> None:
    refused = refusal(floor=1)
    assert str(pickle.loads(pickle.dumps(refused))) == str(refused)  # noqa: S301  what this test itself wrote


SUBSETS = st.sets(st.sampled_from(GRADE["codes"]), min_size=1).map(
    lambda held: [g for g in GRADE["codes"] if g in held]
)
SEXES = st.sampled_from([["male", "female"], ["male", "female", "unspecified"], ["unspecified"]])
TABLES = st.lists(
    st.sampled_from([["grade"], ["sex"], ["stage"], ["grade", "sex"], ["sex", "stage"]]), min_size=1, unique_by=tuple
)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Plans with any grades, sexes and tables, coarsened into stages."""
    grades, sexes = draw(SUBSETS), draw(SEXES)
    groups = [
        {"code": code, "members": held}
        for code, first in (("elementary", "P"), ("junior_high", "J"))
        if (held := [one for one in grades if one.startswith(first)])
    ]
    tables = {level.value: [{"id": "_".join(names), "dimensions": names} for names in draw(TABLES)] for level in Level}
    said = [
        {"level": level, "table": one["id"], "bands": [{"areas": 1, "value": 1}], "source": SAID}
        for level, found in tables.items()
        for one in found
    ]
    return make_plan(
        population__grades=grades,
        dimensions=[{"id": "grade", "codes": grades}, {"id": "sex", "codes": sexes},
                    {"id": "stage", "of": "grade", "groups": groups}],
        tables=tables, expectations=said,
    )  # fmt: skip


@given(plans(), st.sampled_from(Level))
def test_each_table_of_any_plan_cuts_the_base_cells_into_parts_without_gap_or_overlap(plan: Plan, level: Level) -> None:
    found = members(plan, level)
    assert len(found) == len(level_cells(plan, level))
    for table in plan.tables[level]:
        own = [group for cell, group in zip(level_cells(plan, level), found, strict=True) if cell.table == table.id]
        assert all(own)
        assert sorted(chain.from_iterable(own)) == list(range(len(base_cells(plan))))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
_PLACES = [
    "format", "plan_id", "version", "title", "title__ja", "families", "school_year", "attributed_at",
    "population", "population__grades", "fact", "fact__kind", "fact__at_least", "dimensions", "tables",
    "tables__nation", "bounds", "bounds__per_cell", "budget", "budget__share", "budget__share__of",
    "budget__units", "budget__units__nation", "floor", "noise", "noise__colluding", "servers__leader",
    "schedule", "schedule__opens_at", "expectations", "overrides",
]  # fmt: skip


@given(st.sampled_from(_PLACES), _JSON)
def test_whatever_stands_at_any_place_a_plan_is_read_or_refused_and_never_breaks(place: str, value: object) -> None:
    raw = plan_bytes(**{place: value})
    try:
        plan = read_plan(raw)
    except PlanRefused:
        return
    else:
        assert SCHEMA.is_valid(json.loads(raw))
        assert plan.total_units <= plan.year_units
        assert read_plan(plan.to_bytes()) == plan
