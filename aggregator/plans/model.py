"""A collection plan: what is counted, in which cells, at what cost to each child's protection (manabi-plan/1).

A plan is one JSON document under ``api_specs/plans/plan.schema.json``. Its canonical bytes are what officers approve,
what the leader signs and what nodes follow, so the SHA-256 of these bytes is the plan's name everywhere. Here are the
nouns; ``aggregator.plans.document`` reads them and says what is refused and how to mend it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from hashlib import sha256
from typing import Final

from trust.errors import N_, ManabiError

FORMAT: Final = "manabi-plan/1"
MAX_PLAN: Final = 256 * 1024
"""Bytes of a plan, canonical or not."""
MAX_CELLS: Final = 4096
"""Cells of a plan's base, and of one level: a vector of a few thousand numbers per area, not a data set."""


class Level(StrEnum):
    """Where totals are published. The establisher (設置者), not the place, is the smallest; schools are not offered."""

    NATION = "nation"
    PREFECTURE = "prefecture"
    ESTABLISHER = "establisher"


class NoiseSource(StrEnum):
    """Who adds the noise above the nodes: each server the whole of it, or a committee drawn from all nodes."""

    SERVERS = "servers"
    COMMITTEE = "committee"


class PlanRefused(ManabiError):
    """A plan that is not followed: it names the place, what stands there, and what may stand there instead."""

    code = "plan.refused"
    status = 422
    title = N_("The collection plan was refused at %(place)s: %(reason)s.")
    remedy = N_("Mend this place (%(mend)s) and hand in the whole plan again. Nothing was kept.")

    def __init__(self, *, place: str, reason: str, mend: str = "see plan.schema.json") -> None:
        super().__init__(place=place, reason=reason, mend=mend)


@dataclass(frozen=True, slots=True)
class Words:
    """One text in Japanese and plain Japanese, both with readings (学校《がっこう》), and in English."""

    ja: str
    plain: str
    en: str

    def in_language(self, language: str) -> str:
        """Return the text for ``ja``, ``plain`` or ``en``."""
        return {"ja": self.ja, "plain": self.plain}.get(language, self.en)


@dataclass(frozen=True, slots=True)
class Dimension:
    """What a child is counted by, with its codes in the order of the vocabulary.

    A base dimension has ``of`` None and no groups. A coarser one names the base dimension it sums up, and under each of
    its codes those that it stands for; together they are all codes of the base dimension, each in one group.
    """

    id: str
    codes: tuple[str, ...]
    of: str | None = None
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a level: its cells are all combinations of the codes of its dimensions, the last running fastest."""

    id: str
    dimensions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much one child may contribute: to how many base cells, and at most how much to each."""

    cells_per_child: int
    per_cell: int


@dataclass(frozen=True, slots=True)
class Fact:
    """What makes a child count: at least so many days in the year's 出欠 of the guidance record.

    ``yearly_absence`` counts days absent (欠席日数); ``yearly_non_attendance`` counts those suspended, in mourning and
    the like (出席停止・忌引き等) as well, as the ministry's survey has done since school year 2020.
    """

    kind: str
    at_least: int


@dataclass(frozen=True, slots=True)
class Band:
    """So many areas in which one cell of a table is expected to hold about ``value``."""

    areas: int
    value: int


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a level's table is expected to hold, from published figures: for planning, never from records."""

    level: Level
    table: str
    bands: tuple[Band, ...]
    source: Words


@dataclass(frozen=True, slots=True)
class Override:
    """Why a table is published at a level although few of its areas get a usable figure."""

    level: Level
    table: str
    reason: Words


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A plan that was read and holds together. Two plans are the same when their canonical bytes are.

    ``units`` are picorho (ρ of zCDP times 10^12) per level; ``year_units`` is the whole of the school year that
    ``share`` is a part of. ``attributed_at`` is the instant at which a child belongs to the node of its open enrolment.
    """

    plan_id: str
    version: int
    title: Words
    purpose: Words
    families: Words
    legal_basis: Words
    citation: str
    school_year: int
    attributed_at: datetime
    grades: tuple[str, ...]
    fact: Fact
    dimensions: tuple[Dimension, ...]
    tables: Mapping[Level, tuple[Table, ...]]
    bounds: Bounds
    year_units: int
    share: Fraction
    units: Mapping[Level, int]
    floor: int
    noise: NoiseSource
    colluding: Fraction
    leader: str
    helper: str
    opens_at: datetime
    closes_at: datetime
    expectations: tuple[Expectation, ...]
    overrides: tuple[Override, ...]
    _bytes: bytes = field(repr=False)
    digest: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", sha256(self._bytes).digest())

    def __eq__(self, other: object) -> bool:
        """Compare by content."""
        return isinstance(other, Plan) and self._bytes == other._bytes

    def __hash__(self) -> int:
        """Hash by content, so that what follows from a plan can be kept."""
        return hash(self.digest)

    @property
    def total_units(self) -> int:
        """What one round of all levels costs every child of the school year, in picorho."""
        return sum(self.units.values())

    @property
    def base_dimensions(self) -> tuple[Dimension, ...]:
        """The dimensions that base cells are made of, in plan order."""
        return tuple(one for one in self.dimensions if one.of is None)

    def dimension(self, name: str) -> Dimension:
        """Return a dimension by its id; raises KeyError."""
        for one in self.dimensions:
            if one.id == name:
                return one
        raise KeyError(name)

    def to_bytes(self) -> bytes:
        """Return the canonical bytes: what is hashed, approved and signed."""
        return self._bytes
