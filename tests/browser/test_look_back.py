"""A family looks back in real Chromium: on a phone and at a desk, with and without JavaScript, in each language."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, StorageState, expect

from pds.settings import SERVICE_ID
from tests.browser.conftest import DESKTOP, PHONE, Site, sign_in
from tests.browser.screenshots import give_passkey_device
from trust.transparency.bundle import verify_bundle

Window = Callable[..., Page]
SMALL = {"width": 360, "height": 640}
_RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
    "resultTypes": ["violations"],
}
PAGES = (
    "home", "timeline", "year", "guidance", "health", "enrolment", "attendance", "report", "assessment", "portfolio",
    "subject", "log", "refused", "protection",
)  # fmt: skip


def address(site: Site, name: str) -> str:
    home = site.household
    base = f"/learners/{home.girl}/"
    return {
        "home": "/",
        "timeline": base,
        "year": f"{base}years/2025",
        "guidance": f"{base}records/{home.guidance}",
        "health": f"{base}records/{home.health}",
        "enrolment": f"{base}records/{home.enrolment}",
        "attendance": f"{base}records/{home.attendance}",
        "report": f"{base}records/{home.report}",
        "assessment": f"{base}records/{home.assessment}",
        "portfolio": f"{base}records/{home.portfolio}",
        "subject": f"{base}?subject=arithmetic",
        "log": f"{base}log",
        "refused": f"{base}log?only=refused",
        "protection": "/protection",
    }[name]


def faults_of(page: Page) -> str:
    """What axe finds on a page with everything unfolded, in words."""
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    report: str = Axe().run(page, options=_RULES).generate_report()
    return "" if report.startswith("Found 0") else report


@pytest.fixture
def faultless(site: Site) -> Iterator[Callable[[Page], Page]]:
    """Watch windows: a script that fails, a style that is refused, or an answer that is missing fails the test."""
    complaints: list[str] = []
    watched: list[Page] = []
    listeners: dict[Any, Callable[[Any], None]] = {
        "console": lambda message: complaints.append(message.text) if message.type == "error" else None,
        "pageerror": lambda error: complaints.append(str(error)),
        "requestfailed": lambda request: complaints.append(request.url),
    }

    def watch(page: Page) -> Page:
        for event, listen in listeners.items():
            page.on(event, listen)
        watched.append(page)
        return page

    yield watch
    for page in watched:
        for event, listen in listeners.items():
            page.remove_listener(event, listen)
    assert complaints == []


@pytest.fixture
def screen(look: Window, site: Site, signed_in_states: Callable[[str], StorageState]) -> Window:
    """Look at pages as one of a family, who has signed in through the page."""

    def look_as(login: str, viewport: dict[str, int], view: str | None = None) -> Page:
        signed_in = {one["name"].removeprefix("__Host-"): one["value"] for one in signed_in_states(login)["cookies"]}
        return look(site.url, viewport, signed_in if view is None else signed_in | {f"{SERVICE_ID}-view": view})

    return look_as


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_every_page_is_faultless_for_axe_and_fits_the_screen(
    site: Site, screen: Window, faultless: Callable[[Page], Page], viewport: dict[str, int], name: str
) -> None:
    page = faultless(screen(site.household.girl_login, viewport))
    page.goto(address(site, name))
    assert faults_of(page) == ""
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


@pytest.mark.parametrize(
    "view", [*(pytest.param(one, marks=pytest.mark.long) for one in ("en.off", "plain.all")), "ja.all"]
)
@pytest.mark.parametrize("name", ["home", "year", "health", "report", "portfolio", "subject", "log"])
def test_every_language_is_faultless_and_fits_the_smallest_screen(
    site: Site, screen: Window, view: str, name: str
) -> None:
    page = screen(site.household.girl_login, SMALL, view)
    page.goto(address(site, name))
    assert faults_of(page) == ""
    assert page.evaluate("document.documentElement.scrollWidth") <= SMALL["width"]


@pytest.mark.parametrize(
    "name", ["home", *(pytest.param(one, marks=pytest.mark.long) for one in ("year", "health", "log"))]
)
def test_dark_surroundings_keep_the_contrast(site: Site, window: Window, name: str) -> None:
    page = window(site.household.girl_login, PHONE, color_scheme="dark")
    page.goto(address(site, name))
    assert faults_of(page) == ""


def test_a_student_walks_from_home_to_the_record_and_the_log(site: Site, open_browser: Window) -> None:
    page = open_browser(PHONE)
    sign_in(page, site.household.girl_login)
    expect(page.get_by_role("heading", level=1)).to_have_text("あなたの記録")
    page.get_by_role("link", name="中学1年（2025年度）").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("中学1年")
    page.get_by_role("link", name="指導の記録をすべて読む").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("指導の記録")
    expect(page.get_by_text("開示請求")).to_be_visible()
    page.get_by_role("navigation", name="この記録のページ").get_by_role("link", name="だれが見たか").click()
    expect(page.get_by_text("みらい市立西中学校の学級担任が、日々の出欠を見ました")).to_be_visible()
    expect(page.get_by_text("あなたが、")).to_be_visible()


def test_a_student_follows_one_subject_without_javascript(site: Site, window: Window) -> None:
    page = window(site.household.girl_login, PHONE, java_script_enabled=False)
    page.goto(address(site, "timeline"))
    page.get_by_label("1つの教科を年を追って見る").select_option("算数")
    page.get_by_role("button", name="表示する").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("算数")
    years = page.get_by_role("heading", level=2)
    expect(years.first).to_contain_text("2025年度")
    expect(page.get_by_text("8問中7問正答")).to_be_visible()
    page.get_by_role("link", name="通知表").first.click()
    expect(page.get_by_role("heading", level=3, name="1学期")).to_be_visible()
    page.goto(address(site, "timeline") + "?subject=information")
    expect(page.get_by_text("この教科の記録は、まだありません")).to_be_visible()


def test_a_student_saves_a_picture_of_her_own(site: Site, window: Window) -> None:
    page = window(site.household.girl_login, PHONE)
    page.goto(address(site, "year"))
    page.get_by_role("link", name="秋の川原").click()
    expect(page.get_by_text("水の色を何回もぬり重ねました。")).to_be_visible()
    with page.expect_download() as started:
        page.get_by_role("link", name="川原の絵.png").click()
    assert started.value.suggested_filename == "川原の絵.png"
    assert Path(started.value.path()).read_bytes().startswith(b"\x89PNG")


def test_the_check_mark_opens_the_proof_in_words(site: Site, window: Window) -> None:
    page = window(site.household.girl_login)
    page.goto(address(site, "timeline"))
    proof = page.locator("details.source").first
    words = proof.get_by_text("だれも書きかえていません")
    expect(words).to_be_hidden()
    proof.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(words).to_be_visible()
    expect(proof.get_by_role("link", name="学籍の記録")).to_be_visible()


def test_refused_attempts_are_told_with_their_reason(site: Site, window: Window) -> None:
    page = window(site.household.girl_login)
    page.goto(address(site, "refused"))
    line = page.locator(".log__line--refused").filter(has_text="みらい市立東小学校")
    expect(line).to_contain_text("断られました")
    expect(line).to_contain_text("この子を担当していない人でした")
    line.get_by_text("くわしく").click()
    expect(line.get_by_text("K7Q-4MX-4HT")).to_be_visible()


def test_whoever_worries_finds_whom_to_ask(site: Site, window: Window) -> None:
    page = window(site.household.mother_login)
    page.goto(address(site, "log"))
    block = page.locator("section.choice").filter(has_text="心配なことがあるとき")
    expect(block).to_contain_text("みらい市教育委員会")
    expect(block).to_contain_text("000-000-0000")


def test_the_log_is_taken_home_and_holds(site: Site, window: Window, tmp_path: Path) -> None:
    page = window(site.household.girl_login)
    page.goto(address(site, "log"))
    with page.expect_download() as taken:
        page.get_by_role("link", name="ダウンロードする").click()
    assert taken.value.suggested_filename == "manabi-access-log-2026-11-20.json"
    path = tmp_path / "log.json"
    taken.value.save_as(path)
    assert verify_bundle(json.loads(path.read_text("utf-8"))).ok


def test_a_guardian_chooses_a_child_and_can_turn_to_the_other(site: Site, window: Window) -> None:
    page = window(site.household.mother_login)
    page.goto("/")
    expect(page.locator("article.card")).to_have_count(2)
    page.locator("article.card").filter(has_text="結衣").get_by_role("link", name="記録を見る").click()
    expect(page.get_by_text("山﨑 結衣さんの記録を見ています")).to_be_visible()
    page.get_by_role("link", name="お子さんを選び直す").click()
    expect(page).to_have_url(f"{site.url}/")


def test_a_small_child_gets_few_words_large_tiles_and_readings(site: Site, window: Window) -> None:
    page = window(site.household.boy_login)
    page.goto("/")
    assert page.locator("main ruby").count() > 3
    expect(page.get_by_text("新しいこと")).to_have_count(0)
    box = page.locator(".tiles__tile").first.bounding_box()
    assert box is not None
    assert box["height"] >= 72
    assert box["width"] > 250


def test_someone_elses_child_is_answered_kindly_and_tells_nothing(site: Site, window: Window) -> None:
    page = window(site.household.stranger_login)
    answer = page.goto(address(site, "timeline"))
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_role("heading", level=1)).to_contain_text("見られる記録は、ここにはありません")
    assert "結衣" not in page.content()
    assert faults_of(page) == ""


def test_languages_and_readings_are_switched_on_the_page_itself(site: Site, window: Window) -> None:
    page = window(site.household.mother_login)
    page.goto(address(site, "log"))
    _choose(page, "English")
    expect(page.get_by_role("heading", level=1)).to_have_text("Who looked")
    _choose(page, "やさしい日本語")
    assert page.locator("main ruby").count() > 5
    _choose(page, "日本語")
    expect(page).to_have_url(f"{site.url}{address(site, 'log')}")
    assert page.locator("html").get_attribute("lang") == "ja"


def test_everything_works_without_javascript(site: Site, open_browser: Window) -> None:
    page = open_browser(PHONE, java_script_enabled=False)
    sign_in(page, site.household.mother_login)
    page.locator("article.card").filter(has_text="結衣").get_by_role("link", name="記録を見る").click()
    page.get_by_role("link", name="中学1年（2025年度）").click()
    table = page.get_by_text("同じことを表で見る")
    table.click()
    expect(page.get_by_role("rowheader", name="算数").first).to_be_visible()
    page.get_by_role("navigation", name="この記録のページ").get_by_role("link", name="だれが見たか").click()
    page.get_by_role("link", name="断られたもの").click()
    expect(page.locator(".log__line--refused").first).to_be_visible()
    _choose(page, "English")
    expect(page.get_by_role("heading", level=1)).to_have_text("Who looked")
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(f"{site.url}/sign-in")


def test_a_teacher_enrols_with_a_passkey_and_opens_a_record_in_care(site: Site, open_browser: Window) -> None:
    page = open_browser(DESKTOP)
    give_passkey_device(page)
    page.goto("/enrol")
    page.fill("#code", site.household.teacher_code)
    page.click("main form button")
    page.get_by_role("button", name="パスキーを登録する").click()
    page.wait_for_url("**/")
    page.get_by_role("button", name="ログアウト").click()
    page.goto("/sign-in")
    page.get_by_role("button", name="パスキーを使う").click()
    page.wait_for_url("**/")
    page.goto(address(site, "guidance"))
    expect(page.get_by_text("山﨑 結衣さんの記録を見ています")).to_be_visible()
    expect(page.get_by_text("閉じられた所見です。")).to_be_visible()
    assert faults_of(page) == ""


def _choose(page: Page, language: str) -> None:
    page.locator(".site-header__menu summary").click()
    page.locator(".site-header__panel").get_by_role("button", name=language, exact=True).click()


def test_the_check_itself_finds_a_fault(site: Site, window: Window) -> None:
    page = window(site.household.girl_login)
    page.goto(address(site, "home"))
    page.evaluate("document.querySelector('main').append(document.createElement('img'))")
    assert "image-alt" in faults_of(page)
