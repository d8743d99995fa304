"""The plan that the walk 'count' proposes: the shipped one, with what a demo of a hundred nodes needs."""

import json
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any, Final

Document = dict[str, Any]

FLOOR: Final = 2
"""Nodes that have to report of a prefecture; the demo has two or three in nearly all of them."""


def shipped_plan_for_the_demo() -> Document:
    """Return the shipped plan on long absence with the demo's floor and a schedule that begins now."""
    plan: Document = json.loads((files("api_specs") / "plans" / "absence-2025.json").read_text("utf-8"))
    now = datetime.now(UTC).replace(microsecond=0)
    schedule = {"opens_at": _instant(now - timedelta(minutes=1)), "closes_at": _instant(now + timedelta(days=30))}
    return {**plan, "floor": FLOOR, "schedule": schedule}


def words_of(plan: Document) -> int:
    """Return the words of a submission with one establisher and one prefecture: stage totals and base cells."""
    codes = {one["id"]: len(one.get("codes") or one["groups"]) for one in plan["dimensions"]}
    base = 1
    for one in plan["dimensions"]:
        base *= codes[one["id"]] if "of" not in one else 1
    within = 0
    for table in plan["tables"]["establisher"]:
        size = 1
        for name in table["dimensions"]:
            size *= codes[name]
        within += size
    return within + base


def _instant(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
