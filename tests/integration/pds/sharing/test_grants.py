"""Anybody who may narrow stops a grant alone and at once; stopped, it stays dead, whatever a backup remembers."""

from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from consent.scope import Scope
from consent.verdict import DenialCode
from consent.vocabulary import Category, GrantState, ReceiptEvent
from pds.sharing import grants, pulling, receipts
from pds.sharing.enforcement import Refused
from pds.sharing.grants import GrantView
from pds.sharing.parties import Basis
from pds.sharing.pulling import Page
from tests.integration.conftest import NOW
from tests.integration.pds.sharing.town import ASKED, CLIENT, UNTIL, Family, Town, narrower
from trust.journal import DecisionKind
from web.database import bind_context

ENDED = Refused(DenialCode.GRANT_ENDED, DenialCode.GRANT_ENDED)


@pytest.fixture
def family(town: Town) -> Family:
    made = town.family()
    town.record(made.child, Category.REPORT)
    return made


@pytest.fixture
def basis(town: Town, family: Family) -> Basis:
    return town.granted(family)


def pull(town: Town, basis: Basis) -> Page | Refused:
    with town.web() as session:
        return pulling.read_page(session, town.node, CLIENT, basis, None, NOW, "pull")


def pause(town: Town, person: UUID, basis: Basis) -> GrantView | Refused:
    with town.web() as session:
        return grants.pause(session, town.node, town.asking(person), basis.learner, basis.id)


def resume(town: Town, person: UUID, basis: Basis) -> GrantView | Refused:
    with town.web() as session:
        return grants.resume(session, town.node, town.asking(person), basis.learner, basis.id)


def revoke(town: Town, person: UUID, basis: Basis, hours: int = 0) -> GrantView | Refused:
    with town.web() as session:
        asking = town.asking(person, NOW + timedelta(hours=hours))
        return grants.revoke(session, town.node, asking, basis.learner, basis.id)


def view(town: Town, person: UUID, basis: Basis) -> GrantView:
    with town.web() as session:
        found = grants.look(session, town.node, town.asking(person), basis.learner, basis.id)
    assert isinstance(found, GrantView)
    return found


def told(town: Town, basis: Basis) -> int:
    with town.work() as session:
        query = text("SELECT count(*) FROM job WHERE kind = 'transfer.tell_grant_ended' AND arguments->>'grant' = :g")
        return int(session.execute(query, {"g": str(basis.id)}).scalar_one())


def test_a_withdrawn_grant_is_dead_and_its_recipient_is_told_once(town: Town, family: Family, basis: Basis) -> None:
    assert isinstance(pull(town, basis), Page)
    ended = revoke(town, family.father, basis)
    assert isinstance(ended, GrantView)
    assert ended.state is GrantState.REVOKED
    assert (ended.closed_at, ended.closed_by, ended.version) == (NOW, family.father, 2)
    assert not ended.is_living
    assert pull(town, basis) == ENDED
    assert town.node.keyring.journal.is_revoked(basis.id)
    again = revoke(town, family.mother, basis, hours=1)
    assert again == ended
    assert told(town, basis) == 1
    assert [act for act, _ in town.acts(family.child)].count("learner:grant:revoke") == 1


def test_a_pause_stops_everything_until_everybody_lifts_their_own(town: Town, family: Family, basis: Basis) -> None:
    for person in (family.mother, family.father):
        assert isinstance(pause(town, person, basis), GrantView)
    assert pull(town, basis) == Refused(DenialCode.GRANT_NOT_ACTIVE, DenialCode.GRANT_NOT_ACTIVE)
    after_one = resume(town, family.mother, basis)
    assert isinstance(after_one, GrantView)
    assert after_one.state is GrantState.PAUSED
    assert after_one.paused_by == {family.father}
    assert resume(town, family.mother, basis) == Refused(DenialCode.NOT_YOUR_PAUSE, DenialCode.NOT_YOUR_PAUSE)
    assert isinstance(resume(town, family.father, basis), GrantView)
    assert isinstance(pull(town, basis), Page)
    assert view(town, family.mother, basis).version == 5
    assert isinstance(revoke(town, family.mother, basis), GrantView)
    assert pause(town, family.mother, basis) == ENDED
    assert resume(town, family.mother, basis) == ENDED


def test_only_those_who_may_narrow_stop_a_grant(town: Town, family: Family, basis: Basis) -> None:
    stranger = town.family()
    for change in (pause, resume, revoke):
        assert isinstance(change(town, town.clerk, basis), Refused)
        assert isinstance(change(town, stranger.mother, basis), Refused)
        assert change(town, family.child, basis) == Refused(DenialCode.NOT_A_DECIDER, DenialCode.NOT_A_DECIDER)
    assert isinstance(pull(town, basis), Page)
    refused = [entry for entry in town.log(family.child) if entry["outcome"] == "refused"]
    assert {entry["act"] for entry in refused} == {
        "learner:grant:pause", "learner:grant:resume", "learner:grant:revoke"
    }  # fmt: skip


def test_an_unknown_grant_is_answered_like_an_unknown_child(town: Town, family: Family) -> None:
    unknown = Basis(kind=None, learner=family.child, id=uuid4())  # type: ignore[arg-type]
    nothing = Refused(DenialCode.UNKNOWN_CHILD, DenialCode.NOTHING_HERE)
    assert revoke(town, family.mother, unknown) == nothing
    assert pause(town, family.mother, unknown) == nothing
    with town.web() as session:
        assert grants.look(session, town.node, town.asking(family.mother), family.child, unknown.id) == nothing
        assert grants.note_end_answer(session, family.child, unknown.id, "erased", NOW, client_id=CLIENT) is False
        grants.note_told(session, family.child, unknown.id, NOW)


def test_the_family_sees_its_grants_and_nobody_else_does(town: Town, family: Family, basis: Basis) -> None:
    with town.web() as session:
        listed = grants.list_for(session, town.node, town.asking(family.child), family.child)
        assert not isinstance(listed, Refused)
        assert [one.grant_id for one in listed] == [basis.id]
        assert listed[0].recipient.school_name == "となり市立西小学校"
        assert listed[0].terms == ASKED
        assert isinstance(grants.list_for(session, town.node, town.asking(town.clerk), family.child), Refused)
        assert isinstance(grants.look(session, town.node, town.asking(town.clerk), family.child, basis.id), Refused)


def test_the_recipients_answer_stands_beside_the_end(town: Town, family: Family, basis: Basis) -> None:
    revoke(town, family.mother, basis)
    later = NOW + timedelta(minutes=5)
    with town.work() as session:
        for moment in (later, later + timedelta(days=1)):
            grants.note_told(session, family.child, basis.id, moment)
            assert grants.note_end_answer(session, family.child, basis.id, "erased", moment, client_id=CLIENT)
        assert not grants.note_end_answer(session, family.child, basis.id, "erased", later, client_id="south.node")
    seen = view(town, family.mother, basis)
    assert (seen.told_at, seen.end_answer, seen.end_answered_at) == (later, "erased", later)


def test_a_grant_ends_by_time_with_a_receipt_and_a_notice(town: Town, family: Family) -> None:
    basis = town.granted(family, narrower(until=NOW + timedelta(hours=1)))
    assert revoke(town, family.mother, basis, hours=1) == ENDED
    with town.web() as session:
        late = town.asking(family.mother, NOW + timedelta(hours=1))
        assert grants.pause(session, town.node, late, family.child, basis.id) == ENDED
    with town.work() as session:
        assert grants.expire_due(session, town.jobs, NOW + timedelta(hours=1)) == 1
        assert grants.expire_due(session, town.jobs, NOW + timedelta(hours=1)) == 0
    assert view(town, family.mother, basis).state is GrantState.EXPIRED
    assert told(town, basis) == 1
    with town.web() as session:
        notes = receipts.list_for(session, town.node, town.asking(family.mother), family.child)
    assert not isinstance(notes, Refused)
    assert notes[0].event is ReceiptEvent.EXPIRED


def test_what_the_journal_says_is_dead_though_the_row_says_otherwise(town: Town, family: Family, basis: Basis) -> None:
    """As after a process that died before its commit, and as after an older backup."""
    town.node.keyring.journal.append(
        DecisionKind.REVOKED, family.child, by=str(family.mother), now=NOW, detail={"grant": str(basis.id)}
    )
    assert pull(town, basis) == ENDED
    assert view(town, family.mother, basis).state is GrantState.REVOKED
    assert pause(town, family.mother, basis) == ENDED
    assert told(town, basis) == 0
    with town.work() as session:
        assert grants.replay_journal(session, town.jobs, NOW) == 1
        assert grants.replay_journal(session, town.jobs, NOW) == 0
    assert told(town, basis) == 1
    seen = view(town, family.mother, basis)
    assert seen.closed_by == family.mother
    entry = town.log(family.child)[-1]
    assert (entry["act"], entry["who"]["kind"]) == ("learner:grant:revoke", "job")


def test_a_withdrawal_cut_short_is_finished_by_the_same_act_again(town: Town, family: Family, basis: Basis) -> None:
    town.node.keyring.journal.append(
        DecisionKind.REVOKED, family.child, by=str(family.mother), now=NOW, detail={"grant": str(basis.id)}
    )
    before = len(list(town.node.keyring.journal.lines()))
    assert isinstance(revoke(town, family.mother, basis), GrantView)
    assert len(list(town.node.keyring.journal.lines())) == before, "no second line"
    assert told(town, basis) == 1


def call_off(session: Session, town: Town, learner: UUID, request: UUID, *, erased: bool = True) -> None:
    bind_context(session, learners=[learner])
    grants.call_off(session, town.jobs, learner, request, NOW + timedelta(hours=2), erased=erased)


def test_a_grant_ends_with_the_move_that_its_recipient_calls_off(town: Town, family: Family, basis: Basis) -> None:
    request = view(town, family.mother, basis).request_id
    pause(town, family.father, basis)
    for _ in range(2):
        with town.work() as session:
            call_off(session, town, family.child, request)
        ended = view(town, family.mother, basis)
        assert (ended.state, ended.was_called_off, ended.version) == (GrantState.REVOKED, True, 3)
        assert ended.end_answer == "erased"
        assert ended.told_at == ended.closed_at == ended.end_answered_at == NOW + timedelta(hours=2)
    assert told(town, basis) == 0, "it has said already that everything is erased"
    assert pull(town, basis) == ENDED
    assert resume(town, family.father, basis) == ENDED
    assert town.node.keyring.journal.is_revoked(basis.id)
    (entry,) = [one for one in town.log(family.child) if one["act"] == "learner:grant:revoke"]
    assert (entry["who"]["kind"], entry["who"]["organisation_name"]) == ("organisation", "となり市立西小学校")
    with town.web() as session:
        notes = receipts.list_for(session, town.node, town.asking(family.mother), family.child)
    assert not isinstance(notes, Refused)
    assert [note.event for note in notes].count(ReceiptEvent.REVOKED) == 1


def test_a_recipient_that_does_not_say_it_erased_is_asked_for_its_answer(
    town: Town, family: Family, basis: Basis
) -> None:
    with town.work() as session:
        call_off(session, town, family.child, view(town, family.mother, basis).request_id, erased=False)
    ended = view(town, family.mother, basis)
    assert (ended.was_called_off, ended.end_answer) == (True, None)
    assert told(town, basis) == 1


def test_a_withdrawal_stays_the_familys_when_the_move_is_called_off_after_it(
    town: Town, family: Family, basis: Basis
) -> None:
    revoke(town, family.mother, basis)
    with town.work() as session:
        call_off(session, town, family.child, view(town, family.mother, basis).request_id)
    seen = view(town, family.mother, basis)
    assert (seen.closed_by, seen.was_called_off, seen.end_answer) == (family.mother, False, "erased")


def test_a_withdrawal_in_the_journal_alone_stays_the_familys_as_well(town: Town, family: Family, basis: Basis) -> None:
    request = view(town, family.mother, basis).request_id
    with town.node.database.session() as session:  # dies before its commit
        grants.revoke(session, town.node, town.asking(family.mother), family.child, basis.id)
    with town.work() as session:
        call_off(session, town, family.child, request)
    seen = view(town, family.mother, basis)
    assert (seen.closed_by, seen.was_called_off, seen.end_answer) == (family.mother, False, "erased")


def test_a_move_called_off_holds_though_its_process_died(town: Town, family: Family, basis: Basis) -> None:
    request = view(town, family.mother, basis).request_id
    with town.jobs.database.session() as session:
        call_off(session, town, family.child, request)
    assert pull(town, basis) == ENDED
    with town.work() as session:
        assert grants.replay_journal(session, town.jobs, NOW) == 1
    seen = view(town, family.mother, basis)
    assert (seen.was_called_off, seen.end_answer) == (True, "erased")
    assert told(town, basis) == 0


def test_calling_a_move_off_waits_for_a_read_that_has_begun(town: Town, family: Family, basis: Basis) -> None:
    request = view(town, family.mother, basis).request_id
    with town.node.database.session() as reader, town.jobs.database.session() as session:
        assert isinstance(pulling.read_page(reader, town.node, CLIENT, basis, None, NOW, "slow reader"), Page)
        session.execute(text("SET LOCAL lock_timeout = '100ms'"))
        with pytest.raises(OperationalError, match="lock timeout"):
            call_off(session, town, family.child, request)
    assert not town.node.keyring.journal.is_revoked(basis.id)


def test_calling_off_leaves_alone_what_was_not_granted_or_belongs_to_an_erased_child(
    town: Town, family: Family, basis: Basis
) -> None:
    request = view(town, family.mother, basis).request_id
    with town.work() as session:
        call_off(session, town, family.child, uuid4())
    assert isinstance(pull(town, basis), Page)
    town.node.keyring.erase_subject(family.child, by="officer", now=NOW)
    with town.work() as session:
        call_off(session, town, family.child, request)
    assert not town.node.keyring.journal.is_revoked(basis.id)


def test_replaying_leaves_alone_what_belongs_to_an_erased_child(town: Town, family: Family, basis: Basis) -> None:
    town.node.keyring.journal.append(
        DecisionKind.REVOKED, family.child, by=str(family.mother), now=NOW, detail={"grant": str(basis.id)}
    )
    town.node.keyring.erase_subject(family.child, by="officer", now=NOW)
    with town.work() as session:
        assert grants.replay_journal(session, town.jobs, NOW) == 0
    assert pull(town, basis) == Refused(DenialCode.UNKNOWN_CHILD, DenialCode.NOTHING_HERE)


def test_where_one_parent_alone_decides_one_yes_suffices(town: Town) -> None:
    family = town.family(one_parent=True)
    request = town.request(family.child)
    outcome = town.answer(family.mother, family.child, request, ASKED)
    assert not isinstance(outcome, Refused)
    assert outcome.grant_id is not None


def test_from_fifteen_the_learner_stops_a_grant_alone(town: Town) -> None:
    family = town.family(birth_date=date(2011, 4, 2))
    request = town.request(family.child, narrower(scope=Scope.of({Category.PORTFOLIO: [2026]}), until=UNTIL))
    kept = narrower(scope=Scope.of({Category.PORTFOLIO: [2026]}))
    for person in (family.mother, family.father, family.child):
        outcome = town.answer(person, family.child, request, kept)
    assert not isinstance(outcome, Refused)
    assert outcome.grant_id is not None
    with town.web() as session:
        ended = grants.revoke(session, town.node, town.asking(family.child), family.child, outcome.grant_id)
    assert isinstance(ended, GrantView)
