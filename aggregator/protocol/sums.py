"""Adding up: what each server computes from its own shares, and how two halves become a total.

A server's half of a total is masked by the other's half. Above the node both halves also carry noise before either
leaves its server: its own whole noise (``servers``), or the shares of the seats' noise (``committee``). Only a half
with its noise is ever stored, sent or added to another.
"""

from collections.abc import Iterable, Mapping, Sequence

from aggregator.plans.cells import base_cells, project
from aggregator.plans.model import Level, Plan
from aggregator.protocol.layout import most_exact, parts, width_of
from aggregator.protocol.messages import SubmissionHeader
from aggregator.protocol.ring import MOST_SUBMISSION, VectorBroken, Words, add, signed, to_words
from aggregator.protocol.totals import TotalSpec


def total(plan: Plan, spec: TotalSpec, submissions: Iterable[tuple[SubmissionHeader, Words]]) -> Words:
    """Return one server's half of a total, without noise: the sum of its words over the nodes of the total.

    ``submissions`` are the headers on the list with this server's words; those of other nodes are passed over. Raises
    VectorBroken if a node of the total is missing, so that a half is never of fewer nodes than it says.
    """
    return halves(plan, [spec], submissions)[spec]


def halves(
    plan: Plan, specs: Sequence[TotalSpec], submissions: Iterable[tuple[SubmissionHeader, Words]]
) -> dict[TotalSpec, Words]:
    """Return one server's halves of many totals, as ``total`` gives each. A node may stand in ``submissions`` once."""
    cut: dict[str, dict[tuple[Level, str], Words]] = {}
    for header, words in submissions:
        layout = parts(plan, header.areas, header.prefectures)
        if words.shape != (layout.length,) or header.node in cut:
            raise VectorBroken
        cut[header.node] = {(one.level, one.area): words[one.start : one.stop] for one in layout.parts}
    return {spec: _half(plan, spec, cut) for spec in specs}


def _half(plan: Plan, spec: TotalSpec, cut: Mapping[str, Mapping[tuple[Level, str], Words]]) -> Words:
    found: list[Words] = []
    for node in spec.nodes:
        own = [each for key, each in cut.get(node, {}).items() if _belongs(spec, *key)]
        if not own:
            raise VectorBroken
        found += own
    if spec.level is Level.ESTABLISHER:
        return add(found, width_of(plan, spec.level))
    return project(plan, spec.level, add(found, len(base_cells(plan))))


def _belongs(spec: TotalSpec, level: Level, area: str) -> bool:
    if spec.level is Level.NATION:
        return level is Level.PREFECTURE
    return (level, area) == (spec.level, spec.area)


def with_noise(half: Words, noise: Sequence[int]) -> Words:
    """Return a half with a server's own whole noise; raises ValueRefused, VectorBroken."""
    return add([half, to_words(noise)], len(half))


def with_seats(half: Words, shares: Iterable[Words]) -> Words:
    """Return a half with its shares of the seats' noise; raises VectorBroken."""
    return add([half, *shares], len(half))


def opened(leader: Words, helper: Words) -> list[int]:
    """Return the total that two halves make; raises VectorBroken if they are of different length."""
    return signed(add([leader, helper], len(leader)))


def in_range(plan: Plan, spec: TotalSpec, values: Sequence[int]) -> bool:
    """Return whether a total can be true: beyond it somebody added what no honest node and no noise adds.

    The slack for noise, 2^46, is the bound of ``ring``; the range is far inside 2^63, so nothing here has wrapped.
    """
    most = min(most_exact(plan) * len(base_cells(plan)) * 47, MOST_SUBMISSION) * len(spec.nodes)
    return all(-MOST_SUBMISSION <= one <= most + MOST_SUBMISSION for one in values)
