"""How far one child can move the figures of a level: computed from the plan, never typed in."""

from aggregator.plans.model import Level, Plan


def sensitivity_squared(plan: Plan, level: Level) -> int:
    """Return the largest squared Euclidean distance between a level's vectors with and without one child.

    A child moves at most ``cells_per_child`` base cells by at most ``per_cell`` each. In a coarser table they may fall
    into one cell, so a table moves by at most their sum; tables add up because each of them carries the child.
    """
    most = plan.bounds.cells_per_child * plan.bounds.per_cell
    return len(plan.tables[level]) * most * most
