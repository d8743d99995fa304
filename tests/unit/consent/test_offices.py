"""Which office is entrusted with what besides reading records, and how far it reaches."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.authority import Care
from consent.decision import Actor, Child
from consent.offices import (
    Colleague,
    Place,
    Room,
    duties_of,
    may_check_decision,
    may_do,
    may_handle,
    may_help_family,
    may_issue_family_code,
    may_issue_staff_code,
    may_see_class,
)
from consent.placement import RoleHeld
from consent.verdict import Allowed, DenialCode, Denied
from consent.vocabulary import ActorKind, Basis, CarerState, Duty, Reach, Relation, StaffRole
from tests.unit.consent.people import (
    BOARD,
    CLASS_6_1,
    CLASS_6_2,
    EAST,
    FATHER,
    HANAKO,
    MOTHER,
    NOW,
    POLICY,
    STRANGER,
    TEACHER,
    WEST,
    care,
    carer,
    child,
    learner,
    placement,
    role,
    staff,
)

COLLEAGUE = UUID(int=21)
ELSEWHERE = UUID(int=900)
ROOM = Room(Place(EAST, BOARD, CLASS_6_1), 2026)
TRANSFERS = {
    Duty.SEND_TRANSFER,
    Duty.RECEIVE_TRANSFER,
    Duty.ENTER_FAMILY_DECISION,
    Duty.CHECK_FAMILY_DECISION,
}
HELD_AT = {StaffRole.BOARD_OFFICER: BOARD, StaffRole.OPERATOR: BOARD}


def holder(office: StaffRole, organisation: UUID | None = None) -> Actor:
    classes = frozenset({CLASS_6_1} if office is StaffRole.TEACHER else ())
    return staff(role(office, organisation or HELD_AT.get(office, EAST), classes))


def denial(verdict: Allowed | Denied) -> DenialCode | None:
    return verdict.code if isinstance(verdict, Denied) else None


@pytest.mark.parametrize(
    ("office", "duties"),
    [
        (StaffRole.TEACHER, {Duty.SEE_CLASS_LIST}),
        (StaffRole.NURSE_TEACHER, {Duty.SEE_CLASS_LIST}),
        (StaffRole.CLERK, {Duty.SEE_CLASS_LIST, Duty.ISSUE_FAMILY_CODE, Duty.IMPORT_FILES} | TRANSFERS),
        (StaffRole.PRINCIPAL, {Duty.SEE_CLASS_LIST, Duty.ISSUE_FAMILY_CODE, Duty.ISSUE_STAFF_CODE} | TRANSFERS),
        (
            StaffRole.BOARD_OFFICER,
            {Duty.ISSUE_FAMILY_CODE, Duty.ISSUE_STAFF_CODE, Duty.IMPORT_FILES}
            | {Duty.DECIDE_ENROLMENT, Duty.RECEIVE_TRANSFER},
        ),
        (StaffRole.OPERATOR, {Duty.SEE_NODE_HEALTH}),
    ],
)
def test_every_office_has_the_shipped_duties_and_no_others(office: StaffRole, duties: set[Duty]) -> None:
    assert duties_of(holder(office), NOW, POLICY) == duties


@pytest.mark.parametrize("duty", Duty)
@pytest.mark.parametrize(
    ("actor", "code"),
    [
        (Actor(ActorKind.UNKNOWN, None), DenialCode.SIGN_IN_NEEDED),
        (Actor(ActorKind.STAFF, None), DenialCode.SIGN_IN_NEEDED),
        (Actor(ActorKind.JOB, None), DenialCode.ROLE_NOT_FOR_DUTY),
        (Actor(ActorKind.ORGANISATION, None), DenialCode.ROLE_NOT_FOR_DUTY),
        (learner(), DenialCode.ROLE_NOT_FOR_DUTY),
        (carer(), DenialCode.ROLE_NOT_FOR_DUTY),
        (staff(), DenialCode.ROLE_ENDED),
        (staff(role(StaffRole.CLERK, valid_to=date(2026, 6, 2))), DenialCode.ROLE_ENDED),
        (staff(role(StaffRole.CLERK, valid_from=date(2026, 6, 4))), DenialCode.ROLE_ENDED),
    ],
)
def test_no_duty_without_an_office_held_today(duty: Duty, actor: Actor, code: DenialCode) -> None:
    assert denial(may_do(actor, duty, NOW, POLICY)) is code
    assert duties_of(actor, NOW, POLICY) == frozenset()


def test_before_the_policy_nothing_is_entrusted() -> None:
    before = datetime(2020, 6, 3, tzinfo=UTC)
    principal = staff(role(StaffRole.PRINCIPAL, valid_from=date(2019, 4, 1)))
    assert denial(may_do(principal, Duty.SEE_CLASS_LIST, before, POLICY)) is DenialCode.NO_RULE


def test_a_verdict_names_relation_rule_and_source() -> None:
    verdict = may_do(holder(StaffRole.CLERK), Duty.IMPORT_FILES, NOW, POLICY)
    assert isinstance(verdict, Allowed)
    assert (verdict.relation, verdict.rule) == (Relation.REGISTER_CLERK, "import.clerk")
    assert "個人情報の保護に関する法律66条" in verdict.citation


@pytest.mark.parametrize(
    ("office", "places", "code"),
    [
        (StaffRole.CLERK, [Place(EAST, BOARD)], None),
        (StaffRole.CLERK, [Place(EAST, BOARD), Place(WEST, BOARD)], DenialCode.NOT_IN_YOUR_CARE),
        (StaffRole.CLERK, [Place(BOARD, None)], DenialCode.NOT_IN_YOUR_CARE),
        (StaffRole.BOARD_OFFICER, [Place(EAST, BOARD), Place(WEST, BOARD), Place(BOARD, None)], None),
        (StaffRole.BOARD_OFFICER, [Place(EAST, BOARD), Place(ELSEWHERE, None)], DenialCode.NOT_IN_YOUR_CARE),
        (StaffRole.PRINCIPAL, [Place(EAST, BOARD)], DenialCode.ROLE_NOT_FOR_DUTY),
    ],
)
def test_a_file_is_imported_by_whoever_reaches_all_its_places(
    office: StaffRole, places: list[Place], code: DenialCode | None
) -> None:
    assert denial(may_do(holder(office), Duty.IMPORT_FILES, NOW, POLICY, where=places)) is code


def test_the_state_of_the_service_has_no_place() -> None:
    operator = holder(StaffRole.OPERATOR)
    assert denial(may_do(operator, Duty.SEE_NODE_HEALTH, NOW, POLICY, where=[Place(ELSEWHERE, None)])) is None


@pytest.mark.parametrize(
    ("actor", "code"),
    [
        (holder(StaffRole.TEACHER), None),
        (staff(role(StaffRole.TEACHER, classes=frozenset({CLASS_6_2}))), DenialCode.NOT_IN_YOUR_CARE),
        (staff(role(StaffRole.TEACHER)), DenialCode.NOT_IN_YOUR_CARE),
        (holder(StaffRole.NURSE_TEACHER), None),
        (holder(StaffRole.CLERK), None),
        (holder(StaffRole.PRINCIPAL), None),
        (holder(StaffRole.PRINCIPAL, WEST), DenialCode.NOT_IN_YOUR_CARE),
        (holder(StaffRole.BOARD_OFFICER), DenialCode.ROLE_NOT_FOR_DUTY),
        (holder(StaffRole.OPERATOR), DenialCode.ROLE_NOT_FOR_DUTY),
    ],
)
def test_a_class_list_is_for_its_teacher_and_its_school(actor: Actor, code: DenialCode | None) -> None:
    assert denial(may_see_class(actor, ROOM, Duty.SEE_CLASS_LIST, NOW, POLICY)) is code


@pytest.mark.parametrize("room", [None, Room(ROOM.place, 2025), Room(ROOM.place, 2027)])
def test_an_unknown_class_and_one_of_another_year_are_answered_alike(room: Room | None) -> None:
    verdict = may_see_class(holder(StaffRole.PRINCIPAL), room, Duty.SEE_CLASS_LIST, NOW, POLICY)
    assert denial(verdict) is DenialCode.NOT_IN_YOUR_CARE


def test_the_board_lists_names_to_issue_codes_and_for_nothing_else() -> None:
    officer = holder(StaffRole.BOARD_OFFICER)
    assert denial(may_see_class(officer, ROOM, Duty.ISSUE_FAMILY_CODE, NOW, POLICY)) is None
    assert denial(may_see_class(officer, ROOM, Duty.SEE_CLASS_LIST, NOW, POLICY)) is DenialCode.ROLE_NOT_FOR_DUTY


PUPIL = child(care(MOTHER), care(FATHER, basis=Basis.CONTACT), placements=(placement(),))


@pytest.mark.parametrize("office", [StaffRole.CLERK, StaffRole.PRINCIPAL, StaffRole.BOARD_OFFICER])
@pytest.mark.parametrize("person", [HANAKO, MOTHER])
def test_school_and_board_issue_codes_to_the_child_and_to_carers(office: StaffRole, person: UUID) -> None:
    assert denial(may_issue_family_code(holder(office), PUPIL, person, NOW, POLICY)) is None


@pytest.mark.parametrize(
    "entry",
    [
        care(FATHER, basis=Basis.CONTACT),
        care(FATHER, state=CarerState.SUSPENDED),
        care(FATHER, state=CarerState.LOST),
        care(FATHER, contact_block=True),
        care(FATHER, valid_to=date(2026, 6, 2)),
    ],
    ids=["contact", "suspended", "lost", "blocked", "ended"],
)
def test_a_carer_to_whom_nothing_is_open_gets_no_code(entry: Care) -> None:
    pupil = child(care(MOTHER), entry, placements=(placement(),))
    verdict = may_issue_family_code(holder(StaffRole.CLERK), pupil, FATHER, NOW, POLICY)
    assert denial(verdict) is DenialCode.CODE_OPENS_NOTHING


def test_a_stranger_gets_no_code_for_a_child() -> None:
    verdict = may_issue_family_code(holder(StaffRole.CLERK), PUPIL, STRANGER, NOW, POLICY)
    assert denial(verdict) is DenialCode.CODE_OPENS_NOTHING


def test_once_of_age_the_learner_alone_gets_a_code() -> None:
    adult = child(care(MOTHER), placements=(placement(),), born=date(2008, 6, 3))
    clerk = holder(StaffRole.CLERK)
    assert denial(may_issue_family_code(clerk, adult, MOTHER, NOW, POLICY)) is DenialCode.CODE_OPENS_NOTHING
    assert denial(may_issue_family_code(clerk, adult, HANAKO, NOW, POLICY)) is None


@pytest.mark.parametrize(
    ("actor", "code"),
    [
        (holder(StaffRole.TEACHER), DenialCode.ROLE_NOT_FOR_DUTY),
        (holder(StaffRole.OPERATOR), DenialCode.ROLE_NOT_FOR_DUTY),
        (holder(StaffRole.CLERK, WEST), DenialCode.NOT_IN_YOUR_CARE),
        (holder(StaffRole.BOARD_OFFICER, ELSEWHERE), DenialCode.NOT_IN_YOUR_CARE),
        (staff(), DenialCode.ROLE_ENDED),
    ],
)
def test_whoever_does_not_reach_the_child_issues_no_code(actor: Actor, code: DenialCode) -> None:
    assert denial(may_issue_family_code(actor, PUPIL, HANAKO, NOW, POLICY)) is code
    assert denial(may_help_family(actor, PUPIL, NOW, POLICY)) is code


@pytest.mark.parametrize(
    "pupil",
    [
        child(care(MOTHER)),
        child(care(MOTHER), placements=(placement(end=date(2026, 6, 2)),)),
        child(care(MOTHER), placements=(placement(begin=date(2026, 6, 4)),)),
    ],
    ids=["no place", "left", "expected"],
)
def test_codes_are_for_children_enrolled_today(pupil: Child) -> None:
    verdict = may_issue_family_code(holder(StaffRole.CLERK), pupil, HANAKO, NOW, POLICY)
    assert denial(verdict) is DenialCode.NOT_IN_YOUR_CARE


def test_an_unknown_child_is_logged_as_such() -> None:
    verdict = may_issue_family_code(holder(StaffRole.CLERK), None, HANAKO, NOW, POLICY)
    assert denial(verdict) is DenialCode.UNKNOWN_CHILD


def colleague(*offices: tuple[RoleHeld, UUID | None], person: UUID = COLLEAGUE) -> Colleague:
    return Colleague(person, offices)


@pytest.mark.parametrize(
    ("office", "to", "code"),
    [
        (StaffRole.PRINCIPAL, StaffRole.TEACHER, None),
        (StaffRole.PRINCIPAL, StaffRole.NURSE_TEACHER, None),
        (StaffRole.PRINCIPAL, StaffRole.CLERK, None),
        (StaffRole.PRINCIPAL, StaffRole.PRINCIPAL, DenialCode.NOT_IN_YOUR_CARE),
        (StaffRole.BOARD_OFFICER, StaffRole.TEACHER, None),
        (StaffRole.BOARD_OFFICER, StaffRole.PRINCIPAL, None),
        (StaffRole.BOARD_OFFICER, StaffRole.OPERATOR, DenialCode.NOT_IN_YOUR_CARE),
        (StaffRole.CLERK, StaffRole.TEACHER, DenialCode.ROLE_NOT_FOR_DUTY),
    ],
)
def test_a_colleague_gets_a_code_from_above(office: StaffRole, to: StaffRole, code: DenialCode | None) -> None:
    verdict = may_issue_staff_code(holder(office), colleague((role(to), BOARD)), NOW, POLICY)
    assert denial(verdict) is code


def test_an_officer_gets_a_code_from_another_officer_and_never_from_themselves() -> None:
    office = role(StaffRole.BOARD_OFFICER, BOARD)
    officer = holder(StaffRole.BOARD_OFFICER)
    assert denial(may_issue_staff_code(officer, colleague((office, None)), NOW, POLICY)) is None
    oneself = colleague((office, None), person=TEACHER)
    assert denial(may_issue_staff_code(officer, oneself, NOW, POLICY)) is DenialCode.NOT_FOR_ONESELF


@pytest.mark.parametrize(
    "other",
    [
        (role(StaffRole.TEACHER, WEST), BOARD),
        (role(StaffRole.BOARD_OFFICER, BOARD), None),
        (role(StaffRole.OPERATOR, EAST), BOARD),
        (role(StaffRole.TEACHER, WEST, valid_from=date(2026, 9, 1)), BOARD),
    ],
    ids=["another school", "the board", "operator", "another school from autumn on"],
)
def test_a_colleague_who_also_acts_elsewhere_gets_none_here(other: tuple[RoleHeld, UUID | None]) -> None:
    both = colleague((role(StaffRole.CLERK), BOARD), other)
    verdict = may_issue_staff_code(holder(StaffRole.PRINCIPAL), both, NOW, POLICY)
    assert denial(verdict) is DenialCode.OFFICE_ELSEWHERE


def test_what_a_colleague_did_before_does_not_count() -> None:
    moved = colleague(
        (role(StaffRole.TEACHER, WEST, valid_from=date(2025, 4, 1), valid_to=date(2026, 3, 31)), BOARD),
        (role(StaffRole.TEACHER, valid_to=None), BOARD),
    )
    assert denial(may_issue_staff_code(holder(StaffRole.PRINCIPAL), moved, NOW, POLICY)) is None
    assert denial(may_issue_staff_code(holder(StaffRole.PRINCIPAL, WEST), moved, NOW, POLICY)) is (
        DenialCode.NOT_IN_YOUR_CARE
    )


def test_somebody_unknown_or_without_office_is_answered_like_another_schools_staff() -> None:
    principal = holder(StaffRole.PRINCIPAL)
    for somebody in (None, colleague(), colleague((role(valid_to=date(2026, 6, 2)), BOARD))):
        assert denial(may_issue_staff_code(principal, somebody, NOW, POLICY)) is DenialCode.NOT_IN_YOUR_CARE


OFFICES = st.lists(
    st.builds(
        role,
        st.sampled_from(StaffRole),
        st.sampled_from([EAST, WEST, BOARD]),
        st.sets(st.sampled_from([CLASS_6_1, CLASS_6_2])).map(frozenset),
    ),
    max_size=3,
)


@given(OFFICES, OFFICES)
def test_a_further_office_never_takes_a_duty_away(before: list[RoleHeld], more: list[RoleHeld]) -> None:
    few, many = staff(*before), staff(*before, *more)
    assert duties_of(few, NOW, POLICY) <= duties_of(many, NOW, POLICY)
    for duty in (Duty.SEE_CLASS_LIST, Duty.ISSUE_FAMILY_CODE):
        if isinstance(may_see_class(few, ROOM, duty, NOW, POLICY), Allowed):
            assert isinstance(may_see_class(many, ROOM, duty, NOW, POLICY), Allowed)


@given(OFFICES, OFFICES)
def test_a_further_office_of_a_colleague_never_widens_who_may_help(
    before: list[RoleHeld], more: list[RoleHeld]
) -> None:
    officer = staff(role(StaffRole.PRINCIPAL), role(StaffRole.BOARD_OFFICER, BOARD))
    few = colleague(*((office, BOARD) for office in before))
    many = colleague(*((office, BOARD) for office in (*before, *more)))
    if before and isinstance(may_issue_staff_code(officer, many, NOW, POLICY), Allowed):
        assert isinstance(may_issue_staff_code(officer, few, NOW, POLICY), Allowed)


def test_every_rule_reaches_as_far_as_its_role_is_held() -> None:
    offices = POLICY.editions[-1].offices
    assert {rule.reach for rule in offices.values()} == set(Reach)
    assert all((rule.duty, rule.role) == key for key, rule in offices.items())


@pytest.mark.parametrize("duty", sorted(TRANSFERS))
@pytest.mark.parametrize(
    ("office", "whom", "code"),
    [
        (StaffRole.CLERK, child(placements=(placement(),)), None),
        (StaffRole.PRINCIPAL, child(placements=(placement(end=date(2026, 6, 2)),)), None),
        (StaffRole.CLERK, child(placements=(placement(begin=date(2026, 6, 10)),)), None),
        (StaffRole.CLERK, child(placements=(placement(WEST),)), DenialCode.NOT_IN_YOUR_CARE),
        (StaffRole.CLERK, child(), DenialCode.NOT_IN_YOUR_CARE),
        (StaffRole.CLERK, None, DenialCode.UNKNOWN_CHILD),
        (StaffRole.TEACHER, child(placements=(placement(),)), DenialCode.ROLE_NOT_FOR_DUTY),
    ],
    ids=["enrolled", "has left", "expected", "elsewhere", "nowhere", "unknown", "teacher"],
)
def test_a_childs_case_is_handled_by_the_office_of_its_school(
    duty: Duty, office: StaffRole, whom: Child | None, code: DenialCode | None
) -> None:
    assert denial(may_handle(holder(office), duty, whom, NOW, POLICY)) is code


@pytest.mark.parametrize("basis", Basis)
def test_nobody_handles_the_case_of_their_own_family(basis: Basis) -> None:
    own = child(care(TEACHER, basis, valid_to=date(2020, 1, 1)), placements=(placement(),))
    verdict = may_handle(holder(StaffRole.CLERK), Duty.SEND_TRANSFER, own, NOW, POLICY)
    assert denial(verdict) is DenialCode.RELATIVE_OF_CHILD


def test_a_second_person_checks_what_a_colleague_entered() -> None:
    whom = child(placements=(placement(),))
    clerk = holder(StaffRole.CLERK)
    assert denial(may_check_decision(clerk, TEACHER, whom, NOW, POLICY)) is DenialCode.SECOND_PERSON_NEEDED
    assert denial(may_check_decision(clerk, COLLEAGUE, whom, NOW, POLICY)) is None
    assert denial(may_check_decision(clerk, TEACHER, child(), NOW, POLICY)) is DenialCode.NOT_IN_YOUR_CARE
