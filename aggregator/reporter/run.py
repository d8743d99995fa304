"""One look of a node at the rounds: report where it is wanted, take a seat where it was drawn, settle what is closed.

Everything that reaches a server was durable first, so that whoever is killed anywhere goes on with the same bytes; what
is durable already is never made again while it is good. Nothing a server says is taken on trust that can be checked:
both signatures under the opening, the plan by its digest, the list, the nonces, the own seat.
"""

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Final, Protocol, TypeVar
from uuid import UUID

from aggregator.plans.document import read_plan
from aggregator.plans.model import Plan, PlanRefused
from aggregator.privacy.accounting import YEAR_UNITS
from aggregator.privacy.mechanisms import discrete_gaussian
from aggregator.protocol.messages import MOST_SEQUENCE, NoiseHeader, Receipt, SubmissionHeader
from aggregator.protocol.shares import Side
from aggregator.protocol.statements import Closing, CommitteeDraw, Opening, RoundKind
from aggregator.protocol.wire import Message, SubmissionRefused, named_in, open_signed
from aggregator.reporter.client import Announced, Servers
from aggregator.reporter.errors import BudgetReached, CountedAlready, NotAnnounced, Overtaken, ServerOutOfReach
from aggregator.reporter.facts import Areas, ChildFact
from aggregator.reporter.noise import Draw
from aggregator.reporter.report import Sender, build
from aggregator.reporter.seats import make_seat, own_places
from aggregator.reporter.state import KeptReport, KeptSeat, ReportState, Store
from trust.envelopes import SealingPublicKey
from trust.errors import ManabiError
from trust.files import nothing_follows
from trust.framing import from_text
from trust.tokens import TokenFault, key_named, require_typ, take_apart, verify

log = logging.getLogger(__name__)

PLAN_TYP: Final = "manabi-plan+jws"
STEPS: Final = (
    "counted", "prepared", "sent-leader", "noted-leader", "sent-helper", "noted-helper", "settled",
    "seat-made", "seat-kept", "seat-sent-leader", "seat-noted-leader", "seat-sent-helper", "seat-noted-helper",
)  # fmt: skip
"""Every step that is told as it completes; at each of them a process may be stopped without harm."""
_MOST_PLAN: Final = 1024 * 1024
_COLLECTING: Final = ("open", "collecting")
_DRAWN: Final = "closed"
_M = TypeVar("_M", bound=Message)


class Reading(Protocol):
    """One pass over one state of the records."""

    @property
    def areas(self) -> Areas:
        """All areas of the node."""

    @property
    def digest(self) -> bytes:
        """What was read, to be compared later; complete when the facts are used up."""

    def facts(self) -> Iterator[ChildFact]:
        """Yield at most one fact per child."""


class Source(Protocol):
    """Where the facts come from: a node's sealed records, or children made up for the demo."""

    def read(self, plan: Plan) -> AbstractContextManager[Reading]:
        """Open a pass over one state of the records."""

    def digest(self, plan: Plan) -> bytes:
        """Return what a pass would read now, without opening any record."""


def report_once(
    store: Store,
    source: Source,
    servers: Servers,
    now: datetime,
    *,
    after: Callable[[str], None] = nothing_follows,
    draw: Draw = discrete_gaussian,
    random: Callable[[int], bytes] = os.urandom,
) -> None:
    """Look at every round once. A problem with one is noted in the store and keeps no other from going on.

    ``draw`` and ``random`` are the system's randomness unless a test fixes them.
    """
    for announced in servers.rounds():
        if isinstance(announced, ServerOutOfReach):
            log.warning("a server of the count is out of reach: %s", announced.params["server"])
            store.note(None, announced, now)
            continue
        try:
            _Round(store, source, servers, announced, now, after, draw, random).follow()
        except Overtaken:
            continue
        except ManabiError as problem:
            log.warning("round %s is not reported to: %s", announced.round_id, problem.code)
            store.note(announced.round_id, problem, now)
        else:
            store.note(announced.round_id, None, now)


class _Round:
    """One round as this node meets it now."""

    def __init__(
        self, store: Store, source: Source, servers: Servers, announced: Announced, now: datetime,
        after: Callable[[str], None], draw: Draw, random: Callable[[int], bytes],
    ) -> None:  # fmt: skip
        self._store, self._source, self._servers, self._announced = store, source, servers, announced
        self._now, self._after, self._draw, self._random = now, after, draw, random

    def follow(self) -> None:
        """Do what the round's state asks of this node."""
        opening, plan, token = self._believed()
        self._store.see(plan, token, opening, self._announced.state, self._now)
        state = self._announced.state
        if set(self._announced.closing) == set(Side):
            closing = self._listed(opening)
            self._settle(closing)
            self._sit(plan, opening, closing)
        elif state in _COLLECTING and opening.opens_at <= self._now < opening.closes_at:
            self._report(plan, opening)

    def _believed(self) -> tuple[Opening, Plan, str]:
        """Return opening and plan once both servers' signatures and the plan's digest hold; raises NotAnnounced."""
        seen = self._announced
        opening = self._signed(Opening, seen.opening, seen.leader, None)
        if not _is_uuid(seen.round_id):
            raise NotAnnounced(reason="its name is no UUID")
        if (opening.round_id, opening.leader) != (seen.round_id, seen.leader):
            raise NotAnnounced(reason="its opening is about another round")
        self._signed(Opening, seen.opening, opening.leader, opening.helper)
        known = self._store.plan_token(opening.plan)
        token = known or self._servers.plan(seen.leader, opening.plan)
        try:
            parts = take_apart(token, most=_MOST_PLAN)
            if known is None:
                require_typ(parts, PLAN_TYP)
                verify(parts, key_named(parts, self._servers.keys(seen.leader, self._now)))
            plan = read_plan(from_text(token.split(".")[1]))
        except (TokenFault, ValueError, PlanRefused) as fault:
            raise NotAnnounced(reason="its plan cannot be read") from fault
        if plan.digest != opening.plan or (plan.leader, plan.helper) != (opening.leader, opening.helper):
            raise NotAnnounced(reason="its plan is another one")
        return opening, plan, token

    def _signed(self, kind: type[_M], tokens: Mapping[Side, str], leader: str, helper: str | None) -> _M:
        """Return a statement that the leader signed, and the helper as well where it is named; raises NotAnnounced."""
        name = kind.__name__.lower()
        try:
            stated = open_signed(kind, tokens[Side.LEADER], self._servers.keys(leader, self._now))
            if helper is not None:
                other = open_signed(kind, tokens[Side.HELPER], self._servers.keys(helper, self._now))
                if other.digest != stated.digest:
                    raise NotAnnounced(reason=f"the two servers signed another {name} each")
        except (SubmissionRefused, KeyError) as error:
            raise NotAnnounced(reason=f"its {name} is not signed by both servers") from error
        return stated

    def _report(self, plan: Plan, opening: Opening) -> None:
        """Send what is durable; make a submission where there is none, or where the records have changed since."""
        if self._now < plan.attributed_at:
            return
        kept = self._store.newest(opening.round_id)
        if kept is None:
            self._require_room(plan, opening)
            kept = self._prepare(plan, opening, 1)
        elif self._source.digest(plan) != kept.read_digest:
            kept = self._prepare(plan, opening, kept.sequence + 1)
        self._send(opening, kept)

    def _require_room(self, plan: Plan, opening: Opening) -> None:
        """Refuse a round that would cost this node's children too much, whatever the servers' ledger says."""
        if opening.kind is RoundKind.SUPPLEMENT:
            earlier = [self._store.newest(one.round_id) for one in opening.earlier]
            if any(one is not None and one.state is not ReportState.MISSED for one in earlier):
                raise CountedAlready
        if self._store.spent_units(plan.school_year) + plan.total_units > min(YEAR_UNITS, plan.year_units):
            raise BudgetReached(school_year=plan.school_year)

    def _prepare(self, plan: Plan, opening: Opening, sequence: int) -> KeptReport:
        """Count, and make a submission durable before any of it can leave."""
        if sequence > MOST_SEQUENCE:
            raise NotAnnounced(reason="it was mended too often")
        identity = self._servers.identity
        sender = Sender(
            opening.round_id, identity.node, sequence, identity.signing, self._lock(opening.leader),
            self._lock(opening.helper),
        )  # fmt: skip
        with self._source.read(plan) as reading:
            prepared = build(
                plan, reading.facts(), reading.areas, sender=sender, noise=self._draw,
                kept=self._store.noise(opening.round_id), random=self._random,
            )  # fmt: skip
            digest = reading.digest
        self._after("counted")
        self._store.keep(prepared, plan, digest, self._now)
        self._after("prepared")
        kept = self._store.newest(opening.round_id)
        if kept is None:
            raise Overtaken
        return kept

    def _send(self, opening: Opening, kept: KeptReport) -> None:
        """Hand each server its half, unless it has signed for it already; the leader first."""
        digest = named_in(SubmissionHeader, kept.header).digest
        for side, server in ((Side.LEADER, opening.leader), (Side.HELPER, opening.helper)):
            share = kept.share(side)
            if kept.receipt(side) is not None or share is None:
                continue
            token = self._servers.submit(server, opening.round_id, kept.header, share)
            self._after(f"sent-{side.value}")
            self._require_receipt(token, opening, server, digest)
            self._store.acknowledge(opening.round_id, kept.sequence, side, token, self._now)
            self._after(f"noted-{side.value}")

    def _listed(self, opening: Opening) -> Closing:
        closing = self._signed(Closing, self._announced.closing, opening.leader, opening.helper)
        if (closing.round_id, closing.opening) != (opening.round_id, opening.digest):
            raise NotAnnounced(reason="its list is of another round")
        return closing

    def _settle(self, closing: Closing) -> None:
        """Note which submission counts, and destroy the noise: nothing can be mended any more."""
        kept = self._store.newest(closing.round_id)
        if kept is None or kept.state in (ReportState.SETTLED, ReportState.MISSED):
            return
        own = next((one for one in closing.entries if one.node == self._servers.identity.node), None)
        self._store.settle(closing.round_id, None if own is None else own.sequence, self._now)
        self._after("settled")

    def _sit(self, plan: Plan, opening: Opening, closing: Closing) -> None:
        """Make and send the noise of every seat that the draw gives this node, once the draw is checked."""
        seen, me = self._announced, self._servers.identity
        if set(seen.draw) != set(Side) or seen.state != _DRAWN:
            return
        draw = self._signed(CommitteeDraw, seen.draw, opening.leader, opening.helper)
        made = {seat.place: seat for seat in self._store.seats(opening.round_id)}
        for place in own_places(plan, opening, closing, draw, seen.committees, me.node):
            seat = made.get(place)
            if seat is None:
                seat = make_seat(
                    plan, opening, closing, place, node=me.node, signing=me.signing, leader=self._lock(opening.leader),
                    helper=self._lock(opening.helper), noise=self._draw, random=self._random,
                )  # fmt: skip
                self._after("seat-made")
                self._store.keep_seat(seat, self._now)
                self._after("seat-kept")
            self._send_seat(opening, seat)

    def _send_seat(self, opening: Opening, seat: KeptSeat) -> None:
        digest = named_in(NoiseHeader, seat.header).digest
        for side, server in ((Side.LEADER, opening.leader), (Side.HELPER, opening.helper)):
            share = seat.share(side)
            if seat.receipt(side) is not None or share is None:
                continue
            token = self._servers.add_noise(server, opening.round_id, seat.header, share)
            self._after(f"seat-sent-{side.value}")
            self._require_receipt(token, opening, server, digest)
            self._store.acknowledge_seat(seat.place, side, token)
            self._after(f"seat-noted-{side.value}")

    def _lock(self, server: str) -> SealingPublicKey:
        """Return the key that a server's half is sealed to."""
        found = self._servers.find(server)
        key = None if found is None else found.sealing_key(self._now)
        if key is None:
            raise NotAnnounced(reason=f"{server} has no key to seal to")
        return key

    def _require_receipt(self, token: str, opening: Opening, server: str, header: bytes) -> None:
        """Check that a server signed for this very header; raises ServerOutOfReach, for it may answer better later."""
        try:
            receipt = open_signed(Receipt, token, self._servers.keys(server, self._now))
        except SubmissionRefused as error:
            raise ServerOutOfReach(server=server, reason="its receipt is not signed by it") from error
        said = (receipt.round_id, receipt.server, receipt.node, receipt.header)
        if said != (opening.round_id, server, self._servers.identity.node, header):
            raise ServerOutOfReach(server=server, reason="its receipt is for something else")


def _is_uuid(name: str) -> bool:
    try:
        return str(UUID(name)) == name
    except ValueError:
        return False
