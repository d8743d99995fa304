"""A seat of the noise committee: found in the draw by the node itself, its noise drawn once, split, sealed and signed.

A seat's message holds no record and nothing that depends on one. Its noise is drawn from the variance that the plan and
the roster give, not from anything a server says.
"""

from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256

from aggregator.plans.model import Level, NoiseSource, Plan
from aggregator.plans.sensitivity import sensitivity_squared
from aggregator.privacy.accounting import Committee, CommitteeImpossible, committee, sigma_squared
from aggregator.protocol.committee import CommitteeIncomplete, called, require_draw, seed_of, total_seed
from aggregator.protocol.layout import width_of
from aggregator.protocol.messages import NoiseHeader, noise_context, sign_header
from aggregator.protocol.shares import SEED_BYTES, Side, envelope_context, split
from aggregator.protocol.statements import Closing, CommitteeDraw, Opening
from aggregator.protocol.wire import StatementRefused
from aggregator.reporter.noise import Draw
from aggregator.reporter.state import KeptSeat, SeatPlace
from trust.envelopes import SealingPublicKey, seal_to
from trust.signing import SigningKey

Silent = Mapping[tuple[str, str], tuple[tuple[str, ...], ...]]
"""For each total whose noise a committee adds: who stayed silent, for each attempt that is over."""


def committee_of(plan: Plan, level: Level, roster: int) -> Committee | None:
    """Return the committee that a level's totals have, None where the plan or the roster allows none."""
    if plan.noise is not NoiseSource.COMMITTEE or level is Level.ESTABLISHER or not width_of(plan, level):
        return None
    try:
        return committee(sigma_squared(sensitivity_squared(plan, level), plan.units[level]), roster, plan.colluding)
    except CommitteeImpossible:
        return None


def own_places(
    plan: Plan, opening: Opening, closing: Closing, draw: CommitteeDraw, silent: Silent, node: str
) -> Iterator[SeatPlace]:
    """Yield the seats that a draw gives a node, each with the attempt that called it.

    The nonces are held against the commitments of the opening, the seed and the order are computed here: a server
    cannot seat whom it likes. Raises StatementRefused for a draw that does not hold.
    """
    require_draw(draw, opening, closing)
    seed = seed_of(draw)
    for (name, area), gone in sorted(silent.items()):
        if name not in list(Level):
            raise StatementRefused(reason="a committee for no level")
        level = Level(name)
        drawn = committee_of(plan, level, len(opening.roster))
        if drawn is None or node not in opening.roster:
            continue
        try:
            attempts = called(total_seed(seed, level, area), opening.roster, drawn.seats, gone)
        except CommitteeIncomplete:
            continue
        for attempt, nodes in enumerate(attempts):
            if node in nodes and not any(node in each for each in gone):
                yield SeatPlace(opening.round_id, level, area, attempt)


def make_seat(
    plan: Plan,
    opening: Opening,
    closing: Closing,
    place: SeatPlace,
    *,
    node: str,
    signing: SigningKey,
    leader: SealingPublicKey,
    helper: SealingPublicKey,
    noise: Draw,
    random: Callable[[int], bytes],
) -> KeptSeat:
    """Draw a seat's noise and return it as it is kept and sent; one vector for one total."""
    drawn = committee_of(plan, place.level, len(opening.roster))
    if drawn is None:
        raise StatementRefused(reason="a committee where there is none")
    cells = width_of(plan, place.level)
    context = noise_context(place.round_id, node, closing.digest, place.level, place.area, place.attempt)
    shares = split(noise(drawn.seat_sigma_squared, cells), seed=random(SEED_BYTES), context=context)
    sealed = {
        Side.LEADER: seal_to(leader, shares.leader, context=envelope_context(context, Side.LEADER)),
        Side.HELPER: seal_to(helper, shares.helper, context=envelope_context(context, Side.HELPER)),
    }
    header = NoiseHeader(
        place.round_id, node, closing.digest, place.level, place.area, place.attempt, cells,
        sha256(sealed[Side.LEADER]).digest(), sha256(sealed[Side.HELPER]).digest(),
    )  # fmt: skip
    return KeptSeat(place, sign_header(signing, header), sealed[Side.LEADER], sealed[Side.HELPER])
