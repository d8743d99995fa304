"""The officers' desk over HTTP: who may do what, what is shown before anything is spent, what two approvals do."""

import io
import json
from collections.abc import Callable
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, text

from aggregator.ledger import service as ledger
from aggregator.officers import service
from aggregator.officers.models import Officer
from aggregator.officers.service import OfficerRole
from aggregator.plans.shipped import shipped_plan
from aggregator.plans_kept import service as plans
from aggregator.plans_kept.service import PlanState
from tests.factories.plans import plan_bytes, plan_of_units
from tests.integration.aggregator.officers.conftest import Visit
from tests.integration.conftest import NOW
from tests.integration.pds.school_work.browser import Browser, main_text
from web.database import Database

SHIPPED = shipped_plan("absence-2025")
PLAN = f"/officers/plans/{SHIPPED.digest.hex()}"


def propose(browser: Browser) -> None:
    browser.get("/officers/plans/propose")
    answer = browser.post("/officers/plans/propose", shipped="absence-2025")
    assert (answer.status_code, answer.location) == (303, PLAN)


def decide(browser: Browser, answer: str = "approve") -> int:
    browser.get(f"{PLAN}/decide")
    return browser.post(f"{PLAN}/decide", answer=answer).status_code


def state(database: Database) -> PlanState:
    with database.session() as session:
        return plans.find(session, SHIPPED.digest).state


def test_a_plan_goes_from_a_planner_over_two_officers_to_the_public(visit: Visit, database: Database) -> None:
    planner, first, second = visit("planner"), visit("first"), visit("second")
    propose(planner)
    page = main_text(planner.get(PLAN))
    assert "計画 花子" in page
    assert f"{SHIPPED.total_units:,}" in page
    assert "±46" in page
    assert first.client.get("/plans/absence-2025").status_code == 404
    assert decide(first) == 303
    assert state(database) is PlanState.DRAFT
    assert decide(second) == 303
    assert state(database) is PlanState.APPROVED
    assert "統計 二子" in main_text(second.get(PLAN))
    public = main_text(first.client.get("/plans/absence-2025"))
    assert "30日以上登校しなかった子どもの人数" in public
    assert SHIPPED.digest.hex() in main_text(first.client.get("/plans/absence-2025/details"))
    assert first.client.get("/plans/absence-2025.json").data == SHIPPED.to_bytes()
    assert "長期欠席" in main_text(first.client.get("/plans"))
    assert main_text(first.get("/officers"))


def test_one_officer_alone_never_approves_a_plan(visit: Visit, database: Database) -> None:
    first = visit("first")
    propose(first)
    assert decide(first) == 303
    assert "二人目" in main_text(first.get(f"{PLAN}/decide"))
    refused = first.post(f"{PLAN}/decide", answer="approve")
    assert refused.status_code == 409
    assert "二人" in main_text(refused)
    assert state(database) is PlanState.DRAFT


@pytest.mark.parametrize("who", ["planner", "operator"])
def test_only_officers_decide(visit: Visit, database: Database, who: str) -> None:
    propose(visit("first"))
    browser = visit(who)
    browser.get("/officers")
    assert browser.get(f"{PLAN}/decide").status_code == 403
    assert browser.post(f"{PLAN}/decide", answer="approve").status_code == 403
    assert state(database) is PlanState.DRAFT


def test_the_operator_looks_and_proposes_nothing(visit: Visit) -> None:
    browser = visit("operator")
    assert browser.get("/officers").status_code == 200
    assert "/officers/plans/propose" not in browser.get("/officers").text
    assert browser.get("/officers/plans/propose").status_code == 403


def test_deciding_takes_a_fresh_proof_of_who_is_asking(
    visit: Visit, database: Database, grow_stale: Callable[[], None]
) -> None:
    first = visit("first")
    propose(first)
    first.get(f"{PLAN}/decide")
    grow_stale()
    for answer in (first.client.get(f"{PLAN}/decide"), first.post(f"{PLAN}/decide", answer="approve")):
        assert answer.status_code == 303
        assert answer.location.startswith("/confirm?next=")
    with database.session() as session:
        assert plans.find(session, SHIPPED.digest).approvals == ()


def test_nobody_reaches_the_desk_unless_signed_in_as_an_official(
    app: Flask, visit: Visit, jobs_database: Database, officials: dict[str, UUID]
) -> None:
    stranger = app.test_client()
    for path in ("/officers", "/officers/plans/propose", PLAN, f"{PLAN}/decide"):
        answer = stranger.get(path, headers={"Accept": "text/html"})
        assert answer.status_code == 303
        assert answer.location.startswith("/sign-in")
    browser = visit("first")
    with jobs_database.session() as session:
        session.execute(text("DELETE FROM officer WHERE officer_id = :id"), {"id": officials["first"]})
        session.commit()
    assert browser.get("/officers").status_code == 403


def test_a_document_is_read_strictly_and_refused_with_place_and_remedy(visit: Visit, database: Database) -> None:
    planner = visit("planner")
    planner.get("/officers/plans/propose")
    raw = plan_bytes(floor=1)
    refused = planner.post("/officers/plans/propose", file=(io.BytesIO(raw), "plan.json"))
    assert refused.status_code == 422
    assert "plan.floor" in main_text(refused)
    assert planner.post("/officers/plans/propose").status_code == 422
    assert planner.post("/officers/plans/propose", shipped="../secret").status_code == 422
    with database.session() as session:
        assert plans.every(session) == []
    kept = planner.post("/officers/plans/propose", file=(io.BytesIO(plan_bytes(version=2)), "plan.json"))
    assert kept.status_code == 303
    again = planner.post("/officers/plans/propose", file=(io.BytesIO(plan_bytes(version=2, floor=9)), "plan.json"))
    assert again.status_code == 422


def test_a_draft_can_be_put_away(visit: Visit, database: Database) -> None:
    first = visit("first")
    propose(first)
    assert decide(first, "decline") == 303
    assert state(database) is PlanState.DECLINED
    assert first.get(f"{PLAN}/decide").status_code == 303
    assert "/decide" not in first.get(PLAN).text


def test_a_form_without_an_answer_decides_nothing(visit: Visit, database: Database) -> None:
    first = visit("first")
    propose(first)
    assert decide(first, "maybe") == 400
    assert state(database) is PlanState.DRAFT


def test_overspending_is_told_with_what_is_wanted_and_what_is_left(visit: Visit, database: Database) -> None:
    with database.session() as session:
        ledger.reserve(session, plan_of_units("other", SHIPPED.year_units - 5), NOW)
        session.commit()
    first, second = visit("first"), visit("second")
    propose(first)
    decide(first)
    second.get(f"{PLAN}/decide")
    refused = second.post(f"{PLAN}/decide", answer="approve")
    assert refused.status_code == 409
    words = main_text(refused)
    assert str(SHIPPED.total_units) in words
    assert "5" in words
    assert state(database) is PlanState.DRAFT


@pytest.mark.parametrize("path", [PLAN + "x", "/officers/plans/zz", f"/officers/plans/{'00' * 32}", "/plans/nothing"])
def test_an_address_of_nothing_is_not_found(visit: Visit, path: str) -> None:
    assert visit("first").get(path).status_code == 404


def test_the_ledger_is_public_line_by_line_with_its_head(visit: Visit, database: Database) -> None:
    first, second = visit("first"), visit("second")
    empty = first.client.get("/ledger")
    assert empty.status_code == 200
    propose(first)
    decide(first)
    decide(second)
    with database.session() as session:
        kept = plans.find(session, SHIPPED.digest)
        ledger.spend(session, kept.plan, UUID(int=1), kept.plan.total_units, NOW, "main")
        ledger.spend(session, kept.plan, UUID(int=2), 0, NOW, "disjoint")
        ledger.publish(session, UUID(int=1), bytes(32), NOW)
        session.commit()
        head = ledger.verify(session)
    words = main_text(first.client.get("/ledger"))
    for expected in (
        f"{SHIPPED.year_units - SHIPPED.total_units:,}", f"{SHIPPED.total_units:,}", head.hash.hex(), "ε = 1.00",
        "ε = 3.19", "ε = 3.72", "長期欠席",
    ):  # fmt: skip
        assert expected in words, expected
    found = json.loads(first.client.get("/ledger.json").data)
    assert found["head"] == {"seq": 4, "hash": head.hash.hex()}
    assert [line["kind"] for line in found["lines"]] == ["reserved", "spent", "spent", "published"]
    assert found["years"][0]["left"] == SHIPPED.year_units - SHIPPED.total_units
    assert found["holds"] is True


def test_a_ledger_that_was_altered_says_so_on_its_page(visit: Visit, database: Database, address: object) -> None:
    with database.session() as session:
        ledger.reserve(session, plan_of_units("one", 999), NOW)
        session.commit()
    owner = Database(address.url("manabi_owner"))  # type: ignore[attr-defined]
    with owner.session() as session:
        session.execute(text("UPDATE ledger_line SET units = 0"))
        session.commit()
    owner.close()
    browser = visit("first")
    assert "台帳" in main_text(browser.get("/ledger"))
    assert "つじつま" in main_text(browser.get("/ledger"))
    assert json.loads(browser.client.get("/ledger.json").data)["holds"] is False


@pytest.mark.parametrize("locale", ["ja", "plain", "en"])
def test_every_page_stands_in_every_language_without_scripts(visit: Visit, locale: str) -> None:
    first, second = visit("first"), visit("second")
    propose(first)
    decide(first)
    first.get("/officers")
    first.post("/view", locale=locale, next="/officers")
    for path in ("/officers", "/officers/plans/propose", PLAN, f"{PLAN}/decide"):
        page = first.get(path)
        assert page.status_code == 200
        assert "<script>" not in page.text
        assert " style=" not in page.text
    decide(second)
    for path in ("/plans", "/plans/absence-2025", "/plans/absence-2025/details", "/ledger"):
        page = first.get(path)
        assert page.status_code == 200
        assert "《" not in page.text


def test_a_planner_comes_in_with_a_single_use_code_and_the_same_person_is_invited_once(
    jobs_database: Database, officials: dict[str, UUID]
) -> None:
    with jobs_database.session() as session:
        code = service.invite(session, "計画 花子", OfficerRole.PLANNER, NOW)
        session.commit()
        assert len(code.replace("-", "")) >= 12
        assert len(session.execute(select(Officer)).scalars().all()) == len(officials)
