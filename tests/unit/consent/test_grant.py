"""The life of a grant: it opens its own scope while it is active, and nothing that is done to it ever widens it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.grant import UNDER_GRANT, Grant, GrantState, allows, narrow, pause, resume, revoke, standing
from consent.policy.loader import shipped_policy
from consent.scope import Scope, Terms
from consent.verdict import Allowed, DenialCode, Denied
from consent.vocabulary import Category, Relation
from tests.unit.consent.people import FATHER, HANAKO, MOTHER, NOW, STRANGER
from tests.unit.consent.sharing import END, PORTFOLIO, REPORT, terms, terms_drawn, years

GRANT = Grant(UUID(int=500), HANAKO, "nishi", terms(), GrantState.ACTIVE, NOW)
TICK = timedelta(microseconds=1)
ENDED = [GrantState.REVOKED, GrantState.EXPIRED, GrantState.SUPERSEDED]
Step = Callable[[Grant], Grant | Denied]


def opens(grant: Grant, category: Category = REPORT, year: int = 2024, at: datetime = NOW) -> DenialCode | None:
    verdict = allows(grant, category, year, at)
    return verdict.code if isinstance(verdict, Denied) else None


def done(outcome: Grant | Denied) -> Grant:
    assert isinstance(outcome, Grant)
    return outcome


def test_an_active_grant_opens_its_categories_and_years() -> None:
    assert allows(GRANT, REPORT, 2024, NOW) == UNDER_GRANT
    assert UNDER_GRANT.relation is Relation.RECIPIENT
    assert opens(GRANT, REPORT, 2023) is DenialCode.NOT_IN_SCOPE
    assert opens(GRANT, Category.WELLBEING) is DenialCode.NOT_IN_SCOPE


def test_the_verdict_cites_sources_that_the_policy_knows() -> None:
    known = [source.ja for source in shipped_policy().citations.values()]
    assert all(any(cited.startswith(source) for source in known) for cited in UNDER_GRANT.citation.split("、"))


def test_a_grant_opens_from_its_first_instant_and_up_to_its_last() -> None:
    assert opens(GRANT, at=NOW - TICK) is DenialCode.GRANT_NOT_ACTIVE
    assert opens(GRANT, at=NOW) is None
    assert opens(GRANT, at=END - TICK) is None
    assert opens(GRANT, at=END) is DenialCode.GRANT_ENDED
    assert standing(GRANT, END - TICK) is GrantState.ACTIVE
    assert standing(GRANT, END) is GrantState.EXPIRED


@pytest.mark.parametrize("state", GrantState)
def test_only_an_active_grant_opens_anything(state: GrantState) -> None:
    expected = {GrantState.ACTIVE: None} | dict.fromkeys(ENDED, DenialCode.GRANT_ENDED)
    assert opens(replace(GRANT, state=state)) is expected.get(state, DenialCode.GRANT_NOT_ACTIVE)


@pytest.mark.parametrize("state", [GrantState.PAUSED, GrantState.SUSPENDED_FOR_SAFETY])
def test_a_grant_that_was_stopped_for_a_while_expires_all_the_same(state: GrantState) -> None:
    assert standing(replace(GRANT, state=state), END) is GrantState.EXPIRED


def test_a_revoked_grant_stays_revoked_after_its_end() -> None:
    assert standing(done(revoke(GRANT, MOTHER, NOW)), END) is GrantState.REVOKED


def test_everyone_who_paused_must_lift_it() -> None:
    paused = done(pause(done(pause(GRANT, MOTHER)), FATHER))
    assert (paused.state, paused.paused_by) == (GrantState.PAUSED, frozenset(frozenset({MOTHER, FATHER})))
    half = done(resume(paused, MOTHER))
    assert (half.state, half.paused_by) == (GrantState.PAUSED, frozenset(frozenset({FATHER})))
    assert opens(half) is DenialCode.GRANT_NOT_ACTIVE
    assert resume(half, MOTHER) == Denied(DenialCode.NOT_YOUR_PAUSE)
    assert opens(done(resume(half, FATHER))) is None


def test_a_pause_does_not_bring_back_a_grant_that_was_suspended_for_safety() -> None:
    suspended = replace(GRANT, state=GrantState.SUSPENDED_FOR_SAFETY)
    paused = done(pause(suspended, MOTHER))
    assert paused.state is GrantState.SUSPENDED_FOR_SAFETY
    assert done(resume(paused, MOTHER)).state is GrantState.SUSPENDED_FOR_SAFETY


def test_a_grant_that_has_run_out_cannot_be_revoked() -> None:
    assert revoke(GRANT, MOTHER, END) == Denied(DenialCode.GRANT_ENDED)
    assert done(revoke(GRANT, MOTHER, END - TICK)).changed_by == MOTHER


@pytest.mark.parametrize("state", ENDED)
def test_nothing_is_done_to_a_grant_that_has_ended(state: GrantState) -> None:
    over = replace(GRANT, state=state, paused_by=frozenset({MOTHER}))
    smaller = terms(Scope.of({REPORT: (2024,)}))
    for outcome in (
        pause(over, MOTHER),
        resume(over, MOTHER),
        revoke(over, MOTHER, NOW),
        narrow(over, smaller, MOTHER),
    ):
        assert outcome == Denied(DenialCode.GRANT_ENDED)


def test_narrowing_puts_narrower_terms_in_place() -> None:
    smaller = terms(Scope.of({REPORT: (2024,)}), until=END - timedelta(days=30))
    narrowed = done(narrow(GRANT, smaller, FATHER))
    assert (narrowed.terms, narrowed.changed_by) == (smaller, FATHER)
    assert opens(narrowed, REPORT, 2025) is DenialCode.NOT_IN_SCOPE


@pytest.mark.parametrize(
    "wider",
    [
        terms(Scope.of({REPORT: (2023, 2024, 2025), PORTFOLIO: (2025,)})),
        terms(until=END + TICK),
        terms(Scope()),
    ],
    ids=["another year", "longer", "nothing left"],
)
def test_more_or_nothing_is_no_narrowing(wider: Terms) -> None:
    assert narrow(GRANT, wider, MOTHER) == Denied(DenialCode.NARROW_ONLY)


people = st.sampled_from([MOTHER, FATHER, STRANGER])
steps: st.SearchStrategy[Step] = st.one_of(
    people.map(lambda by: lambda grant: pause(grant, by)),
    people.map(lambda by: lambda grant: resume(grant, by)),
    people.map(lambda by: lambda grant: revoke(grant, by, NOW)),
    st.builds(lambda by, wanted: lambda grant: narrow(grant, wanted, by), people, terms_drawn),
    st.builds(lambda by, wanted: lambda grant: narrow(grant, grant.terms.meet(wanted), by), people, terms_drawn),
)
grants = st.builds(
    lambda drawn: replace(GRANT, terms=drawn), terms_drawn.filter(lambda drawn: not drawn.scope.is_empty)
)


@given(grants, st.lists(steps, max_size=8), st.sampled_from(list(Category)), years, st.integers(0, 700))
def test_whatever_is_done_to_a_grant_never_opens_what_it_did_not(
    grant: Grant, life: list[Step], category: Category, year: int, days: int
) -> None:
    at = NOW + timedelta(days=days)
    before = grant
    for step in life:
        outcome = step(grant)
        grant = outcome if isinstance(outcome, Grant) else grant
    assert grant.terms.within(before.terms)
    if isinstance(allows(grant, category, year, at), Allowed):
        assert isinstance(allows(before, category, year, at), Allowed)


@given(grants, st.lists(steps, max_size=8), st.lists(steps, max_size=4))
def test_nothing_brings_a_revoked_grant_back(grant: Grant, life: list[Step], after: list[Step]) -> None:
    for step in (*life, lambda one: revoke(one, MOTHER, NOW), *after):
        outcome = step(grant)
        grant = outcome if isinstance(outcome, Grant) else grant
    assert grant.state is GrantState.REVOKED


@given(grants, st.permutations([MOTHER, FATHER, STRANGER]), st.permutations([MOTHER, FATHER, STRANGER]))
def test_the_order_of_pauses_and_of_lifting_them_does_not_matter(
    grant: Grant, pausing: list[UUID], lifting: list[UUID]
) -> None:
    paused = grant
    for person in pausing:
        paused = done(pause(paused, person))
    assert paused.paused_by == {MOTHER, FATHER, STRANGER}
    for person in lifting:
        assert opens(paused, *_any_of(paused)) is DenialCode.GRANT_NOT_ACTIVE
        paused = done(resume(paused, person))
    assert replace(paused, changed_by=None) == grant


@given(grants, terms_drawn, terms_drawn)
def test_the_order_of_two_narrowings_does_not_matter(grant: Grant, one: Terms, other: Terms) -> None:
    met = grant.terms.meet(one).meet(other)
    if met.scope.is_empty:
        return
    first = done(narrow(done(narrow(grant, grant.terms.meet(one), MOTHER)), met, FATHER))
    second = done(narrow(done(narrow(grant, grant.terms.meet(other), FATHER)), met, FATHER))
    assert first == second


def _any_of(grant: Grant) -> tuple[Category, int]:
    category, (year, *_) = grant.terms.scope.entries[0]
    return category, year
