"""The two servers of the national count as a node meets them: announced rounds, receipts, lists, draws; in memory.

They admit submissions by the protocol's own rules and keep what was sent, byte for byte, so that a test can put both
halves together. Faults are switched on by name.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import uuid4

import httpx

from aggregator.plans.model import Plan
from aggregator.protocol import admission
from aggregator.protocol.committee import seed_of
from aggregator.protocol.messages import NoiseHeader, Receipt, SubmissionHeader
from aggregator.protocol.ring import Words, signed
from aggregator.protocol.shares import Side, envelope_context, words
from aggregator.protocol.statements import Closing, CommitteeDraw, Earlier, Entry, Opening, RoundKind, commitment
from aggregator.protocol.wire import Message, SubmissionRefused, open_signed, sign
from tests.factories.plans import make_plan
from trust.envelopes import SealingKey, open_envelope
from trust.framing import from_text
from trust.keys import Key
from trust.registry import (
    KeyUse,
    Organisation,
    OrganisationKind,
    Participant,
    ParticipantKey,
    ParticipantKind,
    Registry,
)
from trust.signing import SigningKey

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
LEADER, HELPER = "leader.demo", "helper.demo"
PLAN = make_plan(floor=2)
Respond = Callable[[httpx.Request], httpx.Response]


@dataclass
class Server:
    """One of the two: its keys, what it was sent in which order, and what it holds."""

    side: Side
    name: str
    signing: SigningKey = field(default_factory=SigningKey.generate)
    sealing: SealingKey = field(default_factory=SealingKey.generate)
    requests: list[tuple[str, bytes]] = field(default_factory=list)
    held: dict[tuple[str, str], dict[int, tuple[SubmissionHeader, bytes]]] = field(default_factory=dict)
    noise: dict[tuple[str, str, str, str], tuple[NoiseHeader, bytes]] = field(default_factory=dict)
    down: bool = False
    lies: str | None = None

    @property
    def address(self) -> str:
        return f"https://{self.name}"

    def participant(self, number: int) -> Participant:
        keys = (
            ParticipantKey.of(KeyUse.NODE, self.signing.jose_key(), BEGIN),
            ParticipantKey.to_seal(self.sealing.public(), BEGIN),
        )
        return Participant(number, self.name, self.name, ParticipantKind.AGGREGATOR, self.address, "窓口", keys)

    def opened(self, round_id: str, node: str, sequence: int) -> Words:
        """Open this server's half of a submission."""
        header, sealed = self.held[round_id, node][sequence]
        share = open_envelope(self.sealing, sealed, context=envelope_context(header.context, self.side))
        return words(share, self.side, header.context, header.cells)


@dataclass
class Round:
    """A round both servers announced."""

    plan: Plan
    opening: Opening
    state: str = "collecting"
    closing: Closing | None = None
    draw: CommitteeDraw | None = None
    committees: Mapping[tuple[str, str], tuple[tuple[str, ...], ...]] = field(default_factory=dict)


@dataclass
class Count:
    """Leader, helper, the registry of everybody, and the rounds."""

    nodes: tuple[Participant, ...] = ()
    leader: Server = field(default_factory=lambda: Server(Side.LEADER, LEADER))
    helper: Server = field(default_factory=lambda: Server(Side.HELPER, HELPER))
    rounds: dict[str, Round] = field(default_factory=dict)
    nonces: tuple[bytes, bytes] = (bytes(range(32)), bytes(range(32, 64)))

    @property
    def registry(self) -> Registry:
        servers = (self.leader.participant(9001), self.helper.participant(9002))
        return Registry(1, NOW, NOW + timedelta(days=90), (*self.nodes, *servers))

    def announce(
        self, plan: Plan = PLAN, kind: RoundKind = RoundKind.MAIN, earlier: tuple[str, ...] = (), round_id: str = ""
    ) -> str:
        """Open a round and return its id."""
        name = round_id or str(uuid4())
        opening = Opening(
            name, plan.digest, kind, LEADER, HELPER, plan.opens_at, plan.closes_at,
            commitment(name, Side.LEADER, self.nonces[0]), commitment(name, Side.HELPER, self.nonces[1]),
            tuple(sorted(one.id for one in self.nodes)), tuple(self._earlier(one) for one in earlier),
        )  # fmt: skip
        self.rounds[name] = Round(plan, opening)
        return name

    def close(self, round_id: str, *, state: str = "closed", without: tuple[str, ...] = ()) -> Closing:
        """Fix the list of a round: what both hold, the newest of each node."""
        found = self.rounds[round_id]
        entries = []
        for name, node in sorted(self.leader.held):
            if name == round_id and node not in without:
                here = self.leader.held[name, node]
                there = self.helper.held.get((name, node), {})
                common = [one for one in here if one in there and here[one][0].digest == there[one][0].digest]
                if common:
                    entries.append(Entry(node, max(common), here[max(common)][0].digest))
        found.closing = Closing(round_id, found.opening.digest, tuple(entries))
        found.draw = CommitteeDraw(round_id, found.closing.digest, *self.nonces)
        found.state = state
        return found.closing

    def vector(self, round_id: str, node: str, sequence: int = 1) -> list[int]:
        """Put both halves of a submission together, as nobody in earnest can."""
        return signed(self.leader.opened(round_id, node, sequence) + self.helper.opened(round_id, node, sequence))

    def seed(self, round_id: str) -> bytes:
        draw = self.rounds[round_id].draw
        assert draw is not None
        return seed_of(draw)

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self.respond)

    def respond(self, request: httpx.Request) -> httpx.Response:
        server = self.leader if request.url.host == LEADER else self.helper
        body = request.read()
        server.requests.append((request.url.path, body))
        if server.down:
            raise httpx.ConnectError("down")
        match request.url.path.split("/")[1:]:
            case ["rounds", "v1"]:
                names = reversed(self.rounds)
                return httpx.Response(200, json={"rounds": [{"round": one} for one in names]})
            case ["rounds", "v1", name] if name in self.rounds:
                return httpx.Response(200, json=self._shown(self.rounds[name]))
            case ["plans", "v1", digest]:
                plan = next(one.plan for one in self.rounds.values() if one.plan.digest.hex() == digest)
                token = self.leader.signing.sign(plan.to_bytes(), typ="manabi-plan+jws")
                return httpx.Response(200, json={"token": token})
            case ["rounds", "v1", name, "submissions"]:
                return self._take(server, self.rounds[name], json.loads(body))
            case ["rounds", "v1", name, "noise"]:
                return self._take_noise(server, self.rounds[name], json.loads(body))
        return httpx.Response(404, json={"code": "web.not_found"})

    def _shown(self, one: Round) -> dict[str, object]:
        return {
            "round": one.opening.round_id, "state": one.state, "leader": LEADER, "opening": self._both(one.opening),
            "closing": self._both(one.closing), "draw": self._both(one.draw),
            "committees": [
                {"level": level, "area": area, "attempts": [list(each) for each in attempts]}
                for (level, area), attempts in one.committees.items()
            ],
        }  # fmt: skip

    def _both(self, message: Message | None) -> dict[str, str] | None:
        if message is None:
            return None
        return {"leader": sign(self.leader.signing, message), "helper": sign(self.helper.signing, message)}

    def _earlier(self, name: str) -> Earlier:
        closing = self.rounds[name].closing
        assert closing is not None
        return Earlier(name, closing.digest)

    def _take(self, server: Server, one: Round, said: dict[str, str]) -> httpx.Response:
        try:
            header = open_signed(SubmissionHeader, said["header"], self._keys(said["header"]))
            held = server.held.setdefault((one.opening.round_id, header.node), {})
            sealed = from_text(said["share"])
            codes = {org.code for node in self.nodes for org in node.organisations if node.id == header.node}
            admission.admit(
                header, sealed, server.side, opening=one.opening, plan=one.plan,
                held={sequence: kept.digest for sequence, (kept, _) in held.items()}, codes=codes,
                collecting=one.state == "collecting",
            )  # fmt: skip
        except SubmissionRefused as refused:
            return httpx.Response(422, json={"code": refused.code, "reason": refused.params["reason"]})
        held[header.sequence] = header, sealed
        return self._receipt(server, header)

    def _take_noise(self, server: Server, one: Round, said: dict[str, str]) -> httpx.Response:
        header = open_signed(NoiseHeader, said["header"], self._keys(said["header"]))
        sealed = from_text(said["share"])
        assert sha256(sealed).digest() == header.share_digest(server.side)
        server.noise[header.round_id, header.node, header.level.value, header.area] = header, sealed
        return self._receipt(server, header)

    def _receipt(self, server: Server, header: SubmissionHeader | NoiseHeader) -> httpx.Response:
        receipt = Receipt(header.round_id, server.name, header.node, header.digest)
        if server.lies == "receipt":
            receipt = replace(receipt, header=bytes(32))
        return httpx.Response(201, json={"receipt": sign(server.signing, receipt)})

    def _keys(self, token: str) -> tuple[Key, ...]:
        node = json.loads(from_text(token.split(".")[1]))["node"]
        found = next(one for one in self.nodes if one.id == node)
        return found.keys_for(KeyUse.NODE, NOW)


def node_participant(node: str, signing: SigningKey, boards: tuple[str, ...], number: int = 1) -> Participant:
    """Return a node with the boards it runs, as the registry lists it."""
    keys = (
        ParticipantKey.of(KeyUse.NODE, signing.jose_key(), BEGIN),
        ParticipantKey.of(KeyUse.CLIENT, SigningKey.generate().jose_key(), BEGIN),
    )
    organisations = tuple(Organisation(code, code, OrganisationKind.BOARD) for code in boards)
    return Participant(number, node, node, ParticipantKind.NODE, f"https://{node}", "窓口", keys, organisations)
