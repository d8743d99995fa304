"""The pictures of the documentation can be taken from a running node."""

import os
from pathlib import Path

from playwright.sync_api import Browser

from tests.browser.conftest import Site
from tests.browser.screenshots import take_screenshots
from tests.factories.node import password_of


def test_every_page_is_pictured_at_both_widths(chromium: Browser, site: Site, tmp_path: Path) -> None:
    login = site.household.girl_login
    folder = Path(os.environ.get("MANABI_SCREENSHOTS") or tmp_path)
    taken = take_screenshots(chromium, site.url, login, password_of(login), folder)
    names = {f"{page}-{size}.png" for page in ("home", "timeline", "year", "register", "log")
             for size in ("phone", "desktop")}  # fmt: skip
    assert {path.name for path in taken} == names
    assert all(path.stat().st_size > 20_000 for path in taken)
