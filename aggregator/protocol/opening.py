"""Putting two servers' halves together: once for each total, for the closed list only, and only where it may be opened.

Everything up to here was random-looking to each server alone. From here on a total is known with its noise, and every
later step looks at noisy numbers only.
"""

from collections.abc import Mapping, Sequence

from aggregator.plans.model import Level, Plan
from aggregator.protocol import consistency, seating, sums
from aggregator.protocol.layout import width_of
from aggregator.protocol.shares import Side
from aggregator.protocol.statements import NoiseFrom, Opening, Seating, ServerSums
from aggregator.protocol.totals import TotalSpec, Withheld
from aggregator.protocol.wire import StatementRefused


def require_sums(sent: ServerSums, side: Side, settled: Seating) -> None:
    """Check that the other server's halves are of this seating and of all its totals; raises StatementRefused."""
    if (sent.round_id, sent.side, sent.seating) != (settled.round_id, side, settled.digest):
        raise StatementRefused(reason="halves of another round, side or seating")
    if [(one.level, one.area) for one in sent.sums] != [(one.level, one.area) for one in settled.totals]:
        raise StatementRefused(reason="halves of other totals than were settled")


def open_totals(
    plan: Plan, announced: Opening, specs: Sequence[TotalSpec], settled: Seating, leader: ServerSums, helper: ServerSums
) -> dict[TotalSpec, list[int] | Withheld]:
    """Return every total of a round, or why it is withheld. Raises StatementRefused, VectorBroken.

    A total that stays shut for a reason known beforehand has no halves. One that is out of any possible range, or does
    not agree with its establishers' noisy figures, is withheld after opening; what was spent on it stays spent.
    """
    require_sums(leader, Side.LEADER, settled)
    require_sums(helper, Side.HELPER, settled)
    mine, theirs = ({(one.level, one.area): one for one in each.sums} for each in (leader, helper))
    found: dict[TotalSpec, list[int]] = {}
    for spec in specs:
        if spec.withheld is None:
            place, n = (spec.level, spec.area), width_of(plan, spec.level)
            found[spec] = sums.opened(mine[place].words(n), theirs[place].words(n))
    result: dict[TotalSpec, list[int] | Withheld] = {}
    for spec in specs:
        why = spec.withheld
        if why is None:
            noise = settled.of(spec.level, spec.area).noise
            why = judge(plan, announced, specs, spec, noise, found)
        result[spec] = found[spec] if why is None else why
    return result


def judge(
    plan: Plan, announced: Opening, specs: Sequence[TotalSpec], spec: TotalSpec, noise: NoiseFrom,
    found: Mapping[TotalSpec, Sequence[int]],
) -> Withheld | None:  # fmt: skip
    """Return why an opened total is not published; None if it is.

    ``specs`` are all totals of the round, ``found`` those that were put together; ``noise``: who added it to this one.
    """
    values = found[spec]
    if not sums.in_range(plan, spec, values):
        return Withheld.INCONSISTENT
    below = consistency.comparable(spec, specs)
    fits = not below or consistency.agrees(
        plan, spec, values, {one.area: found[one] for one in below},
        variance=seating.variance_of(plan, spec.level, noise, announced.roster),
        establisher_variance=seating.variance_of(plan, Level.ESTABLISHER, NoiseFrom.NODE, announced.roster),
    )  # fmt: skip
    return None if fits else Withheld.INCONSISTENT
