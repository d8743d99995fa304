"""`manabi sample`: a made-up municipality as files in real exchange formats, the same for the same seed."""

import argparse
from pathlib import Path

from manabi.sample.cast import CAST_SIZE
from manabi.sample.files import write_sample
from manabi.sample.world import MUNICIPALITIES, make_world, usual_schools

LEAST_LEARNERS = CAST_SIZE + 10
MOST_LEARNERS = 500_000
MOST_SCHOOLS = 90


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument(
        "--learners", type=_learners, default=300, metavar="N",
        help=f"children in school now, at least {LEAST_LEARNERS} (default 300)",
    )  # fmt: skip
    parser.add_argument(
        "--seed", type=int, default=2026, metavar="S", help="the same seed gives the same files (default 2026)"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write into; made if missing")
    parser.add_argument(
        "--schools-per-stage", type=_schools, default=None, metavar="K",
        help="elementary schools, and as many junior high schools (default: one pair per 900 children, at least 2)",
    )  # fmt: skip
    parser.add_argument(
        "--municipality", choices=MUNICIPALITIES, default=MUNICIPALITIES[0], help="which one (default: %(default)s)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Write the sample; returns 0."""
    schools = arguments.schools_per_stage or usual_schools(arguments.learners)
    world = make_world(arguments.learners, arguments.seed, schools, arguments.municipality)
    order = write_sample(world, arguments.out)
    print(
        f"Wrote {order['learners']} learners in {len(order['files'])} files to {arguments.out}; order: load_order.json"
    )
    return 0


def _learners(text: str) -> int:
    return _between(text, LEAST_LEARNERS, MOST_LEARNERS)


def _schools(text: str) -> int:
    return _between(text, 2, MOST_SCHOOLS)


def _between(text: str, least: int, most: int) -> int:
    if not text.isdecimal() or not least <= int(text) <= most:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least} to {most}")
    return int(text)
