"""A node served over the loopback, with a household in it, and real Chromium before it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, sync_playwright

from pds.access_log.sequencer import Sequencer
from pds.app import make_node_app
from tests.browser.household import Household, settle_household
from tests.browser.screenshots import find_chromium
from tests.browser.serving import open_node, served
from tests.factories.node import NOW, password_of
from tests.integration.conftest import Cluster
from tests.integration.conftest import cluster as cluster  # the one server of the run

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1366, "height": 768}


@dataclass(frozen=True)
class Site:
    """Where the node is served, and who is in it."""

    url: str
    household: Household
    sequencer: Sequencer


@pytest.fixture(scope="session")
def site(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A node of its own for the browser; tests read it and change nothing that another one relies on."""
    with open_node(cluster, tmp_path_factory.mktemp("site"), "browser") as opened:
        with opened.world() as world:
            household = settle_household(world, opened.web)
        sequencer = Sequencer(opened.worker)
        sequencer.run_once(NOW)
        with served(make_node_app(opened.web), opened.port):
            yield Site(opened.web.settings.public_url, household, sequencer)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser named by CHROMIUM, or any Chromium on the path."""
    path = find_chromium()
    if path is None:
        pytest.fail("No Chromium found: install one, or set CHROMIUM=/path/to/it.", pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--no-first-run",
            ],
        )
        yield browser
        browser.close()


@pytest.fixture
def open_browser(chromium: Browser, site: Site) -> Iterator[Callable[..., Page]]:
    """Open a browser window of its own at the site, closed with the test."""
    contexts: list[BrowserContext] = []

    def open_window(viewport: dict[str, int] = PHONE, **options: object) -> Page:
        context = chromium.new_context(base_url=site.url, viewport=viewport, locale="ja-JP", **options)  # type: ignore[arg-type]
        contexts.append(context)
        return context.new_page()

    yield open_window
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def look(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Return a site's one window that stays open, with these cookies alone, for tests that look at a page and leave.

    To open a window costs Chromium a process, which is as much as it costs to look at most pages.
    """
    kept: dict[str, Page] = {}

    def show(url: str, viewport: dict[str, int], cookies: Mapping[str, str]) -> Page:
        if url not in kept:
            kept[url] = chromium.new_context(base_url=url, locale="ja-JP").new_page()
        page = kept[url]
        page.context.clear_cookies()
        page.context.add_cookies([cookie(name, value) for name, value in cookies.items()])
        page.set_viewport_size(viewport)  # type: ignore[arg-type]
        return page

    yield show
    for page in kept.values():
        page.context.close()


def cookie(name: str, value: str) -> Any:
    """Return a cookie of a node's own, as its pages set it."""
    return {"name": f"__Host-{name}", "value": value, "domain": "localhost", "path": "/", "secure": True}


@pytest.fixture(scope="session")
def signed_in_states(chromium: Browser, site: Site) -> Callable[[str], StorageState]:
    """Sign a family in once per run, through the page, and hand the cookies to every window that wants them."""
    states: dict[str, StorageState] = {}

    def state(login: str) -> StorageState:
        if login not in states:
            context = chromium.new_context(base_url=site.url, locale="ja-JP")
            sign_in(context.new_page(), login)
            states[login] = context.storage_state()
            context.close()
        return states[login]

    return state


@pytest.fixture
def window(open_browser: Callable[..., Page], signed_in_states: Callable[[str], StorageState]) -> Callable[..., Page]:
    """Open a window in which a family is signed in already."""

    def open_signed_in(login: str, viewport: dict[str, int] = PHONE, **options: object) -> Page:
        return open_browser(viewport, storage_state=signed_in_states(login), **options)

    return open_signed_in


def sign_in(page: Page, login: str) -> None:
    """Sign in as a person does, with name and password."""
    page.goto("/sign-in")
    page.fill("#login_name", login)
    page.fill("#password", password_of(login))
    page.click("form[action='/sign-in'] button")
    page.wait_for_url("**/")
