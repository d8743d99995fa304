"""Opening a round: the leader orders it, both commit to their nonces, both sign the announcement.

Until both signatures are there, no node is told of the round, and nobody can choose anything afterwards: roster,
earlier rounds, times and both halves of the committee's seed are fixed.
"""

import os
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from aggregator.ledger import service as ledger
from aggregator.ledger.balance import BudgetExceeded
from aggregator.plans.document import Plan
from aggregator.plans_kept import service as plans
from aggregator.protocol.shares import Side
from aggregator.protocol.statements import NONCE_BYTES, Earlier, Opening, RoundKind, commitment
from aggregator.protocol.wire import StatementRefused, read_digest, sign
from aggregator.rounds import standing
from aggregator.rounds.errors import NotThisServer, PlanUnknown, RoundNotNow
from aggregator.rounds.models import CollectionRound
from aggregator.rounds.peer import Peer, PeerRefused
from aggregator.rounds.standing import RoundState
from aggregator.rounds.steps import ANNOUNCE, CLOSE, After
from aggregator.server import Aggregator, Role
from trust.forms import Form
from trust.framing import to_text
from trust.registry import ParticipantKind, Registry
from web.jobs import service as jobs

FURTHER_ROUNDS_LAST: Final = timedelta(days=28)
"""How long a supplement or a repeat collects where the plan's own schedule is over."""


def open_round(session: Session, aggregator: Aggregator, plan: Plan, kind: RoundKind, now: datetime) -> UUID:
    """Order a round of an approved plan, at the leader; flushes. The announcement follows by a job.

    Raises NotThisServer, PlanUnknown, RoundNotNow (another round of the plan runs; a main round that is not the first;
    any other that is), BudgetExceeded for a repeat that does not fit.
    """
    if aggregator.role is not Role.LEADER:
        raise NotThisServer(role=aggregator.role.value)
    if not plans.hold(session, plan.digest):
        raise PlanUnknown
    standing.plan_of(session, plan.digest)
    if standing.running_round(session, plan.digest) is not None:
        raise RoundNotNow(reason="another round of this plan is not closed yet")
    earlier = standing.closed_rounds(session, plan.digest)
    if (kind is RoundKind.MAIN) is bool(earlier.closings):
        raise RoundNotNow(reason="the first round of a date is the main round, and no later one is")
    if kind is RoundKind.REPEAT:
        _require_left(session, plan)
    row = _row(uuid4(), plan, kind, now)
    session.add(row)
    session.flush()
    jobs.enqueue(session, ANNOUNCE, {"round": str(row.round_id)}, now=now)
    return row.round_id


def announce(aggregator: Aggregator, peer: Peer, round_id: UUID, after: After) -> None:
    """Bring a round from 'open' to 'collecting', at the leader."""
    now = aggregator.clock()
    with aggregator.database.session() as session:
        row = standing.find(session, round_id)
        if row.state != RoundState.OPEN and row.peer_opening_signature is not None:
            return
        token, made = plans.token_of(session, row.plan_digest), row.opening_signature
        wanted: dict[str, object] = {"round": str(round_id), "plan": to_text(row.plan_digest)}
    peer.ask("/plans", {"token": token})
    after("plan-sent")
    if made is None:
        answer = peer.ask("/rounds", wanted)
        after("commitment-got")
        with aggregator.database.session() as session:
            row = standing.find(session, round_id, lock=True)
            made = row.opening_signature or _make_opening(session, aggregator, row, _commitment(answer), now)
            session.commit()
    after("opening-made")
    try:
        answered = Form(peer.ask("/openings", {"opening": made}), "answer", {"opening"})
    except PeerRefused:
        _make_anew(aggregator, round_id)
        raise
    theirs = answered.text("opening", most=Opening.MOST * 2)
    after("opening-signed")
    with aggregator.database.session() as session:
        row = standing.find(session, round_id, lock=True)
        opening = standing.opening_of(row)
        helper = standing.find_server(standing.require_registry(session, aggregator, now), opening.helper)
        if standing.signed_by(helper, Opening, theirs, now) != opening:
            raise StatementRefused(reason="another opening than it was asked to sign")
        if row.peer_opening_signature is None:
            row.peer_opening_signature = theirs
            jobs.enqueue(session, CLOSE, {"round": str(round_id)}, now=now, due_at=row.closes_at)
        session.commit()
    after("announced")


def _make_anew(aggregator: Aggregator, round_id: UUID) -> None:
    """Drop an opening that the helper refused, and therefore never signed: registries may differ for a while."""
    with aggregator.database.session() as session:
        row = standing.find(session, round_id, lock=True)
        if row.peer_opening_signature is None:
            row.state, row.opening, row.opening_signature = RoundState.OPEN, None, None
            session.commit()


def commit_to(session: Session, leader: str, round_id: UUID, plan_digest: bytes, now: datetime) -> bytes:
    """As helper: make a nonce for a round that the leader orders, once, and return what commits to it."""
    plan = standing.plan_of(session, plan_digest)
    if leader != plan.leader:
        raise StatementRefused(reason="a round of another leader")
    row = session.get(CollectionRound, round_id, with_for_update=True)
    if row is None:
        row = _row(round_id, plan, RoundKind.MAIN, now)
        session.add(row)
        session.flush()
    if row.plan_digest != plan_digest:
        raise StatementRefused(reason="a round of another plan")
    return commitment(str(round_id), Side.HELPER, row.nonce)


def agree(session: Session, aggregator: Aggregator, leader: str, token: str, now: datetime) -> str:
    """As helper: check the leader's opening against everything that is known here, and sign it, once.

    Checked: plan and servers, the own commitment, the roster against the own registry, the earlier rounds and what
    kind of round can follow them, that the budget of a repeat is there. Raises StatementRefused.
    """
    registry = standing.require_registry(session, aggregator, now)
    opening = standing.signed_by(standing.find_server(registry, leader), Opening, token, now)
    row = standing.find(session, UUID(opening.round_id), lock=True)
    if row.opening is not None:
        if standing.opening_of(row) != opening:
            raise StatementRefused(reason="another opening of a round that is announced")
        return str(row.opening_signature)
    plans.hold(session, row.plan_digest)
    plan = standing.plan_of(session, row.plan_digest)
    if (opening.plan, opening.leader, opening.helper) != (
        plan.digest,
        plan.leader,
        plan.helper,
    ) or leader != plan.leader:
        raise StatementRefused(reason="a round of another plan or of other servers")
    if opening.helper_commitment != commitment(opening.round_id, Side.HELPER, row.nonce):
        raise StatementRefused(reason="a commitment that was not made here")
    if opening.roster != roster_of(registry):
        raise StatementRefused(reason="another roster than the registry's")
    earlier = standing.closed_rounds(session, plan.digest)
    if opening.earlier != tuple(Earlier(*one) for one in earlier.closings):
        raise StatementRefused(reason="other earlier rounds of this date than are known here")
    if not opening.opens_at < opening.closes_at:
        raise StatementRefused(reason="it closes before it opens")
    if opening.kind is RoundKind.REPEAT:
        _require_left(session, plan)
    row.kind, row.opens_at, row.closes_at = opening.kind.value, opening.opens_at, opening.closes_at
    _keep(row, aggregator, opening)
    row.peer_opening_signature = token
    session.flush()
    return str(row.opening_signature)


def roster_of(registry: Registry) -> tuple[str, ...]:
    """Return the nodes of the nation, by name: whoever may be drawn into a committee."""
    return tuple(sorted(one.id for one in registry.participants if one.kind is ParticipantKind.NODE))


def _make_opening(
    session: Session, aggregator: Aggregator, row: CollectionRound, helper_commitment: bytes, now: datetime
) -> str:
    plan = standing.plan_of(session, row.plan_digest)
    earlier = standing.closed_rounds(session, plan.digest)
    opening = Opening(
        str(row.round_id), plan.digest, RoundKind(row.kind), plan.leader, plan.helper, row.opens_at, row.closes_at,
        commitment(str(row.round_id), Side.LEADER, row.nonce), helper_commitment,
        roster_of(standing.require_registry(session, aggregator, now)),
        tuple(Earlier(*one) for one in earlier.closings),
    )  # fmt: skip
    return _keep(row, aggregator, opening)


def _keep(row: CollectionRound, aggregator: Aggregator, opening: Opening) -> str:
    row.opening, row.state = opening.to_bytes(), RoundState.COLLECTING
    row.opening_signature = sign(aggregator.key, opening)
    return row.opening_signature


def _commitment(answer: dict[str, object]) -> bytes:
    return read_digest(Form(answer, "answer", {"commitment"}), "commitment")


def _require_left(session: Session, plan: Plan) -> None:
    for balance in ledger.balances(session):
        if balance.school_year == plan.school_year:
            balance.after(plan.digest, ledger.Kind.SPENT, plan.total_units)
            return
    raise BudgetExceeded(school_year=plan.school_year, wanted=plan.total_units, left=0)


def _row(round_id: UUID, plan: Plan, kind: RoundKind, now: datetime) -> CollectionRound:
    now = now.replace(microsecond=0)
    opens_at = max(now, plan.opens_at)
    closes_at = plan.closes_at if plan.closes_at > opens_at else opens_at + FURTHER_ROUNDS_LAST
    return CollectionRound(
        round_id=round_id, plan_digest=plan.digest, kind=kind.value, state=RoundState.OPEN, opens_at=opens_at,
        closes_at=closes_at, nonce=os.urandom(NONCE_BYTES), peer_nonce=None, opening=None, opening_signature=None,
        peer_opening_signature=None, closing=None, closing_signature=None, peer_closing_signature=None, draw=None,
        draw_signature=None, peer_draw_signature=None, attempt=0, waiting=False, attempt_ends_at=None, answers={},
        seating=None, seating_signature=None, peer_seating_signature=None, noise=None, problem=None, closed_at=None,
        opened_at=None, released_at=None,
    )  # fmt: skip
