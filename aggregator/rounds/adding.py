"""Adding up and opening: this server's halves with their noise, stored before they are sent, then the totals.

The noise is drawn in the worker alone, once for each (round, level, area): the halves stand in the database under that
key before anything leaves, and a retry finds them there. An exact half exists in this process's memory only, never in
a table, a message or a log; both exact halves never meet.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from aggregator.plans.document import Level, Plan
from aggregator.protocol import consistency, seating, sums
from aggregator.protocol.layout import width_of
from aggregator.protocol.messages import NoiseHeader, SubmissionHeader
from aggregator.protocol.ring import Words, unpack
from aggregator.protocol.shares import Side, envelope_context, require_fresh, words
from aggregator.protocol.statements import NoiseFrom, OneSum, Opening, Seating, Seats, ServerSums
from aggregator.protocol.totals import TotalSpec, Withheld
from aggregator.protocol.wire import StatementRefused, named_in
from aggregator.rounds import standing
from aggregator.rounds.errors import RoundNotNow
from aggregator.rounds.models import CollectionRound, NoiseShare, OpenedSum, Submission
from aggregator.rounds.standing import RoundState
from aggregator.rounds.steps import After, side_of
from aggregator.server import Aggregator
from trust.envelopes import open_envelope
from trust.registry import KeyUse

Draw = Callable[[Fraction, int], list[int]]
Tick = Callable[[], None]
"""Told between parts of long work, so that the lease is kept."""
_PART: Final = 200


@dataclass(frozen=True, slots=True)
class Opened:
    """One total that was put together, or why it stays shut; who added its noise."""

    spec: TotalSpec
    noise: NoiseFrom
    values: tuple[int, ...] | None
    withheld: Withheld | None


def add_up(aggregator: Aggregator, round_id: UUID, draw: Draw, tick: Tick, after: After) -> None:
    """Make and store this server's halves of all totals, once; a second call finds them stored.

    Raises RoundNotNow before the seating is signed by both, EnvelopeBroken, VectorBroken, MaskReused.
    """
    with aggregator.database.session() as session:
        row = standing.find(session, round_id)
        if is_added_up(session, round_id):
            return
        if row.peer_seating_signature is None:
            raise RoundNotNow(reason="its noise is not settled")
        plan, seats, side = standing.plan_of(session, row.plan_digest), standing.seating_of(row), side_of(aggregator)
        headers = standing.headers_of(session, row)
        specs = standing.specs_of(session, row, plan, headers)
        opened = [spec for spec in specs if spec.withheld is None]
        halves = sums.halves(plan, opened, _submissions(session, aggregator, row, headers, side, tick))
        made: dict[TotalSpec, Words] = {}
        for spec in opened:
            of = seats.of(spec.level, spec.area)
            made[spec] = _noised(session, aggregator, row, plan, spec, of, halves.pop(spec), draw)
            if of.noise is not NoiseFrom.NODE:
                tick()
    with aggregator.database.session() as session:
        row = standing.find(session, round_id, lock=True)
        if is_added_up(session, round_id):
            return
        session.add_all(
            OpenedSum(
                round_id=round_id, level=spec.level.value, area=spec.area,
                own=OneSum.of(spec.level, spec.area, made[spec]).packed if spec in made else None, peer=None,
                withheld=None if spec.withheld is None else spec.withheld.value,
            )
            for spec in specs
        )  # fmt: skip
        if side is Side.HELPER:
            row.state, row.opened_at = RoundState.OPENED, aggregator.clock()
        session.flush()
        after("sums-made")
        session.commit()
    after("sums-stored")


def is_added_up(session: Session, round_id: UUID) -> bool:
    """Whether this server's halves are stored."""
    return session.execute(select(OpenedSum.area).where(OpenedSum.round_id == round_id).limit(1)).first() is not None


def state_sums(session: Session, leader: str, round_id: UUID) -> bytes | None:
    """As helper: return the stored halves, the same bytes for ever; None while they are being made.

    Raises RoundNotNow before the seating is signed by both, StatementRefused for anybody but the round's leader.
    """
    row = standing.find(session, round_id)
    if standing.opening_of(row).leader != leader:
        raise StatementRefused(reason="a round of another leader")
    settled = standing.seating_of(row)
    if not is_added_up(session, round_id):
        return None
    stored = {
        (one.level, one.area): one.own
        for one in session.scalars(select(OpenedSum).where(OpenedSum.round_id == round_id))
    }
    parts = tuple(
        OneSum(one.level, one.area, _there(stored.get((one.level.value, one.area)))) for one in settled.totals
    )
    return ServerSums(str(round_id), Side.HELPER, settled.digest, parts).to_bytes()


def put_together(session: Session, row: CollectionRound, theirs: ServerSums, aggregator: Aggregator) -> None:
    """As leader: keep the helper's halves, look at the totals, and name those that stay shut; flushes.

    Raises StatementRefused for halves of another seating, of other totals or of another length.
    """
    settled = standing.seating_of(row)
    if (theirs.round_id, theirs.side, theirs.seating) != (str(row.round_id), Side.HELPER, settled.digest):
        raise StatementRefused(reason="the halves of another seating")
    if [(one.level, one.area) for one in theirs.sums] != [(one.level, one.area) for one in settled.totals]:
        raise StatementRefused(reason="the halves of other totals")
    stored = {
        (one.level, one.area): one
        for one in session.scalars(select(OpenedSum).where(OpenedSum.round_id == row.round_id))
    }
    for half in theirs.sums:
        place = stored[half.level.value, half.area]
        if len(half.packed) != len(_there(place.own)):
            raise StatementRefused(reason="a half of another length")
        place.peer = half.packed
    session.flush()
    for one in opened_totals(session, row):
        if one.withheld is Withheld.INCONSISTENT:
            stored[one.spec.level.value, one.spec.area].withheld = one.withheld.value
    row.state, row.opened_at = RoundState.OPENED, aggregator.clock()
    session.flush()


def opened_totals(session: Session, row: CollectionRound) -> list[Opened]:
    """Return every total of a round that both halves are here of, and every one that stays shut, in canonical order."""
    plan, settled = standing.plan_of(session, row.plan_digest), standing.seating_of(row)
    specs = standing.specs_of(session, row, plan, standing.headers_of(session, row))
    values: dict[TotalSpec, list[int]] = {}
    stored = {
        (one.level, one.area): one
        for one in session.scalars(select(OpenedSum).where(OpenedSum.round_id == row.round_id))
    }
    for spec in specs:
        if spec.withheld is None:
            place, n = stored[spec.level.value, spec.area], width_of(plan, spec.level)
            values[spec] = sums.opened(unpack(_there(place.own), n), unpack(_there(place.peer), n))
    opening = standing.opening_of(row)
    return [_opened(plan, opening, settled, spec, specs, values) for spec in specs]


def _opened(
    plan: Plan, opening: Opening, settled: Seating, spec: TotalSpec, specs: Sequence[TotalSpec],
    values: Mapping[TotalSpec, list[int]],
) -> Opened:  # fmt: skip
    if spec.withheld is not None:
        return Opened(spec, NoiseFrom.NODE, None, spec.withheld)
    noise, found = settled.of(spec.level, spec.area).noise, values[spec]
    below = consistency.comparable(spec, specs)
    fits = sums.in_range(plan, spec, found) and (
        not below
        or consistency.agrees(
            plan, spec, found, {one.area: values[one] for one in below},
            variance=variance_of(plan, opening, spec.level, noise),
            establisher_variance=variance_of(plan, opening, Level.ESTABLISHER, NoiseFrom.NODE),
        )
    )  # fmt: skip
    return Opened(spec, noise, tuple(found), None) if fits else Opened(spec, noise, None, Withheld.INCONSISTENT)


def variance_of(plan: Plan, opening: Opening, level: Level, noise: NoiseFrom) -> Fraction:
    """Return the variance of one cell's noise as it was added."""
    sigma_squared, draws = noise_of(plan, opening, level, noise)
    return draws * sigma_squared


def noise_of(plan: Plan, opening: Opening, level: Level, noise: NoiseFrom) -> tuple[Fraction, int]:
    """Return the variance parameter of each draw in one cell's noise, and how many draws it is the sum of."""
    match noise:
        case NoiseFrom.NODE:
            return seating.sigma_squared_of(plan, level), 1
        case NoiseFrom.SERVERS | NoiseFrom.FALLBACK:
            return seating.sigma_squared_of(plan, level), 2
        case NoiseFrom.COMMITTEE:
            drawn = seating.committee_of(plan, level, opening.roster)
            if drawn is None:
                raise RoundNotNow(reason="a committee where the plan has none")
            return drawn.seat_sigma_squared, drawn.seats


def _noised(
    session: Session, aggregator: Aggregator, row: CollectionRound, plan: Plan, spec: TotalSpec, seats: Seats,
    half: Words, draw: Draw,
) -> Words:  # fmt: skip
    match seats.noise:
        case NoiseFrom.NODE:
            return half
        case NoiseFrom.COMMITTEE:
            return sums.with_seats(half, _seat_words(session, aggregator, row, spec, seats))
        case NoiseFrom.SERVERS | NoiseFrom.FALLBACK:
            return sums.with_noise(half, draw(seating.sigma_squared_of(plan, spec.level), len(half)))


def _submissions(
    session: Session, aggregator: Aggregator, row: CollectionRound, headers: Sequence[SubmissionHeader], side: Side,
    tick: Tick,
) -> Iterator[tuple[SubmissionHeader, Words]]:  # fmt: skip
    """Yield the listed headers with this server's words; the helper also sees that no mask is used twice."""
    key = aggregator.keyring.sealing_key(KeyUse.SEALING.value)
    seeds: list[bytes] = []
    for start in range(0, len(headers), _PART):
        part = headers[start : start + _PART]
        rows = session.execute(
            select(Submission.node_id, Submission.sequence, Submission.share).where(
                Submission.round_id == row.round_id, Submission.node_id.in_([one.node for one in part])
            )
        )
        sealed = {(node, sequence): share for node, sequence, share in rows}
        for header in part:
            context = envelope_context(header.context, side)
            share = open_envelope(key, _there(sealed[header.node, header.sequence]), context=context)
            if side is Side.HELPER:
                seeds.append(share)
            yield header, words(share, side, header.context, header.cells)
        tick()
    require_fresh(seeds)


def _seat_words(
    session: Session, aggregator: Aggregator, row: CollectionRound, spec: TotalSpec, seats: Seats
) -> list[Words]:
    key, side = aggregator.keyring.sealing_key(KeyUse.SEALING.value), side_of(aggregator)
    opened: list[tuple[NoiseHeader, bytes]] = []
    for member in seats.members:
        place = (row.round_id, spec.level.value, spec.area, member.sequence, member.node)
        kept = session.get(NoiseShare, place)
        if kept is None or kept.header_digest != member.digest:
            raise RoundNotNow(reason="a seat's noise is not held here")
        header = named_in(NoiseHeader, kept.header)
        sealed = envelope_context(header.context, side)
        opened.append((header, open_envelope(key, _there(kept.share), context=sealed)))
    if side is Side.HELPER:
        require_fresh(share for _, share in opened)
    return [words(share, side, header.context, header.cells) for header, share in opened]


def _there(raw: bytes | None) -> bytes:
    if raw is None:
        raise RoundNotNow(reason="its shares are gone, because it was released")
    return raw
