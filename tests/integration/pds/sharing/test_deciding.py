"""Those who decide answer one after another; an answer only ever takes away, and silence looks like any silence."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from consent.scope import Scope
from consent.verdict import DenialCode
from consent.vocabulary import CarerState, Category, Channel, Move, RequestState
from pds.sharing import deciding, requests
from pds.sharing.deciding import ChoiceEmpty, Outcome
from pds.sharing.enforcement import Refused
from pds.sharing.requests import RequestView, Standing
from tests.integration.conftest import NOW
from tests.integration.pds.sharing.town import ASKED, WORDS, Town, narrower, only

LATER = NOW + timedelta(days=31)


def standing(town: Town, request: UUID) -> Standing:
    with town.web() as session:
        found = requests.standing(session, request)
    assert found is not None
    return found


def look(town: Town, person: UUID, child: UUID, request: UUID) -> RequestView | Refused:
    with town.web() as session:
        return deciding.look(session, town.node, town.asking(person), child, request)


def test_a_request_is_open_until_both_parents_have_answered(town: Town) -> None:
    family = town.family()
    request = town.request(family.child)
    first = town.answer(family.mother, family.child, request, ASKED)
    assert isinstance(first, Outcome)
    assert first.state is RequestState.LODGED
    assert first.waiting_for == {family.father}
    assert first.grant_id is None
    assert standing(town, request) == Standing(RequestState.LODGED, family.child, None, None)
    second = town.answer(family.father, family.child, request, ASKED)
    assert isinstance(second, Outcome)
    assert second.state is RequestState.GRANTED
    assert standing(town, request) == Standing(RequestState.GRANTED, family.child, second.grant_id, ASKED)


def test_what_one_parent_struck_the_other_cannot_bring_back(town: Town) -> None:
    family = town.family()
    request = town.request(family.child)
    town.answer(family.mother, family.child, request, only(Category.REPORT, [2026]))
    outcome = town.answer(family.father, family.child, request, ASKED)
    assert isinstance(outcome, Outcome)
    assert outcome.state is RequestState.GRANTED_IN_PART
    assert outcome.terms == only(Category.REPORT, [2026])


def test_an_answer_beyond_what_was_asked_is_refused_and_logged(town: Town) -> None:
    family = town.family()
    request = town.request(family.child)
    wide = narrower(scope=Scope.of({Category.REPORT: [2023, 2026]}))
    for kept in (wide, narrower(until=ASKED.until + timedelta(days=1))):
        assert town.answer(family.mother, family.child, request, kept) == Refused(
            DenialCode.NARROW_ONLY, DenialCode.NARROW_ONLY
        )
    assert ("learner:request:answer", "refused") in town.acts(family.child)
    assert standing(town, request).is_open


def test_what_the_law_sends_is_not_the_familys_to_give(town: Town) -> None:
    family = town.family()
    request = town.request(
        family.child, replace(ASKED, scope=Scope.of({Category.GUIDANCE: [2026], Category.REPORT: [2026]}))
    )
    assert isinstance(town.answer(family.mother, family.child, request, only(Category.GUIDANCE, [2026])), Refused)
    outcome = town.answer(family.mother, family.child, request, only(Category.REPORT, [2026]))
    assert isinstance(outcome, Outcome)


def test_a_request_without_anything_to_choose_takes_no_answer(town: Town) -> None:
    family = town.family()
    request = town.request(family.child, replace(ASKED, scope=Scope.of({Category.GUIDANCE: [2026]})))
    assert town.answer(family.mother, family.child, request, None) == Refused(
        DenialCode.REQUEST_OVER, DenialCode.REQUEST_OVER
    )
    seen = look(town, family.mother, family.child, request)
    assert isinstance(seen, RequestView)
    assert seen.choosable.is_empty
    assert seen.waiting_for == frozenset()
    assert seen.is_open


def test_one_no_ends_the_request(town: Town) -> None:
    family = town.family()
    request = town.request(family.child)
    outcome = town.answer(family.father, family.child, request, None)
    assert isinstance(outcome, Outcome)
    assert outcome.state is RequestState.REFUSED
    assert outcome.terms is None
    assert town.answer(family.mother, family.child, request, ASKED) == Refused(
        DenialCode.REQUEST_OVER, DenialCode.REQUEST_OVER
    )
    assert town.count("share_grant", family.child) == 0


def test_two_yeses_with_nothing_in_common_are_a_no(town: Town) -> None:
    family = town.family()
    request = town.request(family.child)
    town.answer(family.mother, family.child, request, only(Category.REPORT, [2024]))
    outcome = town.answer(family.father, family.child, request, only(Category.PORTFOLIO, [2025]))
    assert isinstance(outcome, Outcome)
    assert outcome.state is RequestState.REFUSED


def test_while_others_are_awaited_an_answer_may_be_given_anew(town: Town) -> None:
    family = town.family()
    request = town.request(family.child)
    town.answer(family.mother, family.child, request, ASKED, comment="よろしくお願いします。")
    again = town.answer(
        family.mother, family.child, request, only(Category.REPORT, [2026]), now=NOW + timedelta(hours=1)
    )
    assert isinstance(again, Outcome)
    assert again.waiting_for == {family.father}
    outcome = town.answer(family.father, family.child, request, ASKED, now=NOW + timedelta(hours=2))
    assert isinstance(outcome, Outcome)
    assert outcome.terms == only(Category.REPORT, [2026])


@pytest.mark.parametrize("kept", [narrower(scope=Scope()), narrower(until=NOW)])
def test_a_yes_that_keeps_nothing_is_said_to_be_empty(town: Town, kept: object) -> None:
    family = town.family()
    request = town.request(family.child)
    with pytest.raises(ChoiceEmpty):
        town.answer(family.mother, family.child, request, kept)  # type: ignore[arg-type]
    assert town.count("share_answer", family.child) == 0


def test_after_its_time_a_request_takes_no_answer(town: Town) -> None:
    family = town.family()
    request = town.request(family.child)
    assert isinstance(town.answer(family.mother, family.child, request, ASKED, now=LATER), Refused)
    assert town.count("share_answer", family.child) == 0


def test_a_child_is_told_and_does_not_decide_and_a_stranger_sees_nothing(town: Town) -> None:
    family, other = town.family(), town.family()
    request = town.request(family.child)
    assert isinstance(look(town, family.child, family.child, request), RequestView)
    assert town.answer(family.child, family.child, request, ASKED) == Refused(
        DenialCode.NOT_A_DECIDER, DenialCode.NOT_A_DECIDER
    )
    for person in (other.mother, town.clerk):
        assert isinstance(look(town, person, family.child, request), Refused)
        assert isinstance(town.answer(person, family.child, request, ASKED), Refused)


def test_from_fifteen_the_learner_decides_with_the_parents(town: Town) -> None:
    family = town.family(birth_date=date(2011, 4, 2))
    request = town.request(family.child)
    for person in (family.mother, family.father):
        town.answer(person, family.child, request, ASKED)
    assert standing(town, request).is_open
    outcome = town.answer(family.child, family.child, request, only(Category.PORTFOLIO, [2026]))
    assert isinstance(outcome, Outcome)
    assert outcome.terms == only(Category.PORTFOLIO, [2026])


def test_where_nobody_can_decide_nothing_widens(town: Town) -> None:
    child, carer = town.world.learner(), town.world.carer()
    town.world.care(child, carer, state=CarerState.UNABLE)
    town.world.enrol(child, town.school, town.room)
    town.world.commit()
    request = town.request(child)
    assert town.answer(carer, child, request, ASKED) == Refused(DenialCode.NOBODY_DECIDES, DenialCode.NOBODY_DECIDES)
    assert standing(town, request).is_open


def test_a_look_notes_that_the_request_was_seen_and_tells_who_is_awaited(town: Town) -> None:
    family = town.family()
    request = town.request(
        family.child,
        narrower(scope=Scope.of({Category.REPORT: [2026], Category.GUIDANCE: [2026], Category.WELFARE: [2026]})),
    )
    town.answer(family.mother, family.child, request, only(Category.REPORT, [2026]))
    seen = look(town, family.mother, family.child, request)
    assert isinstance(seen, RequestView)
    assert seen.state is RequestState.SEEN
    assert seen.seen_at == NOW
    assert seen.waiting_for == {family.father}
    assert seen.mine is not None
    assert seen.mine.kept == only(Category.REPORT, [2026])
    assert seen.choosable == Scope.of({Category.REPORT: [2026]})
    assert seen.offered.scope == seen.choosable
    assert Category.GUIDANCE in seen.statutory
    assert seen.closed == (Category.WELFARE,)
    assert seen.dossier is not None
    again = look(town, family.father, family.child, request)
    assert isinstance(again, RequestView)
    assert again.mine is None
    assert standing(town, request).is_open


def test_a_request_that_is_over_is_shown_and_not_marked_as_seen(town: Town) -> None:
    family = town.family()
    request = town.request(family.child, expires_at=NOW + timedelta(seconds=1))
    with town.web() as session:
        late = town.asking(family.mother, NOW + timedelta(hours=1))
        seen = deciding.look(session, town.node, late, family.child, request)
    assert isinstance(seen, RequestView)
    assert seen.state is RequestState.EXPIRED
    assert seen.seen_at is None
    assert not seen.is_open


def test_an_unknown_request_is_refused_like_an_unknown_child(town: Town) -> None:
    family = town.family()
    nothing = Refused(DenialCode.UNKNOWN_CHILD, DenialCode.NOTHING_HERE)
    assert look(town, family.mother, family.child, uuid4()) == nothing
    assert town.answer(family.mother, family.child, uuid4(), ASKED) == nothing
    with town.web() as session:
        assert deciding.preview(
            session, town.node, town.asking(family.mother), family.child, uuid4(), Category.REPORT, None
        ) == nothing  # fmt: skip


def test_a_preview_shows_the_very_copies_and_only_what_may_be_chosen(town: Town) -> None:
    family = town.family()
    for year in (2024, 2026):
        town.record(family.child, Category.REPORT, {"year": year}, school_year=year)
    request = town.request(family.child)
    with town.web() as session:
        copies = deciding.preview(
            session, town.node, town.asking(family.mother), family.child, request, Category.REPORT, None
        )
        assert not isinstance(copies, Refused)
        assert [copy.body["year"] for copy in copies] == [2024, 2026]
        one = deciding.preview(
            session, town.node, town.asking(family.mother), family.child, request, Category.REPORT,
            only(Category.REPORT, [2026]),
        )  # fmt: skip
        assert one == copies[1:]
        for category, person in (
            (Category.GUIDANCE, family.mother),
            (Category.PORTFOLIO, uuid4()),
            (Category.FITNESS, family.mother),
        ):
            who = town.asking(person if person == family.mother else town.clerk)
            assert isinstance(deciding.preview(session, town.node, who, family.child, request, category, None), Refused)
    assert ("learner:preview:read", "allowed") in town.acts(family.child)
    assert ("learner:preview:read", "refused") in town.acts(family.child)


def test_a_request_without_a_dossier_says_so(town: Town) -> None:
    family = town.family()
    request = town.request(family.child, move=Move.NONE)
    seen = look(town, family.mother, family.child, request)
    assert isinstance(seen, RequestView)
    assert seen.dossier is None
    assert seen.statutory == ()


def test_comment_and_words_shown_stand_sealed(town: Town) -> None:
    family = town.family()
    request = town.request(family.child)
    town.answer(family.mother, family.child, request, ASKED, comment="内緒のこと")
    with town.work() as session:
        row = session.execute(
            text("SELECT comment, text_sealed, text_version, text_locale FROM share_answer WHERE request_id = :r"),
            {"r": request},
        ).one()
    for sealed in (row.comment, row.text_sealed):
        assert "内緒".encode() not in bytes(sealed)
        assert "西小学校".encode() not in bytes(sealed)
    assert (row.text_version, row.text_locale) == (WORDS.version, "ja")


def test_answers_online_are_told_apart_by_channel(town: Town) -> None:
    family = town.family()
    request = town.request(family.child)
    town.answer(family.mother, family.child, request, ASKED)
    with town.web() as session:
        views = requests.list_for(session, town.node, town.asking(family.mother), family.child)
        assert not isinstance(views, Refused)
        assert views[0].mine is not None
        assert views[0].mine.channel is Channel.ONLINE
        assert isinstance(requests.list_for(session, town.node, town.asking(town.clerk), family.child), Refused)
