"""What the two servers state to each other, each signed by both and public once the round is released.

Opening, list, draw and seating are facts about *who*, never about how many children; only ``ServerSums`` carries
figures, and by then every figure in it is either masked by the other server's half or already noisy.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import ClassVar, Final, Self

from aggregator.plans.model import Level
from aggregator.protocol.messages import MOST_ATTEMPT, MOST_SEQUENCE, read_node, read_round
from aggregator.protocol.ring import MOST_NODES, Words, pack, unpack
from aggregator.protocol.shares import Side
from aggregator.protocol.wire import Message, StatementRefused, read_all, read_digest, text_item
from trust.forms import Form, FormFault, write_instant
from trust.framing import frame, from_text, to_text

NONCE_BYTES: Final = 32
_MEGABYTE: Final = 1024 * 1024
_MOST_TOTALS: Final = 4096
MOST_COMPARED: Final = 8
"""How many of a node's newest submissions the servers compare; older ones do not count any more."""


class RoundKind(StrEnum):
    """What a round may cost whom."""

    MAIN = "main"
    """The first of its reference date."""
    SUPPLEMENT = "supplement"
    """Nodes that were in no earlier round of the reference date: no child of an earlier round is in it."""
    REPEAT = "repeat"
    """Anybody again; charged again to every child."""


class NoiseFrom(StrEnum):
    """Who added the noise to a total."""

    NODE = "node"
    SERVERS = "servers"
    COMMITTEE = "committee"
    FALLBACK = "fallback"
    """The servers, because no full committee answered."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One submission in a list: the header's digest under its node and sequence."""

    node: str
    sequence: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier round of the same plan's reference date, and the digest of its closing."""

    round_id: str
    closing: bytes


@dataclass(frozen=True, slots=True)
class Opening(Message):
    """The announcement of a round. Everything that could later be chosen to somebody's advantage is fixed here.

    ``leader_commitment`` and ``helper_commitment`` bind both servers to their nonces before any node has reported;
    ``roster`` lists all nodes of the nation that may be drawn; ``earlier`` names all rounds of this reference date.
    """

    TYP: ClassVar[str] = "manabi-round-opening+jws"

    round_id: str
    plan: bytes
    kind: RoundKind
    leader: str
    helper: str
    opens_at: datetime
    closes_at: datetime
    leader_commitment: bytes
    helper_commitment: bytes
    roster: tuple[str, ...]
    earlier: tuple[Earlier, ...] = ()

    def document(self) -> dict[str, object]:
        """Return the members to be written."""
        return {
            "format": "manabi-round-opening/1", "round": self.round_id, "plan": to_text(self.plan),
            "kind": self.kind.value, "leader": self.leader, "helper": self.helper,
            "opens_at": write_instant(self.opens_at), "closes_at": write_instant(self.closes_at),
            "leader_commitment": to_text(self.leader_commitment), "helper_commitment": to_text(self.helper_commitment),
            "roster": list(self.roster),
            "earlier": [{"round": one.round_id, "closing": to_text(one.closing)} for one in self.earlier],
        }  # fmt: skip

    @classmethod
    def read(cls, document: dict[str, object]) -> Self:
        """Read the members; raises FormFault."""
        names = {"format", "round", "plan", "kind", "leader", "helper", "opens_at", "closes_at", "roster", "earlier"}
        form = Form(document, "opening", names | {"leader_commitment", "helper_commitment"})
        roster = read_all(form, "roster", MOST_NODES, text_item)
        if list(roster) != sorted(set(roster)):
            raise FormFault("opening.roster: not ascending")
        kind, earlier = form.choice("kind", RoundKind), read_all(form, "earlier", 256, _earlier)
        if (kind is RoundKind.MAIN) is bool(earlier):
            raise FormFault("opening.earlier: a main round is the first of its reference date, any other is not")
        leader, helper = read_node(form, "leader"), read_node(form, "helper")
        if leader == helper:
            raise FormFault("opening.helper: the leader itself")
        return cls(
            read_round(form), read_digest(form, "plan"), kind, leader, helper, form.instant("opens_at"),
            form.instant("closes_at"), read_digest(form, "leader_commitment"), read_digest(form, "helper_commitment"),
            roster, earlier,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Holdings(Message):
    """What one server holds of a round when collecting ends: every sequence of every node. From helper to leader."""

    TYP: ClassVar[str] = "manabi-round-holdings+jws"
    MOST: ClassVar[int] = 16 * _MEGABYTE

    round_id: str
    side: Side
    entries: tuple[Entry, ...]

    def document(self) -> dict[str, object]:
        """Return the members to be written."""
        return {
            "format": "manabi-round-holdings/1", "round": self.round_id, "side": self.side.value,
            "entries": written(self.entries),
        }  # fmt: skip

    @classmethod
    def read(cls, document: dict[str, object]) -> Self:
        """Read the members; raises FormFault."""
        form = Form(document, "holdings", {"format", "round", "side", "entries"})
        return cls(
            read_round(form),
            form.choice("side", Side),
            read_all(form, "entries", MOST_COMPARED * MOST_NODES, read_entry),
        )


@dataclass(frozen=True, slots=True)
class Closing(Message):
    """The list: exactly one submission of each node that takes part. Signed by both before anything is opened."""

    TYP: ClassVar[str] = "manabi-round-closing+jws"
    MOST: ClassVar[int] = 4 * _MEGABYTE

    round_id: str
    opening: bytes
    entries: tuple[Entry, ...]

    @property
    def nodes(self) -> frozenset[str]:
        """Return who takes part."""
        return frozenset(one.node for one in self.entries)

    def document(self) -> dict[str, object]:
        """Return the members to be written."""
        return {
            "format": "manabi-round-closing/1", "round": self.round_id, "opening": to_text(self.opening),
            "entries": written(self.entries),
        }  # fmt: skip

    @classmethod
    def read(cls, document: dict[str, object]) -> Self:
        """Read the members; raises FormFault."""
        form = Form(document, "closing", {"format", "round", "opening", "entries"})
        entries = read_all(form, "entries", MOST_NODES, read_entry)
        nodes = [one.node for one in entries]
        if nodes != sorted(set(nodes)):
            raise FormFault("closing.entries: not one for each node, ascending")
        return cls(read_round(form), read_digest(form, "opening"), entries)


@dataclass(frozen=True, slots=True)
class CommitteeDraw(Message):
    """Both nonces, revealed when the list is signed; whoever has opening and closing can draw every seat again."""

    TYP: ClassVar[str] = "manabi-committee-draw+jws"

    round_id: str
    closing: bytes
    leader_nonce: bytes
    helper_nonce: bytes

    def document(self) -> dict[str, object]:
        """Return the members to be written."""
        return {
            "format": "manabi-committee-draw/1", "round": self.round_id, "closing": to_text(self.closing),
            "leader_nonce": to_text(self.leader_nonce), "helper_nonce": to_text(self.helper_nonce),
        }  # fmt: skip

    @classmethod
    def read(cls, document: dict[str, object]) -> Self:
        """Read the members; raises FormFault."""
        form = Form(document, "draw", {"format", "round", "closing", "leader_nonce", "helper_nonce"})
        return cls(
            read_round(form), read_digest(form, "closing"), read_digest(form, "leader_nonce"),
            read_digest(form, "helper_nonce"),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Seats:
    """Whose noise is added to one total: nobody's vectors where the servers add it."""

    level: Level
    area: str
    noise: NoiseFrom
    members: tuple[Entry, ...] = ()
    """The seats' noise headers; ``sequence`` holds the attempt that called the seat."""


@dataclass(frozen=True, slots=True)
class Seating(Message):
    """Who adds the noise to each total that will be opened: agreed by both before either sends a sum."""

    TYP: ClassVar[str] = "manabi-round-seating+jws"
    MOST: ClassVar[int] = 4 * _MEGABYTE

    round_id: str
    closing: bytes
    totals: tuple[Seats, ...]

    def document(self) -> dict[str, object]:
        """Return the members to be written."""
        return {
            "format": "manabi-round-seating/1", "round": self.round_id, "closing": to_text(self.closing),
            "totals": [
                {
                    "level": one.level.value, "area": one.area, "noise": one.noise.value,
                    "members": written(one.members),
                }
                for one in self.totals
            ],
        }  # fmt: skip

    @classmethod
    def read(cls, document: dict[str, object]) -> Self:
        """Read the members; raises FormFault."""
        form = Form(document, "seating", {"format", "round", "closing", "totals"})
        return cls(read_round(form), read_digest(form, "closing"), read_all(form, "totals", _MOST_TOTALS, _seats))

    def of(self, level: Level, area: str) -> Seats:
        """Return the seats of one total; raises StatementRefused where it is not listed."""
        for one in self.totals:
            if (one.level, one.area) == (level, area):
                return one
        raise StatementRefused(reason="a total without seats")


@dataclass(frozen=True, slots=True)
class OneSum:
    """One server's half of one total: its shares added up, with whatever noise it adds."""

    level: Level
    area: str
    packed: bytes

    @classmethod
    def of(cls, level: Level, area: str, words: Words) -> Self:
        """Return a half from its words."""
        return cls(level, area, pack(words))

    def words(self, n: int) -> Words:
        """Return the half as ``n`` words; raises VectorBroken."""
        return unpack(self.packed, n)


@dataclass(frozen=True, slots=True)
class ServerSums(Message):
    """One server's halves of all totals that are opened. Stored before it is sent; a retry sends the same bytes."""

    TYP: ClassVar[str] = "manabi-server-sums+jws"
    MOST: ClassVar[int] = 64 * _MEGABYTE

    round_id: str
    side: Side
    seating: bytes
    sums: tuple[OneSum, ...]

    def document(self) -> dict[str, object]:
        """Return the members to be written."""
        return {
            "format": "manabi-server-sums/1", "round": self.round_id, "side": self.side.value,
            "seating": to_text(self.seating),
            "sums": [
                {"level": one.level.value, "area": one.area, "words": to_text(one.packed)} for one in self.sums
            ],
        }  # fmt: skip

    @classmethod
    def read(cls, document: dict[str, object]) -> Self:
        """Read the members; raises FormFault."""
        form = Form(document, "sums", {"format", "round", "side", "seating", "sums"})
        return cls(
            read_round(form), form.choice("side", Side), read_digest(form, "seating"),
            read_all(form, "sums", _MOST_TOTALS, _sum),
        )  # fmt: skip


def commitment(round_id: str, side: Side, nonce: bytes) -> bytes:
    """Return what an opening says of a nonce: binding and hiding as SHA-256 of 32 random bytes is."""
    if len(nonce) != NONCE_BYTES:
        raise ValueError("a nonce has 32 bytes")
    return sha256(frame(b"manabi-nonce-v1", round_id.encode(), side.value.encode(), nonce)).digest()


def written(entries: Sequence[Entry]) -> list[dict[str, object]]:
    """Return entries as messages list them."""
    return [{"node": one.node, "sequence": one.sequence, "digest": to_text(one.digest)} for one in entries]


def read_entry(wire: object, place: str) -> Entry:
    """Read one entry; raises FormFault."""
    form = Form(wire, place, {"node", "sequence", "digest"})
    return Entry(read_node(form), form.whole("sequence", 0, MOST_SEQUENCE), read_digest(form, "digest"))


def _earlier(wire: object, place: str) -> Earlier:
    form = Form(wire, place, {"round", "closing"})
    return Earlier(read_round(form), read_digest(form, "closing"))


def _seats(wire: object, place: str) -> Seats:
    form = Form(wire, place, {"level", "area", "noise", "members"})
    members = read_all(form, "members", MOST_NODES, read_entry)
    if any(one.sequence > MOST_ATTEMPT for one in members):
        raise FormFault(f"{place}.members: a third redrawing")
    noise = form.choice("noise", NoiseFrom)
    if (noise is NoiseFrom.COMMITTEE) is not bool(members):
        raise FormFault(f"{place}.members: a committee has members, and nobody else has")
    return Seats(form.choice("level", Level), form.token("area", most=80, also="-."), noise, members)


def _sum(wire: object, place: str) -> OneSum:
    form = Form(wire, place, {"level", "area", "words"})
    packed = from_text(form.text("words", most=MOST_NODES * 8))
    return OneSum(form.choice("level", Level), form.token("area", most=80, also="-."), packed)
