"""Pictures of the family's pages for the documentation, from any running node.

    python -m tests.browser.screenshots http://localhost:8400 SIGN-IN-NAME PASSWORD docs/images

The sign-in is a student's; `make demo` prints one. Chromium is found as in the tests (CHROMIUM, or the path).
"""

import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

SIZES = {"phone": {"width": 390, "height": 844}, "desktop": {"width": 1366, "height": 900}}
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_chromium() -> str | None:
    """Return the browser named by CHROMIUM, or any Chromium on the path."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)


def take_screenshots(browser: Browser, url: str, login: str, password: str, folder: Path) -> list[Path]:
    """Save home, timeline, a year, a register and the log at both widths; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    taken: list[Path] = []
    for size, viewport in SIZES.items():
        context = browser.new_context(base_url=url, viewport=viewport, locale="ja-JP", device_scale_factor=1)  # type: ignore[arg-type]
        page = context.new_page()
        page.goto("/sign-in")
        page.fill("#login_name", login)
        page.fill("#password", password)
        page.click("form[action='/sign-in'] button")
        page.wait_for_url("**/")
        for name, address in _addresses(page).items():
            page.goto(address)
            path = folder / f"{name}-{size}.png"
            page.screenshot(path=path, full_page=True)
            taken.append(path)
        context.close()
    return taken


def _addresses(page: Page) -> dict[str, str]:
    """Find the pages as a reader would: by the links of the first page."""
    log = page.locator("a[href$='/log']").first.get_attribute("href") or ""
    timeline = log.removesuffix("log")
    page.goto(timeline)
    years = [link.get_attribute("href") or "" for link in page.locator("h2 a[href*='/years/']").all()]
    with_learning = page.locator("a[href$='#learning']").last.get_attribute("href") or years[-1]
    year = with_learning.split("#")[0]
    page.goto(year)
    register = page.locator("#learning a[href*='/records/']").first.get_attribute("href") or ""
    return {"home": "/", "timeline": timeline, "year": year, "register": register, "log": log}


def main(arguments: list[str]) -> int:
    """Take the pictures of a running node."""
    path = find_chromium()
    if len(arguments) != 4 or path is None:
        print(__doc__, file=sys.stderr)
        return 2
    url, login, password, folder = arguments
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for taken in take_screenshots(browser, url, login, password, Path(folder)):
            print(taken)
        browser.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
