"""The tree as the guards see it: packages, modules and their syntax."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("consent", "trust", "web", "aggregator", "pds", "manabi", "api_specs")


def modules(*packages: str) -> Iterator[Path]:
    """Every Python module of some packages, all of the product's by default."""
    for package in packages or PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


@cache
def parse(path: Path) -> ast.Module:
    """A module's syntax tree."""
    return ast.parse(path.read_text(), filename=str(path))


def imported(path: Path) -> set[str]:
    """Names of the modules that a module imports itself."""
    found: set[str] = set()
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def name(path: Path) -> str:
    """A path as it is written in messages and lists of exceptions."""
    return str(path.relative_to(ROOT))
