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
from xml.etree import ElementTree  # our own test runner's files

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
CODE = ("consent", "trust", "web", "aggregator", "pds", "manabi", "api_specs", "tests", ".ci")
LEDGER = ("tests/privacy/ledger", "tests/integration/aggregator/ledger", "tests/unit/aggregator/ledger")
"""What spends the privacy budget is run with every branch counted."""
SHARING = ("tests/integration/pds/sharing", "tests/integration/pds/look_back/test_api.py")
"""The tests that alone run every line and branch of pds.sharing; counting lines makes tests a third slower."""
EVIDENCE = ROOT / "docs" / "evidence.json"
RESULTS = ROOT / "build" / "results"
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
            (str(BIN / "mypy"), *CODE[:-1], ".ci/suites.py"),
            (str(BIN / "lint-imports"), "--no-cache"),
        ),
    ),
    Suite(
        "rules",
        (
            pytest("-n", "2", "tests/unit/consent", "--cov=consent", "--cov-branch", "--cov-fail-under=100",
                   "--cov-report=term-missing:skip-covered"),
            pytest("-n", "2", "tests/unit", "tests/architecture", "--ignore=tests/unit/consent",
                   "--ignore=tests/unit/aggregator/ledger"),
        ),
    ),
    Suite(
        "privacy",
        (
            pytest("-n", "2", *LEDGER, "--cov=aggregator.ledger", "--cov-branch", "--cov-fail-under=100",
                   "--cov-report=term-missing:skip-covered"),
            pytest("-n", "2", "tests/privacy", "--ignore=tests/privacy/ledger"),
        ),
    ),
    Suite(
        "integration",
        (
            pytest("-n", "2", *SHARING, "--cov=pds.sharing", "--cov-branch", "--cov-fail-under=100",
                   "--cov-report=term-missing:skip-covered"),
            pytest("-n", "2", "tests/integration", *(f"--ignore={path}" for path in (*SHARING, *LEDGER))),
        ),
    ),
    Suite("journeys", (pytest("-n", "2", "--dist", "loadfile", "tests/journeys"),)),
    Suite("browser", (pytest("-n", "2", "--dist", "loadfile", "tests/browser"),)),
)  # fmt: skip

LONG = Suite("long", (pytest("-n", "2", "-m", "long", "tests"),))
PROVE = (TEST[0], LONG, *TEST[1:])


def main() -> int:
    """Run the suites named by the first word: `test` or `prove`."""
    wanted = sys.argv[1] if len(sys.argv) > 1 else "test"
    suites = PROVE if wanted == "prove" else TEST
    os.chdir(ROOT)
    environment = {**os.environ, "TZ": "UTC"}
    shutil.rmtree(RESULTS, ignore_errors=True)
    failed: list[str] = []
    seconds: dict[str, float] = {}
    for suite in suites:
        print(f"== {suite.name}", flush=True)
        began = time.monotonic()
        if not run_suite(suite, environment):
            failed.append(suite.name)
        seconds[suite.name] = round(time.monotonic() - began, 1)
        outcome = "failed" if suite.name in failed else "passed"
        print(f"== {suite.name}: {outcome} in {seconds[suite.name]} s", flush=True)
    print("Suites: " + ", ".join(f"{name} {took} s" for name, took in seconds.items()))
    print(f"{len(suites) - len(failed)} passed, {len(failed)} failed")
    if wanted == "prove" and not failed:
        write_evidence(seconds)
    return 1 if failed else 0


def run_suite(suite: Suite, environment: dict[str, str]) -> bool:
    """Run the commands of a suite until one fails; those with pages need a browser first."""
    if suite.name in ("browser", "long") and not prepare_browser(environment):
        return False
    for index, command in enumerate(suite.commands):
        words = [*command]
        if words[0].endswith("pytest"):
            words.append(f"--junit-xml={RESULTS / f'{suite.name}-{index}.xml'}")
        if subprocess.run(words, env=environment, check=False).returncode != 0:
            return False
    return True


def prepare_browser(environment: dict[str, str]) -> bool:
    """Find Chromium, or install it with a Japanese font where that is possible; one line if there is none."""
    found = os.environ.get("CHROMIUM") or find_chromium()
    if (found is None or not has_japanese_font()) and os.geteuid() == 0 and shutil.which("apt-get"):
        packages = ["chromium", "fonts-noto-cjk", "fontconfig"]
        for words in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
            subprocess.run(["apt-get", *words], stdout=subprocess.DEVNULL, check=False)
        found = found or find_chromium()
    if found is None:
        print("The browser suite needs Chromium: install it, or set CHROMIUM=/path/to/chromium.")
        return False
    environment["CHROMIUM"] = found
    return True


def find_chromium() -> str | None:
    """Return a Chromium on the path."""
    return next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


def has_japanese_font() -> bool:
    """Whether pages in Japanese can be drawn, as far as fontconfig knows."""
    if shutil.which("fc-list") is None:
        return False
    return bool(subprocess.run(["fc-list", ":lang=ja"], capture_output=True, check=False).stdout)


def write_evidence(seconds: dict[str, float]) -> None:
    """Write which commit the long proofs ran on, when, how many tests each suite ran, and how long it took."""
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
    tests = dict.fromkeys(seconds, 0)
    for result in RESULTS.glob("*.xml"):
        for counted in ElementTree.parse(result).iter("testsuite"):
            tests[result.stem.rpartition("-")[0]] += int(counted.attrib["tests"])
    document = {
        "commit": commit, "at": datetime.now(UTC).isoformat(timespec="seconds"), "tests": tests, "seconds": seconds,
    }  # fmt: skip
    EVIDENCE.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
