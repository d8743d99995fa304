"""Submissions and statements for tests of single rules."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from aggregator.plans.model import Level, Plan
from aggregator.protocol.layout import parts
from aggregator.protocol.messages import NoiseHeader, SubmissionHeader, context_of
from aggregator.protocol.ring import Words
from aggregator.protocol.shares import Side, share_bytes, split, words
from aggregator.protocol.statements import Opening, RoundKind, commitment
from tests.factories.plans import make_plan

PLAN: Plan = make_plan(floor=3)
NONCE = b"n" * 32
OPENING = Opening(
    "r1", PLAN.digest, RoundKind.MAIN, PLAN.leader, PLAN.helper, datetime(2026, 4, 15, tzinfo=UTC),
    datetime(2027, 3, 31, tzinfo=UTC), commitment("r1", Side.LEADER, NONCE), commitment("r1", Side.HELPER, NONCE),
    tuple(f"n{at:02}.node" for at in range(30)),
)  # fmt: skip


@dataclass(frozen=True)
class Sent:
    """A submission with its unsealed shares standing in for envelopes."""

    header: SubmissionHeader
    leader: bytes
    helper: bytes
    values: tuple[int, ...]

    def words(self, side: Side) -> Words:
        share = self.leader if side is Side.LEADER else self.helper
        return words(share, side, self.header.context, self.header.cells)


def submission(
    node: str = "n01.node", *, areas: tuple[str, ...] = ("131016",), prefectures: tuple[str, ...] = ("13",),
    sequence: int = 1, fill: int = 1, plan: Plan = PLAN,
) -> Sent:  # fmt: skip
    values = tuple(fill + at for at in range(parts(plan, areas, prefectures).length))
    context = context_of(
        round_id="r1", node=node, sequence=sequence, plan=plan.digest, areas=areas, prefectures=prefectures
    )
    shares = split(values, seed=sha256(f"{node} {sequence}".encode()).digest(), context=context)
    header = SubmissionHeader(
        "r1", node, sequence, plan.digest, areas, prefectures, len(values), sha256(shares.leader).digest(),
        sha256(shares.helper).digest(),
    )  # fmt: skip
    return Sent(header, shares.leader, shares.helper, values)


def header(node: str, areas: tuple[str, ...], prefectures: tuple[str, ...]) -> SubmissionHeader:
    return submission(node, areas=areas, prefectures=prefectures).header


def noise_header(closing: bytes, **changes: Any) -> NoiseHeader:
    made = NoiseHeader("r1", "n01.node", closing, Level.NATION, "JP", 0, 27, *(sha256(one).digest() for one in SEALED))
    return replace(made, **changes)


SEALED = (bytes(share_bytes(Side.LEADER, 27)), bytes(share_bytes(Side.HELPER, 27)))
