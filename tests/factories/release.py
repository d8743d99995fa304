"""A release by the real builder from made-up counts: a seed gives truth and noise, so the bytes are always the same."""

import json
import random
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID

from aggregator.estimation.opened import Opened
from aggregator.plans.cells import base_cells, members
from aggregator.plans.model import Level, Plan
from aggregator.plans.shipped import shipped_plan
from aggregator.privacy.distribution import Noise
from aggregator.protocol.seating import sigma_squared_of
from aggregator.query.areas import NATION, prefectures
from aggregator.releases.document import CarriedOut, Reported, build

RELEASED_AT = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
BELOW_FLOOR = "32"
"""The prefecture of the made-up release that too few nodes reported for."""
TOWNS = ("みらい市", "あさひ町", "はるか市", "ひかり村", "わかば市", "みどり町")
PLAN = "absence-2025"
_WEIGHT = {"P1": 2, "P2": 3, "P3": 4, "P4": 5, "P5": 6, "P6": 8, "J1": 13, "J2": 17, "J3": 18}


@dataclass(frozen=True)
class Made:
    """The document as data, its fixed bytes, and the round it is of."""

    document: dict[str, Any]
    raw: bytes
    round_id: UUID


@cache
def make_release(seed: int = 1, *, establishers: int = 101, kind: str = "main") -> Made:
    """Make a release up; the same arguments give the same bytes."""
    plan, chance, round_id = shipped_plan(PLAN), random.Random(seed), UUID(int=0x6F1C << 112 | seed)
    codes = sorted(f"{code}{index:04d}" for index, code in _spread(establishers))
    truth = {code: _counts(plan, chance) for code in codes}
    inside = {area: [code for code in codes if code[:2] == area] for area in prefectures()}
    totals = [(Level.NATION, NATION, codes)]
    totals += [(Level.PREFECTURE, area, within) for area, within in inside.items() if within]
    totals += [(Level.ESTABLISHER, code, [code]) for code in codes]
    reported, opened = [], []
    for level, area, nodes in totals:
        withheld = "below_floor" if area == BELOW_FLOOR else None
        name = TOWNS[codes.index(area) % len(TOWNS)] if level is Level.ESTABLISHER else None
        reported.append(Reported(level, area, len(nodes), name, withheld))
        if withheld is None:
            opened.append(_open(plan, level, area, [truth[code] for code in nodes], chance))
    carried_out = CarriedOut(
        str(round_id), kind, "servers", len(codes), bytes(32), bytes(32), bytes(32), RELEASED_AT
    )  # fmt: skip
    raw = build(plan, carried_out, reported, opened)
    return Made(json.loads(raw), raw, round_id)


def _spread(number: int) -> list[tuple[int, str]]:
    """Deal establishers out over the prefectures in turn."""
    return [(index // 47 + 1, code) for index, code in zip(range(number), list(prefectures()) * number, strict=False)]


def _counts(plan: Plan, chance: random.Random) -> list[int]:
    """Return how many children each base cell of an establisher holds; hardly any record states no sex."""
    size = 6 * chance.lognormvariate(0.7, 0.7)
    return [
        0 if "unspecified" in cell.codes else round(size * _WEIGHT[cell.codes[0]] * chance.uniform(0.8, 1.2))
        for cell in base_cells(plan)
    ]


def _open(plan: Plan, level: Level, area: str, counts: list[list[int]], chance: random.Random) -> Opened:
    noise = Noise(sigma_squared_of(plan, level), 1 if level is Level.ESTABLISHER else 2)
    sums = [sum(column) for column in zip(*counts, strict=True)]
    exact = [sum(sums[index] for index in indices) for indices in members(plan, level)]
    sigma = float(noise.variance) ** 0.5
    return Opened(level, area, tuple(value + round(chance.gauss(0, sigma)) for value in exact), noise)
