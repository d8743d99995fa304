"""The demo walks through itself, and tells a program how it went."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.journeys.conftest import PORT


def test_the_check_walks_all_journeys_as_an_outside_client(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "manabi", "demo", "--check", "--json", "--port", str(PORT), "--scenario", "look-back",
         "--scenario", "move", "--scenario", "count"],
        capture_output=True, text=True, check=False, env={**os.environ, "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    assert done.stdout.count("\n") == 1, done.stderr[-2000:]
    report = json.loads(done.stdout)
    assert report["scenario"] == "look-back, move, count"
    assert report["ok"], [step for step in report["steps"] if not step["ok"]]
    assert done.returncode == 0
    assert list(tmp_path.iterdir()) == []
