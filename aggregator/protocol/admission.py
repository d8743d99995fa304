"""What a server checks before it keeps a share: form, length, plan, signature, replay. Values it cannot see.

The checks are the same at both servers, and a server answers the same bytes to the same submission for ever, so a
node that never got an answer sends again what it sent. What is refused is refused for a named reason, and nothing of
it is kept.
"""

from collections.abc import Collection, Mapping
from enum import StrEnum
from hashlib import sha256
from typing import Final

from aggregator.plans.model import Level, Plan
from aggregator.protocol.layout import width_of
from aggregator.protocol.messages import NoiseHeader, SubmissionHeader
from aggregator.protocol.shares import Side, share_bytes
from aggregator.protocol.statements import Closing, Opening, RoundKind
from aggregator.protocol.totals import fits
from aggregator.protocol.wire import Reason, SubmissionRefused

MOST_SUBMISSIONS: Final = 1024
"""Of one node in one round: three mendings a day for a year."""


class Admission(StrEnum):
    """What becomes of a submission that was not refused."""

    NEW = "new"
    REPEAT = "repeat"
    """The very submission that is held already: the same receipt is given again, and nothing changes."""


def admit(
    header: SubmissionHeader, sealed: bytes, side: Side, *, opening: Opening, plan: Plan, held: Mapping[int, bytes],
    codes: Collection[str], counted: Collection[str] = (), collecting: bool,
) -> Admission:  # fmt: skip
    """Decide on a submission whose signature was checked with its node's keys; raises SubmissionRefused.

    ``held``: this node's header digests by sequence; ``codes``: the board codes that the registry gives this node;
    ``counted``: the nodes of earlier rounds of the reference date; ``collecting``: whether the list is still open.
    """
    if header.round_id != opening.round_id:
        raise refused(Reason.OTHER_ROUND)
    if header.plan != opening.plan or plan.digest != opening.plan:
        raise refused(Reason.OTHER_PLAN)
    if sha256(sealed).digest() != header.share_digest(side):
        raise refused(Reason.SHARE_ALTERED)
    if held.get(header.sequence) == header.digest:
        return Admission.REPEAT
    if header.sequence in held:
        raise refused(Reason.SEQUENCE_TAKEN)
    if held and header.sequence < max(held):
        raise refused(Reason.SUPERSEDED)
    if not collecting:
        raise refused(Reason.ROUND_CLOSED)
    if opening.kind is RoundKind.SUPPLEMENT and header.node in counted:
        raise refused(Reason.ALREADY_COUNTED)
    if not all(code in codes or "x-" in code for code in header.areas):
        raise refused(Reason.FOREIGN_AREA)
    if not fits(plan, header):
        raise refused(Reason.CELLS)
    if len(held) >= MOST_SUBMISSIONS:
        raise refused(Reason.TOO_MANY)
    return Admission.NEW


def admit_noise(
    header: NoiseHeader, sealed: bytes, side: Side, *, closing: Closing, plan: Plan, seats: Collection[str],
    held: bytes | None, collecting: bool,
) -> Admission:  # fmt: skip
    """Decide on a seat's noise whose signature was checked; raises SubmissionRefused.

    ``seats``: the nodes that the named attempt calls for the named total; ``held``: the digest of the header that is
    held of this seat; ``collecting``: whether the attempt still waits.
    """
    if header.round_id != closing.round_id or header.closing != closing.digest:
        raise refused(Reason.OTHER_ROUND)
    if sha256(sealed).digest() != header.share_digest(side):
        raise refused(Reason.SHARE_ALTERED)
    if held is not None:
        if held == header.digest:
            return Admission.REPEAT
        raise refused(Reason.SEAT_TAKEN)
    if not collecting:
        raise refused(Reason.ROUND_CLOSED)
    if header.level is Level.ESTABLISHER or header.node not in seats:
        raise refused(Reason.NOT_SEATED)
    if header.cells != width_of(plan, header.level):
        raise refused(Reason.CELLS)
    return Admission.NEW


def require_length(header: SubmissionHeader | NoiseHeader, side: Side, share: bytes) -> None:
    """Refuse an opened share of another length than the header says, on arrival and not first when it is added up."""
    if len(share) != share_bytes(side, header.cells):
        raise refused(Reason.SHARE_LENGTH)


def require_node(header: SubmissionHeader | NoiseHeader, node: str) -> None:
    """Refuse a header that names another node than the one whose keys signed it."""
    if header.node != node:
        raise refused(Reason.OTHER_NODE)


def refused(reason: Reason) -> SubmissionRefused:
    """Return the refusal for a named reason."""
    return SubmissionRefused(reason=reason.value)
