"""The noise of cells that lie wholly inside one node: drawn once for each (plan, round, cell), and kept until closing.

Were it drawn anew for a mended submission, two submissions of one round would together say more than the ledger was
charged for. A cell of an area that came later, with a corrected roster, gets its own first draw.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from aggregator.plans.model import Level, Plan
from aggregator.plans.sensitivity import sensitivity_squared
from aggregator.privacy.accounting import sigma_squared
from aggregator.protocol.layout import width_of
from aggregator.reporter.errors import NoiseUnfit
from trust.framing import canonical_json

Draw = Callable[[Fraction, int], list[int]]
"""Draws so many discrete Gaussians of this variance, from the operating system's randomness."""

_FORMAT: Final = "manabi-kept-noise/1"


@dataclass(frozen=True, slots=True)
class KeptNoise:
    """Noise by establisher area, one number per cell of the plan's establisher tables. Never printed."""

    plan_digest: bytes
    areas: Mapping[str, tuple[int, ...]] = field(repr=False)

    def to_bytes(self) -> bytes:
        """Return what is sealed and kept."""
        areas = {code: list(values) for code, values in self.areas.items()}
        return canonical_json({"format": _FORMAT, "plan": self.plan_digest.hex(), "areas": areas})

    @classmethod
    def from_bytes(cls, raw: bytes) -> "KeptNoise":
        """Read what `to_bytes` made; raises NoiseUnfit."""
        try:
            said = json.loads(raw)
            if said["format"] != _FORMAT:
                raise NoiseUnfit
            return cls(bytes.fromhex(said["plan"]), {code: tuple(values) for code, values in said["areas"].items()})
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise NoiseUnfit from error


def node_sigma_squared(plan: Plan) -> Fraction:
    """Return the variance of the noise of one establisher cell: Δ²/2ρ of the establishers' part of the budget."""
    return sigma_squared(sensitivity_squared(plan, Level.ESTABLISHER), plan.units[Level.ESTABLISHER])


def complete(plan: Plan, establishers: tuple[str, ...], draw: Draw, kept: KeptNoise | None) -> KeptNoise:
    """Return noise for all cells of some areas: what is kept as it is, what is missing drawn now; raises NoiseUnfit."""
    cells = width_of(plan, Level.ESTABLISHER)
    areas = {} if kept is None else dict(kept.areas)
    if kept is not None and kept.plan_digest != plan.digest:
        raise NoiseUnfit
    if any(len(values) != cells or any(type(one) is not int for one in values) for values in areas.values()):
        raise NoiseUnfit
    missing = [code for code in establishers if code not in areas]
    if missing and cells:
        drawn = draw(node_sigma_squared(plan), cells * len(missing))
        if len(drawn) != cells * len(missing):
            raise NoiseUnfit
        for number, code in enumerate(missing):
            areas[code] = tuple(drawn[number * cells : (number + 1) * cells])
    else:
        areas.update(dict.fromkeys(missing, ()))
    return KeptNoise(plan.digest, areas)
