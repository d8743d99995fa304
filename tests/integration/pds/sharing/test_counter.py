"""A family without a device is served alike: one officer enters, a second checks, and only then it counts."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from consent.verdict import DenialCode
from consent.vocabulary import Category, Channel, RequestState
from pds.sharing import counter
from pds.sharing.counter import CounterView, Entered, Scan, ScanRefused
from pds.sharing.deciding import Outcome
from pds.sharing.enforcement import Refused
from tests.integration.conftest import NOW
from tests.integration.pds.sharing.town import ASKED, WORDS, Family, Town, narrower, only

PAPER = Scan(b"%PDF-1.7 signed", "application/pdf")


@pytest.fixture
def family(town: Town) -> Family:
    return town.family(one_parent=True)


def enter(
    town: Town, family: Family, request: UUID, *, person: UUID | None = None, by: UUID | None = None,
    kept: object = ASKED, channel: Channel = Channel.COUNTER, scan: Scan | None = None,
    comment: str | None = "窓口で聞きました。",
) -> Refused | None:  # fmt: skip
    with town.web() as session:
        return counter.enter_decision(
            session, town.node, town.asking(by or town.clerk), family.child, request, person or family.mother,
            kept=kept, comment=comment, channel=channel, shown=WORDS, scan=scan,  # type: ignore[arg-type]
        )  # fmt: skip


def check(
    town: Town, family: Family, request: UUID, *, by: UUID | None = None, agrees: bool = True, days: int = 0
) -> Outcome | Refused | None:
    with town.web() as session:
        asking = town.asking(by or town.principal, NOW + timedelta(days=days))
        return counter.check_decision(session, town.node, asking, family.child, request, family.mother, agrees=agrees)


def listed(town: Town, family: Family, by: UUID) -> tuple[CounterView, ...] | Refused:
    with town.web() as session:
        return counter.list_requests(session, town.node, town.asking(by), family.child)


def test_an_answer_at_the_counter_counts_once_a_second_officer_has_checked_it(town: Town, family: Family) -> None:
    request = town.request(family.child)
    assert enter(town, family, request, kept=only(Category.REPORT, [2026])) is None
    assert town.count("share_grant", family.child) == 0
    second = check(town, family, request, by=town.clerk)
    assert second == Refused(DenialCode.SECOND_PERSON_NEEDED, DenialCode.SECOND_PERSON_NEEDED)
    outcome = check(town, family, request, by=town.others["second clerk"])
    assert isinstance(outcome, Outcome)
    assert outcome.state is RequestState.GRANTED_IN_PART
    assert outcome.terms == only(Category.REPORT, [2026])
    acts = town.acts(family.child)
    assert ("school:answer:enter", "allowed") in acts
    assert ("school:answer:check", "refused") in acts
    assert ("school:answer:check", "allowed") in acts


def test_a_no_on_paper_is_a_no(town: Town, family: Family) -> None:
    request = town.request(family.child)
    assert enter(town, family, request, kept=None, channel=Channel.PAPER, scan=PAPER) is None
    outcome = check(town, family, request)
    assert isinstance(outcome, Outcome)
    assert outcome.state is RequestState.REFUSED


def test_the_scan_is_sealed_and_shown_to_the_second_officer(town: Town, family: Family) -> None:
    request = town.request(family.child)
    enter(town, family, request, channel=Channel.PAPER, scan=PAPER)
    with town.work() as session:
        row = session.execute(text("SELECT scan FROM share_answer WHERE request_id = :r"), {"r": request}).one()
    assert PAPER.content not in bytes(row.scan)
    views = listed(town, family, town.principal)
    assert not isinstance(views, Refused)
    (view,) = views
    assert view.deciders == {family.mother}
    assert view.request.request_id == request
    assert view.entered == (
        Entered(family.mother, ASKED, "窓口で聞きました。", Channel.PAPER, WORDS, town.clerk, PAPER),
    )


@pytest.mark.parametrize(
    "scan",
    [None, Scan(b"", "image/png"), Scan(b"x", "text/html"), Scan(b"x" * (counter.LARGEST_SCAN + 1), "image/png")],
)
def test_a_paper_without_a_usable_scan_is_not_taken(town: Town, family: Family, scan: Scan | None) -> None:
    request = town.request(family.child)
    with pytest.raises(ScanRefused):
        enter(town, family, request, channel=Channel.PAPER, scan=scan)
    assert town.count("share_answer", family.child) == 0


def test_what_the_second_officer_does_not_confirm_is_entered_anew(town: Town, family: Family) -> None:
    request = town.request(family.child)
    enter(town, family, request, kept=None, comment=None)
    views = listed(town, family, town.principal)
    assert not isinstance(views, Refused)
    assert (views[0].entered[0].comment, views[0].entered[0].scan) == ("", None)
    assert check(town, family, request, agrees=False) is None
    assert isinstance(check(town, family, request), Refused), "nothing waits to be checked any more"
    assert enter(town, family, request, kept=ASKED, by=town.principal) is None
    outcome = check(town, family, request, by=town.clerk)
    assert isinstance(outcome, Outcome)
    assert outcome.state is RequestState.GRANTED


def test_an_answer_that_counts_is_not_overwritten_at_the_counter(town: Town) -> None:
    family = town.family()
    request = town.request(family.child)
    town.answer(family.mother, family.child, request, only(Category.REPORT, [2026]))
    assert enter(town, family, request) == Refused(DenialCode.REQUEST_OVER, DenialCode.REQUEST_OVER)
    assert isinstance(check(town, family, request), Refused), "an online answer has nothing to check"


def test_the_counter_is_no_way_round_the_rules(town: Town, family: Family) -> None:
    request = town.request(family.child)
    for answer in (
        enter(town, family, request, person=family.child),
        enter(town, family, request, person=uuid4()),
        enter(town, family, request, by=town.others["teacher"]),
        enter(town, family, request, by=town.others["strange clerk"]),
        enter(town, family, request, by=family.mother),
        enter(town, family, request, kept=narrower(until=ASKED.until + timedelta(days=1))),
        enter(town, family, uuid4()),
        enter(town, Family(uuid4(), family.mother, family.father), request),
        check(town, family, request),
        check(town, family, uuid4()),
        listed(town, family, town.others["strange clerk"]),
        listed(town, family, family.mother),
        check(town, family, request, by=town.others["teacher"]),
    ):
        assert isinstance(answer, Refused)
    assert town.count("share_answer", family.child) == 0


def test_what_was_entered_in_time_and_checked_too_late_does_not_count(town: Town, family: Family) -> None:
    request = town.request(family.child)
    enter(town, family, request)
    late = check(town, family, request, days=31)
    assert late == Refused(DenialCode.REQUEST_OVER, DenialCode.REQUEST_OVER)
    assert town.count("share_grant", family.child) == 0
