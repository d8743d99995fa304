"""Releases as the leader keeps them: bytes that never change, one release for each round."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from aggregator.plans_kept import service as plans
from aggregator.protocol.wire import sign
from aggregator.releases.document import ReleaseStatement
from aggregator.releases.models import Release
from trust.signing import SigningKey


def keep(
    session: Session, key: SigningKey, round_id: UUID, plan_digest: bytes, document: bytes, now: datetime
) -> tuple[bytes, str]:
    """Keep a round's release with the leader's signed statement; flushes. Return digest and statement."""
    digest = sha256(document).digest()
    token = sign(key, ReleaseStatement(str(round_id), plan_digest, digest))
    session.add(
        Release(
            digest=digest, round_id=round_id, plan_digest=plan_digest, document=document, token=token, released_at=now
        )
    )
    session.flush()
    return digest, token


def newest(session: Session, plan_id: str | None) -> Release | None:
    """Return the newest release, of one plan or of all."""
    wanted = select(Release).order_by(Release.released_at.desc(), Release.digest).limit(1)
    if plan_id is not None:
        digests = [one.plan.digest for one in plans.every(session) if one.plan.plan_id == plan_id]
        wanted = wanted.where(Release.plan_digest.in_(digests))
    return session.scalars(wanted).first()


def find(session: Session, digest: bytes) -> Release | None:
    """Return a release by its digest."""
    return session.get(Release, digest)


def statement_of(session: Session, round_id: UUID) -> str | None:
    """Return what the leader signed over a round's release."""
    return session.scalars(select(Release.token).where(Release.round_id == round_id)).one_or_none()


def of_plan(session: Session, plan_digest: bytes) -> Sequence[Release]:
    """Return the releases of one version of a plan, the newest first."""
    return session.scalars(
        select(Release).where(Release.plan_digest == plan_digest).order_by(Release.released_at.desc(), Release.digest)
    ).all()
