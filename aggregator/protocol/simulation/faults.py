"""What goes wrong in a simulated round, who has which keys, and what comes out in the end."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic

from aggregator.plans.model import Plan
from aggregator.protocol.shares import Side
from aggregator.protocol.simulation.nodes import Facts
from aggregator.protocol.simulation.servers import Open
from aggregator.protocol.statements import Closing, Opening, Seating, ServerSums
from aggregator.protocol.totals import TotalSpec, Withheld
from trust.keys import Key
from trust.signing import SigningKey


class Stopped(Exception):
    """A party was stopped at a step; what it had not kept is gone."""


@dataclass(frozen=True, slots=True)
class Identities:
    """The keys of everybody, so that two runs can have the same ones."""

    servers: Mapping[Side, SigningKey]
    open: Mapping[Side, Open]
    nodes: Mapping[str, Sequence[Key]]
    codes: Mapping[str, Collection[str]]


@dataclass(frozen=True, slots=True)
class Faults(Generic[Facts]):
    """What goes wrong in a round.

    ``crashes``: (party, step), each once · ``resend``: nodes that send everything twice · ``mended``: nodes that send
    corrected facts under a new sequence · ``mended_at_one``: such whose correction reaches one server only ·
    ``one_sided``: nodes whose only submission reaches one server · ``dropped``: nodes that send nothing · ``late``:
    nodes that send when the list is fixed · ``silent``: whether a seat stays silent at an attempt · ``replay``: who
    sends whose header under their own name.
    """

    crashes: frozenset[tuple[str, str]] = frozenset()
    resend: frozenset[str] = frozenset()
    mended: Mapping[str, Facts] = field(default_factory=dict)
    mended_at_one: Mapping[str, tuple[Facts, Side]] = field(default_factory=dict)
    one_sided: Mapping[str, Side] = field(default_factory=dict)
    dropped: frozenset[str] = frozenset()
    late: frozenset[str] = frozenset()
    silent: Callable[[int, str], bool] = lambda _attempt, _node: False
    replay: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Spent:
    """A line of the simulated ledger: charged to every child of the round's nodes."""

    round_id: str
    server: str
    units: int
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """A round that is over."""

    opening: Opening
    closing: Closing
    specs: tuple[TotalSpec, ...]
    seating: Seating
    sums: Mapping[Side, ServerSums]
    totals: Mapping[TotalSpec, list[int] | Withheld]
    areas: frozenset[str]
    """Establishers that were reported, opened or not."""


def units_by_node(plan: Plan, outcomes: Sequence[Outcome]) -> dict[str, int]:
    """Return what was really opened about a child of each node, in picorho: for holding against the ledger.

    A child counts in one establisher and one prefecture of its node, so a level costs it once a round, however many
    areas of that level the node reports for.
    """
    found: dict[str, int] = {}
    for outcome in outcomes:
        opened = {
            (node, spec.level)
            for spec, values in outcome.totals.items()
            if values not in (Withheld.SPLIT, Withheld.BELOW_FLOOR)
            for node in spec.nodes
        }
        for node, level in opened:
            found[node] = found.get(node, 0) + plan.units[level]
    return found
