"""`manabi demo`: two made-up municipalities and the national count, here; with --check, a walk through them."""

import argparse
import json
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Final

from manabi.check import scenarios
from manabi.check.count_plan import shipped_plan_for_the_demo
from manabi.check.scenarios import Place
from manabi.demo import supervisor
from manabi.demo.fleet_nodes import fleet_nodes
from manabi.demo.fleet_source import truth
from manabi.demo.folder import BASE_PORT, DemoFolder
from manabi.demo.nodes import LEADER
from manabi.demo.stock import Size
from manabi.sample.municipalities import municipalities

_WITH_RECORDS: Final = frozenset({"20", "33"})
"""The prefectures in which the two municipalities with records report beside the fleet."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options."""
    parser.add_argument(
        "--folder", type=Path, default=Path(".demo"), help="where the demo lives (default: %(default)s)"
    )
    parser.add_argument("--port", type=int, default=BASE_PORT, help="first port of the block (default: %(default)s)")
    parser.add_argument("--fresh", action="store_true", help="start over: remove the demo's data first")
    parser.add_argument("--learners", type=int, default=300, help="size of the municipality (default: %(default)s)")
    parser.add_argument("--schools-per-stage", type=int, default=2, help="schools per stage (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=2026, help="the same seed makes the same people")
    parser.add_argument("--nodes-only", action="store_true", help="leave out the national count and its fleet")
    parser.add_argument("--check", action="store_true", help="start a temporary demo, walk through it, remove it")
    parser.add_argument(
        "--scenario",
        action="append",
        choices=scenarios.SCENARIOS,
        help=f"what --check walks; may be given again for a second walk (default: {scenarios.SCENARIOS[0]})",
    )
    parser.add_argument("--json", action="store_true", help="with --check: print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Run the demo until Ctrl-C, or the check to its end."""
    size = Size(arguments.learners, arguments.schools_per_stage, arguments.seed)
    if arguments.check:
        return _check(arguments, size)
    folder = DemoFolder(arguments.folder.resolve())
    if arguments.fresh:
        with folder.held():
            pass
        folder.remove()
    stopping = threading.Event()
    supervisor.stop_on_signals(stopping)
    began = time.monotonic()
    try:
        with supervisor.running(
            folder, port=arguments.port, size=size, say=_say, stopping=stopping, national=not arguments.nodes_only
        ) as (demo, watch):
            _welcome(demo, time.monotonic() - began)
            watch()
            _say("Stopping …")
    except supervisor.DemoStopped as stopped:
        _say(stopped.title)
    _say("Stopped. Everything is kept; `manabi demo --fresh` starts over.")
    return 0


def _check(arguments: argparse.Namespace, size: Size) -> int:
    began = time.monotonic()
    stopping = threading.Event()
    wanted = arguments.scenario or scenarios.SCENARIOS[:1]
    national = not scenarios.NATIONAL.isdisjoint(wanted)
    with tempfile.TemporaryDirectory(prefix="manabi-check-") as temporary:
        folder = DemoFolder(Path(temporary).resolve() / "demo")
        say = _say_aside if arguments.json else _say
        try:
            with supervisor.running(
                folder, port=arguments.port, size=size, say=say, stopping=stopping, national=national
            ) as (demo, watch):
                watcher = threading.Thread(target=watch)
                watcher.start()
                try:
                    report = scenarios.run(wanted, _places(demo, size.seed, national=national))
                finally:
                    stopping.set()
                    watcher.join()
        finally:
            folder.remove()
    document = {**report.to_document(), "seconds_in_all": round(time.monotonic() - began, 2)}
    if arguments.json:
        print(json.dumps(document, ensure_ascii=False))
    else:
        print(report.to_text())
    return 0 if report.ok else 1


def _places(demo: supervisor.Demo, seed: int, *, national: bool) -> dict[str, Place]:
    """Return what an outside client is told: addresses and sign-ins; for the count also what a national analyst has.

    That is the registrar's document with its keys, the key of one municipality, whose operator the client plays, and
    how many children there really are in the prefectures where every child is made up by the fleet.
    """
    places = {name: Place(one.url, one.sign_ins) for name, one in demo.nodes.items()}
    if national:
        registrar = {
            "keys": (demo.folder.registrar / "registrar.jwks.json").read_text(),
            "document": (demo.folder.registrar / "registry.jws").read_text().strip(),
        }
        places["registrar"] = Place("", {"registry": registrar})
        node = fleet_nodes(demo.folder.fleet)[0]
        known = {"id": node.node_id, "board": node.municipality.code, "pem": node.node_key.to_pem().decode()}
        cells = {
            prefecture: json.dumps({"/".join(codes): number for codes, number in counted.items()})
            for prefecture, counted in truth(seed).items()
            if prefecture not in _WITH_RECORDS
        }
        places["fleet"] = Place("", {"node": known, "truth": cells})
    return places


def _welcome(demo: supervisor.Demo, seconds: float) -> None:
    lines = ["", f"  まなびの記録 is ready after {seconds:.1f} s. All people are made up.", ""]
    for running in demo.nodes.values():
        families = [(role, one) for role, one in running.sign_ins.items() if "password" in one]
        staff = [(role, one) for role, one in running.sign_ins.items() if "code" in one]
        lines.append(f"  {running.service.operator}  {running.url}")
        if families:
            lines.append("    Families sign in with name and password:")
            lines += [
                f"      {role:<20}{one['name']:<16}{one['password']}    {one['display']}" for role, one in families
            ]
        lines.append(f"    Staff open {running.url}/enrol with a single-use code and register a passkey:")
        lines += [f"      {role:<20}{one['code']}    {one['display']}" for role, one in staff]
        lines.append("")
    if LEADER.name in demo.nodes:
        lines += _invite_to_count(demo)
    print("\n".join([*lines, "  Ctrl-C stops everything; the data stay.", ""]), flush=True)


def _invite_to_count(demo: supervisor.Demo) -> list[str]:
    """Write down a plan that fits the demo, with few nodes in a prefecture, and say what to do with it."""
    plan = demo.folder.path / "plan.json"
    plan.write_text(json.dumps(shipped_plan_for_the_demo(), ensure_ascii=False, indent=1) + "\n")
    leader = demo.nodes[LEADER.name].url
    return [
        f"  {len(municipalities())} made-up municipalities wait for a national count.",
        f"    planner, {leader}/officers: propose the file {plan}",
        "    officer_one, officer_two: approve it, open a round; when all have reported, close it",
        f"    anybody: {leader}/ shows the figures some seconds later",
        "",
    ]


def _say(line: str) -> None:
    print(line, flush=True)


def _say_aside(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
