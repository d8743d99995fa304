"""`manabi specs`: write the generated contracts and tables, or check that the committed ones are up to date."""

import argparse
import importlib
import json
import pkgutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from aggregator import settings as aggregator_settings
from aggregator.app import make_aggregator_app
from aggregator.server import Aggregator, Role
from consent.policy.loader import shipped_policy
from manabi import cli
from manabi.rules_doc import RULES_FILE, render_rules
from pds import settings as node_settings
from pds.access_log.entries import Act
from pds.app import make_node_app
from pds.node import Node
from trust.errors import ManabiError
from trust.keyring import FileKeyring
from web.clock import system_clock
from web.database import Database
from web.i18n import Locale, load_catalogues
from web.ruby import strip_readings
from web.settings import Variable
from web.shell import describe_interface

ROOT = Path(__file__).parents[1]
PACKAGES = ("consent", "trust", "web", "aggregator", "pds", "manabi")
OPENAPI = Path("api_specs/openapi/node.json")
AGGREGATOR_OPENAPI = Path("api_specs/openapi/aggregator.json")
REFERENCE = Path("docs/reference.md")

_UNCONNECTED = {
    "MANABI_NODE_ID": "specs",
    "MANABI_OPERATOR": "-",
    "MANABI_CONTACT": "-",
    "MANABI_PUBLIC_URL": "http://localhost:8400",
    "MANABI_DATABASE_URL": "postgresql+psycopg://nobody@/nowhere",
    "MANABI_JOBS_DATABASE_URL": "postgresql+psycopg://nobody@/nowhere",
    "MANABI_UPLOADS": "uploads",
    "MANABI_BROKER_URL": "memory://",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options."""
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a committed file is out of date")


def run(arguments: argparse.Namespace) -> int:
    """Write every generated file, or compare."""
    stale = []
    for path, render in GENERATED.items():
        text, target = render(), ROOT / path
        if arguments.check:
            if not target.exists() or target.read_text() != text:
                stale.append(str(path))
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
    if stale:
        print(f"Out of date: {', '.join(stale)}. Run `make specs`.")
    return 1 if stale else 0


def render_openapi() -> str:
    """Return the OpenAPI 3.1 description of the node's interface, made from the routes themselves."""
    with tempfile.TemporaryDirectory() as folder:
        keyring = FileKeyring.create(Path(folder) / "keyring", "specs")
        read = node_settings.read_settings({**_UNCONNECTED, "MANABI_KEYRING": folder})
        node = Node(read, Database(read.database_url), keyring, shipped_policy(), system_clock)
        described = describe_interface(make_node_app(node))
        keyring.close()
    return _written(described)


def render_aggregator_openapi() -> str:
    """Return the description of the leader's interface; the helper's is the part of it that both servers answer."""
    with tempfile.TemporaryDirectory() as folder:
        keyring = FileKeyring.create(Path(folder) / "keyring", "specs")
        said = {
            **_UNCONNECTED,
            "MANABI_AGGREGATOR_ID": "specs",
            "MANABI_AGGREGATOR_ROLE": Role.LEADER.value,
            "MANABI_KEYRING": folder,
            "MANABI_REGISTRAR_KEY": str(Path(folder) / "registrar.json"),
        }
        read = aggregator_settings.read_settings(said)
        leader = Aggregator(read, Database(read.database_url), keyring, system_clock, Role.LEADER)
        described = describe_interface(make_aggregator_app(leader))
        keyring.close()
    return _written(described)


def _written(described: dict[str, Any]) -> str:
    return json.dumps(described, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _settings_rows(variables: Sequence[Variable]) -> Iterator[str]:
    for one in variables:
        default = "required" if one.default is None else f"`{one.default}`"
        yield f"| `{one.name}` | {one.meaning} | {default} |"


def render_reference() -> str:
    """Return the reference: commands, settings, events of the log, and every error code with its sentences."""
    lines = [
        "# Reference",
        "",
        "Made by `make specs` from the code itself. How to use what stands here: [operations.md](operations.md).",
        "",
        "## Commands",
        "",
        *(f"- `manabi {words}`: {line}" for words, line in _commands()),
        "",
        "## Settings of a node",
        "",
        "| Variable | Meaning | Default |",
        "| --- | --- | --- |",
        *_settings_rows(node_settings.VARIABLES),
        "",
        "## Settings of a server of the national count",
        "",
        "| Variable | Meaning | Default |",
        "| --- | --- | --- |",
        *_settings_rows(aggregator_settings.VARIABLES),
        "",
        "## Events of the access log",
        "",
        *(f"- `{act.value}`" for act in Act),
        "",
        "## Error codes",
        "",
        "| Code | Status | Japanese | English |",
        "| --- | --- | --- | --- |",
        *_error_rows(),
    ]
    return "\n".join(lines) + "\n"


def all_errors() -> list[type[ManabiError]]:
    """Import every module of the product and return its error classes by code."""
    for package in PACKAGES:
        _import_below(package)
    found = {one for one in _below(ManabiError) if "code" in vars(one)}
    return sorted(found, key=lambda one: one.code)


def _import_below(package: str) -> None:
    for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
        if ".migrations." not in module.name and not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def _below(parent: type[ManabiError]) -> Iterator[type[ManabiError]]:
    for child in parent.__subclasses__():
        yield child
        yield from _below(child)


def _commands() -> Iterator[tuple[str, str]]:
    parser = cli.build_parser()
    for name, (_, line) in cli.COMMANDS.items():
        yield name, line
    tasks = next(action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    for name in ("node", "registrar", "aggregator"):
        for action in tasks.choices[name]._actions:
            if isinstance(action, argparse._SubParsersAction):
                for choice in action._choices_actions:
                    yield f"{name} {choice.dest}", choice.help or ""


def _error_rows() -> Iterator[str]:
    catalogues = load_catalogues([ROOT / package / "translations" for package in PACKAGES[:-1]])
    for error in all_errors():
        japanese = " ".join(
            strip_readings(catalogues.translate(Locale.JA, sentence)) for sentence in (error.title, error.remedy)
        )
        yield f"| `{error.code}` | {error.status} | {japanese} | {error.title} {error.remedy} |".replace("\n", " ")


GENERATED: dict[Path, Callable[[], str]] = {
    OPENAPI: render_openapi,
    AGGREGATOR_OPENAPI: render_aggregator_openapi,
    REFERENCE: render_reference,
    RULES_FILE.relative_to(ROOT) if RULES_FILE.is_absolute() else RULES_FILE: lambda: render_rules(shipped_policy()),
}
"""Every generated file and how it is made."""
