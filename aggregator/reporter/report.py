"""One node's submission: facts of children in, two sealed shares out. Exact counts live in here and nowhere else.

The vector is what ``aggregator.protocol.layout`` describes: for each establisher's area its cells with the node's own
noise, then for each prefecture the exact base cells. It is split before it leaves this function, each half sealed to
its server; this node cannot open what it has sealed. Nothing is printed, logged, or put into an exception.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import sha256

from aggregator.plans.cells import base_cells, project
from aggregator.plans.model import Level, Plan
from aggregator.protocol.layout import parts, require_bounds, width_of
from aggregator.protocol.messages import SubmissionHeader, context_of, sign_header
from aggregator.protocol.shares import SEED_BYTES, Side, envelope_context, split
from aggregator.reporter.facts import Areas, ChildFact, Gate
from aggregator.reporter.noise import Draw, KeptNoise, complete
from trust.envelopes import SealingPublicKey, seal_to
from trust.signing import SigningKey


@dataclass(frozen=True, slots=True)
class Sender:
    """For which round a submission is, who signs it, and to whom its halves are sealed."""

    round_id: str
    node: str
    sequence: int
    signing: SigningKey
    leader: SealingPublicKey
    helper: SealingPublicKey


@dataclass(frozen=True, slots=True)
class Prepared:
    """A submission as it is kept and sent: the signed header and the two halves, closed to everybody but their server.

    ``noise`` is what the node keeps, sealed, until the round is closed.
    """

    round_id: str
    sequence: int
    plan_digest: bytes
    header: str
    header_digest: bytes
    leader_envelope: bytes = field(repr=False)
    helper_envelope: bytes = field(repr=False)
    noise: KeptNoise = field(repr=False)

    def envelope(self, side: Side) -> bytes:
        """Return the half for one server."""
        return self.leader_envelope if side is Side.LEADER else self.helper_envelope


def build(
    plan: Plan,
    facts: Iterable[ChildFact],
    areas: Areas,
    *,
    sender: Sender,
    noise: Draw,
    kept: KeptNoise | None,
    random: Callable[[int], bytes],
) -> Prepared:
    """Count, add the node's own noise, split, seal, sign.

    ``facts`` are used up one by one, at most one per child. ``random`` gives the mask seed and is asked for a fresh one
    each time, also when the same sequence is built again after a crash. Raises FactRefused, NoiseUnfit or ValueRefused;
    then nothing exists that could be sent.
    """
    own = complete(plan, areas.establishers, noise, kept)
    context = context_of(
        round_id=sender.round_id, node=sender.node, sequence=sender.sequence, plan=plan.digest,
        areas=areas.establishers, prefectures=areas.prefectures,
    )  # fmt: skip
    vector = _vector(plan, facts, areas, own)
    require_bounds(plan, parts(plan, areas.establishers, areas.prefectures), vector)
    shares = split(vector, seed=random(SEED_BYTES), context=context)
    leader = seal_to(sender.leader, shares.leader, context=envelope_context(context, Side.LEADER))
    helper = seal_to(sender.helper, shares.helper, context=envelope_context(context, Side.HELPER))
    header = SubmissionHeader(
        sender.round_id, sender.node, sender.sequence, plan.digest, areas.establishers, areas.prefectures, len(vector),
        sha256(leader).digest(), sha256(helper).digest(),
    )  # fmt: skip
    return Prepared(
        sender.round_id, sender.sequence, plan.digest, sign_header(sender.signing, header), header.digest, leader,
        helper, own,
    )  # fmt: skip


def _vector(plan: Plan, facts: Iterable[ChildFact], areas: Areas, noise: KeptNoise) -> list[int]:
    """Return the submission's words: one addition per cell of a fact in its establisher's and its prefecture's part."""
    width = len(base_cells(plan))
    within = {code: [0] * width for code in areas.establishers}
    above = {code: [0] * width for code in areas.prefectures}
    gate = Gate(plan, areas)
    for fact in facts:
        for index, value in gate.admit(fact):
            within[fact.establisher][index] += value
            above[fact.prefecture][index] += value
    vector: list[int] = []
    for code in areas.establishers:
        cells = project(plan, Level.ESTABLISHER, within[code]) if width_of(plan, Level.ESTABLISHER) else []
        vector.extend(exact + drawn for exact, drawn in zip(cells, noise.areas[code], strict=True))
    for code in areas.prefectures:
        vector.extend(above[code])
    return vector
