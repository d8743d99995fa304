"""Opening and closing a round at the officers' desk: who may, when, and what it says about the cost."""

from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy import text

from aggregator.ledger import service as ledger
from aggregator.plans.shipped import shipped_plan
from aggregator.protocol.statements import Closing
from aggregator.rounds import service as rounds
from aggregator.rounds.service import RoundKind, RoundState
from tests.integration.aggregator.officers.conftest import Visit
from tests.integration.aggregator.officers.test_desk import PLAN, decide, propose
from tests.integration.conftest import NOW
from tests.integration.pds.school_work.browser import Browser, main_text
from web.database import Database

SHIPPED = shipped_plan("absence-2025")
ORDER = f"{PLAN}/round"


@pytest.fixture
def officer(visit: Visit) -> Browser:
    """An officer in front of an approved plan."""
    first, second = visit("first"), visit("second")
    propose(first)
    assert decide(first) == decide(second) == 303
    return first


def order(officer: Browser, kind: str = "main") -> str:
    officer.get(ORDER)
    answer = officer.post(ORDER, kind=kind)
    assert answer.status_code == 303
    return str(answer.location)


def announce(database: Database) -> None:
    """Let the other server have agreed: what the worker does with its answers is proved with the rounds."""
    with database.session() as session:
        session.execute(
            text(
                "UPDATE collection_round SET state = 'collecting', opening = '\\x00', opening_signature = 'x',"
                " peer_opening_signature = 'y'"
            )
        )
        session.commit()


def close(database: Database) -> None:
    """Let the round be closed and spent."""
    with database.session() as session:
        round_id = rounds.list_rounds(session)[0].round_id
        closing = Closing(str(round_id), bytes(32), ()).to_bytes()
        session.execute(
            text("UPDATE collection_round SET state = 'closed', closed_at = :now, closing = :closing"),
            {"now": NOW, "closing": closing},
        )
        ledger.spend(session, SHIPPED, round_id, SHIPPED.total_units, NOW, "main")
        session.commit()


def test_an_officer_opens_the_main_round_once_and_the_worker_announces_it(officer: Browser, database: Database) -> None:
    assert ORDER in officer.get(PLAN).text
    page = main_text(officer.get(ORDER))
    assert f"{SHIPPED.total_units:,}" in page
    assert "やり直しの回" not in page
    address = order(officer)
    assert officer.get(address).status_code == 200
    with database.session() as session:
        (view,) = rounds.list_rounds(session)
        assert (view.kind, view.state) == (RoundKind.MAIN, RoundState.OPEN)
        kinds = session.execute(text("SELECT kind FROM job ORDER BY created_at, kind")).scalars().all()
        assert set(kinds) == {"count.plan", "count.announce"}
    assert "まだ締め切られていません" in main_text(officer.get(ORDER))
    refused = officer.post(ORDER, kind="main")
    assert refused.status_code == 409
    assert ORDER not in officer.get(PLAN).text


def test_a_round_that_is_collecting_is_closed_at_the_desk(officer: Browser, database: Database) -> None:
    address = order(officer)
    officer.get(f"{address}/close")
    assert "/close" not in officer.get(address).text
    assert officer.post(f"{address}/close").status_code == 409
    announce(database)
    assert f"{address}/close" in officer.get(address).text
    officer.get(f"{address}/close")
    assert officer.post(f"{address}/close").status_code == 303
    with database.session() as session:
        asked = session.execute(text("SELECT count(*) FROM job WHERE kind = 'count.close'")).scalar_one()
    assert asked == 1


def test_after_the_main_round_a_supplement_or_a_repeat_that_still_fits(officer: Browser, database: Database) -> None:
    order(officer)
    announce(database)
    close(database)
    page = main_text(officer.get(ORDER))
    assert "追加の回" in page
    assert "もう一度引かれます" in page
    with database.session() as session:
        for number in (1, 2):
            ledger.spend(session, SHIPPED, UUID(int=number), SHIPPED.total_units, NOW, "repeat")
        session.commit()
    refused = officer.post(ORDER, kind="repeat")
    assert refused.status_code == 409
    assert str(SHIPPED.total_units) in main_text(refused)


@pytest.mark.parametrize("who", ["planner", "operator"])
def test_only_officers_open_and_close_rounds(officer: Browser, visit: Visit, who: str) -> None:
    address = order(officer)
    browser = visit(who)
    assert browser.get(address).status_code == 200
    for path in (ORDER, f"{address}/close"):
        assert browser.get(path).status_code == 403
        assert browser.post(path, kind="main").status_code == 403
    assert ORDER not in browser.get(PLAN).text


def test_opening_and_closing_take_a_fresh_proof(officer: Browser, grow_stale: Callable[[], None]) -> None:
    address = order(officer)
    grow_stale()
    for path in (ORDER, f"{address}/close"):
        assert officer.post(path, kind="main").location.startswith("/confirm")


@pytest.mark.parametrize("kind", ["", "other"])
def test_a_kind_that_is_none_opens_nothing(officer: Browser, database: Database, kind: str) -> None:
    officer.get(ORDER)
    assert officer.post(ORDER, kind=kind).status_code == 400
    with database.session() as session:
        assert rounds.list_rounds(session) == []


def test_no_round_of_a_draft_or_of_nothing(visit: Visit) -> None:
    first = visit("first")
    propose(first)
    assert first.get(ORDER).status_code == 404
    assert first.get("/officers/plans/zz/round").status_code == 404
    assert first.get(f"/officers/rounds/{UUID(int=7)}").status_code == 404


@pytest.mark.parametrize("locale", ["plain", "en"])
def test_the_pages_of_rounds_stand_in_every_language(officer: Browser, database: Database, locale: str) -> None:
    address = order(officer)
    announce(database)
    officer.get("/officers")
    officer.post("/view", locale=locale, next="/officers")
    for path in (ORDER, address, f"{address}/close", PLAN):
        page = officer.get(path)
        assert page.status_code == 200
        assert " style=" not in page.text
