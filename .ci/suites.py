"""Runs every suite, prints the time of each, and says at the end what failed. `make test` and `make prove` call it."""

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
CODE = ("consent", "trust", "web", "pds", "manabi", "api_specs", "tests", ".ci")
EVIDENCE = ROOT / "docs" / "evidence.json"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


@dataclass(frozen=True, slots=True)
class Suite:
    """Some commands that pass or fail together; the rest of a suite is left out after its first failure."""

    name: str
    commands: tuple[tuple[str, ...], ...]


def pytest(*words: str) -> tuple[str, ...]:
    """Return a pytest command."""
    return (str(BIN / "pytest"), "-q", *words)


TEST = (
    Suite(
        "checks",
        (
            (str(BIN / "ruff"), "check", "--quiet", *CODE),
            (str(BIN / "ruff"), "format", "--check", "--quiet", *CODE),
            (str(BIN / "mypy"), *CODE[:-1]),
            (str(BIN / "lint-imports"), "--no-cache"),
        ),
    ),
    Suite(
        "rules",
        (
            pytest("-n", "2", "tests/unit/consent", "--cov=consent", "--cov-branch", "--cov-fail-under=100",
                   "--cov-report=term-missing:skip-covered"),
            pytest("-n", "2", "tests/unit", "tests/architecture", "--ignore=tests/unit/consent"),
        ),
    ),
    Suite(
        "integration",
        (
            pytest("-n", "2", "tests/integration", "--cov=pds.sharing", "--cov-branch", "--cov-fail-under=100",
                   "--cov-report=term-missing:skip-covered"),
        ),
    ),
    Suite("journeys", (pytest("tests/journeys"),)),
    Suite("browser", (pytest("tests/browser"),)),
)  # fmt: skip

PROVE = (
    *TEST,
    Suite("long", (pytest("-m", "long", "tests"),)),
)


def main() -> int:
    """Run the suites named by the first word: `test` or `prove`."""
    wanted = sys.argv[1] if len(sys.argv) > 1 else "test"
    suites = PROVE if wanted == "prove" else TEST
    os.chdir(ROOT)
    environment = {**os.environ, "PYTHONWARNINGS": "default", "TZ": "UTC"}
    failed: list[str] = []
    seconds: dict[str, float] = {}
    for suite in suites:
        print(f"== {suite.name}", flush=True)
        began = time.monotonic()
        if suite.name == "browser" and not prepare_browser(environment):
            failed.append(suite.name)
        elif not all(subprocess.run(command, env=environment, check=False).returncode == 0 for command in suite.commands):  # noqa: S603
            failed.append(suite.name)
        seconds[suite.name] = round(time.monotonic() - began, 1)
        print(f"== {suite.name}: {'failed' if suite.name in failed else 'passed'} in {seconds[suite.name]} s", flush=True)
    print("Suites: " + ", ".join(f"{name} {took} s" for name, took in seconds.items()))
    print(f"{len(suites) - len(failed)} passed, {len(failed)} failed")
    if wanted == "prove" and not failed:
        write_evidence(seconds)
    return 1 if failed else 0


def prepare_browser(environment: dict[str, str]) -> bool:
    """Find Chromium, or install it with a Japanese font where that is possible; one line if there is none."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    fonts = subprocess.run(["fc-list", ":lang=ja"], capture_output=True, check=False).stdout if shutil.which("fc-list") else b""  # noqa: S607
    if (found is None or not fonts) and hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        packages = ["chromium", "fonts-noto-cjk", "fontconfig"]
        for words in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
            subprocess.run(["apt-get", *words], stdout=subprocess.DEVNULL, check=False)  # noqa: S603, S607
        found = found or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if found is None:
        print("The browser suite needs Chromium: install it, or set CHROMIUM=/path/to/chromium.")
        return False
    environment["CHROMIUM"] = found
    return True


def write_evidence(seconds: dict[str, float]) -> None:
    """Write which commit the long proofs ran on, when, and how long each suite took."""
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()  # noqa: S607
    document = {"commit": commit, "at": datetime.now(UTC).isoformat(timespec="seconds"), "seconds": seconds}
    EVIDENCE.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
