"""The privacy ledger in a database: what is promised to the children of a school year cannot be promised twice.

The caller owns the transaction, and that is the point: what is spent is spent in the transaction that closes the round,
what is published in the transaction of the release. Writers wait in line, first for the chain, then for the row of the
school year, so that any number of processes see what the one before them left. No role of a server may change or remove
a line; the database sees to that.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from aggregator.ledger.balance import Balance, Binding, BudgetExceeded, balance_of
from aggregator.ledger.chain import FIRST, Head, Kind, LedgerBroken, Line, hash_of, walk
from aggregator.ledger.models import BudgetYear, LedgerLine
from aggregator.plans.model import Plan
from aggregator.privacy.accounting import YEAR_UNITS
from trust.errors import N_, ManabiError

__all__ = [
    "Balance",
    "BudgetExceeded",
    "Head",
    "Kind",
    "LedgerBroken",
    "Line",
    "NotInLedger",
    "balances",
    "free",
    "lines",
    "publish",
    "reserve",
    "spend",
    "verify",
]

_CHAIN_LOCK: Final = 0x6D616E6162690001
DISJOINT: Final = "disjoint"
"""The reason for which a round may cost nothing: no child of it was in an earlier round of the same reference date."""


class NotInLedger(ManabiError):
    """A step for which the ledger holds no ground: a plan that reserved nothing, a round that spent nothing."""

    code = "ledger.not_in_ledger"
    status = 409
    title = N_("The privacy ledger holds no ground for this step (%(reason)s).")
    remedy = N_("Nothing was written. A plan is reserved when it is approved, and a round is spent when it closes.")


def reserve(session: Session, plan: Plan, now: datetime) -> Line:
    """Set aside what a plan's first round costs; a plan that is set aside already gets its line again.

    Raises BudgetExceeded(school_year, wanted, left).
    """
    balance = _locked(session, plan.school_year)
    held = balance.plans.get(plan.digest, Binding())
    line = _find(session, Kind.RESERVED, plan_digest=plan.digest) if held.reserved else None
    if line is not None:
        return line
    balance.after(plan.digest, Kind.RESERVED, plan.total_units)
    return _append(session, Kind.RESERVED, plan, None, plan.total_units, {}, now)


def spend(session: Session, plan: Plan, round_id: UUID, units: int, now: datetime, reason: str) -> Line:
    """Charge a round to every child of the school year; the same round again gets its line again.

    ``units`` is what the plan costs, or 0 with the reason ``disjoint`` for a supplement. Raises BudgetExceeded where a
    repeated round does not fit, NotInLedger for a plan without reservation.
    """
    if units != plan.total_units and (units, reason) != (0, DISJOINT):
        raise ValueError(f"a round of this plan costs {plan.total_units} units, or nothing when it is {DISJOINT}")
    balance = _locked(session, plan.school_year)
    held = _find(session, Kind.SPENT, round_id=round_id)
    if held is not None:
        return held
    if not balance.plans.get(plan.digest, Binding()).reserved:
        raise NotInLedger(reason="the plan is not reserved")
    balance.after(plan.digest, Kind.SPENT, units)
    return _append(session, Kind.SPENT, plan, round_id, units, {"reason": reason}, now)


def publish(session: Session, round_id: UUID, digest: bytes, now: datetime) -> Line:
    """Note that a round's release is out; costs nothing. The same release again gets its line again.

    Raises NotInLedger for a round that was not spent, or that has another release.
    """
    spent = _find(session, Kind.SPENT, round_id=round_id)
    if spent is None:
        raise NotInLedger(reason="the round is not spent")
    _locked(session, spent.school_year)
    held = _find(session, Kind.PUBLISHED, round_id=round_id)
    if held is not None:
        if held.detail.get("release") != digest.hex():
            raise NotInLedger(reason="the round has another release")
        return held
    named = {name: spent.detail[name] for name in ("plan_id", "version")}
    return _write(
        session,
        Kind.PUBLISHED,
        spent.school_year,
        spent.plan_digest,
        round_id,
        0,
        {**named, "release": digest.hex()},
        now,
    )


def free(session: Session, plan: Plan, now: datetime) -> Line:
    """Give back what a plan set aside and never spent, because it was withdrawn.

    Raises NotInLedger for a plan that has spent anything or has nothing set aside: what is spent stays spent.
    """
    balance = _locked(session, plan.school_year)
    binding = balance.plans.get(plan.digest, Binding())
    if not binding.reserved:
        raise NotInLedger(reason="the plan is not reserved")
    if _find(session, Kind.SPENT, plan_digest=plan.digest) is not None:
        raise NotInLedger(reason="a round of the plan is spent")
    return _append(session, Kind.FREED, plan, None, binding.reserved, {}, now)


def lines(session: Session) -> Sequence[Line]:
    """Return every line, the oldest first."""
    return list(_stream(session))


def balances(session: Session) -> Sequence[Balance]:
    """Return every school year that anything was ever reserved for, the newest first."""
    caps = _caps(session)
    return [_balance(session, year, caps[year]) for year in sorted(caps, reverse=True)]


def verify(session: Session, kept: Iterable[Head] = ()) -> Head:
    """Walk the whole chain and every year's sum; raises LedgerBroken naming the first line that is wrong."""
    every = lines(session)
    head = walk(every, kept)
    years = {year: Balance(year, _cap(cap)) for year, cap in _caps(session).items()}
    for line in every:
        if line.school_year not in years:
            raise LedgerBroken(line=line.seq, reason="its school year has no budget")
        try:
            years[line.school_year] = years[line.school_year].after(line.plan_digest, line.kind, line.units)
        except BudgetExceeded as exceeded:
            raise LedgerBroken(line=line.seq, reason="it goes beyond the budget of its school year") from exceeded
    return head


def _locked(session: Session, school_year: int) -> Balance:
    """Wait until nobody else writes, and return the year as the last writer left it."""
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _CHAIN_LOCK})
    year = insert(BudgetYear).values(school_year=school_year, cap_units=YEAR_UNITS)
    session.execute(year.on_conflict_do_nothing(index_elements=[BudgetYear.school_year]))
    row = select(BudgetYear.cap_units).where(BudgetYear.school_year == school_year).with_for_update()
    return _balance(session, school_year, session.execute(row).scalar_one())


def _caps(session: Session) -> Mapping[int, int]:
    return {row.school_year: row.cap_units for row in session.execute(select(BudgetYear)).scalars()}


def _cap(kept: int) -> int:
    """Return what a year allows: a row that was raised, or made by a version that allowed more, allows no more."""
    return min(kept, YEAR_UNITS)


def _balance(session: Session, school_year: int, cap: int) -> Balance:
    sums = session.execute(
        select(LedgerLine.plan_digest, LedgerLine.kind, func.sum(LedgerLine.units))
        .where(LedgerLine.school_year == school_year)
        .group_by(LedgerLine.plan_digest, LedgerLine.kind)
    )
    return balance_of(school_year, _cap(cap), ((digest, Kind(kind), int(units)) for digest, kind, units in sums))


def _append(
    session: Session,
    kind: Kind,
    plan: Plan,
    round_id: UUID | None,
    units: int,
    detail: Mapping[str, Any],
    now: datetime,
) -> Line:
    named = {"plan_id": plan.plan_id, "version": plan.version, **detail}
    return _write(session, kind, plan.school_year, plan.digest, round_id, units, named, now)


def _write(
    session: Session,
    kind: Kind,
    school_year: int,
    plan_digest: bytes,
    round_id: UUID | None,
    units: int,
    detail: Mapping[str, Any],
    now: datetime,
) -> Line:
    newest = select(LedgerLine.seq, LedgerLine.hash).order_by(LedgerLine.seq.desc()).limit(1)
    before = session.execute(newest).one_or_none()
    seq, prev = (1, FIRST) if before is None else (before.seq + 1, before.hash)
    at = now.replace(microsecond=0)
    unsealed = Line(seq, at, kind, school_year, plan_digest, round_id, units, detail, prev, b"")
    line = Line(seq, at, kind, school_year, plan_digest, round_id, units, detail, prev, hash_of(unsealed))
    session.add(
        LedgerLine(
            seq=seq, at=at, kind=kind.value, school_year=school_year, plan_digest=plan_digest, round_id=round_id,
            units=units, detail=dict(detail), prev=prev, hash=line.hash,
        )
    )  # fmt: skip
    session.flush()
    return line


def _find(
    session: Session, kind: Kind, *, plan_digest: bytes | None = None, round_id: UUID | None = None
) -> Line | None:
    wanted = select(LedgerLine).where(LedgerLine.kind == kind.value).order_by(LedgerLine.seq.desc()).limit(1)
    if plan_digest is not None:
        wanted = wanted.where(LedgerLine.plan_digest == plan_digest)
    if round_id is not None:
        wanted = wanted.where(LedgerLine.round_id == round_id)
    row = session.execute(wanted).scalar_one_or_none()
    return None if row is None else _line(row)


def _stream(session: Session) -> Iterator[Line]:
    for row in session.execute(select(LedgerLine).order_by(LedgerLine.seq)).scalars():
        yield _line(row)


def _line(row: LedgerLine) -> Line:
    return Line(
        row.seq, row.at, Kind(row.kind), row.school_year, row.plan_digest, row.round_id, row.units, row.detail,
        row.prev, row.hash,
    )  # fmt: skip
