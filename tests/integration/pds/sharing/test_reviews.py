"""What the law sends is read and commented on; neither silence nor a no delays it."""

from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from consent.verdict import DenialCode
from consent.vocabulary import Category
from pds.sharing import dossiers, reviews
from pds.sharing.enforcement import Refused
from pds.sharing.parties import DossierState
from pds.sharing.reviews import CommentTooLong, StatutoryView
from tests.integration.conftest import NOW
from tests.integration.pds.sharing.town import Town

NOTHING = Refused(DenialCode.UNKNOWN_CHILD, DenialCode.NOTHING_HERE)


def read(town: Town, person: UUID, child: UUID, request: UUID, days: int = 0) -> StatutoryView | Refused:
    with town.web() as session:
        asking = town.asking(person, NOW + timedelta(days=days))
        return reviews.read_statutory(session, town.node, asking, child, request)


def see(town: Town, person: UUID, child: UUID, request: UUID, days: int = 0) -> bool | Refused:
    with town.web() as session:
        return reviews.mark_seen(session, town.node, town.asking(person, NOW + timedelta(days=days)), child, request)


def comment(town: Town, person: UUID, child: UUID, request: UUID, words: str, days: int = 0) -> Refused | None:
    with town.web() as session:
        asking = town.asking(person, NOW + timedelta(days=days))
        return reviews.comment(session, town.node, asking, child, request, words, objects=True)


def is_due(town: Town, request: UUID, days: int) -> bool:
    with town.work() as session:
        return request in {one.request for one in reviews.due(session, NOW + timedelta(days=days))}


def test_a_parent_reads_what_the_profile_opens_and_is_told_of_the_rest(town: Town) -> None:
    family = town.family()
    town.record(family.child, Category.GUIDANCE, {"overall_remarks": "閉じた所見", "moral": "よい。"})
    town.record(family.child, Category.REPORT)
    request = town.request(family.child)
    view = read(town, family.mother, family.child, request)
    assert isinstance(view, StatutoryView)
    (guidance,) = view.records
    assert guidance.body == {"moral": "よい。"}
    assert guidance.withheld == ("overall_remarks",)
    assert (view.seen_at, view.comment, view.objects, view.open) == (None, None, False, True)
    assert view.state is DossierState.REVIEWING
    acts = [entry for entry in town.log(family.child) if entry["act"] == "learner:statutory:read"]
    assert {entry["under"] for entry in acts} == {str(view.dossier_id)}
    assert {entry["category"] for entry in acts} >= {"guidance", "enrolment", "health_check"}


def test_a_comment_is_kept_sealed_and_replaced_by_the_next(town: Town) -> None:
    family = town.family()
    request = town.request(family.child)
    assert comment(town, family.mother, family.child, request, "はじめの意見") is None
    assert comment(town, family.mother, family.child, request, "あとの意見") is None
    view = read(town, family.mother, family.child, request)
    assert isinstance(view, StatutoryView)
    assert (view.comment, view.objects) == ("あとの意見", True)
    others = read(town, family.father, family.child, request)
    assert isinstance(others, StatutoryView)
    assert others.comment is None
    with town.work() as session:
        rows = session.execute(text("SELECT comment FROM statutory_review WHERE request_id = :r"), {"r": request})
        assert all("意見".encode() not in bytes(row.comment) for row in rows)
    with pytest.raises(CommentTooLong):
        comment(town, family.mother, family.child, request, "あ" * (reviews.LONGEST_COMMENT + 1))


def test_the_review_ends_early_only_when_everybody_entitled_has_seen_it(town: Town) -> None:
    family = town.family(birth_date=date(2013, 6, 3))
    request = town.request(family.child)
    assert see(town, family.mother, family.child, request) is False
    assert see(town, family.father, family.child, request) is False
    assert not is_due(town, request, 0)
    assert see(town, family.child, family.child, request) is True, "from twelve on the child is asked"
    assert is_due(town, request, 0)
    assert see(town, family.child, family.child, request) is False
    over = comment(town, family.mother, family.child, request, "おそすぎた")
    assert over == Refused(DenialCode.REQUEST_OVER, DenialCode.REQUEST_OVER)
    view = read(town, family.mother, family.child, request)
    assert isinstance(view, StatutoryView)
    assert view.seen_at == NOW
    assert not view.open


def test_silence_delays_nothing(town: Town) -> None:
    family = town.family()
    request = town.request(family.child)
    assert not is_due(town, request, 1)
    assert is_due(town, request, 12)
    with town.work() as session:
        (one,) = [one for one in reviews.due(session, NOW + timedelta(days=12)) if one.request == request]
        early = dossiers.make_ready(session, town.jobs, family.child, one.dossier, NOW + timedelta(days=1))
        assert early is not None
        assert early.state is DossierState.REVIEWING
        ready = dossiers.make_ready(session, town.jobs, family.child, one.dossier, NOW + timedelta(days=12))
        assert ready is not None
        assert ready.state is DossierState.READY
    assert see(town, family.mother, family.child, request, days=13) is False
    view = read(town, family.mother, family.child, request, days=13)
    assert isinstance(view, StatutoryView)
    assert view.seen_at is None


def test_nobody_else_reviews_and_the_attempt_is_logged(town: Town) -> None:
    family, other = town.family(), town.family()
    request = town.request(family.child)
    assert read(town, town.principal, family.child, request) == Refused(
        DenialCode.NOT_A_DECIDER, DenialCode.NOT_A_DECIDER
    )
    for act in (read, see):
        answer = act(town, other.mother, family.child, request)
        assert isinstance(answer, Refused)
        assert answer.shown is DenialCode.NOTHING_HERE
        assert act(town, family.mother, family.child, uuid4()) == NOTHING
        assert act(town, family.mother, uuid4(), request) == NOTHING
    assert comment(town, family.mother, uuid4(), request, "?") == NOTHING
    assert ("learner:statutory:read", "refused") in town.acts(family.child)
