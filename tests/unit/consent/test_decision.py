"""A read is decided for the learner, carers and staff, and no refusal tells of a child outside the asker's care."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.age import JAPAN
from consent.decision import (
    Actor,
    Allowed,
    Child,
    DenialCode,
    Denied,
    Placement,
    Read,
    decide,
    public_code,
    viewer_classes,
)
from consent.policy.model import Policy
from consent.verdict import HIDDEN
from consent.visibility import who_sees
from consent.vocabulary import ActorKind, Basis, CarerState, Category, Relation, StaffRole
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
    TODAY,
    WEST,
    care,
    carer,
    child,
    learner,
    placement,
    role,
    staff,
)


def answer(
    actor: Actor, whom: Child | None, category: Category = Category.GUIDANCE, at: datetime = NOW
) -> Allowed | Denied:
    return decide(Read(actor, whom, category, at), POLICY)


def code(actor: Actor, whom: Child | None, category: Category = Category.GUIDANCE, at: datetime = NOW) -> DenialCode:
    verdict = answer(actor, whom, category, at)
    assert isinstance(verdict, Denied)
    return verdict.code


def closed_to(relation: Relation) -> Policy:
    edition = POLICY.editions[-1]
    openings = {key: opening for key, opening in edition.openings.items() if key[1] is not relation}
    return replace(POLICY, editions=(replace(edition, openings=openings, opened_to=edition.opened_to - {relation}),))


class_teacher = staff(role(classes=frozenset({CLASS_6_1})))
principal = staff(role(StaffRole.PRINCIPAL))
nurse = staff(role(StaffRole.NURSE_TEACHER))
clerk = staff(role(StaffRole.CLERK))
hanako = child(care(), placements=(placement(),))
former = child(placements=(placement(school_year=2025),))


def test_a_learner_reads_their_own_record_without_the_overall_remarks() -> None:
    verdict = answer(learner(), hanako)
    assert isinstance(verdict, Allowed)
    assert (verdict.relation, verdict.rule) == (Relation.SELF, "guidance.self")
    assert verdict.withheld_fields == ("overall_remarks",)
    assert verdict.citation.startswith("個人情報の保護に関する法律76条")


@pytest.mark.parametrize("born", [date(2019, 5, 1), date(2008, 6, 3), date(1990, 1, 1)])
def test_a_learner_reads_their_own_record_at_any_age(born: date) -> None:
    assert isinstance(answer(learner(), replace(hanako, birth_date=born)), Allowed)


def test_a_learner_does_not_read_the_record_of_another() -> None:
    assert code(learner(STRANGER), hanako) is DenialCode.NOT_YOUR_RECORD


def test_a_carer_reads_the_childs_record_without_the_overall_remarks() -> None:
    verdict = answer(carer(), hanako)
    assert isinstance(verdict, Allowed)
    assert (verdict.relation, verdict.withheld_fields) == (Relation.CARER, ("overall_remarks",))


def test_a_carer_reads_until_midnight_of_the_eighteenth_birthday() -> None:
    grown = child(care(valid_from=date(2008, 6, 3)), born=date(2008, 6, 3))
    assert isinstance(answer(carer(), grown, at=datetime(2026, 6, 2, 23, 59, 59, tzinfo=JAPAN)), Allowed)
    assert code(carer(), grown, at=datetime(2026, 6, 3, 0, 0, tzinfo=JAPAN)) is DenialCode.OF_AGE


def test_a_class_teacher_reads_the_whole_guidance_record() -> None:
    verdict = answer(class_teacher, hanako)
    assert isinstance(verdict, Allowed)
    assert (verdict.relation, verdict.withheld_fields) == (Relation.CLASS_TEACHER, ())


def test_a_teacher_of_another_class_does_not_have_the_child_in_care() -> None:
    assert code(staff(role(classes=frozenset({CLASS_6_2}))), hanako) is DenialCode.NOT_IN_YOUR_CARE


def test_a_nurse_teacher_reads_the_health_sheet_and_not_the_guidance_record() -> None:
    assert isinstance(answer(nurse, hanako, Category.HEALTH_CHECK), Allowed)
    assert code(nurse, hanako, Category.GUIDANCE) is DenialCode.ROLE_NOT_FOR_CATEGORY


@pytest.mark.parametrize("office", [principal, clerk])
def test_the_office_still_sees_the_register_of_a_former_pupil(office: Actor) -> None:
    assert isinstance(answer(office, former, Category.ENROLMENT), Allowed)
    assert isinstance(answer(office, former, Category.GUIDANCE), Allowed)


@pytest.mark.parametrize("office", [principal, clerk])
def test_the_health_sheet_of_a_former_pupil_has_gone_with_the_pupil(office: Actor) -> None:
    assert code(office, former, Category.HEALTH_CHECK) is DenialCode.LEFT_SCHOOL


@pytest.mark.parametrize("office", [class_teacher, nurse])
def test_teachers_do_not_see_former_pupils(office: Actor) -> None:
    assert {code(office, former, category) for category in Category} == {DenialCode.NOT_IN_YOUR_CARE}


def test_the_guidance_record_of_a_former_pupil_closes_when_its_retention_ends() -> None:
    long_ago = child(placements=(placement(school_year=2020),))
    assert code(principal, long_ago, Category.GUIDANCE) is DenialCode.LEFT_SCHOOL
    assert isinstance(answer(principal, long_ago, Category.ENROLMENT), Allowed)


def test_a_pupil_who_is_only_expected_is_not_yet_open() -> None:
    expected = child(placements=(placement(begin=TODAY + timedelta(days=1)),))
    assert code(principal, expected) is DenialCode.NOT_IN_YOUR_CARE


@pytest.mark.parametrize("office", [StaffRole.BOARD_OFFICER, StaffRole.OPERATOR])
@pytest.mark.parametrize("category", Category)
def test_board_and_operator_see_no_individual_record(office: StaffRole, category: Category) -> None:
    officer = staff(role(office, BOARD))
    assert code(officer, hanako, category) is DenialCode.ROLE_NOT_FOR_CATEGORY


def test_a_role_that_has_ended_opens_nothing() -> None:
    last_year = staff(role(StaffRole.PRINCIPAL, valid_from=date(2025, 4, 1), valid_to=date(2026, 3, 31)))
    assert code(last_year, hanako) is DenialCode.ROLE_ENDED


def test_staff_without_any_role_are_told_that_none_is_in_force() -> None:
    assert code(staff(), hanako) is DenialCode.ROLE_ENDED


def test_of_several_roles_the_one_named_first_for_the_category_is_logged() -> None:
    both = staff(role(StaffRole.PRINCIPAL), role(classes=frozenset({CLASS_6_1})))
    verdict = answer(both, hanako)
    assert isinstance(verdict, Allowed)
    assert verdict.relation is Relation.CLASS_TEACHER


@pytest.mark.parametrize("elsewhere", [(), (placement(WEST, begin=TODAY + timedelta(days=1)),)])
def test_a_nurse_who_is_clerk_elsewhere_is_not_told_that_the_pupil_left(elsewhere: tuple[Placement, ...]) -> None:
    both = staff(role(StaffRole.NURSE_TEACHER), role(StaffRole.CLERK, WEST))
    whom = child(placements=(placement(), *elsewhere))
    assert code(both, whom, Category.ENROLMENT) is DenialCode.ROLE_NOT_FOR_CATEGORY


def test_a_caller_who_is_not_signed_in_is_asked_to() -> None:
    assert code(Actor(ActorKind.UNKNOWN, None), hanako) is DenialCode.SIGN_IN_NEEDED
    assert code(Actor(ActorKind.CARER, None), hanako) is DenialCode.SIGN_IN_NEEDED


def test_no_rule_lets_a_job_read() -> None:
    assert code(Actor(ActorKind.JOB, None), hanako) is DenialCode.NO_RULE


def test_before_the_first_edition_nothing_is_open() -> None:
    assert code(learner(), hanako, at=datetime(2026, 3, 31, 23, 59, 59, tzinfo=JAPAN)) is DenialCode.NO_RULE
    assert isinstance(answer(learner(), hanako, at=datetime(2026, 4, 1, 0, 0, tzinfo=JAPAN)), Allowed)


def test_what_a_policy_leaves_out_is_closed() -> None:
    verdict = decide(Read(carer(), hanako, Category.GUIDANCE, NOW), closed_to(Relation.CARER))
    assert verdict == Denied(DenialCode.NO_RULE)


def test_an_instant_without_a_time_zone_is_refused_before_the_question_is_asked() -> None:
    with pytest.raises(ValueError, match="time zone"):
        Read(learner(), hanako, Category.GUIDANCE, datetime(2026, 6, 3))  # noqa: DTZ001


# --- what an asker may learn ---

Thing = TypeVar("Thing")

everyone = [
    learner(STRANGER),
    carer(STRANGER),
    class_teacher,
    nurse,
    principal,
    clerk,
    staff(role(StaffRole.BOARD_OFFICER, BOARD)),
    staff(role(StaffRole.OPERATOR, BOARD)),
    staff(role(valid_to=date(2026, 4, 30))),
    staff(),
    Actor(ActorKind.UNKNOWN, None),
    Actor(ActorKind.JOB, None),
]
elsewhere = child(care(FATHER), placements=(placement(WEST),))


@pytest.mark.parametrize("actor", everyone)
@pytest.mark.parametrize("category", Category)
def test_an_unknown_child_is_answered_like_one_outside_the_askers_care(actor: Actor, category: Category) -> None:
    known, unknown = answer(actor, elsewhere, category), answer(actor, None, Category.ENROLMENT)
    assert isinstance(known, Denied)
    assert isinstance(unknown, Denied)
    assert public_code(known) is public_code(unknown)


def test_a_blocked_carer_is_answered_like_a_carer_without_children() -> None:
    blocked = child(care(contact_block=True))
    assert public_code(Denied(code(carer(), blocked))) is DenialCode.NOTHING_HERE
    assert public_code(Denied(code(carer(), None))) is DenialCode.NOTHING_HERE
    assert public_code(Denied(code(carer(STRANGER), blocked))) is DenialCode.NOTHING_HERE


@pytest.mark.parametrize("reason", DenialCode)
def test_a_hidden_reason_is_never_shown(reason: DenialCode) -> None:
    shown = public_code(Denied(reason))
    assert shown not in HIDDEN
    assert shown is (DenialCode.NOTHING_HERE if reason in HIDDEN else reason)


# --- whose log an entry joins ---


def test_an_entry_joins_the_chains_of_the_child_and_of_each_carer_who_reads() -> None:
    both = child(care(MOTHER), care(FATHER, Basis.CUSTODIAN), care(STRANGER, Basis.CONTACT))
    assert viewer_classes(both, NOW, POLICY) == ("child", f"carer:{MOTHER}", f"carer:{FATHER}")


def test_an_entry_does_not_join_the_chain_of_a_blocked_or_suspended_carer() -> None:
    both = child(care(MOTHER, contact_block=True), care(FATHER, state=CarerState.SUSPENDED))
    assert viewer_classes(both, NOW, POLICY) == ("child",)


def test_once_the_learner_is_of_age_the_log_is_theirs_alone() -> None:
    assert viewer_classes(child(care(), born=date(2008, 6, 3)), NOW, POLICY) == ("child",)


def test_without_a_rule_for_carers_the_log_is_the_childs_alone() -> None:
    assert viewer_classes(hanako, NOW, closed_to(Relation.CARER)) == ("child",)
    assert viewer_classes(hanako, datetime(2020, 1, 1, tzinfo=UTC), POLICY) == ("child",)


# --- the algebra ---

days = st.dates(date(2020, 4, 1), date(2027, 4, 30))
cares = st.builds(
    care,
    carer=st.sampled_from([MOTHER, FATHER]),
    basis=st.sampled_from(Basis),
    state=st.sampled_from(CarerState),
    valid_from=days,
    valid_to=st.none() | days,
    contact_block=st.booleans(),
)
placements = st.builds(
    placement,
    school=st.sampled_from([EAST, WEST]),
    class_id=st.sampled_from([CLASS_6_1, CLASS_6_2, None]),
    school_year=st.integers(2019, 2027),
    begin=st.none() | days,
    end=st.none() | days,
)
children = st.builds(
    Child,
    learner=st.sampled_from([HANAKO, STRANGER]),
    birth_date=st.dates(date(2005, 1, 1), date(2020, 1, 1)),
    care=st.lists(cares, max_size=4).map(tuple),
    placements=st.lists(placements, max_size=4).map(tuple),
)
roles = st.builds(
    role,
    office=st.sampled_from(StaffRole),
    organisation=st.sampled_from([EAST, WEST, BOARD]),
    classes=st.frozensets(st.sampled_from([CLASS_6_1, CLASS_6_2])),
    valid_from=days,
    valid_to=st.none() | days,
)
actors = st.builds(
    Actor,
    kind=st.sampled_from(ActorKind),
    person=st.sampled_from([HANAKO, MOTHER, FATHER, None]),
    roles=st.lists(roles, max_size=4).map(tuple),
)
instants = st.datetimes(datetime(2026, 3, 30), datetime(2027, 4, 3), timezones=st.just(JAPAN))  # noqa: DTZ001
reads = st.builds(Read, actors, st.none() | children, st.sampled_from(Category), instants)


@given(reads)
def test_every_question_has_an_answer_and_only_listed_relations_are_allowed(read: Read) -> None:
    verdict = decide(read, POLICY)
    if isinstance(verdict, Allowed):
        assert verdict.relation in who_sees(read.category, POLICY, read.at)
        assert verdict.rule == f"{read.category}.{verdict.relation}"
        assert verdict.citation
    else:
        assert verdict.code in DenialCode


@given(reads, st.randoms(use_true_random=False))
def test_the_order_of_roles_entries_and_placements_does_not_matter(read: Read, order: Random) -> None:
    def mixed(things: tuple[Thing, ...]) -> tuple[Thing, ...]:
        return tuple(order.sample(things, len(things)))

    actor = replace(read.actor, roles=mixed(read.actor.roles))
    whom = read.child and replace(read.child, care=mixed(read.child.care), placements=mixed(read.child.placements))
    assert decide(replace(read, actor=actor, child=whom), POLICY) == decide(read, POLICY)


@given(reads)
def test_giving_up_a_role_never_widens(read: Read) -> None:
    if isinstance(decide(read, POLICY), Denied):
        for index in range(len(read.actor.roles)):
            fewer = read.actor.roles[:index] + read.actor.roles[index + 1 :]
            assert isinstance(decide(replace(read, actor=replace(read.actor, roles=fewer)), POLICY), Denied)


@given(reads)
def test_leaving_a_school_never_opens_a_record_to_teachers(read: Read) -> None:
    if read.child and isinstance(decide(read, POLICY), Denied):
        gone = tuple(replace(place, end=place.begin - timedelta(days=1)) for place in read.child.placements)
        left = replace(read, child=replace(read.child, placements=gone))
        assert isinstance(decide(left, POLICY), Denied)


@given(reads)
def test_what_is_shown_of_a_refusal_depends_on_the_child_only_within_the_askers_care(read: Read) -> None:
    nothing = decide(replace(read, child=None), POLICY)
    verdict = decide(read, POLICY)
    assert isinstance(nothing, Denied)
    in_care = read.child is not None and any(
        isinstance(decide(replace(read, category=category), POLICY), Allowed) for category in Category
    )
    entered = read.child is not None and any(entry.carer_id == read.actor.person for entry in read.child.care)
    if not in_care and not (read.actor.kind is ActorKind.CARER and entered):
        assert isinstance(verdict, Denied)
        assert public_code(verdict) is public_code(nothing)


@given(children, instants)
def test_a_carer_has_a_chain_exactly_while_some_category_is_open(whom: Child, at: datetime) -> None:
    classes = viewer_classes(whom, at, POLICY)
    assert classes[0] == "child"
    for person in (MOTHER, FATHER):
        reads_some = any(
            isinstance(decide(Read(carer(person), whom, category, at), POLICY), Allowed) for category in Category
        )
        assert (f"carer:{person}" in classes) == reads_some


def test_a_school_that_sent_the_original_keeps_no_view_and_the_family_does() -> None:
    whom = child(care(), placements=(placement(),))
    nurse = staff(role(StaffRole.NURSE_TEACHER))
    sent = Read(nurse, whom, Category.HEALTH_CHECK, NOW, original_sent=True)
    assert decide(sent, POLICY) == Denied(DenialCode.ORIGINAL_SENT)
    for actor in (carer(), learner()):
        assert isinstance(decide(replace(sent, actor=actor), POLICY), Allowed)


def test_that_an_original_was_sent_is_told_to_nobody_who_has_no_say_in_it() -> None:
    whom = child(care(), placements=(placement(),))
    sent = Read(staff(role(StaffRole.NURSE_TEACHER, WEST)), whom, Category.HEALTH_CHECK, NOW, original_sent=True)
    assert decide(sent, POLICY) == Denied(DenialCode.NOT_IN_YOUR_CARE)
