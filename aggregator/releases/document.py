"""A release as fixed bytes: everything in it follows from the plan, the signed statements and the opened totals.

Building it again gives the same bytes, so a release that was interrupted is the same release. Its digest is the SHA-256
of the bytes; the leader signs a short statement that names digest, round and plan.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from io import BytesIO
from typing import Any, ClassVar, Final, Self

from aggregator.estimation.cells import summed_cells
from aggregator.estimation.figures import METHOD_VERSION, Figure, figures
from aggregator.estimation.opened import Opened
from aggregator.plans.document import Dimension, Level, Plan
from aggregator.protocol.messages import read_round
from aggregator.protocol.wire import Message, read_digest
from trust.forms import Form, write_instant
from trust.framing import canonical_json, to_text

FORMAT: Final = "manabi-release/1"
_PART: Final = 10_000


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
    before = {"areas": [_area(one) for one in reported]}
    after = {
        "format": FORMAT,
        "method": METHOD_VERSION,
        "released_at": write_instant(carried_out.opened_at),
        "plan": _plan(plan),
        "round": {
            "id": carried_out.round_id, "kind": carried_out.kind, "noise": carried_out.noise,
            "nodes": carried_out.nodes, "opening": carried_out.opening.hex(), "closing": carried_out.closing.hex(),
            "seating": carried_out.seating.hex(),
        },
        "sums": {level.value: _sums(plan, level) for level in Level if summed_cells(plan, level)},
    }  # fmt: skip
    # The one spelling sorts names: "figures" stands between "areas" and all others. A national release has up to a
    # million figures, so they are written one by one; the tests hold the result against `canonical_json`.
    document = BytesIO()
    document.write(canonical_json(before)[:-1] + b',"figures":[')
    _write_figures(document, figures(plan, opened, withheld))
    document.write(b"]," + canonical_json(after)[1:])
    return document.getvalue()


def _write_figures(document: BytesIO, published: Sequence[Figure]) -> None:
    """Write figures in the one spelling of canonical JSON: names sorted, no spaces."""
    spell = cache(_spell)
    for start in range(0, len(published), _PART):
        part = ",".join(
            f'{{"area":{spell(one.area)},"cell":{spell(one.cell.codes)},"coverage":{spell(one.coverage)},'
            f'"half_width":{_whole(one.half_width)},"high":{_whole(one.high)},"level":{spell(one.level.value)},'
            f'"low":{_whole(one.low)},"measured":{_whole(one.measured)},"sigma_squared":{spell(one.sigma_squared)},'
            f'"status":{spell(one.status)},"table":{spell(one.cell.table)},"value":{_whole(one.value)}}}'
            for one in published[start : start + _PART]
        )
        document.write((("," if start else "") + part).encode())


def _spell(value: str | tuple[str, ...] | None) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _whole(value: int | None) -> str:
    return "null" if value is None else str(value)


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


def _sums(plan: Plan, level: Level) -> list[dict[str, Any]]:
    """Name the tables that a level does not measure but adds up from its own cells: those of the establishers."""
    named = {cell.table for _, cell in summed_cells(plan, level)}
    return [
        {"id": one.id, "dimensions": list(one.dimensions)} for one in plan.tables[Level.ESTABLISHER] if one.id in named
    ]


def _dimension(one: Dimension) -> dict[str, Any]:
    groups = {code: list(members) for code, members in one.groups.items()}
    return {"id": one.id, "codes": list(one.codes), "of": one.of, "groups": groups}


def _area(one: Reported) -> dict[str, Any]:
    named: Mapping[str, Any] = {} if one.name is None else {"name": one.name}
    return {"level": one.level.value, "area": one.area, "nodes": one.nodes, **named}
