"""A process killed in the middle of an answer or a withdrawal leaves it done once, or cleanly not done."""

import signal
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from consent.vocabulary import Category, Channel, GrantState, RequestState
from pds.access_log import entries
from pds.node import Node
from pds.sharing import deciding, grants, pulling, receipts, requests
from pds.sharing.enforcement import Refused
from pds.sharing.grants import GrantView
from pds.sharing.parties import Basis
from pds.sharing.pulling import Page
from tests.integration.conftest import NOW
from tests.integration.pds.sharing.racing import die, die_at
from tests.integration.pds.sharing.test_sharing_races import asking, pull_page, revoke
from tests.integration.pds.sharing.town import ASKED, CLIENT, WORDS, Family, Town
from trust.journal import Journal

pytestmark = pytest.mark.faults

POINTS: dict[str, tuple[Any, str]] = {
    "in-the-answer": (deciding, "keep_answer"),
    "before-the-grant": (deciding, "_begin"),
    "before-the-receipt": (receipts, "issue"),
    "before-the-commit": (Session, "commit"),
}


def answered(node: Node, family: Family, request: UUID) -> None:
    with node.database.session() as session:
        asker = asking(node, family.mother)
        deciding.answer(
            session, node, asker, family.child, request, kept=ASKED, comment=None, channel=Channel.ONLINE,
            shown=WORDS, step_up="passkey",
        )  # fmt: skip
        session.commit()


@pytest.mark.parametrize("point", POINTS)
def test_an_answer_cut_short_was_never_given(town: Town, point: str) -> None:
    family = town.family(one_parent=True)
    request = town.request(family.child)

    def act(node: Node) -> None:
        with patch.object(*POINTS[point], die):
            answered(node, family, request)

    assert die_at(town, act) == signal.SIGKILL
    assert town.count("share_answer", family.child) == 0
    assert town.count("share_grant", family.child) == 0
    assert town.count("share_receipt", family.child) == 0
    assert [name for name, _ in town.acts(family.child)] == ["recipient:request:open"]
    answered(town.node, family, request)
    assert town.count("share_grant", family.child) == 1


def test_an_answer_that_was_committed_stays_given_once(town: Town) -> None:
    family = town.family(one_parent=True)
    request = town.request(family.child)

    def act(node: Node) -> None:
        answered(node, family, request)
        die()

    assert die_at(town, act) == signal.SIGKILL
    with town.web() as session:
        standing = requests.standing(session, request)
    assert standing is not None
    assert standing.state is RequestState.GRANTED
    assert isinstance(town.answer(family.mother, family.child, request, ASKED), Refused)
    assert town.count("share_grant", family.child) == 1


def granted(town: Town) -> tuple[Family, Basis]:
    family = town.family()
    town.record(family.child, Category.REPORT)
    return family, town.granted(family)


def notices(town: Town, basis: Basis) -> int:
    with town.work() as session:
        query = text("SELECT count(*) FROM job WHERE kind = 'transfer.tell_grant_ended' AND arguments->>'grant' = :g")
        return int(session.execute(query, {"g": str(basis.id)}).scalar_one())


def test_a_withdrawal_cut_short_before_the_journal_was_never_made(town: Town) -> None:
    family, basis = granted(town)

    def act(node: Node) -> None:
        with patch.object(Journal, "append", die):
            revoke(node, family.mother, basis)

    assert die_at(town, act) == signal.SIGKILL
    assert isinstance(pull_page(town.node, basis, None), Page)
    assert notices(town, basis) == 0


@pytest.mark.parametrize("point", ["after-the-journal", "before-the-receipt", "before-the-commit"])
def test_a_withdrawal_in_the_journal_holds_though_its_process_died(town: Town, point: str) -> None:
    family, basis = granted(town)
    where = {"after-the-journal": (entries, "write"), **POINTS}[point]

    def act(node: Node) -> None:
        with patch.object(*where, die):
            revoke(node, family.mother, basis)

    assert die_at(town, act) == signal.SIGKILL
    assert isinstance(pull_page(town.node, basis, None), Refused)
    assert notices(town, basis) == 0
    with town.work() as session:
        assert grants.replay_journal(session, town.jobs, NOW) == 1
    assert notices(town, basis) == 1
    with town.web() as session:
        seen = grants.look(session, town.node, town.asking(family.mother), family.child, basis.id)
    assert isinstance(seen, GrantView)
    assert seen.state is GrantState.REVOKED
    assert isinstance(revoke(town.node, family.mother, basis), GrantView)
    assert notices(town, basis) == 1


def test_a_page_whose_process_died_left_no_bytes_and_no_entry(town: Town) -> None:
    _, basis = granted(town)

    def act(node: Node) -> None:
        with node.database.session() as session:
            pulling.read_page(session, node, CLIENT, basis, None, NOW, "dying")
            die()

    assert die_at(town, act) == signal.SIGKILL
    assert "recipient:document:pull" not in [name for name, _ in town.acts(basis.learner)]
    assert isinstance(pull_page(town.node, basis, None), Page)
