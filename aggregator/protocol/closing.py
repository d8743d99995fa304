"""Who is in a round: the newest submission that both servers hold, one for each node, on one list signed by both.

A node whose shares reached one server only is not on the list, whatever it sent later; where a mending reached one
server only, the submission before it counts. Nothing has been put together by then, so nothing is lost by it but the
mending.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import TypeAlias

from aggregator.protocol.ring import MOST_NODES
from aggregator.protocol.shares import Side
from aggregator.protocol.statements import MOST_COMPARED, Closing, Entry, Holdings, Opening, RoundKind
from aggregator.protocol.wire import StatementRefused

Held: TypeAlias = Mapping[str, Mapping[int, bytes]]
"""What a server holds: for each node, the header digest under each sequence."""


def held_of(entries: Iterable[Entry]) -> dict[str, dict[int, bytes]]:
    """Return a list of entries by node and sequence."""
    held: dict[str, dict[int, bytes]] = {}
    for one in entries:
        held.setdefault(one.node, {})[one.sequence] = one.digest
    return held


def holdings(round_id: str, side: Side, held: Held) -> Holdings:
    """Return the statement of what a server holds: the newest submissions of each node, in canonical order."""
    entries = [
        Entry(node, sequence, each[sequence])
        for node, each in sorted(held.items())
        for sequence in sorted(each)[-MOST_COMPARED:]
    ]
    return Holdings(round_id, side, tuple(entries))


def newest_common(leader_held: Held, helper_held: Held) -> tuple[Entry, ...]:
    """Return, for each node, the newest submission whose header both servers hold; nodes in ascending order."""
    found: list[Entry] = []
    for node in sorted(set(leader_held) & set(helper_held)):
        theirs = helper_held[node]
        common = [sequence for sequence, digest in leader_held[node].items() if theirs.get(sequence) == digest]
        if common:
            found.append(Entry(node, max(common), theirs[max(common)]))
    return tuple(found)


def close(opening: Opening, leader_held: Held, helper_held: Held, counted: Collection[str] = ()) -> Closing:
    """Return the list of a round. ``counted``: nodes of the earlier rounds, which a supplement leaves out."""
    left_out = frozenset(counted) if opening.kind is RoundKind.SUPPLEMENT else frozenset()
    entries = tuple(one for one in newest_common(leader_held, helper_held) if one.node not in left_out)
    return Closing(opening.round_id, opening.digest, entries)


def require_agreement(closing: Closing, opening: Opening, held: Held, counted: Collection[str] = ()) -> None:
    """Check the leader's list against what this server holds, before anything is spent; raises StatementRefused.

    The helper thereby signs only what it can open with its own shares, and never a node twice over several rounds
    unless the round is a repeat, which the ledger charges again.
    """
    if (closing.round_id, closing.opening) != (opening.round_id, opening.digest):
        raise StatementRefused(reason="a list of another round")
    if len(closing.entries) > MOST_NODES:
        raise StatementRefused(reason="more nodes than a total may have")
    for one in closing.entries:
        if held.get(one.node, {}).get(one.sequence) != one.digest:
            raise StatementRefused(reason="a submission that is not held here")
    if opening.kind is RoundKind.SUPPLEMENT and not closing.nodes.isdisjoint(counted):
        raise StatementRefused(reason="a node of an earlier round in a supplement")
