"""Staff at work in real Chromium: first page, class lists, sign-in codes, imports, state of the service."""

from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from pds.settings import SERVICE_ID
from tests.browser.conftest import DESKTOP, PHONE, cookie
from tests.browser.staff_site import StaffSite, open_staff_site
from tests.integration.conftest import Cluster

Window = Callable[..., Page]
SMALL = {"width": 360, "height": 640}
_RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
    "resultTypes": ["violations"],
}
PAGES = {
    "home of a teacher": ("teacher", "/staff/"),
    "home of a clerk": ("clerk", "/staff/"),
    "home of an officer": ("officer", "/staff/"),
    "home after a role": ("ended", "/staff/"),
    "class": ("teacher", "/staff/classes/{room}/"),
    "codes of a clerk": ("clerk", "/staff/codes/"),
    "codes of a principal": ("principal", "/staff/codes/"),
    "codes of an officer": ("officer", "/staff/codes/"),
    "codes of a class": ("clerk", "/staff/codes/classes/{room}/"),
    "codes for several": ("clerk", "/staff/codes/classes/{room}/issue"),
    "codes of a family": ("clerk", "/staff/codes/families/{child}/"),
    "a code": ("clerk", "/staff/codes/families/{child}/{mother}"),
    "a colleague's code": ("principal", "/staff/codes/colleagues/{teacher}"),
    "imports": ("officer", "/staff/imports/"),
    "imports of a clerk": ("clerk", "/staff/imports/"),
    "import at work": ("officer", "/staff/imports/{waiting}/?still=1"),
    "import with errors": ("officer", "/staff/imports/{refused}/"),
    "import to apply": ("officer", "/staff/imports/{ready}/"),
    "apply": ("officer", "/staff/imports/{ready}/apply"),
    "import applied": ("officer", "/staff/imports/{applied}/"),
    "home of an operator": ("operator", "/staff/"),
    "node": ("operator", "/staff/node/"),
    "undo": ("officer", "/staff/imports/{applied}/undo"),
}


@pytest.fixture(scope="module")
def school(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StaffSite]:
    with open_staff_site(cluster, tmp_path_factory.mktemp("school")) as site:
        yield site


@pytest.fixture
def desk(chromium: Browser, school: StaffSite) -> Iterator[Window]:
    """Open a window in which somebody of the staff has just signed in."""
    contexts: list[BrowserContext] = []

    def open_desk(who: str, viewport: dict[str, int] = DESKTOP, view: str = "ja.off", **options: object) -> Page:
        context = chromium.new_context(base_url=school.url, viewport=viewport, locale="ja-JP", **options)  # type: ignore[arg-type]
        context.add_cookies([cookie(name, value) for name, value in _cookies(school, who, view).items()])
        contexts.append(context)
        return context.new_page()

    yield open_desk
    for context in contexts:
        context.close()


@pytest.fixture
def screen(look: Window, school: StaffSite) -> Window:
    """Look at pages as somebody of the staff."""
    return lambda who, viewport, view="ja.off": look(school.url, viewport, _cookies(school, who, view))


def _cookies(school: StaffSite, who: str, view: str) -> dict[str, str]:
    return {SERVICE_ID: school.tokens[who], f"{SERVICE_ID}-view": view}


def address(school: StaffSite, pattern: str) -> str:
    return pattern.format(
        room=school.room,
        child=school.pupils[0],
        mother=school.mother,
        teacher=school.staff["teacher"],
        **school.runs,
    )


def faults_of(page: Page) -> str:
    page.evaluate("document.querySelectorAll('main details').forEach(one => one.open = true)")
    report: str = Axe().run(page, options=_RULES).generate_report()
    return "" if report.startswith("Found 0") else report


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_every_page_is_faultless_for_axe_and_fits_the_screen(
    school: StaffSite, screen: Window, viewport: dict[str, int], name: str
) -> None:
    who, pattern = PAGES[name]
    page = screen(who, viewport)
    answer = page.goto(address(school, pattern))
    assert answer is not None
    assert answer.status == 200
    assert faults_of(page) == ""
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


@pytest.mark.parametrize(
    "view", [*(pytest.param(one, marks=pytest.mark.long) for one in ("en.off", "plain.all")), "ja.all"]
)
@pytest.mark.parametrize(
    "name",
    ["home of a clerk", "class", "codes for several", "codes of a family", "imports", "import with errors", "node"],
)
def test_every_language_is_faultless_and_fits_the_smallest_screen(
    school: StaffSite, screen: Window, view: str, name: str
) -> None:
    who, pattern = PAGES[name]
    page = screen(who, SMALL, view)
    page.goto(address(school, pattern))
    assert faults_of(page) == ""
    assert page.evaluate("document.documentElement.scrollWidth") <= SMALL["width"]


@pytest.mark.parametrize(
    "name",
    [
        "home of an officer",
        *(pytest.param(one, marks=pytest.mark.long) for one in ("class", "codes for several", "import with errors")),
    ],
)
def test_dark_surroundings_keep_the_contrast(school: StaffSite, desk: Window, name: str) -> None:
    who, pattern = PAGES[name]
    page = desk(who, color_scheme="dark")
    page.goto(address(school, pattern))
    assert faults_of(page) == ""


def test_a_whole_class_fits_on_a_desk_without_scrolling(school: StaffSite, desk: Window) -> None:
    page = desk("teacher")
    page.goto("/staff/")
    page.get_by_role("link", name="5年1組").click()
    last = page.locator(".seats__link").last.bounding_box()
    assert last is not None
    assert last["y"] + last["height"] <= 1366
    expect(page.locator(".seats__link")).to_have_count(33)


def test_a_clerk_issues_a_code_and_prints_the_slip_alone(school: StaffSite, desk: Window) -> None:
    page = desk("clerk")
    page.goto("/staff/")
    page.get_by_role("link", name="ログインコード").click()
    page.get_by_role("link", name="5年1組 33人").click()
    page.get_by_role("link", name="佐藤 蓮").click()
    page.get_by_role("row", name="佐藤 恵").get_by_role("link", name="コードを発行").click()
    page.get_by_label("お知らせの紙の言語").select_option("English")
    page.get_by_role("button", name="コードを発行する").click()
    code = page.locator(".slip__code")
    expect(code).to_have_count(1)
    expect(page.locator(".slip")).to_contain_text("How to sign in")
    assert faults_of(page) == ""
    page.emulate_media(media="print")
    expect(code).to_be_visible()
    for hidden in (".site-header", ".site-footer", ".not-on-paper"):
        expect(page.locator(hidden)).to_be_hidden()


def test_slips_of_a_class_are_a_sheet_each(school: StaffSite, desk: Window) -> None:
    page = desk("clerk")
    page.goto(address(school, "/staff/codes/classes/{room}/issue"))
    page.get_by_role("button", name="コードを発行する").click()
    assert page.locator(".slip").count() >= 30
    printed = page.pdf(format="A4")
    assert printed.count(b"/Type /Page") - printed.count(b"/Type /Pages") == page.locator(".slip").count()


def test_an_officer_hands_a_file_in_and_reads_what_is_wrong(school: StaffSite, desk: Window) -> None:
    page = desk("officer")
    page.goto("/staff/imports/")
    page.set_input_files("#file", {"name": "名簿.zip", "mimeType": "application/zip", "buffer": b"not a zip"})
    page.get_by_role("button", name="ファイルを確認する").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("名簿.zip")
    expect(page.get_by_text("確認中").first).to_be_visible()
    page.goto(address(school, "/staff/imports/{refused}/"))
    page.get_by_role("link", name="次へ").click()
    expect(page.get_by_text("m-s-000059")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="見つかったことをCSVで受け取る").click()
    assert download.value.suggested_filename.endswith(".csv")
