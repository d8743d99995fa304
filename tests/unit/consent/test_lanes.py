"""On what ground each category moves, and when a family's review of what the law sends is over."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.age import JAPAN
from consent.lanes import Arrangement, arrange, is_school_day, lane_of, review_ends
from consent.vocabulary import Category, Lane, Move
from tests.unit.consent.people import NOW, POLICY

BEFORE_ANY_RULE = datetime(2020, 1, 1, tzinfo=UTC)
TO_A_SCHOOL = (Move.TRANSFER, Move.PROMOTION, Move.ADMISSION)

# The table of the design, copied by hand: lane for a move to another school, for an application, without a move.
LANES = """
enrolment        statutory       forbidden       forbidden
guidance         statutory       forbidden       forbidden
health_check     statutory       forbidden       forbidden
report           consent         forbidden       consent
assessment       consent         forbidden       consent
selection_report on_application  on_application  forbidden
attendance_daily consent         forbidden       consent
learning_log     consent         forbidden       consent
portfolio        consent         forbidden       consent
fitness          consent         forbidden       consent
support_plan     consent         forbidden       consent
care_plan        consent         forbidden       consent
health_room      consent         forbidden       consent
wellbeing        consent         forbidden       consent
early_years      forbidden       forbidden       forbidden
next_step        consent         forbidden       consent
credential       consent         forbidden       consent
welfare          forbidden       forbidden       forbidden
"""


def test_every_category_has_the_lane_of_the_table() -> None:
    rows = {Category(name): lanes for name, *lanes in (line.split() for line in LANES.strip().splitlines())}
    assert set(rows) == set(Category)
    for category, (moving, applying, staying) in rows.items():
        for move in TO_A_SCHOOL:
            assert lane_of(category, move, NOW, POLICY) is Lane(moving), (category, move)
        assert lane_of(category, Move.APPLICATION, NOW, POLICY) is Lane(applying)
        assert lane_of(category, Move.NONE, NOW, POLICY) is Lane(staying)


def test_a_school_receives_the_register_of_early_years_and_never_sends_it() -> None:
    assert lane_of(Category.EARLY_YEARS, Move.PROMOTION, NOW, POLICY, incoming=True) is Lane.STATUTORY
    assert lane_of(Category.WELFARE, Move.PROMOTION, NOW, POLICY, incoming=True) is Lane.FORBIDDEN


@pytest.mark.parametrize("category", Category)
def test_nothing_moves_where_no_rule_is_in_force(category: Category) -> None:
    assert lane_of(category, Move.TRANSFER, BEFORE_ANY_RULE, POLICY) is Lane.FORBIDDEN


def test_a_request_on_a_transfer_falls_into_three_parts() -> None:
    asked = [Category.PORTFOLIO, Category.WELFARE, Category.REPORT, Category.GUIDANCE, Category.SELECTION_REPORT]
    assert arrange(asked, Move.TRANSFER, NOW, POLICY) == Arrangement(
        statutory=(Category.GUIDANCE,),
        choosable=(Category.REPORT, Category.PORTFOLIO),
        closed=(Category.SELECTION_REPORT, Category.WELFARE),
    )


def test_an_application_unlocks_the_papers_for_selection_and_nothing_else() -> None:
    whole = arrange(Category, Move.APPLICATION, NOW, POLICY)
    assert (whole.statutory, whole.choosable) == ((), (Category.SELECTION_REPORT,))


@given(st.frozensets(st.sampled_from(list(Category))), st.sampled_from(Move))
def test_every_category_asked_for_lies_in_exactly_one_part(asked: frozenset[Category], move: Move) -> None:
    found = arrange(asked, move, NOW, POLICY)
    assert sorted((*found.statutory, *found.choosable, *found.closed)) == sorted(asked)


def midnight(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, tzinfo=JAPAN)


@pytest.mark.parametrize(
    ("opened", "ends"),
    [
        (midnight(2026, 6, 1), midnight(2026, 6, 9)),  # Monday: Tuesday to Friday, and the next Monday
        (datetime(2026, 6, 1, 23, 59, tzinfo=JAPAN), midnight(2026, 6, 9)),  # the hour of the opening does not matter
        (midnight(2026, 6, 6), midnight(2026, 6, 13)),  # Saturday: the five days of the next week
        (midnight(2026, 9, 18), midnight(2026, 10, 1)),  # Friday before three holidays in a row: 24, 25, 28, 29, 30
        (midnight(2026, 4, 28), midnight(2026, 5, 12)),  # over the holidays of May: 30 April, 1, 7, 8, 11 May
        (midnight(2026, 7, 17), midnight(2026, 9, 8)),  # the last Friday before the summer: 31 August is closed too
        (midnight(2026, 12, 24), midnight(2027, 1, 16)),  # over New Year: 8, then 12 to 15 January (11 is a holiday)
        (midnight(2027, 3, 24), midnight(2027, 4, 10)),  # over the change of school years: 25 March, 6 to 9 April
    ],
)
def test_the_review_ends_after_five_school_days(opened: datetime, ends: datetime) -> None:
    assert review_ends(opened, POLICY) == ends


def test_without_a_rule_the_review_ends_at_once() -> None:
    assert review_ends(BEFORE_ANY_RULE, POLICY) == BEFORE_ANY_RULE


def test_a_day_of_no_calendar_counts_as_a_school_day() -> None:
    assert is_school_day(date(2020, 1, 1), POLICY)


def test_the_holidays_of_two_years_are_shipped() -> None:
    holidays = POLICY.editions[-1].calendar.holidays
    assert sum(day.year == 2026 for day in holidays) == 18
    assert sum(day.year == 2027 for day in holidays) == 17
    for day in holidays:
        assert not is_school_day(day, POLICY) or day < date(2026, 4, 1)
    # 国民の祝日に関する法律3条2項: the next day that is none, where one falls on a Sunday; 3項: the day between two.
    assert {date(2026, 5, 6), date(2026, 9, 22), date(2027, 3, 22)} <= set(holidays)


@given(st.datetimes(datetime(2026, 4, 1), datetime(2028, 3, 31), timezones=st.just(UTC)))  # noqa: DTZ001
def test_a_review_covers_exactly_its_school_days(opened: datetime) -> None:
    ends = review_ends(opened, POLICY)
    first = opened.astimezone(JAPAN).date() + timedelta(days=1)
    last = (ends - timedelta(seconds=1)).astimezone(JAPAN).date()
    within = [first + timedelta(days=step) for step in range((last - first).days + 1)]
    assert sum(is_school_day(day, POLICY) for day in within) == 5
    assert is_school_day(last, POLICY)
    assert ends == ends.astimezone(JAPAN).replace(hour=0, minute=0, second=0, microsecond=0)


@given(st.datetimes(datetime(2026, 4, 1), datetime(2028, 1, 1), timezones=st.just(UTC)), st.integers(0, 5000))  # noqa: DTZ001
def test_a_later_opening_never_ends_earlier(opened: datetime, hours: int) -> None:
    assert review_ends(opened, POLICY) <= review_ends(opened + timedelta(hours=hours), POLICY)
