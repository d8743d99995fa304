"""Collection plans as a server keeps them: proposed, approved by two officers, signed, handed to the other server.

A plan's name is the SHA-256 of its canonical bytes, so an approval counts for exactly these bytes. The second approval
does three things in one transaction: the ledger sets the plan's units aside, the leader signs, and the plan is put on
its way to the helper, which checks form and signature and sets the units aside in a ledger of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from joserfc.jwk import OKPKey
from sqlalchemy import select
from sqlalchemy.orm import Session

from aggregator.ledger import service as ledger
from aggregator.plans.document import Plan, PlanRefused, read_plan
from aggregator.plans.model import MAX_PLAN
from aggregator.plans.planner import require_useful
from aggregator.plans_kept.models import CollectionPlan, PlanApproval
from aggregator.privacy.accounting import YEAR_UNITS
from trust.errors import N_, ManabiError
from trust.keys import write_jwk
from trust.participants import KeyUse, Participant, ParticipantKind
from trust.signing import SignatureRefused, VerifyingKey, named_key
from web.jobs.service import enqueue
from web.participants.service import Holder, current_registry

TYP: Final = "manabi-plan+jws"
APPROVALS: Final = 2
HAND_OVER: Final = "count.plan"
"""The job that takes an approved plan to the helper; its argument ``plan`` is the digest in hexadecimal digits."""


class PlanState(StrEnum):
    """How far a plan has come."""

    DRAFT = "draft"
    APPROVED = "approved"
    DECLINED = "declined"


class PlanUnknown(ManabiError):
    """No plan of this name is kept here."""

    code = "plan.unknown"
    status = 404
    title = N_("There is no such collection plan here.")
    remedy = N_("Open it from the list of plans.")


class PlanTaken(ManabiError):
    """Another plan has this id and version already."""

    code = "plan.taken"
    status = 409
    title = N_("Another plan is already version %(version)s of %(plan_id)s.")
    remedy = N_("Give the new one a higher version. A plan that was proposed never changes.")


class ApprovalRefused(ManabiError):
    """An approval that does not count."""

    code = "plan.approval_refused"
    status = 409
    title = N_("The approval does not count (%(reason)s).")
    remedy = N_("A plan takes two different officers, each with their own passkey.")


class PlanNotTrusted(ManabiError):
    """A plan from outside that was not signed by the leader it names."""

    code = "plan.not_trusted"
    status = 422
    title = N_("The collection plan was not taken in (%(reason)s).")
    remedy = N_("Nothing was set aside. The operators of both servers check the registry and the plan's servers.")


@dataclass(frozen=True, slots=True)
class Kept:
    """A plan with how far it has come. ``approvals`` are the officers who approved it, in order of time."""

    plan: Plan
    state: PlanState
    token: str | None
    proposed_by: UUID | None
    proposed_at: datetime
    approved_at: datetime | None
    approvals: tuple[UUID, ...]


def propose(session: Session, holder: Holder, raw: bytes, officer: UUID, now: datetime) -> Kept:
    """Keep a plan as a draft; the same bytes again are the same draft. Raises PlanRefused or PlanTaken."""
    plan = read_plan(raw)
    if plan.leader != holder.node_id:
        reason = f"the leader is “{plan.leader}”"
        raise PlanRefused(place="plan.servers.leader", reason=reason, mend=f"write {holder.node_id}")
    _require_year(plan)
    if session.get(CollectionPlan, plan.digest) is None:
        _require_free(session, plan)
        session.add(_row(plan, PlanState.DRAFT, now, proposed_by=officer))
        session.flush()
    return find(session, plan.digest)


def approve(session: Session, holder: Holder, digest: bytes, officer: UUID, now: datetime) -> Kept:
    """Count an officer's approval of exactly these bytes; the second one reserves, signs and hands the plan over.

    Raises PlanUnknown, ApprovalRefused, TableTooNoisy, or BudgetExceeded, whereupon nothing has happened.
    """
    row = _locked(session, digest)
    if row.state != PlanState.DRAFT:
        raise ApprovalRefused(reason=f"the plan is {row.state}")
    plan = read_plan(row.document)
    require_useful(plan)
    _require_year(plan)
    given = _approvals(session, digest)
    if officer in given:
        raise ApprovalRefused(reason="you have approved this plan already")
    session.add(PlanApproval(plan_digest=digest, officer_id=officer, approved_at=now))
    if len(given) + 1 >= APPROVALS:
        ledger.reserve(session, plan, now)
        row.state, row.approved_at = PlanState.APPROVED, now
        row.token = holder.keyring.signing_key(KeyUse.NODE.value).sign(row.document, typ=TYP, most=MAX_PLAN)
        enqueue(session, HAND_OVER, {"plan": digest.hex()}, now=now, created_by=officer)
    session.flush()
    return find(session, digest)


def decline(session: Session, digest: bytes) -> Kept:
    """Put a draft away for good; raises PlanUnknown, or ApprovalRefused for a plan that is no draft any more."""
    row = _locked(session, digest)
    if row.state != PlanState.DRAFT:
        raise ApprovalRefused(reason=f"the plan is {row.state}")
    row.state = PlanState.DECLINED
    session.flush()
    return find(session, digest)


def receive(session: Session, holder: Holder, token: str, now: datetime) -> Kept:
    """Take in a plan that the leader signed, at the helper: check form and signature, reserve, keep.

    The same plan again is taken in once. Raises PlanNotTrusted, PlanRefused, PlanTaken, TableTooNoisy, BudgetExceeded.
    """
    plan = open_token(session, holder, token, now)
    if plan.helper != holder.node_id:
        raise PlanNotTrusted(reason=f"its helper is {plan.helper}, not this server")
    require_useful(plan)
    _require_year(plan)
    if session.get(CollectionPlan, plan.digest, with_for_update=True) is None:
        _require_free(session, plan)
        ledger.reserve(session, plan, now)
        session.add(_row(plan, PlanState.APPROVED, now, token=token))
        session.flush()
    return find(session, plan.digest)


def open_token(session: Session, holder: Holder, token: str, now: datetime) -> Plan:
    """Verify a signed plan with a key that the registry lists for the leader it names; raises PlanNotTrusted."""
    registry = current_registry(session, holder, now)
    if registry is None:
        raise PlanNotTrusted(reason="no participant registry is in force")
    try:
        kid = named_key(token, most=MAX_PLAN)
        for participant in registry.participants:
            key = _key(participant, kid, now)
            if key is not None:
                plan = read_plan(key.verify(token, typ=TYP, most=MAX_PLAN))
                if plan.leader != participant.id:
                    raise PlanNotTrusted(reason=f"{participant.id} signed a plan of {plan.leader}")
                return plan
    except SignatureRefused as refused:
        raise PlanNotTrusted(reason=f"signature: {refused.params['reason']}") from refused
    raise PlanNotTrusted(reason="no server of the registry signed it")


def find(session: Session, digest: bytes) -> Kept:
    """Return a plan; raises PlanUnknown."""
    row = session.get(CollectionPlan, digest)
    if row is None:
        raise PlanUnknown()
    return _kept(row, _approvals(session, digest))


def plan_of(session: Session, digest: bytes) -> Plan:
    """Return the plan itself; raises PlanUnknown."""
    return find(session, digest).plan


def approved_bytes(session: Session, digest: bytes) -> bytes | None:
    """Return the canonical bytes of an approved plan, None for any other."""
    row = session.get(CollectionPlan, digest)
    return row.document if row is not None and row.state == PlanState.APPROVED else None


def token_of(session: Session, digest: bytes) -> str | None:
    """Return the leader's signature over a plan, None where there is no such plan or it is not approved."""
    row = session.get(CollectionPlan, digest)
    return None if row is None else row.token


def hold(session: Session, digest: bytes) -> bool:
    """Lock a plan until the transaction ends: its rounds follow one another. Return whether there is such a plan."""
    return session.get(CollectionPlan, digest, with_for_update=True) is not None


def newest(session: Session, plan_id: str) -> Kept:
    """Return the newest approved version of a plan, or the newest draft where none is approved; raises PlanUnknown."""
    kept = [one for one in every(session) if one.plan.plan_id == plan_id and one.state is not PlanState.DECLINED]
    approved = [one for one in kept if one.state is PlanState.APPROVED]
    for one in approved or kept:
        return one
    raise PlanUnknown()


def approved(session: Session) -> Sequence[Kept]:
    """Return the approved plans, the newest first."""
    return [one for one in every(session) if one.state is PlanState.APPROVED]


def every(session: Session) -> Sequence[Kept]:
    """Return all plans, by id, the newest version first."""
    rows = session.execute(
        select(CollectionPlan).order_by(CollectionPlan.plan_id, CollectionPlan.version.desc())
    ).scalars()
    given: dict[bytes, list[UUID]] = {}
    approvals = select(PlanApproval).order_by(PlanApproval.approved_at, PlanApproval.officer_id)
    for one in session.execute(approvals).scalars():
        given.setdefault(one.plan_digest, []).append(one.officer_id)
    return [_kept(row, tuple(given.get(row.plan_digest, ()))) for row in rows]


def _require_year(plan: Plan) -> None:
    if plan.year_units != YEAR_UNITS:
        reason = f"a school year has {YEAR_UNITS} units, not {plan.year_units}"
        raise PlanRefused(place="plan.budget.year_units", reason=reason, mend=f"write {YEAR_UNITS}")


def _require_free(session: Session, plan: Plan) -> None:
    taken = select(CollectionPlan.plan_digest).where(
        CollectionPlan.plan_id == plan.plan_id, CollectionPlan.version == plan.version
    )
    if session.execute(taken).first() is not None:
        raise PlanTaken(plan_id=plan.plan_id, version=plan.version)


def _locked(session: Session, digest: bytes) -> CollectionPlan:
    row = session.get(CollectionPlan, digest, with_for_update=True)
    if row is None:
        raise PlanUnknown()
    return row


def _approvals(session: Session, digest: bytes) -> tuple[UUID, ...]:
    given = select(PlanApproval.officer_id).where(PlanApproval.plan_digest == digest)
    return tuple(session.execute(given.order_by(PlanApproval.approved_at, PlanApproval.officer_id)).scalars())


def _row(
    plan: Plan, state: PlanState, now: datetime, *, proposed_by: UUID | None = None, token: str | None = None
) -> CollectionPlan:
    return CollectionPlan(
        plan_digest=plan.digest, plan_id=plan.plan_id, version=plan.version, document=plan.to_bytes(),
        state=state.value, token=token, proposed_by=proposed_by, proposed_at=now, approved_at=now if token else None,
    )  # fmt: skip


def _kept(row: CollectionPlan, approvals: tuple[UUID, ...]) -> Kept:
    return Kept(
        read_plan(row.document), PlanState(row.state), row.token, row.proposed_by, row.proposed_at, row.approved_at,
        approvals,
    )  # fmt: skip


def _key(participant: Participant, kid: str, now: datetime) -> VerifyingKey | None:
    """Return the key of this name if it is a server's and counts now."""
    if participant.kind is ParticipantKind.AGGREGATOR:
        for listed in participant.keys_for(KeyUse.NODE, now):
            if isinstance(listed, OKPKey) and listed.thumbprint() == kid:
                jwk = write_jwk(listed)
                return VerifyingKey.from_jwk({name: jwk[name] for name in ("kty", "crv", "x")})
    return None
