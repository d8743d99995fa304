"""Collection plans for tests: the shipped one with some places changed."""

import json
from typing import Any

from aggregator.plans.document import Plan, read_plan
from aggregator.plans.shipped import shipped_plan

Document = dict[str, Any]


def plan_document(**changes: object) -> Document:
    """Return the shipped plan as JSON; a name such as `budget__units__nation` leads to a place inside."""
    document: Document = json.loads(shipped_plan("absence-2025").to_bytes())
    for path, value in changes.items():
        *way, last = path.split("__")
        place = document
        for step in way:
            place = place[step]
        place[last] = value
    return document


def plan_bytes(**changes: object) -> bytes:
    """Return the bytes of a changed plan, as an officer would hand them in."""
    return json.dumps(plan_document(**changes), ensure_ascii=False).encode()


def make_plan(**changes: object) -> Plan:
    """Return a changed plan that was read."""
    return read_plan(plan_bytes(**changes))


def plan_of_units(name: str, units: int, school_year: int = 2025) -> Plan:
    """Return a plan that costs so many picorho; what it counts does not matter."""
    thirds = {"nation": units - 2 * (units // 3), "prefecture": units // 3, "establisher": units // 3}
    year = {"attributed_at": f"{school_year + 1}-03-30T15:00:00Z", "school_year": school_year}
    dates = {"opens_at": f"{school_year + 1}-04-14T15:00:00Z", "closes_at": f"{school_year + 2}-03-31T15:00:00Z"}
    return make_plan(plan_id=name, budget__units=thirds, budget__share={"parts": 1, "of": 1}, schedule=dates, **year)
