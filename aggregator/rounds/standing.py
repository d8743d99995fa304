"""A round as it is kept here, read back into the statements of the protocol: the ground of every step and page.

Nothing here writes. Headers and statements were checked when they were taken in; what stands in this server's own
tables is read back without looking at signatures again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Final, TypeVar
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from aggregator.plans.document import Level, Plan, read_plan
from aggregator.plans_kept import service as plans
from aggregator.protocol import totals
from aggregator.protocol.closing import Held
from aggregator.protocol.committee import seed_of
from aggregator.protocol.messages import SubmissionHeader
from aggregator.protocol.seating import Answers, Total
from aggregator.protocol.shares import Side
from aggregator.protocol.statements import Closing, CommitteeDraw, Opening, RoundKind, Seating
from aggregator.protocol.totals import TotalSpec
from aggregator.protocol.wire import Message, SubmissionRefused, named_in, open_signed
from aggregator.rounds.errors import PlanUnknown, RegistryMissing, RoundNotNow, RoundUnknown
from aggregator.rounds.models import CollectionRound, Submission
from aggregator.server import Aggregator
from trust.framing import from_text, to_text
from trust.registry import KeyUse, Participant, ParticipantKind, Registry
from web.participants.service import current_registry

CLOSED: Final = ("closed", "opened", "released")
"""The states in which the list of a round stands for ever."""

_Said = TypeVar("_Said", bound=Message)


class RoundState(StrEnum):
    """How far a round has come. At each server it goes one way only."""

    OPEN = "open"
    """Ordered here; the other server has not agreed to it yet."""
    COLLECTING = "collecting"
    CLOSING = "closing"
    """At the leader: the list is fixed, and the helper has not signed it yet."""
    CLOSED = "closed"
    """Both signed the list, and the ledger is spent."""
    OPENED = "opened"
    """At the leader: the totals are put together. At the helper: its halves are stored and may have been sent."""
    RELEASED = "released"


def find(session: Session, round_id: UUID, *, lock: bool = False) -> CollectionRound:
    """Return a round, locked against every other step where ``lock``; raises RoundUnknown."""
    row = session.get(CollectionRound, round_id, with_for_update=True if lock else None, populate_existing=True)
    if row is None:
        raise RoundUnknown
    return row


def plan_of(session: Session, digest: bytes) -> Plan:
    """Return an approved plan; raises PlanUnknown."""
    document = plans.approved_bytes(session, digest)
    if document is None:
        raise PlanUnknown
    return _plan(document)


def opening_of(row: CollectionRound) -> Opening:
    """Return the opening; raises RoundNotNow while there is none."""
    return _opening(_there(row.opening, "it is not announced"))


def closing_of(row: CollectionRound) -> Closing:
    """Return the list; raises RoundNotNow while there is none."""
    return Closing.from_bytes(_there(row.closing, "it is not closed"))


def draw_of(row: CollectionRound) -> CommitteeDraw | None:
    """Return the draw of the committee, if there is one."""
    return None if row.draw is None else CommitteeDraw.from_bytes(row.draw)


def seating_of(row: CollectionRound) -> Seating:
    """Return who adds the noise; raises RoundNotNow while it is not settled."""
    return Seating.from_bytes(_there(row.seating, "its noise is not settled"))


def held(session: Session, round_id: UUID) -> Held:
    """Return what this server holds of a round: for each node, the header digest under each sequence."""
    found: dict[str, dict[int, bytes]] = {}
    rows = session.execute(
        select(Submission.node_id, Submission.sequence, Submission.header_digest).where(Submission.round_id == round_id)
    )
    for node, sequence, digest in rows:
        found.setdefault(node, {})[sequence] = digest
    return found


def headers_of(session: Session, row: CollectionRound) -> list[SubmissionHeader]:
    """Return the headers on the list, by ascending node; raises RoundNotNow if one of them is not held."""
    listed = {(one.node, one.sequence): one.digest for one in closing_of(row).entries}
    found: list[SubmissionHeader] = []
    rows = session.execute(
        select(Submission.node_id, Submission.sequence, Submission.header, Submission.header_digest)
        .where(Submission.round_id == row.round_id)
        .order_by(Submission.node_id, Submission.sequence)
    )
    for node, sequence, header, digest in rows:
        if listed.get((node, sequence)) == digest:
            found.append(named_in(SubmissionHeader, header))
    if len(found) != len(listed):
        raise RoundNotNow(reason="a submission on its list is not held here")
    return found


@dataclass(frozen=True, slots=True)
class EarlierRounds:
    """The rounds of the same plan that are closed: who was counted in them, and for which establishers."""

    closings: tuple[tuple[str, bytes], ...]
    nodes: frozenset[str]
    areas: frozenset[str]


def earlier_rounds(session: Session, row: CollectionRound) -> EarlierRounds:
    """Return what the opening of a round names as earlier rounds of its reference date."""
    if row.opening is None or not (named := opening_of(row).earlier):
        return EarlierRounds((), frozenset(), frozenset())
    return _earlier(session, [UUID(one.round_id) for one in named])


def closed_rounds(session: Session, plan_digest: bytes) -> EarlierRounds:
    """Return all closed rounds of a plan, the oldest first."""
    rows = session.scalars(
        select(CollectionRound.round_id)
        .where(CollectionRound.plan_digest == plan_digest, CollectionRound.state.in_(CLOSED))
        .order_by(CollectionRound.closed_at, CollectionRound.round_id)
    )
    return _earlier(session, list(rows))


def running_round(session: Session, plan_digest: bytes) -> UUID | None:
    """Return the round of a plan whose list is not closed yet, if there is one."""
    return session.scalars(
        select(CollectionRound.round_id)
        .where(CollectionRound.plan_digest == plan_digest, CollectionRound.state.not_in(CLOSED))
        .limit(1)
    ).first()


def specs_of(
    session: Session, row: CollectionRound, plan: Plan, headers: Sequence[SubmissionHeader]
) -> tuple[TotalSpec, ...]:
    """Return the totals of a closed round; in a supplement, areas of earlier rounds turn out to be split."""
    supplement = row.kind == RoundKind.SUPPLEMENT
    return totals.specs(plan, headers, earlier_rounds(session, row).areas if supplement else ())


def answers_of(row: CollectionRound) -> dict[Total, Answers]:
    """Return for each total, for each attempt that is over, which headers both servers held."""
    found: dict[Total, Answers] = {}
    for one in row.answers.get("totals", ()):
        attempts = [{node: from_text(digest) for node, digest in each.items()} for each in one["attempts"]]
        found[Level(one["level"]), one["area"]] = attempts
    return found


def with_answers(row: CollectionRound, latest: dict[Total, dict[str, bytes]]) -> dict[str, object]:
    """Return ``answers`` with one more attempt that is over; totals that waited for nobody get nothing for it."""
    found = {total: list(each) for total, each in answers_of(row).items()}
    for total, answered in latest.items():
        found.setdefault(total, []).append(answered)
    return {
        "totals": [
            {
                "level": level.value, "area": area,
                "attempts": [{node: to_text(digest) for node, digest in each.items()} for each in attempts],
            }
            for (level, area), attempts in sorted(found.items())
        ]
    }  # fmt: skip


def seed_of_round(row: CollectionRound) -> bytes:
    """Return the seed of the committees; nothing depends on it where the servers add the noise."""
    draw = draw_of(row)
    return b"" if draw is None else seed_of(draw)


def require_registry(session: Session, aggregator: Aggregator, now: datetime) -> Registry:
    """Return the registry in force; raises RegistryMissing."""
    registry = current_registry(session, aggregator, now)
    if registry is None:
        raise RegistryMissing
    return registry


def find_server(registry: Registry, server: str) -> Participant:
    """Return a server of the national count; raises RoundNotNow for a name that is none."""
    found = registry.by_id(server)
    if found is None or found.kind is not ParticipantKind.AGGREGATOR:
        raise RoundNotNow(reason="the registry does not list the other server")
    return found


def signed_by(participant: Participant, kind: type[_Said], token: str, now: datetime) -> _Said:
    """Read a statement that the other server signed; raises SubmissionRefused if it did not."""
    return open_signed(kind, token, participant.keys_for(KeyUse.NODE, now))


def tokens(aggregator: Aggregator, own: str | None, peer: str | None) -> dict[str, str]:
    """Return the signatures of both servers over one statement, by side, as far as they are there."""
    side = Side(aggregator.role.value)
    other = Side.HELPER if side is Side.LEADER else Side.LEADER
    return {one.value: token for one, token in ((side, own), (other, peer)) if token is not None}


def count_reported(session: Session, round_id: UUID) -> int:
    """Return how many nodes have sent something."""
    return session.execute(
        select(func.count(func.distinct(Submission.node_id))).where(Submission.round_id == round_id)
    ).scalar_one()


def _earlier(session: Session, round_ids: Sequence[UUID]) -> EarlierRounds:
    closings: list[tuple[str, bytes]] = []
    nodes: set[str] = set()
    areas: set[str] = set()
    for round_id in round_ids:
        row = find(session, round_id)
        closings.append((str(round_id), closing_of(row).digest))
        for header in headers_of(session, row):
            nodes.add(header.node)
            areas.update(header.areas)
    return EarlierRounds(tuple(closings), frozenset(nodes), frozenset(areas))


def _there(raw: bytes | None, missing: str) -> bytes:
    if raw is None:
        raise RoundNotNow(reason=missing)
    return raw


@lru_cache(maxsize=32)
def _plan(document: bytes) -> Plan:
    return read_plan(document)


@lru_cache(maxsize=32)
def _opening(raw: bytes) -> Opening:
    return Opening.from_bytes(raw)


__all__ = [
    "CLOSED", "EarlierRounds", "RoundState", "SubmissionRefused", "answers_of", "closed_rounds", "closing_of",
    "count_reported", "draw_of", "earlier_rounds", "find", "find_server", "headers_of", "held", "opening_of",
    "plan_of", "require_registry", "running_round", "seating_of", "seed_of_round", "signed_by", "specs_of", "tokens",
    "with_answers",
]  # fmt: skip
