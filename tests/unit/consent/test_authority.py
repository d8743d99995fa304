"""A carer reads by basis and state, within the days entered, until the child is of age; the narrower entry prevails."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.age import JAPAN
from consent.authority import Care, carers_who_read, refusal_to_carer
from consent.policy.model import Edition
from consent.verdict import DenialCode
from consent.vocabulary import Basis, CarerState
from tests.unit.consent.people import BORN, FATHER, MOTHER, NOW, POLICY, TODAY, care

EDITION: Edition = POLICY.editions[-1]
YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)

days = st.dates(date(2026, 4, 1), date(2026, 8, 1))
entries = st.builds(
    care,
    carer=st.sampled_from([MOTHER, FATHER]),
    basis=st.sampled_from(Basis),
    state=st.sampled_from(CarerState),
    valid_from=days,
    valid_to=st.none() | days,
    contact_block=st.booleans(),
)


def refusal(*care_entries: Care, at: datetime = NOW, born: date = BORN) -> DenialCode | None:
    return refusal_to_carer(MOTHER, care_entries, born, at, EDITION)


def test_both_parents_read_after_a_divorce_with_joint_authority() -> None:
    both = (care(MOTHER), care(FATHER))
    assert carers_who_read(both, BORN, NOW, EDITION) == (MOTHER, FATHER)


def test_a_parent_with_joint_authority_reads_beside_a_custodian() -> None:
    both = (care(MOTHER, Basis.CUSTODIAN), care(FATHER, Basis.JOINT))
    assert carers_who_read(both, BORN, NOW, EDITION) == (MOTHER, FATHER)


def test_a_parent_unable_to_act_keeps_the_view() -> None:
    assert refusal(care(state=CarerState.UNABLE)) is None


def test_a_step_parent_entered_as_a_contact_sees_nothing() -> None:
    assert refusal(care(basis=Basis.CONTACT)) is DenialCode.CONTACT_ONLY


def test_a_grandparent_who_is_also_guardian_reads_as_guardian() -> None:
    assert refusal(care(basis=Basis.CONTACT), care(basis=Basis.MINOR_GUARDIAN)) is None


@pytest.mark.parametrize("last_day", [TODAY, None])
def test_an_entry_holds_on_its_last_day(last_day: date | None) -> None:
    assert refusal(care(valid_from=TODAY, valid_to=last_day)) is None


def test_an_entry_that_ended_yesterday_no_longer_opens_anything() -> None:
    assert refusal(care(valid_to=YESTERDAY)) is DenialCode.CARE_ENDED


def test_an_entry_that_begins_tomorrow_does_not_yet_make_a_carer() -> None:
    assert refusal(care(valid_from=TOMORROW)) is DenialCode.NOT_YOUR_CHILD


def test_the_last_day_is_a_day_in_japan() -> None:
    ends_today = care(valid_to=TODAY)
    assert refusal(ends_today, at=datetime(2026, 6, 3, 23, 59, 59, tzinfo=JAPAN)) is None
    assert refusal(ends_today, at=datetime(2026, 6, 4, 0, 0, tzinfo=JAPAN)) is DenialCode.CARE_ENDED


def test_a_suspension_overrides_an_older_entry_left_open() -> None:
    assert refusal(care(), care(state=CarerState.SUSPENDED, valid_from=TODAY)) is DenialCode.CARER_SUSPENDED


def test_a_suspension_that_has_run_out_gives_the_view_back() -> None:
    assert refusal(care(), care(state=CarerState.SUSPENDED, valid_to=YESTERDAY)) is None


def test_lost_authority_is_named_before_a_suspension() -> None:
    both = care(state=CarerState.SUSPENDED), care(state=CarerState.LOST)
    assert refusal(*both) is DenialCode.AUTHORITY_LOST


def test_a_contact_block_prevails_over_every_entry() -> None:
    assert refusal(care(), care(basis=Basis.CONTACT, contact_block=True)) is DenialCode.CONTACT_BLOCKED


def test_a_contact_block_does_not_lapse_with_time() -> None:
    blocked = care(valid_to=YESTERDAY, contact_block=True)
    assert refusal(blocked, care(valid_from=TODAY)) is DenialCode.CONTACT_BLOCKED


def test_a_contact_block_that_begins_tomorrow_is_not_yet_in_force() -> None:
    assert refusal(care(), care(valid_from=TOMORROW, contact_block=True)) is None


def test_a_contact_block_of_one_parent_does_not_touch_the_other() -> None:
    both = (care(MOTHER), care(FATHER, contact_block=True))
    assert carers_who_read(both, BORN, NOW, EDITION) == (MOTHER,)


def test_reading_ends_at_midnight_of_the_eighteenth_birthday() -> None:
    born = date(2008, 6, 3)
    mother = care(valid_from=born)
    assert refusal(mother, born=born, at=datetime(2026, 6, 2, 23, 59, 59, tzinfo=JAPAN)) is None
    assert refusal(mother, born=born, at=datetime(2026, 6, 3, 0, 0, tzinfo=JAPAN)) is DenialCode.OF_AGE


def test_a_court_order_does_not_change_who_reads() -> None:
    named = replace(care(), court_order="東京家裁 令和8年(家)第123号")
    assert refusal(named) is None


def test_a_policy_may_close_the_view_of_an_unable_parent() -> None:
    unable = replace(EDITION.states[CarerState.UNABLE], refused_as=DenialCode.CARER_UNABLE)
    edition = replace(EDITION, states={**EDITION.states, CarerState.UNABLE: unable})
    refused = refusal_to_carer(MOTHER, [care(state=CarerState.UNABLE)], BORN, NOW, edition)
    assert refused is DenialCode.CARER_UNABLE


@given(st.lists(entries, max_size=5), st.randoms(use_true_random=False))
def test_the_order_of_entries_does_not_matter(care_entries: list[Care], order: Random) -> None:
    assert refusal(*order.sample(care_entries, len(care_entries))) is refusal(*care_entries)


@given(st.lists(entries, max_size=5))
def test_entries_of_another_carer_do_not_matter(care_entries: list[Care]) -> None:
    assert refusal(*[entry for entry in care_entries if entry.carer_id == MOTHER]) is refusal(*care_entries)


@given(st.lists(entries, max_size=4), entries)
def test_narrowing_never_widens(care_entries: list[Care], narrowing: Care) -> None:
    narrower = replace(narrowing, state=CarerState.SUSPENDED) if not narrowing.contact_block else narrowing
    if refusal(*care_entries) is not None and narrower.carer_id == MOTHER:
        assert refusal(*care_entries, narrower) is not None


@given(st.lists(entries, max_size=4), st.integers(0, 3))
def test_blocking_any_begun_entry_closes_everything(care_entries: list[Care], which: int) -> None:
    mine = [entry for entry in care_entries if entry.carer_id == MOTHER and entry.begun_on(TODAY)]
    if which < len(mine):
        blocked = replace(mine[which], contact_block=True)
        assert refusal(*care_entries, blocked) is DenialCode.CONTACT_BLOCKED


@given(st.lists(entries, max_size=5))
def test_no_carer_reads_once_the_learner_is_of_age(care_entries: list[Care]) -> None:
    assert carers_who_read(care_entries, date(2008, 6, 3), NOW, EDITION) == ()


@given(st.lists(entries, max_size=5))
def test_whoever_reads_is_listed_once(care_entries: list[Care]) -> None:
    reading = carers_who_read(care_entries, BORN, NOW, EDITION)
    assert list(reading) == sorted(set(reading))
    for person in (MOTHER, FATHER):
        assert (person in reading) == (refusal_to_carer(person, care_entries, BORN, NOW, EDITION) is None)
