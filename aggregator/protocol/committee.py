"""The noise committee: who adds the noise to a total above the node, drawn when nothing can be chosen any more.

Both servers commit to a nonce in the opening and reveal it once the list is signed, so the seed

    SHA-256(leader's nonce || helper's nonce || digest of the closing)

was known to nobody while anybody could still change the list, and any change of the list changes every seat. Each total
has its own committee: all nodes of the opening's roster are ordered by a keyed hash of the total, and the first ones
sit. A seat that stays silent is replaced by the next in that order, at most twice; those who answered keep their seats.
If a committee is not full by then, each server adds the whole noise instead, and the release says so.
"""

from collections.abc import Collection, Sequence
from hashlib import sha256
from hmac import compare_digest
from hmac import digest as keyed
from typing import Final

from aggregator.plans.model import Level
from aggregator.protocol.messages import MOST_ATTEMPT
from aggregator.protocol.shares import Side
from aggregator.protocol.statements import Closing, CommitteeDraw, Opening, commitment
from aggregator.protocol.wire import StatementRefused
from trust.framing import frame

_ORDER: Final = b"manabi-committee-order-v1"


class CommitteeIncomplete(Exception):
    """No full committee is left to be called; the servers add the noise."""


def require_draw(draw: CommitteeDraw, opening: Opening, closing: Closing) -> None:
    """Check that the revealed nonces are those committed to before anybody reported; raises StatementRefused."""
    if (draw.round_id, closing.opening, draw.closing) != (opening.round_id, opening.digest, closing.digest):
        raise StatementRefused(reason="a draw for another list")
    for side, nonce, committed in (
        (Side.LEADER, draw.leader_nonce, opening.leader_commitment),
        (Side.HELPER, draw.helper_nonce, opening.helper_commitment),
    ):
        if not compare_digest(commitment(opening.round_id, side, nonce), committed):
            raise StatementRefused(reason=f"another nonce of the {side.value} than it committed to")


def seed_of(draw: CommitteeDraw) -> bytes:
    """Return the seed of all committees of a round; check the draw first."""
    return sha256(draw.leader_nonce + draw.helper_nonce + draw.closing).digest()


def total_seed(seed: bytes, level: Level, area: str) -> bytes:
    """Return the seed of one total's committee, so that no node sits for two totals because it sits for one."""
    return keyed(seed, frame(_ORDER, level.value.encode(), area.encode()), "sha256")


def order(seed: bytes, roster: Sequence[str]) -> tuple[str, ...]:
    """Return the roster in the order in which a total's seed calls nodes."""
    return tuple(sorted(roster, key=lambda node: keyed(seed, node.encode(), "sha256")))


def draw(
    seed: bytes, roster: Sequence[str], seats: int, attempt: int = 0, silent: Collection[str] = ()
) -> tuple[str, ...]:
    """Return who sits in a total's committee at an attempt, in the order of calling.

    ``seed`` is the total's; ``silent`` are those who were called at an earlier attempt and did not answer. Raises
    CommitteeIncomplete if the attempts are used up or the roster is.
    """
    if attempt > MOST_ATTEMPT:
        raise CommitteeIncomplete
    sitting = tuple(node for node in order(seed, roster) if node not in silent)[:seats]
    if seats < 1 or len(sitting) < seats:
        raise CommitteeIncomplete
    return sitting


def called(
    seed: bytes, roster: Sequence[str], seats: int, silent: Sequence[Collection[str]]
) -> tuple[tuple[str, ...], ...]:
    """Return whom each attempt calls anew; ``silent`` holds, for each attempt that is over, who did not answer.

    One more attempt is called than is over; it calls nobody once everybody has answered. Raises CommitteeIncomplete,
    and StatementRefused if somebody is said to be silent whom the attempt had not called.
    """
    found: list[tuple[str, ...]] = []
    gone: set[str] = set()
    seated: set[str] = set()
    for attempt in range(len(silent) + 1):
        full = attempt > 0 and not silent[attempt - 1]
        now = () if full else tuple(one for one in draw(seed, roster, seats, attempt, gone) if one not in seated)
        found.append(now)
        seated.update(now)
        if attempt < len(silent):
            if not set(silent[attempt]) <= set(now):
                raise StatementRefused(reason="somebody is called silent who was not called")
            gone.update(silent[attempt])
    return tuple(found)
