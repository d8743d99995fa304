"""What independent answers come to: never more than was asked, the same in whatever order they came."""

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.authority import Deciders
from consent.request import (
    Agreed,
    Answer,
    AskedRequest,
    Expired,
    Refused,
    RequestState,
    Settlement,
    Waiting,
    settle,
    state_after,
)
from consent.scope import Scope, Terms
from consent.vocabulary import Move, PurposeCode
from tests.unit.consent.people import FATHER, HANAKO, MOTHER, NOW, STRANGER
from tests.unit.consent.sharing import END, PORTFOLIO, REPORT, terms, terms_drawn

DAY = timedelta(days=1)
ASKED = terms()
REQUEST = AskedRequest(ASKED, Move.TRANSFER, PurposeCode.TRANSFER_OF_SCHOOL, NOW, NOW + 30 * DAY)
BOTH = Deciders(frozenset({MOTHER, FATHER}), False, "authority.together", "民法824条の2")
EITHER = replace(BOTH, any_carer=True)
ALONE = replace(BOTH, carers=frozenset({MOTHER}))
WITH_LEARNER = replace(BOTH, learner_joins=True, learner=HANAKO)
NOBODY = Deciders(frozenset(), False, "authority.nobody", "")
LATER = NOW + 2 * DAY


def yes(person: UUID = MOTHER, kept: Terms = ASKED, after: timedelta = DAY) -> Answer:
    return Answer(person, kept, NOW + after)


def no(person: UUID = MOTHER, after: timedelta = DAY) -> Answer:
    return Answer(person, None, NOW + after)


def come_to(*answers: Answer, deciders: Deciders = BOTH) -> Settlement:
    return settle(REQUEST, answers, deciders, LATER)


def test_one_holder_alone_settles_a_request() -> None:
    assert come_to(yes(), deciders=ALONE) == Agreed(ASKED, in_part=False)
    assert come_to(no(), deciders=ALONE) == Refused(MOTHER)


def test_a_request_waits_for_everyone_the_rule_names() -> None:
    assert come_to() == Waiting(frozenset({MOTHER, FATHER}))
    assert come_to(yes()) == Waiting(frozenset({FATHER}))
    assert come_to(yes(), yes(FATHER), deciders=WITH_LEARNER) == Waiting(frozenset({HANAKO}))
    assert come_to(yes(), yes(FATHER), yes(HANAKO), deciders=WITH_LEARNER) == Agreed(ASKED, in_part=False)


def test_one_holder_strikes_and_the_other_widens_in_vain() -> None:
    without_portfolio = replace(ASKED, scope=ASKED.scope.without(PORTFOLIO), until=END - DAY)
    wider = replace(ASKED, scope=Scope.of({REPORT: (2018, 2024, 2025), PORTFOLIO: (2018, 2025)}), until=END + DAY)
    assert come_to(yes(kept=without_portfolio), yes(FATHER, wider)) == Agreed(without_portfolio, in_part=True)


def test_one_refusal_ends_the_request_without_waiting_for_the_other() -> None:
    assert come_to(no()) == Refused(MOTHER)
    assert come_to(yes(FATHER), no()) == Refused(MOTHER)
    assert come_to(no(FATHER, DAY), no(MOTHER, DAY / 2)) == Refused(MOTHER)


def test_where_either_may_decide_the_first_yes_settles_and_the_silent_one_is_not_waited_for() -> None:
    assert come_to(yes(FATHER), deciders=EITHER) == Agreed(ASKED, in_part=False)
    assert come_to(yes(), no(FATHER), deciders=EITHER) == Refused(FATHER)
    joined = replace(EITHER, learner_joins=True, learner=HANAKO)
    assert come_to(yes(FATHER), deciders=joined) == Waiting(frozenset({HANAKO}))


def test_where_nobody_can_decide_nothing_is_agreed() -> None:
    assert come_to(yes(), deciders=NOBODY) == Waiting(frozenset())
    assert settle(REQUEST, [yes()], NOBODY, REQUEST.expires_at) == Expired()


def test_answers_of_others_do_not_count() -> None:
    assert come_to(yes(), yes(FATHER), no(STRANGER)) == Agreed(ASKED, in_part=False)
    assert come_to(yes(STRANGER)) == Waiting(frozenset({MOTHER, FATHER}))


def test_a_request_runs_out_at_the_instant_and_not_before() -> None:
    almost = REQUEST.expires_at - timedelta(microseconds=1)
    assert settle(REQUEST, [yes()], BOTH, almost) == Waiting(frozenset({FATHER}))
    assert settle(REQUEST, [yes()], BOTH, REQUEST.expires_at) == Expired()


def test_an_answer_given_in_time_counts_after_the_time_and_a_late_one_does_not() -> None:
    in_time, late = yes(FATHER, after=29 * DAY), yes(FATHER, after=30 * DAY)
    assert settle(REQUEST, [yes(), in_time], BOTH, NOW + 40 * DAY) == Agreed(ASKED, in_part=False)
    assert settle(REQUEST, [yes(), late], BOTH, NOW + 40 * DAY) == Expired()


def test_an_answer_dated_in_the_future_does_not_count_yet() -> None:
    assert come_to(yes(), yes(FATHER, after=3 * DAY)) == Waiting(frozenset({FATHER}))


def test_the_last_answer_of_a_person_counts() -> None:
    second = replace(ASKED, until=END - DAY)
    for answers in ((yes(), yes(kept=second, after=2 * DAY)), (yes(kept=second, after=2 * DAY), yes())):
        assert come_to(*answers, deciders=ALONE) == Agreed(second, in_part=True)
    assert come_to(no(), yes(after=2 * DAY), deciders=ALONE) == Agreed(ASKED, in_part=False)


def test_of_simultaneous_answers_of_a_person_the_narrowest_counts() -> None:
    shorter, smaller = replace(ASKED, until=END - DAY), replace(ASKED, scope=ASKED.scope.without(PORTFOLIO))
    assert come_to(yes(kept=shorter), yes(kept=smaller), deciders=ALONE) == Agreed(shorter.meet(smaller), in_part=True)
    assert come_to(yes(), no(), deciders=ALONE) == Refused(MOTHER)


@pytest.mark.parametrize(
    "kept",
    [
        replace(ASKED, scope=Scope()),
        replace(ASKED, scope=Scope.of({REPORT: (2018,)})),
        replace(ASKED, until=NOW + DAY),
    ],
    ids=["nothing", "only what was not asked", "already over"],
)
def test_keeping_nothing_is_a_refusal(kept: Terms) -> None:
    assert come_to(yes(kept=kept), deciders=ALONE) == Refused(MOTHER)


def test_two_who_keep_nothing_in_common_refuse_together() -> None:
    reports, works = ASKED.scope.without(PORTFOLIO), ASKED.scope.without(REPORT)
    first, second = yes(kept=replace(ASKED, scope=reports)), yes(FATHER, replace(ASKED, scope=works), 2 * DAY)
    assert come_to(first, second) == come_to(second, first) == Refused(FATHER)


def test_an_end_that_passed_before_the_last_answer_leaves_nothing() -> None:
    short = yes(kept=replace(ASKED, until=NOW + 36 * timedelta(hours=1)))
    assert come_to(short, yes(FATHER, after=2 * DAY)) == Refused(FATHER)


@pytest.mark.parametrize(
    ("settlement", "state"),
    [
        (Waiting(frozenset()), RequestState.SEEN),
        (Agreed(ASKED, in_part=False), RequestState.GRANTED),
        (Agreed(ASKED, in_part=True), RequestState.GRANTED_IN_PART),
        (Refused(MOTHER), RequestState.REFUSED),
        (Expired(), RequestState.EXPIRED),
    ],
)
def test_a_settlement_brings_the_request_into_its_state(settlement: Settlement, state: RequestState) -> None:
    assert state_after(settlement, RequestState.SEEN) is state


answers = st.builds(
    Answer,
    st.sampled_from([MOTHER, FATHER, HANAKO, STRANGER]),
    st.none() | terms_drawn | st.just(ASKED),
    st.integers(0, 40).map(lambda days: NOW + days * DAY),
)
requests = st.builds(
    lambda asked: replace(REQUEST, asked=asked), terms_drawn.filter(lambda drawn: not drawn.scope.is_empty)
)
sets_of_deciders = st.sampled_from([BOTH, EITHER, ALONE, WITH_LEARNER, NOBODY])
instants = st.integers(0, 45).map(lambda days: NOW + days * DAY)


@given(requests, st.lists(answers, max_size=6), sets_of_deciders, st.randoms(use_true_random=False))
def test_the_order_of_independent_answers_does_not_matter(
    request: AskedRequest, given_: list[Answer], deciders: Deciders, order: Random
) -> None:
    shuffled = order.sample(given_, len(given_))
    assert settle(request, shuffled, deciders, LATER) == settle(request, given_, deciders, LATER)


@given(requests, st.lists(answers, max_size=6), sets_of_deciders, instants)
def test_no_answer_ever_widens_what_was_asked_or_what_another_kept(
    request: AskedRequest, given_: list[Answer], deciders: Deciders, at: datetime
) -> None:
    settled = settle(request, given_, deciders, at)
    if isinstance(settled, Agreed):
        assert settled.terms.within(request.asked)
        assert settled.in_part == (settled.terms != request.asked)
        assert not settled.terms.scope.is_empty
        for person in {answer.person for answer in given_} & deciders.everyone:
            own = [a for a in given_ if a.person == person and a.at <= at and a.at < request.expires_at]
            last = [a for a in own if a.at == max(answer.at for answer in own)]
            assert all(a.kept is not None and settled.terms.within(a.kept) for a in last)


@given(requests, st.lists(answers, max_size=5), answers, sets_of_deciders)
def test_narrowing_an_answer_never_widens_the_agreement(
    request: AskedRequest, given_: list[Answer], more: Answer, deciders: Deciders
) -> None:
    if more.kept is None or any(a.person == more.person for a in given_):
        return
    wide = settle(request, [*given_, more], deciders, LATER)
    for narrower in (replace(more, kept=more.kept.meet(ASKED)), replace(more, kept=None)):
        settled = settle(request, [*given_, narrower], deciders, LATER)
        if isinstance(settled, Agreed):
            assert isinstance(wide, Agreed)
            assert settled.terms.within(wide.terms)


@given(requests, st.lists(answers, max_size=6), sets_of_deciders, instants)
def test_a_settlement_is_never_agreed_while_somebody_is_missing(
    request: AskedRequest, given_: list[Answer], deciders: Deciders, at: datetime
) -> None:
    settled = settle(request, given_, deciders, at)
    answered = {a.person for a in given_}
    if isinstance(settled, Agreed):
        assert not deciders.nobody
        assert deciders.any_carer or deciders.carers <= answered
        assert not deciders.learner_joins or HANAKO in answered
    if isinstance(settled, Refused):
        assert settled.by in deciders.everyone
