"""Families without a device: an answer at the counter or on paper, entered by one officer and checked by another."""

import io
import re

from sqlalchemy import text

from pds.granting.documents import read_payload
from pds.node import Node
from tests.factories.sharing import Home
from tests.integration.pds.granting.conftest import Visit
from tests.integration.pds.granting.test_request_pages import grants_of, posted, version_on
from tests.integration.pds.school_work.browser import Browser, main_text
from web.database import bind_context

PDF = b"%PDF-1.7 signed"


def desk(home: Home) -> str:
    return f"/staff/decisions/{home.brother}/{home.lone_request}"


def to_sheet(browser: Browser, home: Home, **form: object) -> str:
    """Fill in the form at the counter; return the page with the sheet."""
    browser.get(desk(home))
    given = {"decider": home.mother, "channel": "counter", "sheet_language": "ja", "take": "report", **form}
    assert posted(browser, desk(home), **given) == f"{desk(home)}/check"
    return browser.get(f"{desk(home)}/check").text


def enter(browser: Browser, home: Home, answer: str = "share", **form: object) -> None:
    shown = version_on(to_sheet(browser, home, **form))
    assert posted(browser, f"{desk(home)}/check", shown=shown, answer=answer) == "/staff/decisions/"


def test_an_answer_at_the_counter_counts_once_a_second_person_has_checked_it(
    home: Home, visit: Visit, node: Node
) -> None:
    clerk, colleague = visit(home.clerk), visit(home.colleague)
    assert main_text(clerk.get("/staff/decisions/")).count("家庭の答えを入力する") == 2
    enter(clerk, home, comment="よろしくお願いします")
    assert grants_of(node, home.brother) == []
    listed = main_text(clerk.get("/staff/decisions/"))
    assert "あなたが入力しました。別の職員が確認します" in listed
    page = colleague.get(f"{desk(home)}/{home.mother}")
    words = main_text(page)
    for expected in ("通知表", "窓口", "よろしくお願いします", "読んだ文章"):
        assert expected in words
    printed = colleague.post(f"{desk(home)}/{home.mother}", outcome="right")
    assert printed.status_code == 200
    assert "問い合わせ番号" in main_text(printed)
    (terms,) = grants_of(node, home.brother)
    assert terms["categories"] == [{"category": "report", "school_years": [2024, 2025, 2026]}]
    mother = main_text(visit(home.mother).get(f"/learners/{home.brother}/sharing"))
    assert "共有中" in mother


def test_whoever_entered_an_answer_cannot_check_it(home: Home, visit: Visit, node: Node) -> None:
    clerk = visit(home.clerk)
    enter(clerk, home)
    clerk.get(f"{desk(home)}/{home.mother}")
    assert clerk.post(f"{desk(home)}/{home.mother}", outcome="right").status_code == 403
    assert grants_of(node, home.brother) == []


def test_an_entry_that_is_wrong_is_taken_back_and_entered_anew(home: Home, visit: Visit, node: Node) -> None:
    clerk, colleague = visit(home.clerk), visit(home.colleague)
    enter(clerk, home)
    colleague.get(f"{desk(home)}/{home.mother}")
    assert posted(colleague, f"{desk(home)}/{home.mother}", outcome="wrong") == "/staff/decisions/"
    enter(clerk, home, answer="refuse")
    colleague.get(f"{desk(home)}/{home.mother}")
    assert colleague.post(f"{desk(home)}/{home.mother}", outcome="right").status_code == 200
    assert grants_of(node, home.brother) == []


def test_the_sheet_speaks_the_familys_language_and_so_does_the_receipt(home: Home, visit: Visit) -> None:
    clerk, colleague = visit(home.clerk), visit(home.colleague)
    sheet = to_sheet(clerk, home, sheet_language="en")
    assert "Your answer here changes nothing about it." in sheet
    assert "読んでもらう用紙" in sheet
    assert posted(clerk, f"{desk(home)}/check", shown=version_on(sheet), answer="share") == "/staff/decisions/"
    colleague.get(f"{desk(home)}/{home.mother}")
    colleague.post(f"{desk(home)}/{home.mother}", outcome="right")
    mother = visit(home.mother)
    mother.client.environ_base["HTTP_ACCEPT"] = "application/json"
    base = f"/api/v1/learners/{home.brother}/receipts"
    (line,) = mother.client.get(base).get_json()["receipts"]
    receipt = read_payload(mother.client.get(f"{base}/{line['receipt']}").get_json()["receipt"])
    assert receipt["pii_processing"]["language"] == "en"
    assert receipt["events"][0]["channel"] == "counter"


def test_paper_needs_its_scan_of_a_kind_that_can_be_kept(home: Home, visit: Visit, node: Node) -> None:
    clerk, colleague = visit(home.clerk), visit(home.colleague)
    shown = version_on(to_sheet(clerk, home, channel="paper"))
    address = f"{desk(home)}/check"
    for content in (None, b"", b"<html>"):
        upload = {} if content is None else {"scan": (io.BytesIO(content), "form.pdf")}
        assert clerk.post(address, shown=shown, answer="share", **upload).status_code == 422
    assert posted(clerk, address, shown=shown, answer="share", scan=(io.BytesIO(PDF), "form.pdf"))
    page = colleague.get(f"{desk(home)}/{home.mother}")
    link = re.search(r'href="([^"]*/scan)"', page.text)
    assert link is not None
    scan = colleague.get(link[1])
    assert (scan.data, scan.mimetype) == (PDF, "application/pdf")
    assert scan.headers["Content-Disposition"].startswith("attachment")
    with node.database.session() as session:
        bind_context(session, learners=[home.brother])
        sealed = session.execute(text("SELECT scan FROM share_answer")).scalar_one()
    assert PDF not in bytes(sealed)


def test_only_the_office_of_the_childs_school_reaches_the_counter(home: Home, visit: Visit) -> None:
    elsewhere = visit(home.elsewhere)
    assert "受け付けている依頼はありません" in main_text(elsewhere.get("/staff/decisions/"))
    assert elsewhere.get(desk(home)).status_code in (403, 404)
    assert visit(home.mother).get("/staff/decisions/").status_code == 403


def test_only_those_who_decide_stand_in_the_list(home: Home, visit: Visit) -> None:
    clerk = visit(home.clerk)
    page = clerk.get(desk(home)).text
    assert f'value="{home.mother}"' in page
    assert f'value="{home.father}"' not in page
    assert clerk.post(desk(home), decider=home.stranger, channel="counter", sheet_language="ja").status_code == 400
