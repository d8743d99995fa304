"""A whole round in memory, with named parties and faults, giving the transcript of every message each party sees.

This is the order of the protocol and nothing more: each line below is one message, and each message is made and checked
by the functions that the services run. A party that is stopped goes on from what it kept.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from copy import deepcopy
from functools import partial
from typing import Generic, TypeVar

from aggregator.plans.model import Level, Plan
from aggregator.protocol import committee, seating
from aggregator.protocol.messages import NoiseHeader, SubmissionHeader
from aggregator.protocol.opening import open_totals
from aggregator.protocol.ring import pack, to_words
from aggregator.protocol.shares import Side, envelope_context
from aggregator.protocol.simulation.faults import Faults, Identities, Outcome, Spent, Stopped
from aggregator.protocol.simulation.nodes import Facts, Made, NodeParty, Reporter, SeatCall
from aggregator.protocol.simulation.servers import ServerKept, ServerParty, refusal
from aggregator.protocol.simulation.transcript import PUBLIC, Dice, Kind, NotedDice, Phase, Transcript
from aggregator.protocol.statements import (
    CommitteeDraw,
    Earlier,
    Opening,
    RoundKind,
    Seating,
    ServerSums,
    commitment,
)
from aggregator.protocol.totals import TotalSpec, Withheld
from aggregator.protocol.wire import Message, SubmissionRefused, named_in, sign

_Done = TypeVar("_Done")


class World(Generic[Facts]):
    """The parties of one plan's reference date, over as many rounds as it takes.

    ``coin`` turns the revealed nonces into the seed of the committees; a test may fix it, so that two runs that differ
    in one child draw the same seats.
    """

    def __init__(
        self, plan: Plan, identities: Identities, facts: Mapping[str, Facts], reporter: Reporter[Facts], dice: Dice,
        *, coin: Callable[[CommitteeDraw], bytes] = committee.seed_of,
    ) -> None:  # fmt: skip
        self.plan, self.transcript, self.ledger = plan, Transcript(), list[Spent]()
        dice = NotedDice(dice, self.transcript)
        self.nodes = {name: NodeParty(name, one, reporter, dice) for name, one in sorted(facts.items())}
        self.outcomes: list[Outcome] = []
        self._identities, self._dice, self._coin = identities, dice, coin
        self._crashes: set[tuple[str, str]] = set()

    def run(self, round_id: str, kind: RoundKind, faults: Faults[Facts]) -> Outcome:
        """Run one round to its end and return what came out."""
        self._crashes = set(faults.crashes)
        servers = self._announce(round_id, kind)
        self._collect(round_id, servers, faults)
        self._close(servers, faults)
        settled = self._seat(servers, faults)
        outcome = self._open(servers, settled)
        self.outcomes.append(outcome)
        return outcome

    def _announce(self, round_id: str, kind: RoundKind) -> dict[Side, ServerParty]:
        nonces = {side: self._dice.random(side.value, f"{round_id} nonce")(32) for side in Side}
        opening = Opening(
            round_id, self.plan.digest, kind, self.plan.leader, self.plan.helper, self.plan.opens_at,
            self.plan.closes_at, commitment(round_id, Side.LEADER, nonces[Side.LEADER]),
            commitment(round_id, Side.HELPER, nonces[Side.HELPER]), tuple(sorted(self._identities.nodes)),
            tuple(Earlier(one.opening.round_id, one.closing.digest) for one in self.outcomes),
        )  # fmt: skip
        counted = frozenset(node for one in self.outcomes for node in one.closing.nodes)
        areas = frozenset(area for one in self.outcomes for area in one.areas)
        supplement = kind is RoundKind.SUPPLEMENT
        for side in Side:
            self._state(Phase.OPENING, side, opening)
        return {
            side: ServerParty(
                side, name, self._identities.servers[side], self.plan, ServerKept(opening, nonces[side]),
                self._identities.open[side], self._identities.nodes, self._identities.codes,
                counted, areas if supplement else frozenset(),
            )
            for side, name in ((Side.LEADER, self.plan.leader), (Side.HELPER, self.plan.helper))
        }  # fmt: skip

    def _collect(self, round_id: str, servers: Mapping[Side, ServerParty], faults: Faults[Facts]) -> None:
        for name, node in self.nodes.items():
            if name in faults.dropped | faults.late:
                continue
            reached = [faults.one_sided[name]] if name in faults.one_sided else list(Side)
            self._submit(round_id, node, 1, servers, reached, Phase.COLLECTING)
            if name in faults.resend:
                self._submit(round_id, node, 1, servers, reached, Phase.COLLECTING)
            if name in faults.mended:
                node.facts = faults.mended[name]
                self._submit(round_id, node, 2, servers, reached, Phase.COLLECTING)
            if name in faults.mended_at_one:
                node.facts, only = faults.mended_at_one[name]
                self._submit(round_id, node, 2, servers, [only], Phase.COLLECTING)
        for thief, owner in faults.replay:
            for side, server in servers.items():
                self._send(round_id, thief, self.nodes[owner].kept.made[round_id, 1], server, side, Phase.COLLECTING)

    def _close(self, servers: Mapping[Side, ServerParty], faults: Faults[Facts]) -> None:
        leader, helper = servers[Side.LEADER], servers[Side.HELPER]
        round_id = leader.kept.opening.round_id
        theirs = helper.holdings()
        self._state(Phase.CLOSING, Side.HELPER, theirs)
        listed = self._persist(leader, lambda: leader.fix_list(theirs, self._after(leader.side)))
        self._state(Phase.CLOSING, Side.LEADER, listed)
        for name in sorted(faults.late):
            self._submit(round_id, self.nodes[name], 1, servers, list(Side), Phase.CLOSING)
        revealed = self._persist(helper, lambda: helper.agree(listed, self._after(helper.side)))
        for server in (helper, leader):
            self._persist(server, partial(server.spend, partial(self._charge, server), self._after(server.side)))
            self._state(Phase.CLOSING, server.side, listed)
        draw = CommitteeDraw(round_id, listed.digest, leader.kept.nonce, revealed)
        for server in servers.values():
            self._persist(server, partial(server.believe, draw, self._after(server.side)))
            self._state(Phase.DRAWING, server.side, draw)

    def _seat(self, servers: Mapping[Side, ServerParty], faults: Faults[Facts]) -> Seating:
        leader, helper = servers[Side.LEADER], servers[Side.HELPER]
        opening, specs = leader.kept.opening, leader.specs()
        if leader.kept.draw is None:
            raise Stopped
        seed, attempt = self._coin(leader.kept.draw), 0
        while (settled := leader.settle(seed)) is None:
            waiting: dict[tuple[Level, str], tuple[str, ...]] = {}
            for spec in specs:
                own = leader.kept.answers.get((spec.level, spec.area), [])
                called = seating.calls(self.plan, opening, seed, spec, own)
                if called:
                    waiting[spec.level, spec.area] = called
                for name in called:
                    if not faults.silent(attempt, name):
                        self._sit(servers, spec, name, attempt, called)
            mine, theirs = leader.noise_holdings(attempt), helper.noise_holdings(attempt)
            for server, held in ((leader, mine), (helper, theirs)):
                self._state(Phase.SEATING, server.side, held)
            for server in servers.values():
                server.end_attempt(mine, theirs, waiting)
            attempt += 1
        for server in servers.values():
            seating.require_seating(settled, server.settle(seed))
            server.kept.seating = settled
            self._state(Phase.SEATING, server.side, settled)
        return settled

    def _open(self, servers: Mapping[Side, ServerParty], settled: Seating) -> Outcome:
        leader = servers[Side.LEADER]
        round_id, specs = leader.kept.opening.round_id, leader.specs()
        sent: dict[Side, ServerSums] = {}
        for side, server in servers.items():
            sent[side] = self._persist(server, partial(self._add_up, server, round_id))
            to = (Side.LEADER,) if side is Side.HELPER else ()
            self.transcript.note(round_id, Phase.ADDING, Kind.SUMS, side, to, "halves", sent[side].to_bytes())
        opened = open_totals(self.plan, leader.kept.opening, specs, settled, sent[Side.LEADER], sent[Side.HELPER])
        for spec, values in opened.items():
            body = values.value.encode() if isinstance(values, Withheld) else pack(to_words(values))
            about = f"{spec.level} {spec.area}"
            self.transcript.note(round_id, Phase.OPENED, Kind.TOTAL, Side.LEADER, (PUBLIC,), about, body)
        areas = frozenset(area for header in leader.headers() for area in header.areas)
        return Outcome(leader.kept.opening, leader.listed, specs, settled, sent, opened, areas)

    def _add_up(self, server: ServerParty, round_id: str) -> ServerSums:
        return server.add_up(
            lambda spec: self._dice.noise(server.side, f"{round_id} total {spec.level} {spec.area}"),
            self._after(server.side),
        )

    def _sit(
        self, servers: Mapping[Side, ServerParty], spec: TotalSpec, name: str, attempt: int, called: Collection[str]
    ) -> None:
        leader = servers[Side.LEADER]
        round_id = leader.kept.opening.round_id
        call = SeatCall(self.plan, leader.kept.opening, leader.listed, spec.level, spec.area, attempt)
        made = self._retry(lambda: self.nodes[name].sit(call, self._after(name)))
        about = f"{name} seat {spec.level} {spec.area}"
        for side, server in servers.items():
            self._show(named_in(NoiseHeader, made.header), made, name, side, Phase.SEATING, about)
            receipt = server.accept_noise(name, made.header, made.envelope(side), attempt, called)
            self.transcript.note(round_id, Phase.SEATING, Kind.RECEIPT, side, (name,), about, receipt.encode())

    def _submit(
        self, round_id: str, node: NodeParty[Facts], sequence: int, servers: Mapping[Side, ServerParty],
        reached: Sequence[Side], phase: Phase,
    ) -> None:  # fmt: skip
        made = self._retry(lambda: node.prepare(self.plan, round_id, sequence, self._after(node.name)))
        for side in reached:
            self._send(round_id, node.name, made, servers[side], side, phase)

    def _send(self, round_id: str, name: str, made: Made, server: ServerParty, side: Side, phase: Phase) -> None:
        header = named_in(SubmissionHeader, made.header)
        about = f"{header.node} {header.sequence}"

        def once() -> str:
            self._show(header, made, name, side, phase, about)
            receipt = server.accept(name, made.header, made.envelope(side), self._after(side))
            self._after(name)(f"sent-{side}")
            return receipt

        try:
            kind, body = Kind.RECEIPT, self._persist(server, once).encode()
        except SubmissionRefused as error:
            kind, body = Kind.REFUSAL, refusal(error)
        self.transcript.note(round_id, phase, kind, side, (name,), about, body)

    def _show(
        self, header: SubmissionHeader | NoiseHeader, made: Made, name: str, side: Side, phase: Phase, about: str
    ) -> None:
        """Note what a server sees of a vector: also the share, which it can open whether or not it will keep it."""
        sealed = made.envelope(side)
        for kind, body in ((Kind.HEADER, made.header.encode()), (Kind.ENVELOPE, sealed)):
            self.transcript.note(header.round_id, phase, kind, name, (side,), about, body)
        share = self._identities.open[side](sealed, envelope_context(header.context, side))
        self.transcript.note(header.round_id, phase, Kind.SHARE, side, (), about, share)

    def _charge(self, server: ServerParty) -> None:
        opening = server.kept.opening
        disjoint = opening.kind is RoundKind.SUPPLEMENT
        units, reason = (0, "disjoint") if disjoint else (self.plan.total_units, opening.kind.value)
        self.ledger.append(Spent(opening.round_id, server.side, units, reason))

    def _state(self, phase: Phase, side: Side, message: Message) -> None:
        token = sign(self._identities.servers[side], message).encode()
        about = type(message).__name__
        round_id: str = getattr(message, "round_id")  # noqa: B009  every statement has one
        self.transcript.note(round_id, phase, Kind.STATEMENT, side, (PUBLIC,), about, token)

    def _persist(self, server: ServerParty, step: Callable[[], _Done]) -> _Done:
        """Do a step of a server, again from a copy of what it kept wherever it is stopped."""

        def again() -> None:
            server.kept = deepcopy(server.kept)

        return self._retry(step, again)

    def _retry(self, step: Callable[[], _Done], again: Callable[[], None] = lambda: None) -> _Done:
        while True:
            try:
                return step()
            except Stopped:
                again()

    def _after(self, party: str) -> Callable[[str], None]:
        def after(step: str) -> None:
            if (party, step) in self._crashes:
                self._crashes.discard((party, step))
                raise Stopped

        return after
