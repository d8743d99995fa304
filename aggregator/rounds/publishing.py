"""Publishing a round: the release, the ledger's line and the end of every share, in one transaction."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from aggregator.estimation.opened import Opened as Measured
from aggregator.ledger import service as ledger
from aggregator.privacy.distribution import Noise
from aggregator.protocol.wire import StatementRefused
from aggregator.releases import service as releases
from aggregator.releases.document import CarriedOut, ReleaseStatement, Reported, build
from aggregator.rounds import adding, standing
from aggregator.rounds.adding import Opened
from aggregator.rounds.models import CollectionRound, NoiseShare, Submission
from aggregator.rounds.standing import RoundState
from aggregator.rounds.steps import FORGET, After
from aggregator.server import Aggregator
from trust.registry import Registry
from web.jobs import service as jobs
from web.participants.service import current_registry


def make(session: Session, aggregator: Aggregator, row: CollectionRound, now: datetime) -> bytes:
    """Return the bytes of an opened round's release; the same bytes however often, as long as the names stand."""
    plan, opening = standing.plan_of(session, row.plan_digest), standing.opening_of(row)
    totals = adding.opened_totals(session, row)
    registry = current_registry(session, aggregator, now)
    closing, seating = standing.closing_of(row), standing.seating_of(row)
    carried_out = CarriedOut(
        str(row.round_id), row.kind, str(row.noise), len(closing.entries), opening.digest, closing.digest,
        seating.digest, row.opened_at or now,
    )  # fmt: skip
    measured = [
        Measured(
            one.spec.level, one.spec.area, one.values, Noise(*adding.noise_of(plan, opening, one.spec.level, one.noise))
        )
        for one in totals
        if one.values is not None
    ]
    return build(plan, carried_out, [_reported(one, registry) for one in totals], measured)


def publish(session: Session, aggregator: Aggregator, round_id: UUID, document: bytes, now: datetime) -> str:
    """Publish a round's release once; flushes. Return the leader's signed statement; a second call returns the same."""
    row = standing.find(session, round_id, lock=True)
    there = releases.statement_of(session, round_id)
    if there is not None:
        return there
    digest, token = releases.keep(session, aggregator.key, round_id, row.plan_digest, document, now)
    ledger.publish(session, round_id, digest, now)
    end_shares(session, row, now)
    return token


def note(session: Session, aggregator: Aggregator, leader: str, token: str, now: datetime) -> None:
    """As helper: note a release that the leader published, and order the end of every share; flushes.

    Raises StatementRefused, and NotInLedger for a second release of a round: the first one's digest stands in this
    server's own ledger.
    """
    registry = standing.require_registry(session, aggregator, now)
    said = standing.signed_by(standing.find_server(registry, leader), ReleaseStatement, token, now)
    row = standing.find(session, UUID(said.round_id), lock=True)
    if standing.opening_of(row).leader != leader or said.plan != row.plan_digest:
        raise StatementRefused(reason="a release of another round")
    if row.state not in (RoundState.OPENED, RoundState.RELEASED):
        raise StatementRefused(reason="a release before this server opened anything")
    ledger.publish(session, row.round_id, said.release, now)
    if row.state == RoundState.OPENED:
        jobs.enqueue(session, FORGET, {"round": str(row.round_id)}, now=now)


def forget(aggregator: Aggregator, round_id: UUID, after: After) -> None:
    """As helper, in the worker: end every share of a round whose release is noted. Step: 'shares-ended'."""
    now = aggregator.clock()
    with aggregator.database.session() as session:
        row = standing.find(session, round_id, lock=True)
        if row.state == RoundState.OPENED:
            end_shares(session, row, now)
            session.commit()
    after("shares-ended")


def end_shares(session: Session, row: CollectionRound, now: datetime) -> None:
    """Remove what nodes sent, all sequences of it; headers, digests and the noisy sums stay."""
    session.execute(update(Submission).where(Submission.round_id == row.round_id).values(share=None))
    session.execute(update(NoiseShare).where(NoiseShare.round_id == row.round_id).values(share=None))
    row.state, row.released_at = RoundState.RELEASED, now
    session.flush()


def _reported(one: Opened, registry: Registry | None) -> Reported:
    spec = one.spec
    return Reported(
        spec.level, spec.area, len(spec.nodes), _name(spec.area, registry),
        None if one.withheld is None else one.withheld.value,
    )  # fmt: skip


def _name(area: str, registry: Registry | None) -> str | None:
    """Return the name of a board, or of the node behind a stratum without a code, as the registry has it."""
    if registry is None:
        return None
    if "x-" in area:
        found = registry.by_id(area.partition("x-")[2])
        return None if found is None else found.name
    board = registry.organisation(area)
    return None if board is None else board[1].name
