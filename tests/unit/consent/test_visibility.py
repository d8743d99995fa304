"""What is open to whom by default, how long the school keeps it, and which field stays closed."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from consent.placement import Placement, RoleHeld
from consent.policy.model import Retention
from consent.visibility import handling_of, has_in_care, kept_until, who_sees, withheld_fields
from consent.vocabulary import Category, HandlingClass, Relation, RetentionStart, StaffRole, Text
from tests.unit.consent.people import BOARD, CLASS_6_1, CLASS_6_2, NOW, POLICY, TODAY, WEST, placement, role

EDITION = POLICY.editions[-1]
BEFORE_ANY_RULE = datetime(2020, 1, 1, tzinfo=UTC)
FAMILY = (Relation.SELF, Relation.CARER)


@pytest.mark.parametrize(
    ("category", "staff"),
    [
        (Category.ENROLMENT, (Relation.CLASS_TEACHER, Relation.REGISTER_CLERK, Relation.PRINCIPAL)),
        (Category.GUIDANCE, (Relation.CLASS_TEACHER, Relation.REGISTER_CLERK, Relation.PRINCIPAL)),
        (
            Category.HEALTH_CHECK,
            (Relation.CLASS_TEACHER, Relation.NURSE_TEACHER, Relation.REGISTER_CLERK, Relation.PRINCIPAL),
        ),
        (Category.ATTENDANCE_DAILY, (Relation.CLASS_TEACHER, Relation.NURSE_TEACHER, Relation.PRINCIPAL)),
    ],
)
def test_the_shipped_defaults_name_who_sees_what(category: Category, staff: tuple[Relation, ...]) -> None:
    assert who_sees(category, POLICY, NOW) == FAMILY + staff


def test_nobody_sees_anything_where_no_rule_is_in_force() -> None:
    assert who_sees(Category.GUIDANCE, POLICY, BEFORE_ANY_RULE) == ()
    assert withheld_fields(Category.GUIDANCE, Relation.SELF, POLICY, BEFORE_ANY_RULE) == ()
    assert handling_of(Category.GUIDANCE, POLICY, BEFORE_ANY_RULE) is None


@pytest.mark.parametrize("relation", FAMILY)
def test_the_family_learns_that_overall_remarks_exist_and_how_to_ask(relation: Relation) -> None:
    (field,) = withheld_fields(Category.GUIDANCE, relation, POLICY, NOW)
    assert field.field == "overall_remarks"
    assert "開示請求" in field.notice.ja
    assert "開示請求" in field.notice.plain
    assert "request for disclosure" in field.notice.en


@pytest.mark.parametrize("category", [c for c in Category if c is not Category.GUIDANCE])
def test_nothing_is_withheld_outside_the_guidance_record(category: Category) -> None:
    assert withheld_fields(category, Relation.SELF, POLICY, NOW) == ()


def test_staff_see_the_overall_remarks() -> None:
    assert withheld_fields(Category.GUIDANCE, Relation.CLASS_TEACHER, POLICY, NOW) == ()


@pytest.mark.parametrize(
    ("category", "handling_class", "years"),
    [
        (Category.ENROLMENT, HandlingClass.I, 20),
        (Category.GUIDANCE, HandlingClass.I, 5),
        (Category.HEALTH_CHECK, HandlingClass.II, 5),
        (Category.ATTENDANCE_DAILY, HandlingClass.III, 5),
    ],
)
def test_each_category_says_how_it_is_guarded_and_how_long_kept(
    category: Category, handling_class: HandlingClass, years: int
) -> None:
    rule = handling_of(category, POLICY, NOW)
    assert rule is not None
    assert (rule.handling_class, rule.retention.years) == (handling_class, years)
    assert rule.legal_basis
    assert rule.retention.citations


def keep(years: int, start: RetentionStart) -> Retention:
    return Retention(years, start, Text("", "", ""), ())


@pytest.mark.parametrize(
    ("left", "years", "start", "last_day"),
    [
        (date(2026, 3, 31), 20, RetentionStart.LEFT_SCHOOL, date(2046, 3, 31)),
        (date(2026, 6, 10), 5, RetentionStart.LEFT_SCHOOL, date(2031, 6, 10)),
        (date(2026, 6, 10), 5, RetentionStart.SCHOOL_YEAR_END, date(2032, 3, 31)),
        (date(2028, 2, 29), 5, RetentionStart.LEFT_SCHOOL, date(2033, 2, 28)),
        (date(2028, 2, 28), 5, RetentionStart.LEFT_SCHOOL, date(2033, 2, 28)),
        (date(2027, 2, 28), 5, RetentionStart.LEFT_SCHOOL, date(2032, 2, 29)),
    ],
)
def test_retention_counts_whole_years_from_the_day_after(
    left: date, years: int, start: RetentionStart, last_day: date
) -> None:
    assert kept_until(keep(years, start), left) == last_day


def reaches(
    office: RoleHeld,
    places: list[Placement],
    category: Category = Category.GUIDANCE,
    day: date = TODAY,
    relation: Relation = Relation.PRINCIPAL,
) -> bool:
    return has_in_care(office, places, EDITION.openings[category, relation], day, EDITION)


def test_a_class_teacher_has_the_class_held_now() -> None:
    teacher = role(classes=frozenset({CLASS_6_1}))
    assert reaches(teacher, [placement()], relation=Relation.CLASS_TEACHER)
    assert not reaches(teacher, [placement(class_id=CLASS_6_2)], relation=Relation.CLASS_TEACHER)
    assert not reaches(teacher, [placement(class_id=None)], relation=Relation.CLASS_TEACHER)
    assert not reaches(teacher, [placement(WEST)], relation=Relation.CLASS_TEACHER)


def test_last_years_class_is_no_longer_the_teachers() -> None:
    teacher = role(classes=frozenset({CLASS_6_1}), valid_from=date(2025, 4, 1), valid_to=None)
    last_year = placement(school_year=2025)
    assert reaches(teacher, [last_year], day=date(2026, 3, 31), relation=Relation.CLASS_TEACHER)
    assert not reaches(teacher, [last_year], day=date(2026, 4, 1), relation=Relation.CLASS_TEACHER)


def test_a_principal_sees_former_pupils_as_long_as_the_record_is_kept() -> None:
    head = role(StaffRole.PRINCIPAL)
    left = [placement(school_year=2020, end=date(2021, 3, 31))]
    assert reaches(head, left, day=date(2026, 3, 31))
    assert not reaches(head, left, day=date(2026, 4, 1))
    assert reaches(head, left, Category.ENROLMENT, day=date(2041, 3, 31))
    assert not reaches(head, left, Category.ENROLMENT, day=date(2041, 4, 1))


def test_a_board_that_a_policy_lets_see_reaches_its_own_schools_alone() -> None:
    opening = replace(EDITION.openings[Category.GUIDANCE, Relation.CLASS_TEACHER], relation=Relation.BOARD_OFFICER)
    own, other = role(StaffRole.BOARD_OFFICER, BOARD), role(StaffRole.BOARD_OFFICER, WEST)
    assert has_in_care(own, [placement()], opening, TODAY, EDITION)
    assert not has_in_care(other, [placement()], opening, TODAY, EDITION)
    assert not has_in_care(own, [placement(school_year=2025)], opening, TODAY, EDITION)
