"""What the demo holds: a made-up municipality, imported like any other, and a sign-in per role."""

import json
import secrets
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from manabi.check.enrolment import redeem_family_code
from manabi.demo.folder import DemoFolder
from manabi.node import import_file, invite, jobs_node
from pds.node import Node
from pds.settings import NodeSettings

FAMILY_ROLES = {"student": "learner", "guardian": "carer"}
STAFF_ROLES = ("teacher", "clerk", "nurse_teacher", "principal", "board_officer", "operator")


@dataclass(frozen=True, slots=True)
class Size:
    """How large the municipality is: learners, schools per stage, and the seed everything is made from."""

    learners: int
    schools_per_stage: int
    seed: int


def load(folder: DemoFolder, settings: NodeSettings, url: str, *, size: Size, say: Callable[[str], None]) -> None:
    """Make the sample, import its files in order, and give every role a way to sign in."""
    say(f"Making up a municipality of {size.learners} learners …")
    _make_sample(folder.sample, size)
    order = json.loads((folder.sample / "load_order.json").read_text())
    with jobs_node(settings) as node:
        for index, part in enumerate(order["files"], start=1):
            say(f"Importing {part['file']} ({index} of {len(order['files'])}) …")
            import_file(node, folder.sample / part["file"])
        sign_ins = make_sign_ins(node, url, order["people"])
    _keep(folder, sign_ins)


def make_sign_ins(node: Node, url: str, people: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Return a name and password per family role, and an enrolment code per staff role.

    Families redeem their codes through the pages, as anybody does; staff codes are left for whoever tries the demo.
    """
    sign_ins: dict[str, dict[str, str]] = {}
    for role, kind in FAMILY_ROLES.items():
        code = invite(node, kind, people[role]["sourcedId"], now=node.clock())
        password = secrets.token_urlsafe(12)
        redeem_family_code(url, code, role, password)
        sign_ins[role] = {"name": role, "password": password, "display": people[role]["name"]}
    return sign_ins | _issue_staff_codes(node, people)


def renew_staff_codes(folder: DemoFolder, settings: NodeSettings) -> None:
    """Issue new codes for the staff roles: each works once, so every start of the demo prints fresh ones."""
    people = json.loads((folder.sample / "load_order.json").read_text())["people"]
    sign_ins = json.loads(folder.sign_ins.read_text())
    with jobs_node(settings) as node:
        _keep(folder, sign_ins | _issue_staff_codes(node, people))


def _issue_staff_codes(node: Node, people: dict[str, Any]) -> dict[str, dict[str, str]]:
    return {
        role: {
            "code": invite(node, "staff", people[role]["sourcedId"], now=node.clock()),
            "display": people[role]["name"],
        }
        for role in STAFF_ROLES
    }


def _keep(folder: DemoFolder, sign_ins: dict[str, dict[str, str]]) -> None:
    folder.sign_ins.touch(mode=0o600)
    folder.sign_ins.write_text(json.dumps(sign_ins, ensure_ascii=False, indent=1))


def _make_sample(folder: Path, size: Size) -> None:
    subprocess.run(  # noqa: S603 — our own program, no shell
        [
            sys.executable, "-m", "manabi", "sample", "--learners", str(size.learners), "--seed", str(size.seed),
            "--schools-per-stage", str(size.schools_per_stage), "--out", str(folder),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
