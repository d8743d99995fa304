"""A server of a simulated round, leader or helper: the steps between two writes to its store, in the order they happen.

Each step reads what is kept, calls the functions of the specification, and keeps its result before anything leaves. A
server that is stopped anywhere does its last step again from what is kept; what was kept is never made anew.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from aggregator.plans.model import Plan
from aggregator.protocol import admission, closing, committee, seating, shares, sums, totals
from aggregator.protocol.admission import Admission
from aggregator.protocol.layout import width_of
from aggregator.protocol.messages import NoiseHeader, Receipt, SubmissionHeader, open_header
from aggregator.protocol.ring import Words
from aggregator.protocol.seating import NoiseHoldings, Total
from aggregator.protocol.shares import Side
from aggregator.protocol.simulation.nodes import After
from aggregator.protocol.simulation.transcript import Draw
from aggregator.protocol.statements import (
    Closing,
    CommitteeDraw,
    Entry,
    Holdings,
    NoiseFrom,
    OneSum,
    Opening,
    Seating,
    ServerSums,
)
from aggregator.protocol.totals import TotalSpec
from aggregator.protocol.wire import Reason, SubmissionRefused, open_signed, sign
from trust.keys import Key
from trust.signing import SigningKey

Open = Callable[[bytes, bytes], bytes]
"""Opens an envelope to this server: sealed bytes and context in, share out."""


@dataclass(slots=True)
class ServerKept:
    """What a server has in its store for one round."""

    opening: Opening
    nonce: bytes
    submissions: dict[str, dict[int, tuple[SubmissionHeader, bytes]]] = field(default_factory=dict)
    closing: Closing | None = None
    spent: bool = False
    draw: CommitteeDraw | None = None
    noise: dict[tuple[Total, int], dict[str, tuple[NoiseHeader, bytes]]] = field(default_factory=dict)
    answers: dict[Total, list[Mapping[str, bytes]]] = field(default_factory=dict)
    seating: Seating | None = None
    sums: ServerSums | None = None


class ServerParty:
    """One server in one round."""

    def __init__(
        self, side: Side, name: str, key: SigningKey, plan: Plan, kept: ServerKept, open_: Open,
        keys: Mapping[str, Sequence[Key]], codes: Mapping[str, Collection[str]],
        counted: Collection[str], earlier_areas: Collection[str],
    ) -> None:  # fmt: skip
        self.side, self.name, self.plan, self.kept = side, name, plan, kept
        self._key, self._open, self._keys, self._codes = key, open_, keys, codes
        self._counted, self._earlier_areas = counted, earlier_areas

    def accept(self, node: str, token: str, sealed: bytes, after: After) -> str:
        """Take a submission in and return the receipt. Steps: 'share-checked', 'share-kept'."""
        header = open_header(token, self._keys.get(node, ()))
        admission.require_node(header, node)
        own = self.kept.submissions.get(node, {})
        found = admission.admit(
            header, sealed, self.side, opening=self.kept.opening, plan=self.plan,
            held={sequence: one.digest for sequence, (one, _) in own.items()}, codes=self._codes.get(node, ()),
            counted=self._counted, collecting=self.kept.closing is None,
        )  # fmt: skip
        if found is Admission.NEW:
            admission.require_length(header, self.side, self._opened(header, sealed))
            after("share-checked")
            self.kept.submissions.setdefault(node, {})[header.sequence] = (header, sealed)
        after("share-kept")
        return sign(self._key, Receipt(header.round_id, self.name, node, header.digest))

    def held(self) -> dict[str, dict[int, bytes]]:
        """Return what this server holds, for the list."""
        return {
            node: {sequence: header.digest for sequence, (header, _) in each.items()}
            for node, each in self.kept.submissions.items()
        }

    def holdings(self) -> Holdings:
        """Return the statement of what this server holds."""
        return closing.holdings(self.kept.opening.round_id, self.side, self.held())

    def fix_list(self, theirs: Holdings, after: After) -> Closing:
        """As leader: fix the list from both holdings, once. Step: 'list-kept'."""
        if self.kept.closing is None:
            own, other = closing.held_of(self.holdings().entries), closing.held_of(theirs.entries)
            self.kept.closing = closing.close(self.kept.opening, own, other, self._counted)
        after("list-kept")
        return self.kept.closing

    def agree(self, listed: Closing, after: After) -> bytes:
        """As helper: check the leader's list, keep it, and reveal the nonce. Step: 'list-agreed'."""
        if self.kept.closing is None:
            closing.require_agreement(listed, self.kept.opening, self.held(), self._counted)
            self.kept.closing = listed
        elif self.kept.closing != listed:
            raise admission.refused(Reason.ROUND_CLOSED)
        after("list-agreed")
        return self.kept.nonce

    def spend(self, ledger: Callable[[], None], after: After) -> None:
        """Spend before anything can be opened, in the step that keeps the closed list. Step: 'spent'."""
        if not self.kept.spent:
            ledger()
            self.kept.spent = True
        after("spent")

    def believe(self, draw: CommitteeDraw, after: After) -> None:
        """Keep the revealed nonces once they are those committed to. Step: 'draw-kept'."""
        committee.require_draw(draw, self.kept.opening, self.listed)
        self.kept.draw = draw
        after("draw-kept")

    @property
    def listed(self) -> Closing:
        """The list; there is one from closing on."""
        if self.kept.closing is None:
            raise admission.refused(Reason.OTHER_ROUND)
        return self.kept.closing

    def headers(self) -> list[SubmissionHeader]:
        """Return the headers on the list."""
        return [self.kept.submissions[one.node][one.sequence][0] for one in self.listed.entries]

    def specs(self) -> tuple[TotalSpec, ...]:
        """Return the totals of the round."""
        return totals.specs(self.plan, self.headers(), self._earlier_areas)

    def accept_noise(self, node: str, token: str, sealed: bytes, attempt: int, called: Collection[str]) -> str:
        """Take a seat's noise in and return the receipt."""
        header = open_signed(NoiseHeader, token, self._keys.get(node, ()))
        admission.require_node(header, node)
        held = self.kept.noise.setdefault(((header.level, header.area), attempt), {})
        found = admission.admit_noise(
            header, sealed, self.side, closing=self.listed, plan=self.plan, seats=called,
            held=held[node][0].digest if node in held else None, collecting=header.attempt == attempt,
        )  # fmt: skip
        if found is Admission.NEW:
            admission.require_length(header, self.side, self._opened(header, sealed))
            held[node] = (header, sealed)
        return sign(self._key, Receipt(header.round_id, self.name, node, header.digest))

    def noise_holdings(self, attempt: int) -> NoiseHoldings:
        """Return the statement of what this server holds when an attempt is over."""
        found = [
            (total, tuple(Entry(node, attempt, header.digest) for node, (header, _) in sorted(each.items())))
            for (total, of), each in sorted(self.kept.noise.items())
            if of == attempt
        ]
        return NoiseHoldings(self.kept.opening.round_id, self.side, self.listed.digest, attempt, tuple(found))

    def end_attempt(self, own: NoiseHoldings, theirs: NoiseHoldings, waiting: Collection[Total]) -> None:
        """Note who answered an attempt: those of whom both servers hold the same header."""
        here, there = dict(own.totals), dict(theirs.totals)
        for total in waiting:
            mine = {one.node: one.digest for one in here.get(total, ())}
            other = {one.node: one.digest for one in there.get(total, ())}
            self.kept.answers.setdefault(total, []).append(seating.answered(mine, other))

    def settle(self, seed: bytes) -> Seating | None:
        """Return who adds the noise, as it follows from what both hold."""
        return seating.settle(self.plan, self.kept.opening, self.listed, self.specs(), seed, self.kept.answers)

    def add_up(self, draw: Callable[[TotalSpec], Draw], after: After) -> ServerSums:
        """Return this server's halves with their noise: drawn once, kept, then the same bytes for ever.

        Steps: 'noise-drawn' (nothing is kept yet, and nothing was sent), 'sums-kept'.
        """
        if self.kept.sums is None:
            settled = self.kept.seating
            if settled is None:
                raise admission.refused(Reason.OTHER_ROUND)
            specs = [one for one in self.specs() if one.withheld is None]
            headers = self.headers()
            if self.side is Side.HELPER:
                shares.require_fresh(self._opened(one, self._sealed(one)) for one in headers)
            halves = sums.halves(self.plan, specs, [(one, self._words(one)) for one in headers])
            made = tuple(
                OneSum.of(spec.level, spec.area, self._noised(spec, half, settled, draw))
                for spec, half in halves.items()
            )
            after("noise-drawn")
            self.kept.sums = ServerSums(self.kept.opening.round_id, self.side, settled.digest, made)
        after("sums-kept")
        return self.kept.sums

    def _noised(self, spec: TotalSpec, half: Words, settled: Seating, draw: Callable[[TotalSpec], Draw]) -> Words:
        seats = settled.of(spec.level, spec.area)
        match seats.noise:
            case NoiseFrom.NODE:
                return half
            case NoiseFrom.COMMITTEE:
                held = [self.kept.noise[(spec.level, spec.area), one.sequence][one.node] for one in seats.members]
                if self.side is Side.HELPER:
                    shares.require_fresh(self._opened(*one) for one in held)
                return sums.with_seats(half, [self._words(header) for header, _ in held])
            case NoiseFrom.SERVERS | NoiseFrom.FALLBACK:
                drawn = draw(spec)(seating.sigma_squared_of(self.plan, spec.level), width_of(self.plan, spec.level))
                return sums.with_noise(half, drawn)

    def _sealed(self, header: SubmissionHeader | NoiseHeader) -> bytes:
        if isinstance(header, SubmissionHeader):
            return self.kept.submissions[header.node][header.sequence][1]
        return self.kept.noise[(header.level, header.area), header.attempt][header.node][1]

    def _words(self, header: SubmissionHeader | NoiseHeader) -> Words:
        share = self._opened(header, self._sealed(header))
        return shares.words(share, self.side, header.context, header.cells)

    def _opened(self, header: SubmissionHeader | NoiseHeader, sealed: bytes) -> bytes:
        return self._open(sealed, shares.envelope_context(header.context, self.side))


def refusal(error: SubmissionRefused) -> bytes:
    """Return a refusal as the node gets it."""
    return error.reason.value.encode()
