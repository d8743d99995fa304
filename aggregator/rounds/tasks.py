"""The jobs of rounds, by the names under which they stand in the database: what a server's worker runs.

All of the leader's jobs call the helper. The helper's own add up, because noise is drawn in a worker alone, and end the
shares.
"""

from collections.abc import Callable
from fractions import Fraction
from uuid import UUID

from aggregator.plans_kept import service as plans
from aggregator.protocol.statements import ServerSums
from aggregator.releases import service as releases
from aggregator.rounds import adding, announcing, closing, publishing, seating, standing
from aggregator.rounds.errors import PlanUnknown
from aggregator.rounds.peer import Peer
from aggregator.rounds.standing import RoundState
from aggregator.rounds.steps import (
    ANNOUNCE,
    CLOSE,
    DRAW,
    FORGET,
    OPEN,
    PLAN,
    RELEASE,
    SEAT,
    STEPS,
    SUMS,
    TELL,
    After,
    NotYet,
    do,
)
from aggregator.server import Aggregator, Role
from trust.files import nothing_follows
from web.jobs import service as jobs
from web.jobs.runner import Handler, JobRun

__all__ = ["STEPS", "handlers"]


def handlers(
    aggregator: Aggregator, after: After = nothing_follows, draw: adding.Draw | None = None
) -> dict[str, Handler]:
    """Return the handlers for a worker's runner; `after` is told each step as it completes, for tests.

    ``draw`` is the sampler; without it the mechanisms are loaded when noise is first drawn, and in no other process.
    """
    sampler = draw or _sample
    if aggregator.role is Role.HELPER:
        return {
            SUMS: lambda run: _alone(
                aggregator, run, lambda: adding.add_up(aggregator, _round(run), sampler, _tick(run), after)
            ),
            FORGET: lambda run: _alone(aggregator, run, lambda: publishing.forget(aggregator, _round(run), after)),
        }
    steps: dict[str, Callable[[Aggregator, Peer, UUID, After], None]] = {
        ANNOUNCE: announcing.announce,
        CLOSE: closing.close,
        DRAW: seating.draw,
        SEAT: seating.seat,
        RELEASE: _release,
        TELL: _tell,
    }
    found: dict[str, Handler] = {kind: _handler(aggregator, step, after) for kind, step in steps.items()}
    found[OPEN] = lambda run: _with_peer(
        aggregator, run, lambda peer: _open(aggregator, peer, _round(run), sampler, _tick(run), after)
    )
    found[PLAN] = lambda run: do(
        aggregator, run, lambda: _peer_of_plan(aggregator, _plan(run)), lambda peer: _hand_over(aggregator, peer, run)
    )
    return found


def _handler(aggregator: Aggregator, step: Callable[[Aggregator, Peer, UUID, After], None], after: After) -> Handler:
    return lambda run: _with_peer(aggregator, run, lambda peer: step(aggregator, peer, _round(run), after))


def _open(
    aggregator: Aggregator, peer: Peer, round_id: UUID, draw: adding.Draw, tick: Callable[[], None], after: After
) -> None:
    """Bring a round with its seating to 'opened': own halves stored, the helper's fetched, totals put together."""
    with aggregator.database.session() as session:
        if standing.find(session, round_id).state in (RoundState.OPENED, RoundState.RELEASED):
            return
    adding.add_up(aggregator, round_id, draw, tick, after)
    raw = peer.send("/open", f'{{"round":"{round_id}"}}'.encode())
    if raw is None:
        raise NotYet(aggregator.clock() + min(aggregator.settings.poll, aggregator.settings.sweep))
    theirs = ServerSums.from_bytes(raw)
    after("halves-got")
    now = aggregator.clock()
    with aggregator.database.session() as session:
        row = standing.find(session, round_id, lock=True)
        if row.state == RoundState.CLOSED:
            adding.put_together(session, row, theirs, aggregator)
            jobs.enqueue(session, RELEASE, {"round": str(round_id)}, now=now)
        session.commit()
    after("opened")


def _release(aggregator: Aggregator, _: Peer, round_id: UUID, after: After) -> None:
    """Publish an opened round. Steps: 'release-made' (nothing is published yet), 'released'."""
    now = aggregator.clock()
    with aggregator.database.session() as session:
        row = standing.find(session, round_id)
        if row.state == RoundState.RELEASED:
            return
        document = publishing.make(session, aggregator, row, now)
    after("release-made")
    with aggregator.database.session() as session:
        if releases.statement_of(session, round_id) is None:
            publishing.publish(session, aggregator, round_id, document, now)
            jobs.enqueue(session, TELL, {"round": str(round_id)}, now=now)
        session.commit()
    after("released")


def _tell(aggregator: Aggregator, peer: Peer, round_id: UUID, after: After) -> None:
    """Tell the helper of a release, so that it publishes the line of its ledger and ends its shares."""
    with aggregator.database.session() as session:
        token = releases.statement_of(session, round_id)
    peer.ask("/released", {"release": token})
    after("helper-told")


def _hand_over(aggregator: Aggregator, peer: Peer, run: JobRun) -> None:
    with aggregator.database.session() as session:
        token = plans.token_of(session, _plan(run))
    if token is None:
        raise PlanUnknown
    peer.ask("/plans", {"token": token})


def _with_peer(aggregator: Aggregator, run: JobRun, act: Callable[[Peer], None]) -> None:
    do(aggregator, run, lambda: _peer_of_round(aggregator, _round(run)), act)


def _alone(aggregator: Aggregator, run: JobRun, act: Callable[[], None]) -> None:
    do(aggregator, run, lambda: None, lambda _: act())


def _peer_of_round(aggregator: Aggregator, round_id: UUID) -> Peer:
    with aggregator.database.session() as session:
        digest = standing.find(session, round_id).plan_digest
    return _peer_of_plan(aggregator, digest)


def _peer_of_plan(aggregator: Aggregator, digest: bytes) -> Peer:
    with aggregator.database.session() as session:
        plan = standing.plan_of(session, digest)
        registry = standing.require_registry(session, aggregator, aggregator.clock())
        helper = standing.find_server(registry, plan.helper)
    return Peer(helper, aggregator.node_id, aggregator.key, aggregator.clock)


def _round(run: JobRun) -> UUID:
    return UUID(run.lease.arguments["round"])


def _plan(run: JobRun) -> bytes:
    return bytes.fromhex(run.lease.arguments["plan"])


def _tick(run: JobRun) -> Callable[[], None]:
    return lambda: run.note_progress(0, None)


def _sample(sigma_squared: Fraction, n: int) -> list[int]:
    from aggregator.privacy.mechanisms import discrete_gaussian

    return discrete_gaussian(sigma_squared, n)
