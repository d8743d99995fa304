"""Settling whose noise goes into each total: the draw, the attempts of the committees, the seating both servers sign.

Where the servers add the noise themselves there is nothing to wait for and the seating follows at once. Otherwise both
nonces are revealed, the nodes find their seats in the draw, and for each attempt both servers say what they hold. What
follows from that each server computes by itself; the signatures only show that they came to the same.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from aggregator.plans.document import Level, Plan
from aggregator.protocol import seating as protocol
from aggregator.protocol.committee import require_draw
from aggregator.protocol.messages import MOST_ATTEMPT
from aggregator.protocol.seating import NoiseHoldings, Total
from aggregator.protocol.shares import Side
from aggregator.protocol.statements import CommitteeDraw, Entry, NoiseFrom, Seating
from aggregator.protocol.totals import TotalSpec
from aggregator.protocol.wire import StatementRefused, sign
from aggregator.rounds import standing
from aggregator.rounds.errors import RoundNotNow
from aggregator.rounds.models import CollectionRound, NoiseShare
from aggregator.rounds.peer import OutOfReach, Peer
from aggregator.rounds.proofs import FRESH
from aggregator.rounds.standing import RoundState
from aggregator.rounds.steps import OPEN, SEAT, SUMS, After, NotYet
from aggregator.server import Aggregator
from trust.forms import Form
from web.jobs import service as jobs


def draw(aggregator: Aggregator, peer: Peer, round_id: UUID, after: After) -> None:
    """Reveal both nonces, at the leader, and let the first attempt begin."""
    with aggregator.database.session() as session:
        row = standing.find(session, round_id, lock=True)
        if row.peer_draw_signature is not None:
            return
        if row.draw is None:
            if row.peer_nonce is None:
                raise RoundNotNow(reason="it is not closed")
            listed = standing.closing_of(row)
            made = CommitteeDraw(str(round_id), listed.digest, row.nonce, row.peer_nonce)
            require_draw(made, standing.opening_of(row), listed)
            row.draw, row.draw_signature = made.to_bytes(), sign(aggregator.key, made)
        token = str(row.draw_signature)
        session.commit()
    after("draw-made")
    theirs = Form(peer.ask("/draw", {"draw": token}), "answer", {"draw"}).text("draw", most=CommitteeDraw.MOST * 2)
    after("draw-signed")
    now = aggregator.clock()
    with aggregator.database.session() as session:
        row = standing.find(session, round_id, lock=True)
        helper = standing.find_server(
            standing.require_registry(session, aggregator, now), standing.opening_of(row).helper
        )
        if standing.signed_by(helper, CommitteeDraw, theirs, now) != standing.draw_of(row):
            raise StatementRefused(reason="another draw than it was asked to sign")
        if row.peer_draw_signature is None:
            row.peer_draw_signature = theirs
            _wait(aggregator, row, now)
            jobs.enqueue(session, SEAT, {"round": str(round_id)}, now=now)
        session.commit()
    after("draw-kept")


def seat(aggregator: Aggregator, peer: Peer, round_id: UUID, after: After) -> None:
    """Bring a closed round to its seating, at the leader; raises NotYet while seats are waited for."""
    while not _settle(aggregator, round_id):
        own = _end_attempt(aggregator, round_id)
        after("attempt-over")
        raw = peer.send("/noise", own.to_bytes(), most=NoiseHoldings.MOST)
        if raw is None:
            raise OutOfReach("it does not say which noise it holds")
        theirs = NoiseHoldings.from_bytes(raw)
        after("attempt-compared")
        with aggregator.database.session() as session:
            row = standing.find(session, round_id, lock=True)
            if row.attempt == own.attempt and not row.waiting:
                if (theirs.round_id, theirs.side, theirs.closing, theirs.attempt) != (
                    own.round_id, Side.HELPER, own.closing, own.attempt
                ):  # fmt: skip
                    raise StatementRefused(reason="the noise of another attempt")
                _compare(session, aggregator, row, own, theirs, aggregator.clock())
            session.commit()
        after("attempt-kept")
    after("seating-made")
    with aggregator.database.session() as session:
        row = standing.find(session, round_id)
        if row.peer_seating_signature is not None:
            return
        token = str(row.seating_signature)
    answer = Form(peer.ask("/seating", {"seating": token}), "answer", {"seating"})
    theirs_signed = answer.text("seating", most=Seating.MOST * 2)
    after("seating-signed")
    now = aggregator.clock()
    with aggregator.database.session() as session:
        row = standing.find(session, round_id, lock=True)
        helper = standing.find_server(
            standing.require_registry(session, aggregator, now), standing.opening_of(row).helper
        )
        if standing.signed_by(helper, Seating, theirs_signed, now) != standing.seating_of(row):
            raise StatementRefused(reason="another seating than it was asked to sign")
        if row.peer_seating_signature is None:
            row.peer_seating_signature = theirs_signed
            jobs.enqueue(session, OPEN, {"round": str(round_id)}, now=now)
        session.commit()
    after("seating-kept")


def agree_draw(session: Session, aggregator: Aggregator, leader: str, token: str, now: datetime) -> str:
    """As helper: check the revealed nonces against the opening, sign the draw once. Raises StatementRefused."""
    registry = standing.require_registry(session, aggregator, now)
    made = standing.signed_by(standing.find_server(registry, leader), CommitteeDraw, token, now)
    row = _of_leader(session, made.round_id, leader)
    if row.draw is None:
        require_draw(made, standing.opening_of(row), standing.closing_of(row))
        row.draw, row.draw_signature, row.peer_draw_signature = made.to_bytes(), sign(aggregator.key, made), token
        _wait(aggregator, row, now)
        session.flush()
    if standing.draw_of(row) != made:
        raise StatementRefused(reason="another draw of this round")
    return str(row.draw_signature)


def compare(session: Session, aggregator: Aggregator, leader: str, raw: bytes, now: datetime) -> bytes:
    """As helper: end an attempt, and say which noise is held here. Raises StatementRefused, or RoundNotNow too early.

    An attempt is over when its time is, by the clock of each server, or when every seat has answered here.
    """
    theirs = NoiseHoldings.from_bytes(raw)
    row = _of_leader(session, theirs.round_id, leader)
    listed = standing.closing_of(row)
    if (theirs.side, theirs.closing) != (Side.LEADER, listed.digest) or row.draw is None:
        raise StatementRefused(reason="the noise of another list")
    own = _holdings(session, row, theirs.attempt, Side.HELPER)
    if theirs.attempt == row.attempt and row.waiting:
        called = _called(session, row)
        held = {total: {one.node for one in entries} for total, entries in own.totals}
        missing = any(set(nodes) - held.get(total, set()) for total, nodes in called.items())
        if missing and row.attempt_ends_at is not None and now < row.attempt_ends_at - FRESH:
            raise RoundNotNow(reason="seats are still waited for")
        _compare(session, aggregator, row, theirs, own, now)
        session.flush()
    elif theirs.attempt >= row.attempt or not _same_answers(row, theirs, own):
        raise StatementRefused(reason="other noise than was compared before")
    return own.to_bytes()


def agree_seating(session: Session, aggregator: Aggregator, leader: str, token: str, now: datetime) -> str:
    """As helper: check the leader's seating against the own one, sign it once, and begin adding up."""
    registry = standing.require_registry(session, aggregator, now)
    made = standing.signed_by(standing.find_server(registry, leader), Seating, token, now)
    row = _of_leader(session, made.round_id, leader)
    if row.seating is None:
        plan, specs = _specs(session, row)
        protocol.require_seating(made, _settled(row, plan, specs))
        _keep(row, aggregator, plan, made)
        row.peer_seating_signature = token
        jobs.enqueue(session, SUMS, {"round": str(row.round_id)}, now=now)
        session.flush()
    if standing.seating_of(row) != made:
        raise StatementRefused(reason="another seating of this round")
    return str(row.seating_signature)


def silent_of(session: Session, row: CollectionRound) -> dict[Total, tuple[tuple[str, ...], ...]]:
    """Return for each total that a committee was drawn for who stayed silent at each attempt that is over."""
    if row.draw is None:
        return {}
    plan, specs = _specs(session, row)
    opening, seed, answers = standing.opening_of(row), standing.seed_of_round(row), standing.answers_of(row)
    return {
        (spec.level, spec.area): protocol.silences(plan, opening, seed, spec, answers.get((spec.level, spec.area), ()))
        for spec in specs
        if spec.withheld is None and protocol.committee_of(plan, spec.level, opening.roster) is not None
    }


def _settle(aggregator: Aggregator, round_id: UUID) -> bool:
    """Keep the seating if it can be settled now; return whether there is one."""
    with aggregator.database.session() as session:
        row = standing.find(session, round_id, lock=True)
        if row.seating is not None:
            return True
        if row.state != RoundState.CLOSED:
            raise RoundNotNow(reason=f"it is {row.state}")
        plan, specs = _specs(session, row)
        settled = _settled(row, plan, specs)
        if settled is None:
            return False
        _keep(row, aggregator, plan, settled)
        session.commit()
    return True


def _settled(row: CollectionRound, plan: Plan, specs: tuple[TotalSpec, ...]) -> Seating | None:
    return protocol.settle(
        plan, standing.opening_of(row), standing.closing_of(row), specs, standing.seed_of_round(row),
        standing.answers_of(row),
    )  # fmt: skip


def _end_attempt(aggregator: Aggregator, round_id: UUID) -> NoiseHoldings:
    """Stop taking noise of the attempt, at the leader, once it is over; raises NotYet before."""
    now = aggregator.clock()
    with aggregator.database.session() as session:
        row = standing.find(session, round_id, lock=True)
        if row.waiting:
            ends_at = row.attempt_ends_at or now
            if now < ends_at and not _all_here(session, aggregator, row, now):
                raise NotYet(min(ends_at, now + aggregator.settings.poll))
            row.waiting = False
        own = _holdings(session, row, row.attempt, Side.LEADER)
        session.commit()
    return own


def _all_here(session: Session, aggregator: Aggregator, row: CollectionRound, now: datetime) -> bool:
    """Whether every seat has answered, and the last one long enough ago to have reached the helper as well."""
    held = {
        total: {one.node for one in entries}
        for total, entries in _holdings(session, row, row.attempt, Side.LEADER).totals
    }
    if any(set(nodes) - held.get(total, set()) for total, nodes in _called(session, row).items()):
        return False
    last: datetime | None = session.execute(
        select(func.max(NoiseShare.received_at)).where(NoiseShare.round_id == row.round_id)
    ).scalar_one()
    return last is None or last + aggregator.settings.poll <= now


def _compare(
    session: Session, aggregator: Aggregator, row: CollectionRound, leader: NoiseHoldings, helper: NoiseHoldings,
    now: datetime,
) -> None:  # fmt: skip
    """Keep who answered the attempt, and wait for the next one."""
    row.answers = standing.with_answers(row, _answered(_called(session, row), leader, helper))
    row.attempt += 1
    if row.attempt <= MOST_ATTEMPT:
        _wait(aggregator, row, now)
    else:
        row.waiting, row.attempt_ends_at = False, None


def _answered(
    called: dict[Total, tuple[str, ...]], leader: NoiseHoldings, helper: NoiseHoldings
) -> dict[Total, dict[str, bytes]]:
    here, there = dict(leader.totals), dict(helper.totals)
    return {
        total: protocol.answered(
            {one.node: one.digest for one in here.get(total, ())},
            {one.node: one.digest for one in there.get(total, ())},
        )
        for total, nodes in called.items()
        if nodes
    }


def _same_answers(row: CollectionRound, leader: NoiseHoldings, helper: NoiseHoldings) -> bool:
    """Whether two holdings of an attempt that is over still give the answers that were kept of it."""
    kept = {
        total: dict(attempts[leader.attempt])
        for total, attempts in standing.answers_of(row).items()
        if len(attempts) > leader.attempt
    }
    return kept == _answered(dict.fromkeys(kept, ("",)), leader, helper)


def _called(session: Session, row: CollectionRound) -> dict[Total, tuple[str, ...]]:
    """Return whom the attempt that is waited for calls, for each total that is not settled."""
    plan, specs = _specs(session, row)
    opening, seed, answers = standing.opening_of(row), standing.seed_of_round(row), standing.answers_of(row)
    found = {
        (spec.level, spec.area): protocol.calls(plan, opening, seed, spec, answers.get((spec.level, spec.area), ()))
        for spec in specs
    }
    return {total: nodes for total, nodes in found.items() if nodes}


def _holdings(session: Session, row: CollectionRound, attempt: int, side: Side) -> NoiseHoldings:
    """Return what is held here of an attempt's noise: the same for ever once the attempt is over."""
    found: dict[Total, list[Entry]] = {}
    rows = session.execute(
        select(NoiseShare.level, NoiseShare.area, NoiseShare.node_id, NoiseShare.header_digest)
        .where(NoiseShare.round_id == row.round_id, NoiseShare.attempt == attempt)
        .order_by(NoiseShare.node_id)
    )
    for level, area, node, digest in rows:
        found.setdefault((Level(level), area), []).append(Entry(node, attempt, digest))
    totals = tuple((total, tuple(entries)) for total, entries in sorted(found.items()))
    return NoiseHoldings(str(row.round_id), side, standing.closing_of(row).digest, attempt, totals)


def _specs(session: Session, row: CollectionRound) -> tuple[Plan, tuple[TotalSpec, ...]]:
    plan = standing.plan_of(session, row.plan_digest)
    return plan, standing.specs_of(session, row, plan, standing.headers_of(session, row))


def _wait(aggregator: Aggregator, row: CollectionRound, now: datetime) -> None:
    row.waiting, row.attempt_ends_at = True, now + aggregator.settings.seat


def _keep(row: CollectionRound, aggregator: Aggregator, plan: Plan, settled: Seating) -> None:
    row.seating, row.seating_signature = settled.to_bytes(), sign(aggregator.key, settled)
    sources = {one.noise for one in settled.totals}
    row.noise = (NoiseFrom.FALLBACK if NoiseFrom.FALLBACK in sources else NoiseFrom(plan.noise.value)).value
    row.waiting, row.attempt_ends_at = False, None


def _of_leader(session: Session, round_id: str, leader: str) -> CollectionRound:
    row = standing.find(session, UUID(round_id), lock=True)
    if standing.opening_of(row).leader != leader:
        raise StatementRefused(reason="a round of another leader")
    return row
