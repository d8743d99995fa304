"""Closing a round: one list, signed by both servers, spent in both ledgers, before anything is put together.

The leader fixes the list from what both hold, in the transaction that ends collecting. The helper checks that it holds
every entry, spends its own ledger and signs; then the leader spends and signs. What is spent stays spent.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from aggregator.ledger import service as ledger
from aggregator.plans.document import NoiseSource, Plan
from aggregator.protocol import closing as protocol
from aggregator.protocol.shares import Side
from aggregator.protocol.statements import Closing, Holdings, RoundKind
from aggregator.protocol.wire import StatementRefused, read_digest, sign
from aggregator.rounds import standing
from aggregator.rounds.errors import NotThisServer, RoundNotNow
from aggregator.rounds.models import CollectionRound
from aggregator.rounds.peer import OutOfReach, Peer
from aggregator.rounds.standing import CLOSED, RoundState
from aggregator.rounds.steps import CLOSE, DRAW, SEAT, After
from aggregator.server import Aggregator, Role
from trust.forms import Form
from web.jobs import service as jobs


def close_round(session: Session, aggregator: Aggregator, round_id: UUID, now: datetime) -> None:
    """Order the end of collecting, at the leader, at once; flushes. By itself it comes at the announced instant.

    Raises NotThisServer, RoundUnknown, RoundNotNow for a round that is not announced yet.
    """
    if aggregator.role is not Role.LEADER:
        raise NotThisServer(role=aggregator.role.value)
    row = standing.find(session, round_id, lock=True)
    if row.peer_opening_signature is None:
        raise RoundNotNow(reason="it is not announced")
    jobs.enqueue(session, CLOSE, {"round": str(round_id)}, now=now)


def close(aggregator: Aggregator, peer: Peer, round_id: UUID, after: After) -> None:
    """Bring a round from 'collecting' to 'closed', at the leader."""
    with aggregator.database.session() as session:
        state = standing.find(session, round_id).state
    if state in CLOSED:
        return
    if state == RoundState.COLLECTING:
        theirs = _understood(peer.send("/holdings", _named(round_id), most=Holdings.MOST))
        after("holdings-got")
        _fix(aggregator, round_id, theirs)
    after("list-fixed")
    with aggregator.database.session() as session:
        signed = str(standing.find(session, round_id).closing_signature)
    answer = Form(peer.ask("/close", {"closing": signed}), "answer", {"closing", "nonce"})
    after("list-signed")
    now = aggregator.clock()
    with aggregator.database.session() as session:
        row = standing.find(session, round_id, lock=True)
        if row.state == RoundState.CLOSING:
            token = answer.text("closing", most=Closing.MOST * 2)
            helper = standing.find_server(
                standing.require_registry(session, aggregator, now), standing.opening_of(row).helper
            )
            if standing.signed_by(helper, Closing, token, now) != standing.closing_of(row):
                raise StatementRefused(reason="another list than it was asked to sign")
            plan = standing.plan_of(session, row.plan_digest)
            row.peer_closing_signature, row.peer_nonce = token, read_digest(answer, "nonce")
            _spend(session, row, plan, now)
            wanted = DRAW if plan.noise is NoiseSource.COMMITTEE else SEAT
            jobs.enqueue(session, wanted, {"round": str(round_id)}, now=now)
        session.commit()
    after("closed")


def state_holdings(session: Session, leader: str, round_id: UUID) -> bytes:
    """As helper: return what is held here of a round that still collects; raises RoundNotNow, StatementRefused."""
    row = standing.find(session, round_id)
    if standing.opening_of(row).leader != leader:
        raise StatementRefused(reason="a round of another leader")
    if row.state != RoundState.COLLECTING:
        raise RoundNotNow(reason=f"it is {row.state}")
    return protocol.holdings(str(round_id), Side.HELPER, standing.held(session, round_id)).to_bytes()


def agree(session: Session, aggregator: Aggregator, leader: str, token: str, now: datetime) -> tuple[str, bytes]:
    """As helper: check the leader's list, spend, sign it once, and reveal the nonce. Raises StatementRefused."""
    registry = standing.require_registry(session, aggregator, now)
    listed = standing.signed_by(standing.find_server(registry, leader), Closing, token, now)
    row = standing.find(session, UUID(listed.round_id), lock=True)
    opening = standing.opening_of(row)
    if leader != opening.leader:
        raise StatementRefused(reason="a list that its leader did not make")
    if row.closing is not None:
        if standing.closing_of(row) != listed:
            raise StatementRefused(reason="another list of a round that is closed")
        return str(row.closing_signature), row.nonce
    protocol.require_agreement(
        listed, opening, standing.held(session, row.round_id), standing.earlier_rounds(session, row).nodes
    )
    row.closing, row.closing_signature = listed.to_bytes(), sign(aggregator.key, listed)
    row.peer_closing_signature = token
    _spend(session, row, standing.plan_of(session, row.plan_digest), now)
    session.flush()
    return str(row.closing_signature), row.nonce


def _fix(aggregator: Aggregator, round_id: UUID, theirs: Holdings) -> None:
    """Fix the list once, in the transaction that ends collecting; a second look finds it fixed."""
    with aggregator.database.session() as session:
        row = standing.find(session, round_id, lock=True)
        if row.state != RoundState.COLLECTING:
            return
        if (theirs.round_id, theirs.side) != (str(round_id), Side.HELPER):
            raise StatementRefused(reason="the holdings of another round")
        counted = standing.earlier_rounds(session, row).nodes
        listed = protocol.close(
            standing.opening_of(row), standing.held(session, round_id), protocol.held_of(theirs.entries), counted
        )
        row.closing, row.closing_signature = listed.to_bytes(), sign(aggregator.key, listed)
        row.state = RoundState.CLOSING
        session.commit()


def _spend(session: Session, row: CollectionRound, plan: Plan, now: datetime) -> None:
    """Charge the round in the transaction that closes it; a supplement costs no child anything."""
    kind = RoundKind(row.kind)
    if kind is RoundKind.SUPPLEMENT:
        ledger.spend(session, plan, row.round_id, 0, now, ledger.DISJOINT)
    else:
        ledger.spend(session, plan, row.round_id, plan.total_units, now, kind.value)
    row.state, row.closed_at = RoundState.CLOSED, now


def _named(round_id: UUID) -> bytes:
    return f'{{"round":"{round_id}"}}'.encode()


def _understood(raw: bytes | None) -> Holdings:
    if raw is None:
        raise OutOfReach("it does not say what it holds")
    return Holdings.from_bytes(raw)
