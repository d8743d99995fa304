"""A family decides in real Chromium what a new school may have: on a phone, at a desk, at the counter."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from pds.settings import SERVICE_ID
from tests.browser.conftest import DESKTOP, PHONE, cookie
from tests.browser.granting_site import GrantingSite, open_granting_site
from tests.browser.test_staff_pages import faults_of
from tests.integration.conftest import Cluster

Window = Callable[..., Page]
SMALL = {"width": 360, "height": 640}
PAGES = {
    "home": ("mother", "/"),
    "home of the child": ("brother", "/"),
    "request": ("mother", "{asked}"),
    "request before the child": ("child", "{asked}"),
    "preview": ("mother", "{asked}/preview/report?page=2"),
    "by law": ("mother", "{asked}/statutory"),
    "check": ("mother", "{asked}/check"),
    "sharing": ("mother", "/learners/{child}/sharing"),
    "counter": ("clerk", "/staff/decisions/"),
    "entering": ("clerk", "/staff/decisions/{child}/{request}"),
}


@pytest.fixture(scope="module")
def town(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GrantingSite]:
    with open_granting_site(cluster, tmp_path_factory.mktemp("granting")) as site:
        yield site


@pytest.fixture
def window(chromium: Browser, town: GrantingSite) -> Iterator[Window]:
    """Open a window in which somebody is signed in."""
    contexts: list[BrowserContext] = []

    def open_window(who: str, viewport: dict[str, int] = PHONE, view: str | None = None, **options: Any) -> Page:
        context = chromium.new_context(base_url=town.url, viewport=viewport, locale="ja-JP", **options)  # type: ignore[arg-type]
        contexts.append(context)
        context.add_cookies([cookie(name, value) for name, value in _cookies(town, who, view).items()])
        return context.new_page()

    yield open_window
    for context in contexts:
        context.close()


@pytest.fixture
def screen(look: Window, town: GrantingSite) -> Window:
    """Look at pages as one of the family or the staff."""
    return lambda who, viewport, view=None: look(town.url, viewport, _cookies(town, who, view))


def _cookies(town: GrantingSite, who: str, view: str | None) -> dict[str, str]:
    signed_in = {SERVICE_ID: town.tokens[who]}
    return signed_in if view is None else signed_in | {f"{SERVICE_ID}-view": view}


def address(town: GrantingSite, pattern: str) -> str:
    home = town.home
    return pattern.format(asked=home.address(), child=home.child, request=home.request)


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_every_page_is_faultless_for_axe_and_fits_the_screen(
    town: GrantingSite, screen: Window, viewport: dict[str, int], name: str
) -> None:
    who, pattern = PAGES[name]
    page = screen(who, viewport)
    answer = page.goto(address(town, pattern))
    assert answer is not None
    assert answer.status == 200
    assert page.locator("main input:checked:not([type=radio])").count() == 0
    assert faults_of(page) == ""
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


@pytest.mark.parametrize(
    "view", [*(pytest.param(one, marks=pytest.mark.long) for one in ("en.off", "plain.all")), "ja.all"]
)
@pytest.mark.parametrize("name", ["request", "check"])
def test_every_language_is_faultless_and_fits_the_smallest_screen(
    town: GrantingSite, screen: Window, view: str, name: str
) -> None:
    who, pattern = PAGES[name]
    page = screen(who, SMALL, view)
    page.goto(address(town, pattern))
    assert faults_of(page) == ""
    assert page.evaluate("document.documentElement.scrollWidth") <= SMALL["width"]


@pytest.mark.parametrize(
    "name", ["request", *(pytest.param(one, marks=pytest.mark.long) for one in ("check", "sharing"))]
)
def test_dark_surroundings_keep_the_contrast(town: GrantingSite, window: Window, name: str) -> None:
    who, pattern = PAGES[name]
    page = window(who, color_scheme="dark")
    page.goto(address(town, pattern))
    assert faults_of(page) == ""


def test_the_first_screen_of_a_phone_says_who_why_and_until_when(town: GrantingSite, window: Window) -> None:
    page = window("mother")
    page.goto(address(town, "{asked}"))
    for words in ("となり市立北小学校", "引き継いで指導するため", "2026年12月20日"):
        box = page.get_by_text(words).last.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= PHONE["height"]


def test_the_seal_opens_what_the_registry_says(town: GrantingSite, window: Window) -> None:
    page = window("mother")
    page.goto(address(town, "{asked}"))
    page.get_by_text("参加者名簿で確認した学校です").click()
    expect(page.get_by_text("となり市教育委員会")).to_be_visible()


def test_the_sum_follows_the_ticks(town: GrantingSite, window: Window) -> None:
    page = window("mother")
    page.goto(address(town, "{asked}"))
    total = page.locator("#sum output")
    expect(total).to_have_text("共有するものは、選ばれていません。")
    page.locator("#take-report").check()
    expect(total).to_contain_text("3つのうち1つを、2024〜2026年度について、2027年3月31日")
    page.get_by_text("年度をしぼる").first.click()
    page.locator("#years-report-2026").check()
    expect(total).to_contain_text("3つのうち1つを、2026年度について")
    page.locator("#take-report").uncheck()
    expect(total).to_have_text("共有するものは、選ばれていません。")


def test_answers_look_alike_and_are_large_enough(town: GrantingSite, window: Window) -> None:
    page = window("mother")
    page.goto(address(town, "{asked}"))
    page.locator("#take-report").check()
    page.get_by_role("button", name="確認へ進む").click()
    boxes = [page.locator(".decide > *").nth(number).bounding_box() for number in range(3)]
    sizes = {(round(box["width"]), round(box["height"])) for box in boxes if box is not None}
    assert len(sizes) == 1
    assert min(min(sizes)) >= 44
    colours = "getComputedStyle(one).backgroundColor + getComputedStyle(one).color"
    assert len(set(page.locator(".decide > *").evaluate_all(f"all => all.map(one => {colours})"))) == 1
    page.get_by_role("link", name=re.compile("変更.*通知表")).click()
    expect(page.locator("#take-report")).to_be_checked()


def test_a_mother_decides_keeps_the_receipt_and_stops_it_in_two_taps(
    town: GrantingSite, window: Window, tmp_path: Path
) -> None:
    page = window("mother", java_script_enabled=False)
    page.goto("/")
    page.locator("article.card").filter(has_text="太郎").get_by_role("link", name="あなたの確認を待っています").click()
    page.get_by_role("link", name="読んで決める").click()
    page.locator("#take-report").check()
    page.locator("#take-assessment").check()
    page.locator("#offer-report").get_by_text("年度をしぼる").click()
    page.locator("#years-report-2026").check()
    page.locator("#offer-report").get_by_role("button", name="中身を見る").click()
    expect(page.get_by_text("相手に見える内容")).to_be_visible()
    page.get_by_role("link", name="依頼のページに戻る").click()
    expect(page.locator("#years-report-2026")).to_be_checked()
    page.get_by_role("button", name="確認へ進む").click()
    expect(page.locator(".lead")).to_contain_text("3つのうち2つを、2026年度について")
    page.get_by_role("button", name="共有する", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("「共有する」と答えました")
    with page.expect_download() as taken:
        page.get_by_role("link", name="ダウンロードする").click()
    path = tmp_path / "receipt.json"
    taken.value.save_as(path)
    assert json.loads(path.read_text("utf-8"))["format"] == "manabi-receipt/1"
    page.get_by_role("link", name="共有しているもの").click()
    page.get_by_role("link", name="やめる").click()
    page.get_by_role("button", name="やめる").click()
    expect(page.get_by_text("となり市立北小学校に知らせています")).to_be_visible()
    page.get_by_role("navigation", name="この記録のページ").get_by_role("link", name="だれが見たか").click()
    expect(page.get_by_text("あなたが、共有をやめました")).to_be_visible()


def test_a_clerk_lets_the_mother_read_the_sheet_and_a_colleague_checks(town: GrantingSite, window: Window) -> None:
    clerk, colleague = window("clerk", DESKTOP), window("colleague", DESKTOP)
    clerk.goto("/staff/")
    clerk.get_by_role("link", name="家庭の答え").click()
    clerk.get_by_role("row", name=re.compile("花子")).get_by_role("link", name="家庭の答えを入力する").click()
    clerk.locator("#take-report").check()
    clerk.get_by_role("button", name="読んでもらう用紙を作る").click()
    expect(clerk.locator(".sheet")).to_contain_text("通知表")
    assert faults_of(clerk) == ""
    clerk.emulate_media(media="print")
    for hidden in (".site-header", ".work-nav", ".site-footer"):
        expect(clerk.locator(hidden)).to_be_hidden()
    expect(clerk.locator(".sheet")).to_be_visible()
    clerk.emulate_media(media="screen")
    clerk.get_by_role("button", name="「共有する」と答えた", exact=True).click()
    expect(clerk.get_by_text("次に、別の職員が確認します")).to_be_visible()
    colleague.goto("/staff/decisions/")
    colleague.get_by_role("link", name=re.compile("入力を確認する")).click()
    assert faults_of(colleague) == ""
    colleague.get_by_role("button", name="家庭の答えのとおりです").click()
    expect(colleague.get_by_role("heading", level=1)).to_have_text("控え")
    assert faults_of(colleague) == ""
