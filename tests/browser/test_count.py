"""An analyst, and a parent who strays in, before the national figures in real Chromium, without a line of script."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.count_site import CountSite, open_count_site
from tests.browser.test_staff_pages import faults_of
from tests.integration.aggregator.conftest import count_template as count_template
from tests.integration.conftest import Cluster

Window = Callable[..., Page]
SMALL = {"width": 360, "height": 640}
PAGES = {
    "start": "/",
    "prefectures": "/workbench",
    "nation": "/workbench?level=nation",
    "one prefecture": "/workbench?level=prefecture&area=13",
    "establishers": "/workbench?level=establisher",
    "one establisher": "/workbench?level=establisher&area=130001",
    "nothing found": "/workbench?level=establisher&search=zzzz",
    "refused": "/workbench?level=prefecture&grade=P9",
    "rounds": "/rounds",
    "round": "/rounds/{round}",
    "method": "/method",
}
OFTEN, REST = ("start", "prefectures", "nation", "refused", "round"), ("nation", "establishers", "round", "method")
"""Pages that every run looks at; the long proof looks at all of them in every way."""


@pytest.fixture(scope="module")
def site(cluster: Cluster, count_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CountSite]:
    """The leader with two releases; tests read it and change nothing."""
    with open_count_site(cluster, count_template, tmp_path_factory.mktemp("count")) as opened:
        yield opened


@pytest.fixture
def window(chromium: Browser, site: CountSite) -> Iterator[Window]:
    """Open a window without JavaScript; whatever it asks of another address, or fails to get, fails the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_window(viewport: dict[str, int] = PHONE, view: str = "ja.off", **options: Any) -> Page:
        context = chromium.new_context(base_url=site.url, viewport=viewport, locale="ja-JP", **options)  # type: ignore[arg-type]
        name = f"__Host-{site.service_id}-view"
        context.add_cookies([{"name": name, "value": view, "domain": "localhost", "path": "/", "secure": True}])
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
        page.on("requestfailed", lambda one: None if "/data/v1/" in one.url else complaints.append(one.url))
        page.on("request", lambda one: None if one.url.startswith(site.url) else complaints.append(one.url))
        return page

    yield open_window
    for context in contexts:
        context.close()
    assert complaints == []


def path_of(site: CountSite, name: str) -> str:
    return PAGES[name].format(round=site.round_id)


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize(
    "name", [*OFTEN, *(pytest.param(one, marks=pytest.mark.long) for one in PAGES if one not in OFTEN)]
)
def test_every_page_is_faultless_and_fits_its_screen(
    site: CountSite, window: Window, name: str, viewport: dict[str, int]
) -> None:
    page = window(viewport)
    page.goto(path_of(site, name))
    assert faults_of(page) == ""
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


@pytest.mark.parametrize(
    ("view", "scheme"),
    [
        ("en.off", "dark"),
        *(
            pytest.param(*one, marks=pytest.mark.long)
            for one in (("en.off", "light"), ("plain.all", "dark"), ("plain.all", "light"))
        ),
    ],
)
@pytest.mark.parametrize("name", ["start", "prefectures", *(pytest.param(one, marks=pytest.mark.long) for one in REST)])
def test_every_language_fits_the_smallest_screen_in_light_and_dark(
    site: CountSite, window: Window, name: str, view: str, scheme: str
) -> None:
    page = window(SMALL, view, color_scheme=scheme)
    page.goto(path_of(site, name))
    assert faults_of(page) == ""
    assert page.evaluate("document.documentElement.scrollWidth") <= SMALL["width"]


def test_an_analyst_goes_from_the_question_to_the_file(site: CountSite, window: Window, tmp_path: Path) -> None:
    page = window(DESKTOP, java_script_enabled=False)
    page.goto("/")
    page.get_by_role("link", name="表で見る・ほかの内訳を選ぶ").click()
    page.get_by_role("link", name="学年 × 性別").click()
    page.get_by_label("学年", exact=True).select_option("J2")
    page.get_by_label("性別", exact=True).select_option("male")
    page.get_by_role("button", name="この条件で見る").click()
    expect(page.get_by_role("heading", name="中学2年・男")).to_be_visible()
    address = urlsplit(page.url)
    assert f"release={site.digest}" in address.query
    assert page.url.endswith("grade=J2&sex=male")
    table = page.get_by_role("table")
    expect(table.get_by_role("row")).to_have_count(48)
    expect(table.get_by_role("rowheader", name="東京都")).to_be_visible()
    with page.expect_download() as taken:
        page.get_by_role("link", name="CSV（表計算ソフト用）").click()
    taken.value.save_as(tmp_path / "figures.csv")
    lines = (tmp_path / "figures.csv").read_bytes().decode("utf-8-sig").splitlines()
    assert len(lines) == 48
    assert all(site.digest in line for line in lines[1:])


def test_from_a_tile_to_its_prefecture_and_back_by_keyboard(site: CountSite, window: Window) -> None:
    page = window(DESKTOP)
    page.goto("/workbench")
    tile = page.locator(".tilemap__svg--wide a").filter(has_text="東京")
    tile.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="東京都")).to_be_visible()
    grades = page.locator(".figures th[scope=rowgroup]").all_inner_texts()
    assert grades == [
        "小学1年", "小学2年", "小学3年", "小学4年", "小学5年", "小学6年", "中学1年", "中学2年", "中学3年",
    ]  # fmt: skip
    page.get_by_role("link", name="すべての都道府県を比べる").press("Enter")
    expect(page.locator(".tilemap__svg--wide .tile")).to_have_count(47)


def test_the_map_can_be_skipped_and_every_tile_says_its_figure(site: CountSite, window: Window) -> None:
    page = window(DESKTOP)
    page.goto("/workbench")
    tiles = page.locator(".tilemap__svg--wide .tile__value").all_text_contents()
    assert len(tiles) == 47
    assert "非公表" in tiles
    assert all(one.strip() for one in tiles)
    page.get_by_role("link", name="地図をとばす").press("Enter")
    assert page.evaluate("document.activeElement.id") == "table"


def test_only_the_map_that_fits_the_screen_is_there(site: CountSite, window: Window) -> None:
    for viewport, form, other in ((PHONE, "narrow", "wide"), (DESKTOP, "wide", "narrow")):
        page = window(viewport)
        page.goto("/workbench")
        expect(page.locator(f".tilemap__svg--{form}")).to_be_visible()
        expect(page.locator(f".tilemap__svg--{other}")).to_be_hidden()


@pytest.mark.parametrize("view", ["ja.off", "en.off"])
@pytest.mark.parametrize("viewport", [SMALL, DESKTOP], ids=["smallest", "desktop"])
def test_no_word_leaves_its_tile(window: Window, viewport: dict[str, int], view: str) -> None:
    page = window(viewport, view)
    page.goto("/workbench")
    outside = page.evaluate(
        """() => [...document.querySelectorAll('.tilemap__svg')].filter(svg => svg.getBoundingClientRect().width)
        .flatMap(svg => [...svg.querySelectorAll('g.tile')]).flatMap(tile => {
            const box = tile.querySelector('.tile__box').getBoundingClientRect()
            return [...tile.querySelectorAll('text')].filter(text => {
                const ink = text.getBoundingClientRect()
                return ink.left < box.left - 1 || ink.right > box.right + 1
            }).map(text => text.textContent)
        })"""
    )
    assert outside == []


def test_an_establisher_is_found_by_its_name(window: Window) -> None:
    page = window(PHONE, java_script_enabled=False)
    page.goto("/workbench?level=establisher")
    expect(page.get_by_role("navigation", name="一覧のページ")).to_be_visible()
    page.get_by_label("名前またはコード").fill("はるか")
    page.get_by_label("都道府県", exact=True).select_option("13")
    page.get_by_role("button", name="この条件で見る").click()
    found = page.locator(".figures tbody th")
    for text in found.all_inner_texts():
        assert "はるか市" in text
        assert " 13" in text


def test_a_parent_who_strays_in_finds_the_page_for_families(window: Window) -> None:
    page = window(PHONE, "plain.all", java_script_enabled=False)
    page.goto("/")
    expect(page.locator("main ruby").first).to_be_visible()
    page.locator("main a[href^='/plans/']").first.click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert page.url.endswith("/plans/absence-2025")


def test_the_check_itself_finds_a_fault(window: Window) -> None:
    page = window(PHONE)
    page.goto("/")
    page.evaluate("document.querySelector('main').append(document.createElement('img'))")
    assert "image-alt" in faults_of(page)
