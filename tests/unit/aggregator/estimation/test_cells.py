"""Cells are grouped by what they count, whatever their tables are called."""

from aggregator.estimation.cells import CellGroup, cell_groups
from aggregator.plans.cells import level_cells
from aggregator.plans.model import Level, Table
from tests.unit.aggregator.estimation.plans import COARSE, FINE, PLAN, SHIPPED, plan_of

BY_SEX = Table("sex", ("sex",))
STAGE_SEX = Table("stage_sex", ("stage", "sex"))


def test_the_shipped_plan_has_a_group_for_each_stage() -> None:
    groups = cell_groups(SHIPPED)
    assert [group.establisher for group in groups] == [0, 1]
    assert [group.cells for group in groups] == [18, 9]
    cells = level_cells(SHIPPED, Level.PREFECTURE)
    assert {cells[place].codes[0] for place in groups[1].prefecture} == {"J1", "J2", "J3"}
    assert all(group.nation == group.prefecture for group in groups)


def test_every_cell_is_in_exactly_one_group() -> None:
    plans = [
        SHIPPED,
        PLAN,
        plan_of({Level.NATION: (FINE, COARSE), Level.PREFECTURE: (COARSE, FINE), Level.ESTABLISHER: (COARSE, BY_SEX)}),
        plan_of({Level.NATION: (FINE,), Level.PREFECTURE: (), Level.ESTABLISHER: (COARSE,)}),
        plan_of({Level.NATION: (), Level.PREFECTURE: (FINE,), Level.ESTABLISHER: ()}),
    ]
    for plan in plans:
        groups = cell_groups(plan)
        for level, places in (
            (Level.NATION, [at for group in groups for at in group.nation]),
            (Level.PREFECTURE, [at for group in groups for at in group.prefecture]),
            (Level.ESTABLISHER, [group.establisher for group in groups if group.establisher is not None]),
        ):
            assert sorted(places) == list(range(len(level_cells(plan, level))))


def test_cells_that_two_coarser_tables_sum_up_belong_to_the_first() -> None:
    plan = plan_of({Level.NATION: (FINE,), Level.PREFECTURE: (FINE,), Level.ESTABLISHER: (COARSE, BY_SEX)})
    assert cell_groups(plan)[2:] == (CellGroup((), (), 2), CellGroup((), (), 3))


def test_a_nation_of_other_tables_is_grouped_by_itself() -> None:
    plan = plan_of({Level.NATION: (BY_SEX,), Level.PREFECTURE: (STAGE_SEX,), Level.ESTABLISHER: (COARSE,)})
    groups = cell_groups(plan)
    assert groups[0] == CellGroup((), (0, 1), 0)
    assert groups[2:] == (CellGroup((0,), (), None), CellGroup((1,), (), None))


def test_a_nation_and_establishers_without_prefectures_still_meet() -> None:
    plan = plan_of({Level.NATION: (COARSE,), Level.PREFECTURE: (), Level.ESTABLISHER: (COARSE,)})
    assert cell_groups(plan) == (CellGroup((0,), (), 0), CellGroup((1,), (), 1))
