"""Nothing is read under a grant after its withdrawal has committed, however many act at the same moment."""

import threading
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from consent.scope import Terms
from consent.verdict import DenialCode
from consent.vocabulary import Category, Channel, RequestState
from pds.access_log.entries import Purpose
from pds.access_log.reading import entries_for
from pds.node import Node
from pds.people import service as people
from pds.sharing import deciding, grants, pulling, requests, tickets
from pds.sharing.deciding import Outcome
from pds.sharing.enforcement import Asking, Refused
from pds.sharing.grants import GrantView
from pds.sharing.ground import Ground, stand_on
from pds.sharing.parties import Basis
from pds.sharing.pulling import Page
from tests.integration.conftest import NOW
from tests.integration.pds.sharing.racing import Act, race
from tests.integration.pds.sharing.town import ASKED, CLIENT, WORDS, Family, Town, only
from web.database import bind_context

YEARS = list(range(1990, 2030))


def asking(node: Node, person: UUID) -> Asking:
    with node.database.session() as session:
        viewer = people.viewer_for(session, person)
    assert viewer is not None
    return Asking(viewer, Purpose.SHARING, NOW, f"ref-{uuid4().hex[:6]}")


def pull_page(node: Node, basis: Basis, after: str | None) -> Page | Refused:
    with node.database.session() as session:
        page = pulling.read_page(session, node, CLIENT, basis, after, NOW, "race")
        session.commit()
    return page


def revoke(node: Node, person: UUID, basis: Basis) -> GrantView | Refused:
    with node.database.session() as session:
        ended = grants.revoke(session, node, asking(node, person), basis.learner, basis.id)
        session.commit()
    return ended


def answer(person: UUID, child: UUID, request: UUID, kept: Terms | None) -> Act:
    def act(node: Node) -> Outcome | Refused:
        with node.database.session() as session:
            outcome = deciding.answer(
                session, node, asking(node, person), child, request, kept=kept, comment=None, channel=Channel.ONLINE,
                shown=WORDS, step_up="passkey",
            )  # fmt: skip
            session.commit()
        return outcome

    return act


def pulled(node: Node, child: UUID) -> int:
    """How many pages the log says were handed out."""
    with node.database.session() as session:
        bind_context(session, learners=[child])
        page = entries_for(session, node, child, "child", before=None, limit=5000)
    done = ("recipient:document:pull", "allowed")
    return sum((seen.entry["act"], seen.entry["outcome"]) == done for seen in page.entries)


def count_rows(node: Node, child: UUID) -> int:
    with node.database.session() as session:
        bind_context(session, learners=[child])
        return int(session.execute(text("SELECT count(*) FROM log_entry")).scalar_one())


def keep_pulling(basis: Basis) -> Act:
    def act(node: Node) -> tuple[int, str]:
        """Pull page after page, from the start again at the end, until refused; return the pages and the refusal."""
        pages, after = 0, None
        while True:
            page = pull_page(node, basis, after)
            if isinstance(page, Refused):
                return pages, page.code.value
            pages, after = pages + 1, page.next

    return act


@pytest.mark.faults
def test_no_entry_under_a_grant_commits_after_its_withdrawal_did(town: Town) -> None:
    family = town.family()
    for year in YEARS:
        town.record(family.child, Category.REPORT, {"year": year}, school_year=year)
    for _ in range(3):
        basis = town.granted(family, only(Category.REPORT, YEARS))
        before, rows = pulled(town.node, family.child), town.count("log_entry", family.child)

        def withdraw(node: Node, basis: Basis = basis, rows: int = rows) -> int:
            while count_rows(node, family.child) < rows + 6:  # the pullers are on their way
                pass
            assert isinstance(revoke(node, family.mother, basis), GrantView)
            return pulled(node, family.child)  # whatever commits from here on committed after the withdrawal

        *pullers, at_withdrawal = race(town, [keep_pulling(basis), keep_pulling(basis), keep_pulling(basis), withdraw])
        assert {reason for _, reason in pullers} == {DenialCode.GRANT_ENDED.value}
        assert pulled(town.node, family.child) == at_withdrawal
        assert at_withdrawal == before + sum(pages for pages, _ in pullers)


def waiting(town: Town) -> int:
    """How many of the web process's transactions wait for a lock right now."""
    with town.node.database.session() as session:
        query = (
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND usename = current_user AND wait_event_type = 'Lock'"
        )
        return int(session.execute(text(query)).scalar_one())


def in_background(act: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=act)
    thread.start()
    return thread


def test_a_withdrawal_waits_for_a_read_that_has_begun_and_its_entry_comes_first(town: Town) -> None:
    family = town.family()
    town.record(family.child, Category.REPORT)
    basis = town.granted(family)
    ended: list[GrantView | Refused] = []
    with town.node.database.session() as session:
        page = pulling.read_page(session, town.node, CLIENT, basis, None, NOW, "slow reader")
        assert isinstance(page, Page)
        withdrawing = in_background(lambda: ended.append(revoke(town.node, family.mother, basis)))
        while waiting(town) < 1:
            assert withdrawing.is_alive()
        assert ended == []
        assert not town.node.keyring.journal.is_revoked(basis.id), "not taken before the readers are gone"
        session.commit()
    withdrawing.join(60)
    assert isinstance(ended[0], GrantView)
    assert [act for act, _ in town.acts(family.child)][-2:] == ["recipient:document:pull", "learner:grant:revoke"]


def test_a_read_that_comes_during_a_withdrawal_waits_and_is_refused(town: Town) -> None:
    family = town.family()
    town.record(family.child, Category.REPORT)
    basis = town.granted(family)
    answers: list[Page | Refused] = []
    with town.node.database.session() as session:
        ended = grants.revoke(session, town.node, town.asking(family.mother), basis.learner, basis.id)
        assert isinstance(ended, GrantView)
        reading = in_background(lambda: answers.append(pull_page(town.node, basis, None)))
        while waiting(town) < 1:
            assert reading.is_alive()
        session.commit()
    reading.join(60)
    assert answers == [Refused(DenialCode.GRANT_ENDED, DenialCode.GRANT_ENDED)]


ROW = "SELECT state FROM share_grant WHERE learner_id = :learner AND grant_id = :grant"


@pytest.mark.parametrize(("lock", "withdraws"), [("FOR KEY SHARE", True), ("FOR UPDATE", False)])
def test_the_rows_own_lock_holds_without_the_queue(town: Town, lock: str, withdraws: bool) -> None:
    family = town.family()
    basis = town.granted(family)
    done: list[object] = []
    with town.node.database.session() as session:
        bind_context(session, learners=[family.child])
        session.execute(text(f"{ROW} {lock}"), {"learner": family.child, "grant": basis.id})
        acting = in_background(
            lambda: done.append(
                revoke(town.node, family.mother, basis) if withdraws else pull_page(town.node, basis, None)
            )
        )
        while waiting(town) < 1:
            assert acting.is_alive(), "it did not ask for the row"
        session.rollback()
    acting.join(60)
    assert isinstance(done[0], GrantView if withdraws else Page)


def test_a_reader_who_comes_after_a_waiting_withdrawal_waits_behind_it(town: Town) -> None:
    """Or else readers who overlap without a pause could put a withdrawal off for ever."""
    family = town.family()
    town.record(family.child, Category.REPORT)
    basis = town.granted(family)
    ended: list[GrantView | Refused] = []
    answers: list[Page | Refused] = []
    with town.node.database.session() as session:
        assert isinstance(pulling.read_page(session, town.node, CLIENT, basis, None, NOW, "slow reader"), Page)
        withdrawing = in_background(lambda: ended.append(revoke(town.node, family.mother, basis)))
        while waiting(town) < 1:
            assert withdrawing.is_alive()
        reading = in_background(lambda: answers.append(pull_page(town.node, basis, None)))
        while waiting(town) < 2:
            assert reading.is_alive(), "it went past the withdrawal"
        session.commit()
    withdrawing.join(60)
    reading.join(60)
    assert isinstance(ended[0], GrantView)
    assert answers == [Refused(DenialCode.GRANT_ENDED, DenialCode.GRANT_ENDED)]


def test_two_readers_do_not_wait_for_each_other(town: Town) -> None:
    family = town.family()
    basis = town.granted(family)
    with town.node.database.session() as first, town.node.database.session() as second:
        second.execute(text("SET LOCAL lock_timeout = '5s'"))
        assert isinstance(stand_on(first, town.node, CLIENT, basis, NOW), Ground)
        assert isinstance(stand_on(second, town.node, CLIENT, basis, NOW), Ground)


def states(town: Town, family: Family, request: UUID) -> requests.Standing:
    with town.web() as session:
        found = requests.standing(session, request)
    assert found is not None
    return found


@pytest.mark.faults
def test_of_twenty_answers_at_once_one_counts(town: Town) -> None:
    family = town.family(one_parent=True)
    request = town.request(family.child)

    def five(node: Node) -> list[Outcome | Refused]:
        found: list[Outcome | Refused] = []
        act = answer(family.mother, family.child, request, ASKED)
        threads = [in_background(lambda: found.append(act(node))) for _ in range(5)]
        for thread in threads:
            thread.join(60)
        return found

    answers = [one for four in race(town, [five] * 4) for one in four]
    assert len(answers) == 20
    assert len([one for one in answers if isinstance(one, Outcome)]) == 1
    assert {one.code for one in answers if isinstance(one, Refused)} == {DenialCode.REQUEST_OVER}
    assert town.count("share_grant", family.child) == 1
    assert town.count("share_receipt", family.child) == 1


@pytest.mark.faults
def test_two_deciders_at_once_settle_on_what_both_kept(town: Town) -> None:
    for _ in range(3):
        family = town.family()
        request = town.request(family.child)
        outcomes = race(
            town,
            [
                answer(family.mother, family.child, request, only(Category.REPORT, [2026])),
                answer(family.father, family.child, request, ASKED),
            ],
        )
        assert sorted(outcome.state for outcome in outcomes) == [RequestState.GRANTED_IN_PART, RequestState.LODGED]
        assert states(town, family, request).terms == only(Category.REPORT, [2026])
        assert town.count("share_grant", family.child) == 1


@pytest.mark.faults
def test_a_yes_and_a_no_at_once_never_leave_a_grant_of_a_refused_request(town: Town) -> None:
    for _ in range(3):
        family = town.family()
        request = town.request(family.child)
        town.answer(family.mother, family.child, request, ASKED)
        race(
            town,
            [
                answer(family.mother, family.child, request, None),
                answer(family.father, family.child, request, ASKED),
            ],
        )
        standing = states(town, family, request)
        assert standing.state in (RequestState.REFUSED, RequestState.GRANTED)
        assert town.count("share_grant", family.child) == (standing.state is RequestState.GRANTED)


@pytest.mark.faults
def test_withdrawing_wins_over_everything_done_at_the_same_moment(town: Town) -> None:
    family = town.family()
    basis = town.granted(family)
    with town.web() as session:
        grants.pause(session, town.node, town.asking(family.father), family.child, basis.id)

    def resume(node: Node) -> None:
        with node.database.session() as session:
            grants.resume(session, node, asking(node, family.father), family.child, basis.id)
            session.commit()

    def withdraw(person: UUID) -> Act:
        return lambda node: isinstance(revoke(node, person, basis), GrantView)

    assert race(town, [resume, withdraw(family.mother), withdraw(family.father)])[1:] == [True, True]
    assert isinstance(pull_page(town.node, basis, None), Refused)
    assert [line.detail["grant"] for line in town.node.keyring.journal.lines()].count(str(basis.id)) == 1


@pytest.mark.faults
def test_of_twenty_requests_with_one_ticket_one_finds_the_child(town: Town) -> None:
    family = town.family()
    with town.web() as session:
        ticket = tickets.issue(session, town.node, family.child, town.school, by=town.clerk, number=7, now=NOW)

    def use() -> UUID | None:
        with town.work() as session:
            return tickets.use(session, ticket.hash, uuid4(), NOW)

    found: list[UUID | None] = []
    threads = [in_background(lambda: found.append(use())) for _ in range(20)]
    for thread in threads:
        thread.join(60)
    assert len(found) == 20
    assert found.count(family.child) == 1
