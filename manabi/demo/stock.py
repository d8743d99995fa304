"""What the demo holds: made-up municipalities, imported like any other, and a sign-in per role."""

import json
import secrets
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from manabi.check.enrolment import redeem_family_code
from manabi.demo.folder import NodeFolder
from manabi.demo.nodes import FAMILY, DemoNode
from manabi.node import import_file, invite, jobs_node
from pds.node import Node
from pds.settings import NodeSettings

SignIns = dict[str, dict[str, str]]
"""Role -> name and password (families) or enrolment code (staff), and the person's name."""


@dataclass(frozen=True, slots=True)
class Size:
    """How large the municipality is: learners, schools per stage, and the seed everything is made from."""

    learners: int
    schools_per_stage: int
    seed: int


def load(
    demo_node: DemoNode,
    folder: NodeFolder,
    settings: NodeSettings,
    *,
    size: Size,
    say: Callable[[str], None],
) -> None:
    """Make the sample, import its files in order, and give every role a way to sign in."""
    learners = demo_node.learners or size.learners
    say(f"Making up a municipality of {learners} learners for {demo_node.operator} …")
    _make_sample(demo_node, folder.sample, size, learners)
    order = json.loads((folder.sample / "load_order.json").read_text())
    wanted = [part for part in order["files"] if not demo_node.kinds or part["kind"] in demo_node.kinds]
    with jobs_node(settings) as node:
        for index, part in enumerate(wanted, start=1):
            say(f"Importing {part['file']} for {demo_node.operator} ({index} of {len(wanted)}) …")
            import_file(node, folder.sample / part["file"])
        _keep(folder, make_sign_ins(demo_node, node, settings.public_url, order["people"]))


def make_sign_ins(demo_node: DemoNode, node: Node, url: str, people: Mapping[str, Any]) -> SignIns:
    """Return a name and password per family role, and an enrolment code per staff role.

    Families redeem their codes through the pages, as anybody does; staff codes are left for whoever tries the demo.
    """
    sign_ins: SignIns = {}
    for role, person in demo_node.roles.items():
        if role not in FAMILY:
            continue
        code = invite(node, FAMILY[role], people[person]["sourcedId"], now=node.clock())
        password = secrets.token_urlsafe(12)
        redeem_family_code(url, code, role, password)
        sign_ins[role] = {"name": role, "password": password, "display": people[person]["name"]}
    return sign_ins | _issue_staff_codes(demo_node, node, people)


def renew_staff_codes(demo_node: DemoNode, folder: NodeFolder, settings: NodeSettings) -> None:
    """Issue new codes for the staff roles: each works once, so every start of the demo prints fresh ones."""
    people = json.loads((folder.sample / "load_order.json").read_text())["people"]
    with jobs_node(settings) as node:
        _keep(folder, read_sign_ins(folder) | _issue_staff_codes(demo_node, node, people))


def read_sign_ins(folder: NodeFolder) -> SignIns:
    """Return what was kept for the demo to print."""
    kept: SignIns = json.loads(folder.sign_ins.read_text())
    return kept


def _issue_staff_codes(demo_node: DemoNode, node: Node, people: Mapping[str, Any]) -> SignIns:
    return {
        role: {
            "code": invite(node, "staff", people[person]["sourcedId"], now=node.clock()),
            "display": people[person]["name"],
        }
        for role, person in demo_node.roles.items()
        if role not in FAMILY
    }


def _keep(folder: NodeFolder, sign_ins: SignIns) -> None:
    folder.sign_ins.touch(mode=0o600)
    folder.sign_ins.write_text(json.dumps(sign_ins, ensure_ascii=False, indent=1))


def _make_sample(demo_node: DemoNode, folder: Path, size: Size, learners: int) -> None:
    subprocess.run(  # noqa: S603 — our own program, no shell
        [
            sys.executable, "-m", "manabi", "sample", "--learners", str(learners),
            "--seed", str(size.seed + demo_node.seed), "--municipality", demo_node.municipality,
            "--schools-per-stage", str(demo_node.schools or size.schools_per_stage), "--out", str(folder),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
