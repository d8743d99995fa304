"""Pictures of the family's pages for the documentation, from any running node.

    python -m tests.browser.screenshots http://localhost:8400 NAME PASSWORD docs/images \
        --guardian NAME PASSWORD --teacher CODE

NAME and PASSWORD are a student's; `make demo` prints them, with those of a guardian and a class teacher's code. With
these the log has something to tell: both open a record first. Chromium is found as in the tests (CHROMIUM, or any on
the path).
"""

import argparse
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

SIZES: dict[str, Any] = {"phone": {"width": 390, "height": 844}, "desktop": {"width": 1366, "height": 900}}
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_AUTHENTICATOR: dict[str, Any] = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip


def find_chromium() -> str | None:
    """Return the browser named by CHROMIUM, or any Chromium on the path."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)


def give_passkey_device(page: Page) -> None:
    """Put a virtual authenticator with user verification into a window's device (WebAuthn Level 3, section 11)."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": _AUTHENTICATOR})


def take_screenshots(browser: Browser, url: str, login: str, password: str, folder: Path) -> list[Path]:
    """Save home, timeline, a year, a register and the log at both widths; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    addresses = find_addresses(browser, url, login, password)
    taken: list[Path] = []
    for size, viewport in SIZES.items():
        page = _signed_in(browser, url, login, password, viewport=viewport)
        for name, address in addresses.items():
            page.goto(address)
            path = folder / f"{name}-{size}.png"
            page.screenshot(path=path, full_page=True)
            taken.append(path)
        page.context.close()
    return taken


def find_addresses(browser: Browser, url: str, login: str, password: str) -> dict[str, str]:
    """Find a student's pages as a reader would: by the links of the first page."""
    page = _signed_in(browser, url, login, password)
    log = page.locator("a[href$='/log']").first.get_attribute("href") or ""
    timeline = log.removesuffix("log")
    page.goto(timeline)
    year = (page.locator("a[href$='#learning']").last.get_attribute("href") or "").split("#")[0]
    page.goto(year)
    register = page.locator("#learning a[href*='/records/']").first.get_attribute("href") or ""
    page.context.close()
    return {"home": "/", "timeline": timeline, "year": year, "register": register, "log": log}


def look_as_guardian(browser: Browser, url: str, login: str, password: str, register: str) -> None:
    """Let a guardian open a record, so that the log has it."""
    page = _signed_in(browser, url, login, password)
    page.goto(register)
    page.context.close()


def look_as_teacher(browser: Browser, url: str, code: str, register: str) -> None:
    """Let a teacher register a passkey with a code and open a record, so that the log has it."""
    page = browser.new_context(base_url=url, locale="ja-JP").new_page()
    give_passkey_device(page)
    page.goto("/enrol")
    page.fill("#code", code)
    page.click("main form button")
    page.get_by_role("button", name="パスキーを登録する").click()
    page.wait_for_url("**/")
    page.goto(register)
    page.context.close()


def _signed_in(browser: Browser, url: str, login: str, password: str, **options: Any) -> Page:
    page = browser.new_context(base_url=url, locale="ja-JP", **options).new_page()
    page.goto("/sign-in")
    page.fill("#login_name", login)
    page.fill("#password", password)
    page.click("form[action='/sign-in'] button")
    page.wait_for_url("**/")
    return page


def main(arguments: list[str]) -> int:
    """Take the pictures of a running node."""
    parser = argparse.ArgumentParser(prog="python -m tests.browser.screenshots", description="Picture a running node.")
    for name in ("url", "name", "password"):
        parser.add_argument(name)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--guardian", nargs=2, metavar=("NAME", "PASSWORD"))
    parser.add_argument("--teacher", metavar="CODE")
    chosen = parser.parse_args(arguments)
    path = find_chromium()
    if path is None:
        print("No Chromium found: install one, or set CHROMIUM=/path/to/it.", file=sys.stderr)
        return 2
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        register = find_addresses(browser, chosen.url, chosen.name, chosen.password)["register"]
        if chosen.guardian:
            name, password = chosen.guardian
            look_as_guardian(browser, chosen.url, name, password, register)
        if chosen.teacher:
            look_as_teacher(browser, chosen.url, chosen.teacher, register)
        for taken in take_screenshots(browser, chosen.url, chosen.name, chosen.password, chosen.folder):
            print(taken)
        browser.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
