"""Small nations for transcripts: the real reporter, the real keys, and dice that fall the same way in every run."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from hashlib import sha256, shake_256
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from aggregator.plans.cells import base_cells
from aggregator.plans.model import Plan
from aggregator.protocol.shares import Side
from aggregator.protocol.simulation.faults import Identities
from aggregator.protocol.simulation.nodes import Made, SeatCall
from aggregator.protocol.simulation.rounds import World
from aggregator.protocol.statements import CommitteeDraw
from aggregator.reporter import report, seats
from aggregator.reporter.facts import Areas, ChildFact
from aggregator.reporter.noise import KeptNoise
from aggregator.reporter.report import Sender, build
from aggregator.reporter.seats import make_seat
from aggregator.reporter.state import SeatPlace
from tests.factories.plans import make_plan
from trust.envelopes import SealingKey, SealingPublicKey, open_envelope
from trust.framing import frame
from trust.keys import read_jwk
from trust.signing import SigningKey

Draw = Callable[[Fraction, int], list[int]]
SIDES = {Side.LEADER: SealingKey.generate(), Side.HELPER: SealingKey.generate()}


@cache
def small_plan(noise: str = "servers", floor: int = 2) -> Plan:
    """Four base cells; at these units a total above the node has sigma 6.2 and 5.0, so that committees are possible."""
    return make_plan(
        population={"grades": ["P1", "J1"]},
        dimensions=[
            {"id": "grade", "codes": ["P1", "J1"]},
            {"id": "sex", "codes": ["male", "female"]},
            {
                "id": "stage", "of": "grade",
                "groups": [
                    {"code": "elementary", "members": ["P1"]}, {"code": "junior_high", "members": ["J1"]},
                ],
            },
        ],
        floor=floor,
        noise={"source": noise, "colluding": {"parts": 1, "of": 10}},
        budget__share={"parts": 1, "of": 1},
        budget__units={"nation": 3_000_000_000, "prefecture": 5_000_000_000, "establisher": 6_000_000_000},
    )  # fmt: skip


@dataclass(frozen=True)
class Town:
    """What one node counts: its areas, and for each child where it counts and in which base cell."""

    areas: Areas
    children: tuple[ChildFact, ...]

    def without(self, child: int) -> "Town":
        """Return the town in which one child's records are gone."""
        return replace(self, children=self.children[:child] + self.children[child + 1 :])

    def with_child(self, establisher: str, prefecture: str, cell: int) -> "Town":
        """Return the town with one child more."""
        codes = base_cells(small_plan())[cell].codes
        return replace(self, children=(*self.children, ChildFact(establisher, prefecture, ((codes, 1),))))


def town(establishers: Iterable[str], prefectures: Iterable[str], counts: Mapping[tuple[str, str], list[int]]) -> Town:
    made = Town(Areas.of(establishers, prefectures), ())
    for (area, prefecture), each in counts.items():
        for cell, count in enumerate(each):
            for _ in range(count):
                made = made.with_child(area, prefecture, cell)
    return made


def nation() -> dict[str, Town]:
    """Five nodes in prefecture 13, of which one also reports in 14; three in 14; one alone in 47, below the floor.

    Area 141003 is split between two nodes, and ``corp.node`` has no public code.
    """
    return {
        "a.node": town(["131016"], ["13"], {("131016", "13"): [3, 1, 4, 1]}),
        "b.node": town(["131024"], ["13"], {("131024", "13"): [5, 9, 2, 6]}),
        "c.node": town(["131032"], ["13"], {("131032", "13"): [0, 0, 0, 0]}),
        "corp.node": town(["13x-corp.node", "14x-corp.node"], ["13", "14"], {
            ("13x-corp.node", "13"): [5, 3, 5, 8], ("14x-corp.node", "14"): [9, 7, 9, 3],
        }),
        "d.node": town(["141003"], ["14"], {("141003", "14"): [2, 3, 8, 4]}),
        "e.node": town(["141003"], ["14"], {("141003", "14"): [6, 2, 6, 4]}),
        "f.node": town(["131041"], ["13"], {("131041", "13"): [3, 3, 8, 3]}),
        "g.node": town(["472018"], ["47"], {("472018", "47"): [2, 7, 9, 5]}),
    }  # fmt: skip


class KeyedDice:
    """Every stream follows from a key, a party and a purpose; a second throw of a stream goes on where it stood."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._thrown: dict[tuple[str, str], int] = {}

    def random(self, party: str, purpose: str) -> Callable[[int], bytes]:
        def thrown(n: int) -> bytes:
            at = self._thrown[party, purpose] = self._thrown.get((party, purpose), 0) + 1
            seed = frame(self._key.encode(), party.encode(), purpose.encode(), str(at).encode())
            return shake_256(seed).digest(n)

        return thrown

    def noise(self, party: str, purpose: str) -> Draw:
        source = self.random(party, purpose)

        def thrown(variance: Fraction, n: int) -> list[int]:
            """A bell of whole numbers near the variance; its exact shape does not matter to a transcript."""
            raw, width = source(4 * 12 * n), float(variance) ** 0.5
            words = [int.from_bytes(raw[at : at + 4], "big") / 2**32 for at in range(0, len(raw), 4)]
            return [round(width * (sum(words[12 * one : 12 * one + 12]) - 6)) for one in range(n)]

        return thrown


class NodesOwn:
    """The reporter that nodes run, as the simulation calls it."""

    def __init__(self, keys: Mapping[str, SigningKey]) -> None:
        self._keys = keys

    def report(
        self, plan: Plan, round_id: str, node: str, sequence: int, facts: Town, kept: object, *, draw: Draw,
        random: Callable[[int], bytes],
    ) -> Made:  # fmt: skip
        leader, helper = SIDES[Side.LEADER].public(), SIDES[Side.HELPER].public()
        made = build(
            plan, facts.children, facts.areas,
            sender=Sender(round_id, node, sequence, self._keys[node], leader, helper), noise=draw,
            kept=kept if isinstance(kept, KeptNoise) else None, random=random,
        )  # fmt: skip
        return Made(made.header, made.leader_envelope, made.helper_envelope, made.noise)

    def sit(self, call: SeatCall, node: str, *, draw: Draw, random: Callable[[int], bytes]) -> Made:
        place = SeatPlace(call.opening.round_id, call.level, call.area, call.attempt)
        made = make_seat(
            call.plan, call.opening, call.closing, place, node=node, signing=self._keys[node],
            leader=SIDES[Side.LEADER].public(), helper=SIDES[Side.HELPER].public(), noise=draw, random=random,
        )  # fmt: skip
        assert made.leader_share is not None
        assert made.helper_share is not None
        return Made(made.header, made.leader_share, made.helper_share)


@cache
def keys(name: str) -> SigningKey:
    return SigningKey.generate()


def make_world(
    facts: Mapping[str, Town], plan: Plan, *, dice: str = "dice", coin: Callable[[CommitteeDraw], bytes] | None = None,
    repeatable: bool = True, others: int = 0, kind: type[World[Town]] = World,
) -> World[Town]:  # fmt: skip
    """Return a world; ``others`` are nodes of the roster that report nothing and may sit in committees."""
    quiet = {f"z{at:02}.node": town(["011002"], ["01"], {}) for at in range(others)}
    everybody = {**facts, **quiet}
    opens = {side: _opener(side, repeatable) for side in Side}
    identities = Identities(
        {side: keys(side.value) for side in Side}, opens,
        {name: (read_jwk(keys(name).public().jwk()),) for name in everybody},
        {name: one.areas.establishers for name, one in everybody.items()},
    )  # fmt: skip
    reporter = NodesOwn({name: keys(name) for name in everybody})
    extra: dict[str, Any] = {} if coin is None else {"coin": coin}
    return kind(plan, identities, everybody, reporter, KeyedDice(dice), **extra)


def _opener(side: Side, repeatable: bool) -> Callable[[bytes, bytes], bytes]:
    if not repeatable:
        return lambda sealed, context: open_envelope(SIDES[side], sealed, context=context)
    return lambda sealed, context: AESGCM(_key(SIDES[side].public())).decrypt(sealed[:12], sealed[12:], context)


def _key(public: SealingPublicKey) -> bytes:
    return sha256(public.kid.encode()).digest()


def repeatable_sealing(public: SealingPublicKey, plaintext: bytes, *, context: bytes) -> bytes:
    """Seal without fresh randomness, so that two runs with the same dice are the same bytes. HPKE never is."""
    nonce = sha256(frame(context, plaintext)).digest()[:12]
    return nonce + AESGCM(_key(public)).encrypt(nonce, plaintext, context)


@pytest.fixture
def sealing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the envelopes of this test repeatable."""
    monkeypatch.setattr(report, "seal_to", repeatable_sealing)
    monkeypatch.setattr(seats, "seal_to", repeatable_sealing)
