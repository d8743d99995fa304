"""What goes wrong on the way: bad signatures, lost nodes, forged messages, moves that are called off."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from consent.scope import Scope
from consent.vocabulary import Category, Move
from pds.sharing import grants
from pds.sharing.enforcement import Refused
from pds.transfer import incoming, messages, outgoing, receiving
from pds.transfer.errors import ChildTwice, DecisionRefused, MessageRefused, NotNow
from pds.transfer.messages import Kind, OutState
from pds.transfer.models import IncomingTransfer, MessageOut
from pds.transfer.outgoing import Started
from pds.transfer.states import ConsentState, IncomingState, OutgoingState, StatutoryState
from tests.integration.pds.transfer.family_move import FamilyMove
from tests.integration.pds.transfer.towns import Towns
from trust.messages import make_message
from trust.registry import Organisation, OrganisationKind
from trust.signing import SigningKey


def test_a_key_the_registry_does_not_list_rejects_all_and_it_can_be_sent_again(move: FamilyMove, towns: Towns) -> None:
    listed = towns.a.participant()
    code, name = towns.a.school
    other = Organisation(code, name, OrganisationKind.SCHOOL, (SigningKey.generate().public(),))
    towns.publish(a=replace(listed, organisations=(other,)))
    move.lodge()
    towns.pass_time(days=14)
    there = move.look_in()
    assert there.row.statutory is StatutoryState.REJECTED
    assert {one["code"] for one in there.problems} == {"unknown_key"}
    assert not [one for one in there.received if one.erased_at is None]
    seen = move.look_out()
    assert seen.row.state is OutgoingState.REJECTED
    assert {one["code"] for one in seen.problems} == {"unknown_key"}
    assert not seen.health_sheet_sent

    towns.publish()
    with towns.a.asking(move.clerk_a) as (session, asking):
        outgoing.send_again(session, towns.a.web, asking, move.learner, move.outgoing, asking.now)
    towns.work()
    assert move.look_in().row.statutory is StatutoryState.RECEIVED
    assert not move.look_in().problems
    assert move.look_out().row.state is OutgoingState.DONE


def test_a_grant_withdrawn_while_documents_are_pulled_leaves_nothing(
    move: FamilyMove, towns: Towns, monkeypatch: pytest.MonkeyPatch
) -> None:
    move.lodge()
    grant = move.answer(move.offered()).grant_id
    assert grant is not None

    def withdraw(step: str) -> None:
        if step == "pull-page-kept":
            with towns.a.asking(move.mother) as (session, asking):
                assert not isinstance(grants.revoke(session, towns.a.web, asking, move.learner, grant), Refused)

    pull = receiving.pull
    monkeypatch.setattr(receiving, "pull", lambda node, run, _: pull(node, run, withdraw))
    towns.pass_time(minutes=2)
    towns.pass_time(minutes=2)
    assert move.look_in().row.consent is ConsentState.ENDED
    assert towns.b.count("SELECT count(*) FROM received_document WHERE sealed IS NOT NULL") == 0
    assert towns.a.count("SELECT count(*) FROM share_grant WHERE end_answer = 'erased'") == 1


@pytest.mark.long
def test_a_refusal_ends_the_choosable_part_alone(move: FamilyMove, towns: Towns) -> None:
    move.lodge()
    move.answer(None)
    towns.pass_time(minutes=2)
    assert move.look_in().row.consent is ConsentState.REFUSED
    towns.pass_time(days=14)
    assert move.look_in().row.state is IncomingState.DONE
    assert {one.category for one in move.look_in().received} == {"enrolment", "guidance", "health_check"}


@pytest.mark.long
def test_silence_lapses_after_thirty_days_and_delays_nothing(move: FamilyMove, towns: Towns) -> None:
    move.lodge()
    towns.pass_time(days=14)
    assert move.look_in().row.statutory is StatutoryState.RECEIVED
    assert move.look_in().row.consent is ConsentState.PENDING
    towns.pass_time(days=17)
    assert move.look_in().row.consent is ConsentState.EXPIRED


@pytest.mark.long
def test_a_node_that_is_away_delays_and_loses_nothing(move: FamilyMove, towns: Towns) -> None:
    move.start()
    move.decide()
    towns.a.stop()
    move.ask()
    towns.work()
    there = move.look_in()
    assert there.row.state is IncomingState.LODGING
    assert there.problems[0]["code"] == "out_of_reach"
    towns.a.serve()
    towns.pass_time(minutes=1)
    assert move.look_in().row.state is IncomingState.PENDING
    assert not move.look_in().problems


def test_a_message_that_nobody_takes_is_a_dead_letter_and_can_be_sent_again(move: FamilyMove, towns: Towns) -> None:
    move.lodge()
    towns.b.stop()
    towns.pass_time(days=14)
    for _ in range(messages.MOST_ATTEMPTS):
        towns.pass_time(minutes=61)
    with towns.a.session() as session:
        (dead,) = messages.list_out(session, dead_only=True)
        assert dead.kind == Kind.DOSSIER_READY
        assert dead.problem
        messages.resend(session, towns.a.jobs, dead.message_id, towns.clock())
    towns.b.serve()
    towns.work()
    assert move.look_in().row.statutory is StatutoryState.RECEIVED
    with towns.a.session() as session:
        assert not messages.list_out(session)
        with pytest.raises(NotNow):
            messages.resend(session, towns.a.jobs, dead.message_id, towns.clock())


@pytest.mark.long
def test_the_same_message_again_changes_nothing(move: FamilyMove, towns: Towns) -> None:
    move.lodge()
    with towns.b.session() as session:
        token = session.query(MessageOut).one().token
        assert session.query(MessageOut).one().state == OutState.ACKNOWLEDGED
    with towns.a.session() as session:
        assert messages.take_in(session, towns.a.jobs, token, towns.clock()) is False
    assert towns.a.count("SELECT count(*) FROM message_in") == 1


def test_messages_of_strangers_forgers_and_to_others_are_refused(towns: Towns) -> None:
    own, now = towns.b.jobs.keyring.signing_key("node"), towns.clock()
    made: dict[str, Any] = {"now": now, "jti": str(uuid4())}
    refused = [
        make_message(SigningKey.generate(), "c.node", "a.node", "grant_ended", {}, **made),
        make_message(SigningKey.generate(), "b.node", "a.node", "grant_ended", {}, **made),
        make_message(own, "b.node", "c.node", "grant_ended", {}, **made),
        make_message(own, "b.node", "a.node", "grant_ended", {}, now=now - timedelta(days=31), jti=str(uuid4())),
        make_message(own, "b.node", "a.node", "grant_ended", {}, now=now, jti="one"),
        "not.a.token",
    ]
    for token in refused:
        with towns.a.session() as session, pytest.raises(MessageRefused):
            messages.take_in(session, towns.a.jobs, token, now)
    assert towns.a.count("SELECT count(*) FROM message_in") == 0


@pytest.mark.long
def test_another_node_cannot_speak_for_a_case_that_is_not_its_own(move: FamilyMove, towns: Towns) -> None:
    move.lodge()
    grant = move.answer(move.offered()).grant_id
    towns.pass_time(minutes=2)
    with towns.b.session() as session:
        case = session.query(IncomingTransfer).one()
        reference, case.sender_id = case.case_reference, "c.node"
    with towns.a.session() as session:
        messages.send(
            session, towns.a.jobs, move.learner, "b.node", Kind.GRANT_ENDED,
            {"case": reference, "grant": str(grant), "reason": "revoked"}, towns.clock(),
        )  # fmt: skip
    towns.work()
    assert move.look_in().row.consent is ConsentState.GRANTED
    assert towns.b.count("SELECT count(*) FROM received_document WHERE sealed IS NULL") == 0


def test_the_new_school_calls_off_and_everything_is_taken_back(move: FamilyMove, towns: Towns) -> None:
    move.lodge()
    assert move.answer(move.offered()).grant_id is not None
    towns.pass_time(minutes=2)
    with towns.b.asking(move.officer_b) as (session, asking):
        assert incoming.cancel(session, towns.b.web, asking, move.there, move.incoming, asking.now) is None
    towns.work()
    assert towns.b.count("SELECT count(*) FROM received_document WHERE sealed IS NOT NULL") == 0
    assert towns.b.count("SELECT count(*) FROM enrolment WHERE NOT withdrawn") == 0
    assert move.look_out().row.state is OutgoingState.CANCELLED
    with towns.a.asking(move.mother) as (session, asking):
        given = grants.list_for(session, towns.a.web, asking, move.learner)
    assert not isinstance(given, Refused)
    assert [(one.is_living, one.was_called_off, one.end_answer) for one in given] == [(False, True, "erased")]
    towns.pass_time(days=14)
    assert towns.a.count("SELECT count(*) FROM message_out") == 0, "neither an end to answer nor a dossier"


@pytest.mark.long
def test_the_old_school_calls_off_and_the_new_one_is_told(move: FamilyMove, towns: Towns) -> None:
    move.lodge()
    with towns.a.asking(move.clerk_a) as (session, asking):
        assert outgoing.cancel(session, towns.a.web, asking, move.learner, move.outgoing, asking.now) is None
    towns.pass_time(days=14)
    there = move.look_in()
    assert [one["code"] for one in there.problems] == ["cancelled_by_sender"]
    assert there.row.statutory is StatutoryState.WAITING
    assert not there.received


@pytest.mark.long
def test_a_used_and_a_forged_ticket_open_nothing_and_look_alike(move: FamilyMove, towns: Towns) -> None:
    move.lodge()
    with towns.b.asking(move.officer_b) as (session, asking):
        second = incoming.decide(
            session, towns.b.web, asking, move.decision(given_name="太郎", birth_date=date(2016, 1, 1)), asking.now
        )
        assert not isinstance(second, Refused)
    first, move.incoming = (move.there, move.incoming), second
    with towns.b.session() as session:
        move.there = session.query(IncomingTransfer).filter_by(transfer_id=second).one().learner_id
    move.ask()
    towns.work()
    assert move.look_in().row.state is IncomingState.PENDING
    move.there, move.incoming = first
    assert move.look_in().row.state is IncomingState.PENDING
    assert towns.a.count("SELECT count(*) FROM share_request") == 1


def test_a_decision_names_each_thing_that_does_not_fit(move: FamilyMove, towns: Towns) -> None:
    move.start()
    with towns.b.asking(move.officer_b) as (session, asking), pytest.raises(DecisionRefused):
        incoming.decide(session, towns.b.web, asking, move.decision(class_id=uuid4()), asking.now)
    move.decide(source_id="s-1")
    for changes in ({"source_id": "s-1"}, {"source_id": "s-1", "birth_date": date(2014, 1, 1)}):
        with (
            towns.b.asking(move.officer_b) as (session, asking),
            pytest.raises(ChildTwice if len(changes) == 1 else DecisionRefused),
        ):
            incoming.decide(session, towns.b.web, asking, move.decision(**changes), asking.now)
    with towns.b.asking(move.clerk_b) as (session, asking):
        assert isinstance(incoming.decide(session, towns.b.web, asking, move.decision(), asking.now), Refused)
    with towns.a.asking(move.clerk_a) as (session, asking), pytest.raises(ChildTwice):
        outgoing.start(
            session, towns.a.web, asking, move.learner, move=Move.TRANSFER, left_on=date(2026, 12, 1), reason="",
            now=asking.now,
        )  # fmt: skip


def test_copies_of_earlier_schools_travel_along_with_their_signatures(move: FamilyMove, towns: Towns) -> None:
    move.lodge()
    towns.pass_time(days=14)
    with towns.b.asking(move.clerk_b) as (session, asking):
        back = outgoing.start(
            session, towns.b.web, asking, move.there, move=Move.TRANSFER, left_on=date(2026, 12, 20), reason="",
            now=asking.now,
        )  # fmt: skip
    assert isinstance(back, Started)
    arrived = move.arrive_back(back.ticket.text)
    towns.work()
    towns.pass_time(days=21)
    documents = move.read_back(arrived)
    guidance = next(one for one in documents if one.category == Category.GUIDANCE)
    assert [link.school_name for link in guidance.chain] == ["みなみ市立南小学校", "みらい市立東小学校"]
    assert guidance.body["moral"].startswith("友だち")


@pytest.mark.long
def test_what_is_asked_again_under_a_grant_is_only_what_changed(move: FamilyMove, towns: Towns) -> None:
    move.lodge()
    move.answer(replace(move.offered(), scope=Scope.of({Category.REPORT: [2025, 2026]})))
    towns.pass_time(minutes=2)
    before = towns.a.count("SELECT count(*) FROM share_disclosure")
    with towns.b.asking(move.clerk_b) as (session, asking):
        assert incoming.pull_again(session, towns.b.web, asking, move.there, move.incoming, asking.now) is None
    towns.work()
    assert towns.a.count("SELECT count(*) FROM share_disclosure") == before == 2
    assert len(move.look_in().received) == 2
