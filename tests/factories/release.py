"""A release made up from the shipped plan: true counts from a seed, noise, intervals, withheld areas, all of it fixed."""

import random
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any

from aggregator.plans.model import Level, Plan
from aggregator.plans.shipped import shipped_plan
from aggregator.query.areas import prefectures
from trust.framing import canonical_json

BELOW_FLOOR = "32"
"""The prefecture of the made-up release that too few nodes reported for."""
TOWNS = ("みらい市", "あさひ町", "はるか市", "ひかり村", "わかば市", "みどり町")
_WEIGHT = {"P1": 2, "P2": 3, "P3": 4, "P4": 5, "P5": 6, "P6": 8, "J1": 13, "J2": 17, "J3": 18}


@dataclass(frozen=True)
class Made:
    """The document as data, and its fixed bytes."""

    document: dict[str, Any]
    raw: bytes


def make_release(seed: int = 1, *, establishers: int = 101, plan: Plan | None = None, kind: str = "main") -> Made:
    """Make a release up; the same arguments give the same bytes."""
    plan, chance = plan or shipped_plan("absence-2025"), random.Random(seed)
    codes = sorted(_codes(establishers))
    by_prefecture = {code: [one for one in codes if one[:2] == code] for code in prefectures()}
    areas: list[dict[str, Any]] = [{"level": "nation", "area": "JP", "nodes": establishers}]
    areas += [{"level": "prefecture", "area": code, "nodes": len(of)} for code, of in by_prefecture.items() if of]
    areas += [
        {"level": "establisher", "area": code, "nodes": 1, "name": TOWNS[index % len(TOWNS)]}
        for index, code in enumerate(codes)
    ]
    figures = []
    for area in areas:
        level = Level(area["level"])
        withheld = "below_floor" if area["area"] == BELOW_FLOOR else None
        size = {Level.NATION: 290.0, Level.PREFECTURE: 6.0, Level.ESTABLISHER: 0.5}[level] * (0.3 + 2 * chance.random())
        for table in plan.tables[level]:
            for cell in product(*(plan.dimension(name).codes for name in table.dimensions)):
                figures.append(_figure(plan, level, area["area"], table.id, cell, size, withheld, chance))
    document = {
        "format": "manabi-release/1",
        "method": "1",
        "released_at": "2026-11-20T06:00:00Z",
        "plan": {
            "id": plan.plan_id,
            "version": plan.version,
            "digest": plan.digest.hex(),
            "title": {"ja": plan.title.ja, "plain": plan.title.plain, "en": plan.title.en},
            "citation": plan.citation,
            "school_year": plan.school_year,
            "attributed_at": plan.attributed_at.isoformat(),
            "dimensions": [
                {
                    "id": one.id,
                    "codes": list(one.codes),
                    "of": one.of,
                    "groups": {k: list(v) for k, v in one.groups.items()},
                }
                for one in plan.dimensions
            ],
            "tables": {
                level.value: [{"id": one.id, "dimensions": list(one.dimensions)} for one in tables]
                for level, tables in plan.tables.items()
            },
        },
        "round": {
            "id": "6f1c2b1e-0000-4000-8000-00000000000%d" % (seed % 10),
            "kind": kind,
            "noise": "servers",
            "nodes": establishers,
        },
        "areas": areas,
        "figures": figures,
    }
    return Made(document, canonical_json(document))


def _codes(number: int) -> list[str]:
    """Board codes spread over all prefectures, the larger ones holding more."""
    found = [f"{code}{index:04d}" for index in range(1, number // 30 + 60) for code in prefectures()]
    return found[:number]


def _figure(
    plan: Plan, level: Level, area: str, table: str, cell: tuple[str, ...], size: float, withheld: str | None,
    chance: random.Random,
) -> dict[str, Any]:  # fmt: skip
    head = {"level": level.value, "area": area, "table": table, "cell": list(cell)}
    if withheld:
        return head | {"status": f"withheld:{withheld}", "measured": None, "value": None, "low": None, "high": None,
                       "half_width": None, "coverage": None, "sigma_squared": None}  # fmt: skip
    variance = Fraction(10**12, 2 * plan.units[level]) * (1 if level is Level.ESTABLISHER else 2)
    weight = sum(_WEIGHT[one] for one in _grades(plan, cell)) * (0 if "unspecified" in cell else 8)
    measured = round(size * weight + chance.gauss(0, float(variance) ** 0.5))
    half = round(1.96 * float(variance) ** 0.5) + 1
    value = max(0, measured)
    return head | {
        "status": "ok" if half <= 0.5 * value else "too_noisy",
        "measured": measured,
        "value": value,
        "low": max(0, measured - half),
        "high": max(0, measured + half),
        "half_width": half,
        "coverage": "0.9512",
        "sigma_squared": str(variance),
    }


def _grades(plan: Plan, cell: tuple[str, ...]) -> list[str]:
    if cell[0] in _WEIGHT:
        return [cell[0]]
    return list(plan.dimension("stage").groups[cell[0]])
