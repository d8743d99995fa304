"""Two transcripts of the same dice, with and without one child: what differs, and what is merely named after it."""

import json
from collections.abc import Collection
from typing import Any

import numpy as np

from aggregator.protocol.messages import NoiseHeader, SubmissionHeader
from aggregator.protocol.ring import Words
from aggregator.protocol.shares import Side, words
from aggregator.protocol.simulation.transcript import Kind, Line, Transcript
from aggregator.protocol.wire import named_in
from trust.framing import from_text

DERIVED = {
    "manabi-submission+jws": {"leader_share"},  # SHA-256 of the envelope that holds the changed masked words
    "manabi-receipt-of-submission+jws": {"header"},  # SHA-256 of a header that names such a digest
    "manabi-round-holdings+jws": {"digest"},  # SHA-256 of such a header
    "manabi-round-closing+jws": {"digest"},
    "manabi-committee-draw+jws": {"closing"},  # SHA-256 of the list, which names such a digest
    "manabi-seat-noise+jws": {"closing", "leader_share", "helper_share"},  # seats' envelopes are bound to the list
    "manabi-noise-holdings+jws": {"closing", "digest"},
    "manabi-round-seating+jws": {"closing", "digest"},
}
"""For each kind of message, all members that differ although no figure stands in them: hashes of bytes that differ."""


def stripped(line: Line) -> object:
    """Return what a signed message says without what is derived, and without its signature."""
    header, payload, _signature = line.body.decode().split(".")
    typ = json.loads(from_text(header))["typ"]
    return header, _without(json.loads(from_text(payload)), DERIVED[typ])


def _without(value: Any, derived: Collection[str]) -> Any:
    if isinstance(value, dict):
        kept = {}
        for name, each in value.items():
            if name in derived:
                assert len(from_text(each)) == 32, "only hashes are derived"
            else:
                kept[name] = _without(each, derived)
        return kept
    return [_without(one, derived) for one in value] if isinstance(value, list) else value


def differing(first: tuple[Line, ...], second: tuple[Line, ...]) -> list[tuple[Line, Line]]:
    """Return the lines that differ; both views have the same messages, between the same parties, in the same order."""
    shape = [(line.round_id, line.phase, line.kind, line.sender, line.about, line.seen_by) for line in first]
    assert shape == [(one.round_id, one.phase, one.kind, one.sender, one.about, one.seen_by) for one in second]
    assert [len(line.body) for line in first] == [len(line.body) for line in second]
    return [(one, other) for one, other in zip(first, second, strict=True) if one.body != other.body]


def leader_words(line: Line) -> Words:
    """Return a share of the leader as words."""
    return words(line.body, Side.LEADER, b"", len(line.body) // 8)


def hidden(transcript: Transcript, about: str, at: int = 0) -> Words:
    """Return what both shares of a vector hide: nobody in the protocol can do this."""
    token = [one for one in transcript.of(Kind.HEADER) if one.about == about][at].body.decode()
    header: NoiseHeader | SubmissionHeader
    header = named_in(NoiseHeader, token) if " seat " in about else named_in(SubmissionHeader, token)
    found = {
        side: [one for one in transcript.of(Kind.SHARE) if one.about == about and one.sender == side][at]
        for side in Side
    }
    return np.add(*(words(found[side].body, side, header.context, header.cells) for side in Side))


def halves(line: Line) -> dict[tuple[str, str], Words]:
    """Return a server's halves by level and area."""
    said = json.loads(line.body)["sums"]
    return {
        (one["level"], one["area"]): np.frombuffer(from_text(one["words"]), dtype="<u8").astype(np.uint64)
        for one in said
    }
