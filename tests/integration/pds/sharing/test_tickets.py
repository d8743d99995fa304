"""A ticket leads to the child once; what is unknown, used, ended or too old leads nowhere, all alike."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from consent.vocabulary import Move, PurposeCode, RequestState
from pds.sharing import requests, tickets
from pds.sharing.enforcement import Refused
from pds.sharing.grants import expire_due as expire_grants
from pds.sharing.requests import Opening
from tests.integration.conftest import NOW
from tests.integration.pds.sharing.town import ASKED, WEST_SCHOOL, Town
from trust.ticket import Ticket, read_ticket
from web.database import bind_context


def issue(town: Town, child: UUID) -> Ticket:
    with town.web() as session:
        return tickets.issue(session, town.node, child, town.school, by=town.clerk, number=7, now=NOW)


def use(town: Town, ticket: Ticket, request: UUID, days: int = 0) -> UUID | None:
    with town.work() as session:
        return tickets.use(session, read_ticket(ticket.text).hash, request, NOW + timedelta(days=days))


def test_a_ticket_leads_to_its_child_once(town: Town) -> None:
    family = town.family()
    ticket, request = issue(town, family.child), uuid4()
    assert ticket.number == 7
    assert use(town, ticket, request) == family.child
    assert use(town, ticket, uuid4()) is None
    assert use(town, ticket, request) == family.child, "the same request asked again after a crash"


def test_an_unknown_an_ended_and_an_old_ticket_lead_nowhere(town: Town) -> None:
    family = town.family()
    first = issue(town, family.child)
    second = issue(town, family.child)
    assert use(town, first, uuid4()) is None, "replaced by the second"
    assert use(town, second, uuid4(), days=60) is None
    assert use(town, replace(second, text=issue(town, town.family().child).text), uuid4(), days=61) is None
    with town.web() as session:
        bind_context(session, learners=[family.child])
        assert tickets.end(session, family.child, now=NOW) == 1
    assert use(town, second, uuid4()) is None


def test_while_a_request_is_open_no_second_ticket_is_issued_and_a_no_frees_one(town: Town) -> None:
    family = town.family()
    request = uuid4()
    assert use(town, issue(town, family.child), request) == family.child
    town.request(family.child, request=request)
    with pytest.raises(tickets.TicketInUse):
        issue(town, family.child)
    town.answer(family.mother, family.child, request, None)
    assert use(town, issue(town, family.child), uuid4()) == family.child


def test_only_the_hash_of_a_ticket_is_kept(town: Town) -> None:
    family = town.family()
    ticket = issue(town, family.child)
    with town.work() as session:
        rows = session.execute(
            text("SELECT ticket_hash FROM transfer_ticket WHERE learner_id = :c"), {"c": family.child}
        )
        assert [bytes(row.ticket_hash) for row in rows] == [ticket.hash]


def test_a_request_opened_twice_is_one(town: Town) -> None:
    family = town.family()
    request = town.request(family.child)
    town.request(family.child, request=request)
    assert town.count("share_request", family.child) == 1
    assert town.count("share_dossier", family.child) == 1
    assert [act for act, _ in town.acts(family.child)] == ["recipient:request:open"]


def test_no_request_is_opened_for_a_child_who_is_not_here(town: Town) -> None:
    opening = Opening(
        uuid4(), uuid4(), WEST_SCHOOL, Move.TRANSFER, PurposeCode.TRANSFER_OF_SCHOOL, ASKED, NOW,
        NOW + timedelta(days=30), "case",
    )  # fmt: skip
    with town.work() as session:
        assert not requests.open_request(session, town.jobs, opening, NOW)
        assert requests.standing(session, opening.request_id) is None


def test_what_is_asked_is_an_entry_that_names_the_school(town: Town) -> None:
    family = town.family()
    request = town.request(family.child)
    (entry,) = town.log(family.child)
    assert entry["who"]["kind"] == "organisation"
    assert entry["who"]["organisation_name"] == "となり市立西小学校"
    assert entry["under"] == str(request)


def test_a_request_ends_by_time_and_by_its_asker(town: Town) -> None:
    family = town.family()
    late, taken_back = town.request(family.child, expires_at=NOW + timedelta(days=1)), town.request(family.child)
    with town.work() as session:
        assert requests.withdraw(session, family.child, taken_back, NOW)
        assert not requests.withdraw(session, family.child, taken_back, NOW)
        assert not requests.withdraw(session, family.child, uuid4(), NOW)
        assert requests.expire_due(session, town.jobs, NOW + timedelta(days=1)) == 1
        assert requests.expire_due(session, town.jobs, NOW + timedelta(days=1)) == 0
    with town.web() as session:
        states = {request: requests.standing(session, request) for request in (late, taken_back)}
    assert {found.state for found in states.values() if found} == {RequestState.EXPIRED, RequestState.WITHDRAWN}
    with town.work() as session:
        assert expire_grants(session, town.jobs, NOW) == 0


def test_whose_request_it_is_stays_unknown_to_another_transaction(town: Town) -> None:
    family = town.family()
    town.request(family.child)
    with town.web() as session:
        assert session.execute(text("SELECT count(*) FROM share_request")).scalar_one() == 0
        assert isinstance(
            requests.list_for(session, town.node, town.asking(town.family().mother), family.child), Refused
        )
