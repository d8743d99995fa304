"""Cells, what they are made of, how far one child can move them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.plans.cells import ForeignCodes, base_cells, base_index, level_cells, members, project
from aggregator.plans.codes import code_lists, fact_words, level_words
from aggregator.plans.document import Level
from aggregator.plans.sensitivity import sensitivity_squared
from aggregator.plans.shipped import shipped_plan
from tests.factories.plans import make_plan, plan_document

SAID = {"ja": "x", "plain": "x", "en": "x"}
PLAN = shipped_plan("absence-2025")
BASE = len(base_cells(PLAN))
CELLS = st.lists(st.integers(0, 10**6), min_size=BASE, max_size=BASE)
RECORDS = Path("api_specs/records")


def test_the_last_dimension_runs_fastest_and_every_cell_finds_itself() -> None:
    cells = base_cells(PLAN)
    assert [cell.codes for cell in cells[:4]] == [
        ("P1", "male"), ("P1", "female"), ("P1", "unspecified"), ("P2", "male"),
    ]  # fmt: skip
    assert [base_index(PLAN, cell.codes) for cell in cells] == list(range(BASE))


@pytest.mark.parametrize("codes", [(), ("P1",), ("male", "P1"), ("H1", "male"), ("P1", "male", "P1"), ("P1", ["male"])])
def test_codes_of_no_cell_have_no_index(codes: Any) -> None:
    with pytest.raises(ForeignCodes):
        base_index(PLAN, codes)


def test_the_shipped_plans_stages_sum_up_their_grades() -> None:
    assert [cell.codes for cell in level_cells(PLAN, Level.ESTABLISHER)] == [("elementary",), ("junior_high",)]
    assert [len(group) for group in members(PLAN, Level.ESTABLISHER)] == [18, 9]
    assert members(PLAN, Level.NATION) == tuple((index,) for index in range(BASE))
    with pytest.raises(KeyError):
        PLAN.dimension("income")


@given(CELLS)
def test_totals_are_the_same_in_integers_and_in_the_ring(values: list[int]) -> None:
    for level in Level:
        whole = project(PLAN, level, values)
        assert whole == project(PLAN, level, np.array(values, dtype=np.uint64)).tolist()
        assert sum(whole) == sum(values)


@given(CELLS, CELLS)
def test_projecting_is_linear_also_where_the_ring_wraps_round(left: list[int], right: list[int]) -> None:
    a, b = np.array(left, dtype=np.uint64), np.uint64(0) - np.array(right, dtype=np.uint64)
    both = project(PLAN, Level.ESTABLISHER, a + b)
    apart = project(PLAN, Level.ESTABLISHER, a) + project(PLAN, Level.ESTABLISHER, b)
    assert (both == apart).all()
    assert (project(PLAN, Level.ESTABLISHER, np.stack([a, b])) == np.stack(
        [project(PLAN, Level.ESTABLISHER, one) for one in (a, b)]
    )).all()  # fmt: skip


@pytest.mark.parametrize("values", [[], [1] * (BASE + 1), np.zeros(3, dtype=np.uint64)])
def test_a_vector_of_another_length_is_refused(values: Any) -> None:
    with pytest.raises(ValueError, match="cells"):
        project(PLAN, Level.NATION, values)


@given(st.integers(1, 4), st.integers(1, 5), st.data())
def test_no_child_moves_a_level_further_than_its_sensitivity_and_some_child_as_far(
    cells_per_child: int, per_cell: int, data: st.DataObject
) -> None:
    """Compared over the whole way from base cells to the tables of a level, with two tables that overlap on purpose."""
    tables = [{"id": "stage", "dimensions": ["stage"]}, {"id": "sex", "dimensions": ["sex"]}]
    said = [*plan_document()["expectations"],
            {"level": "establisher", "table": "sex", "bands": [{"areas": 1, "value": 1}], "source": SAID}]  # fmt: skip
    plan = make_plan(
        bounds={"cells_per_child": cells_per_child, "per_cell": per_cell}, tables__establisher=tables, expectations=said
    )
    chosen = data.draw(st.lists(st.integers(0, BASE - 1), min_size=1, max_size=cells_per_child, unique=True))
    child = [0] * BASE
    for index in chosen:
        child[index] = data.draw(st.integers(1, per_cell))
    for level in Level:
        assert sum(one * one for one in project(plan, level, child)) <= sensitivity_squared(plan, level)
    heaviest = [per_cell if index in range(0, 3 * cells_per_child, 3) else 0 for index in range(BASE)]
    moved = sum(one * one for one in project(plan, Level.ESTABLISHER, heaviest))
    assert moved == sensitivity_squared(plan, Level.ESTABLISHER) == 2 * (cells_per_child * per_cell) ** 2


def _labels(schema: str, name: str) -> dict[str, dict[str, str]]:
    """Every labelled code of a property, wherever the schema has it."""
    found: dict[str, dict[str, str]] = {}

    def walk(node: object) -> None:
        if isinstance(node, dict):
            inner = node.get(name)
            if isinstance(inner, dict) and "x-codes" in inner:
                found.update(inner["x-codes"])
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(json.loads((RECORDS / schema).read_text("utf-8")))
    return found


@pytest.mark.parametrize(
    ("name", "schema"),
    [("grade", "guidance.schema.json"), ("grade", "enrolment.schema.json"), ("sex", "enrolment.schema.json")],
)
def test_codes_their_order_and_their_words_are_those_of_the_records(name: str, schema: str) -> None:
    written = {code: {"ja": one.ja, "plain": one.plain, "en": one.en} for code, one in code_lists()[name].codes.items()}
    assert list(written.items()) == list(_labels(schema, name).items())


def test_the_stages_are_those_of_the_vocabulary_and_hold_every_grade_once() -> None:
    labels = json.loads(Path("consent/policy/labels.json").read_text("utf-8"))
    stages = next(group for group in _groups(labels) if "elementary" in group)
    stage = code_lists()["stage"]
    for code, words in stage.codes.items():
        assert words.en == stages[code]["en"]
        assert words.ja == stages[code]["ja"]
    assert [code for group in stage.groups.values() for code in group] == list(code_lists()["grade"].codes)


def _groups(node: object) -> list[dict[str, dict[str, str]]]:
    if not isinstance(node, dict):
        return []
    return [node, *(group for value in node.values() for group in _groups(value))]


def test_every_level_and_fact_has_words_in_every_language() -> None:
    assert set(level_words()) == set(Level)
    for words in (*level_words().values(), *fact_words().values()):
        assert len({words.in_language(language) for language in ("ja", "plain", "en")}) >= 2
    for words in fact_words().values():
        assert "30" in words.en % {"at_least": 30}
