"""The node's store of its part in the count: one transaction a step, on the disk before anything leaves.

The noise of cells inside the node lies sealed under the node's own key until the round is closed; then its row goes.
Of a report there is one entry in the node's own chain of the access log, and none in any child's: a report tells
nobody anything about a child, and a line in every child's log would tell a reader of many logs whom a plan looked at.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from aggregator.plans.document import read_plan
from aggregator.plans.model import Level, Plan
from aggregator.protocol.shares import Side
from aggregator.protocol.statements import Opening
from aggregator.reporter.errors import NoiseUnfit, Overtaken, ServerOutOfReach
from aggregator.reporter.noise import KeptNoise
from aggregator.reporter.report import Prepared
from aggregator.reporter.state import KeptReport, KeptSeat, ReportState, SeatPlace
from pds.access_log import entries
from pds.access_log.entries import NODE_CHAIN, Act, Entry, Purpose, Who
from pds.node import Node
from pds.statistics.models import StatisticsNoise, StatisticsPlan, StatisticsReport, StatisticsRound, StatisticsSeat
from trust.errors import ManabiError
from trust.framing import from_text
from trust.sealing import Binding, SealBroken, seal, unseal

NOISE_SCHEMA: Final = "urn:manabi:schema:statistics-noise:1"
_NOBODY: Final = UUID(int=0)
_NOISE_KEY: Final = "statistics-noise"
_DONE: Final = ("opened", "released")


class NodeStore:
    """What `aggregator.reporter.state.Store` asks for, in the node's database."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def see(self, plan: Plan, token: str, opening: Opening, state: str, now: datetime) -> None:
        """Note a round that was announced, and the signed plan it follows."""
        values = {
            "plan_digest": plan.digest, "kind": opening.kind.value, "state": state, "leader_id": opening.leader,
            "helper_id": opening.helper, "opens_at": opening.opens_at, "closes_at": opening.closes_at, "seen_at": now,
        }  # fmt: skip
        with self._step() as session:
            session.execute(
                insert(StatisticsPlan)
                .values(plan_digest=plan.digest, token=token, fetched_at=now)
                .on_conflict_do_nothing()
            )
            session.execute(
                insert(StatisticsRound)
                .values(round_id=UUID(opening.round_id), problem=None, **values)
                .on_conflict_do_update(index_elements=["round_id"], set_=values)
            )

    def plan_token(self, digest: bytes) -> str | None:
        """Return a plan that was seen before, as its leader signed it."""
        with self._look() as session:
            return session.scalar(select(StatisticsPlan.token).where(StatisticsPlan.plan_digest == digest))

    def note(self, round_id: str | None, problem: ManabiError | None, now: datetime) -> None:
        """Note what keeps the node from reporting to a round; a server out of reach does so for all of its rounds."""
        said = None if problem is None else {"code": problem.code, "params": problem.params}
        which = (
            StatisticsRound.state.not_in(_DONE) & (StatisticsRound.leader_id == _server_of(problem))
            if round_id is None
            else StatisticsRound.round_id == UUID(round_id)
        )
        with self._step() as session:
            session.execute(update(StatisticsRound).where(which).values(problem=said, seen_at=now))

    def noise(self, round_id: str) -> KeptNoise | None:
        """Return the noise that was drawn for a round; raises NoiseUnfit if it does not open."""
        with self._look() as session:
            return self._noise(session, round_id)

    def newest(self, round_id: str) -> KeptReport | None:
        """Return the submission with the highest sequence."""
        with self._look() as session:
            row = session.scalars(
                select(StatisticsReport)
                .where(StatisticsReport.round_id == UUID(round_id))
                .order_by(StatisticsReport.sequence.desc())
                .limit(1)
            ).first()
        if row is None:
            return None
        return KeptReport(
            round_id, row.sequence, row.plan_digest, ReportState(row.state), row.header, row.read_digest,
            row.leader_share, row.helper_share, row.leader_receipt, row.helper_receipt,
        )  # fmt: skip

    def spent_units(self, school_year: int) -> int:
        """Return what all rounds of a school year that the node has a submission in cost each of its children."""
        with self._look() as session:
            rows = session.execute(
                select(StatisticsReport.round_id, StatisticsPlan.token)
                .join(StatisticsPlan, StatisticsPlan.plan_digest == StatisticsReport.plan_digest)
                .where(StatisticsReport.state != ReportState.MISSED)
                .distinct()
            ).all()
        plans = [_plan_of(row.token) for row in rows]
        return sum(plan.total_units for plan in plans if plan.school_year == school_year)

    def keep(self, prepared: Prepared, plan: Plan, read_digest: bytes, now: datetime) -> None:
        """Keep a submission, its noise and its entry in the log in one transaction; raises Overtaken."""
        round_id = UUID(prepared.round_id)
        with self._step() as session:
            session.execute(
                select(StatisticsRound.round_id).where(StatisticsRound.round_id == round_id).with_for_update()
            ).one()
            newest = session.scalar(
                select(func.max(StatisticsReport.sequence)).where(StatisticsReport.round_id == round_id)
            )
            if prepared.sequence != (newest or 0) + 1 or not self._is_same_noise(session, prepared):
                raise Overtaken
            sealed = seal(
                self._node.keyring.node_key(_NOISE_KEY), self._binding(prepared.round_id), prepared.noise.to_bytes()
            )
            session.execute(
                insert(StatisticsNoise)
                .values(round_id=round_id, sealed=sealed)
                .on_conflict_do_update(index_elements=["round_id"], set_={"sealed": sealed})
            )
            session.execute(
                update(StatisticsReport)
                .where(StatisticsReport.round_id == round_id)
                .values(leader_share=None, helper_share=None)
            )
            session.add(
                StatisticsReport(
                    round_id=round_id, sequence=prepared.sequence, plan_digest=prepared.plan_digest,
                    state=ReportState.PREPARED, header=prepared.header, leader_share=prepared.leader_envelope,
                    helper_share=prepared.helper_envelope, leader_receipt=None, helper_receipt=None,
                    read_digest=read_digest, prepared_at=now, sent_at=None,
                )
            )  # fmt: skip
            entries.write(session, self._node, [_entry(self._node, plan, round_id, now)])

    def acknowledge(self, round_id: str, sequence: int, side: Side, receipt: str, now: datetime) -> None:
        """Keep what a server signed; with both receipts the report is sent."""
        with self._step() as session:
            row = session.get_one(StatisticsReport, (UUID(round_id), sequence), with_for_update=True)
            if side is Side.LEADER:
                row.leader_receipt = receipt
            else:
                row.helper_receipt = receipt
            if row.leader_receipt and row.helper_receipt and row.state == ReportState.PREPARED:
                row.state, row.sent_at = ReportState.SENT, now

    def settle(self, round_id: str, sequence: int | None, now: datetime) -> None:
        """Note that a round is closed with this submission, or without any; noise and shares go for good."""
        of_round = StatisticsReport.round_id == UUID(round_id)
        with self._step() as session:
            session.execute(
                update(StatisticsReport)
                .where(of_round)
                .values(state=ReportState.MISSED, leader_share=None, helper_share=None)
            )
            session.execute(
                update(StatisticsReport)
                .where(of_round, StatisticsReport.sequence == sequence)
                .values(state=ReportState.SETTLED)
            )
            session.execute(delete(StatisticsNoise).where(StatisticsNoise.round_id == UUID(round_id)))

    def seats(self, round_id: str) -> tuple[KeptSeat, ...]:
        """Return the seats that the node has made noise for."""
        with self._look() as session:
            rows = session.scalars(select(StatisticsSeat).where(StatisticsSeat.round_id == UUID(round_id))).all()
        return tuple(
            KeptSeat(
                SeatPlace(round_id, Level(row.level), row.area, row.attempt), row.header, row.leader_share,
                row.helper_share, row.leader_receipt, row.helper_receipt,
            )
            for row in rows
        )  # fmt: skip

    def keep_seat(self, seat: KeptSeat, now: datetime) -> None:
        """Keep a seat's noise; raises Overtaken where there is one already."""
        with self._step() as session:
            kept = session.execute(
                insert(StatisticsSeat)
                .values(
                    **_key_of(seat.place), header=seat.header, leader_share=seat.leader_share,
                    helper_share=seat.helper_share, made_at=now,
                )
                .on_conflict_do_nothing()
                .returning(StatisticsSeat.round_id)
            ).first()  # fmt: skip
            if kept is None:
                raise Overtaken

    def acknowledge_seat(self, place: SeatPlace, side: Side, receipt: str) -> None:
        """Keep what a server signed; with both receipts the shares go."""
        with self._step() as session:
            row = session.get_one(StatisticsSeat, _key_of(place), with_for_update=True)
            if side is Side.LEADER:
                row.leader_receipt = receipt
            else:
                row.helper_receipt = receipt
            if row.leader_receipt and row.helper_receipt:
                row.leader_share = row.helper_share = None

    @contextmanager
    def _look(self) -> Iterator[Session]:
        with self._node.database.session() as session:
            yield session

    @contextmanager
    def _step(self) -> Iterator[Session]:
        with self._node.database.session() as session:
            yield session
            session.commit()

    def _noise(self, session: Session, round_id: str) -> KeptNoise | None:
        sealed = session.scalar(select(StatisticsNoise.sealed).where(StatisticsNoise.round_id == UUID(round_id)))
        if sealed is None:
            return None
        try:
            raw = unseal(self._node.keyring.node_key(_NOISE_KEY), self._binding(round_id), sealed)
        except SealBroken as error:
            raise NoiseUnfit from error
        return KeptNoise.from_bytes(raw)

    def _is_same_noise(self, session: Session, prepared: Prepared) -> bool:
        """Whether what is kept, if anything, went into the submission as it is: noise is never drawn a second time."""
        kept = self._noise(session, prepared.round_id)
        return kept is None or all(prepared.noise.areas.get(code) == drawn for code, drawn in kept.areas.items())

    def _binding(self, round_id: str) -> Binding:
        return Binding(self._node.node_id, _NOBODY, f"statistics/{round_id}", 1, NOISE_SCHEMA)


def _entry(node: Node, plan: Plan, round_id: UUID, now: datetime) -> Entry:
    """Return the one entry of a report: the node counted, under which plan, for which round."""
    return Entry(
        who=Who("node", None, None, None, node.settings.operator), act=Act.STATISTICS_REPORTED,
        purpose=Purpose.STATISTICS, learner=None, category=None, records=(), allowed=True,
        rule=f"plan/{plan.plan_id}/{plan.version}/{plan.digest.hex()[:16]}", citation=plan.legal_basis.en, reason=None,
        at=now, reference=uuid4().hex[:12], classes=(NODE_CHAIN,), under=round_id,
    )  # fmt: skip


def _plan_of(token: str) -> Plan:
    return read_plan(from_text(token.split(".")[1]))


def _server_of(problem: ManabiError | None) -> str:
    return str(problem.params["server"]) if isinstance(problem, ServerOutOfReach) else ""


def _key_of(place: SeatPlace) -> dict[str, object]:
    return {
        "round_id": UUID(place.round_id), "level": place.level.value, "area": place.area, "attempt": place.attempt,
    }  # fmt: skip
