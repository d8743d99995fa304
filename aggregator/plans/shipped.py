"""The plans that come with the product, under ``api_specs/plans/``: what an officer may propose without writing one."""

from functools import cache
from importlib.resources import files

from aggregator.plans.document import Plan, read_plan


@cache
def shipped_plan(plan_id: str) -> Plan:
    """Return a shipped plan by its id; raises KeyError."""
    path = files("api_specs") / "plans" / f"{plan_id}.json"
    if plan_id not in SHIPPED:
        raise KeyError(plan_id)
    return read_plan(path.read_bytes())


SHIPPED = ("absence-2025",)
