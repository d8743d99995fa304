"""A node of a simulated round: keeps what it made before it sends it, and sends the same again when in doubt.

How a node counts, splits, seals and signs is not written here: a ``Reporter`` is handed in, and in the tests it is the
one that nodes run.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from aggregator.plans.model import Level, Plan
from aggregator.protocol.shares import Side
from aggregator.protocol.simulation.transcript import Dice, Draw, Random
from aggregator.protocol.statements import Closing, Opening

After = Callable[[str], None]
Facts_contra = TypeVar("Facts_contra", contravariant=True)
Facts = TypeVar("Facts")


@dataclass(frozen=True, slots=True)
class Made:
    """A submission or a seat's noise, ready to be sent: the signed header and both sealed shares."""

    header: str
    leader: bytes = field(repr=False)
    helper: bytes = field(repr=False)
    kept: object = field(default=None, repr=False)
    """The node's own noise, for the next submission of the same round."""

    def envelope(self, side: Side) -> bytes:
        """Return the share for one server."""
        return self.leader if side is Side.LEADER else self.helper


@dataclass(frozen=True, slots=True)
class SeatCall:
    """For which total a node's noise is asked, in which round and by which attempt of its drawing."""

    plan: Plan
    opening: Opening
    closing: Closing
    level: Level
    area: str
    attempt: int


class Reporter(Protocol[Facts_contra]):
    """What a node runs. Both methods draw from what they are given and from nothing else."""

    def report(
        self, plan: Plan, round_id: str, node: str, sequence: int, facts: Facts_contra, kept: object, *, draw: Draw,
        random: Random,
    ) -> Made:  # fmt: skip
        """Return a submission of these facts, with the noise that was kept where there is some."""

    def sit(self, call: SeatCall, node: str, *, draw: Draw, random: Random) -> Made:
        """Return a seat's noise for one total."""


@dataclass(slots=True)
class NodeKept:
    """What survives the node being stopped anywhere."""

    made: dict[tuple[str, int], Made] = field(default_factory=dict)
    noise: dict[str, object] = field(default_factory=dict)
    seats: dict[tuple[str, Level, str], Made] = field(default_factory=dict)


class NodeParty(Generic[Facts]):
    """One node. ``facts`` may be replaced, as corrected records would be."""

    def __init__(self, name: str, facts: Facts, reporter: Reporter[Facts], dice: Dice) -> None:
        self.name, self.facts, self.kept = name, facts, NodeKept()
        self._reporter, self._dice = reporter, dice

    def prepare(self, plan: Plan, round_id: str, sequence: int, after: After) -> Made:
        """Return the submission of a sequence: made once, kept, and the same bytes from then on.

        Steps: 'node-made' (nothing is kept yet, so it is made anew, with a new seed), 'node-kept'.
        """
        made = self.kept.made.get((round_id, sequence))
        if made is None:
            made = self._reporter.report(
                plan, round_id, self.name, sequence, self.facts, self.kept.noise.get(round_id),
                draw=self._dice.noise(self.name, f"{round_id} cells"),
                random=self._dice.random(self.name, f"{round_id} {sequence} seed"),
            )  # fmt: skip
            after("node-made")
            self.kept.made[round_id, sequence] = made
            self.kept.noise[round_id] = made.kept
        after("node-kept")
        return made

    def sit(self, call: SeatCall, after: After) -> Made:
        """Return this node's noise for a total, made once. Steps: 'seat-made', 'seat-kept'."""
        place = (call.opening.round_id, call.level, call.area)
        made = self.kept.seats.get(place)
        if made is None:
            purpose = f"{call.opening.round_id} seat {call.level} {call.area}"
            made = self._reporter.sit(
                call, self.name, draw=self._dice.noise(self.name, purpose), random=self._dice.random(self.name, purpose)
            )
            after("seat-made")
            self.kept.seats[place] = made
        after("seat-kept")
        return made
