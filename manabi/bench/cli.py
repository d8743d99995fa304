"""`manabi bench`: measure, state every figure with its bar, fail where one is missed."""

import argparse
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from manabi.bench.lines import Line

BENCHES = {
    "read": "manabi.bench.read",
    "token": "manabi.bench.token",
    "decide": "manabi.bench.decide",
    "dossier": "manabi.bench.dossier",
    "round": "manabi.bench.round",
    "accuracy": "manabi.bench.accuracy",
    "coverage": "manabi.bench.coverage",
    "report": "manabi.bench.report",
}
"""Each bench's module, which offers `measure(rounds) -> Sequence[Line]`."""

_ROOT = Path(__file__).parents[2]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options."""
    parser.add_argument("name", metavar="NAME", choices=(*BENCHES, "all"), help=f"{', '.join(BENCHES)} or all")
    parser.add_argument("--json", action="store_true", help="print one JSON object per line")
    parser.add_argument("--rounds", type=_positive, default=3, help="measured rounds (default: %(default)s)")


def run(arguments: argparse.Namespace) -> int:
    """Run one bench or all; the exit status is 1 if any figure missed its bar."""
    commit, cores = _commit(), len(os.sched_getaffinity(0))
    lines: list[Line] = []
    with _polite_end():
        for name in BENCHES if arguments.name == "all" else (arguments.name,):
            measured = import_module(BENCHES[name]).measure(arguments.rounds)
            lines.extend(measured)
            if arguments.json:
                for line in measured:
                    print(json.dumps(line.to_document(commit=commit, cores=cores)), flush=True)
    if not arguments.json:
        print(to_table(lines))
        print(f"commit {commit}, {cores} cores")
    for line in lines:
        if line.ok is None and line.peer is not None:
            unmeasured = f"{line.peer.name} was not measured; `make peers` installs it."
            print(f"not compared: {line.bench} {line.metric}: {unmeasured}", file=sys.stderr)
    return 1 if any(line.ok is False for line in lines) else 0


def to_table(lines: Sequence[Line]) -> str:
    """Return the figures for people to read."""
    words = {True: "met", False: "MISSED", None: "not compared"}
    rows = [("bench", "metric", "value", "unit", "bar", "", "peer", "n")]
    for line in lines:
        rows.append(
            (
                line.bench,
                line.metric,
                "-" if line.value is None else f"{line.value:.2f}",
                line.unit,
                "" if line.bar is None else str(line.bar),
                "" if line.bar is None else words[line.ok],
                "" if line.peer is None else f"{line.peer.name} {line.peer.version or '(not installed)'}",
                str(line.n),
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


@contextmanager
def _polite_end() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end a bench as Ctrl-C does: what it started is stopped and removed."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _commit() -> str:
    def git(*words: str) -> str:
        done = subprocess.run(  # noqa: S603 — fixed words
            ["git", "-C", str(_ROOT), *words],  # noqa: S607 — whichever git the developer uses
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    try:
        changed = "+changes" if git("status", "--porcelain", "--untracked-files=no") else ""
        return git("rev-parse", "--short=12", "HEAD") + changed
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("expected 1 or more")
    return number
