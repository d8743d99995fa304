"""Who decides for a child, who may narrow alone, and who looks at what the law sends."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.age import JAPAN
from consent.authority import (
    Care,
    Deciders,
    act_class_of,
    deciders,
    may_answer,
    may_narrow,
    may_review,
    reviewers,
)
from consent.parties import Actor, Child
from consent.scope import Scope
from consent.verdict import Allowed, DenialCode, Denied
from consent.vocabulary import ActClass, ActorKind, Basis, CarerState, Category, Relation, StaffRole
from tests.unit.consent.people import (
    FATHER,
    HANAKO,
    MOTHER,
    NOW,
    POLICY,
    STRANGER,
    TODAY,
    care,
    carer,
    child,
    learner,
    role,
    staff,
)

BEFORE_ANY_RULE = datetime(2020, 1, 1, tzinfo=UTC)
TWELVE, FIFTEEN, EIGHTEEN = date(2014, 6, 3), date(2011, 6, 3), date(2008, 6, 3)
GRANDMOTHER, HEAD_OF_HOME, HEAD_OF_CENTRE = UUID(int=13), UUID(int=14), UUID(int=15)
JOINT = (care(MOTHER), care(FATHER))
IMPORTANT, DAILY, URGENT = ActClass.IMPORTANT, ActClass.DAILY, ActClass.URGENT


def who(*entries: Care, act: ActClass = IMPORTANT, born: date | None = None, at: datetime = NOW) -> Deciders:
    asked = child(*entries) if born is None else child(*entries, born=born)
    return deciders(asked, act, at, POLICY)


def named(care_entry: Care, order: str = "東京家裁 令和8年(家)第123号") -> Care:
    return replace(care_entry, court_order=order)


def code(verdict: Allowed | Denied) -> DenialCode | None:
    return verdict.code if isinstance(verdict, Denied) else None


def test_both_joint_holders_decide_an_important_act_together() -> None:
    found = who(*JOINT)
    assert (found.carers, found.any_carer, found.learner_joins) == (frozenset({MOTHER, FATHER}), False, False)
    assert found.rule == "authority.together"
    assert "民法824条の2" in found.citation


@pytest.mark.parametrize("act", [DAILY, URGENT])
def test_either_joint_holder_decides_a_daily_or_urgent_act(act: ActClass) -> None:
    found = who(*JOINT, act=act)
    assert (found.carers, found.any_carer, found.rule) == (frozenset({MOTHER, FATHER}), True, "authority.alone")


def test_a_sole_holder_decides_alone() -> None:
    found = who(care(MOTHER, Basis.SOLE), care(FATHER, Basis.CONTACT))
    assert (found.carers, found.rule) == (frozenset({MOTHER}), "authority.alone")
    assert "民法819条" in found.citation


def test_a_custodian_decides_alone_beside_a_joint_holder() -> None:
    found = who(care(MOTHER, Basis.CUSTODIAN), care(FATHER))
    assert found.carers == {MOTHER}
    assert "民法824条の3" in found.citation


def test_a_joint_holder_who_is_also_custodian_decides_alone() -> None:
    assert who(*JOINT, care(MOTHER, Basis.CUSTODIAN)).carers == {MOTHER}


def test_the_holder_a_court_named_decides_alone() -> None:
    found = who(named(care(MOTHER)), care(FATHER))
    assert (found.carers, found.rule) == (frozenset({MOTHER}), "authority.court_named")


def test_a_court_order_that_made_both_joint_names_nobody() -> None:
    assert who(named(care(MOTHER)), named(care(FATHER))).rule == "authority.together"


def test_a_court_order_that_has_run_out_names_nobody() -> None:
    over = replace(named(care(MOTHER, Basis.CONTACT)), valid_to=TODAY - timedelta(days=1))
    assert who(*JOINT, over).carers == {MOTHER, FATHER}


@pytest.mark.parametrize("state", [CarerState.SUSPENDED, CarerState.LOST, CarerState.UNABLE])
def test_a_holder_who_cannot_act_is_left_out(state: CarerState) -> None:
    assert who(care(MOTHER), care(FATHER, state=state)).carers == {MOTHER}


def test_several_guardians_of_a_minor_decide_together() -> None:
    both = care(MOTHER, Basis.MINOR_GUARDIAN), care(GRANDMOTHER, Basis.MINOR_GUARDIAN)
    assert who(*both).carers == {MOTHER, GRANDMOTHER}


def test_the_head_of_a_home_stands_in_only_while_no_holder_can_act() -> None:
    head = care(HEAD_OF_HOME, Basis.FACILITY_HEAD)
    assert who(head, care(MOTHER)).carers == {MOTHER}
    stands_in = who(head, care(MOTHER, state=CarerState.LOST))
    assert (stands_in.carers, stands_in.rule, stands_in.any_carer) == (
        frozenset({HEAD_OF_HOME}),
        "authority.stands_in",
        True,
    )
    assert who(head, care(MOTHER), act=DAILY).carers == {HEAD_OF_HOME, MOTHER}


def test_for_a_foster_child_without_a_holder_the_head_of_the_centre_decides() -> None:
    fostered = care(STRANGER, Basis.FOSTER_PARENT), care(HEAD_OF_CENTRE, Basis.CHILD_GUIDANCE_HEAD)
    assert who(*fostered).carers == {HEAD_OF_CENTRE}
    assert who(*fostered, act=DAILY).carers == {STRANGER, HEAD_OF_CENTRE}


@pytest.mark.parametrize("entries", [(), (care(MOTHER, Basis.CONTACT),), (care(STRANGER, Basis.FOSTER_PARENT),)])
def test_where_nobody_can_decide_nothing_widens(entries: tuple[Care, ...]) -> None:
    found = who(*entries)
    assert found.nobody
    assert (found.everyone, found.rule) == (frozenset(), "authority.nobody")


def test_nobody_decides_where_no_rule_is_in_force() -> None:
    assert who(*JOINT, at=BEFORE_ANY_RULE).nobody


def test_nothing_happens_without_a_joint_holder_who_is_kept_away() -> None:
    kept_away = care(MOTHER), care(FATHER, contact_block=True)
    found = who(*kept_away)
    assert found.nobody
    assert found.rule == "authority.kept_away"
    assert who(*kept_away, act=URGENT).carers == {MOTHER}
    assert who(*kept_away, act=DAILY).carers == {MOTHER}


def test_a_court_named_holder_decides_past_one_who_is_kept_away() -> None:
    assert who(named(care(MOTHER)), care(FATHER, contact_block=True)).carers == {MOTHER}


def test_a_sole_holder_who_is_kept_away_decides_nothing() -> None:
    assert who(care(MOTHER, Basis.SOLE, contact_block=True)).nobody


@pytest.mark.parametrize("act", ActClass)
def test_from_fifteen_the_learner_joins_important_acts_alone(act: ActClass) -> None:
    joined = who(*JOINT, act=act, born=FIFTEEN)
    assert joined.learner_joins is (act is IMPORTANT)
    assert joined.carers == {MOTHER, FATHER}
    assert (HANAKO in joined.everyone) is (act is IMPORTANT)
    eve = datetime(2026, 6, 2, 23, 59, 59, tzinfo=JAPAN)
    assert not who(*JOINT, act=act, born=FIFTEEN, at=eve).learner_joins


def test_the_learner_never_joins_instead_of_a_carer() -> None:
    assert who(born=FIFTEEN).nobody


def test_from_eighteen_the_learner_decides_alone_to_the_minute() -> None:
    found = who(*JOINT, born=EIGHTEEN, at=datetime(2026, 6, 3, 0, 0, tzinfo=JAPAN))
    assert (found.carers, found.everyone, found.rule) == (
        frozenset(),
        frozenset(frozenset({HANAKO})),
        "authority.adult",
    )
    eve = who(*JOINT, born=EIGHTEEN, at=datetime(2026, 6, 2, 23, 59, 59, tzinfo=JAPAN))
    assert eve.carers == {MOTHER, FATHER}


def test_a_learner_who_is_not_named_is_nobody() -> None:
    assert Deciders(frozenset(), True, "rule", "source").everyone == frozenset()


def test_a_care_plan_alone_is_a_daily_matter() -> None:
    def act(*categories: Category, at: datetime = NOW) -> ActClass:
        return act_class_of(Scope.of(dict.fromkeys(categories, (2025,))), at, POLICY)

    assert act(Category.CARE_PLAN) is DAILY
    assert act(Category.CARE_PLAN, Category.REPORT) is IMPORTANT
    assert act(Category.SUPPORT_PLAN) is IMPORTANT
    assert act() is IMPORTANT
    assert act(Category.CARE_PLAN, at=BEFORE_ANY_RULE) is IMPORTANT


@pytest.mark.parametrize(
    ("actor", "born", "answer"),
    [
        (carer(MOTHER), None, None),
        (carer(GRANDMOTHER), None, DenialCode.CONTACT_ONLY),
        (carer(STRANGER), None, DenialCode.NOT_YOUR_CHILD),
        (learner(), None, DenialCode.NOT_A_DECIDER),
        (learner(), FIFTEEN, None),
        (learner(), EIGHTEEN, None),
        (carer(MOTHER), EIGHTEEN, DenialCode.OF_AGE),
        (learner(STRANGER), FIFTEEN, DenialCode.NOT_YOUR_RECORD),
        (staff(role(StaffRole.PRINCIPAL)), None, DenialCode.NOT_A_DECIDER),
        (Actor(ActorKind.JOB, None), None, DenialCode.NO_RULE),
        (Actor(ActorKind.ORGANISATION, None), None, DenialCode.NO_RULE),
        (Actor(ActorKind.UNKNOWN, None), None, DenialCode.SIGN_IN_NEEDED),
        (Actor(ActorKind.CARER, None), None, DenialCode.SIGN_IN_NEEDED),
    ],
    ids=str,
)
def test_only_those_the_rule_names_may_answer(actor: Actor, born: date | None, answer: DenialCode | None) -> None:
    entries = (*JOINT, care(GRANDMOTHER, Basis.CONTACT))
    whom = child(*entries) if born is None else child(*entries, born=born)
    assert code(may_answer(actor, whom, IMPORTANT, NOW, POLICY)) is answer


def test_an_answer_is_allowed_as_what_and_under_which_rule() -> None:
    verdict = may_answer(carer(), child(*JOINT), IMPORTANT, NOW, POLICY)
    assert isinstance(verdict, Allowed)
    assert (verdict.relation, verdict.rule) == (Relation.CARER, "authority.together")
    own = may_answer(learner(), child(born=EIGHTEEN), IMPORTANT, NOW, POLICY)
    assert isinstance(own, Allowed)
    assert own.relation is Relation.SELF


def test_a_parent_who_cannot_act_is_told_that_somebody_else_decides() -> None:
    unable = child(care(MOTHER, state=CarerState.UNABLE), care(FATHER))
    assert code(may_answer(carer(), unable, IMPORTANT, NOW, POLICY)) is DenialCode.NOT_A_DECIDER
    alone = child(care(MOTHER, state=CarerState.UNABLE))
    assert code(may_answer(carer(), alone, IMPORTANT, NOW, POLICY)) is DenialCode.NOBODY_DECIDES


def test_nobody_answers_narrows_or_reviews_where_no_rule_is_in_force() -> None:
    whom = child(*JOINT)
    assert code(may_answer(carer(), whom, IMPORTANT, BEFORE_ANY_RULE, POLICY)) is DenialCode.NO_RULE
    assert code(may_narrow(carer(), whom, BEFORE_ANY_RULE, POLICY)) is DenialCode.NO_RULE
    assert code(may_review(carer(), whom, BEFORE_ANY_RULE, POLICY)) is DenialCode.NO_RULE
    assert reviewers(whom, BEFORE_ANY_RULE, POLICY) == frozenset()


def narrowing(person: UUID, *entries: Care, act: ActClass = IMPORTANT) -> DenialCode | None:
    return code(may_narrow(carer(person), child(*entries), NOW, POLICY, act=act))


def test_any_one_joint_holder_narrows_alone_even_where_the_other_is_kept_away() -> None:
    assert narrowing(MOTHER, *JOINT) is None
    assert narrowing(FATHER, *JOINT) is None
    assert narrowing(MOTHER, care(MOTHER), care(FATHER, contact_block=True)) is None
    assert narrowing(FATHER, care(MOTHER), care(FATHER, contact_block=True)) is DenialCode.CONTACT_BLOCKED


@pytest.mark.parametrize("act", ActClass)
def test_behind_a_custodian_or_a_court_named_holder_the_other_does_not_narrow(act: ActClass) -> None:
    for first in (care(MOTHER, Basis.CUSTODIAN), named(care(MOTHER))):
        assert narrowing(MOTHER, first, care(FATHER), act=act) is None
        assert narrowing(FATHER, first, care(FATHER), act=act) is DenialCode.NOT_A_DECIDER


def test_whoever_may_give_a_daily_share_alone_may_also_take_it_back() -> None:
    fostered = care(STRANGER, Basis.FOSTER_PARENT), care(HEAD_OF_CENTRE, Basis.CHILD_GUIDANCE_HEAD)
    assert narrowing(STRANGER, *fostered, act=DAILY) is None
    assert narrowing(STRANGER, *fostered) is DenialCode.NOT_A_DECIDER


def test_the_learner_narrows_from_fifteen_on() -> None:
    assert code(may_narrow(learner(), child(*JOINT), NOW, POLICY)) is DenialCode.NOT_A_DECIDER
    for born in (FIFTEEN, EIGHTEEN):
        verdict = may_narrow(learner(), child(*JOINT, born=born), NOW, POLICY)
        assert isinstance(verdict, Allowed)
        assert (verdict.relation, verdict.rule) == (Relation.SELF, "narrow.learner")


def test_the_family_reviews_what_the_law_sends_and_staff_do_not() -> None:
    whom = child(*JOINT, care(GRANDMOTHER, Basis.CONTACT))
    for actor, relation in ((carer(MOTHER), Relation.CARER), (learner(), Relation.SELF)):
        verdict = may_review(actor, whom, NOW, POLICY)
        assert isinstance(verdict, Allowed)
        assert (verdict.relation, verdict.rule) == (relation, f"review.{relation}")
        assert verdict.citation
    assert code(may_review(carer(GRANDMOTHER), whom, NOW, POLICY)) is DenialCode.CONTACT_ONLY
    assert code(may_review(staff(role()), whom, NOW, POLICY)) is DenialCode.NOT_A_DECIDER


def test_carers_who_read_and_the_child_from_twelve_on_are_waited_for() -> None:
    unable = care(FATHER, state=CarerState.UNABLE)
    assert reviewers(child(care(MOTHER), unable), NOW, POLICY) == {MOTHER, FATHER}
    assert reviewers(child(care(MOTHER), born=TWELVE), NOW, POLICY) == {MOTHER, HANAKO}
    assert reviewers(child(care(MOTHER), born=EIGHTEEN), NOW, POLICY) == {HANAKO}


days = st.dates(date(2026, 4, 1), date(2026, 8, 1))
entries = st.builds(
    care,
    carer=st.sampled_from([MOTHER, FATHER, GRANDMOTHER]),
    basis=st.sampled_from(Basis),
    state=st.sampled_from(CarerState),
    valid_from=days,
    valid_to=st.none() | days,
    contact_block=st.booleans(),
).flatmap(lambda entry: st.sampled_from([entry, named(entry)]))
births = st.sampled_from([date(2015, 1, 1), TWELVE, FIFTEEN, EIGHTEEN])
children = st.builds(lambda found, born: child(*found, born=born), st.lists(entries, max_size=5), births)
acts = st.sampled_from(ActClass)
actors = st.builds(Actor, st.sampled_from(ActorKind), st.sampled_from([MOTHER, FATHER, GRANDMOTHER, HANAKO, None]))


@given(children, acts, st.randoms(use_true_random=False))
def test_the_order_of_entries_does_not_matter(whom: Child, act: ActClass, order: Random) -> None:
    shuffled = replace(whom, care=tuple(order.sample(whom.care, len(whom.care))))
    assert deciders(shuffled, act, NOW, POLICY) == deciders(whom, act, NOW, POLICY)


@given(children, acts)
def test_whoever_decides_may_answer_and_review(whom: Child, act: ActClass) -> None:
    found = deciders(whom, act, NOW, POLICY)
    for person in found.everyone:
        actor = learner() if person == HANAKO else carer(person)
        assert code(may_answer(actor, whom, act, NOW, POLICY)) is None
        assert code(may_review(actor, whom, NOW, POLICY)) is None


@given(children, actors, acts)
def test_nobody_answers_who_is_not_named(whom: Child, actor: Actor, act: ActClass) -> None:
    if isinstance(may_answer(actor, whom, act, NOW, POLICY), Allowed):
        assert actor.person in deciders(whom, act, NOW, POLICY).everyone


@given(children, actors)
def test_whoever_decides_an_important_act_may_take_it_back(whom: Child, actor: Actor) -> None:
    if isinstance(may_answer(actor, whom, IMPORTANT, NOW, POLICY), Allowed):
        assert isinstance(may_narrow(actor, whom, NOW, POLICY), Allowed)


@given(children, acts)
def test_a_found_decider_comes_with_a_rule_and_a_source(whom: Child, act: ActClass) -> None:
    found = deciders(whom, act, NOW, POLICY)
    assert found.rule.startswith("authority.")
    assert found.nobody or found.citation


@given(children, acts, entries)
def test_losing_the_right_never_makes_anybody_a_decider(whom: Child, act: ActClass, lost: Care) -> None:
    """A carer whose right is lost is never among the deciders, whatever other entries say."""
    gone = replace(lost, state=CarerState.LOST, valid_from=date(2026, 4, 1), valid_to=None)
    after = replace(whom, care=(*whom.care, gone))
    assert gone.carer_id not in deciders(after, act, NOW, POLICY).carers
