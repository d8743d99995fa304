"""Everything each party of a simulated round sees, in order: what privacy proofs and tests are about.

A *view* is what a set of parties knows together: what they sent and received, what they opened with their own keys, and
what they drew themselves. Whatever stands in no line of a view, that party does not know.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import Final, Protocol

PUBLIC: Final = "everybody"

Draw = Callable[[Fraction, int], list[int]]
Random = Callable[[int], bytes]


class Dice(Protocol):
    """Where all randomness of a simulation comes from: one stream for each party and purpose."""

    def random(self, party: str, purpose: str) -> Random:
        """Return random bytes for a purpose, which begins with the round's id."""

    def noise(self, party: str, purpose: str) -> Draw:
        """Return draws of noise for a purpose, which begins with the round's id."""


class Phase(StrEnum):
    """How far a round is. Up to and with SEATING nobody has put anything together."""

    OPENING = "opening"
    COLLECTING = "collecting"
    CLOSING = "closing"
    DRAWING = "drawing"
    SEATING = "seating"
    ADDING = "adding"
    OPENED = "opened"


class Kind(StrEnum):
    """What a line is."""

    STATEMENT = "statement"
    """A signed statement of a server; public."""
    HEADER = "header"
    """A node's signed header."""
    ENVELOPE = "envelope"
    """A sealed share."""
    SHARE = "share"
    """What an envelope held, as its recipient opened it."""
    RECEIPT = "receipt"
    REFUSAL = "refusal"
    """A server's answer that it keeps nothing, with the named reason."""
    DRAWN = "drawn"
    """What a party drew itself: a seed, a nonce, noise."""
    SUMS = "sums"
    """A server's halves, with their noise: the helper's go to the leader, the leader's to nobody."""
    TOTAL = "total"
    """An opened total; public once the round is released."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that ``seen_by`` sees. ``about`` names node, sequence or total, so that two runs can be compared."""

    round_id: str
    phase: Phase
    kind: Kind
    sender: str
    seen_by: frozenset[str]
    about: str
    body: bytes = field(repr=False)


@dataclass(slots=True)
class Transcript:
    """The lines of one or more rounds."""

    lines: list[Line] = field(default_factory=list)

    def note(
        self, round_id: str, phase: Phase, kind: Kind, sender: str, seen_by: tuple[str, ...], about: str, body: bytes
    ) -> None:
        """Add a line; its sender sees it too."""
        self.lines.append(Line(round_id, phase, kind, sender, frozenset((sender, *seen_by)), about, body))

    def view(self, *parties: str) -> tuple[Line, ...]:
        """Return what parties see who put together all they have."""
        wanted = {PUBLIC, *parties}
        return tuple(line for line in self.lines if not wanted.isdisjoint(line.seen_by))

    def of(self, kind: Kind, phase: Phase | None = None) -> Iterator[Line]:
        """Yield the lines of a kind."""
        for line in self.lines:
            if line.kind is kind and phase in (None, line.phase):
                yield line


class NotedDice:
    """Dice whose every throw is a line that only the thrower sees."""

    def __init__(self, dice: Dice, transcript: Transcript) -> None:
        self._dice, self._transcript = dice, transcript

    def random(self, party: str, purpose: str) -> Random:
        """Return random bytes for a purpose."""
        thrown = self._dice.random(party, purpose)

        def noted(n: int) -> bytes:
            found = thrown(n)
            self._note(party, purpose, found)
            return found

        return noted

    def noise(self, party: str, purpose: str) -> Draw:
        """Return draws of noise for a purpose."""
        thrown = self._dice.noise(party, purpose)

        def noted(variance: Fraction, n: int) -> list[int]:
            found = thrown(variance, n)
            self._note(party, purpose, f"{variance} {found}".encode())
            return found

        return noted

    def _note(self, party: str, purpose: str, body: bytes) -> None:
        self._transcript.note(purpose.split()[0], Phase.COLLECTING, Kind.DRAWN, party, (), purpose, body)


def reused_masks(transcript: Transcript, helper: str) -> tuple[str, ...]:
    """Return what each mask seed hides that hides more than one vector: nothing, unless a node is broken.

    A resend repeats the envelope byte for byte and is one vector; a mended submission must bring a new seed.
    """
    hidden: dict[bytes, set[str]] = {}
    for line in transcript.of(Kind.SHARE):
        if line.seen_by == {helper}:
            hidden.setdefault(line.body, set()).add(f"{line.round_id} {line.about}")
    return tuple(sorted(one for each in hidden.values() if len(each) > 1 for one in each))
