"""The command line: one program, one word per task, one-line errors."""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from trust.errors import ManabiError

COMMANDS = {
    "demo": ("manabi.demo.cli", "start a whole node with a made-up municipality, or check that one works"),
    "node": ("manabi.node", "run and look after one node: serve, work, migrate, import, invite, erase, rotate"),
    "fleet": ("manabi.demo.fleet", "report to the national count for the demo's hundred made-up municipalities"),
    "aggregator": (
        "manabi.aggregator",
        "run one server of the national count: serve, work, migrate, invite, join-request, registry-install",
    ),
    "registrar": ("manabi.registrar", "keep the participant registry: admit, remove, renew"),
    "sample": ("manabi.sample.cli", "write a made-up municipality as files in real exchange formats"),
    "verify": ("manabi.verify", "check a downloaded access log or a receipt without any server"),
    "bench": ("manabi.bench.cli", "measure, one JSON object per line"),
    "specs": ("manabi.specs", "write the generated contracts and tables anew"),
}
"""Each command's module, which offers `add_arguments(parser)` and `run(arguments)`, and its line of help."""


def build_parser(only: str | None = None) -> argparse.ArgumentParser:
    """Return the parser; with `only`, just that command's module is imported, so that help stays quick."""
    parser = argparse.ArgumentParser(
        prog="manabi", description="まなびの記録: a personal data store for a child's learning record, and its tools."
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, (module_name, line) in COMMANDS.items():
        command = commands.add_parser(name, help=line, description=line[0].upper() + line[1:] + ".")
        if only is None or only == name:
            import_module(module_name).add_arguments(command)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; a failure is one line that says what to do, and exit status 1 (2 for wrong words)."""
    words = list(sys.argv[1:] if argv is None else argv)
    only = words[0] if words and words[0] in COMMANDS else None
    arguments = build_parser(only or "").parse_args(words)
    try:
        status: int = import_module(COMMANDS[arguments.command][0]).run(arguments)
    except ManabiError as error:
        print(f"manabi {arguments.command}: {error} [{error.code}]", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return status
