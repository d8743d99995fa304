"""What a reporter must not forget, and the store that keeps it: durable before anything is sent.

A store is a node's database, or a file of the program that plays a hundred municipalities. Each of its methods is one
transaction that has reached the disk when it returns; whatever is killed between two of them goes on from the first.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from aggregator.plans.model import Level, Plan
from aggregator.protocol.shares import Side
from aggregator.protocol.statements import Opening
from aggregator.reporter.noise import KeptNoise
from aggregator.reporter.report import Prepared
from trust.errors import ManabiError


class ReportState(StrEnum):
    """Where a submission is."""

    PREPARED = "prepared"
    """Durable here; one of the servers, or both, may not have it yet."""
    SENT = "sent"
    """Both servers have signed that they hold it."""
    SETTLED = "settled"
    """The round is closed, and its list names this submission."""
    MISSED = "missed"
    """The round is closed without it: a newer one counts, or none."""


@dataclass(frozen=True, slots=True)
class KeptReport:
    """The newest submission of a round as it lies in the store. A share is empty once it is no longer needed.

    ``read_digest`` stands for what was counted: it is compared, never understood.
    """

    round_id: str
    sequence: int
    plan_digest: bytes
    state: ReportState
    header: str
    read_digest: bytes
    leader_share: bytes | None = field(repr=False)
    helper_share: bytes | None = field(repr=False)
    leader_receipt: str | None
    helper_receipt: str | None

    def share(self, side: Side) -> bytes | None:
        """Return the sealed half for one server."""
        return self.leader_share if side is Side.LEADER else self.helper_share

    def receipt(self, side: Side) -> str | None:
        """Return what one server has signed."""
        return self.leader_receipt if side is Side.LEADER else self.helper_receipt


@dataclass(frozen=True, slots=True)
class SeatPlace:
    """For which total, in which drawing, a node has a seat."""

    round_id: str
    level: Level
    area: str
    attempt: int


@dataclass(frozen=True, slots=True)
class KeptSeat:
    """A seat's noise as it lies in the store: signed header, sealed halves, receipts."""

    place: SeatPlace
    header: str
    leader_share: bytes | None = field(repr=False)
    helper_share: bytes | None = field(repr=False)
    leader_receipt: str | None = None
    helper_receipt: str | None = None

    def share(self, side: Side) -> bytes | None:
        """Return the sealed half for one server."""
        return self.leader_share if side is Side.LEADER else self.helper_share

    def receipt(self, side: Side) -> str | None:
        """Return what one server has signed."""
        return self.leader_receipt if side is Side.LEADER else self.helper_receipt


class Store(Protocol):
    """Where a reporter keeps what must survive it. No method keeps or returns an exact count."""

    def see(self, plan: Plan, token: str, opening: Opening, state: str, now: datetime) -> None:
        """Note a round that was announced, with the signed plan, for those who ask what this node takes part in."""

    def plan_token(self, digest: bytes) -> str | None:
        """Return a plan that was seen before, as its leader signed it."""

    def note(self, round_id: str | None, problem: ManabiError | None, now: datetime) -> None:
        """Note what keeps this node from reporting to a round, or that nothing does; None: to any round."""

    def noise(self, round_id: str) -> KeptNoise | None:
        """Return the noise that was drawn for a round; raises NoiseUnfit if it does not open."""

    def newest(self, round_id: str) -> KeptReport | None:
        """Return the submission with the highest sequence."""

    def spent_units(self, school_year: int) -> int:
        """Return what all rounds of a school year that this node has a submission in cost each of its children."""

    def keep(self, prepared: Prepared, plan: Plan, read_digest: bytes, now: datetime) -> None:
        """Keep a submission and its noise in one step; raises Overtaken where its sequence is taken."""

    def acknowledge(self, round_id: str, sequence: int, side: Side, receipt: str, now: datetime) -> None:
        """Keep what a server signed."""

    def settle(self, round_id: str, sequence: int | None, now: datetime) -> None:
        """Note that a round is closed with this submission, or without any; destroy noise and shares."""

    def seats(self, round_id: str) -> tuple[KeptSeat, ...]:
        """Return the seats that this node has made noise for."""

    def keep_seat(self, seat: KeptSeat, now: datetime) -> None:
        """Keep a seat's noise; raises Overtaken where there is one already."""

    def acknowledge_seat(self, place: SeatPlace, side: Side, receipt: str) -> None:
        """Keep what a server signed; with both, the shares go."""
