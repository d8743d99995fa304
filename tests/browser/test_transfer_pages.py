"""Clerks and boards at a move in real Chromium: forty open cases, the keys, the sheet on paper, three columns."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from uuid import UUID

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from consent.vocabulary import Category
from pds.settings import SERVICE_ID
from pds.transfer import outgoing
from tests.browser.conftest import DESKTOP, PHONE, cookie
from tests.browser.test_staff_pages import faults_of
from tests.integration.conftest import Cluster
from tests.integration.pds.transfer.family_move import settle_family
from tests.integration.pds.transfer.towns import two_towns
from tests.integration.pds.transfer_pages.offices import Office, Offices, open_offices

Window = Callable[..., Page]
CASES = 40
PAGES = {
    "home": ("clerk_a", "/staff/"),
    "list of the old school": ("clerk_a", "/staff/transfers/"),
    "list of the new school": ("clerk_b", "/staff/transfers/"),
    "which child": ("clerk_a", "/staff/leaving/"),
    "begin": ("clerk_a", "/staff/transfers/leaving/{other}"),
    "sending": ("clerk_a", "/staff/transfers/outgoing/{learner}/{outgoing}/"),
    "papers": ("clerk_a", "/staff/transfers/outgoing/{learner}/{outgoing}/papers"),
    "decision": ("officer_b", "/staff/transfers/decide"),
    "receiving": ("clerk_b", "/staff/transfers/incoming/{there}/{incoming}/"),
    "document": ("clerk_b", "{document}"),
    "receipt": ("clerk_b", "/staff/transfers/incoming/{there}/{incoming}/receipt"),
}


@pytest.fixture(scope="module")
def offices(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Offices]:
    """Two towns after a move in which the family struck something, and forty families about to leave."""
    with two_towns(cluster, tmp_path_factory.mktemp("towns")) as towns:
        found = open_offices(settle_family(towns))
        found.a.serve()
        found.b.serve()
        move = found.move
        move.lodge()
        move.answer(replace(move.offered(), scope=move.offered().scope.without_years(Category.REPORT, [2024])))
        towns.pass_time(minutes=5)
        towns.pass_time(days=14)
        towns.pass_time(minutes=5)
        found.fill(CASES)
        yield found


@pytest.fixture
def desk(chromium: Browser, offices: Offices) -> Iterator[Window]:
    """Open a window in which somebody of either town has just signed in."""
    contexts: list[BrowserContext] = []

    def open_desk(who: str, viewport: dict[str, int] = DESKTOP, view: str = "ja.off", **options: object) -> Page:
        url, cookies = _sign_in(offices, who, view)
        context = chromium.new_context(base_url=url, viewport=viewport, locale="ja-JP", **options)  # type: ignore[arg-type]
        context.add_cookies([cookie(name, value) for name, value in cookies.items()])
        contexts.append(context)
        return context.new_page()

    yield open_desk
    for context in contexts:
        context.close()


@pytest.fixture
def screen(look: Window, offices: Offices) -> Window:
    """Look at pages as somebody in either town."""

    def look_as(who: str, viewport: dict[str, int], view: str = "ja.off") -> Page:
        url, cookies = _sign_in(offices, who, view)
        return look(url, viewport, cookies)

    return look_as


def _sign_in(offices: Offices, who: str, view: str) -> tuple[str, dict[str, str]]:
    """Return the address of somebody's town, and the cookies of one who has just signed in there."""
    office: Office = offices.a if who.endswith("_a") else offices.b
    token = office.token(getattr(offices.move, who))
    return office.side.settings.public_url, {SERVICE_ID: token, f"{SERVICE_ID}-view": view}


def address(offices: Offices, pattern: str) -> str:
    move = offices.move
    case = f"/staff/transfers/incoming/{move.there}/{move.incoming}"
    report = next(one for one in move.look_in().received if one.category == "guidance")
    return pattern.format(
        learner=move.learner, outgoing=move.outgoing, there=move.there, incoming=move.incoming,
        other=another_child(offices), document=f"{case}/documents/{report.doc}/{report.version}",
    )  # fmt: skip


def another_child(offices: Offices) -> UUID:
    with offices.a.side.asking(offices.move.clerk_a) as (session, asking):
        cases = outgoing.list_cases(session, offices.a.side.web, asking)
    return next(case.learner for case in cases if case.learner != offices.move.learner)


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_every_page_is_faultless_for_axe_and_fits_the_screen(
    offices: Offices, screen: Window, viewport: dict[str, int], name: str
) -> None:
    who, pattern = PAGES[name]
    page = screen(who, viewport)
    answer = page.goto(address(offices, pattern))
    assert answer is not None
    assert answer.status == 200
    assert faults_of(page) == ""
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


@pytest.mark.long
@pytest.mark.parametrize("view", ["en.off", "plain.all"])
@pytest.mark.parametrize("name", ["list of the old school", "sending", "receiving", "decision"])
def test_every_language_is_faultless_on_a_phone(offices: Offices, screen: Window, view: str, name: str) -> None:
    who, pattern = PAGES[name]
    page = screen(who, PHONE, view)
    page.goto(address(offices, pattern))
    assert faults_of(page) == ""
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.long
@pytest.mark.parametrize("name", ["list of the old school", "receiving", "papers"])
def test_dark_surroundings_keep_the_contrast(offices: Offices, desk: Window, name: str) -> None:
    who, pattern = PAGES[name]
    page = desk(who, color_scheme="dark")
    page.goto(address(offices, pattern))
    assert faults_of(page) == ""


def test_forty_cases_are_walked_with_the_keys(offices: Offices, desk: Window) -> None:
    page = desk("clerk_a")
    page.goto("/staff/transfers/")
    expect(page).to_have_title("転出・転入 (8) – まなびの記録")
    names = page.locator("[data-case] a")
    assert names.count() == CASES
    page.keyboard.press("j")
    expect(names.nth(0)).to_be_focused()
    page.keyboard.press("j")
    expect(names.nth(1)).to_be_focused()
    page.keyboard.press("k")
    expect(names.nth(0)).to_be_focused()
    page.keyboard.press("/")
    expect(page.get_by_label("一覧から名前で探す")).to_be_focused()
    page.keyboard.type("山本大和")
    expect(page.locator("[data-case]:visible")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="山本 大和")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("山本 大和")


def test_the_list_needs_no_script(offices: Offices, desk: Window) -> None:
    page = desk("clerk_a", java_script_enabled=False)
    page.goto("/staff/transfers/")
    expect(page.locator("#finder")).to_be_hidden()
    page.get_by_role("link", name="未着手 8").click()
    expect(page.locator("[data-case]")).to_have_count(8)
    page.locator("[data-case] a").first.click()
    expect(page.get_by_role("button", name="もう一度送る")).to_be_visible()


def test_the_papers_are_one_sheet_with_nothing_else_on_it(offices: Offices, desk: Window) -> None:
    page = desk("clerk_a")
    page.goto("/staff/transfers/?standing=waiting")
    page.locator("[data-case] a").filter(has_not_text="鈴木").first.click()
    page.get_by_text("書類をもう一度印刷する").click()
    page.get_by_role("button", name="新しいチケットを発行する").click()
    expect(page.locator(".sheet__code")).to_have_count(1)
    assert faults_of(page) == ""
    printed = page.pdf(format="A4")
    assert printed.count(b"/Type /Page") - printed.count(b"/Type /Pages") == 1
    page.emulate_media(media="print")
    for hidden in (".site-header", ".site-footer", ".not-on-paper", ".work-nav"):
        expect(page.locator(hidden)).to_be_hidden()
    expect(page.locator("svg.ticket__qr")).to_be_visible()


def test_a_clerk_sees_what_was_asked_allowed_and_received(offices: Offices, desk: Window) -> None:
    page = desk("clerk_b")
    page.goto(address(offices, PAGES["receiving"][1]))
    row = page.get_by_role("row").filter(has_text="通知表")
    expect(row.get_by_role("cell").nth(0)).to_contain_text("2024年度〜2026年度")
    expect(row.get_by_role("cell").nth(1)).to_contain_text("2025年度〜2026年度")
    expect(row.get_by_role("link")).to_have_count(2)
    expect(row).to_contain_text("2024年度は開示されていません")
    with page.expect_download() as download:
        page.get_by_role("link", name="指導要録の写し（CSV）").click()
    assert download.value.suggested_filename == "register-csv.zip"
