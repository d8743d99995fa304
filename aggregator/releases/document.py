"""A release as fixed bytes: everything in it follows from the plan, the signed statements and the opened totals.

Building it again gives the same bytes, so a release that was interrupted is the same release. Its digest is the SHA-256
of the bytes; the leader signs a short statement that names digest, round and plan.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final, Self

from aggregator.estimation.figures import METHOD_VERSION, Figure, figures
from aggregator.estimation.opened import Opened
from aggregator.plans.document import Dimension, Level, Plan
from aggregator.protocol.messages import read_round
from aggregator.protocol.wire import Message, read_digest
from trust.forms import Form, write_instant
from trust.framing import canonical_json, to_text

FORMAT: Final = "manabi-release/1"


@dataclass(frozen=True, slots=True)
class Reported:
    """One area as it was counted: how many nodes reported for it, its name if the registry has one, why it is shut."""

    level: Level
    area: str
    nodes: int
    name: str | None
    withheld: str | None


@dataclass(frozen=True, slots=True)
class CarriedOut:
    """The round that a release is made of. The digests name the statements that both servers signed."""

    round_id: str
    kind: str
    noise: str
    nodes: int
    opening: bytes
    closing: bytes
    seating: bytes
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class ReleaseStatement(Message):
    """What the leader signs: that these bytes are the release of this round of this plan."""

    TYP: ClassVar[str] = "manabi-release+jws"
    MOST: ClassVar[int] = 4096

    round_id: str
    plan: bytes
    release: bytes

    def document(self) -> dict[str, object]:
        """Return the members to be written."""
        return {
            "format": "manabi-release-statement/1", "round": self.round_id, "plan": to_text(self.plan),
            "release": to_text(self.release),
        }  # fmt: skip

    @classmethod
    def read(cls, document: dict[str, object]) -> Self:
        """Read the members; raises FormFault."""
        form = Form(document, "release", {"format", "round", "plan", "release"})
        return cls(read_round(form), read_digest(form, "plan"), read_digest(form, "release"))


def build(plan: Plan, carried_out: CarriedOut, reported: Sequence[Reported], opened: Sequence[Opened]) -> bytes:
    """Return the bytes of a release; raises CountRefused for totals that do not belong together.

    ``reported`` lists every area in canonical order, the withheld ones too; ``opened`` the totals of all others.
    """
    withheld = {(one.level, one.area): one.withheld for one in reported if one.withheld is not None}
    return canonical_json(
        {
            "format": FORMAT,
            "method": METHOD_VERSION,
            "released_at": write_instant(carried_out.opened_at),
            "plan": _plan(plan),
            "round": {
                "id": carried_out.round_id, "kind": carried_out.kind, "noise": carried_out.noise,
                "nodes": carried_out.nodes, "opening": carried_out.opening.hex(), "closing": carried_out.closing.hex(),
                "seating": carried_out.seating.hex(),
            },
            "areas": [_area(one) for one in reported],
            "figures": [_figure(one) for one in figures(plan, opened, withheld)],
        }
    )  # fmt: skip


def _plan(plan: Plan) -> dict[str, Any]:
    return {
        "id": plan.plan_id,
        "version": plan.version,
        "digest": plan.digest.hex(),
        "title": {"ja": plan.title.ja, "plain": plan.title.plain, "en": plan.title.en},
        "citation": plan.citation,
        "school_year": plan.school_year,
        "attributed_at": write_instant(plan.attributed_at),
        "dimensions": [_dimension(one) for one in plan.dimensions],
        "tables": {
            level.value: [{"id": one.id, "dimensions": list(one.dimensions)} for one in tables]
            for level, tables in plan.tables.items()
        },
    }


def _dimension(one: Dimension) -> dict[str, Any]:
    groups = {code: list(members) for code, members in one.groups.items()}
    return {"id": one.id, "codes": list(one.codes), "of": one.of, "groups": groups}


def _area(one: Reported) -> dict[str, Any]:
    named: Mapping[str, Any] = {} if one.name is None else {"name": one.name}
    return {"level": one.level.value, "area": one.area, "nodes": one.nodes, **named}


def _figure(one: Figure) -> dict[str, Any]:
    return {
        "level": one.level.value, "area": one.area, "table": one.cell.table, "cell": list(one.cell.codes),
        "status": one.status, "measured": one.measured, "value": one.value, "low": one.low, "high": one.high,
        "half_width": one.half_width, "coverage": one.coverage, "sigma_squared": one.sigma_squared,
    }  # fmt: skip
