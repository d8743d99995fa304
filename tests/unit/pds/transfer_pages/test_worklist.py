"""The work list: what needs somebody first, then by deadline; counts that no filter can hide."""

from datetime import date, timedelta
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from pds.people.details import Name
from pds.transfer.worklist import CaseRow, Side, Standing, arrange

TODAY = date(2026, 11, 20)


def row(
    standing: Standing = Standing.UNTOUCHED,
    side: Side = Side.OUTGOING,
    due: int | None = None,
    since: int = 0,
    transfer: UUID | None = None,
) -> CaseRow:
    return CaseRow(
        side, uuid4(), transfer or uuid4(), Name("山田", "花子"), "東小学校", None, standing, "",
        TODAY - timedelta(since), None if due is None else TODAY + timedelta(due),
    )  # fmt: skip


rows = st.lists(
    st.builds(
        row, st.sampled_from(Standing), st.sampled_from(Side), st.none() | st.integers(-30, 60), st.integers(0, 90)
    ),
    max_size=30,
)


@given(rows, st.none() | st.sampled_from(Side), st.none() | st.sampled_from(Standing))
def test_a_filter_shows_exactly_its_own_and_deadlines_never_go_back(
    cases: list[CaseRow], side: Side | None, standing: Standing | None
) -> None:
    work = arrange(cases, side, standing)
    shown = [one for _, group in work.groups for one in group]
    wanted = {standing} if standing else {Standing.UNTOUCHED, Standing.WAITING}
    assert {one.transfer for one in shown} == {
        one.transfer for one in cases if side in (None, one.side) and one.standing in wanted
    }
    for state, group in work.groups:
        assert {one.standing for one in group} == {state}
        if state is not Standing.DONE:
            dues = [one.due or date.max for one in group]
            assert dues == sorted(dues)


@given(rows, st.sampled_from(Standing))
def test_the_count_of_what_needs_somebody_is_the_same_under_every_filter_of_the_state(
    cases: list[CaseRow], standing: Standing
) -> None:
    assert arrange(cases, None, standing).untouched == arrange(cases, None, None).untouched


def test_what_needs_somebody_stands_before_what_waits_for_others() -> None:
    late, early = row(Standing.UNTOUCHED, due=50), row(Standing.WAITING, due=-5)
    assert [state for state, _ in arrange([early, late], None, None).groups] == [Standing.UNTOUCHED, Standing.WAITING]


def test_without_a_deadline_the_oldest_is_first_and_after_all_that_have_one() -> None:
    new, old, due = row(since=1), row(since=30), row(due=60)
    ((_, group),) = arrange([new, old, due], None, None).groups
    assert group == (due, old, new)


def test_closed_cases_are_listed_only_when_asked_for_and_the_newest_first() -> None:
    old, new = row(Standing.DONE, since=9), row(Standing.DONE, since=2)
    assert arrange([old, new], None, None).groups == ()
    assert arrange([old, new], None, Standing.DONE).groups == ((Standing.DONE, (new, old)),)


def test_only_an_open_case_is_overdue_and_not_on_the_last_day() -> None:
    assert row(due=-1).overdue(TODAY)
    assert not row(due=0).overdue(TODAY)
    assert not row(due=None).overdue(TODAY)
    assert not row(Standing.DONE, due=-1).overdue(TODAY)
