"""A release as the interface and the pages read it: the parsed form of its fixed bytes, and nothing beside them.

Whatever is asked of a release is post-processing: it reads these bytes alone, so it costs no child any protection, and
two answers that name the same digest can never contradict each other.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from aggregator.plans.document import Dimension, Level, Table, Words

FORMAT = "manabi-release/1"
OK, TOO_NOISY, WITHHELD = "ok", "too_noisy", "withheld"
"""What a figure's status begins with; after ``withheld:`` stands the reason."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One cell of one area. A withheld figure has no numbers.

    ``measured`` is the noisy measurement as it was opened, ``value`` the adjusted whole number; ``low`` to ``high`` is
    the interval, cut at zero, that holds the true count of the reporting nodes with probability ``coverage``.
    """

    level: Level
    area: str
    table: str
    cell: tuple[str, ...]
    status: str
    measured: int | None
    value: int | None
    low: int | None
    high: int | None
    half_width: int | None
    coverage: str | None
    sigma_squared: str | None

    @property
    def usable(self) -> bool:
        """Whether the figure may be quoted."""
        return self.status == OK

    @property
    def too_noisy(self) -> bool:
        """Whether the interval is too wide for the figure to say anything."""
        return self.status == TOO_NOISY

    @property
    def withheld(self) -> str | None:
        """Why there are no numbers, or None where there are."""
        state, _, reason = self.status.partition(":")
        return (reason or "unknown") if state == WITHHELD else None


@dataclass(frozen=True, slots=True)
class Area:
    """One area of a level: how many nodes reported for it, and its name as the release gives it."""

    level: Level
    code: str
    nodes: int
    name: str | None


@dataclass(frozen=True, slots=True)
class Edition:
    """One release, read. ``dimensions`` are those of its plan, codes in the order of the vocabulary.

    ``tables`` are those of its plan, and behind them those that a level adds up from its own cells.
    """

    digest: str
    method: str
    plan_id: str
    plan_version: int
    plan_digest: str
    title: Words
    citation: str
    school_year: int
    attributed_at: datetime
    round_id: str
    kind: str
    noise: str
    released_at: datetime
    reporting: int
    tables: Mapping[Level, tuple[Table, ...]]
    dimensions: Mapping[str, Dimension]
    areas: Mapping[Level, Mapping[str, Area]]
    figures: Mapping[tuple[Level, str], Mapping[str, tuple[Figure, ...]]] = field(repr=False)
    """By level and table, then by area: its cells in plan order."""

    def table(self, level: Level, table: str) -> Table:
        """Return a table of a level; raises KeyError."""
        for one in self.tables.get(level, ()):
            if one.id == table:
                return one
        raise KeyError(table)


def read_edition(raw: bytes) -> Edition:
    """Return the release that some bytes are. Raises ValueError for a document of another form."""
    digest, document = sha256(raw).hexdigest(), json.loads(raw)
    if document.get("format") != FORMAT:
        raise ValueError(f"{digest}: not a document of the form {FORMAT}")
    plan, carried_out = document["plan"], document["round"]
    areas: dict[Level, dict[str, Area]] = {level: {} for level in Level}
    for one in document["areas"]:
        area = Area(Level(one["level"]), one["area"], one["nodes"], one.get("name"))
        areas[area.level][area.code] = area
    figures: dict[tuple[Level, str], dict[str, list[Figure]]] = {}
    for one in document["figures"]:
        figure = _figure(one)
        figures.setdefault((figure.level, figure.table), {}).setdefault(figure.area, []).append(figure)
    return Edition(
        digest=digest,
        method=str(document["method"]),
        plan_id=plan["id"],
        plan_version=plan["version"],
        plan_digest=plan["digest"],
        title=Words(**plan["title"]),
        citation=plan["citation"],
        school_year=plan["school_year"],
        attributed_at=datetime.fromisoformat(plan["attributed_at"]),
        round_id=carried_out["id"],
        kind=carried_out["kind"],
        noise=carried_out["noise"],
        released_at=datetime.fromisoformat(document["released_at"]),
        reporting=carried_out["nodes"],
        tables={
            Level(level): tuple(
                Table(one["id"], tuple(one["dimensions"])) for one in [*tables, *document["sums"].get(level, [])]
            )
            for level, tables in plan["tables"].items()
        },
        dimensions={one["id"]: _dimension(one) for one in plan["dimensions"]},
        areas=areas,
        figures={key: {area: tuple(cells) for area, cells in found.items()} for key, found in figures.items()},
    )


def _dimension(one: Mapping[str, Any]) -> Dimension:
    groups = {code: tuple(members) for code, members in one.get("groups", {}).items()}
    return Dimension(one["id"], tuple(one["codes"]), one.get("of"), groups)


def _figure(one: Mapping[str, Any]) -> Figure:
    return Figure(
        Level(one["level"]),
        one["area"],
        one["table"],
        tuple(one["cell"]),
        one["status"],
        one.get("measured"),
        one.get("value"),
        one.get("low"),
        one.get("high"),
        one.get("half_width"),
        one.get("coverage"),
        one.get("sigma_squared"),
    )
