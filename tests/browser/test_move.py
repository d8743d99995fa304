"""A whole move in real Chromium: two nodes, a clerk and a board at desks, a guardian with a phone and a passkey."""

import re
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from pds.settings import SERVICE_ID
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.screenshots import give_passkey_device
from tests.browser.test_staff_pages import faults_of
from tests.integration.conftest import Cluster
from tests.integration.pds.transfer.family_move import settle_family
from tests.integration.pds.transfer.towns import two_towns
from tests.integration.pds.transfer_pages.offices import Office, Offices, open_offices
from web.accounts.models import AccountKind
from web.accounts.service import issue_code

Open = Callable[..., Page]
COMMENT = "水泳が好きです。左の耳が聞こえにくいので、前の席をお願いします。"
WORK = bytes(range(256)) * 300


@pytest.fixture(scope="module")
def offices(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Offices]:
    """Two towns with all their pages served, and a family of which neither has a case yet."""
    with two_towns(cluster, tmp_path_factory.mktemp("towns")) as towns:
        found = open_offices(settle_family(towns, works={2025: WORK}))
        found.a.serve()
        found.b.serve()
        yield found


@pytest.fixture
def opened(chromium: Browser) -> Iterator[Open]:
    """Open a window before one of the towns; with a token somebody of its staff sits there, signed in."""
    contexts: list[BrowserContext] = []

    def open_window(office: Office, viewport: dict[str, int], token: str | None = None) -> Page:
        url = office.side.settings.public_url
        context = chromium.new_context(base_url=url, viewport=viewport, locale="ja-JP")  # type: ignore[arg-type]
        contexts.append(context)
        if token is not None:
            cookie: Any = {"name": f"__Host-{SERVICE_ID}", "value": token, "domain": "localhost", "path": "/"}
            context.add_cookies([cookie | {"secure": True}])
        return context.new_page()

    yield open_window
    for context in contexts:
        context.close()


@pytest.mark.long
def test_a_family_moves_decides_with_a_passkey_and_takes_its_consent_back(offices: Offices, opened: Open) -> None:
    towns, phone = offices.move.towns, opened(offices.a, PHONE)
    enrol_with_passkey(phone, offices)

    ticket = begin_the_move(desk_of(opened, offices.a, offices.move.clerk_a))
    record_the_decision(desk_of(opened, offices.b, offices.move.officer_b), ticket)
    ask_the_old_school(desk_of(opened, offices.b, offices.move.clerk_b))
    towns.pass_time(minutes=6)  # by now the proof of the passkey is too old to decide with

    read_what_the_law_moves(phone)
    decide(phone)
    towns.pass_time(minutes=2)
    towns.pass_time(days=14)
    towns.pass_time(minutes=2)

    report = compare_the_columns(desk_of(opened, offices.b, offices.move.clerk_b))
    sign_in_with_passkey(phone)
    find_it_in_the_log(phone)
    stop_in_two_taps(phone)
    towns.pass_time(minutes=2)

    find_the_content_gone(desk_of(opened, offices.b, offices.move.clerk_b), report)
    see_the_answer(phone)


def desk_of(opened: Open, office: Office, person: UUID) -> Page:
    page = opened(office, DESKTOP, office.token(person))
    page.goto("/staff/")
    page.get_by_role("link", name="転出・転入").first.click()
    return page


def enrol_with_passkey(page: Page, offices: Offices) -> None:
    give_passkey_device(page)
    web = offices.a.side.web
    with web.database.session() as session:
        code = issue_code(session, offices.move.mother, AccountKind.FAMILY, None, web.clock())
        session.commit()
    page.goto("/enrol")
    page.fill("#code", code)
    page.click("main form button")
    page.get_by_role("button", name="パスキーを登録する").click()
    page.wait_for_url("**/")


def sign_in_with_passkey(page: Page) -> None:
    page.goto("/sign-in")
    page.get_by_role("button", name="パスキーを使う").click()
    page.wait_for_url("**/")


def begin_the_move(page: Page) -> str:
    """What A's clerk does; returns the ticket that the family takes along on paper."""
    page.get_by_role("link", name="転出の手続きを始める").click()
    page.get_by_role("link", name="5年1組").click()
    page.get_by_role("link", name="山田 花子").click()
    page.get_by_label("学校を去る日").fill("2026-11-27")
    page.get_by_label("転学の事由").fill("保護者の転勤")
    page.get_by_role("button", name="始めて、書類を表示する").click()
    expect(page.get_by_role("heading", name="在学証明書")).to_be_visible()
    expect(page.locator("svg.ticket__qr")).to_be_visible()
    check(page)
    ticket = page.locator(".sheet__code").inner_text()
    page.get_by_role("link", name="印刷した").click()
    expect(page.locator(".sheet__code")).to_have_count(0)
    check(page)
    return ticket


def record_the_decision(page: Page, ticket: str) -> None:
    """What B's board does with the ticket."""
    page.get_by_role("link", name="就学の決定を記録する").click()
    fields = {
        "ticket": ticket, "family_name": "山田", "given_name": "花子", "family_name_kana": "やまだ",
        "given_name_kana": "はなこ", "birth_date": "2015-06-03", "accepted_on": "2026-11-30",
    }  # fmt: skip
    for name, value in fields.items():
        page.fill(f"#{name}", value)
    page.select_option("#sex", "female")
    page.select_option("#class_id", label="5年1組")
    check(page)
    page.get_by_role("button", name="記録する", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("山田 花子")
    check(page)


def ask_the_old_school(page: Page) -> None:
    """What B's clerk asks: three kinds from 2024 on, and again whenever A corrects something."""
    page.get_by_role("link", name="山田 花子").click()
    page.get_by_role("link", name="依頼する内容を選ぶ").click()
    for category in ("report", "attendance_daily", "portfolio"):
        page.check(f"#category-{category}")
        page.select_option(f"#since-{category}", "2024")
    page.select_option("#frequency", "repeated")
    check(page)
    page.get_by_role("button", name="依頼を送る").click()
    expect(row_of(page, "通知表")).to_contain_text("2024年度〜2026年度")
    check(page)


def read_what_the_law_moves(page: Page) -> None:
    """The guardian comes by the notice on the first page and writes a comment that goes along."""
    page.goto("/")
    check(page)
    page.get_by_role("link", name="あなたの確認を待っています").click()
    page.get_by_role("link", name="読んで決める").click()
    expect(page.get_by_text("みなみ市立南小学校").first).to_be_visible()
    assert page.locator("main input:checked").count() == 0
    check(page)
    page.get_by_role("button", name="読む・意見を書く").click()
    page.locator("main details summary").first.click()
    page.get_by_label("次の学校に伝えたいこと").fill(COMMENT)
    page.get_by_role("button", name="意見をいっしょに送る").click()
    expect(page.get_by_label("次の学校に伝えたいこと")).to_have_value(COMMENT)
    check(page)
    page.get_by_role("link", name="依頼のページに戻る").click()


def decide(page: Page) -> None:
    """All but daily attendance, of the reports the last year alone; it takes the passkey to say so."""
    page.locator("#offer-report").get_by_role("button", name="中身を見る").click()
    expect(page.get_by_text("相手に見える内容")).to_be_visible()
    check(page)
    page.get_by_role("link", name="依頼のページに戻る").click()
    page.check("#take-portfolio")
    page.check("#take-report")
    page.locator("#offer-report").get_by_text("年度をしぼる").click()
    page.check("#years-report-2026")
    expect(page.locator("#sum output")).to_contain_text("3つのうち2つ")
    check(page)
    page.get_by_role("button", name="確認へ進む").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("ご本人の確認")
    check(page)
    page.get_by_role("button", name="パスキーを使う").click()
    expect(page.locator(".lead")).to_contain_text("3つのうち2つを")
    check(page)
    page.get_by_role("button", name="共有する", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("「共有する」と答えました")
    check(page)
    page.get_by_role("link", name="控えを見る").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("控え")
    expect(page.locator(".words-read")).to_contain_text("日々の出欠: 共有しません")
    check(page)


def compare_the_columns(page: Page) -> str:
    """What B's clerk sees asked, allowed, received and, by its name, not disclosed; returns where the report stands."""
    open_case(page)
    report, struck = row_of(page, "通知表"), row_of(page, "日々の出欠")
    expect(cell(report, 0)).to_have_text("依頼2024年度〜2026年度")
    expect(cell(report, 1)).to_have_text("承認2026年度")
    expect(report.get_by_role("link")).to_have_count(1)
    expect(report).to_contain_text("2024年度〜2025年度は開示されていません")
    expect(cell(struck, 1)).to_contain_text("承認なし")
    expect(struck).to_contain_text("2024年度〜2026年度は開示されていません")
    expect(struck.get_by_role("link")).to_have_count(0)
    expect(row_of(page, "指導の記録").get_by_role("link")).to_have_count(2)
    check(page)
    row_of(page, "家庭の意見").get_by_role("link").click()
    expect(page.get_by_text(COMMENT)).to_be_visible()
    check(page)
    page.go_back()
    report.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("通知表")
    check(page)
    return page.url


def find_it_in_the_log(page: Page) -> None:
    page.get_by_role("link", name="だれが見たか").first.click()
    shared = "みなみ市立南小学校が、家庭が共有した通知表、キャリア・パスポートと作品を受け取りました"
    expect(page.locator(".log__line").filter(has_text=shared)).to_be_visible()
    expect(page.locator(".log__line").filter(has_text="あなたが、依頼に答えました")).to_be_visible()
    check(page)


def stop_in_two_taps(page: Page) -> None:
    page.get_by_role("navigation", name="この記録のページ").get_by_role("link", name="共有").click()
    check(page)
    page.get_by_role("link", name="やめる").click()
    check(page)
    page.get_by_role("button", name="やめる").click()
    expect(page.get_by_text("みなみ市立南小学校に知らせています")).to_be_visible()


def find_the_content_gone(page: Page, report_page: str) -> None:
    open_case(page)
    expect(page.get_by_text("家庭が認めた共有は終了し、その内容は消去しました")).to_be_visible()
    report = row_of(page, "通知表")
    expect(cell(report, 1)).to_contain_text("終了")
    expect(cell(report, 2)).to_contain_text("に消去")
    expect(report.get_by_role("link")).to_have_count(0)
    expect(cell(row_of(page, "日々の出欠"), 1)).to_contain_text("承認なし")
    expect(row_of(page, "指導の記録").get_by_role("link")).to_have_count(2)
    check(page)
    answer = page.goto(report_page)
    assert answer is not None
    assert answer.status == 404
    check(page)


def see_the_answer(page: Page) -> None:
    page.reload()
    expect(page.get_by_text(re.compile("みなみ市立南小学校から、受け取ったものを消したという返事"))).to_be_visible()
    check(page)


def open_case(page: Page) -> None:
    page.goto("/staff/transfers/?standing=done")
    page.get_by_role("link", name="山田 花子").click()


def row_of(page: Page, kind: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=kind))


def cell(row: Locator, number: int) -> Locator:
    return row.get_by_role("cell").nth(number)


def check(page: Page) -> None:
    """No page of the way has a fault, or is wider than its window."""
    assert faults_of(page) == ""
    assert page.viewport_size is not None
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
