"""The outside judge is exactly what was locked, and nothing of it runs while it is installed."""

import json
import sys
from pathlib import Path

from tests.judges import program

LOCKED = Path(program.__file__).parent


def test_the_judge_is_pinned_with_hashes_and_without_the_address_it_came_from() -> None:
    wanted = json.loads((LOCKED / "package.json").read_text())["dependencies"]
    packages = json.loads((LOCKED / "package-lock.json").read_text())["packages"]
    assert all(version[0].isdigit() for version in wanted.values()), "pin exact versions"
    locked = {name: package for name, package in packages.items() if name}
    assert {f"node_modules/{name}" for name in wanted} < set(locked)
    for name, package in locked.items():
        assert "resolved" not in package, name
        assert package["integrity"].startswith("sha512-"), name
        assert not package.get("hasInstallScript"), name


def test_node_js_comes_from_the_pinned_wheel() -> None:
    node, npm = program.node_js()
    assert node.is_file()
    assert npm.is_file()
    assert node.is_relative_to(Path(sys.prefix))
